"""The input as a stream of bytes: a file, a gzip file, or standard input.

Nothing above this module opens files. The source knows how far it has come, so that progress can
be shown, and whether a read would have to wait, so that queued commands are sent before it does.
"""

from __future__ import annotations

import gzip
import io
import os
import select
import stat
import sys
import zlib
from types import TracebackType

from .block import InputError

# One read. Of 32 to 512 KiB this cost least per line; larger blocks fall out of the L2 cache.
BLOCK = 64 * 1024


class Source:
    """Call `read` until it returns no bytes. `reading` is true while a read is under way."""

    def __init__(self, path: str) -> None:
        self.bytes = 0
        self.reading = False
        piped = path == "-"
        raw = io.FileIO(sys.stdin.fileno() if piped else path, closefd=not piped)
        self._file = io.BufferedReader(raw, BLOCK)
        status = os.fstat(self._file.fileno())
        self._regular = stat.S_ISREG(status.st_mode)
        self.size = status.st_size if self._regular else None
        # Decided at the first read: a pipe has no name that could end in .gz, and looking into it
        # may mean to wait.
        self._packed = None if piped else path.endswith(".gz")
        self._stream: io.BufferedIOBase | None = None

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read(self, most: int = BLOCK) -> bytes:
        """The next bytes as they come, at most `most`; none at the end."""
        self.reading = True
        try:
            if self._stream is None:
                self._stream = self._unpacked()
            data = self._stream.read1(most)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"reading failed after {self.bytes:,} bytes: {error}") from error
        finally:
            self.reading = False
        self.bytes += len(data)
        return data

    def would_wait(self) -> bool:
        """Whether a read now would wait for somebody to write."""
        return not self._regular and not select.select([self._file], [], [], 0)[0]

    def done(self) -> float | None:
        """The part of the input that has been read, from 0 to 1; None if its size is unknown."""
        if self.size is None:
            return None
        return min(self._file.tell() / self.size, 1.0) if self.size else 1.0

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._file.close()

    def _unpacked(self) -> io.BufferedIOBase:
        packed = self._packed
        if packed is None:
            # No text starts with gzip's two bytes.
            packed = self._file.peek(2)[:2] == b"\x1f\x8b"
        return gzip.GzipFile(fileobj=self._file, mode="rb") if packed else self._file
