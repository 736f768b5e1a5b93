"""The words that every named command sends are redis-py's, in its order: also of commands that no server here has."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from support.command_cases import CASES
from support.descriptions import ENTRIES, stand_as_told
from support.redis_py import skip_unless_taken

from oxipipe.commands._table import Commands
from oxipipe.commands.untyped import Untyped
from oxipipe.exceptions import DataError

redis = pytest.importorskip("redis")

# redis-py marks old commands as deprecated, and warns of new ones.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Call to experimental:UserWarning"),
]


#: Where redis-py sends something else: the command it sends, which is an older one for the same.
OLDER = {"zrange": "ZREVRANGE", "sort_ro": "SORT"}


class Ours(Commands):
    """What named methods ask of a client."""

    def command(self, *args: Any) -> Any:
        return args

    def command_as(self, _callback: Any, *args: Any) -> Any:
        return args


class Theirs(redis.Redis):  # type: ignore[misc, name-defined]
    """What redis-py's methods ask of it."""

    words: tuple[Any, ...] = ()

    def execute_command(self, *args: Any, **_options: Any) -> Any:
        self.words = (*args[0].split(), *args[1:])
        raise StopIteration


@pytest.mark.parametrize(("name", "args", "kwargs"), CASES, ids=lambda value: str(value)[:30])
def test_same_words(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    theirs = Theirs()
    method: Any = getattr(theirs, name, None) or getattr(theirs.vset(), name, None)
    skip_unless_taken(method, args, kwargs)
    try:
        method(*args, **kwargs)
    except StopIteration:
        if OLDER.get(name) == theirs.words[0]:
            return
        assert encoded(getattr(Ours(), name)(*args, **kwargs)) == encoded(theirs.words)
    except redis.DataError:
        with pytest.raises(DataError):
            getattr(Ours(), name)(*args, **kwargs)


def test_words_stand_as_somebody_describes_them() -> None:
    """Or the description of the method says why not."""
    others = set()
    for name, args, kwargs in CASES:
        entry = ENTRIES[name]
        try:
            words = encoded(getattr(Ours(), name)(*args, **kwargs))[len(entry.words) :]
        except DataError:
            continue
        told = [word.decode(errors="replace") for word in words]
        if not stand_as_told(entry, [word for word in told if word.isupper()]):
            others.add(name)
    assert others <= {name for name, entry in ENTRIES.items() if entry.order}
    assert others >= {name for name, entry in ENTRIES.items() if entry.order and entry.body}


def encoded(words: tuple[Any, ...]) -> list[bytes]:
    encoder = redis.connection.Encoder("utf-8", "strict", False)
    return [encoder.encode(word) for word in words]


def test_every_named_command_has_an_example() -> None:
    named = {name for name, _ in inspect.getmembers(Commands, inspect.isroutine)}
    named = {name for name in named if not name.startswith("_")}
    untyped = {name for name, _ in inspect.getmembers(Untyped, inspect.isfunction)}
    assert named - {name for name, _, _ in CASES} == {n for n in untyped if not n.startswith("_")}
