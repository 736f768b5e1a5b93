"""`Event`: what a connection has to tell besides replies; and where events wait for the threads that want them."""

from __future__ import annotations

import os
from _thread import RLock
from collections import deque
from math import ceil
from threading import TIMEOUT_MAX
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from oxipipe.exceptions import RedisError

if TYPE_CHECKING:
    from typing import Protocol

    class Source(Protocol):
        def _next_events(self, sink: deque[Any], milliseconds: int | None, /) -> None: ...


class Event(NamedTuple):
    """Something that a connection has to tell besides replies: see `next_event` and `events` of clients, leases and pools."""

    #: "message" (of a subscription), "monitor" (a line of MONITOR), "push" (of RESP3, such as an invalidation),
    #: "subscription" (the server has ended one by itself), "up" and "down" (the connection was made, was lost); "other" for
    #: what a later library may have.
    kind: str
    #: What the server said, decoded as replies are: of a message `[b"message", b"channel", b"payload"]`,
    #: `[b"pmessage", b"pattern", b"channel", b"payload"]` or `[b"smessage", b"channel", b"payload"]`, in both versions of RESP;
    #: of MONITOR the line. None for "up" and "down". With `decode_responses`, what cannot be decoded stays bytes: a message that
    #: somebody else sent must neither be lost for that, nor end the iteration over the others.
    data: Any
    #: The number by which the server knows the connection, as CLIENT ID gives it; None where it did not say.
    connection: int | None
    #: How many events of this connection were dropped just before this one, because more waited than `event_bytes`.
    dropped: int
    #: Why the connection was lost; None for all but "down".
    error: RedisError | None


#: By the numbers of include/oxipipe/oxipipe.h.
_KINDS = {1: "push", 2: "message", 3: "subscription", 4: "monitor", 5: "up", 6: "down"}


def event_of(item: Any) -> Event:
    """The event of what a back end puts into a deque, or the exception that took its place."""
    if isinstance(item, BaseException):
        raise item
    kind, *rest = item
    return Event(_KINDS.get(kind, "other"), *rest)


def seconds(timeout: float | None) -> float | None:
    """The argument of `next_event` and `events`, checked; None for ever."""
    if timeout is None:
        return None
    try:
        is_time = timeout >= 0
    except TypeError:
        kind = type(timeout).__name__
        raise TypeError(f"timeout is a {kind}; it must be a number of seconds, or None") from None
    if not is_time:
        raise ValueError(f"timeout is {timeout}; it must be 0 or more, or None for no limit")
    # As long as nobody lives, and not a number that the system takes: no limit.
    return None if timeout >= TIMEOUT_MAX else timeout


class Inbox:
    """The events that the library has handed over, many at a time, and that nobody has taken yet.

    One thread at a time asks the library for more, and the others wait for that thread: one that waited in the library
    would not hear of events that are here already. That thread keeps the lock while it waits.
    """

    __slots__ = ("_lock", "_taken", "process")

    def __init__(self) -> None:
        #: To whom it belongs. In a forked child the lock may be held by a thread that is not there.
        self.process = os.getpid()
        self._taken: deque[Any] = deque()
        # One that tells whose it is: a signal handler may raise in the moment after it was taken.
        self._lock = RLock()

    def next(self, source: Source, timeout: float | None) -> Event | None:
        lock, until = self._lock, None if timeout is None else monotonic() + timeout
        try:
            if not lock.acquire(timeout=-1 if timeout is None else timeout):
                return None
            if not self._taken:
                source._next_events(self._taken, _milliseconds_until(until))
            return event_of(self._taken.popleft()) if self._taken else None
        finally:
            if lock._is_owned():  # type: ignore[attr-defined]
                lock.release()


def _milliseconds_until(until: float | None) -> int | None:
    """Rounded up: whoever asks for less than a millisecond wants to wait."""
    return None if until is None else max(0, ceil((until - monotonic()) * 1000))
