"""A file of commands as a client would send them: RESP arrays, and inline command lines.

A length that does not fit what follows leaves no way to tell commands from data, and data must
never be run as a command: reading stops there.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import overload

from .block import Block, InputError
from .inline import join_inline, split_inline
from .source import BLOCK, Source

# The server's own limits.
LONGEST_LINE = 64 * 1024
LONGEST_VALUE = 512 * 1024 * 1024
MOST_ARGUMENTS = 1024 * 1024


class RespCommands:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._bytes = _Bytes(source)
        self._stream = io.BufferedReader(self._bytes, BLOCK)
        self._offset = 0

    def __iter__(self) -> Iterator[Block]:
        number = 1
        while True:
            quick, size = _whole_commands(self._stream.peek())
            self._stream.read(size)
            self._offset += size
            if quick:
                yield _block(number, quick)
                number += len(quick)
            # What stopped the quick way: a command cut off by the end of the buffer, or commands
            # that it cannot take, of which there may be many.
            slow, end = self._step_by_step(1 if len(quick) >= BATCH else BATCH)
            if slow:
                yield _block(number, slow)
                number += len(slow)
            if isinstance(end, _Broken):
                at = self._offset + self._source.mark
                raise InputError(f"command {number:,}, byte {at:,}: {end}")
            if end:
                return

    def _step_by_step(self, most: int) -> tuple[list[list[bytes]], bool | _Broken]:
        """Up to `most` commands, and whether the input ended or what broke it. Returns before a
        read that might wait for the next command."""
        commands: list[list[bytes]] = []
        try:
            while len(commands) < most:
                command = self._command()
                if command is None:
                    return commands, True
                if command:
                    commands.append(command)
                if self._offset == self._bytes.delivered:
                    break
        except _Broken as broken:
            return commands, broken
        return commands, False

    def _command(self) -> list[bytes] | None:
        """The next command; empty for an empty line or a remark, None at the end of the input."""
        head = self._line()
        if head is None:
            return None
        if head[:1] == b"#":
            return []  # an AOF's annotation, such as #TS:1700000000
        if head[:1] != b"*":
            command = split_inline(head)
            if command is None:
                raise _Broken("neither a RESP array nor an inline command (unbalanced quotes)")
            return command
        count = _length(head, b"*", MOST_ARGUMENTS)
        if count == 0:
            raise _Broken("an array without arguments")
        return [self._argument() for _ in range(count)]

    def _argument(self) -> bytes:
        head = self._line()
        if head is None:
            raise _Broken("the input ends inside a command")
        size = _length(head, b"$", LONGEST_VALUE)
        value = self._stream.read(size + 2)
        if len(value) < size + 2:
            raise _Broken("the input ends inside a command")
        if value[size:] != b"\r\n":
            raise _Broken(f"a value of {size:,} bytes does not end where its length says")
        self._offset += size + 2
        return value[:size]

    def _line(self) -> bytes | None:
        line = self._stream.readline(LONGEST_LINE)
        if not line:
            return None
        if self._offset == 0 and _RDB.match(line):
            raise _Broken(
                "this is no list of commands but an RDB file, or an AOF that begins with one"
            )
        if line[-1:] != b"\n" and len(line) == LONGEST_LINE:
            raise _Broken(f"a line is longer than {LONGEST_LINE:,} bytes")
        self._offset += len(line)
        return line.rstrip(b"\r\n")


class Inline(Sequence[bytes]):
    """Commands as inline command lines, made only for those that are looked at."""

    def __init__(self, commands: Sequence[list[bytes]]) -> None:
        self._commands = commands

    def __len__(self) -> int:
        return len(self._commands)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Inline: ...
    def __getitem__(self, index: int | slice) -> bytes | Inline:
        if isinstance(index, slice):
            return Inline(self._commands[index])
        return join_inline(self._commands[index])


class _Bytes(io.RawIOBase):
    """The source in the shape io.BufferedReader reads from."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.delivered = 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        data = self._source.read(len(target))
        target[: len(data)] = data
        self.delivered += len(data)
        return len(data)


class _Broken(Exception):
    pass


def _whole_commands(data: bytes) -> tuple[list[list[bytes]], int]:
    """The commands at the start of `data` that are plain to see, and their size in bytes: arrays
    whose values hold no CRLF, so that splitting at CRLF gives lengths and values in turn. Every
    length is compared. Everything else is left to the careful way, which is six times slower."""
    tokens = data.split(b"\r\n")
    commands = []
    at, last = 0, len(tokens) - 1  # the last token has not seen its CRLF
    while at < last:
        end = at + 1 + 2 * _COUNTS.get(tokens[at], last)
        if end > last:
            break
        values = tokens[at + 2 : end : 2]
        if tokens[at + 1 : end : 2] != [b"$%d" % len(value) for value in values]:
            break
        commands.append(values)
        at = end
    return commands, len(data) - len(b"\r\n".join(tokens[at:]))


def _block(first: int, batch: list[list[bytes]]) -> Block:
    return Block(range(first, first + len(batch)), Inline(batch), batch)


def _length(head: bytes, kind: bytes, most: int) -> int:
    if head[:1] != kind or not head[1:].isdigit():
        raise _Broken(f"{head[:40]!r} where a length like {(kind + b'3').decode()} must be")
    length = int(head[1:20])
    if length > most:
        raise _Broken(f"a length of {head[1:20].decode()}, more than any server takes")
    return length


_RDB = re.compile(rb"REDIS\d{4}|VALKEY\d{3}")

_COUNTS = {b"*%d" % count: count for count in range(1, 64)}

# Commands to take the careful way before the quick one is tried again.
BATCH = 256
