"""How the machine keeps pace, so that no test depends on how fast it is.

While somebody measures, a thread sleeps for a moment again and again. The moments it has slept make a clock that stands
still whenever this process could not run: patience is measured by it, so a machine that is busy or was stopped for a
while is no hang. A moment that ended much too late shows that the machine stood still, which is the one excuse for a
deadline that passed early.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator
from typing import ParamSpec, Self

#: A deadline that is not to pass, whatever else the machine does. Never a measure of speed.
LONG = 120.0
#: How long a test waits before it takes a wait for a hang, in time in which it could run.
PATIENCE = 20.0
#: What happened to tests that were run twice, for the end of the report.
stalls: list[str] = []
#: How long the thread sleeps.
MOMENT = 0.01
#: From here on a late awakening is a stall. Deadlines that tests wait for are several times as long.
STALL = 0.08

P = ParamSpec("P")


class Stopwatch:
    """Measures time in which this process could run, from `with` on."""

    def __init__(self) -> None:
        self.elapsed = self.stalled = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def _keep(self) -> None:
        while not self._over.is_set():
            before = time.monotonic()
            time.sleep(MOMENT)
            late = time.monotonic() - before - MOMENT
            self.elapsed += MOMENT
            if late >= STALL:
                self.stalled += late

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()


@contextlib.contextmanager
def promptly() -> Iterator[None]:
    """What is done inside must not hang, nor wait for a deadline of `LONG`."""
    with Stopwatch() as watch:
        yield
    assert watch.elapsed < PATIENCE, f"took {watch.elapsed} s"


def eventually(what: str, condition: Callable[[], object]) -> None:
    """Waits for something that somebody else is about to do."""
    with Stopwatch() as watch:
        while not condition():
            assert watch.elapsed < PATIENCE, f"waited in vain for {what}"
            time.sleep(0.001)


def once_more_after_a_stall(test: Callable[P, None]) -> Callable[P, None]:
    """For a test in which a short deadline must not pass before something else has happened.

    If it fails, and the machine was seen to stall meanwhile, it is run once more, with the same fixtures.
    """

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with Stopwatch() as watch:
                return test(*args, **kwargs)
        except Exception:
            if not watch.stalled:
                raise
        name = getattr(test, "__name__", "a test")
        stalls.append(f"{name}: the machine stood still for {watch.stalled:.3f} s; once more")
        test(*args, **kwargs)

    return run
