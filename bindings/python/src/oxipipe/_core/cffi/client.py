"""The backend for every Python: cffi's API mode (`_ffi`) and Python code. `_fast` is the same in C.

Replies come as tapes of nodes (see `oxp_node` in the header) that `Decoder` turns into objects. cffi releases the GIL around
every call.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from oxipipe._core._ffi import lib
from oxipipe._core.cffi.args import Codec, packed
from oxipipe._core.cffi.call import FOREVER, checked, new_handle, server_fields
from oxipipe._core.cffi.decode import shaped, value
from oxipipe._core.cffi.events import take_events
from oxipipe._core.cffi.future import FutureCore
from oxipipe._core.cffi.hooks import configure, named_method
from oxipipe._core.cffi.options import new_options
from oxipipe._core.cffi.pipeline import PipelineCore
from oxipipe._core.cffi.pool import PoolCore
from oxipipe._core.interface import Callback, ServerFields

TYPE_CHECKING = False  # that of `typing` costs more than this package

__all__ = ["ClientCore", "FutureCore", "PipelineCore", "PoolCore", "configure", "named_method"]


class ClientCore:
    """One client of the library. `Redis` derives from it."""

    _handle: Any = None

    def _open(self, options: dict[str, Any]) -> None:
        options = dict(options)
        self._codec = Codec(options)
        wanted = new_options(options)
        self._handle = new_handle("client", lib.oxp_client_open, wanted.raw)

    def _open_lease(self, lender: ClientCore | PoolCore, /) -> None:
        lend = lib.oxp_client_lease if isinstance(lender, ClientCore) else lib.oxp_pool_lease
        self._codec = lender._codec
        self._handle = new_handle("client", lend, lender._opened())

    def _connect(self) -> None:
        checked(lib.oxp_client_connect, self._opened())

    def command(self, *args: Any) -> Any:
        """Sends one command, waits for the reply and returns it; an error reply is raised."""
        callback, _, command, _ = self._codec.read(args)
        return self._call(callback, command)

    def command_as(self, callback: Callback | None, /, *args: Any) -> Any:
        """As `command`, with the reply shaped by `callback` instead of the command's own."""
        _, _, command, _ = self._codec.read(args)
        return self._call(callback, command)

    def _call(self, callback: Callback | None, command: Sequence[str]) -> Any:
        slab, size, lens, count, _, _ = packed([command])
        call = lib.oxp_client_command_packed
        owner = new_handle("reply", call, self._opened(), slab, size, lens, count)
        return shaped(callback, value(owner.raw, self._codec.decoding, callback))

    def _server(self) -> ServerFields | None:
        """What the server said of itself: the arguments of ServerInfo."""
        return server_fields(lib.oxp_client_server, self._opened())

    def _next_events(self, sink: deque[Any], milliseconds: int | None, /) -> None:
        """Waits for events, at most so long, and appends them to a deque."""
        timeout = (FOREVER if milliseconds is None else milliseconds,)
        handle, decoding = self._opened(), self._codec.decoding
        take_events(lib.oxp_client_next_events, handle, timeout, sink, decoding)

    def _descriptor(self) -> int:
        """That of the socket; -1 without a connection."""
        return int(lib.oxp_client_fd(self._opened()))

    def close(self) -> None:
        """Closes the connection for good. Calls that wait in other threads end with an error."""
        if self._handle is not None:
            lib.oxp_client_close(self._handle.raw)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return bool(lib.oxp_client_is_closed(self._opened()))

    def _new_pipeline(self, atomic: bool) -> Any:
        make = lib.oxp_pipeline_new_atomic if atomic else lib.oxp_pipeline_new
        return new_handle("pipeline", make, self._opened())

    def _opened(self) -> Any:
        if self._handle is None:
            raise RuntimeError("__init__ of the client did not run")
        return self._handle.raw
