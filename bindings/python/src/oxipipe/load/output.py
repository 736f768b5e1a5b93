"""Standard output and standard error: for people and programs who may have gone away, which is nothing to a load."""

from __future__ import annotations

import io
import select
from typing import Protocol, TextIO


class Out(Protocol):
    """What is needed of a text stream."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...

    def isatty(self) -> bool: ...


class Output:
    """A stream of the process. What is written leaves at once, so that nothing can fail later, when Python ends.

    A reader that has closed its end, or a stream that the process never had, is written to in vain and without
    a word. Other errors are kept in `failed`, not raised: nothing that is said is worth stopping for."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.failed: OSError | None = None

    def write(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.flush()
            buffer = getattr(self._stream, "buffer", None)
            raw = getattr(buffer, "raw", buffer)  # `python -u` has no buffer around it
            if isinstance(raw, io.RawIOBase):
                _write_all(raw, text.encode(self._stream.encoding or "utf-8", "backslashreplace"))
            else:
                self._stream.write(text)
                self._stream.flush()
        except ConnectionError:
            self._stream = None  # nobody reads it any more
        except OSError as error:
            self._stream = None
            self.failed = error

    def line(self, text: str) -> None:
        self.write(text + "\n")

    def flush(self) -> None:
        """Nothing is held back."""

    def isatty(self) -> bool:
        return self._stream is not None and self._stream.isatty()


def _write_all(raw: io.RawIOBase, data: bytes) -> None:
    while data:
        written = raw.write(data)
        if written is None:  # O_NONBLOCK, and there is no room now
            poll = select.poll()
            poll.register(raw.fileno(), select.POLLOUT)
            poll.poll()
        else:
            data = data[written:]
