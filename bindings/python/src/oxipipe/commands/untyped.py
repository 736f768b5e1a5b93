"""Commands as they are: what every class with named commands has besides those."""

from __future__ import annotations

from oxipipe.commands.words import word
from oxipipe.exceptions import DataError

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any

    from oxipipe.commands.shapes import Callback


class Untyped:
    """Turns what named methods need into words, and hands them to the `command` or `command_as` of another base."""

    #: `Redis[str]` is a type for who checks types, and at run time something of the kind.
    __class_getitem__: Any = classmethod(type(list[int]))

    if TYPE_CHECKING:

        def command(self, *args: Any) -> Any: ...
        def command_as(self, callback: Callback | None, *args: Any) -> Any: ...

    def execute_command(self, *args: Any) -> Any:
        """As `command`; and as in redis-py, "CONFIG GET" in one argument is two words."""
        return self.command(*split(args))


def split(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The words of a command whose name, in one argument, may be two of them."""
    name = args[0] if args else None
    words = name.split() if isinstance(name, (str, bytes)) else [name]
    if not words and name:
        raise DataError("a command needs at least its name")
    if len(words) < 2:
        return args
    return words[0], *map(word, words[1:]), *args[1:]
