"""`Redis` for asyncio: the same client, whose calls are futures."""

from __future__ import annotations

from asyncio import get_running_loop
from contextlib import suppress
from typing import TYPE_CHECKING

from oxipipe import _types as t
from oxipipe._arguments import options_of
from oxipipe._configured import Configured, named_in
from oxipipe._core.loop import AsyncCore
from oxipipe._leased import lease_class
from oxipipe.asyncio._binding import Binding
from oxipipe.asyncio._coroutines import Coroutines
from oxipipe.asyncio._iterations import Iterations
from oxipipe.asyncio._nothing import NOTHING
from oxipipe.asyncio.pipeline import Pipeline
from oxipipe.commands._table import AsyncCommands
from oxipipe.event import seconds
from oxipipe.exceptions import ClosedError, ResponseError

if TYPE_CHECKING:
    from typing import TypeVar, overload

    from oxipipe._core.interface import ServerFields
    from oxipipe.asyncio.locks import Lock
    from oxipipe.typing import T

    _Decoded = TypeVar("_Decoded", bound="Redis[str]")
else:
    T = None


class Redis(Configured, AsyncCore, Iterations[T], AsyncCommands[T]):
    """A client of one server for coroutines. It connects when it is first used, and again after a failure.

    The arguments and the commands are those of `oxipipe.Redis`. A call queues its command at once and returns an
    `asyncio.Future`: await it now, later, several times, or never. The commands of one turn of the loop leave
    together, and all tasks share one connection; commands that block at the server get connections of their own.

    A future may be cancelled at any time. A command that has not left then never leaves; the reply to one that has
    is thrown away when it comes, and disturbs nobody.

    `coro` has the same calls as coroutines, for `asyncio.create_task` and `TaskGroup`.

    A client may be used in several loops, one after another or at the same time in several threads: it has a
    connection in each. `async with` closes it at the end, which fails the calls that are still waiting. The next call after
    that connects again.
    """

    _bindings: dict[int, Binding]
    _is_lease = False
    #: The class of this class' leases, once there was one.
    _leases: type[Lease[t.T]]

    if TYPE_CHECKING:

        def _binding(self) -> Binding: ...

    if TYPE_CHECKING:
        # `decode_responses` decides what text in replies is. (A type checker is told nothing else about it than by these.)
        @overload
        def __init__(
            self: Redis[bytes],
            host: str | None = "localhost",
            port: int | str = 6379,
            *args: t.Any,
            decode_responses: t.Literal[False] | None = False,
            **options: t.Unpack[t.QueueOptions],
        ) -> None: ...
        @overload
        def __init__(
            self: Redis[str],
            host: str | None = "localhost",
            port: int | str = 6379,
            *args: t.Any,
            decode_responses: t.Literal[True],
            **options: t.Unpack[t.QueueOptions],
        ) -> None: ...
        @overload
        def __init__(
            self: Redis[t.Any],
            host: str | None = "localhost",
            port: int | str = 6379,
            *args: t.Any,
            decode_responses: bool | None,
            **options: t.Unpack[t.QueueOptions],
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
            **options: t.Unpack[t.QueueOptions],
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
            **options: t.Unpack[t.QueueOptions],
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
            **options: t.Unpack[t.QueueOptions],
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
            **options: t.Unpack[t.QueueOptions],
        ) -> Redis[t.Any]: ...
        @classmethod
        def from_url(cls, url: str, **options: t.Any) -> t.Any: ...
    else:

        def __init__(
            self,
            *args: t.Any,
            queue_commands: int | str | None = None,
            queue_bytes: int | str | None = None,
            **options: t.Any,
        ) -> None:
            """The arguments of `oxipipe.Redis`, and the bounds of what may wait to be sent.

            A call beyond `queue_commands` or `queue_bytes` (1,000,000 and 64 MiB, also if they are 0) raises a `QueueFullError`.
            """
            self._bounds = options_of(
                {"queue_commands": queue_commands, "queue_bytes": queue_bytes}
            )
            super().__init__(*args, **options)

    def _start_url(
        self,
        url: str,
        *args: t.Any,
        queue_commands: int | str | None = None,
        queue_bytes: int | str | None = None,
        **options: t.Any,
    ) -> None:
        bounds = options_of({"queue_commands": queue_commands, "queue_bytes": queue_bytes})
        named = named_in(url)
        self._bounds = {name: text for name, text in bounds.items() if name not in named}
        super()._start_url(url, *args, **options)

    def _open(self, options: dict[str, t.Any], /) -> None:  # type: ignore[override]
        options.update(self._bounds)
        self._bindings = {}
        AsyncCore._open(self, options, self._is_lease)

    async def connect(self) -> t.Self:
        """Connects now, to find out whether that works, and returns the client."""
        # There is a server, whatever it thinks of PING.
        with suppress(ResponseError):
            await self.command_as(None, "PING")
        return self

    def _server(self) -> ServerFields | None:
        """That of the connection in the running loop."""
        try:
            loop = get_running_loop()
        except RuntimeError:
            return None
        binding = self._bindings.get(id(loop))
        return None if binding is None or binding.loop is not loop else binding._server()

    @property
    def coro(self) -> Coroutines[t.T]:
        """The same calls as coroutines: `asyncio.create_task(client.coro.get("key"))`."""
        return Coroutines(self)

    def _view(self, decoder: t.Any, encoder: t.Any) -> t.Any:
        from oxipipe.asyncio._views import View

        return View(self, decoder, encoder)

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
    ) -> t.LoopLock:
        """A lock on the server under the key `name`: a `Lock` to acquire and release, or to use in `async with`.

        * `timeout`: seconds until it is given up by itself; None: not before it is released;
        * `sleep`: seconds between attempts to acquire it;
        * `blocking`, `blocking_timeout`: whether to wait for it, and how many seconds at most;
        * `lock_class`: what to make instead, with the same arguments;
        * `thread_local`: whether each thread that uses the object has a lock of its own;
        * `raise_on_release_error`: whether `async with` raises if the lock is not held at its end, instead of logging that;
        * `renew`: whether it is extended at each third of its `timeout` for as long as it is held; see `Lock.lost`.
        """
        from oxipipe.asyncio.locks import Lock

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
        """A client with a connection of its own, for what would change a shared one: WATCH, MULTI, SUBSCRIBE and the like.

            async with client.lease() as mine:
                await mine.command("SUBSCRIBE", "news")
                async for event in mine.events():
                    ...

        It is bound to the running loop. What has more or fewer replies than one is possible on it: SUBSCRIBE and its kin give a
        list of their confirmations, such as `[[b"subscribe", b"news", 1]]`; messages and the lines of MONITOR come with
        `next_event` and `events`; CLIENT REPLY OFF and SKIP, and the commands that they silence, give None when they have left.
        Only replication (SYNC, PSYNC, REPLCONF) is refused here, too.

        Connecting begins at once; `async with`, and `connect`, wait for it and raise what it comes to. The connection is not
        made again when it is lost, because what was set on it would be lost silently: calls then fail with a
        `ConnectionError` whose outcome is NOT_APPLIED. At the end of the `async with` block, or by `close`, it is closed; closing
        this client closes it, too.

        The lease of a subclass is one of that subclass as well, with the same attributes; `__init__` is not called for it. No
        type can say "both": what the subclass adds is seen by type checkers behind `assert isinstance(mine, ThatClass)`.
        """
        made: Lease[T] = lease_class(type(self), Lease)._of(self, self._binding())
        return made

    async def next_event(self, timeout: float | None = None) -> t.Event | None:
        """Waits for the next `oxipipe.Event` of the connection in the running loop: what it has to tell besides replies.

        `timeout` is in seconds; None waits for ever, 0 does not wait. Returns None when the time ran out. Nothing is connected
        for it, and `socket_timeout` does not count. Up to `event_bytes` of events wait to be taken; beyond that the oldest
        are dropped and counted, or reading stops (`event_overflow`).

        When the client is closed, and before another call has connected it again, it raises a `ClosedError`; on a lease whose connection was lost a `ConnectionError`, when
        no event is left; both have no outcome. A negative `timeout` is a `ValueError`. Several tasks may wait: each event goes to one of them,
        and none is lost when one of them is cancelled.
        """
        return await self._next(seconds(timeout))

    def events(self, timeout: float | None = None) -> t.AsyncGenerator[t.Event, None]:
        """Iterates over events as they come, see `next_event`.

        It ends when `timeout` seconds go by without one (None: never), and when the client or the lease is closed from this
        side. On a lease whose connection is lost, a `ConnectionError` is raised behind the last event.
        """
        return self._each_event(seconds(timeout))

    async def _each_event(self, timeout: float | None) -> t.AsyncGenerator[t.Event, None]:
        loop = get_running_loop()
        try:
            # This one to the end: after `close` there may be another.
            inbox = self._events_here()
        except ClosedError:
            return
        while True:
            try:
                event = await inbox.next(loop, timeout)
            except ClosedError:
                return
            if event is None:
                return
            yield event

    async def _next(self, timeout: float | None) -> t.Event | None:
        try:
            return await self._events_here().next(get_running_loop(), timeout)
        except ClosedError as error:
            # A command would not have been applied; but this is a wait, and about none.
            error.outcome = None
            raise

    def _events_here(self) -> t.LoopInbox:
        if self.closed:
            raise ClosedError("the client is closed")
        return self._binding().events_of(self._is_lease)

    def close(self) -> t.Awaitable[None]:
        """Closes the connections at once, from any thread. Calls that wait fail with a `ClosedError`; the next one connects again.

        It may be awaited, as redis-py's has to be.
        """
        # One by one: another thread may be adding its own.
        bindings = [self._bindings.pop(number, None) for number in list(self._bindings)]
        self._close()
        for binding in bindings:
            if binding is not None:
                binding.shut_down()
        return NOTHING

    async def aclose(self) -> None:
        """`close`, under the name that asyncio uses."""
        self.close()

    async def __aenter__(self) -> t.Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self.close()

    def _bind(self, loop: t.AbstractEventLoop) -> Binding:
        """What this client has in `loop`; the backend asks when the loop is not the one of the call before."""
        binding = self._bindings.get(id(loop))
        if binding is not None and binding.loop is loop:
            return binding
        # Bindings end with their loops; but not everywhere is what a closed loop drops gone at once.
        for number, other in list(self._bindings.items()):
            if other.loop is None or other.loop.is_closed():
                other.drop()
                self._bindings.pop(number, None)
        self._bindings[id(loop)] = binding = Binding(self, loop)
        return binding


class Lease(Redis[T]):
    """A `Redis` with a connection of its own, in one loop. When it is closed, it stays closed."""

    _is_lease = True
    _owner: Redis[t.T]

    @classmethod
    def _of(cls, lender: Redis[t.Any], binding: Binding) -> t.Any:
        lease = cls.__new__(cls)
        lease._address, lease._given = lender._address, lender._given
        AsyncCore._open(lease, lender._given, cls._is_lease)
        if cls is not Lease:
            # What the subclass has given itself; not what belongs to the client and its connections.
            own = {k: v for k, v in vars(lender).items() if not hasattr(AsyncCore, k)}
            vars(lease).update({**own, **vars(lease)})
        # Closing the owner closes its leases, and so would its end.
        lease._owner = lender
        loop = get_running_loop()
        lease._bindings = {id(loop): Binding(lease, loop, binding)}
        lease._use(lender._hooks)
        return lease

    def _bind(self, loop: t.AbstractEventLoop) -> Binding:
        for binding in self._bindings.values():
            if binding.loop is loop:
                return binding
        raise RuntimeError("a lease is bound to the loop that it was made in")

    async def __aenter__(self) -> t.Self:
        try:
            return await self.connect()
        except BaseException:
            self.close()
            raise


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
        **options: t.Unpack[t.QueueOptions],
    ) -> Redis[str]: ...
    @overload
    def from_url(
        url: str,
        *,
        host: str | None = None,
        port: int | str = 6379,
        decode_responses: t.Literal[False] | None = False,
        **options: t.Unpack[t.QueueOptions],
    ) -> Redis[bytes]: ...
    @overload
    def from_url(
        url: str,
        *,
        host: str | None = None,
        port: int | str = 6379,
        decode_responses: bool | None,
        **options: t.Unpack[t.QueueOptions],
    ) -> Redis[t.Any]: ...


def from_url(url: str, **kwargs: t.Any) -> Redis[t.Any]:
    """`Redis.from_url`."""
    return Redis.from_url(url, **kwargs)
