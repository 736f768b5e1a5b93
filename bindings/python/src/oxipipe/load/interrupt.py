"""Ctrl-C and SIGTERM during a load.

The first one stops after the commands that are already queued, so that every line's fate is
known. The second one does not wait for the server any more: what has no answer is unknown.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any


class StopReading(BaseException):
    """Raised out of a read that waits for input; nothing is in an in-between state there."""


class Interrupt:
    """A context in which the two signals set `requested`. Does nothing outside the main thread,
    where Python handles no signals."""

    def __init__(self, reading: Callable[[], bool]) -> None:
        self.requested = False
        self._allowed = False
        self._reading = reading
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Where the second signal may raise KeyboardInterrupt: while the server is waited for."""
        self._allowed = True
        try:
            yield
        finally:
            self._allowed = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        again = self.requested
        self.requested = True
        if self._reading():
            raise StopReading
        if again and self._allowed:
            raise KeyboardInterrupt
