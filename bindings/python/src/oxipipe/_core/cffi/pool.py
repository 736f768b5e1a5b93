"""The base of `Pool` for the cffi backend, with the rules of `accelerator/pool/collect.h` about who pulls. `_fast` has it in C."""

from __future__ import annotations

from _thread import RLock, allocate_lock, get_ident
from array import array
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
from oxipipe._core.cffi.decode import ERROR, Decoder
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

        def enter(number: int, error: Any) -> int:
            status: int = lib.oxp_pool_try_submit_pipeline(
                self._handle, sent._handle, number, error
            )
            return status

        return self._queue(enter, future)

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
            self._collect_until(Goal(None, self._nobody_watches), None)
        finally:
            self._has_thread = False

    def _nobody_watches(self) -> bool:
        # Decided under the lock together with the flag, so that the next watcher starts a new thread.
        if self._observed == 0:
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
            number = future._number  # type: ignore[attr-defined]
            if lib.oxp_pool_retract(self._handle, number, ffi.NULL) != lib.OXP_OK:
                return False
            del self._futures[number]
            self._decide(future, CANCELLED, self._cancelled_error())
            self._wake()
        self._publish()
        return True

    def _observe(self, future: FutureCore, watch: tuple[Any, list[Any], list[Any]]) -> None:
        """A future is being watched: sees to it that somebody pulls."""
        with self._lock:
            if future._watched is not None:
                return
            future._watched = watch
            if future._phase != OUTSTANDING:
                return
            self._observed += 1
            if self._has_thread:
                return
            self._has_thread = True
        try:
            self._start_collector()
        except BaseException:
            self._has_thread = False
            raise

    def _enter(self) -> None:
        """In a forked child, forgets what the parent did; the library starts anew by itself."""
        if self._handle is None:
            raise RuntimeError("__init__ of the pool did not run")
        if self._generation == Forks.count:
            return
        # What was outstanding is the parent's to hear of; here nobody ever will.
        futures, published = self._futures, self._published
        self._begin()
        for future in futures.values():
            message = "the command was submitted before the fork: only the parent hears of it"
            error = hooks.call_error(lib.OXP_ERR_FORKED, lib.OXP_OUTCOME_UNKNOWN, message)
            future._decide(EXCEPTION, error)
        for future in published:
            if future._phase == PULLED:
                future._decide(future._becomes, future._value)

    def _begin(self) -> None:
        batch = ffi.new("oxp_completions **")
        with idle_call() as call:
            call.check_bare(lib.oxp_completions_new(batch))
        self._batch = ffi.gc(batch[0], lib.oxp_completions_free)
        self._list, self._count = ffi.new("const oxp_completion **"), ffi.new("size_t *")
        self._resolved = 0  # how many of the batch's completions
        self._generation = Forks.count
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
        self._published: list[FutureCore] = []

    # -- submitting ------------------------------------------------------------------------------------------

    def _submit(self, callback: Callback | None, args: tuple[Any, ...], waits: bool) -> Any:
        self._enter()
        encoded = encode(args, self._encoding, self._errors)
        slab, lens = b"".join(encoded), array("I", map(len, encoded))
        argc = ffi.new("uint32_t[]", [len(lens)])

        def enter(number: int, error: Any) -> int:
            status: int = lib.oxp_pool_try_submit_packed(
                self._handle,
                slab,
                len(slab),
                ffi.from_buffer("uint32_t[]", lens),
                len(lens),
                argc,
                1,
                ffi.new("uint64_t[]", [number]),
                ffi.NULL,
                error,
            )
            return status

        return self._queue(enter, self._new_future(callback), waits)

    def _queue(
        self, enter: Callable[[int, Any], int], future: FutureCore, waits: bool = True
    ) -> FutureCore | None:
        """While the queue is full, pulls what is done, so that even a single thread makes room for itself."""
        deadline: float | None = None
        looked = False
        while True:
            with self._lock, idle_call() as call:
                number = self._numbers
                status = enter(number, call.error)
                call.check(status)
                if status == lib.OXP_OK:
                    future._number = number  # type: ignore[attr-defined]
                    self._futures[number] = future
                    self._numbers = number + 1
                    self._unpulled += 1
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
        me, pulls = get_ident(), False
        try:
            while True:
                self._publish()
                with self._lock:
                    if goal.is_reached():
                        return True
                    left = None if deadline is None else deadline - monotonic()
                    if left is not None and left <= 0:
                        return False
                    if self._collector == me:
                        message = "waiting for a pool from within its own work would never end"
                        raise hooks.call_error(lib.OXP_ERR_BUSY, outcome, message)
                    pulls = not self._collector and goal.can_pull()
                    if pulls:
                        self._collector = me
                    else:
                        if not self._collector:
                            self._hand_over()
                        goal.lock, goal.is_woken = allocate_lock(), False
                        goal.lock.acquire()
                        self._waiters.append(goal)
                if pulls:
                    self._pull(goal, left)
                    pulls = False
                else:
                    try:
                        goal.lock.acquire(True, -1 if left is None else left)
                    finally:
                        with self._lock:
                            self._waiters.remove(goal)
        finally:
            # Whoever leaves may be the one who was woken to pull.
            with self._lock:
                if pulls and self._collector == me:
                    self._collector = 0  # interrupted on the way
                if not self._collector:
                    self._hand_over()

    def _collect_now(self) -> None:
        """Takes what is there, unless somebody else is about to; does not wait."""
        with self._lock:
            self._unpulled = 0
            if self._collector:
                return
            self._collector = get_ident()
        try:
            self._pull_batch(0)
        finally:
            with self._lock:
                self._collector = 0
                self._wake()
                self._hand_over()
        self._publish()

    def _pull(self, goal: Goal, left: float | None) -> None:
        """Pulls until the goal is reached or there are watchers to be told, which may run any code."""
        wait = FOREVER if left is None else int(left * 1000) + 1
        try:
            while True:
                got = self._pull_batch(wait)
                with self._lock:
                    self._wake()
                    if not got or goal.is_reached() or self._published:
                        return
        finally:
            with self._lock:
                self._collector = 0
                if self._published:
                    self._hand_over()

    def _pull_batch(self, wait_ms: int) -> bool:
        before = self._numbers
        if self._resolve_batch():  # a signal handler raised before everything in it was seen to
            return True
        with idle_call() as call:
            self._resolved = 0
            status = lib.oxp_pool_next(self._handle, self._batch, wait_ms, self._count, call.error)
            if status == lib.OXP_OK:
                self._resolve_batch()
            elif status == lib.OXP_DONE:
                self._resolve_lost(before, None)
            elif status < 0 and status != lib.OXP_ERR_INTERRUPTED:
                self._resolve_lost(before, call.exception(status))
                status = lib.OXP_DONE
            if status >= 0 and status != lib.OXP_AGAIN:
                self._pulls += 1
            call.check(status)
        return bool(status == lib.OXP_OK)

    def _resolve_batch(self) -> bool:
        """Decides the futures of what the batch has; whether there were any left."""
        count = lib.oxp_completions_list(self._batch, self._list)
        if self._resolved >= count:
            return False
        with self._lock:
            while self._resolved < count:
                self._resolve(self._list[0][self._resolved], self._resolved)
                self._resolved += 1
        return True

    def _resolve(self, completion: Any, index: int) -> None:
        future = self._futures.get(completion.token)
        if future is None:
            return
        decoder = Decoder(self._decoding, hooks.reply_error)
        count = completion.node_count
        if count:
            text = ffi.buffer(completion.bytes, end_of_text(completion.nodes, count))
            decoder.feed(completion.nodes, count, text)
        replies = decoder.items
        value: Any
        errors = [reply for reply in replies if isinstance(reply, Exception)]
        if completion.status < 0:
            with idle_call() as call:
                lib.oxp_completions_error(self._batch, index, call.error)
                failure = call.exception(completion.status)
            if future._is_pipeline:
                failure.replies = replies  # type: ignore[attr-defined]
            errors += [failure] * (future._commands - len(replies))
            phase, value = (RAW if future._is_pipeline else EXCEPTION), failure
        elif decoder.failure is not None:
            phase, value = (RAW if future._is_pipeline else EXCEPTION), decoder.failure
        elif future._is_pipeline:
            phase, value = RAW, replies
        else:
            phase, value = (EXCEPTION if completion.nodes[0].type == ERROR else RAW), replies[0]
        del self._futures[completion.token]
        if errors:
            self._failed += len(errors)
            self._first_failure = self._first_failure or errors[0]
        self._succeeded += future._commands - len(errors)
        self._decide(future, phase, value)

    def _resolve_lost(self, before: int, failure: Exception | None) -> None:
        """The library says that nothing is outstanding, which would be its mistake, or that it has failed."""
        with self._lock:
            for number in [number for number in self._futures if number < before]:
                future = self._futures.pop(number)
                error = failure or hooks.call_error(
                    lib.OXP_ERR_PANIC, lib.OXP_OUTCOME_UNKNOWN, "the library has lost a command"
                )
                self._failed += future._commands
                self._first_failure = self._first_failure or error
                self._decide(future, EXCEPTION, error)

    def _decide(self, future: FutureCore, phase: int, value: Any) -> None:
        if future._watched is None:
            future._decide(phase, value)
            return
        self._observed -= 1
        future._value, future._becomes, future._phase = value, phase, PULLED
        self._published.append(future)

    def _publish(self) -> None:
        """Tells the watchers of decided futures. Runs their callbacks."""
        while self._published:
            try:
                future = self._published.pop(0)
            except IndexError:  # another thread was faster
                return
            future._publish()

    def _wake(self) -> None:
        """Wakes the waiting threads that have something to do."""
        for goal in self._waiters:
            # Its future may be behind one whose callbacks take their time: it can tell the watchers itself.
            if not goal.is_woken and (
                goal.is_reached() or (not goal.can_pull() and self._published)
            ):
                goal.is_woken = True
                goal.lock.release()

    def _hand_over(self) -> None:
        """The first that was not woken for its own sake becomes the collector."""
        for goal in self._waiters:
            if not goal.is_woken and goal.can_pull():
                goal.is_woken = True
                goal.lock.release()
                return

    @staticmethod
    def _timeout_error() -> Exception:
        return hooks.load_futures()[2]()

    @staticmethod
    def _cancelled_error() -> Exception:
        return hooks.load_futures()[1]()
