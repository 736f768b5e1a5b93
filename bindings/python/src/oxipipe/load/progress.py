"""How far a load has come: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import shutil
import time
from typing import Protocol

from .output import Out
from .tally import Tally


class Progress(Protocol):
    def update(self, tally: Tally, done: float | None) -> None:
        """`done` is the part of the input that was read, None if nobody knows its size."""

    def finish(self) -> None:
        """Leaves the output ready for other text."""


class Silent:
    def update(self, tally: Tally, done: float | None) -> None:
        pass

    def finish(self) -> None:
        pass


class Log:
    """Whole lines, for files and pipes."""

    def __init__(self, out: Out, every: float = 5.0) -> None:
        self._out = out
        self._every = every
        self._start = time.monotonic()
        self._next = self._start + every

    def update(self, tally: Tally, done: float | None) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self._every
        part = "" if done is None else f" ({done:.0%})"
        rate = tally.lines / (now - self._start)
        refused = f", {tally.refused:,} refused" if tally.refused else ""
        self._out.write(f"{tally.lines:,} lines{part}, {rate:,.0f} lines/s{refused}\n")
        self._out.flush()

    def finish(self) -> None:
        pass


class Bar:
    """One line, drawn over and over, at most ten times a second."""

    def __init__(self, out: Out, every: float = 0.1) -> None:
        self._out = out
        self._every = every
        self._start = time.monotonic()
        self._next = self._start + every
        self._drawn = False

    def update(self, tally: Tally, done: float | None) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self._every
        elapsed = now - self._start
        width = shutil.get_terminal_size().columns - 1
        text = f"{tally.lines:,} lines  {tally.lines / elapsed:,.0f}/s"
        if tally.refused:
            text += f"  {tally.refused:,} refused"
        if done is not None:
            left = elapsed / done - elapsed if done else 0.0
            text += f"  {left // 60:.0f}:{left % 60:02.0f} left"
            room = min(width - len(text) - len(" 100% []  "), 40)
            if room >= 5:
                text = f"{done:4.0%} [{'#' * round(room * done):{room}}]  {text}"
        self._out.write(f"\r{text[:width]:{width}}")
        self._out.flush()
        self._drawn = True

    def finish(self) -> None:
        if self._drawn:
            width = shutil.get_terminal_size().columns - 1
            self._out.write(f"\r{'':{width}}\r")
            self._out.flush()


def progress_on(out: Out, quiet: bool) -> Progress:
    if quiet:
        return Silent()
    return Bar(out) if out.isatty() else Log(out)
