"""`Pool`: several connections to one server that work while their user does something else."""

from __future__ import annotations

import atexit
from _weakref import ref

from oxipipe import _backend
from oxipipe import _types as t
from oxipipe._arguments import checked, options_of
from oxipipe._configured import Configured, named_in
from oxipipe._counted import counted
from oxipipe._listening import Listening
from oxipipe.client import Lease
from oxipipe.commands._table import PoolCommands
from oxipipe.commands.untyped import split
from oxipipe.exceptions import ClosedError, RedisError

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any, TypeVar, overload

    from oxipipe.futures import Future
    from oxipipe.typing import T

    _Decoded = TypeVar("_Decoded", bound="Pool[str]")
else:
    T = None


class Lost:
    """What a pool had to give up when it was closed: numbers of submissions, a pipeline being one; false if there are none."""

    __slots__ = ("not_applied", "unknown")

    def __init__(self, not_applied: int, unknown: int) -> None:
        #: The server has certainly not executed any of it.
        self.not_applied = not_applied
        #: Sent, at least in part, but not answered.
        self.unknown = unknown

    def __bool__(self) -> bool:
        return bool(self.not_applied or self.unknown)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Lost):
            return NotImplemented
        return (self.not_applied, self.unknown) == (other.not_applied, other.unknown)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Lost(not_applied={self.not_applied}, unknown={self.unknown})"


class Pool(Configured, Listening, _backend.PoolCore, PoolCommands[T]):
    """Connections to one server that are fed and read by a thread of the library's own.

    Every command method, and `submit` for any command, queues its command and returns a `Future` at once. The arguments
    are those of `Redis`, and:

    * `connections`: how many, 10 by default; a command goes to one that has least to do;
    * `key_affinity`: commands with the same (first) key go to the same connection, so they are executed in the order of
      submission; otherwise nothing is said about the order in which commands of different connections are executed;
    * `ordered`: futures are done in the order of submission, instead of as the replies come;
    * `queue_commands`, `queue_bytes`: bounds on what is submitted and not yet answered, 10,000 and 64 MiB if they are None or
      0. At a bound, `submit` waits, at most `socket_timeout`; then it raises a `TimeoutError` and nothing was queued;
    * `grace`: seconds that closing waits for what is outstanding, see `close`.

    `socket_timeout` is the time of each command from its submission. A command of a future that nobody keeps is executed
    all the same, its reply thrown away; if it fails, `flush` says so.

    Any number of threads may use a pool. A `with` block closes it at the end. After a fork, the child's use of it makes
    new connections; futures of the parent fail there with a `ForkedError`.
    """

    if TYPE_CHECKING:
        # `decode_responses` decides what text in replies is. (A type checker is told nothing else about it than by these.)
        @overload
        def __init__(
            self: Pool[bytes],
            host: str | None = "localhost",
            port: int | str = 6379,
            *args: t.Any,
            decode_responses: t.Literal[False] | None = False,
            **options: t.Unpack[t.PoolOptions],
        ) -> None: ...
        @overload
        def __init__(
            self: Pool[str],
            host: str | None = "localhost",
            port: int | str = 6379,
            *args: t.Any,
            decode_responses: t.Literal[True],
            **options: t.Unpack[t.PoolOptions],
        ) -> None: ...
        @overload
        def __init__(
            self: Pool[t.Any],
            host: str | None = "localhost",
            port: int | str = 6379,
            *args: t.Any,
            decode_responses: bool | None,
            **options: t.Unpack[t.PoolOptions],
        ) -> None: ...
        def __init__(self, *args: t.Any, **options: t.Any) -> None: ...

        # A class that says what text is, such as `Pool[str]` or one that derives from it, stays what it is.
        @overload  # type: ignore[override]
        @classmethod
        def from_url(
            cls: type[_Decoded],
            url: str,
            *,
            host: str | None = None,
            port: int | str = 6379,
            decode_responses: bool | None = None,
            **options: t.Unpack[t.PoolOptions],
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
            **options: t.Unpack[t.PoolOptions],
        ) -> Pool[str]: ...
        @overload
        @classmethod
        def from_url(
            cls,
            url: str,
            *,
            host: str | None = None,
            port: int | str = 6379,
            decode_responses: t.Literal[False] | None = False,
            **options: t.Unpack[t.PoolOptions],
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
            **options: t.Unpack[t.PoolOptions],
        ) -> Pool[t.Any]: ...
        @classmethod
        def from_url(cls, url: str, **options: t.Any) -> t.Any: ...

        def submit(self, *args: t.Any) -> t.Future[t.Any]: ...
        def try_submit(self, *args: t.Any) -> t.Future[t.Any] | None: ...
    else:

        def __init__(
            self,
            host: str | None = "localhost",
            port: int | str = 6379,
            *,
            connections: int | str = 10,
            key_affinity: bool | None = None,
            ordered: bool | None = None,
            queue_commands: int | str | None = None,
            queue_bytes: int | str | None = None,
            grace: float | str = 5.0,
            **options: t.Any,
        ) -> None:
            self._keep(connections, key_affinity, ordered, queue_commands, queue_bytes, grace)
            super().__init__(host, port, **options)

    def _start_url(
        self,
        url: str,
        *args: t.Any,
        connections: int | str = 10,
        key_affinity: bool | None = None,
        ordered: bool | None = None,
        queue_commands: int | str | None = None,
        queue_bytes: int | str | None = None,
        grace: float | str = 5.0,
        **options: t.Any,
    ) -> None:
        self._keep(connections, key_affinity, ordered, queue_commands, queue_bytes, grace)
        for name in named_in(url):
            self._pool_options.pop(name, None)
        super()._start_url(url, *args, **options)

    @classmethod
    def _for_client(cls, options: dict[str, t.Any], address: str, connections: int = 1) -> t.Self:
        """A pool with the options that a `Redis` was made with."""
        pool = cls.__new__(cls)
        pool._keep(connections, None, None, None, None, 5.0)
        pool._address, pool._given = address, options
        pool._open(options)
        return pool

    def _keep(
        self,
        connections: int | str,
        key_affinity: bool | None,
        ordered: bool | None,
        queue_commands: int | str | None,
        queue_bytes: int | str | None,
        grace: float | str,
    ) -> None:
        self.connections: int = checked("connections", connections)
        self._grace_ms: int = checked("grace", grace)
        # Not with the first submission: after a fork in another thread the child would wait for that import's end.
        import oxipipe.futures  # noqa: F401

        self._pool_options = options_of(
            {
                "key_affinity": key_affinity,
                "ordered": ordered,
                "queue_commands": queue_commands,
                "queue_bytes": queue_bytes,
            }
        )

    def _open(self, options: dict[str, t.Any]) -> None:  # type: ignore[override]
        seconds = options.get("socket_timeout")
        patience = _timeout_of(options["url"]) if seconds is None else float(seconds) or None
        _backend.PoolCore._open(self, {**options, **self._pool_options}, self.connections, patience)
        key = id(self)
        _open_pools[key] = ref(self, lambda _dead: _open_pools.pop(key, None))

    def connect(self) -> t.Self:
        """Opens all connections now, to find out whether that works, and returns the pool."""
        self._connect()
        return self

    def lease(self) -> Lease[t.T]:
        """A client with a connection of its own, which waits for its replies: see `Redis.lease`. `close` closes it, too."""
        made: Lease[T] = Lease._of(self)
        return made

    def execute_command(self, *args: t.Any) -> t.Future[t.Any]:
        """As `submit`; and as in redis-py, "CONFIG GET" in one argument is two words."""
        future: Future[Any] = self.command(*split(args))
        return future

    def pipeline(self, transaction: bool = False) -> t.PoolPipeline:
        """A `PoolPipeline`, whose `execute` submits its commands together; one transaction if told so."""
        from oxipipe.pool_pipeline import PoolPipeline

        return PoolPipeline(self, transaction)

    def flush(self, timeout: float | None = None) -> int:
        """Waits until everything submitted so far is answered, and returns how many commands succeeded since the last flush.

        If some failed, the first failure is raised; its `failed` and `succeeded` say how many did. If `timeout` seconds are
        not enough, a `TimeoutError` is raised, and nothing is lost: the commands go on.
        """
        result = self._flush(timeout)
        if result is None:
            count = self.outstanding
            have = "has" if count == 1 else "have"
            raise _timed_out(f"{counted(count, 'command')} {have} not been answered")
        succeeded, failed, first = result
        if first is None:
            return succeeded
        if isinstance(first, RedisError):
            first.failed, first.succeeded = failed, succeeded
        raise first

    def completed(
        self, futures: t.Iterable[t.Future[t.Any]] | None = None, timeout: float | None = None
    ) -> t.Iterator[t.Future[t.Any]]:
        """The given futures of this pool (default: all that are outstanding) when they are done, each once.

        As they come, or in the order of submission if the pool is `ordered`. `timeout` is for the next one each time;
        a `TimeoutError` tells that it was not enough. A future can be in one such iteration at a time.
        """
        done: list[Future[Any]] = []
        if futures is None:
            missing = self._deliver_to(done)
        else:
            each = dict.fromkeys(futures)
            if any(future.pool not in (None, self) for future in each):
                raise ValueError("a future of another pool")
            for future in each:
                future._deliver_to(done)
            missing = len(each)
        while missing > 0:
            if not done and not self._wait_for(done, timeout):
                are = "is" if missing == 1 else "are"
                raise _timed_out(f"{counted(missing, 'future')} {are} not done")
            if not done:
                raise RuntimeError(
                    "another iteration was given the futures that this one waited for"
                )
            ready = done[:]
            del done[: len(ready)]
            missing -= len(ready)
            yield from ready

    def close(self, grace: float | None = None) -> Lost:
        """Closes the pool for good: takes no more commands, waits up to `grace` seconds for those outstanding.

        What is not answered by then is given up: the futures fail with a `ClosedError` whose `outcome` says whether the
        command was sent ("UNKNOWN") or not ("NOT_APPLIED"), and the result counts them. `grace=0` does not wait.
        """
        if isinstance(
            grace, str
        ):  # of methods, only that of the constructor comes from an environment
            raise TypeError("grace is a str; it must be a number of seconds, or None")
        milliseconds = self._grace_ms if grace is None else checked("grace", grace)
        _open_pools.pop(id(self), None)
        unknown, not_applied = self._close(milliseconds)
        return Lost(not_applied, unknown)

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, kind: object, *_exception: object) -> None:
        lost = self.close()
        if lost and kind is None:
            error = ClosedError(f"the pool was closed before it could finish: {lost}")
            error.outcome = "UNKNOWN" if lost.unknown else "NOT_APPLIED"
            error.unknown, error.not_applied = lost.unknown, lost.not_applied
            raise error

    def __del__(self) -> None:
        try:
            outstanding = 0 if self.closed else self.outstanding
        except Exception:  # not even opened
            return
        if outstanding:
            import warnings

            warnings.warn(
                f"{self!r} was dropped with {counted(outstanding, 'command')} outstanding: close it, or flush",
                ResourceWarning,
                stacklevel=1,
            )

    def _start_collector(self) -> None:
        from threading import Thread

        Thread(target=self._collect, name="oxipipe-futures", daemon=True).start()

    def _collect(self) -> None:
        """Body of the thread for futures that are watched. It outlives what a callback raises: others wait, too."""
        while True:
            try:
                self._collect_observed()
            except BaseException:
                from logging import getLogger

                message = "exception in the thread for callbacks of %r"
                getLogger("concurrent.futures").critical(message, self, exc_info=True)
            else:
                return


def _timed_out(message: str) -> RedisError:
    from oxipipe.futures import FutureTimeoutError

    return FutureTimeoutError(message)


def _timeout_of(url: str) -> float | None:
    """The socket_timeout that a URL asks for."""
    for option in url.partition("?")[2].split("&"):
        name, _, value = option.partition("=")
        if name in ("socket_timeout", "timeout"):
            from urllib.parse import unquote

            try:
                return float(unquote(value)) or None
            except ValueError:
                break  # the library will say so
    return 5.0


@atexit.register
def _close_all() -> None:
    """What was submitted and not waited for has some time left before the process ends."""
    for weak in list(_open_pools.values()):
        pool = weak()
        if pool is not None and not pool.closed:
            pool.close()


_open_pools: dict[int, ref[Pool[Any]]] = {}
