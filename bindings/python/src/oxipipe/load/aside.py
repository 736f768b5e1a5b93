"""The file of lines that did not make it: line number, TAB, reason, TAB, the line as it was.

`cut -f3-` of it is input again.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from .fields import encoded


class Aside:
    """Opened before anything is sent, so that a refused line always has a place to go to;
    removed again by `close` if there was none. A failed write is kept in `failed`, not raised:
    the loader must settle the rest of its pipeline before it stops."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self.failed: OSError | None = None
        self._file: BinaryIO = path.open("wb")

    def __enter__(self) -> Aside:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, number: int, reason: str, line: bytes) -> None:
        self.count += 1
        message = encoded(" ".join(reason.split()))
        try:
            self._file.write(b"%d\t%b\t%b\n" % (number, message, line))
        except OSError as error:
            self.failed = self.failed or error

    def close(self) -> None:
        if self._file.closed:
            return
        regular = stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)
        try:
            self._file.close()
            if self.count == 0 and regular:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            self.failed = self.failed or error


def default_path(source: str) -> Path:
    """FILE.refused beside the file, or in the current directory if that place is read-only."""
    if source == "-":
        return Path("stdin.refused")
    path = Path(source + ".refused")
    return path if os.access(path.parent, os.W_OK) else Path(path.name)
