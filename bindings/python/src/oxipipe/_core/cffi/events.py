"""What connections have to tell besides replies, for the cffi backend."""

from __future__ import annotations

from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.call import checked, exception_of, new_memory
from oxipipe._core.cffi.decode import Decoder

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable
    from typing import Any


def take_events(
    take: Callable[..., int],
    handle: Any,
    timeout: tuple[int, ...],
    sink: deque[Any],
    decoding: tuple[str, str] | None,
) -> None:
    """Calls `oxp_client_next_events` or one of its like, and appends what it gave to `sink`.

    A tuple per event (kind, data, connection, dropped, reason), or the exception that took the place of an event that could
    not be read: none is lost because of another. Raises what the call has to raise, also if events came with it.
    """
    batch, count = new_memory("oxp_events"), ffi.new("size_t *")
    try:
        checked(take, handle, batch, *timeout, count)
    finally:
        events = ffi.new("const oxp_event **")
        for index in range(lib.oxp_events_list(batch, events)):
            sink.append(_fields(batch, events[0][index], index, decoding))


def _fields(batch: Any, event: Any, index: int, decoding: tuple[str, str] | None) -> Any:
    data: Any = None
    if event.nodes:
        # Nobody asked for just this event, so nobody could do without it: it comes as far as it is text.
        decoder = Decoder(decoding, keeps_bytes=True)
        decoder.feed(event.nodes, event.node_count, event.bytes)
        (data,) = decoder.items
        if decoder.unreadable:
            return data
    reason: Exception | None = None
    if event.status < 0:
        error = new_memory("oxp_error")
        reason = exception_of(lib.oxp_events_error(batch, index, error), error)
    return event.kind, data, event.connection or None, event.dropped, reason
