"""Where the events of one connection wait for the tasks that want them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from oxipipe._leased import lost_lease
from oxipipe.event import event_of

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from typing import Any

    from oxipipe.asyncio._binding import Binding
    from oxipipe.event import Event


class Inbox:
    """The events that the library has handed over, and the tasks that wait for more. All of it runs in the binding's loop.

    The library is asked only while a task wants an event: what nobody wants waits there, within its bounds.
    """

    def __init__(self, binding: Binding, is_lease: bool) -> None:
        self._binding = binding
        self._is_lease = is_lease
        self._is_lost = False
        self._taken: deque[Any] = deque()
        self._waiters: deque[Future[None]] = deque()

    async def next(self, loop: AbstractEventLoop, timeout: float | None) -> Event | None:
        """The next event; None if `timeout` seconds, from now on, go by without one."""
        until = None if timeout is None else loop.time() + timeout
        if timeout == 0:
            # The loop may not have looked since the last one came.
            self._binding._process()
        while True:
            event = self._take()
            if event is not None or (until is not None and until <= loop.time()):
                return event
            await self._news(loop, until)

    def gather(self) -> None:
        """Takes what the library has, and wakes the one whose turn it is."""
        try:
            if not self._taken:
                self._binding._next_events(self._taken)
        except Exception:
            # Each of them asks again, and is told why there is nothing.
            self.wake_all()
        else:
            self._wake_next()

    def wake_all(self) -> None:
        for waiter in self._waiters:
            _wake(waiter)

    def _take(self) -> Event | None:
        if not self._taken:
            if self._is_lost:
                raise lost_lease()
            self._binding._next_events(self._taken)
            if not self._taken:
                return None
        item = self._taken.popleft()
        self._wake_next()
        event = event_of(item)
        if self._is_lease and event.kind == "down":
            self._is_lost = True
            self.wake_all()
        return event

    async def _news(self, loop: AbstractEventLoop, until: float | None) -> None:
        """Waits until there may be an event for the task that runs, or for a moment that is `until` at the latest."""
        waiter: Future[None] = loop.create_future()
        timer = None if until is None else loop.call_at(until, _wake, waiter)
        self._waiters.append(waiter)
        self._binding._listen(True)
        try:
            await waiter
        except BaseException:
            # It may have been told of an event that it will not take.
            self._waiters.remove(waiter)
            self._wake_next()
            raise
        else:
            self._waiters.remove(waiter)
        finally:
            if timer is not None:
                timer.cancel()
            if not self._waiters:
                self._binding._listen(False)

    def _wake_next(self) -> None:
        if self._taken:
            for waiter in self._waiters:
                if not waiter.done():
                    _wake(waiter)
                    return


def _wake(waiter: Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
