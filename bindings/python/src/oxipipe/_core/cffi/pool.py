"""The base of `Pool` for the cffi backend, with the rules of `accelerator/pool/collect.h` about who pulls. `_fast` has it in C."""

from __future__ import annotations

from _thread import RLock, allocate_lock, get_ident
from array import array
from itertools import starmap
from time import monotonic
from typing import TYPE_CHECKING

from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.args import callback as callback_of
from oxipipe._core.cffi.args import encode
from oxipipe._core.cffi.call import (
    Forks,
    end_of_text,
    hooks,
    idle_call,
    new_options,
    server_fields,
)
from oxipipe._core.cffi.decode import Decoder
from oxipipe._core.cffi.events import FOREVER, take_events
from oxipipe._core.cffi.future import (
    CANCELLED,
    EXCEPTION,
    OUTSTANDING,
    PULLED,
    RAW,
    VALUE,
    FutureCore,
    Goal,
)

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable
    from typing import Any

    from oxipipe._core.interface import Callback, ServerFields

#: How many submissions go by before one looks for completions.
LOOK_EVERY = 256


class PoolCore:
    """One pool of the library, and the futures of what it has outstanding. `Pool` derives from it."""

    _handle: Any = None
    _first_failure: Exception | None
    _succeeded: int
    _failed: int

    if TYPE_CHECKING:

        def _start_collector(self) -> None: ...

    def _open(self, options: dict[str, Any], connections: int, timeout: float | None, /) -> None:
        options = dict(options)
        self._encoding: str = options.pop("encoding", "utf-8")
        self._errors: str = options.pop("errors", "strict")
        decode = options.pop("decode", False)
        self._decoding = (self._encoding, self._errors) if decode else None
        self._wait_for_room = timeout
        self._is_closed = False
        self._numbers = 0  # submissions ever made; the next one's number
        out = ffi.new("oxp_pool **")
        with idle_call() as call:
            call.check(lib.oxp_pool_open(new_options(options), connections, out, call.error))
        self._handle = ffi.gc(out[0], lib.oxp_pool_free)
        self._begin()

    def _connect(self) -> None:
        self._enter()
        with idle_call() as call:
            call.check(lib.oxp_pool_connect(self._handle, call.error))

    def command(self, *args: Any) -> Any:
        """Submits one command and returns the future of its reply, in the shape of that command."""
        return self._submit(callback_of(args), args, True)

    def submit(self, *args: Any) -> Any:
        """Submits one command and returns the future of its reply. Waits while the queue is full."""
        return self._submit(callback_of(args), args, True)

    def try_submit(self, *args: Any) -> Any:
        """As `submit`, but None if the queue is full."""
        return self._submit(callback_of(args), args, False)

    def command_as(self, callback: Callback | None, /, *args: Any) -> Any:
        """Submits one command; the first argument shapes the reply, None leaves it raw."""
        return self._submit(callback, args, True)

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._is_closed

    @property
    def outstanding(self) -> int:
        """How many submissions have not been answered, or nobody has looked."""
        return len(self._futures)

    def _submit_pipeline(self, sent: Any, callback: Callback) -> Any:
        """Submits a pipeline that nobody else has; `callback` gets its replies, or the exception that has them."""
        self._enter()
        future = self._new_future(callback)
        future._is_pipeline, future._commands = True, len(sent)
        submit = lib.oxp_pool_try_submit_pipeline

        def call_for(number: int) -> tuple[Any, ...]:
            return submit, self._handle, sent._handle, number

        return self._queue(call_for, future)

    def _new_pipeline(self, atomic: bool) -> Any:
        self._enter()
        out = ffi.new("oxp_pipeline **")
        with idle_call() as call:
            call.check(lib.oxp_pipeline_new_detached(atomic, out, call.error))
        return ffi.gc(out[0], lib.oxp_pipeline_free)

    def _answered(self, value: Any) -> Any:
        """A future that is done."""
        future = self._new_future(None)
        future._decide(VALUE, value)
        return future

    def _flush(self, timeout: float | None = None) -> tuple[int, int, Exception | None] | None:
        """Barrier: (succeeded, failed, first failure or None) since the last one; None if the time ran out."""
        self._enter()
        if not self._collect_until(Goal(None, self._barrier()), timeout):
            return None
        with self._lock:
            result = self._succeeded, self._failed, self._first_failure
            self._succeeded = self._failed = 0
            self._first_failure = None
        return result

    def _close(self, milliseconds: int) -> tuple[int, int]:
        """Closes: (submissions of unknown fate, submissions not applied) of what did not end in time."""
        self._enter()
        if self._is_closed:
            return 0, 0
        unknown, not_applied = ffi.new("uint64_t *"), ffi.new("uint64_t *")
        with idle_call() as call:
            call.check(
                lib.oxp_pool_close(self._handle, milliseconds, unknown, not_applied, call.error)
            )
        self._is_closed = True
        self._collect_until(Goal(None, self._barrier()), None)
        return unknown[0], not_applied[0]

    def _collect_observed(self) -> None:
        """Body of the thread for futures that are watched."""
        try:
            goal = Goal(None, self._nobody_watches, lambda: self._observed > 0)
            self._collect_until(goal, None)
        finally:
            self._has_thread = False

    def _nobody_watches(self) -> bool:
        # Decided under the lock together with the flag, so that the next watcher starts a new thread.
        if not (self._observed or self._published or self._telling):
            self._has_thread = False
            return True
        return False

    def _deliver_to(self, sink: list[Any]) -> int:
        """Has all outstanding futures put into a list as they are done; returns their number."""
        self._enter()
        with self._lock:
            for future in self._futures.values():
                future._sink = sink
            return len(self._futures)

    def _wait_for(self, sink: list[Any], timeout: float | None) -> bool:
        """Waits until a list that futures are put into has one; whether that was in time."""
        self._enter()
        return self._collect_until(Goal(None, lambda: bool(sink) or not self.outstanding), timeout)

    def _server(self) -> ServerFields | None:
        """What the server said of itself: the arguments of ServerInfo."""
        self._enter()
        return server_fields(lib.oxp_pool_server, self._handle)

    def _next_events(self, sink: deque[Any], milliseconds: int | None, /) -> None:
        """Waits for events, at most so long, and appends them to a deque."""
        timeout = (FOREVER if milliseconds is None else milliseconds,)
        take_events(lib.oxp_pool_next_events, self._opened(), timeout, sink, self._decoding)

    def _opened(self) -> Any:
        self._enter()
        return self._handle

    def _cancel(self, future: FutureCore) -> bool:
        self._enter()
        with self._lock:
            if future._phase != OUTSTANDING:
                return future._phase == CANCELLED
            error = self._cancelled_error()
            came: list[int] = []
            arguments = self._handle, future._number, ffi.NULL
            # As in _enter_number.
            try:
                try:
                    came += starmap(lib.oxp_pool_retract, (arguments,))
                finally:
                    self._settle_if_retracted(future, came, error)
            finally:
                self._settle_if_retracted(future, came, error)
            if came != [lib.OXP_OK]:
                return False
            self._wake()
        self._publish()
        return True

    def _settle_if_retracted(self, future: FutureCore, came: list[int], error: Exception) -> None:
        if came == [lib.OXP_OK] and future._number in self._futures:
            self._settle(future, CANCELLED, error, [])

    def _observe(self, future: FutureCore, watch: tuple[Any, list[Any], list[Any]]) -> None:
        """A future is being watched."""
        with self._lock:
            if future._watched is None:
                # No calls in these lines: a signal handler cannot raise between them.
                future._watched = watch
                self._observed += future._phase == OUTSTANDING
                # That thread may be asleep, because there was nothing to be pulled for.
                if not self._collector:
                    self._hand_over()

    def _look_after_watched(self) -> None:
        """Sees to it that somebody pulls what is watched."""
        starts = False
        try:
            with self._lock:
                if self._has_thread or not self._observed:
                    return
                starts = self._has_thread = True
            self._start_collector()
        except BaseException:
            if starts:
                self._has_thread = False
            raise

    def _enter(self) -> None:
        """In a forked child, forgets what the parent did; the library starts anew by itself."""
        if self._handle is None:
            raise RuntimeError("__init__ of the pool did not run")
        if self._generation == Forks.count:
            return
        # What was outstanding is the parent's to hear of; here nobody ever will.
        for future in list(self._futures.values()):
            message = "the command was submitted before the fork: only the parent hears of it"
            error = hooks.call_error(lib.OXP_ERR_FORKED, lib.OXP_OUTCOME_UNKNOWN, message)
            if future._phase == OUTSTANDING:
                future._decide(EXCEPTION, error)
        for future in [*self._published, *self._telling]:
            if future._phase == PULLED:
                future._decide(future._becomes, future._value)
        # Last: if a signal handler raises before, all of it is done again.
        self._begin()

    def _begin(self) -> None:
        batch = ffi.new("oxp_completions **")
        with idle_call() as call:
            call.check_bare(lib.oxp_completions_new(batch))
        self._batch = ffi.gc(batch[0], lib.oxp_completions_free)
        self._list, self._count = ffi.new("const oxp_completion **"), ffi.new("size_t *")
        self._resolved = 0  # how many of the batch's completions
        #: The number of the future whose outcome was not to be had in the last attempt, and what kind of exception came instead.
        self._stumbled: tuple[int, type[BaseException]] | None = None
        #: Guards everything below, and submissions, so that numbers are in the order of the queue.
        self._lock = RLock()
        self._futures: dict[int, FutureCore] = {}
        self._succeeded = self._failed = 0
        self._first_failure = None
        self._collector = 0  # ident of the thread that pulls
        self._waiters: list[Goal] = []
        self._pulls = 0
        self._unpulled = 0
        self._observed = 0
        self._has_thread = False
        #: Decided, and their watchers are to be told, or are being told.
        self._published: list[FutureCore] = []
        self._telling: list[FutureCore] = []
        self._generation = Forks.count

    # -- submitting ------------------------------------------------------------------------------------------

    def _submit(self, callback: Callback | None, args: tuple[Any, ...], waits: bool) -> Any:
        self._enter()
        encoded = encode(args, self._encoding, self._errors)
        slab, lens = b"".join(encoded), array("I", map(len, encoded))
        all_lens = ffi.from_buffer("uint32_t[]", lens)
        argc = ffi.new("uint32_t[]", [len(lens)])
        submit = lib.oxp_pool_try_submit_packed

        def call_for(number: int) -> tuple[Any, ...]:
            token = ffi.new("uint64_t[]", [number])
            return (
                submit,
                self._handle,
                slab,
                len(slab),
                all_lens,
                len(lens),
                argc,
                1,
                token,
                ffi.NULL,
            )

        return self._queue(call_for, self._new_future(callback), waits)

    def _queue(
        self, call_for: Callable[[int], tuple[Any, ...]], future: FutureCore, waits: bool = True
    ) -> FutureCore | None:
        """While the queue is full, pulls what is done, so that even a single thread makes room for itself.

        `call_for` gives the function of the library that takes a submission under a number, and its arguments but the last.
        """
        deadline: float | None = None
        looked = False
        while True:
            with self._lock, idle_call() as call:
                status = self._enter_number(call_for, future, call.error)
                call.check(status)
                self._unpulled += status == lib.OXP_OK
            if status == lib.OXP_OK:
                if self._unpulled >= LOOK_EVERY:
                    self._collect_now()
                return future
            if not looked:
                looked = True
                self._collect_now()
                if self._wait_for_room is not None:
                    deadline = monotonic() + self._wait_for_room
                continue
            if not waits:
                return None
            left = None if deadline is None else deadline - monotonic()
            if left is not None and left <= 0:
                message = "the pool's queue stayed full for all of socket_timeout"
                raise hooks.call_error(lib.OXP_ERR_TIMEOUT, lib.OXP_OUTCOME_NOT_APPLIED, message)
            self._collect_until(
                Goal(None, self._progress()), left, outcome=lib.OXP_OUTCOME_NOT_APPLIED
            )

    def _enter_number(
        self, call_for: Callable[[int], tuple[Any, ...]], future: FutureCore, error: Any
    ) -> int:
        """Gives the library a submission, with the future in the table if and only if it took it.

        A signal handler may raise anywhere, even between a call's end and the next line. So a number is given once, whatever
        becomes of it; the status of the call gets into a list without a line in between; and what it says is done in
        `finally`, and once more in case that this was the place.
        """
        number = self._numbers
        self._numbers = number + 1
        function, *arguments = call_for(number)
        future._number = number
        came: list[int] = []
        try:
            try:
                self._futures[number] = future
                came += starmap(function, ((*arguments, error),))
            finally:
                self._keep_if_taken(number, came)
        finally:
            self._keep_if_taken(number, came)
        return came[0]

    def _keep_if_taken(self, number: int, came: list[int]) -> None:
        if came != [lib.OXP_OK]:
            self._futures.pop(number, None)

    def _new_future(self, callback: Callback | None) -> FutureCore:
        future: FutureCore = hooks.load_futures()[0]._made(self, callback)
        return future

    # -- collecting ------------------------------------------------------------------------------------------

    def _progress(self) -> Callable[[], bool]:
        pulls = self._pulls
        return lambda: self._pulls != pulls

    def _barrier(self) -> Callable[[], bool]:
        number = self._numbers
        return lambda: next(iter(self._futures), number) >= number

    def _collect_until(
        self, goal: Goal, timeout: float | None, outcome: int = lib.OXP_OUTCOME_NONE
    ) -> bool:
        """Whether the goal was reached in time. `outcome` is that of the command, if one waits for room."""
        # As long as nobody lives, and not a number: no limit.
        try:
            deadline = None if timeout is None or not timeout < 9e9 else monotonic() + timeout
        except TypeError:
            kind = type(timeout).__name__
            raise TypeError(
                f"timeout is a {kind}; it must be a number of seconds, or None"
            ) from None
        role = _Role()
        try:
            try:
                while True:
                    self._publish()
                    with self._lock:
                        if goal.is_reached():
                            return True
                        left = None if deadline is None else deadline - monotonic()
                        if left is not None and left <= 0:
                            return False
                        if self._collector == role.me:
                            message = "waiting for a pool from within its own work would never end"
                            raise hooks.call_error(lib.OXP_ERR_BUSY, outcome, message)
                        if not self._collector and goal.can_pull():
                            role.pulls = True
                            self._collector = role.me
                        else:
                            if not self._collector:
                                self._hand_over()
                            goal.lock = allocate_lock()
                            goal.lock.acquire()
                            self._waiters.append(goal)
                    if role.pulls:
                        self._pull(goal, left)
                    else:
                        goal.lock.acquire(True, -1 if left is None else left)
                    self._leave(role, goal)
            finally:
                self._leave(role, goal, True)
        finally:
            if not role.has_left:
                self._leave(role, goal, True)

    def _leave(self, role: _Role, goal: Goal | None, for_good: bool = False) -> None:
        """Gives up what this thread was, and sees to it that the others can go on. Whoever leaves may be the one who was woken
        to pull, or may not have come to wake those whom it should have."""
        with self._lock:
            if role.pulls and self._collector == role.me:
                self._collector = 0
            role.pulls = False
            if goal in self._waiters:
                self._waiters.remove(goal)
            if for_good:
                self._wake()
            if not self._collector and (for_good or self._published):
                self._hand_over()
        role.has_left = for_good

    def _collect_now(self) -> None:
        """Takes what is there, unless somebody else is about to; does not wait."""
        role = _Role()
        try:
            try:
                with self._lock:
                    self._unpulled = 0
                    if not self._collector:
                        role.pulls = True
                        self._collector = role.me
                if role.pulls:
                    self._pull_batch(0)
            finally:
                if role.pulls:
                    self._leave(role, None, True)
        finally:
            if role.pulls:
                self._leave(role, None, True)
        self._publish()

    def _pull(self, goal: Goal, left: float | None) -> None:
        """Pulls until the goal is reached or there are watchers to be told, which may run any code."""
        wait = FOREVER if left is None else int(left * 1000) + 1
        while True:
            got = self._pull_batch(wait)
            with self._lock:
                self._wake()
                if not got or goal.is_reached() or self._published:
                    return

    def _pull_batch(self, wait_ms: int) -> bool:
        if self._resolve_batch():  # a signal handler raised before everything in it was seen to
            return True
        with self._lock:
            before = self._numbers
        with idle_call() as call:
            self._resolved = 0
            status = lib.oxp_pool_next(self._handle, self._batch, wait_ms, self._count, call.error)
            if status >= 0 and status != lib.OXP_AGAIN:
                self._pulls += 1
            if status == lib.OXP_OK:
                self._resolve_batch()
            elif status == lib.OXP_DONE:
                self._resolve_lost(before, None)
            elif status < 0 and status != lib.OXP_ERR_INTERRUPTED:
                self._resolve_lost(before, call.exception(status))
                self._pulls += 1
                status = lib.OXP_DONE
            call.check(status)
        return bool(status == lib.OXP_OK)

    def _resolve_batch(self) -> bool:
        """Decides the futures of what the batch has; whether there were any left."""
        count = lib.oxp_completions_list(self._batch, self._list)
        if self._resolved >= count:
            return False
        with self._lock:
            while self._resolved < count:
                index = self._resolved
                completion = self._list[0][index]
                future = self._futures.get(completion.token)
                if future is None:
                    self._resolved = index + 1
                    continue
                phase, value, errors = self._outcome(future, completion, index)
                self._settle(future, phase, value, errors, index)
        return True

    def _outcome(
        self, future: FutureCore, completion: Any, index: int
    ) -> tuple[int, Any, list[Exception]]:
        """What a future comes to: its phase, its value, and the failures of commands to be counted.

        Raises what signal handlers raise; then it is done again. What it raises twice is the outcome: an exception that came
        with each attempt would come for ever, and nobody would hear of anything else.
        """
        try:
            return self._built(future, completion, index)
        except BaseException as error:
            if self._stumbled != (future._number, type(error)):
                self._stumbled = future._number, type(error)
                raise
            return EXCEPTION, hooks.decode_error(error), []

    def _built(
        self, future: FutureCore, completion: Any, index: int
    ) -> tuple[int, Any, list[Exception]]:
        decoder = Decoder(self._decoding, hooks)
        count = completion.node_count
        if count:
            text = ffi.buffer(completion.bytes, end_of_text(completion.nodes, count))
            decoder.feed(completion.nodes, count, text)
        replies = decoder.items
        # The server did what it was told, whatever becomes of its reply.
        errors = [
            reply
            for place, reply in enumerate(replies)
            if isinstance(reply, Exception) and place not in decoder.unreadable
        ]
        if completion.status < 0:
            with idle_call() as call:
                lib.oxp_completions_error(self._batch, index, call.error)
                failure = call.exception(completion.status)
            if future._is_pipeline:
                failure.replies = replies  # type: ignore[attr-defined]
            errors += [failure] * (future._commands - len(replies))
            return (RAW if future._is_pipeline else EXCEPTION), failure, errors
        if future._is_pipeline:
            return RAW, replies, errors
        return (EXCEPTION if isinstance(replies[0], Exception) else RAW), replies[0], errors

    def _resolve_lost(self, before: int, failure: Exception | None) -> None:
        """The library says that nothing is outstanding, which would be its mistake, or that it has failed."""
        with self._lock:
            for number in [number for number in self._futures if number < before]:
                future = self._futures[number]
                error = failure or hooks.call_error(
                    lib.OXP_ERR_PANIC, lib.OXP_OUTCOME_UNKNOWN, "the library has lost a command"
                )
                self._settle(future, EXCEPTION, error, [error] * future._commands)

    def _settle(
        self,
        future: FutureCore,
        phase: int,
        value: Any,
        errors: list[Exception],
        index: int | None = None,
    ) -> None:
        """Decides a future that is in the table, and counts it: all of it, whatever a signal handler raises meanwhile."""
        succeeded, failed, first = self._succeeded, self._failed, self._first_failure
        if phase != CANCELLED:
            succeeded += future._commands - len(errors)
            failed += len(errors)
            first = first or (errors[0] if errors else None)
        becomes = succeeded, failed, first, None if index is None else index + 1
        observed = self._observed - (future._watched is not None)
        try:
            self._decide(future, phase, value, becomes, observed)
        finally:
            if future._number in self._futures:
                self._decide(future, phase, value, becomes, observed)

    def _decide(
        self,
        future: FutureCore,
        phase: int,
        value: Any,
        becomes: tuple[int, int, Exception | None, int | None],
        observed: int,
    ) -> None:
        """May be done again from the beginning: it says what is to be, not what is to change."""
        self._succeeded, self._failed, self._first_failure, resolved = becomes
        if resolved is not None:
            self._resolved = resolved
        if future._watched is None:
            future._decide(phase, value)
        elif future._phase == OUTSTANDING:
            # No calls in these lines: a signal handler cannot raise between them.
            self._observed = observed
            future._value, future._becomes, future._phase = value, phase, PULLED
            self._published += (future,)
        self._futures.pop(future._number, None)

    def _publish(self) -> None:
        """Tells the watchers of decided futures. Runs their callbacks.

        What those raise, beyond Exception, ends it for now; the rest is told by whoever comes next.
        """
        while self._published:
            future: FutureCore | None = None
            is_told = has_stopped = False
            try:
                try:
                    with self._lock:
                        if not self._published:  # another thread was faster
                            return
                        # No calls in these lines: a signal handler cannot raise between them.
                        future = self._published[0]
                        self._telling += (future,)
                        del self._published[0]
                    future._publish()
                    is_told = True
                finally:
                    self._stop_telling(future, is_told)
                    has_stopped = True
            finally:
                if not has_stopped:
                    self._stop_telling(future, is_told)

    def _stop_telling(self, future: FutureCore | None, is_told: bool) -> None:
        with self._lock:
            if future is None or future not in self._telling:
                return
            if not is_told and future not in self._published:
                self._published[:0] = (future,)
            if not is_told:
                for goal in self._waiters:
                    goal.wake()
            self._telling.remove(future)
            # Behind that, because it is what the thread for watched futures waits for.
            if not self._telling:
                self._wake()

    def _wake(self) -> None:
        """Wakes the waiting threads that have something to do."""
        for goal in self._waiters:
            # Its future may be behind one whose callbacks take their time: it can tell the watchers itself.
            if goal.lock.locked() and (
                goal.is_reached() or (not goal.can_pull() and self._published)
            ):
                goal.wake()

    def _hand_over(self) -> None:
        """The first that was not woken for its own sake becomes the collector."""
        for goal in self._waiters:
            if goal.lock.locked() and goal.can_pull():
                goal.wake()
                return

    @staticmethod
    def _timeout_error() -> Exception:
        return hooks.load_futures()[2]()

    @staticmethod
    def _cancelled_error() -> Exception:
        return hooks.load_futures()[1]()


class _Role:
    """What a thread is to a pool while it waits there, for whoever has to clean up when a signal handler raises."""

    __slots__ = ("has_left", "me", "pulls")

    def __init__(self) -> None:
        self.me = get_ident()
        self.pulls = self.has_left = False
