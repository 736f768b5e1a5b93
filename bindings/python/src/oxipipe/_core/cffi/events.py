"""What connections have to tell besides replies, for the cffi backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.call import end_of_text, hooks, idle_call
from oxipipe._core.cffi.decode import Decoder

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable
    from typing import Any

#: The library's number for waiting as long as it takes.
FOREVER = (1 << 64) - 1


def take_events(
    take: Callable[..., int],
    handle: Any,
    timeout: tuple[int, ...],
    sink: deque[Any],
    decoding: tuple[str, str] | None,
) -> None:
    """Calls `oxp_client_next_events` or one of its like, and appends what it gave to `sink`.

    A tuple per event (kind, data, connection, dropped, error), or the exception that took the place of an event that could
    not be read: none is lost because of another. Raises what the call has to raise, also if events came with it.
    """
    out, count = ffi.new("oxp_events **"), ffi.new("size_t *")
    with idle_call() as call:
        call.check_bare(lib.oxp_events_new(out))
        batch = ffi.gc(out[0], lib.oxp_events_free)
        status = take(handle, batch, *timeout, count, call.error)
        events = ffi.new("const oxp_event **")
        for index in range(lib.oxp_events_list(batch, events)):
            sink.append(_fields(batch, events[0][index], index, decoding))
        call.check(status)


def _fields(batch: Any, event: Any, index: int, decoding: tuple[str, str] | None) -> Any:
    data: Any = None
    if event.nodes:
        # Nobody asked for just this event, so nobody could do without it: it comes as far as it is text.
        decoder = Decoder(decoding, hooks, keeps_bytes=True)
        nodes, count = event.nodes, event.node_count
        decoder.feed(nodes, count, ffi.buffer(event.bytes, end_of_text(nodes, count)))
        (data,) = decoder.items
        if decoder.unreadable:
            return data
    error: Exception | None = None
    if event.status < 0:
        with idle_call() as call:
            error = call.exception(lib.oxp_events_error(batch, index, call.error))
    return event.kind, data, event.connection or None, event.dropped, error
