"""The builder of BITFIELD commands, which are lists of operations on the bits of a string."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar

from oxipipe import _types as t
from oxipipe.commands.words import word

#: What the command gives: its reply, something that will have it, or the pipeline that it is added to.
R = TypeVar("R")


class BitFieldOperation(Generic[R]):
    """Collects operations until `execute` sends them as one command.

    The fields of `get`, `set` and `incrby` are integers inside a string: `fmt` says how wide they are, "u8" or "i16",
    and `offset` where they start, in bits, or in fields of that width, "#2".
    """

    def __init__(self, client: t.Untyped, key: t.KeyT, default_overflow: str | None = None) -> None:
        self.client = client
        self.key = key
        self.operations: list[tuple[Any, ...]] = []
        self._default_overflow = default_overflow
        self.reset()

    def reset(self) -> None:
        """Forget all operations."""
        self.operations = []
        self._overflow = "WRAP"  # what servers do unless told otherwise
        if self._default_overflow is not None:
            self.overflow(self._default_overflow)

    def overflow(self, overflow: str) -> Self:
        """What the next operations do when a number does not fit: "WRAP" it, "SAT", or "FAIL", which leaves the field as it is."""
        overflow = overflow.upper()
        if overflow != self._overflow:
            self._overflow = overflow
            self.operations.append((b"OVERFLOW", word(overflow)))
        return self

    def incrby(
        self, fmt: str, offset: int | str, increment: int, overflow: str | None = None
    ) -> Self:
        """Add to a field; gives the sum, or None if that did not fit and `overflow` is "FAIL"."""
        if overflow is not None:
            self.overflow(overflow)
        self.operations.append((b"INCRBY", word(fmt), word(offset), increment))
        return self

    def get(self, fmt: str, offset: int | str) -> Self:
        """Read a field."""
        self.operations.append((b"GET", word(fmt), word(offset)))
        return self

    def set(self, fmt: str, offset: int | str, value: int) -> Self:
        """Write a field; gives what it was, or None if `value` did not fit and overflow is "FAIL"."""
        self.operations.append((b"SET", word(fmt), word(offset), value))
        return self

    @property
    def command(self) -> list[Any]:
        """The words of the command."""
        return ["BITFIELD", self.key, *(part for parts in self.operations for part in parts)]

    def execute(self) -> R:
        """Send the command, which gives a number for each operation, and forget the operations."""
        words = self.command
        self.reset()
        sent: R = self.client.command(*words)
        return sent
