"""The base of `Pool` for the cffi backend. `_fast` has it in C."""

from __future__ import annotations

from _thread import RLock, get_ident
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from math import ceil
from time import monotonic
from typing import Any

from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.args import Codec, packed
from oxipipe._core.cffi.call import (
    FOREVER,
    Forks,
    check,
    checked,
    exception_of,
    new_handle,
    new_memory,
    server_fields,
)
from oxipipe._core.cffi.completions import Completions
from oxipipe._core.cffi.decode import undecoded_one
from oxipipe._core.cffi.events import take_events
from oxipipe._core.cffi.future import CANCELLED, EXCEPTION, OUTSTANDING, PULLED, RAW, VALUE
from oxipipe._core.cffi.hooks import hooks
from oxipipe._core.cffi.interrupts import attempt, call_then, surely
from oxipipe._core.cffi.options import new_options
from oxipipe._core.cffi.turns import Turns
from oxipipe._core.interface import Callback, ServerFields, Watch

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from oxipipe._core.cffi.future import FutureCore

#: How many submissions go by before one looks for completions.
LOOK_EVERY = 256


class PoolCore:
    """One pool of the library, and the futures of what it has outstanding. `Pool` derives from it."""

    _handle: Any = None
    #: Commands that succeeded and failed, and the first failure.
    _tally: tuple[int, int, Exception | None]

    if TYPE_CHECKING:

        def _start_collector(self) -> None: ...

    def _open(self, options: dict[str, Any], connections: int, timeout: float | None, /) -> None:
        options = dict(options)
        self._codec = Codec(options)
        self._wait_for_room = timeout
        self._is_closed = False
        self._numbers = 0  # submissions ever made; the next one's number
        wanted = new_options(options)
        self._handle = new_handle("pool", lib.oxp_pool_open, wanted.raw, connections)
        self._begin()

    def _connect(self) -> None:
        checked(lib.oxp_pool_connect, self._opened())

    def command(self, *args: Any) -> Any:
        """Submits one command and returns the future of its reply. Waits while the queue is full."""
        callback, command = self._read(args)
        return self._submit(callback, command)

    submit = command

    def try_submit(self, *args: Any) -> Any:
        """As `submit`, but None if the queue is full."""
        callback, command = self._read(args)
        return self._submit(callback, command, waits=False)

    def command_as(self, callback: Callback | None, /, *args: Any) -> Any:
        """Submits one command; the first argument shapes the reply, None leaves it raw."""
        _, command = self._read(args)
        return self._submit(callback, command)

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
        future._undecoded = sent._undecoded()
        submit = lib.oxp_pool_try_submit_pipeline
        return self._queue(
            future, submit, lambda number: (self._handle.raw, sent._handle.raw, number)
        )

    def _new_pipeline(self, atomic: bool) -> Any:
        self._enter()
        return new_handle("pipeline", lib.oxp_pipeline_new_detached, atomic)

    def _answered(self, value: Any) -> Any:
        """A future that is done."""
        future = self._new_future(None)
        future._decide(VALUE, value)
        return future

    def _flush(self, timeout: float | None = None) -> tuple[int, int, Exception | None] | None:
        """Barrier: (succeeded, failed, first failure or None) since the last one; None if the time ran out."""
        self._enter()
        if not self._collect_until(self._barrier(), timeout):
            return None
        with self._lock:
            tally, self._tally = self._tally, (0, 0, None)
        return tally

    def _close(self, milliseconds: int) -> tuple[int, int]:
        """Closes: (submissions of unknown fate, submissions not applied) of what did not end in time."""
        self._enter()
        if self._is_closed:
            return 0, 0
        lost = ffi.new("uint64_t *"), ffi.new("uint64_t *")
        checked(lib.oxp_pool_close, self._handle.raw, milliseconds, *lost)
        self._is_closed = True
        self._collect_until(self._barrier(), None)
        unknown, not_applied = lost
        return unknown[0], not_applied[0]

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

        def is_for_it(future: FutureCore) -> bool:
            return future._sink is sink

        def is_reached() -> bool:
            # With nothing outstanding nothing will come: somebody else was given it. But for what was pulled and is just being told.
            return bool(sink) or not (self._futures or any(map(is_for_it, self._untold)))

        return self._collect_until(is_reached, timeout, is_for_it)

    def _server(self) -> ServerFields | None:
        """What the server said of itself: the arguments of ServerInfo."""
        return server_fields(lib.oxp_pool_server, self._opened())

    def _next_events(self, sink: deque[Any], milliseconds: int | None, /) -> None:
        """Waits for events, at most so long, and appends them to a deque."""
        timeout = (FOREVER if milliseconds is None else milliseconds,)
        handle, decoding = self._opened(), self._codec.decoding
        take_events(lib.oxp_pool_next_events, handle, timeout, sink, decoding)

    def _opened(self) -> Any:
        self._enter()
        return self._handle.raw

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
        for future in list(self._untold):
            future._decide(future._becomes, future._value)
        # Last: if a signal handler raises before, all of it is done again.
        self._begin()

    def _begin(self) -> None:
        self._completions = Completions(self._codec.decoding)
        #: Guards everything below, and submissions, so that numbers are in the order of the queue.
        self._lock = RLock()
        self._turns = Turns(self._lock)
        #: What is outstanding: a submission is in here if and only if the library has it.
        self._futures: dict[int, FutureCore] = {}
        #: Those that are watched, and those that are decided, but their watchers are to be told: the thread that is about it, or 0.
        self._watched: dict[int, FutureCore] = {}
        self._untold: dict[FutureCore, int] = {}
        self._tally = 0, 0, None
        self._unpulled = 0  # submissions since the last look
        self._has_thread = False
        self._generation = Forks.count

    # -- submitting ------------------------------------------------------------------------------------------

    def _read(self, args: tuple[Any, ...]) -> tuple[Callback | None, Sequence[str]]:
        self._enter()
        callback, _, command, _ = self._codec.read(args)
        return callback, command

    def _submit(
        self, callback: Callback | None, command: Sequence[str], waits: bool = True
    ) -> FutureCore | None:
        packed_command = self._handle.raw, *packed([command])
        future = self._new_future(callback)
        future._undecoded = undecoded_one(callback)

        def arguments(number: int) -> tuple[Any, ...]:
            return *packed_command, ffi.new("uint64_t[]", [number]), ffi.NULL

        return self._queue(future, lib.oxp_pool_try_submit_packed, arguments, waits)

    def _queue(
        self,
        future: FutureCore,
        submit: Callable[..., int],
        arguments: Callable[[int], tuple[Any, ...]],
        waits: bool = True,
    ) -> FutureCore | None:
        """While the queue is full, pulls what is done, so that even a single thread makes room for itself.

        `arguments` are those of `submit` for a submission under a number, but the last.
        """
        is_in = False

        def enter() -> bool:
            nonlocal is_in
            if not is_in:
                # A number is given once, whatever becomes of it.
                future._number = number = self._numbers
                self._numbers = number + 1
                then = self._futures.__setitem__, number, future
                is_in = checked(submit, *arguments(number), then=then) == lib.OXP_OK
            return is_in

        with self._lock:
            enter()
        if not is_in:
            self._collect_now()
            patience = self._wait_for_room if waits else 0
            if not self._collect_until(enter, patience, outcome=lib.OXP_OUTCOME_NOT_APPLIED):
                if not waits:
                    return None
                message = "the pool's queue stayed full for all of socket_timeout"
                raise hooks.call_error(lib.OXP_ERR_TIMEOUT, lib.OXP_OUTCOME_NOT_APPLIED, message)
        self._unpulled += 1
        if self._unpulled >= LOOK_EVERY:
            self._collect_now()
        return future

    def _cancel(self, future: FutureCore) -> bool:
        self._enter()
        _, cancelled_error, _ = hooks.load_futures()

        def retract() -> None:
            if future._phase == OUTSTANDING:
                arguments = self._handle.raw, future._number, ffi.NULL
                call_then(lib.oxp_pool_retract, arguments, setattr, future, "_becomes", CANCELLED)

        def settle() -> None:
            if future._becomes == CANCELLED and future._number in self._futures:
                self._turns.wake()
                self._settle(future, CANCELLED, cancelled_error())

        with self._lock:
            surely(retract, settle)
        self._publish()
        return future._becomes == CANCELLED

    def _new_future(self, callback: Callback | None) -> FutureCore:
        future: FutureCore = hooks.load_futures()[0]._made(self, callback)
        return future

    # -- collecting ------------------------------------------------------------------------------------------

    def _barrier(self) -> Callable[[], bool]:
        number = self._numbers
        return lambda: next(iter(self._futures), number) >= number

    def _collect_until(
        self,
        is_reached: Callable[[], bool],
        timeout: float | None,
        waits_for: Callable[[FutureCore], bool] | None = None,
        can_pull: Callable[[], bool] | None = None,
        outcome: int = lib.OXP_OUTCOME_NONE,
    ) -> bool:
        """Whether the goal was reached in time.

        `waits_for` tells which futures it is about: nothing is to be pulled for one of which all that is missing is that another
        thread tells its watchers. `outcome` is that of the command, if one waits for room.
        """

        def tellers() -> list[int]:
            if waits_for is None:
                return []
            return [
                teller
                for future, teller in self._untold.items()
                if future._phase == PULLED and waits_for(future)
            ]

        # As long as nobody lives, and not a number: no limit.
        try:
            deadline = None if timeout is None or not timeout < 9e9 else monotonic() + timeout
        except TypeError:
            kind = type(timeout).__name__
            raise TypeError(
                f"timeout is a {kind}; it must be a number of seconds, or None"
            ) from None
        while True:
            self._publish()
            with self._lock:
                if is_reached():
                    return True
            left = None if deadline is None else deadline - monotonic()
            if left is not None and left <= 0:
                return False
            with self._lock:
                is_mine = self._turns.is_mine() or get_ident() in tellers()
            if is_mine:
                message = "waiting for a pool from within its own work would never end"
                raise hooks.call_error(lib.OXP_ERR_BUSY, outcome, message)
            can_work = can_pull or (lambda: not tellers())
            if self._turns.step(is_reached, can_work, partial(self._pull, left), left):
                return True

    def _collect_now(self) -> None:
        """Takes what is there, unless somebody else is about to; does not wait."""
        self._unpulled = 0
        self._turns.step(lambda: False, lambda: True, lambda: self._pull(0), 0)
        self._publish()

    def _pull(self, seconds: float | None) -> None:
        """Decides the futures of one batch."""
        if self._resolve():  # a signal handler raised before everything in it was seen to
            return
        with self._lock:
            before = self._numbers
        wait = FOREVER if seconds is None else ceil(seconds * 1000)
        error = new_memory("oxp_error")
        status = self._completions.fill(lib.oxp_pool_next, self._handle.raw, wait, ffi.NULL, error)
        self._unpulled = 0
        if status == lib.OXP_OK:
            self._resolve()
        elif status == lib.OXP_DONE:
            self._resolve_lost(before, None)
        elif status not in (lib.OXP_AGAIN, lib.OXP_ERR_INTERRUPTED):
            self._resolve_lost(before, exception_of(status, error))
        check(status if status == lib.OXP_ERR_INTERRUPTED else lib.OXP_OK, error)

    def _resolve(self) -> bool:
        """Decides the futures of what the batch has; whether there were any left."""
        foreign: list[BaseException] = []
        any_left = False
        with self._lock:
            while (completion := self._completions.current) is not None:
                any_left = True
                future = self._futures.get(completion.token)
                if future is not None:
                    self._settle(future, *self._outcome(future, foreign))
                self._completions.advance()
        if foreign:
            raise foreign[0]
        return any_left

    def _outcome(
        self, future: FutureCore, foreign: list[BaseException]
    ) -> tuple[int, Any, list[Exception]]:
        """What the future of the current completion comes to: its phase, its value, and the failures to be counted."""
        told, own = attempt(lambda: self._completions.told(future._undecoded), foreign)
        if own is not None:
            return EXCEPTION, hooks.decode_error(own), []
        failure, replies, unreadable = told
        # The server did what it was told, whatever becomes of its reply.
        failures = [
            reply
            for place, reply in enumerate(replies)
            if isinstance(reply, Exception) and place not in unreadable
        ]
        if failure is not None:
            failures += [failure] * (future._commands - len(replies))
        if future._is_pipeline:
            if failure is None:
                return RAW, replies, failures
            failure.replies = replies
            return RAW, failure, failures
        value = replies[0] if failure is None else failure
        return (EXCEPTION if isinstance(value, Exception) else RAW), value, failures

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
        self, future: FutureCore, phase: int, value: Any, failures: list[Exception] | None = None
    ) -> None:
        """Decides a future, and counts it, unless it was cancelled.

        As long as it is in the table, all of this is to be done again: a signal handler may have raised in the middle.
        """
        succeeded, failed, first = self._tally
        if failures is not None:
            succeeded += future._commands - len(failures)
            failed += len(failures)
            first = first or next(iter(failures), None)
        if future._watched is None:
            future._decide(phase, value)
        elif future._phase == OUTSTANDING:
            # No calls in these lines: a signal handler cannot raise between them.
            future._value, future._becomes, future._phase = value, phase, PULLED
            self._untold[future] = 0
        self._watched.pop(future._number, None)
        # Nor in these.
        del self._futures[future._number]
        self._tally = succeeded, failed, first

    # -- telling watchers ------------------------------------------------------------------------------------

    def _observe(self, future: FutureCore, watch: Watch) -> None:
        """A future is being watched."""
        with self._lock:
            if future._watched is None:
                # No calls in these lines: a signal handler cannot raise between them.
                future._watched = watch
                if future._phase == OUTSTANDING:
                    self._watched[future._number] = future
                # That thread may be asleep, because there was nothing to be pulled for.
                self._turns.wake()

    def _look_after_watched(self) -> None:
        """Sees to it that somebody pulls what is watched."""
        if self._watched and not self._has_thread:
            self._start_collector()

    def _collect_observed(self) -> None:
        """Body of the thread for futures that are watched; not of two at a time."""
        with self._lock:
            if self._has_thread:
                return
            self._has_thread = True
        try:
            self._collect_until(self._nobody_watches, None, can_pull=lambda: bool(self._watched))
        except BaseException:
            self._has_thread = False
            raise

    def _nobody_watches(self) -> bool:
        # Decided under the lock together with the flag, so that the next watcher starts a new thread.
        if self._watched or self._untold:
            return False
        self._has_thread = False
        return True

    def _publish(self) -> None:
        """Tells the watchers of decided futures. Runs their callbacks.

        What those raise, beyond Exception, ends it for now; the rest is told by whoever comes next.
        """
        while self._untold and self._publish_one():
            pass

    def _publish_one(self) -> bool:
        future: FutureCore | None = None
        is_told = False

        def tell() -> bool:
            nonlocal future, is_told
            with self._lock:
                future = next((each for each, teller in self._untold.items() if not teller), None)
                if future is None:
                    return False
                self._untold[future] = get_ident()
            future._publish()
            is_told = True
            return True

        def leave() -> None:
            with self._lock:
                if future is None or future not in self._untold:
                    return
                # First: if a signal handler raises behind it, it is done again.
                self._turns.wake()
                if is_told:
                    del self._untold[future]
                else:
                    self._untold[future] = 0

        return surely(tell, leave)
