"""The base of `Future` for the cffi backend. `_fast` has the same in C."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NoReturn, Self

from oxipipe._core.cffi.hooks import hooks
from oxipipe._core.interface import Callback, Watch

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from oxipipe._core.cffi.pool import PoolCore

OUTSTANDING = 0  #: with the library
PULLED = 1  #: decided, but those who watch it have to be told before anybody else
RAW = 2  #: done; the value is a reply that the callback has yet to shape
VALUE = 3
EXCEPTION = 4
CANCELLED = 5


class FutureCore:
    """The reply to one submission; made by its pool, and guarded by the pool's lock until it is done."""

    #: The pool, until the future is done.
    _pool: PoolCore | None = None
    _phase = OUTSTANDING
    _becomes = OUTSTANDING
    _callback: Callback | None = None
    _value: Any = None
    #: What the callback made of the reply, and the phase that comes with it.
    _shaped: tuple[Any, int] | None = None
    _watched: Watch | None = None  # once somebody looks
    _sink: list[Any] | None = None
    _commands = 1
    _is_pipeline = False
    #: The places of replies that nobody decodes.
    _undecoded: Collection[int] = ()
    _number = -1

    if TYPE_CHECKING:

        @staticmethod
        def _new_watch() -> Watch: ...
        def _publish(self) -> None: ...

    def __new__(cls) -> NoReturn:
        raise TypeError(f"cannot create {cls.__name__!r} instances: pools do")

    @classmethod
    def _made(cls, pool: PoolCore, callback: Callback | None) -> Self:
        future = object.__new__(cls)
        future._pool, future._callback = pool, callback
        return future

    def result(self, timeout: float | None = None) -> Any:
        """Waits for the reply, at most `timeout` seconds, and returns it or raises what came instead."""
        self._wait(timeout)
        if self._phase == VALUE:
            return self._value
        raise self._value

    def exception(self, timeout: float | None = None) -> Any:
        """Waits for the reply, at most `timeout` seconds, and returns the exception that came instead, or None."""
        self._wait(timeout)
        if self._phase == CANCELLED:
            raise self._value
        return self._value if self._phase == EXCEPTION else None

    def done(self) -> bool:
        """Whether there is a reply, an exception, or a cancellation."""
        return self._phase > PULLED

    def cancelled(self) -> bool:
        """Whether `cancel` took the command back."""
        return self._phase == CANCELLED

    def cancel(self) -> bool:
        """Takes the command back if nothing of it was sent; whether that worked."""
        pool = self._pool
        if pool is None or self._phase != OUTSTANDING:
            return self._phase == CANCELLED
        return pool._cancel(self)

    def _wait(self, timeout: float | None) -> None:
        pool = self._pool
        if pool is not None and self._phase <= PULLED:
            pool._enter()
            if not pool._collect_until(self.done, timeout, lambda future: future is self):
                _, _, timeout_error = hooks.load_futures()
                raise timeout_error()
        self._shape()

    def _shape(self) -> None:
        """The callback runs when somebody asks: a reply that nobody looks at costs nothing more."""
        if self._phase != RAW:
            return
        callback, value, phase = self._callback, self._value, VALUE
        # Looked for behind the two above: while it is not there, they are as the reply came.
        shaped = self._shaped
        if shaped is None:
            try:
                value = callback(value) if callback is not None else value
            except Exception as error:
                value, phase = error, EXCEPTION
            # Of threads that ask at the same time, all go on with what the first one made.
            shaped = self.__dict__.setdefault("_shaped", (value, phase))
        self._value, self._phase = shaped
        self._callback = None

    def _watch(self) -> Watch:
        """What concurrent.futures reaches for, to wait for futures without asking them."""
        pool = self._pool
        if pool is not None:
            pool._enter()
        if self._watched is None:
            watch = self._new_watch()
            if pool is None:
                self._watched = self._watched or watch
            else:
                pool._observe(self, watch)
        if pool is not None and self._phase == OUTSTANDING:
            # Each time, in case that a signal handler raised while the thread was started.
            pool._look_after_watched()
        assert self._watched is not None
        return self._watched

    def _settle(self) -> None:
        """From PULLED to what it becomes; called with the condition held."""
        pool = self._pool
        if pool is not None:
            with pool._lock:
                if self._phase == PULLED:
                    self._decide(self._becomes, self._value)
                    pool._turns.wake()
        self._shape()

    def _decide(self, phase: int, value: Any) -> None:
        """Once; a second time it only finishes what a signal handler may have ended in the middle."""
        # No calls in these lines: a signal handler cannot raise between them.
        if self._phase <= PULLED:
            self._value = value
            self._phase = phase
        sink, self._sink = self._sink, None
        if sink is not None:
            sink += (self,)
        self._pool = None

    def _deliver_to(self, sink: list[Any]) -> None:
        """Has the future put into `sink` when it is done; at once if it is."""
        pool = self._pool
        if pool is not None:
            with pool._lock:
                if self._phase <= PULLED:
                    self._sink = sink
                    return
        sink.append(self)
