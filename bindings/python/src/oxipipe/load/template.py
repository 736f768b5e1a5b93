"""The command template: `HSET words {0} {1}`, compiled once into columns of arguments.

A template is split into arguments the way a shell does (whitespace, quotes, backslash), once, so
no value can ever become two arguments. For every block it gives one iterator per argument, and
`zip` over them gives the commands: the per-line work is done by iterators written in C.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any

from .block import Block
from .fields import Fields, UsageError, encoded

# An argument's values for the records of a block, in their order.
Column = Callable[[Block], Iterable[Any]]


class Template:
    """Makes one command of every record."""

    def __init__(self, template: str, fields: Fields) -> None:
        try:
            arguments = shlex.split(template)
        except ValueError as error:
            raise UsageError(f"{error}".lower().replace(" quotation", " quote")) from None
        if not arguments:
            raise UsageError("it holds no command")
        self._fields = fields
        self._placeholders: list[tuple[int | str, Callable[[Any], bytes]]] = []
        self._columns = [self._argument(argument) for argument in arguments]

    def commands(self, block: Block) -> Iterator[Sequence[Any]]:
        """The arguments of each record's command. Raises at the first record that lacks a field;
        the commands before it have been delivered."""
        return zip(*(column(block) for column in self._columns), strict=True)

    def why(self, row: Any, error: Exception) -> str:
        """Says what is wrong with a record at which `commands` (or the client) raised `error`."""
        for key, value in self._placeholders:
            try:
                value(row)
            except Exception as missing:
                return self._fields.why(row, key, missing)
        return str(error)

    def _argument(self, argument: str) -> Column:
        pieces = [self._piece(piece) for piece in split(argument)]
        if all(isinstance(piece, bytes) for piece in pieces):
            constant = b"".join(piece for piece in pieces if isinstance(piece, bytes))
            return lambda block: repeat(constant, len(block))
        if len(pieces) == 1 and not isinstance(pieces[0], bytes):
            return pieces[0]
        columns = [piece for piece in pieces if not isinstance(piece, bytes)]
        # Line numbers are the only values that are int; all others are bytes.
        form = b"".join(
            piece.replace(b"%", b"%%")
            if isinstance(piece, bytes)
            else (b"%d" if piece is numbers else b"%b")
            for piece in pieces
        )
        return lambda block: map(form.__mod__, zip(*(c(block) for c in columns), strict=True))

    def _piece(self, piece: Text | Placeholder) -> bytes | Column:
        if isinstance(piece, Text):
            return encoded(piece)
        if piece == "line":
            return lines
        if piece == "n":
            return numbers
        key: int | str = int(piece) if piece.isascii() and piece.isdigit() else str(piece)
        if isinstance(key, int):
            value = self._fields.column(key)
        else:
            # {.n}, {.line} and {.0} reach fields whose names mean something else here.
            value = self._fields.named(key.removeprefix("."))
        self._placeholders.append((key, value))
        return lambda block: map(value, block.rows)


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


def lines(block: Block) -> Iterable[bytes]:
    return block.raw


def numbers(block: Block) -> Iterable[int]:
    return block.numbers


_PIECE = re.compile(r"((?:\{\{|\}\}|[^{}])+)|\{([^{}]+)\}|([{}])")
