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


class InputError(Exception):
    """The input cannot be read any further."""
