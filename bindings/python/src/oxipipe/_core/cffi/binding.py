"""What a client has in one event loop, for the cffi backend. `_fast` has it in C."""

from __future__ import annotations

from contextlib import suppress
from itertools import takewhile
from time import monotonic_ns
from typing import TYPE_CHECKING, NamedTuple

from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.args import packed
from oxipipe._core.cffi.call import (
    FOREVER,
    checked,
    exception_of,
    new_handle,
    new_memory,
    server_fields,
)
from oxipipe._core.cffi.completions import Completions
from oxipipe._core.cffi.decode import shaped, undecoded_one
from oxipipe._core.cffi.events import take_events
from oxipipe._core.cffi.hooks import hooks
from oxipipe._core.cffi.interrupts import attempt, call_then

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections import deque
    from collections.abc import Callable, Sequence
    from typing import Any

    from oxipipe._core.cffi.loop import AsyncCore
    from oxipipe._core.cffi.pipeline import PipelineCore
    from oxipipe._core.interface import Callback, Finish, ServerFields

#: How many calls may be looked through again, in case the server's silence means that they have not left.
FEW_CALLS = 256
_NS_PER_MS = 1_000_000


class _Call(NamedTuple):
    """A call that waits for its answer."""

    future: Future[Any]
    #: Shapes the reply; of a pipeline, what it does with a bad one.
    shape: Any
    #: The pipeline.
    sent: PipelineCore | None = None
    #: The answer is confirmations.
    subscribes: bool = False


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
        if lender is None:
            self._handle = new_handle("async", lib.oxp_async_open, client._options.raw)
        else:
            self._handle = new_handle("async", lib.oxp_async_lease, lender._handle.raw)
        self._codec = client._codec
        self._completions = Completions(self._codec.decoding)
        self._loop = loop
        #: By token, which tells the order of submission: a call is in here if and only if the library has it.
        self._calls: dict[int, _Call] = {}
        self._tokens = 0
        #: The last one that has certainly left, and the last one whose cancellation was looked for.
        self._left = self._looked_at = 0
        self._is_up = False
        self._timer_due = 0
        return int(lib.oxp_async_fd(self._handle.raw))

    def _submit(
        self, callback: Callback | None, traits: int, command: Sequence[str]
    ) -> Future[Any]:
        future, token = self._next_call()
        call = _Call(future, callback, None, bool(traits & lib.OXP_COMMAND_CONFIRMED))
        arguments = *packed([command]), ffi.new("uint64_t[]", [token]), ffi.NULL
        then = self._calls.__setitem__, token, call
        checked(lib.oxp_async_submit_packed, self._handle.raw, *arguments, then=then)
        if traits & lib.OXP_COMMAND_MAY_BLOCK:
            # It costs a callback of the future to learn of its cancellation at once.
            self._watch(future, token)
        return future

    def _submit_pipeline(self, sent: PipelineCore, finish: Finish) -> Future[Any]:
        future, token = self._next_call()
        then = self._calls.__setitem__, token, _Call(future, finish, sent)
        checked(lib.oxp_async_submit_pipeline, self._handle.raw, sent._handle.raw, token, then=then)
        return future

    def _next_call(self) -> tuple[Future[Any], int]:
        self._check_open()
        # No calls in this line: a signal handler that submits cannot get the same number.
        self._tokens = token = self._tokens + 1
        return self._loop.create_future(), token  # type: ignore[union-attr]

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
            error = new_memory("oxp_error")
            status = lib.oxp_async_process(self._handle.raw, error)
            is_over = status < 0
            try:
                self._resolve()
            finally:
                if is_over:
                    self._fail_all(exception_of(status, error))
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
        call = self._calls.get(token)
        if call is not None and call.future.done() and self._handle is not None:
            arguments = self._handle.raw, token, ffi.new("int32_t *"), ffi.NULL
            call_then(lib.oxp_async_cancel, arguments, self._calls.pop, token)

    def _close(self) -> None:
        if self._handle is not None:
            lib.oxp_async_close(self._handle.raw)
            if not self._resolving:
                self._resolve()

    def _release(self) -> None:
        handle, self._handle, self._loop = self._handle, None, None
        if handle is not None:
            handle.free()
            self._completions.release()
            self._calls = {}

    def _server(self) -> ServerFields | None:
        """What the server said of itself: the arguments of ServerInfo."""
        if self._handle is None:
            return None
        return server_fields(lib.oxp_async_server, self._handle.raw)

    def _next_events(self, sink: deque[Any], /) -> None:
        """Appends the events that have come to a deque; does not wait."""
        self._check_open()
        take_events(lib.oxp_async_next_events, self._handle.raw, (), sink, self._codec.decoding)

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
        are_many = self._tokens - self._left > FEW_CALLS
        first = self._looked_at if self._is_up and are_many else self._left
        for token in list(takewhile(first.__lt__, reversed(self._calls))):
            self._abandon(token)
        self._looked_at = self._tokens

    def _resolve(self) -> None:
        """Takes what the library has and resolves the futures. What is raised meanwhile is raised at the end."""
        raised: list[BaseException] = []
        self._resolving = True
        try:
            while self._has_completions():
                while (completion := self._completions.current) is not None:
                    self._is_up = completion.status >= 0
                    self._resolve_one(completion.token, raised)
                    self._completions.advance()
                # Replies come in order, so what was there before them has left long ago.
                if self._is_up:
                    self._left = self._tokens
        finally:
            self._resolving = False
        if raised:
            raise raised[0]

    def _has_completions(self) -> bool:
        if self._handle is None:
            return False
        completions = self._completions
        # There are some left if a signal handler raised in the middle.
        if completions.current is None:
            take = lib.oxp_async_next
            if completions.fill(take, self._handle.raw, ffi.NULL, ffi.NULL) < 0:
                return False
        return completions.current is not None

    def _resolve_one(self, token: int, raised: list[BaseException]) -> None:
        call = self._calls.get(token)
        if call is None:  # cancelled
            return
        _, own = attempt(lambda: self._settle(call), raised)
        if own is not None:
            with suppress(Exception):
                call.future.set_exception(own)
            # What shapes the reply may interrupt the whole program, and not only whoever waits. Anything else is an exception that
            # says that no future takes the other one, such as StopIteration.
            if not isinstance(own, Exception):
                raised.append(own)
        self._calls.pop(token, None)

    def _settle(self, call: _Call) -> None:
        """Settles the future of the current completion. May be done again."""
        future = call.future
        if future.done() or self._completions.current is None:
            return
        sent = call.sent
        undecoded = undecoded_one(call.shape) if sent is None else sent._undecoded()
        failure, replies, _ = self._completions.told(undecoded)
        try:
            result = self._shaped(call, failure, replies)
        except Exception as error:
            self._tell(future.set_exception, error)
        else:
            self._tell(future.set_result, result)

    def _shaped(self, call: _Call, failure: Exception | None, replies: list[Any]) -> Any:
        if call.sent is not None:
            return call.sent._finished(replies, failure, call.shape)
        # What CLIENT REPLY silences has none.
        reply = failure or (replies[0] if replies else None)
        if isinstance(reply, Exception):
            raise reply
        if call.subscribes and reply is not None:
            return replies
        return shaped(call.shape, reply)

    def _tell(self, setter: Callable[[Any], None], result: Any) -> None:
        # Whoever cancelled it does not want to know.
        with suppress(hooks.invalid_state_error):
            setter(result)

    def _fail_all(self, failure: Exception) -> None:
        while self._calls:
            token = next(iter(self._calls))
            self._tell(self._calls[token].future.set_exception, failure)
            self._calls.pop(token, None)

    def _arm_timer(self) -> None:
        """Only while somebody waits, and only if no timer is there that runs in time."""
        if not self._calls and not self._listens:
            return
        timeout = lib.oxp_async_timeout_ns(self._handle.raw)
        if timeout == FOREVER:
            return
        due = monotonic_ns() + timeout
        if self._timer_due and self._timer_due <= due + _NS_PER_MS:
            return
        # Loops count milliseconds: rounded down, the timer would run before there is anything to do.
        self._arm((timeout // _NS_PER_MS + 1) / 1000)
        self._timer_due = due
