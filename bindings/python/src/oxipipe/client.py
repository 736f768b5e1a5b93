"""`Redis`: one server, as redis-py presents it."""

from __future__ import annotations

from oxipipe import _backend
from oxipipe import _types as t
from oxipipe._configured import Configured
from oxipipe._leased import lease_class, lost_lease
from oxipipe._listening import Listening
from oxipipe.commands._table import Commands
from oxipipe.commands.iterations import Iterations
from oxipipe.exceptions import ClosedError, RefusedError
from oxipipe.pipeline import Pipeline

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any, TypeVar, overload

    from oxipipe.futures import Future
    from oxipipe.locks import Lock
    from oxipipe.pool import Pool
    from oxipipe.typing import T

    _Decoded = TypeVar("_Decoded", bound="Redis[str]")
else:
    T = None


class Redis(Configured, Listening, _backend.ClientCore, Iterations[T], Commands[T]):
    """A client of one server. It connects when it is first used, and again after a failure.

    The arguments are redis-py's. Times are in seconds, None is no limit. `socket_timeout` is the time
    for one whole call, a pipeline's `execute` included. Different from redis-py's or new:

    * `protocol`: 3 (falls back to 2 by itself) or 2;
    * `spin_us`: how long a wait polls the socket before it sleeps, in microseconds; 0: sleep at once;
    * `eager_bytes`: a pipeline starts to send when this much is waiting, or 64 commands; 0: only at `execute`;
    * `retry_reads`: send commands that only read again after a lost connection;
    * `fail_fast`: fail at once while a server that was there before cannot be reached, instead of waiting for its return;
    * `event_bytes`: about how many bytes of events may wait on each connection to be taken, 1 MiB by default;
    * `event_overflow`: what happens to more: "drop_oldest" (the default), or "stop_reading", replies included.

    Any number of threads may use one client. A `with` block closes it at the end.
    """

    if TYPE_CHECKING:
        # `decode_responses` decides what text in replies is. (A type checker is told nothing else about it than by these.)
        @overload
        def __init__(
            self: Redis[bytes],
            host: str | None = "localhost",
            port: int | str = 6379,
            *args: t.Any,
            decode_responses: t.Literal[False] | None = False,
            **options: t.Unpack[t.ClientOptions],
        ) -> None: ...
        @overload
        def __init__(
            self: Redis[str],
            host: str | None = "localhost",
            port: int | str = 6379,
            *args: t.Any,
            decode_responses: t.Literal[True],
            **options: t.Unpack[t.ClientOptions],
        ) -> None: ...
        @overload
        def __init__(
            self: Redis[t.Any],
            host: str | None = "localhost",
            port: int | str = 6379,
            *args: t.Any,
            decode_responses: bool | None,
            **options: t.Unpack[t.ClientOptions],
        ) -> None: ...
        def __init__(self, *args: t.Any, **options: t.Any) -> None: ...

        # A class that says what text is, such as `Redis[str]` or one that derives from it, stays what it is.
        @overload  # type: ignore[override]
        @classmethod
        def from_url(
            cls: type[_Decoded],
            url: str,
            *,
            host: str | None = None,
            port: int | str = 6379,
            decode_responses: bool | None = None,
            **options: t.Unpack[t.ClientOptions],
        ) -> _Decoded: ...
        @overload
        @classmethod
        def from_url(
            cls,
            url: str,
            *,
            host: str | None = None,
            port: int | str = 6379,
            decode_responses: t.Literal[True],
            **options: t.Unpack[t.ClientOptions],
        ) -> Redis[str]: ...
        @overload
        @classmethod
        def from_url(
            cls,
            url: str,
            *,
            host: str | None = None,
            port: int | str = 6379,
            decode_responses: t.Literal[False] | None = False,
            **options: t.Unpack[t.ClientOptions],
        ) -> t.Self: ...
        @overload
        @classmethod
        def from_url(
            cls,
            url: str,
            *,
            host: str | None = None,
            port: int | str = 6379,
            decode_responses: bool | None,
            **options: t.Unpack[t.ClientOptions],
        ) -> Redis[t.Any]: ...
        @classmethod
        def from_url(cls, url: str, **options: t.Any) -> t.Any: ...

    #: What `submit` uses, from its first call on.
    _submissions: t.Pool[t.T] | None = None
    #: The class of this class' leases, once there was one.
    _leases: type[Lease[t.T]]

    def submit(self, *args: t.Any) -> t.Future[t.Any]:
        """Starts to send a command at once, and returns the `Future` of its reply, in the shape of that command.

        These commands have a connection of their own, made with the first one, so they do not wait for other calls and
        nothing waits for them. They are executed in the order of submission. Submissions of several clients work in
        parallel. `close` waits for them, up to 5 seconds.
        """
        future: Future[Any] = (self._submissions or self._start_submissions()).submit(*args)
        return future

    def _start_submissions(self) -> t.Pool[t.T]:
        from oxipipe.pool import Pool

        if self.closed:
            raise ClosedError("the client is closed")
        made = Pool._for_client(self._given, self._address)
        made._use(self._hooks)
        # Of two threads that get here at once, both go on with the same one.
        pool: Pool[T] = self.__dict__.setdefault("_submissions", made)
        if self.closed:  # meanwhile, by a thread that saw no pool
            pool.close()
            raise ClosedError("the client is closed")
        return pool

    def close(self) -> None:
        """Closes the connection for good. Calls that wait in other threads end with an error.

        What was submitted by `submit` is waited for first, up to 5 seconds.
        """
        try:
            if self._submissions is not None:
                self._submissions.close()
        finally:
            super().close()
            late = self._submissions
            if late is not None and not late.closed:  # made by another thread meanwhile
                late.close()

    def connect(self) -> t.Self:
        """Connects now, to find out whether that works, and returns the client."""
        self._connect()
        return self

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """A `Pipeline` that gathers commands for this client; one transaction unless told otherwise."""
        return Pipeline(self, transaction, shard_hint)

    def lock(
        self,
        name: t.KeyT,
        timeout: float | None = None,
        sleep: float = 0.1,
        blocking: bool = True,
        blocking_timeout: float | None = None,
        lock_class: type[t.Any] | None = None,
        thread_local: bool = True,
        raise_on_release_error: bool = True,
        *,
        renew: bool = False,
    ) -> t.Lock:
        """A lock on the server under the key `name`: a `Lock` to acquire and release, or to use in a `with` block.

        * `timeout`: seconds until it is given up by itself; None: not before it is released;
        * `sleep`: seconds between attempts to acquire it;
        * `blocking`, `blocking_timeout`: whether to wait for it, and how many seconds at most;
        * `lock_class`: what to make instead, with the same arguments;
        * `thread_local`: whether each thread that uses the object has a lock of its own;
        * `raise_on_release_error`: whether a `with` block raises if the lock is not held at its end, instead of logging that;
        * `renew`: whether it is extended at each third of its `timeout` for as long as it is held; see `Lock.lost`.
        """
        from oxipipe.locks import Lock

        options = {"renew": renew} if renew or lock_class is None else {}
        made: Lock = (lock_class or Lock)(
            self,
            name,
            timeout=timeout,
            sleep=sleep,
            blocking=blocking,
            blocking_timeout=blocking_timeout,
            thread_local=thread_local,
            raise_on_release_error=raise_on_release_error,
            **options,
        )
        return made

    def lease(self) -> Lease[t.T]:
        """A client with a connection of its own, for what would change a shared one: WATCH, MULTI, SELECT and the like.

            with r.lease() as mine:
                mine.command("WATCH", "stock")
                ...

        What has more or fewer replies than one is possible as well. SUBSCRIBE and its kin return a list of their confirmations,
        such as `[[b"subscribe", b"news", 1]]`; messages and the lines of MONITOR come with `next_event` and `events`. CLIENT
        REPLY OFF and SKIP, and the commands that they silence, return None. Only replication (SYNC, PSYNC, REPLCONF) is
        refused here, too, and so is `submit`, which has a connection of its own.

        It connects before it returns, and raises as `connect` does. The connection is not made again when it is lost, because
        what was set on it would be lost silently: calls then raise `ConnectionError` with the outcome NOT_APPLIED. At the end of
        the `with` block, or by `close`, it is closed, whatever was done with it; closing this client closes it, too. Any number
        of threads may use it.

        The lease of a subclass is one of that subclass as well, with the same attributes; `__init__` is not called for it. No
        type can say "both": what the subclass adds is seen by type checkers behind `assert isinstance(mine, ThatClass)`.
        """
        made: Lease[T] = lease_class(type(self), Lease)._of(self)
        return made

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


class Lease(Redis[T]):
    """A `Redis` with a connection of its own: what `lease` of clients and pools returns."""

    @classmethod
    def _of(cls, lender: t.Any) -> t.Any:
        lease = cls.__new__(cls)
        if cls is not Lease:
            # What the subclass has given itself; not what belongs to the client and its connection.
            own = ("_inbox", "_submissions")
            vars(lease).update((k, v) for k, v in vars(lender).items() if k not in own)
        lease._address, lease._given = lender._address, lender._given
        lease._open_lease(lender)
        lease._use(lender._hooks)
        return lease

    def fileno(self) -> int:
        """The descriptor of the socket, for `select`, `selectors` and event loops that want to know when there may be events.

        Take events with `next_event(0)` until it returns None, and only then wait for the descriptor to be readable; do that
        behind a command on this lease as well, because what its wait has received may have been events. The descriptor is
        not to be read, written or closed.

        Raises a `ClosedError` when the lease is closed, and a `ConnectionError` when its connection is lost.
        """
        descriptor = self._descriptor()
        if descriptor >= 0:
            return descriptor
        if not self.closed:
            raise lost_lease()
        error = ClosedError("the lease is closed")
        error.outcome = None
        raise error

    def _start_submissions(self) -> t.Pool[t.T]:
        if self.closed:
            raise ClosedError("the client is closed")
        raise RefusedError(
            "submit is refused on a lease: it would use another connection; submit through the client"
        )


#: redis-py's other name for the same class.
StrictRedis = Redis


if TYPE_CHECKING:

    @overload
    def from_url(
        url: str,
        *,
        host: str | None = None,
        port: int | str = 6379,
        decode_responses: t.Literal[True],
        **options: t.Unpack[t.ClientOptions],
    ) -> Redis[str]: ...
    @overload
    def from_url(
        url: str,
        *,
        host: str | None = None,
        port: int | str = 6379,
        decode_responses: t.Literal[False] | None = False,
        **options: t.Unpack[t.ClientOptions],
    ) -> Redis[bytes]: ...
    @overload
    def from_url(
        url: str,
        *,
        host: str | None = None,
        port: int | str = 6379,
        decode_responses: bool | None,
        **options: t.Unpack[t.ClientOptions],
    ) -> Redis[t.Any]: ...


def from_url(url: str, **kwargs: t.Any) -> Redis[t.Any]:
    """`Redis.from_url`."""
    return Redis.from_url(url, **kwargs)
