"""What Python callers see of each reply: redis-py's shapes, whichever protocol the server spoke.

RESP3 tells maps, sets and doubles apart where RESP2 has arrays and strings; a shape accepts either and
gives the same object. Shapes never see error replies. Commands without one
give the reply as the back end built it. Null comes in the place of every reply that CLIENT REPLY silences, and stays null.

Back ends find shapes by the first word of a command. Where that does not tell, there is a `ByWords` in the place of a shape.
The functions are in the modules of this package: those of a group of commands in one of their own, which is not imported before
one of them is asked for.
"""

from __future__ import annotations

from oxipipe.commands.shapes import common
from oxipipe.commands.shapes._by_name import BY_NAME

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Callback = Callable[[Any], Any]


class ShapedName(bytearray):
    """A command's name that brings a shape of its own, for a call that takes none. Back ends remember names, but not mutable ones."""

    def __init__(self, name: bytes, shape: Callback | None) -> None:
        super().__init__(name)
        self.shape = shape


class Undecoded:
    """A shape of replies that are bytes by nature: back ends do not decode them, whatever the client does with others."""

    __slots__ = ("shape",)

    def __init__(self, shape: Callback | None = None) -> None:
        self.shape = shape

    def __call__(self, reply: Any) -> Any:
        return reply if self.shape is None else self.shape(reply)


class ByWords:
    """In the place of a shape: the words of the command tell which, and back ends call it with them to learn it."""

    __slots__ = ("choose",)

    def __init__(self, choose: Callable[[tuple[Any, ...]], Callback | None]) -> None:
        self.choose = choose

    def __call__(self, *words: Any) -> Callback | None:
        return self.choose(words)


def resolve(name: object) -> Callback | ByWords | None:
    """The shape of the command whose first word is `name`, in any spelling; backends cache the answer."""
    if isinstance(name, ShapedName):
        return name.shape
    name = word(name)
    return BY_WORDS.get(name) or shape_of(name)


def shape_of(name: str) -> Any:
    """The shape of a command's name in upper case, "CONFIG GET" for a subcommand."""
    found = BY_NAME.get(name)
    if found is None and name.startswith(MODULES):
        from oxipipe.commands.shapes._of_modules import BY_NAME as OF_MODULES

        found = OF_MODULES.get(name)
        if found is None and any(other.startswith(name + " ") for other in OF_MODULES):
            return ByWords(_subcommand)
    return None if found is None else find(found)


def names_with_shapes() -> list[str]:
    """Of all commands whose replies have a shape, "CONFIG GET" for a subcommand."""
    from oxipipe.commands.shapes._of_modules import BY_NAME as OF_MODULES

    options = [name for name in BY_WORDS if name not in BY_NAME and resolve_words((name,))]
    return [*BY_NAME, *OF_MODULES, *options]


def find(name: str) -> Any:
    """What is called `name` in `common`, or "module.function" in another module of this package.

    "bytes" is the shape of what is never decoded, and "bytes:function" if it has a shape besides; what "words:function" is called
    returns the shape for the words of a command.
    """
    found = _FOUND.get(name)
    if found is None:
        kind, colon, function = name.rpartition(":")
        if name == "bytes":
            found = Undecoded()
        elif kind == "words":
            found = ByWords(find(function))
        elif colon:
            found = Undecoded(find(function))
        else:
            module, _, attribute = name.rpartition(".")
            found = getattr(_module(module) if module else common, attribute)
        _FOUND[name] = found
    return found


def resolve_words(words: tuple[Any, ...]) -> Callback | None:
    """The shape of a command, by all of its words."""
    found = resolve(words[0]) if words else None
    return found(*words) if isinstance(found, ByWords) else found


def word(name: object) -> str:
    """A command's name, or another word of its own, in upper case; of what can be none, nothing."""
    if isinstance(name, (bytes, bytearray, memoryview)):
        name = bytes(name).decode("latin-1")
    return name.upper() if isinstance(name, str) else ""


def _module(name: str) -> Any:
    from importlib import import_module

    return import_module(f"oxipipe.commands.shapes.{name}")


def _subcommand(words: tuple[Any, ...]) -> Callback | None:
    return shape_of(" ".join(map(word, words[:2])))


def _hscan(words: tuple[Any, ...]) -> Callback | None:
    return find("scan" if _is_option("NOVALUES", words) else "hscan")


def _zscan(words: tuple[Any, ...]) -> Callback | None:
    return find("scan" if _is_option("NOSCORES", words) else "zscan")


def _is_option(name: str, words: tuple[Any, ...]) -> bool:
    """With which there are no pairs. What follows MATCH and COUNT is theirs, whatever it looks like."""
    options = iter(words[3:])
    for option in map(word, options):
        if option == name:
            return True
        if option in ("MATCH", "COUNT"):
            next(options, None)
    return False


def _vectors(words: tuple[Any, ...]) -> Callback | None:
    name = find("vectors.shape_by_words")(words)
    return find(name) if name else None


#: How the names of commands of modules begin: their shapes are in a table of their own, which is imported when one is asked for.
MODULES = ("BF.", "CF.", "CMS.", "FT.", "JSON.", "TDIGEST.", "TOPK.", "TS.")
#: The shapes that were asked for, by name.
_FOUND: dict[str, Any] = {}
#: Upper-case first words that do not tell the shape: those of subcommands, and some whose options do.
BY_WORDS = {
    **{name.partition(" ")[0]: ByWords(_subcommand) for name in BY_NAME if " " in name},
    "HSCAN": ByWords(_hscan),
    "ZSCAN": ByWords(_zscan),
    **dict.fromkeys(("VEMB", "VLINKS", "VSIM"), ByWords(_vectors)),
}
