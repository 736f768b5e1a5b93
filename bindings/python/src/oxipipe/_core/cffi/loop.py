"""The cffi backend for asyncio: `AsyncCore` and what it has in each loop. `_fast` is the same in C."""

from __future__ import annotations

from array import array
from contextlib import suppress
from time import monotonic_ns
from typing import TYPE_CHECKING

from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.args import callback as callback_of
from oxipipe._core.cffi.args import encode, traits
from oxipipe._core.cffi.call import end_of_text, hooks, idle_call, new_options, server_fields
from oxipipe._core.cffi.decode import Decoder, shaped
from oxipipe._core.cffi.events import FOREVER, take_events

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections import deque
    from collections.abc import Callable
    from typing import Any

    from oxipipe._core.cffi.client import PipelineCore
    from oxipipe._core.interface import Callback, Finish, ServerFields


#: How many calls may be looked through again, in case the server's silence means that they have not left.
FEW_CALLS = 256
_NS_PER_MS = 1_000_000


class _Asyncio:
    """What asyncio supplies; `configure_asyncio` sets it, once."""

    get_running_loop: Callable[[], AbstractEventLoop]
    invalid_state_error: type[Exception]


_asyncio = _Asyncio()


def configure_asyncio(
    *,
    get_running_loop: Callable[[], AbstractEventLoop],
    future: type[Any],
    invalid_state_error: type[Exception],
) -> None:
    """Tells the backend where loops and futures come from, without importing asyncio here."""
    _asyncio.get_running_loop, _asyncio.invalid_state_error = get_running_loop, invalid_state_error


class AsyncCore:
    """One client of one server, for event loops. `oxipipe.asyncio.Redis` derives from it."""

    _options: Any = None
    _last: BindingCore | None = None
    _closed = False
    #: How often.
    _closings = 0

    if TYPE_CHECKING:

        def _bind(self, loop: AbstractEventLoop) -> BindingCore: ...

    def _open(self, options: dict[str, Any], /) -> None:
        options = dict(options)
        self._encoding: str = options.pop("encoding", "utf-8")
        self._errors: str = options.pop("errors", "strict")
        decode = options.pop("decode", False)
        self._decoding = (self._encoding, self._errors) if decode else None
        self._is_lease = options.pop("is_lease", False)
        self._options = new_options(options)

    def command(self, *args: Any) -> Future[Any]:
        """Queues one command and returns the future of its reply."""
        return self._binding()._submit(callback_of(args), args)

    def command_as(self, callback: Callback | None, *args: Any) -> Future[Any]:
        """As `command`, with the reply shaped by `callback` instead of the command's own."""
        return self._binding()._submit(callback, args)

    def _close(self) -> None:
        self._closings += 1
        self._closed, self._last = True, None

    @property
    def closed(self) -> bool:
        """Whether the client was closed and not used since."""
        return self._closed

    def _new_pipeline(self, atomic: bool) -> Any:
        self._check_open()
        out = ffi.new("oxp_pipeline **")
        with idle_call() as call:
            make = (
                lib.oxp_pipeline_new_for_lease if self._is_lease else lib.oxp_pipeline_new_detached
            )
            call.check(make(atomic, out, call.error))
        return ffi.gc(out[0], lib.oxp_pipeline_free)

    def _binding(self) -> BindingCore:
        self._check_open()
        try:
            loop = _asyncio.get_running_loop()
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


class BindingCore:
    """What a client has in one event loop: one `oxp_async`, and the futures that its replies go to."""

    _handle: Any = None
    _loop: AbstractEventLoop | None = None
    _resolving = False
    _orphaned = False
    #: Somebody waits for events.
    _listens = False

    if TYPE_CHECKING:

        def _hear(self) -> None: ...
        def _arm(self, delay: float) -> None: ...
        def _watch(self, future: Future[Any], token: int) -> None: ...
        def _detach(self) -> None: ...

    def _open(
        self,
        client: AsyncCore,
        loop: AbstractEventLoop,
        _plain: bool,
        lender: BindingCore | None,
        /,
    ) -> int:
        out, batch = ffi.new("oxp_async **"), ffi.new("oxp_completions **")
        with idle_call() as call:
            if lender is None:
                call.check(lib.oxp_async_open(client._options, out, call.error))
            else:
                call.check(lib.oxp_async_lease(lender._handle, out, call.error))
            self._handle = ffi.gc(out[0], lib.oxp_async_free)
            call.check_bare(lib.oxp_completions_new(batch))
        self._batch = ffi.gc(batch[0], lib.oxp_completions_free)
        self._list, self._count = ffi.new("const oxp_completion **"), ffi.new("size_t *")
        self._encoding, self._errors = client._encoding, client._errors
        self._decoding = client._decoding
        self._loop = loop
        #: By token: the future, what shapes the reply (or what a pipeline does with a bad one), the pipeline, and whether
        #: the answer is confirmations.
        self._calls: dict[int, tuple[Future[Any], Any, PipelineCore | None, bool]] = {}
        #: The tokens of the calls that may not have left yet, and how many of them have been looked at.
        self._fresh: list[int] = []
        self._looked_at = 0
        self._tokens = 0
        self._is_up = False
        self._timer_due = 0
        return int(lib.oxp_async_fd(self._handle))

    def _submit(self, callback: Callback | None, args: tuple[Any, ...]) -> Future[Any]:
        encoded = encode(args, self._encoding, self._errors)
        slab = b"".join(encoded)
        lens = ffi.from_buffer("uint32_t[]", array("I", map(len, encoded)))
        future, token = self._next_call()
        with idle_call() as call:
            call.check(
                lib.oxp_async_submit_packed(
                    self._handle,
                    slab,
                    len(slab),
                    lens,
                    len(encoded),
                    ffi.new("uint32_t[]", [len(encoded)]),
                    1,
                    ffi.new("uint64_t[]", [token]),
                    ffi.NULL,
                    call.error,
                )
            )
        known = traits(encoded[0])
        confirmed = bool(known & lib.OXP_COMMAND_CONFIRMED)
        self._calls[token] = (future, callback, None, confirmed)
        self._fresh.append(token)
        if known & lib.OXP_COMMAND_MAY_BLOCK:
            # It costs a callback of the future to learn of its cancellation at once.
            self._watch(future, token)
        return future

    def _submit_pipeline(self, sent: PipelineCore, finish: Finish) -> Future[Any]:
        future, token = self._next_call()
        with idle_call() as call:
            call.check(lib.oxp_async_submit_pipeline(self._handle, sent._handle, token, call.error))
        self._calls[token] = (future, finish, sent, False)
        self._fresh.append(token)
        return future

    def _next_call(self) -> tuple[Future[Any], int]:
        self._check_open()
        self._tokens += 1
        return self._loop.create_future(), self._tokens  # type: ignore[union-attr]

    def _check_open(self) -> None:
        if self._handle is None or self._loop is None:
            raise hooks.call_error(
                lib.OXP_ERR_CLOSED, lib.OXP_OUTCOME_NOT_APPLIED, "the client is closed"
            )

    def _process(self) -> None:
        """Sends, receives, and resolves futures."""
        if self._handle is None or self._resolving:
            return
        is_over = False
        # Whatever a callback raises is for the loop, whose next turn has to find everything else in order.
        try:
            self._remove_cancelled()
            with idle_call() as call:
                status = lib.oxp_async_process(self._handle, call.error)
                is_over = status < 0
                try:
                    self._resolve()
                finally:
                    if is_over:
                        self._fail_all(call.exception(status))
        finally:
            try:
                if self._listens and self._handle is not None:
                    self._hear()
            finally:
                if is_over or (self._orphaned and not self._calls):
                    self._detach()
                elif self._handle is not None:
                    self._arm_timer()

    def _on_timer(self) -> None:
        self._timer_due = 0
        self._process()

    def _abandon(self, token: int) -> None:
        """Cancels the call with that number at the library if its future is cancelled."""
        self._waits(token)

    def _close(self) -> None:
        if self._handle is not None:
            lib.oxp_async_close(self._handle)
            if not self._resolving:
                self._resolve()

    def _release(self) -> None:
        handle, self._handle, self._loop = self._handle, None, None
        if handle is not None:
            ffi.release(handle)
            ffi.release(self._batch)
            self._calls = {}
            self._fresh = []

    def _server(self) -> ServerFields | None:
        """What the server said of itself: the arguments of ServerInfo."""
        return None if self._handle is None else server_fields(lib.oxp_async_server, self._handle)

    def _next_events(self, sink: deque[Any], /) -> None:
        """Appends the events that have come to a deque; does not wait."""
        self._check_open()
        take_events(lib.oxp_async_next_events, self._handle, (), sink, self._decoding)

    def _listen(self, whether: bool, /) -> None:
        """Whether to call `_hear` whenever there may be events."""
        self._listens = whether
        # Nobody else sees to it that a connection which is being made is given up in time.
        if self._handle is not None:
            self._arm_timer()

    def _orphan(self) -> None:
        self._orphaned = True

    def __len__(self) -> int:
        return len(self._calls)

    def __bool__(self) -> bool:
        return True

    def _remove_cancelled(self) -> None:
        """Cancels what has not left and need not."""
        again = not self._is_up or not FEW_CALLS < len(self._fresh) <= 2 * len(self._calls)
        first = 0 if again else self._looked_at
        self._fresh[first:] = [token for token in self._fresh[first:] if self._waits(token)]
        self._looked_at = len(self._fresh)

    def _waits(self, token: int) -> bool:
        """Whether that call is still to be answered; a cancelled one is taken out."""
        call = self._calls.get(token)
        if call is None:
            return False
        if call[0].done() and self._cancel(token):
            del self._calls[token]
            return False
        return True

    def _cancel(self, token: int) -> bool:
        outcome = ffi.new("int32_t *")
        return bool(
            self._handle is not None
            and lib.oxp_async_cancel(self._handle, token, outcome, ffi.NULL) == lib.OXP_OK
        )

    def _resolve(self) -> None:
        """Takes what the library has and resolves the futures."""
        raised: BaseException | None = None
        self._resolving = True
        try:
            while self._handle is not None:
                with idle_call() as call:
                    status = lib.oxp_async_next(self._handle, self._batch, self._count, call.error)
                if status < 0 or not self._count[0]:
                    break
                count = lib.oxp_completions_list(self._batch, self._list)
                completions = self._list[0]
                for index in range(count):
                    try:
                        self._resolve_one(completions[index], index)
                    except BaseException as error:
                        raised = raised or error
                self._is_up = completions[count - 1].status >= 0
                # Replies come in order, so what was there before them has left long ago.
                if self._is_up:
                    self._fresh, self._looked_at = [], 0
        finally:
            self._resolving = False
        if raised is not None:
            raise raised

    def _resolve_one(self, completion: Any, index: int) -> None:
        call = self._calls.pop(completion.token, None)
        if call is None:  # cancelled
            return
        future, shape, sent, subscribes = call
        if future.done():
            return
        try:
            result = self._outcome(completion, index, shape, sent, subscribes)
        except BaseException as error:
            self._settle(future.set_exception, error)
            if not isinstance(error, Exception):
                raise  # an interruption is for the whole program
        else:
            self._settle(future.set_result, result)

    def _outcome(
        self,
        completion: Any,
        index: int,
        shape: Any,
        sent: PipelineCore | None,
        subscribes: bool,
    ) -> Any:
        failure: Any = None
        if completion.status < 0:
            with idle_call() as call:
                lib.oxp_completions_error(self._batch, index, call.error)
                failure = call.exception(completion.status)
            if sent is None:
                raise failure
        decoder = Decoder(self._decoding, hooks.reply_error)
        nodes, count = completion.nodes, completion.node_count
        if count:
            decoder.feed(nodes, count, ffi.buffer(completion.bytes, end_of_text(nodes, count)))
        if decoder.failure is not None:
            raise decoder.failure
        if sent is not None:
            return sent._finished(decoder.items, failure, shape)
        if subscribes and count > 1:
            return decoder.items
        # What CLIENT REPLY silences has none.
        (reply,) = decoder.items or (None,)
        if isinstance(reply, Exception):
            raise reply
        return reply if shape is None else shaped(shape, reply)

    def _settle(self, setter: Callable[[Any], None], result: Any) -> None:
        # Whoever cancelled it does not want to know.
        with suppress(_asyncio.invalid_state_error):
            setter(result)

    def _fail_all(self, failure: Exception) -> None:
        calls, self._calls = self._calls, {}
        for future, *_ in calls.values():
            self._settle(future.set_exception, failure)

    def _arm_timer(self) -> None:
        """Only while somebody waits, and only if no timer is there that runs in time."""
        if not self._calls and not self._listens:
            return
        timeout = lib.oxp_async_timeout_ns(self._handle)
        if timeout == FOREVER:
            return
        due = monotonic_ns() + timeout
        if self._timer_due and self._timer_due <= due + _NS_PER_MS:
            return
        # Loops count milliseconds: rounded down, the timer would run before there is anything to do.
        self._arm((timeout // _NS_PER_MS + 1) / 1000)
        self._timer_due = due
