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
from .marks import may_become_one, without_mark
from .naming import is_packed

# One read. Of 32 to 512 KiB this cost least per line; larger blocks fall out of the L2 cache.
BLOCK = 64 * 1024

_GZIP = b"\x1f\x8b"


class Source:
    """Call `read` until it returns no bytes. `reading` is true while a read is under way."""

    def __init__(self, path: str) -> None:
        self.bytes = 0
        self.reading = False
        self.mark = 0
        """The size of the byte-order mark that was taken off."""
        piped = path == "-"
        self._raw = _Patient(_standard_input() if piped else io.FileIO(path))
        self._file = io.BufferedReader(self._raw, BLOCK)
        status = os.fstat(self._file.fileno())
        self._regular = stat.S_ISREG(status.st_mode)
        self.size = status.st_size if self._regular else None
        # Decided at the first read: a pipe has no name that could end in .gz, and looking into it
        # may mean to wait.
        self._packed = None if piped else is_packed(path)
        self._stream: io.BufferedIOBase | None = None
        self._held: bytes | None = None  # read, but not delivered; None before the first read

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
            if self._held is None:
                self._held = self._start(self._stream)
                if not self.bytes:
                    return b""  # at the end already: a terminal would have to be told once more
            if self._held:
                data, self._held = self._held[:most], self._held[most:]
                return data
            data = self._stream.read1(most)
            self.bytes += len(data)
            return data
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"reading failed after {self.bytes:,} bytes: {error}") from error
        finally:
            self.reading = False

    def would_wait(self) -> bool:
        """Whether a read now would wait for somebody to write."""
        return not self._regular and not self._raw.is_ready()

    def done(self) -> float | None:
        """The part of the input that has been read, from 0 to 1; None if its size is unknown."""
        if self.size is None:
            return None
        return min(self._raw.tell() / self.size, 1.0) if self.size else 1.0

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._file.close()

    def _unpacked(self) -> io.BufferedIOBase:
        packed = self._packed
        if packed is None:
            # No text starts with gzip's two bytes. They may come one by one.
            start = self._raw.read(1) or b""
            if start == _GZIP[:1]:
                start += self._raw.read(1) or b""
            self._raw.put_back(start)
            packed = start == _GZIP
        return gzip.GzipFile(fileobj=self._file, mode="rb") if packed else self._file

    def _start(self, stream: io.BufferedIOBase) -> bytes:
        """What comes first, without a byte-order mark."""
        start = stream.read1(BLOCK)
        while start and may_become_one(start) and (more := stream.read1(BLOCK)):
            start += more
        self.bytes += len(start)
        text = without_mark(start)
        self.mark = len(start) - len(text)
        return text


class _Patient(io.RawIOBase):
    """A file that waits until there is something to read, also where its descriptor does not
    block (O_NONBLOCK): "nothing yet" is not the end."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._back = b""
        self._poll = select.poll()
        self._poll.register(file.fileno(), select.POLLIN)

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file.fileno()

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        if self._back:
            size = min(len(self._back), len(target))
            target[:size], self._back = self._back[:size], self._back[size:]
            return size
        # typeshed does not know that there may be nothing yet.
        read: int | None
        while (read := self._file.readinto(target)) is None:
            self._poll.poll()
        return read

    def put_back(self, data: bytes) -> None:
        self._back = data

    def is_ready(self) -> bool:
        """Whether a read would return at once. The end of a pipe counts as well."""
        return bool(self._back) or bool(self._poll.poll(0))

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()
        super().close()


def _standard_input() -> io.FileIO:
    if sys.stdin is None:
        raise InputError("standard input is closed")
    return io.FileIO(sys.stdin.fileno(), closefd=False)
