"""CSV: quoted fields, doubled quotes, line breaks inside quotes; any bytes.

Python's own csv module does the quoting. It works on text, so bytes pass through it as Latin-1,
which maps every byte to one character and back. Three ways, from fast to slow, all with the same
result: a chunk without any quote is only split; a chunk whose records are one line each goes
through one reader; otherwise each quoted record is read alone, so that a broken one costs exactly
its own first line and reading goes on with the line after it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

from .block import Block, InputError, Refusal
from .lines import LONGEST, Lines

# A quote that is never closed would otherwise swallow the rest of the file.
LONGEST_RECORD = 16 * 1024 * 1024


class CsvRecords:
    """Iterates over the records of `lines` (which must keep carriage returns)."""

    def __init__(self, lines: Lines, delimiter: bytes) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._text_delimiter = delimiter.decode("latin-1")
        # The module's limit is one for the process; its default refuses fields over 128 KiB.
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST))

    def header(self) -> list[bytes] | None:
        """Takes the first line away as column names; None if the input is empty."""
        line = self._lines.header()
        if line is None:
            return None
        try:
            return self._parse([line.removesuffix(b"\r")])[0]
        except csv.Error as error:
            raise InputError(f"the header line is broken: {_why(error)}") from None

    def __iter__(self) -> Iterator[Block | Refusal]:
        chunks = iter(self._lines)
        for first, raw in chunks:
            text = b"\n".join(raw)
            lines = raw
            if b"\r" in text:
                lines = [line.removesuffix(b"\r") for line in raw]
            rows = self._one_line_records(lines, quoted=b'"' in text)
            if rows is not None:
                yield Block(range(first, first + len(lines)), lines, rows)
            else:
                yield from self._one_by_one(first, raw, chunks)

    def _one_line_records(self, lines: list[bytes], quoted: bool) -> list[list[bytes]] | None:
        if not quoted:
            return [line.split(self._delimiter) for line in lines]
        try:
            rows = self._parse(lines)
        except csv.Error:
            return None
        return rows if len(rows) == len(lines) else None

    def _one_by_one(
        self, first: int, raw: list[bytes], chunks: Iterator[tuple[int, list[bytes]]]
    ) -> Iterator[Block | Refusal]:
        at = 0
        while at < len(raw):
            record = raw[at].removesuffix(b"\r")
            taken = 1
            if b'"' not in record:
                row = record.split(self._delimiter)
            else:
                pulled = _Pulled(raw, at, chunks)
                reader = csv.reader(pulled, delimiter=self._text_delimiter, strict=True)
                try:
                    row = [field.encode("latin-1") for field in next(reader)]
                except csv.Error as error:
                    yield Refusal(first + at, record, _why(error))
                    at += 1
                    continue
                taken = pulled.count
                record = b"\n".join(raw[at : at + taken]).removesuffix(b"\r")
            yield Block((first + at,), (record,), (row,))
            at += taken
            if at >= _DROP:
                # Lines pulled from later chunks were added to `raw`: keep only what is ahead.
                del raw[:at]
                first += at
                at = 0

    def _parse(self, lines: list[bytes]) -> list[list[bytes]]:
        text = (line.decode("latin-1") for line in lines)
        rows = csv.reader(text, delimiter=self._text_delimiter, strict=True)
        # The module reads an empty line as no field at all; like everywhere else it is one.
        return [[field.encode("latin-1") for field in row] or [b""] for row in rows]


class _Pulled:
    """Gives a csv reader the lines of one record, and counts them. Lines beyond the chunk are
    fetched and appended to it, so that they are still there if the record turns out broken."""

    def __init__(
        self, raw: list[bytes], at: int, chunks: Iterator[tuple[int, list[bytes]]]
    ) -> None:
        self._raw = raw
        self._at = at
        self._chunks = chunks
        self._bytes = 0
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        here = self._at + self.count
        if here == len(self._raw):
            self._raw += next(self._chunks)[1]
        line = self._raw[here]
        self._bytes += len(line)
        if self.count and self._bytes > LONGEST_RECORD:
            raise csv.Error(f"its quote is not closed within {LONGEST_RECORD:,} bytes")
        self.count += 1
        return line.decode("latin-1") + "\n"


def _why(error: csv.Error) -> str:
    message = str(error)
    if message == "unexpected end of data":
        message = "its quote is never closed"
    return f"not CSV: {message}"


_DROP = 4096
