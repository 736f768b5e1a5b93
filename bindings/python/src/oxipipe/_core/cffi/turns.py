"""Who pulls for a pool, for the cffi backend."""

from __future__ import annotations

from _thread import allocate_lock, get_ident

from oxipipe._core.cffi.interrupts import surely

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from _thread import LockType, RLock
    from collections.abc import Callable


class Turns:
    """Of the threads that wait for something, one works at a time; the others sleep until something has changed.

    Then all of them look for themselves whether that was what they waited for, and whose turn it is. So nobody depends on
    another one's being woken, or having come to wake the right one, before a signal handler raised.
    """

    def __init__(self, lock: RLock) -> None:
        #: Held by whoever changes something that others wait for.
        self._lock = lock
        #: (ident of the thread) while one works.
        self._turn: list[int] | None = None
        self._sleepers: list[LockType] = []

    def is_mine(self) -> bool:
        """Whether the thread that asks does so from within its own work."""
        turn = self._turn
        return turn is not None and turn[0] == get_ident()

    def step(
        self,
        is_reached: Callable[[], bool],
        can_work: Callable[[], bool],
        work: Callable[[], object],
        seconds: float | None,
    ) -> bool:
        """Works, if that is of use and nobody else does, or sleeps, at most so long. Whether there was no need of either."""
        mine = [get_ident()]
        sleeper = allocate_lock()
        sleeper.acquire()

        def take() -> bool:
            with self._lock:
                if is_reached():
                    return True
                if self._turn is None and can_work():
                    self._turn = mine
                else:
                    self._sleepers.append(sleeper)
            if self._turn is mine:
                work()
            else:
                sleeper.acquire(True, -1 if seconds is None else seconds)
            return False

        def leave() -> None:
            with self._lock:
                if sleeper in self._sleepers:
                    self._sleepers.remove(sleeper)
                if self._turn is mine:
                    # Last: if a signal handler raises before, it is done again.
                    self.wake()
                    self._turn = None

        return surely(take, leave)

    def wake(self) -> None:
        """Something has changed."""
        with self._lock:
            for sleeper in self._sleepers[:]:
                if sleeper.locked():
                    sleeper.release()
