"""The cffi backend for asyncio. `_fast` is the same in C."""

from __future__ import annotations

from asyncio import AbstractEventLoop, Future
from typing import TYPE_CHECKING, Any

from oxipipe._core._ffi import lib
from oxipipe._core.cffi.args import Codec
from oxipipe._core.cffi.binding import BindingCore
from oxipipe._core.cffi.call import new_handle
from oxipipe._core.cffi.hooks import configure_asyncio, hooks
from oxipipe._core.cffi.options import new_options
from oxipipe._core.interface import Callback

__all__ = ["AsyncCore", "BindingCore", "configure_asyncio"]


class AsyncCore:
    """One client of one server, for event loops. `oxipipe.asyncio.Redis` derives from it."""

    _options: Any = None
    _last: BindingCore | None = None
    _closed = False
    #: How often.
    _closings = 0

    if TYPE_CHECKING:

        def _bind(self, loop: AbstractEventLoop) -> BindingCore: ...

    def _open(self, options: dict[str, Any], is_lease: bool, /) -> None:
        options = dict(options)
        self._codec = Codec(options)
        self._is_lease = is_lease
        self._options = new_options(options)

    def command(self, *args: Any) -> Future[Any]:
        """Queues one command and returns the future of its reply."""
        binding = self._binding()
        callback, traits, command, _ = self._codec.read(args)
        return binding._submit(callback, traits, command)

    def command_as(self, callback: Callback | None, *args: Any) -> Future[Any]:
        """As `command`, with the reply shaped by `callback` instead of the command's own."""
        binding = self._binding()
        _, traits, command, _ = self._codec.read(args)
        return binding._submit(callback, traits, command)

    def _close(self) -> None:
        self._closings += 1
        self._closed, self._last = True, None

    @property
    def closed(self) -> bool:
        """Whether the client was closed and not used since."""
        return self._closed

    def _new_pipeline(self, atomic: bool) -> Any:
        self._check_open()
        make = lib.oxp_pipeline_new_for_lease if self._is_lease else lib.oxp_pipeline_new_detached
        return new_handle("pipeline", make, atomic)

    def _binding(self) -> BindingCore:
        self._check_open()
        try:
            loop = hooks.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                "no event loop is running in this thread: a client of oxipipe.asyncio is used from within coroutines"
            ) from None
        last = self._last
        if last is None or last._loop is not loop:
            closings = self._closings
            last = self._bind(loop)
            # Another thread may have closed the client meanwhile.
            if closings == self._closings:
                self._closed, self._last = False, last
        return last

    def _check_open(self) -> None:
        if self._options is None:
            raise RuntimeError("__init__ of the client did not run")
        # Any other connects again.
        if self._closed and self._is_lease:
            raise hooks.call_error(
                lib.OXP_ERR_CLOSED, lib.OXP_OUTCOME_NOT_APPLIED, "the lease is closed"
            )
