"""The cffi backend for asyncio: `AsyncCore` and what it has in each loop. `_fast` is the same in C."""

from __future__ import annotations

from array import array
from contextlib import suppress
from itertools import starmap
from time import monotonic_ns
from typing import TYPE_CHECKING

from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.args import callback as callback_of
from oxipipe._core.cffi.args import encode, traits
from oxipipe._core.cffi.attempt import attempt_again
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

    _Entry = tuple[Future[Any], Any, PipelineCore | None, bool]


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
        self._calls: dict[int, _Entry] = {}
        #: The tokens of the calls that may not have left yet, and how many of them have been looked at.
        self._fresh: list[int] = []
        self._looked_at = 0
        self._tokens = 0
        self._is_up = False
        self._resolved = 0  # how many of the batch's completions
        self._timer_due = 0
        return int(lib.oxp_async_fd(self._handle))

    def _submit(self, callback: Callback | None, args: tuple[Any, ...]) -> Future[Any]:
        encoded = encode(args, self._encoding, self._errors)
        slab = b"".join(encoded)
        lens = ffi.from_buffer("uint32_t[]", array("I", map(len, encoded)))
        future, token = self._next_call()
        known = traits(encoded[0])
        argc, tokens = ffi.new("uint32_t[]", [len(encoded)]), ffi.new("uint64_t[]", [token])
        entry = future, callback, None, bool(known & lib.OXP_COMMAND_CONFIRMED)
        with idle_call() as call:
            arguments = (
                self._handle,
                slab,
                len(slab),
                lens,
                len(encoded),
                argc,
                1,
                tokens,
                ffi.NULL,
                call.error,
            )
            call.check(self._enter_call(token, entry, lib.oxp_async_submit_packed, arguments))
        if known & lib.OXP_COMMAND_MAY_BLOCK:
            # It costs a callback of the future to learn of its cancellation at once.
            self._watch(future, token)
        return future

    def _submit_pipeline(self, sent: PipelineCore, finish: Finish) -> Future[Any]:
        future, token = self._next_call()
        with idle_call() as call:
            entry = future, finish, sent, False
            arguments = self._handle, sent._handle, token, call.error
            call.check(self._enter_call(token, entry, lib.oxp_async_submit_pipeline, arguments))
        return future

    def _next_call(self) -> tuple[Future[Any], int]:
        self._check_open()
        # No calls in this line: a signal handler that submits cannot get the same number.
        self._tokens = token = self._tokens + 1
        return self._loop.create_future(), token  # type: ignore[union-attr]

    def _enter_call(
        self, token: int, entry: _Entry, function: Callable[..., int], arguments: tuple[Any, ...]
    ) -> int:
        """Gives the library a submission, with the call in the table if and only if it took it: see `PoolCore._enter_number`."""
        came: list[int] = []
        try:
            try:
                self._calls[token] = entry
                self._fresh.append(token)
                came += starmap(function, (arguments,))
            finally:
                self._keep_if_taken(token, came)
        finally:
            self._keep_if_taken(token, came)
        return came[0]

    def _keep_if_taken(self, token: int, came: list[int]) -> None:
        # In the list of fresh ones, what is not in the table does no harm.
        if not came or came[0] < 0:
            self._calls.pop(token, None)

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
            except BaseException:
                # What is here already makes no descriptor readable once more.
                if self._loop is not None:
                    self._loop.call_soon(self._process)
                raise
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
        return not (call[0].done() and self._cancel(token))

    def _cancel(self, token: int) -> bool:
        if self._handle is None:
            return False
        came: list[int] = []
        arguments = self._handle, token, ffi.new("int32_t *"), ffi.NULL
        # As in _enter_call.
        try:
            try:
                came += starmap(lib.oxp_async_cancel, (arguments,))
            finally:
                self._drop_if_cancelled(token, came)
        finally:
            self._drop_if_cancelled(token, came)
        return came == [lib.OXP_OK]

    def _drop_if_cancelled(self, token: int, came: list[int]) -> None:
        if came == [lib.OXP_OK]:
            self._calls.pop(token, None)

    def _resolve(self) -> None:
        """Takes what the library has and resolves the futures. What is raised meanwhile is raised at the end."""
        raised: BaseException | None = None
        self._resolving = True
        try:
            while self._handle is not None:
                count = lib.oxp_completions_list(self._batch, self._list)
                # There are some left if a signal handler raised in the middle.
                if self._resolved >= count:
                    self._resolved = 0
                    with idle_call() as call:
                        status = lib.oxp_async_next(
                            self._handle, self._batch, self._count, call.error
                        )
                    if status < 0 or not self._count[0]:
                        break
                    count = lib.oxp_completions_list(self._batch, self._list)
                raised = self._resolve_batch(self._list[0], count) or raised
        finally:
            self._resolving = False
        if raised is not None:
            raise raised

    def _resolve_batch(self, completions: Any, count: int) -> BaseException | None:
        raised: BaseException | None = None
        # The binding may be released meanwhile, and the batch with it.
        while self._resolved < count and self._handle is not None:
            index = self._resolved
            token, self._is_up = completions[index].token, completions[index].status >= 0
            try:
                raised = self._resolve_one(completions[index], index) or raised
            except BaseException as error:
                raised = raised or error
                if token in self._calls and self._handle is not None:
                    # Once more: its future may not have heard of it.
                    with suppress(Exception):
                        self._resolve_one(completions[index], index)
                    self._calls.pop(token, None)
            self._resolved = index + 1
        # Replies come in order, so what was there before them has left long ago.
        if self._is_up:
            self._fresh, self._looked_at = [], 0
        return raised

    def _resolve_one(self, completion: Any, index: int) -> BaseException | None:
        """Settles one future. An interruption of the whole program, which comes out of what shapes the reply, is returned."""
        token = completion.token
        call = self._calls.get(token)
        if call is None:  # cancelled
            return None
        future, shape, sent, subscribes = call
        foreign: list[BaseException] = []
        if not future.done():
            own, result = self._outcome(completion, index, (shape, sent, subscribes), foreign)
            if own is None:
                self._settle(future.set_result, result)
            else:
                self._settle(future.set_exception, own)
        self._calls.pop(token, None)
        return foreign[0] if foreign else None

    def _outcome(
        self,
        completion: Any,
        index: int,
        call: tuple[Any, PipelineCore | None, bool],
        foreign: list[BaseException],
    ) -> tuple[BaseException | None, Any]:
        """What the call comes to: an exception, or None and its result. What signal handlers raise goes to `foreign`."""
        built, own = attempt_again(lambda: self._built(completion, index), [], foreign)
        if own is not None:
            return own, None
        failure, replies = built
        try:
            return None, self._shaped(failure, replies, *call)
        except Exception as error:
            return error, None
        except BaseException as error:
            result, own = attempt_again(
                lambda: self._shaped(failure, replies, *call), [error], foreign
            )
            if own is not None and not isinstance(own, Exception):
                foreign.append(own)  # for the whole program, not only for whoever waits
            return own, result

    def _built(self, completion: Any, index: int) -> tuple[Exception | None, list[Any]]:
        failure: Exception | None = None
        if completion.status < 0:
            with idle_call() as call:
                lib.oxp_completions_error(self._batch, index, call.error)
                failure = call.exception(completion.status)
        decoder = Decoder(self._decoding, hooks)
        nodes, count = completion.nodes, completion.node_count
        if count:
            decoder.feed(nodes, count, ffi.buffer(completion.bytes, end_of_text(nodes, count)))
        return failure, decoder.items

    def _shaped(
        self,
        failure: Exception | None,
        replies: list[Any],
        shape: Any,
        sent: PipelineCore | None,
        subscribes: bool,
    ) -> Any:
        if sent is not None:
            # A copy, because it may have to be done again.
            return sent._finished(replies[:], failure, shape)
        if failure is not None:
            raise failure
        # What CLIENT REPLY silences has none.
        reply = replies[0] if replies else None
        if subscribes and not (reply is None or isinstance(reply, Exception)):
            return replies
        if isinstance(reply, Exception):
            raise reply
        return reply if shape is None else shaped(shape, reply)

    def _settle(self, setter: Callable[[Any], None], result: Any) -> None:
        # Whoever cancelled it does not want to know.
        with suppress(_asyncio.invalid_state_error):
            setter(result)

    def _fail_all(self, failure: Exception) -> None:
        while self._calls:
            token = next(iter(self._calls))
            self._settle(self._calls[token][0].set_exception, failure)
            self._calls.pop(token, None)

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
