"""What a reader hands to the loader: runs of good records, and single unusable ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive records of the input; the three sequences have the same length.

    `numbers` are line numbers (for raw RESP: command numbers), counted from 1. `raw` are the
    records as they stand in the input, without the line end. `rows` are the same records taken
    apart, in whatever shape the format's `Fields` look into.
    """

    numbers: Sequence[int]
    raw: Sequence[bytes]
    rows: Sequence[Any]

    def __len__(self) -> int:
        return len(self.raw)

    def cut(self, start: int, stop: int) -> Block:
        return Block(self.numbers[start:stop], self.raw[start:stop], self.rows[start:stop])


@dataclass(frozen=True, slots=True)
class Refusal:
    """One record that no command can be made of, and why."""

    number: int
    raw: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Alone:
    """One command on whose success depends what the later ones mean, such as SELECT."""

    block: Block


@dataclass(frozen=True, slots=True)
class Transaction:
    """A MULTI, the commands behind it, and the EXEC or DISCARD that ends it."""

    block: Block

    @property
    def commands(self) -> Sequence[Any]:
        """What is between; nothing if it is discarded."""
        return self.block.rows[1:-1] if self.block.rows[-1][0].upper() == b"EXEC" else ()

    @property
    def databases(self) -> list[bytes]:
        """What its SELECTs select, if they are well formed."""
        return [row[1] for row in self.commands if len(row) == 2 and row[0].upper() == b"SELECT"]


# What a reader of records may yield.
Item = Block | Refusal | Alone | Transaction


class InputError(Exception):
    """The input cannot be read any further."""
