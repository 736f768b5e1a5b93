"""The command template: `HSET words {0} {1}`, compiled once into columns of arguments.

A template is split into arguments the way a shell does (whitespace, quotes, backslash), once, so
no value can ever become two arguments. For every block it gives one iterator per argument, and
`zip` over them gives the commands: the per-line work is done by iterators written in C.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from .block import Block
from .fields import Fields, Getter, UsageError, encoded

# An argument's values for the records of a block, in their order.
Column = Callable[[Block], Iterable[Any]]


class Template:
    """Makes one command of every record."""

    def __init__(self, template: str, fields: Fields) -> None:
        self._fields = fields
        # What may raise at a row, by the name that the row would be blamed for.
        self._checks: list[tuple[int | str, Callable[[Any], object]]] = []
        try:
            self._columns = [self._argument(argument) for argument in words(template)]
        except UsageError as error:
            raise UsageError(f"--command: {error}") from None

    def commands(self, block: Block) -> Iterator[Sequence[Any]]:
        """The arguments of each record's command. Raises at the first record that lacks a field;
        the commands before it have been delivered."""
        return zip(*(column(block) for column in self._columns), strict=True)

    def why(self, row: Any, error: Exception) -> str:
        """Says what is wrong with a record at which `commands` (or the client) raised `error`."""
        for key, check in self._checks:
            try:
                check(row)
            except Exception as missing:
                return self._fields.why(row, key, missing)
        return str(error)

    def _argument(self, argument: str) -> Column:
        pieces = [self._piece(piece) for piece in split(argument)]
        values = [piece for piece in pieces if isinstance(piece, Value)]
        if not values:
            constant = b"".join(piece for piece in pieces if isinstance(piece, bytes))
            return lambda block: repeat(constant, len(block))
        if len(pieces) == 1:
            return values[0].column
        form = b"".join(
            piece.form if isinstance(piece, Value) else piece.replace(b"%", b"%%")
            for piece in pieces
        )
        columns = [value.column for value in values]
        return lambda block: map(form.__mod__, zip(*(c(block) for c in columns), strict=True))

    def _piece(self, piece: Text | Placeholder) -> bytes | Value:
        if isinstance(piece, Text):
            return encoded(piece)
        if piece.startswith("."):
            return self._field(piece, self._fields.named(piece[1:]))
        name = piece.removeprefix(":")
        own = _OWN.get(name)
        if own is None and not _PLACE.fullmatch(name):
            return self._field(piece, self._fields.named(piece))
        refuse = None if name != piece else self._fields.mistakable(name)
        if own is None:
            return self._field(int(name), self._fields.column(int(name)))
        return own if refuse is None else self._unless(name, refuse, own)

    def _field(self, key: int | str, getter: Getter) -> Value:
        self._checks.append((key, getter))
        return Value(lambda block: map(getter, block.rows))

    def _unless(self, name: str, refuse: Callable[[Any], object], own: Value) -> Value:
        """The template's own value, at rows that `refuse` lets pass."""
        self._checks.append((name, refuse))
        return Value(
            lambda block: (
                value for value, _ in zip(own.column(block), map(refuse, block.rows), strict=True)
            ),
            own.form,
        )


@dataclass(frozen=True, slots=True)
class Value:
    """What stands for a placeholder: its values, and how they are written into an argument with other text."""

    column: Column
    form: bytes = b"%b"


def words(template: str) -> list[str]:
    """The arguments of a template; there is at least one."""
    try:
        arguments = shlex.split(template)
    except ValueError as error:
        raise UsageError(f"{error}".lower().replace(" quotation", " quote")) from None
    if not arguments:
        raise UsageError("there is no command in it")
    return arguments


class Text(str):
    """Literal text of an argument."""


class Placeholder(str):
    """The name between two braces."""


def split(argument: str) -> Iterator[Text | Placeholder]:
    """Takes one argument apart; doubled braces are literal ones."""
    for literal, name, odd in _PIECE.findall(argument):
        if odd:
            raise UsageError(f"a lone {odd} in {argument!r}: write {odd * 2} for a literal brace")
        if literal:
            yield Text(literal.replace("{{", "{").replace("}}", "}"))
        else:
            yield Placeholder(name)
    if not argument:
        yield Text("")


# What a template has to give besides fields. Line numbers are the only values that are int; all others are bytes.
_OWN = {
    "line": Value(lambda block: block.raw),
    "n": Value(lambda block: block.numbers, b"%d"),
}
_PLACE = re.compile(r"[0-9]+")
_PIECE = re.compile(r"((?:\{\{|\}\}|[^{}])+)|\{([^{}]+)\}|([{}])")
