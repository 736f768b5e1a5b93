"""Lines of the input, and the two formats that are nothing more: plain lines and TSV."""

from __future__ import annotations

from collections.abc import Iterator

from .block import Block, InputError
from .source import Source

# No server takes a longer value than this by default (proto-max-bulk-len); it also bounds memory.
# Without the line's end.
LONGEST = 512 * 1024 * 1024


class Lines:
    """Iterates over (number of the first line, lines). Only LF ends a line; a carriage return
    before it belongs to the line unless `crlf` is set. The last line may lack its LF."""

    def __init__(self, source: Source, crlf: bool = False) -> None:
        self._source = source
        self._crlf = crlf
        self._chunks = self._split()
        self._next = 1

    def __iter__(self) -> Iterator[tuple[int, list[bytes]]]:
        for lines in self._chunks:
            if lines:
                first = self._next
                self._next += len(lines)
                yield first, lines

    def header(self) -> bytes | None:
        """Takes the first line away; None if the input is empty. Only before iterating."""
        for lines in self._chunks:
            if lines:
                self._next = 2
                rest = self._chunks
                self._chunks = _chain(lines[1:], rest)
                return lines[0]
        return None

    def _split(self) -> Iterator[list[bytes]]:
        tail: list[bytes] = []  # pieces of a line whose end has not been read yet
        held = 0
        while data := self._source.read():
            lines = data.split(b"\n")
            if len(lines) == 1:
                tail.append(data)
                held += len(data)
                _check(held)
                continue
            if tail:
                _check(held + len(lines[0]))
                tail.append(lines[0])
                lines[0] = b"".join(tail)
            tail = [lines.pop()]
            held = len(tail[0])
            yield self._stripped(lines)
        if last := b"".join(tail):
            yield self._stripped([last])

    def _stripped(self, lines: list[bytes]) -> list[bytes]:
        return [line.removesuffix(b"\r") for line in lines] if self._crlf else lines


def plain(lines: Lines) -> Iterator[Block]:
    for first, some in lines:
        yield Block(range(first, first + len(some)), some, some)


class Separated:
    """Columns between delimiters, without any quoting."""

    def __init__(self, lines: Lines, delimiter: bytes) -> None:
        self._lines = lines
        self._delimiter = delimiter

    def header(self) -> list[bytes] | None:
        """Takes the first line away as column names; None if the input is empty."""
        line = self._lines.header()
        return None if line is None else line.split(self._delimiter)

    def __iter__(self) -> Iterator[Block]:
        for first, some in self._lines:
            rows = [line.split(self._delimiter) for line in some]
            yield Block(range(first, first + len(some)), some, rows)


def _check(size: int) -> None:
    if size > LONGEST:
        raise InputError(f"a line is longer than {LONGEST:,} bytes")


def _chain(lines: list[bytes], rest: Iterator[list[bytes]]) -> Iterator[list[bytes]]:
    yield lines
    yield from rest
