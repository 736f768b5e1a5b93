"""Of every named command: an argument that is none, an unknown one, and two that exclude each other are refused by their names.

Nothing is queued or sent then: no server is there. What the methods take is read from their signatures, and what excludes what from
their descriptions.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import oxipipe
import oxipipe.asyncio
from oxipipe import DataError

pytest.importorskip("redis")  # whose objects the examples of modules are

from support.command_cases import CASES
from support.module_cases import CASES as CASES_OF_MODULES

# redis-py marks new classes as experimental.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

TOOLS = Path(__file__).parents[3] / "tools"
NOWHERE = "/nonexistent/redis.sock"

Call = tuple[str, str, tuple[Any, ...], dict[str, Any]]
CALLS: list[Call] = [("", *case) for case in CASES] + CASES_OF_MODULES

#: What says yes or no takes what is true or false for Python.
SWITCHES = {"bool", "bool | None"}


class Owners:
    """What has the commands, and how many of them are queued there."""

    def __init__(self) -> None:
        client = oxipipe.Redis(unix_socket_path=NOWHERE)
        loops = oxipipe.asyncio.Redis(unix_socket_path=NOWHERE)
        pool = oxipipe.Pool(unix_socket_path=NOWHERE, connections=1)
        self.all: dict[str, Any] = {
            "client": client,
            "pipeline": client.pipeline(transaction=False),
            "transaction": client.pipeline(),
            "view": client.raw,
            "pool": pool,
            "pool's pipeline": pool.pipeline(),
            "loop's client": loops,
            "loop's pipeline": loops.pipeline(),
        }
        self.close = client.close, pool.close, loops.close


@pytest.fixture(scope="module")
def owners() -> Iterator[Owners]:
    found = Owners()
    yield found
    for close in found.close:
        close()


def group(owner: Any, module: str) -> Any:
    return getattr(owner, module)() if module else owner


def refusal(method: Callable[..., object], *args: Any, **kwargs: Any) -> str | None:
    """What is said of the arguments; None if they are taken, and something else is the matter."""
    try:
        given = method(*args, **kwargs)
    except (DataError, TypeError) as error:
        if isinstance(error, DataError):
            assert error.outcome == "NOT_APPLIED"
        return str(error)
    except oxipipe.RedisError:
        return None
    if isinstance(given, asyncio.Future):
        given.cancel()
    return None


@pytest.fixture(scope="module")
def examples(owners: Owners) -> dict[tuple[str, str], list[Call]]:
    """Those that are as they should be, by method."""
    found: dict[tuple[str, str], list[Call]] = {}
    pipe = owners.all["pipeline"]
    for call in CALLS:
        module, name, args, kwargs = call
        method = getattr(group(pipe, module), name)
        if refusal(method, *args, **kwargs) is None:
            found.setdefault((module, name), []).append(call)
    pipe.reset()
    return found


def in_a_loop(test: Callable[[], None]) -> None:
    async def main() -> None:
        test()

    asyncio.run(main())


@pytest.mark.parametrize("colour", Owners().all)
def test_what_cannot_be_sent(
    owners: Owners, examples: dict[tuple[str, str], list[Call]], colour: str
) -> None:
    owner = owners.all[colour]
    is_pipeline = "pipeline" in colour or colour == "transaction"
    wrong: list[str] = []

    def each() -> None:
        for (module, name), calls in examples.items():
            signature = inspect.signature(getattr(group(owner, module), name))
            for parameter in signature.parameters.values():
                if parameter.annotation in SWITCHES or parameter.kind is parameter.VAR_KEYWORD:
                    continue
                wrong.extend(_accepted(owner, module, name, calls, parameter, is_pipeline))

    in_a_loop(each)
    assert not wrong, "\n".join(wrong)


def _accepted(
    owner: Any,
    module: str,
    name: str,
    calls: list[Call],
    parameter: inspect.Parameter,
    is_pipeline: bool,
) -> Iterator[str]:
    """What is wrong: no example, or not all, in which the argument is used, is refused by its name."""
    said: list[str | None] = []
    for _, _, args, kwargs in calls:
        method = getattr(group(owner, module), name)
        bound = inspect.signature(method).bind(*args, **kwargs)
        junk: Any = object()
        is_many = parameter.kind is parameter.VAR_POSITIONAL
        bound.arguments[parameter.name] = (junk,) if is_many else junk
        if is_many and any(p.name not in bound.arguments for p in _before(method, parameter)):
            continue
        text = refusal(method, *bound.args, **bound.kwargs)
        said.append(text)
        if text is not None and not re.search(rf"\b{parameter.name}\b", text):
            yield f"{module} {name}({parameter.name}): {text}"
        if is_pipeline:
            if text is not None and len(owner):
                yield f"{module} {name}({parameter.name}) is queued"
            owner.reset()
    if said and not any(said):
        yield f"{module} {name}({parameter.name}) is taken"


def _before(method: Any, parameter: inspect.Parameter) -> list[inspect.Parameter]:
    found = list(inspect.signature(method).parameters.values())
    return found[: [each.name for each in found].index(parameter.name)]


def test_unknown_arguments(owners: Owners, examples: dict[tuple[str, str], list[Call]]) -> None:
    def each() -> None:
        for owner in owners.all.values():
            for (module, name), calls in examples.items():
                if name == "reset":  # which pipelines have for something else
                    continue
                _, _, args, kwargs = calls[0]
                method = getattr(group(owner, module), name)
                text = refusal(method, *args, **kwargs, nonsense=1)
                assert text and "'nonsense'" in text, name
        assert not any(len(owners.all[name]) for name in owners.all if "pipeline" in name)

    in_a_loop(each)


def value_for(annotation: str) -> Any:
    """Something that the argument may be."""
    if "bool" in annotation:
        return True
    if "Mapping" in annotation:
        return {"a": 1}
    for number in ("int", "float", "ExpiryT"):
        if number in annotation:
            return 1
    return ["a"] if "Iterable" in annotation or "Sequence" in annotation else "a"


def test_what_excludes_each_other(
    owners: Owners, examples: dict[tuple[str, str], list[Call]]
) -> None:
    if not TOOLS.exists():
        pytest.skip("not in a checkout")
    sys.path.insert(0, str(TOOLS))
    try:
        entries: Any = importlib.import_module("commandgen.entries")
    finally:
        sys.path.remove(str(TOOLS))
    described = [("", entry) for entry in entries.read()]
    described += [(g.accessor, entry) for g in entries.read_groups() for entry in g.entries]
    pairs = 0
    for module, entry in described:
        for names in entry.one_of:
            for first, second in pairwise(names):
                calls = examples.get((module, entry.name), [])
                for _, _, args, kwargs in calls[:1]:
                    pairs += 1
                    _both(owners, module, entry, (first, second), args, kwargs)
    assert pairs > 30


def _both(
    owners: Owners,
    module: str,
    entry: Any,
    names: tuple[str, str],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    def each() -> None:
        for owner in owners.all.values():
            method = getattr(group(owner, module), entry.name)
            bound = inspect.signature(method).bind(*args, **kwargs)
            for name in names:
                bound.arguments[name] = value_for(entry.annotation(name))
            text = refusal(method, *bound.args, **bound.kwargs)
            assert text, (entry.name, names)
            # The example may have had what excludes one of them.
            told = {name for name in bound.arguments if re.search(rf"\b{name}\b", text)}
            assert told & set(names) and len(told) > 1, text

    in_a_loop(each)
    assert not any(len(owners.all[name]) for name in owners.all if "pipeline" in name)
