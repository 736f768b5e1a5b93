"""Leases of asyncio clients, and what connections have to tell besides replies (`next_event`, `events`)."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.fake_server import Connection, FakeServer
from support.pace import LONG
from support.shapes import SHAPED

import oxipipe
from oxipipe import Event
from oxipipe.asyncio import Redis

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from oxipipe import Server

    Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(params=[2, 3], ids=["resp2", "resp3"])
def protocol(request: pytest.FixtureRequest) -> int:
    version: int = request.param
    return version


async def following(client: Redis[Any]) -> Event:
    event = await client.next_event(LONG)
    assert event is not None
    return event


async def said(lease: Redis[Any], count: int) -> list[Any]:
    return [(await following(lease)).data for _ in range(count)]


async def subscribed(lease: Redis[Any], *channels: str) -> None:
    assert (await following(lease)).kind == "up"
    await lease.command("SUBSCRIBE", *channels)


def test_subscriptions(server: Server, run: Run, protocol: int) -> None:
    async def main() -> None:
        async with (
            Redis.from_url(server.url, protocol=protocol) as client,
            client.lease() as mine,
        ):
            number = None if protocol == 2 else await mine.client_id()
            assert await following(mine) == Event("up", None, number, 0, None)
            confirmed = [[b"subscribe", b"a", 1], [b"subscribe", b"b", 2]]
            assert await mine.command("SUBSCRIBE", "a", "b") == confirmed
            assert await mine.command("psubscribe", "a*") == [[b"psubscribe", b"a*", 3]]
            assert await client.command("PUBLISH", "a", "one") == 2
            await client.command("PUBLISH", "b", "two")
            event = await following(mine)
            assert event == ("message", [b"message", b"a", b"one"], event.connection, 0, None)
            assert await said(mine, 2) == [
                [b"pmessage", b"a*", b"a", b"one"],
                [b"message", b"b", b"two"],
            ]
            assert await mine.command("UNSUBSCRIBE", "b") == [[b"unsubscribe", b"b", 2]]
            assert await mine.command("UNSUBSCRIBE") == [[b"unsubscribe", b"a", 1]]
            assert await mine.command("UNSUBSCRIBE") == [[b"unsubscribe", None, 1]]
            assert await mine.command("PUNSUBSCRIBE") == [[b"punsubscribe", b"a*", 0]]
            assert await mine.echo("like any other") == b"like any other"
            assert await mine.next_event(0) is None

    run(main())


def test_a_refused_subscription_is_an_error(own_server: Server, run: Run, protocol: int) -> None:
    async def main() -> None:
        async with (
            Redis.from_url(own_server.url, protocol=protocol) as client,
            client.lease() as mine,
        ):
            await client.command("ACL", "SETUSER", "default", "resetchannels", "&open*")
            for channels in (["closed"], ["open", "closed"], []):
                with pytest.raises(oxipipe.ResponseError):
                    await mine.command("SUBSCRIBE", *channels)
            assert await mine.echo("next") == b"next"
            for client_of_all in (client, mine):
                with pytest.raises(oxipipe.RefusedError):
                    client_of_all.command("PSYNC", "?", "-1")
            with pytest.raises(oxipipe.RefusedError, match="lease"):
                client.command("SUBSCRIBE", "open")

    run(main())


def test_transactions_and_monitor(server: Server, run: Run, protocol: int) -> None:
    async def main() -> None:
        async with (
            Redis.from_url(server.url, protocol=protocol) as client,
            client.lease() as mine,
        ):
            await client.delete("stock")
            assert await mine.command("WATCH", "stock") is True
            await client.set("stock", 1)
            with pytest.raises(oxipipe.WatchError):
                await mine.pipeline().set("stock", 2).execute()
            assert await mine.command("SELECT", 1) is True
            await mine.set("only here", 1)
            assert await client.get("only here") is None
            assert await mine.delete("only here") == 1
            assert (await following(mine)).kind == "up"
            assert await mine.command("MONITOR") == b"OK"
            await client.set("watched", 1)
            while b'"watched"' not in (event := await following(mine)).data:
                assert event.kind == "monitor"
            with pytest.raises(oxipipe.RefusedError):
                mine.get("k")
            await mine.command("RESET")
            assert await mine.echo("again") == b"again"

    run(main())


def test_without_replies(server: Server, run: Run, protocol: int) -> None:
    async def main() -> None:
        async with (
            Redis.from_url(server.url, protocol=protocol) as client,
            client.lease() as mine,
        ):
            await client.delete("n")
            assert await mine.command("CLIENT", "REPLY", "OFF") is None
            silenced: list[Any] = [
                mine.incr("n"),
                mine.ping(),
                mine.hgetall("h"),
                mine.scan(),
                mine.time(),
            ]
            assert await asyncio.gather(*silenced) == [None] * 5
            assert await mine.command("CLIENT", "REPLY", "ON") == b"OK"
            assert await mine.get("n") == b"1"

    run(main())


@pytest.mark.parametrize("decode", [False, True])
def test_what_is_queued_for_exec_has_no_shape_yet(server: Server, run: Run, decode: bool) -> None:
    queued: Any = "QUEUED" if decode else b"QUEUED"

    async def main() -> None:
        async with (
            Redis.from_url(server.url, decode_responses=decode) as client,
            client.lease() as mine,
        ):
            await mine.command("MULTI")
            replies = await asyncio.gather(*(call(mine) for call in SHAPED.values()))
            assert replies == [queued] * len(SHAPED)
            pipeline = mine.pipeline(transaction=False)
            for call in SHAPED.values():
                call(pipeline)
            assert await pipeline.execute() == [queued] * len(SHAPED)
            assert len(await mine.command("EXEC")) == 2 * len(SHAPED)
            await client.set("k", "QUEUED")
            assert await mine.command_as(len, "GET", "k") == 6

    run(main())


def test_ping_while_subscribed(server: Server, run: Run, protocol: int) -> None:
    async def main() -> None:
        async with (
            Redis.from_url(server.url, protocol=protocol) as client,
            client.lease() as mine,
        ):
            await mine.command("SUBSCRIBE", "a")
            assert await mine.ping() is True
            echoed = [b"pong", b"xx"] if protocol == 2 else b"xx"
            assert await mine.command("PING", "xx") == echoed
            assert await mine.command("RESET") == "RESET"

    run(main())


def test_iterating_over_keys_without_replies_says_so(server: Server, run: Run) -> None:
    async def main() -> None:
        async with Redis.from_url(server.url) as client, client.lease() as mine:
            await mine.command("CLIENT", "REPLY", "OFF")
            for iteration in (mine.scan_iter(), mine.hscan_iter("h")):
                with pytest.raises(oxipipe.RedisError, match="CLIENT REPLY"):
                    await anext(iteration)
            await mine.command("CLIENT", "REPLY", "ON")
            await mine.command("MULTI")
            others: list[Any] = [mine.sscan_iter("s"), mine.zscan_iter("z")]
            for iteration in others:
                with pytest.raises(oxipipe.RedisError, match="EXEC"):
                    await anext(iteration)

    run(main())


def test_pushes_and_text(server: Server, run: Run) -> None:
    async def main() -> None:
        async with (
            Redis.from_url(server.url, decode_responses=True) as client,
            client.lease() as mine,
        ):
            await subscribed(mine, "ä")
            await client.command("PUBLISH", "ä", "ö")
            await client.command("PUBLISH", "ä", b"\xff")
            await client.command("PUBLISH", "ä", "next")
            assert await said(mine, 3) == [
                ["message", "ä", "ö"],
                ["message", "ä", b"\xff"],  # what is no text stays bytes
                ["message", "ä", "next"],
            ]
            with pytest.raises(UnicodeDecodeError):
                await mine.echo(b"\xff")
            await mine.command("CLIENT", "TRACKING", "ON")
            await mine.get("k")
            await client.set("k", 1)
            event = await following(mine)
            assert (event.kind, event.data) == ("push", ["invalidate", ["k"]])

    run(main())


def test_connections_that_are_made_and_lost(server: Server, run: Run) -> None:
    async def main() -> None:
        async with Redis.from_url(server.url) as client, Redis.from_url(server.url) as admin:
            assert await client.next_event(0) is None  # nothing is connected for it
            waiting = asyncio.ensure_future(client.next_event())
            await asyncio.sleep(0)
            number = await client.client_id()
            assert await waiting == Event("up", None, number, 0, None)
            await admin.client_kill_filter(_id=number)
            event = await following(client)
            assert (event.kind, event.connection, event.data) == ("down", number, None)
            assert isinstance(event.error, oxipipe.ConnectionError)
            await client.ping()
            assert (await following(client)).kind == "up"

    run(main())


def test_pipelines_of_a_lease_take_what_it_is_for(server: Server, run: Run) -> None:
    async def main() -> None:
        async with Redis.from_url(server.url) as client, client.lease() as mine:
            pipe = mine.pipeline(transaction=False)
            pipe.command("SELECT", 1)
            pipe.set("pipelined", "in 1")
            assert await pipe.execute() == [True, True]
            # The same pipeline again, and an atomic one.
            pipe.get("pipelined")
            pipe.command("SELECT", 0)
            pipe.get("pipelined")
            assert await pipe.execute() == [b"in 1", True, None]
            atomic = mine.pipeline(transaction=True)
            atomic.get("pipelined")
            with pytest.raises(oxipipe.RefusedError, match="send it first, by itself"):
                atomic.command("WATCH", "pipelined")
            assert await atomic.execute() == [None]
            other = client.pipeline(transaction=False)
            with pytest.raises(oxipipe.RefusedError, match="lease"):
                other.command("SELECT", 1)

    run(main())


def test_a_lost_lease_ends(server: Server, run: Run) -> None:
    async def main() -> None:
        async with Redis.from_url(server.url) as client, client.lease() as mine:
            await subscribed(mine, "a")
            await client.command("PUBLISH", "a", "last")
            waiters = [asyncio.ensure_future(mine.next_event()) for _ in range(4)]
            await client.command("CLIENT", "KILL", "TYPE", "pubsub")
            results = await asyncio.gather(*waiters, return_exceptions=True)
            kinds = [result.kind for result in results if isinstance(result, Event)]
            assert kinds == ["message", "down"]
            for error in results[2:]:
                assert isinstance(error, oxipipe.ConnectionError)
                assert not isinstance(error, oxipipe.ClosedError)
                assert error.outcome is None
            with pytest.raises(oxipipe.ConnectionError, match="lease another"):
                await mine.next_event(0)
            with pytest.raises(oxipipe.ConnectionError, match="lease another"):
                async for _ in mine.events():
                    raise AssertionError
            with pytest.raises(oxipipe.ConnectionError) as caught:
                await mine.ping()
            assert caught.value.outcome == "NOT_APPLIED"

    run(main())


def test_a_lease_that_cannot_be_made(run: Run) -> None:
    def close_at_once(_connection: Connection) -> None:
        pass

    async def main() -> None:
        with FakeServer(close_at_once) as fake:
            async with Redis(unix_socket_path=fake.path) as client:
                lease = client.lease()
                with pytest.raises(oxipipe.ConnectionError):
                    async with lease:
                        raise AssertionError
                assert lease.closed

    run(main())


def test_closing_ends_waits(server: Server, run: Run) -> None:
    async def iterate(source: Redis) -> None:
        async for event in source.events():
            assert event.kind == "up"
        with pytest.raises(oxipipe.ClosedError):
            await source.next_event()

    async def main(closes: Callable[[Redis, Redis], Any]) -> None:
        client = Redis.from_url(server.url)
        lease = await client.lease().connect()
        tasks = [
            asyncio.ensure_future(iterate(lease)),
            asyncio.ensure_future(lease.next_event()),
            asyncio.ensure_future(lease.next_event()),
        ]
        await lease.ping()
        closes(client, lease)
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert ends[0] is None
        assert sum(isinstance(end, oxipipe.ClosedError) for end in ends) >= 1
        with pytest.raises(oxipipe.ClosedError):
            await lease.ping()
        lease.close()
        client.close()
        for source in (client, lease):
            with pytest.raises(oxipipe.ClosedError):
                await source.next_event(0)

    def from_a_thread(_client: Redis, lease: Redis) -> None:
        thread = threading.Thread(target=lease.close)
        thread.start()
        thread.join(LONG)

    run(main(lambda _client, lease: lease.close()))
    run(main(lambda client, _lease: client.close()))
    run(main(from_a_thread))


def test_a_wait_that_ends_because_of_closing_has_no_outcome(server: Server, run: Run) -> None:
    """It is about no command."""

    async def ended(source: Redis) -> oxipipe.RedisError:
        try:
            while await source.next_event() is not None:
                pass
        except oxipipe.ClosedError as error:
            return error
        raise AssertionError

    async def main() -> None:
        client = Redis.from_url(server.url)
        lease = await client.lease().connect()
        waiting = [asyncio.ensure_future(ended(source)) for source in (client, lease)]
        await client.ping()
        client.close()
        for error in [*await asyncio.gather(*waiting), await ended(client), await ended(lease)]:
            assert error.outcome is None
        with pytest.raises(oxipipe.ClosedError) as caught:
            await lease.ping()
        assert caught.value.outcome == "NOT_APPLIED"

    run(main())


def test_timeouts(server: Server, run: Run) -> None:
    async def main() -> None:
        async with Redis.from_url(server.url) as client, client.lease() as mine:
            await subscribed(mine, "a")
            assert await mine.next_event(0) is None
            began = time.monotonic()
            assert await mine.next_event(0.3) is None
            assert time.monotonic() - began >= 0.29  # uvloop counts whole milliseconds
            assert [event async for event in mine.events(0)] == []
            for n in range(3):
                await client.command("PUBLISH", "a", n)
            assert [data[2] for data in await said(mine, 3)] == [b"0", b"1", b"2"]
            assert [event async for event in mine.events(0.3)] == []
            await client.command("PUBLISH", "a", "x")
            # It looks by itself: the loop has no turn meanwhile.
            while await mine.next_event(0) is None:
                pass
            for no_limit in (None, float("inf"), 1e300):
                await client.command("PUBLISH", "a", "x")
                assert await mine.next_event(no_limit) is not None
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(mine.next_event(), 0.05)

    run(main())


def test_bad_arguments(server: Server, run: Run) -> None:
    async def main() -> None:
        async with Redis.from_url(server.url) as client:
            for wrong in (-1, float("nan")):
                with pytest.raises(ValueError, match="timeout is"):
                    await client.next_event(wrong)
                with pytest.raises(ValueError, match="timeout is"):
                    client.events(wrong)
            with pytest.raises(TypeError, match="timeout is a str"):
                await client.next_event("1")  # type: ignore[arg-type]
            with pytest.raises(TypeError, match="timeout is a list"):
                client.events([])  # type: ignore[arg-type]
        with pytest.raises(RuntimeError):
            await Redis.__new__(Redis).next_event()

    run(main())


def test_a_cancelled_wait_loses_no_event(server: Server, run: Run) -> None:
    async def main() -> None:
        async with Redis.from_url(server.url) as client, client.lease() as mine:
            await subscribed(mine, "a")
            seen: list[int] = []
            published = 0
            for turn in range(200):
                task = asyncio.ensure_future(mine.next_event())
                # At each of its stages: before it runs, while it waits, when it was woken, when it is done.
                if turn % 4 >= 1:
                    await asyncio.sleep(0)
                if turn % 4 >= 2:
                    await client.command("PUBLISH", "a", published)
                    published += 1
                if turn % 4 == 3:
                    await asyncio.sleep(0)
                    await asyncio.sleep(0)
                task.cancel()
                try:
                    event = await task
                except asyncio.CancelledError:
                    continue
                assert event is not None
                seen.append(int(event.data[2]))
            while len(seen) < published:
                seen.append(int((await following(mine)).data[2]))
            assert seen == list(range(published))

    run(main())


def test_the_next_waiter_gets_what_a_cancelled_one_was_woken_for(server: Server, run: Run) -> None:
    async def main() -> None:
        async with Redis.from_url(server.url) as client, client.lease() as mine:
            await subscribed(mine, "a")
            first, second = (asyncio.ensure_future(mine.next_event()) for _ in range(2))
            await asyncio.sleep(0)
            binding = next(iter(mine._bindings.values()))
            inbox = binding._inbox
            assert inbox is not None
            # All of it in one turn of the loop, so that the first one has no turn between being woken and being cancelled.
            with server.connect() as publisher:
                publisher.command("PUBLISH", "a", "x")
            while not inbox._taken:
                binding._process()
            first.cancel()
            event = await asyncio.wait_for(second, LONG)
            assert first.cancelled()
            assert event is not None
            assert event.data == [b"message", b"a", b"x"]

    run(main())


def test_each_event_goes_to_one_of_the_tasks_that_wait(server: Server, run: Run) -> None:
    async def main() -> None:
        async with Redis.from_url(server.url) as client, client.lease() as mine:
            await subscribed(mine, "a")
            waiters = [asyncio.ensure_future(following(mine)) for _ in range(8)]
            await asyncio.sleep(0)
            # In one write, so that they come in one batch: nobody may sleep beside an event.
            pipeline = client.pipeline()
            for n in range(8):
                pipeline.command("PUBLISH", "a", n)
            await pipeline.execute()
            events = await asyncio.gather(*waiters)
            assert sorted(int(event.data[2]) for event in events) == list(range(8))

    run(main())


def test_one_task_waits_and_another_commands(server: Server, run: Run) -> None:
    async def main() -> None:
        async with Redis.from_url(server.url) as client, client.lease() as mine:
            await subscribed(mine, "a")

            async def listen() -> list[bytes]:
                seen = []
                async for event in mine.events():
                    seen.append(event.data[2])
                    if len(seen) == 300:
                        break
                return seen

            task = asyncio.ensure_future(listen())
            for n in range(300):
                assert await mine.echo(str(n)) == b"%d" % n
                await client.command("PUBLISH", "a", n)
            assert await task == [b"%d" % n for n in range(300)]

    run(main())


@pytest.mark.parametrize("overflow", ["drop_oldest", "stop_reading"])
def test_what_nobody_takes_waits_within_bounds(server: Server, run: Run, overflow: str) -> None:
    async def main() -> None:
        async with (
            Redis.from_url(server.url) as publisher,
            Redis.from_url(server.url, event_bytes=20_000, event_overflow=overflow) as client,
            client.lease() as mine,
        ):
            await subscribed(mine, "a")
            pipeline = publisher.pipeline(transaction=False)
            for n in range(1000):
                pipeline.command("PUBLISH", "a", f"{n} {'x' * 1000}")
            await pipeline.execute()
            if overflow == "drop_oldest":
                await mine.command("UNSUBSCRIBE", "a")  # its reply is behind all of them
            numbers: list[int] = []
            missing = 0
            while not numbers or numbers[-1] < 999:
                event = await following(mine)
                missing += event.dropped
                numbers.append(int(event.data[2].split()[0]))
                assert numbers[-1] == len(numbers) - 1 + missing
            if overflow == "drop_oldest":
                assert missing > 900
                assert len(numbers) < 20
            else:
                assert missing == 0
            assert await mine.echo("x") == b"x"

    run(main())


def test_a_lease_is_bound_to_its_loop(server: Server, run: Run) -> None:
    client = Redis.from_url(server.url)

    async def make() -> Redis:
        return await client.lease().connect()

    async def use(lease: Redis) -> None:
        with pytest.raises(RuntimeError, match="bound to the loop"):
            lease.ping()
        with pytest.raises(RuntimeError, match="bound to the loop"):
            await lease.next_event(0)

    lease = run(make())
    with asyncio.Runner() as other:
        other.run(use(lease))
    with pytest.raises(RuntimeError, match="no event loop is running"):
        client.lease()
    lease.close()
    client.close()


def test_a_lease_outlives_the_name_of_its_client(server: Server, run: Run) -> None:
    async def main() -> None:
        async with Redis.from_url(server.url).lease() as mine, mine.lease() as another:
            gc.collect()
            assert await mine.client_id() != await another.client_id()
            assert another.server is not None
            assert (await following(another)).kind == "up"

    run(main())


class Prefixed(Redis):
    """A subclass as programs have them."""

    prefix = ""

    def __init__(self, *args: Any, prefix: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.prefix = prefix

    async def get_mine(self, name: str) -> Any:
        return await self.get(self.prefix + name)


class Closed(Redis):
    """One that cannot be a base."""

    def __init_subclass__(cls) -> None:
        raise TypeError("no subclasses")


def test_the_lease_of_a_subclass_is_one(server: Server, r: oxipipe.Redis, run: Run) -> None:
    r.set("p:a", 1)

    async def main() -> None:
        async with Prefixed(unix_socket_path=server.unix_socket_path, prefix="p:") as client:
            client.set_response_callback("ECHO", len)
            numbers = {await client.client_id()}
            async with client.lease() as mine, mine.lease() as another:
                for lease in (mine, another):
                    assert isinstance(lease, oxipipe.asyncio.client.Lease)
                    assert isinstance(lease, Prefixed)
                    assert await lease.get_mine("a") == b"1"
                    length: Any = await lease.echo("four")
                    assert length == 4
                    numbers.add(await lease.client_id())
                assert type(mine) is type(another)
                assert len(numbers) == 3
                assert await mine.command("SELECT", 1)
            for lease in (mine, another):
                assert lease.closed
                with pytest.raises(oxipipe.ClosedError):
                    await lease.ping()
            assert await client.get_mine("a") == b"1"
            assert await client.client_id() in numbers
        # One that begins while the client has been closed and not used since.
        client.close()
        async with client.lease() as lease:
            assert isinstance(lease, Prefixed)
            assert await lease.get_mine("a") == b"1"
        client.close()
        async with (
            Closed(unix_socket_path=server.unix_socket_path) as closed,
            closed.lease() as lease,
        ):
            assert type(lease) is oxipipe.asyncio.client.Lease
            assert await lease.ping()

    run(main())


def test_a_lease_that_nobody_has_is_closed(server: Server, run: Run) -> None:
    async def main() -> None:
        async with Redis.from_url(server.url) as client:
            lease = await client.lease().connect()
            number = await lease.client_id()
            del lease
            gc.collect()
            while any(int(entry["id"]) == number for entry in await client.client_list()):
                pass

    run(main())
