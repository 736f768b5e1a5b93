"""What became of every line, in exact numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum


class ExitCode(IntEnum):
    """What `oxipipe load` returns to the shell."""

    ACCEPTED = 0
    """Every line was accepted (also: there was none)."""
    REFUSED = 1
    """Some lines were refused; all others were accepted."""
    UNUSABLE = 2
    """Wrong usage, a bad template, or an input that cannot be read (to its end)."""
    LOST = 3
    """No connection, or it was lost, or the time for a pipeline passed."""
    TOO_MANY_ERRORS = 4
    """--max-errors was reached."""
    UNEXPECTED = 5
    """Something went wrong that nobody foresaw: a fault of this program."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C or SIGTERM."""


class Lines:
    """A set of line numbers that grows in ascending order, kept as ranges."""

    def __init__(self) -> None:
        self.ranges: list[list[int]] = []
        self.count = 0

    def add(self, number: int) -> None:
        self.count += 1
        if self.ranges and self.ranges[-1][1] == number - 1:
            self.ranges[-1][1] = number
        else:
            self.ranges.append([number, number])

    def __str__(self) -> str:
        shown = [
            f"{first:,}" if first == last else f"{first:,}-{last:,}"
            for first, last in self.ranges[:_SHOWN]
        ]
        more = ["..."] if len(self.ranges) > _SHOWN else []
        return ", ".join(shown + more)


@dataclass(slots=True)
class Tally:
    """Once a run is over, `lines` is the sum of the four fates."""

    lines: int = 0
    accepted: int = 0
    refused: int = 0
    unknown: Lines = field(default_factory=Lines)
    not_applied: Lines = field(default_factory=Lines)
    next_line: int = 1
    """The first line that was not dealt with."""
    first_refusal: str = ""
    """Of which line it is known first that it was refused, and why."""
    exit_code: ExitCode | None = None
    """Why the run stopped early, if it did."""
    reason: str = ""
    fault: str = ""
    """The traceback of what nobody foresaw."""

    @property
    def open(self) -> int:
        """How many lines have no fate yet."""
        settled = self.accepted + self.refused + self.unknown.count + self.not_applied.count
        return self.lines - settled

    def stop(self, code: ExitCode, reason: str) -> None:
        """Notes why the run ends; the first reason stays."""
        if self.exit_code is None:
            self.exit_code = code
            self.reason = reason

    def code(self) -> ExitCode:
        if self.exit_code is not None:
            return self.exit_code
        return ExitCode.REFUSED if self.refused else ExitCode.ACCEPTED


_SHOWN = 8
