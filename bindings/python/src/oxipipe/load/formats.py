"""The formats by name, and from an input to its records and the commands made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .block import Block, InputError, Item
from .csv_records import CsvRecords
from .fields import Columns, Members, UsageError, WholeLine
from .json_lines import json_lines
from .lines import Lines, Separated, plain
from .resp_commands import RespCommands
from .source import Source
from .steps import steps
from .template import Template

FORMATS = ("lines", "tsv", "csv", "json", "resp")


class Commands(Protocol):
    """Makes commands of records; `Template` is one."""

    def commands(self, block: Block) -> Iterator[Sequence[Any]]: ...

    def why(self, row: Any, error: Exception) -> str: ...


@dataclass(frozen=True, slots=True)
class Format:
    """What the user said about the input."""

    name: str
    header: bool = False
    crlf: bool = False
    delimiter: bytes | None = None

    def __post_init__(self) -> None:
        columns = self.name in ("tsv", "csv")
        if self.header and not columns:
            raise UsageError(f"--header is for tsv and csv, not for {self.name}")
        if self.delimiter is not None and not columns:
            raise UsageError(f"--delimiter is for tsv and csv, not for {self.name}")
        if self.delimiter is None:
            return
        if not self.delimiter or b"\n" in self.delimiter:
            raise UsageError("--delimiter must not be empty or hold a line end")
        if self.name == "csv" and (len(self.delimiter) != 1 or self.delimiter in b'"\r'):
            raise UsageError("for csv --delimiter is one byte, no quote and no line end")

    def open(self, source: Source, template: str | None) -> tuple[Iterable[Item], Commands]:
        """The records of `source` and what makes commands of them. Reads the header, if any."""
        if self.name == "resp":
            if template is not None:
                raise UsageError("a resp file holds whole commands: it takes no --command")
            return steps(RespCommands(source)), Verbatim()
        if template is None:
            raise UsageError("--command is needed: it says what to send for each line")
        if self.name == "json":
            return json_lines(Lines(source, crlf=True)), Template(template, Members())
        if self.name == "lines":
            return plain(Lines(source, self.crlf)), Template(template, WholeLine())
        records: CsvRecords | Separated
        if self.name == "csv":
            records = CsvRecords(Lines(source), self.delimiter or b",")
        else:
            records = Separated(Lines(source, self.crlf), self.delimiter or b"\t")
        header = records.header() if self.header else None
        if self.header and header is None:
            raise InputError("the input is empty: there is no header line")
        return records, Template(template, Columns(header))


class Verbatim:
    """Records that are commands already."""

    def commands(self, block: Block) -> Iterator[Sequence[Any]]:
        return iter(block.rows)

    def why(self, row: Any, error: Exception) -> str:
        return str(error)
