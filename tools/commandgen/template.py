"""The language that says which words a command has, in which order.

    SET {name} {value} [EX {ex:s}] [PX {px:ms}] keepttl?KEEPTTL nx?NX xx?XX get?GET

Words in capitals are sent as they stand. `{name}` is what the argument says; `{time:s}` is that, converted (`CONVERSIONS`).
`{*keys}` are all of several, `{*keys+args}` those of an argument that is one or several, and of more arguments, `{#keys}` is how many
they are. What is in brackets is there if its arguments are given; of several arguments, all or none have to be, but for those with a
default that is a word, and switches, which need the others. `nx?NX` is there if the argument is true, `!all?WRITE` if it is not, and of `on?ON:OFF` one or the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

#: What makes words of an argument, by the name behind the colon: a function of `oxipipe.commands.words`. "data" is as it is, also
#: where its type says that it is a word which servers know.
CONVERSIONS = {
    "s": "in_seconds",
    "ms": "in_milliseconds",
    "unix": "unix_seconds",
    "unix_ms": "unix_milliseconds",
    "positive": "positive",
    "word": "word",
    "data": "",
    "flat": "flat",
    "corners": "corners",
    "yes": "yes_or_no",
    "on": "on_or_off",
    "lex": "lex_bound",
    "timeout": "or_endless",
    "unit": "or_metres",
    "option": "choice",
    # Of modules, whose classes have the first one.
    "json": "self._encode",
    "path": "path_word",
}

#: Conversions that make several words.
SEVERAL = frozenset(("flat", "corners"))

#: Conversions that make a word of None too.
OF_NONE = frozenset(("unit",))
#: Those that leave an int as it is.
WHOLE = frozenset(("s", "ms", "unix", "unix_ms"))


@dataclass
class Literal:
    """A word of the command itself."""

    text: str


@dataclass
class Value:
    """An argument."""

    name: str
    conversion: str = ""
    #: All of several.
    is_many: bool = False
    #: How many there are.
    is_count: bool = False
    #: The argument with more of them.
    more: str = ""


@dataclass
class Flag:
    """One word if the argument is true, and maybe another one if not."""

    name: str
    true: str
    false: str = ""
    is_negated: bool = False


@dataclass
class Group:
    """Words that are there together or not at all."""

    parts: list[Literal | Value | Flag] = field(default_factory=list)

    def values(self) -> list[Value]:
        return [part for part in self.parts if isinstance(part, Value) and not part.is_count]


Part = Literal | Value | Flag | Group

_VALUE = re.compile(r"\{([*#]?)(\w+)(?:\+(\w+))?(?::(\w+))?\}")
_FLAG = re.compile(r"(!?)(\w+)\?([A-Z][A-Z0-9_.-]*)(?::([A-Z][A-Z0-9_.-]*))?")
_LITERAL = re.compile(r"[A-Z0-9*#][A-Z0-9_.|*#-]*")


def parse(template: str) -> list[Part]:
    """The parts of a template. Raises a ValueError that says what does not belong there."""
    parts: list[Part] = []
    group: Group | None = None
    for token in template.replace("[", " [ ").replace("]", " ] ").split():
        if token == "[":
            if group is not None:
                raise ValueError(f"a group within a group in {template!r}")
            group = Group()
        elif token == "]":
            if group is None or not group.parts:
                raise ValueError(f"an empty group in {template!r}")
            parts.append(group)
            group = None
        else:
            (parts if group is None else group.parts).append(_part(token, template))
    if group is not None:
        raise ValueError(f"a group without an end in {template!r}")
    return parts


def _part(token: str, template: str) -> Literal | Value | Flag:
    if match := _VALUE.fullmatch(token):
        mark, name, more, conversion = match.groups("")
        if conversion and conversion not in CONVERSIONS:
            raise ValueError(f"no conversion {conversion!r} for {token} in {template!r}")
        return Value(name, conversion, mark == "*", mark == "#", more)
    if match := _FLAG.fullmatch(token):
        mark, name, true, false = match.groups("")
        return Flag(name, true, false, mark == "!")
    if _LITERAL.fullmatch(token):
        return Literal(token)
    raise ValueError(f"what is {token} in {template!r}?")


def literals(parts: list[Part]) -> Iterator[str]:
    """The words in capitals, in order."""
    for part in parts:
        if isinstance(part, Literal):
            yield part.text
        elif isinstance(part, Flag):
            yield part.true
            if part.false:
                yield part.false
        elif isinstance(part, Group):
            yield from literals(list(part.parts))


def arguments(parts: list[Part]) -> Iterator[str]:
    """The names of the arguments that words are made of."""
    for part in parts:
        if isinstance(part, Value):
            yield part.name
            if part.more:
                yield part.more
        elif isinstance(part, Flag):
            yield part.name
        elif isinstance(part, Group):
            yield from arguments(list(part.parts))
