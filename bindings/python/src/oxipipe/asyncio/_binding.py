"""What a client has in one event loop: the part that is not worth being fast."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import ref

from oxipipe._core.loop import BindingCore

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from oxipipe.asyncio._inbox import Inbox
    from oxipipe.asyncio.client import Redis

    Loop = asyncio.AbstractEventLoop


class Binding(BindingCore):
    """One connection (and those that its blocking commands need), watched by one loop.

    It ends with the first of three: the client is closed, the client is gone and its last call answered, or the
    loop is closed. A loop tells nobody that it is closed, but it drops what it would have called.
    """

    #: The events that it has to tell, once somebody has asked for them.
    _inbox: Inbox | None = None

    def __init__(self, client: Redis[Any], loop: Loop, lender: Binding | None = None) -> None:
        """Of a lease, `lender` is what its owner has in the same loop."""
        own_class = type(loop)
        plain = getattr(
            own_class, "create_future", None
        ) is asyncio.BaseEventLoop.create_future and "create_future" not in vars(loop)
        self._descriptor = self._open(client, loop, plain, lender)
        self.loop: Loop | None = loop
        self._timer: asyncio.TimerHandle | None = None
        process = self._process
        loop.add_reader(self._descriptor, process)
        self._reader: Any = ref(process, self._reader_gone)
        self._client: Any = ref(client, self._client_gone)

    def shut_down(self) -> None:
        """Fails what is waiting and ends the binding; from any thread."""
        self._orphan()
        self._in_loop(self._shut_down)

    def drop(self) -> None:
        """Ends the binding of a loop that will not run again, without a word to what is waiting there."""
        self.loop = self._reader = self._client = self._timer = self._inbox = None
        self._release()

    def _shut_down(self) -> None:
        try:
            self._close()
        finally:
            self._detach()

    def _detach(self) -> None:
        """Ends the binding, in its loop."""
        loop, timer = self.loop, self._timer
        # While futures are being resolved there is somebody who will do it right after.
        if loop is None or self._resolving:
            return
        self._reader = self._client = None
        loop.remove_reader(self._descriptor)
        if timer is not None:
            timer.cancel()
        inbox = self._inbox
        self.drop()
        if inbox is not None:
            inbox.wake_all()

    def _detach_if_idle(self) -> None:
        if not len(self):
            self._detach()

    def _client_gone(self, _client: object) -> None:
        # Whatever was happening when the client was collected, it must not happen inside of that.
        self._orphan()
        self._later(self._detach_if_idle)

    def _reader_gone(self, _reader: object) -> None:
        self.drop()

    def _in_loop(self, function: Callable[[], None]) -> None:
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        if running is not None and running is self.loop:
            function()
        else:
            self._later(function)

    def _later(self, function: Callable[[], None]) -> None:
        loop = self.loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(function)
        except RuntimeError:  # it is closed
            self.drop()

    def _lets_resume(self) -> bool:
        """Whether a task may be resumed from here, as the loop does it from its own turn."""
        loop = self.loop
        return (
            loop is not None
            and asyncio._get_running_loop() is loop
            and asyncio.current_task(loop) is None
            # Which tells how long each callback takes.
            and not loop.get_debug()
        )

    def _arm(self, delay: float) -> None:
        """Has `_on_timer` called in `delay` seconds, and not at any other time."""
        if self._timer is not None:
            self._timer.cancel()
        if self.loop is not None:
            self._timer = self.loop.call_later(delay, self._on_timer)

    def events_of(self, is_lease: bool) -> Inbox:
        """Where the events of this connection are to be had."""
        if self._inbox is None:
            from oxipipe.asyncio._inbox import Inbox

            self._inbox = Inbox(self, is_lease)
        return self._inbox

    def _hear(self) -> None:
        """There may be events, and somebody who waits for them."""
        if self._inbox is not None:
            self._inbox.gather()

    def _watch(self, future: asyncio.Future[Any], token: int) -> None:
        future.add_done_callback(lambda _future: self._abandon(token))
