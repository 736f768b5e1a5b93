"""What clients and pools that block have in common: events."""

from __future__ import annotations

import os

from oxipipe import _types as t
from oxipipe.exceptions import ClosedError

TYPE_CHECKING = False  # that of `typing` costs more than this package


class Listening:
    """`next_event` and `events` of a client class; its other base is the backend's type."""

    _inbox: t.Inbox | None = None

    if TYPE_CHECKING:

        def _next_events(self, sink: t.deque[t.Any], milliseconds: int | None, /) -> None: ...

    def next_event(self, timeout: float | None = None) -> t.Event | None:
        """Waits for the next `Event`: something that the connection has to tell besides replies.

        `timeout` is in seconds; None waits for ever, 0 does not wait. Returns None when the time ran out. Nothing is connected
        for it, and `socket_timeout` does not count. Up to `event_bytes` of events wait to be taken; beyond that the oldest
        are dropped and counted, or reading stops (`event_overflow`).

        When no event is left, it raises a `ClosedError` after `close`, and a `ConnectionError` on a lease whose connection was
        lost; both have no outcome. What a signal handler raises, as on Ctrl-C, ends the wait, and no event is lost by
        that. A negative `timeout` is a `ValueError`.

        Any number of threads may wait, and use the client for commands meanwhile; each event goes to one of them.
        """
        from oxipipe.event import seconds

        return self._events_here().next(self, seconds(timeout))

    def events(self, timeout: float | None = None) -> t.Iterator[t.Event]:
        """Iterates over events as they come, see `next_event`.

        It ends when `timeout` seconds go by without one (None: never), and when the client or the lease is closed from this
        side. On a lease whose connection is lost, a `ConnectionError` is raised behind the last event.
        """
        from oxipipe.event import seconds

        return self._each_event(seconds(timeout))

    def _each_event(self, timeout: float | None) -> t.Iterator[t.Event]:
        while True:
            try:
                event = self._events_here().next(self, timeout)
            except ClosedError:
                return
            if event is None:
                return
            yield event

    def _events_here(self) -> t.Inbox:
        inbox = self._inbox
        if inbox is None or inbox.process != os.getpid():
            from oxipipe.event import Inbox

            # Of two threads that get here at once, both go on with the same one; but for a child that was just forked.
            if inbox is not None:
                self.__dict__.pop("_inbox", None)
            inbox = self.__dict__.setdefault("_inbox", Inbox())
        return inbox
