"""What signatures say at run time. What type checkers make of them is in `types/`, which mypy and pyright run over.

Hints of generated methods have no "return": one function serves all colours, and gives in each something else (a reply, a future,
the pipeline).
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import pickle
import pkgutil
import typing
from collections.abc import Iterator
from typing import Any

import pytest

import oxipipe
import oxipipe.asyncio
import oxipipe.compat.cpipe
from oxipipe import Pool, Redis, Server
from oxipipe.commands._table import Commands
from oxipipe.typing import EncodableT, KeyT

NAMED = {
    name: method
    for name, method in inspect.getmembers(Commands, inspect.isfunction)
    if not name.startswith("_")
}
CLIENTS: list[Any] = [Redis, Pool, oxipipe.asyncio.Redis]
#: What the others are made with, and no program asks for.
INNER = (
    "oxipipe._arguments.",
    "oxipipe._core.",
    "oxipipe._hints.",
    "oxipipe.asyncio._binding.",
    "oxipipe.asyncio._inbox.",
    "oxipipe.asyncio._nothing.",
    "oxipipe.asyncio.locks.Renewal",
    "oxipipe.commands.shapes.",
    "oxipipe.event.Inbox",
    "oxipipe.locks.Renewal",
    "oxipipe.locks.Script",
)


def modules() -> Iterator[Any]:
    yield oxipipe
    for found in pkgutil.walk_packages(oxipipe.__path__, "oxipipe."):
        if not found.name.endswith((".__main__", ".liboxipipe")) and "._core." not in found.name:
            yield importlib.import_module(found.name)


def classes() -> dict[str, Any]:
    """Clients, pipelines, views, leases, locks, commands of modules, and whatever else has a name without underscore."""
    found = {
        f"{value.__module__}.{value.__qualname__}": value
        for module in modules()
        for name, value in vars(module).items()
        if isinstance(value, type) and not name.startswith("_")
    }
    return {
        name: kind
        for name, kind in found.items()
        if name.startswith("oxipipe.") and not name.startswith(INNER)
    }


def functions_of(kind: Any) -> Iterator[Any]:
    """Those that a caller of the class can call or read, also by `with`, `for` and the like."""
    for base in kind.__mro__:
        for name, member in vars(base).items():
            if name.startswith("_") and not name.endswith("__"):
                continue
            if isinstance(member, property):
                found = [member.fget, member.fset]
            else:
                found = [getattr(member, "__func__", member)]  # of class and static methods
            yield from (
                function
                for function in found
                if inspect.isfunction(function) and function.__module__.startswith("oxipipe")
            )


CLASSES = classes()


class Mine(Redis[str]):
    def more(self) -> int:
        return 1


class MyLoops(oxipipe.asyncio.Redis[str]):
    def more(self) -> int:
        return 1


@pytest.mark.parametrize("name", NAMED)
def test_every_method_has_hints(name: str) -> None:
    parameters = [each for each in inspect.signature(NAMED[name]).parameters if each != "self"]
    hints = typing.get_type_hints(NAMED[name])
    hints.pop("return", None)  # of what is written by hand
    assert list(hints) == parameters


@pytest.mark.parametrize("module", ["bloom", "json", "search", "timeseries", "vectorset"])
def test_methods_of_modules_have_hints(module: str) -> None:
    found = importlib.import_module(f"oxipipe.commands.modules.{module}")
    kinds = [
        kind for kind in vars(found).values() if getattr(kind, "__module__", "") == found.__name__
    ]
    assert kinds
    for kind in kinds:
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if method.__module__ in (found.__name__, Commands.__module__):
                parameters = [
                    each for each in inspect.signature(method).parameters if each != "self"
                ]
                assert list(typing.get_type_hints(method)) == parameters, name


def test_no_colour_is_missing_from_the_classes() -> None:
    assert set(CLASSES) >= {
        "oxipipe.asyncio._coroutines.Coroutines",
        "oxipipe.asyncio._coroutines.PipelineCoroutines",
        "oxipipe.asyncio._views.View",
        "oxipipe.asyncio.client.Lease",
        "oxipipe.asyncio.client.Redis",
        "oxipipe.asyncio.locks.Lock",
        "oxipipe.asyncio.pipeline.Pipeline",
        "oxipipe.client.Lease",
        "oxipipe.client.Redis",
        "oxipipe.commands.bitfield.BitFieldOperation",
        "oxipipe.commands.modules.json.JSON",
        "oxipipe.commands.views.View",
        "oxipipe.event.Event",
        "oxipipe.futures.Future",
        "oxipipe.locks.Lock",
        "oxipipe.pipeline.Pipeline",
        "oxipipe.pool.Pool",
        "oxipipe.pool_pipeline.PoolPipeline",
        "oxipipe.response_callbacks.ResponseCallbacks",
        "oxipipe.search.query.Query",
        "oxipipe.server.Server",
    }


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_every_public_member_has_hints(kind: Any) -> None:
    for function in functions_of(kind):
        hints = typing.get_type_hints(function)
        assert set(hints) == set(function.__annotations__), function.__qualname__


def test_every_public_function_has_hints() -> None:
    for module in (oxipipe, oxipipe.asyncio, oxipipe.compat.cpipe):
        for name in module.__all__:
            if inspect.isfunction(value := getattr(module, name)):
                assert set(typing.get_type_hints(value)) == set(value.__annotations__), name


def test_hints_are_the_types_of_this_package() -> None:
    for kind in CLIENTS:
        assert typing.get_type_hints(kind.set)["name"] == KeyT
        assert typing.get_type_hints(kind.set)["value"] == EncodableT


@pytest.mark.parametrize("kind", CLIENTS)
def test_subscripting(kind: Any) -> None:
    assert typing.get_origin(kind[str]) is kind
    assert typing.get_args(kind[bytes]) == (bytes,)
    made = kind[str](decode_responses=True)
    assert type(made) is kind
    assert type(kind[str].from_url("redis://localhost", decode_responses=True)) is kind
    assert isinstance(made, kind) and not isinstance(kind, kind)


def test_a_subclass_of_a_subscripted_class(server: Server) -> None:
    path = server.unix_socket_path
    with Mine(unix_socket_path=path, decode_responses=True) as client, client.lease() as lease:
        assert isinstance(client, Redis) and issubclass(Mine, Redis)
        assert isinstance(lease, oxipipe.client.Lease)
        assert isinstance(lease, Mine)
        client.set("hinted", "ä")
        assert (lease.get("hinted"), lease.more()) == ("ä", 1)
        with pytest.raises(TypeError, match="cannot pickle 'Mine' objects"):
            pickle.dumps(client)
    assert type(Mine.from_url(server.url)) is Mine


def test_the_same_in_a_loop(server: Server) -> None:
    async def main() -> None:
        client = MyLoops(unix_socket_path=server.unix_socket_path, decode_responses=True)
        async with client, client.lease() as lease:
            assert isinstance(lease, MyLoops)
            await client.set("hinted", "ä")
            assert (await lease.get("hinted"), lease.more()) == ("ä", 1)
            assert await client.coro.get("hinted") == "ä"

    asyncio.run(main())
