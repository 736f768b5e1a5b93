"""`Future`: the reply to a command of a pool, before it is there. Imported when the first one is made."""

from __future__ import annotations

import builtins
import concurrent.futures
from concurrent.futures import _base
from threading import Condition
from typing import TYPE_CHECKING, TypeVar

from oxipipe import _backend, exceptions
from oxipipe import _types as t

if TYPE_CHECKING:
    from oxipipe.pool import Pool

    class _Core: ...

else:
    _Core = _backend.FutureCore

_T = TypeVar("_T")


class FutureCancelledError(exceptions.CancelledError, concurrent.futures.CancelledError):
    """The command of this future was taken back before any of it was sent."""

    outcome = "NOT_APPLIED"


class FutureTimeoutError(exceptions.TimeoutError, builtins.TimeoutError):  # type: ignore[misc]
    """The future was not done in time. Its command goes on, and its connection is as good as before."""


class Future(_Core, concurrent.futures.Future[_T]):
    """The reply to one command (or pipeline) of a pool; a `concurrent.futures.Future`.

    Replies wait in the library until somebody asks: `result` and `exception` collect whatever has arrived, for all
    futures of the pool, and run no other thread. Only callbacks (`add_done_callback`, and with it `asyncio.wrap_future`)
    and `concurrent.futures.wait` and `as_completed` need a thread that looks for replies; the pool starts one when it
    is needed and ends it when it is not. Callbacks run there, or in a thread that is waiting for this pool.

    `cancel` works as long as nothing of the command was sent: then it will never be executed. A command that is under
    way cannot be cancelled: `cancel` returns False, and the reply comes as if nothing had happened. To stop waiting for
    it, use `result(timeout)`: the timeout concerns the wait alone.

    Only the pool makes futures and decides them.
    """

    #: Its watchers have been told, at least in part.
    _is_published = False

    if TYPE_CHECKING:
        _pool: Pool | None

        def _watch(self) -> tuple[Condition, list[t.Any], list[t.Any]]: ...
        def _settle(self) -> None: ...
        def _deliver_to(self, sink: list[t.Any], /) -> None: ...
        @classmethod
        def _made(cls, pool: t.Any, callback: t.Any) -> t.Any: ...

    else:
        _condition = property(lambda self: self._watch()[0])
        _waiters = property(lambda self: self._watch()[1])
        _done_callbacks = property(lambda self: self._watch()[2])
        _state = property(
            lambda self: (
                _base.RUNNING
                if not self.done()
                else _base.CANCELLED_AND_NOTIFIED
                if self.cancelled()
                else _base.FINISHED
            )
        )
        _result = property(lambda self: self.result() if self._exception is None else None)

        @property
        def _exception(self):
            return None if not self.done() or self.cancelled() else self.exception()

    def running(self) -> bool:
        """Whether it is not done: what was submitted is on its way."""
        return not self.done()

    def add_done_callback(self, fn: t.Callable[[concurrent.futures.Future[_T]], object]) -> None:
        """Calls `fn` with the future when it is done, at once if it is. What `fn` raises is logged."""
        if not self.done():
            super().add_done_callback(fn)
            return
        try:
            fn(self)
        except Exception:
            _base.LOGGER.exception("exception calling callback for %r", self)

    @property
    def pool(self) -> t.Pool | None:
        """The pool that works on it, None once it is done."""
        return self._pool

    @property
    def outcome(self) -> str | None:
        """What became of a command without a result, as `outcome` of the exceptions; None if there is one, or no end."""
        if not self.done():
            return None
        error = FutureCancelledError if self.cancelled() else self.exception()
        return getattr(error, "outcome", None)

    def set_running_or_notify_cancel(self) -> t.NoReturn:
        """Not for users: raises RuntimeError."""
        raise RuntimeError("only the pool decides its futures")

    def set_result(self, result: _T) -> t.NoReturn:
        """Not for users: raises RuntimeError."""
        raise RuntimeError("only the pool decides its futures")

    def set_exception(self, exception: BaseException | None) -> t.NoReturn:
        """Not for users: raises RuntimeError."""
        raise RuntimeError("only the pool decides its futures")

    def __repr__(self) -> str:
        what = "cancelled" if self.cancelled() else "done" if self.done() else "running"
        return f"<{type(self).__module__}.{type(self).__qualname__} at {id(self):#x} {what}>"

    def _publish(self) -> None:
        """Settles the future and tells those who watch it, as one, then runs the callbacks.

        If something beyond Exception is raised meanwhile, by a callback or a signal handler, the pool calls it again.
        """
        condition, waiters, callbacks = self._watch()
        again, self._is_published = self._is_published, True
        # The lock itself: a signal handler may raise within the condition's own way to it, and leave it locked for ever.
        with condition._lock:  # type: ignore[attr-defined]
            self._settle()
            for waiter in waiters:
                if again and self in waiter.finished_futures:
                    continue
                if self.cancelled():
                    waiter.add_cancelled(self)
                elif self._exception is not None:
                    waiter.add_exception(self)
                else:
                    waiter.add_result(self)
            condition.notify_all()
        # From here on the future is done, and no callback is added to these.
        while callbacks:
            callback = callbacks.pop(0)
            try:
                callback(self)
            except Exception:
                _base.LOGGER.exception("exception calling callback for %r", self)

    @staticmethod
    def _new_watch() -> tuple[Condition, list[t.Any], list[t.Any]]:
        return Condition(), [], []


def cancelled_error() -> FutureCancelledError:
    return FutureCancelledError("the command was cancelled before it was sent")


def timeout_error() -> FutureTimeoutError:
    return FutureTimeoutError("the future is not done")
