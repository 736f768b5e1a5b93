"""`oxipipe.asyncio.Redis`: calls are futures, and what can be done with futures can be done with them."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from support.pace import LONG

import oxipipe
from oxipipe import exceptions
from oxipipe.asyncio import Redis, StrictRedis, from_url

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def client(server: oxipipe.Server, r: oxipipe.Redis) -> Redis:
    return Redis(unix_socket_path=server.unix_socket_path)


def test_commands_have_the_replies_of_the_other_client(run: Run, client: Redis) -> None:
    async def main() -> None:
        assert await client.set("k", "v") is True
        assert await client.get("k") == b"v"
        assert await client.get("none") is None
        assert await client.incr("n") == 1
        assert await client.hset("h", mapping={"a": 1, "b": 2}) == 2
        assert await client.hgetall("h") == {b"a": b"1", b"b": b"2"}
        assert await client.command("LPUSH", "l", 1, 2.5, b"x") == 3
        assert await client.lrange("l", 0, -1) == [b"x", b"2.5", b"1"]
        assert await client.execute_command("CONFIG GET", "maxmemory") == {"maxmemory": "0"}
        assert await client.command_as(len, "GET", "k") == 1

    run(main())


def test_text(run: Run, server: oxipipe.Server) -> None:
    async def main() -> None:
        async with Redis(
            unix_socket_path=server.unix_socket_path, decode_responses=True, encoding="latin-1"
        ) as client:
            await client.set("ä", "ö")
            assert await client.get("ä") == "ö"
            assert await client.get(b"\xe4") == "ö"

    run(main())


def test_a_call_queues_at_once(run: Run, client: Redis) -> None:
    async def main() -> None:
        first = client.set("k", 1)
        second = client.incr("k")
        assert isinstance(first, asyncio.Future)
        assert not first.done()
        assert await second == 2
        assert first.done() and first.result() is True

    run(main())


def test_a_handle_can_be_used_like_any_future(run: Run, client: Redis) -> None:
    async def main() -> None:
        handle = client.incr("n")
        heard: list[int] = []
        handle.add_done_callback(lambda done: heard.append(done.result()))
        assert [await handle, await handle] == [1, 1]
        assert list(await asyncio.gather(handle, handle, client.incr("n"))) == [1, 1, 2]
        assert await asyncio.wait_for(client.incr("n"), 60) == 3
        assert await asyncio.shield(client.incr("n")) == 4
        done, pending = await asyncio.wait([client.incr("n"), client.incr("n")])
        assert sorted(d.result() for d in done) == [5, 6] and not pending
        assert [await next_ for next_ in asyncio.as_completed([client.incr("n")])] == [7]
        assert heard == [1]

    run(main())


def test_several_tasks_await_one_handle(run: Run, client: Redis) -> None:
    async def main() -> None:
        handle = client.incr("n")

        async def wait() -> int:
            return await handle

        assert await asyncio.gather(*(wait() for _ in range(10))) == [1] * 10

    run(main())


def test_gather_of_many(run: Run, client: Redis) -> None:
    async def main() -> None:
        numbers = await asyncio.gather(*(client.incr("n") for _ in range(10_000)))
        assert numbers == list(range(1, 10_001))

    run(main())


def test_many_tasks(run: Run, client: Redis) -> None:
    async def task(name: str) -> None:
        for number in range(100):
            await client.set(name, number)
            assert await client.get(name) == b"%d" % number

    async def main() -> None:
        await asyncio.gather(*(task(f"k{i}") for i in range(50)))

    run(main())


def test_calls_of_one_turn_leave_in_one_write(run: Run, client: Redis, r: oxipipe.Redis) -> None:
    async def main() -> None:
        await client.connect()
        before = (await client.info("stats"))["total_reads_processed"]
        calls = [client.incr("n") for _ in range(100)]
        after = (await client.info("stats"))["total_reads_processed"]
        assert after - before == 1
        assert await asyncio.gather(*calls) == list(range(1, 101))

    run(main())


def test_a_server_error_is_the_exception_of_its_call_alone(run: Run, client: Redis) -> None:
    async def main() -> None:
        await client.set("k", "text")
        bad, good = client.lpush("k", 1), client.get("k")
        assert await good == b"text"
        with pytest.raises(exceptions.ResponseError, match="wrong kind of value") as caught:
            await bad
        assert caught.value.outcome == "REJECTED"

    run(main())


def test_what_cannot_be_sent_is_said_at_once(run: Run, client: Redis) -> None:
    async def main() -> None:
        with pytest.raises(exceptions.DataError):
            client.set("k", None)  # type: ignore[call-overload]
        with pytest.raises(exceptions.DataError):
            client.command()
        with pytest.raises(UnicodeEncodeError):
            client.get("\udc80")
        with pytest.raises(exceptions.RefusedError):
            client.command("SUBSCRIBE", "channel")
        with pytest.raises(TypeError):
            client.command_as()  # type: ignore[call-arg]
        assert await client.exists("k") == 0

    run(main())


def test_a_callback_that_raises_is_the_failure_of_its_call_alone(run: Run, client: Redis) -> None:
    def no(_reply: object) -> None:
        raise LookupError("no")

    async def main() -> None:
        bad, good = client.command_as(no, "INCR", "n"), client.incr("n")
        with pytest.raises(LookupError, match="no"):
            await bad
        assert await good == 2

    run(main())


def test_an_interruption_in_a_callback_ends_the_loop_and_loses_nothing(
    server: oxipipe.Server, r: oxipipe.Redis
) -> None:
    client = Redis(unix_socket_path=server.unix_socket_path)
    calls: list[asyncio.Future[Any]] = []

    def interrupt(_reply: object) -> None:
        raise KeyboardInterrupt

    async def main() -> None:
        calls.append(client.incr("n"))
        calls.append(client.command_as(interrupt, "INCR", "n"))
        calls.append(client.incr("n"))
        await calls[2]

    loop = asyncio.new_event_loop()
    try:
        task = loop.create_task(main())
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(task)
        loop.run_until_complete(task)
    finally:
        loop.close()
    assert calls[0].result() == 1 and calls[2].result() == 3
    assert isinstance(calls[1].exception(), KeyboardInterrupt)


def test_a_callback_may_call_the_client(run: Run, client: Redis) -> None:
    async def main() -> None:
        inner: list[asyncio.Future[Any]] = []

        def again(reply: object) -> object:
            inner.append(client.incr("n"))
            return reply

        assert await client.command_as(again, "INCR", "n") == 1
        assert await inner[0] == 2

    run(main())


def test_a_callback_may_close_the_client(run: Run, client: Redis) -> None:
    async def main() -> None:
        def close(reply: object) -> object:
            client.close()
            return reply

        first, second = client.command_as(close, "INCR", "n"), client.incr("n")
        assert await first == 1
        # Its reply may have come together with the first one.
        (result,) = await asyncio.gather(second, return_exceptions=True)
        assert result == 2 or isinstance(result, exceptions.ClosedError)
        assert await client.get("n") in (b"1", b"2")

    run(main())


def test_a_text_that_cannot_be_decoded(run: Run, server: oxipipe.Server, r: oxipipe.Redis) -> None:
    r.set("k", b"\xff")

    async def main() -> None:
        async with Redis(unix_socket_path=server.unix_socket_path, decode_responses=True) as client:
            bad, good = client.get("k"), client.echo("x")
            with pytest.raises(UnicodeDecodeError):
                await bad
            assert await good == "x"

    run(main())


def test_iterators(run: Run, client: Redis, r: oxipipe.Redis) -> None:
    names = {f"k{i}".encode() for i in range(300)}
    r.mset(dict.fromkeys(names, 1))
    r.hset("h", mapping=dict.fromkeys(names, 2))
    r.sadd("s", *names)
    r.zadd("z", dict.fromkeys(names, 3))

    async def main() -> None:
        assert {k async for k in client.scan_iter("k*", count=50)} == names
        assert {f async for f in client.hscan_iter("h")} == {(n, b"2") for n in names}
        assert {m async for m in client.sscan_iter("s")} == names
        assert {m async for m in client.zscan_iter("z")} == {(n, 3.0) for n in names}
        cast = client.zscan_iter("z", score_cast_func=lambda score: f"<{float(score)}>")
        assert {m async for m in cast} == {(n, "<3.0>") for n in names}
        async for _ in client.scan_iter(count=1):
            break  # the rest is not asked for

    run(main())


def test_big_values_both_ways(run: Run, client: Redis) -> None:
    async def main() -> None:
        values = [bytes([i]) * 5_000_000 for i in range(4)]
        sets = [client.set(f"big{i}", value) for i, value in enumerate(values)]
        gets = [client.get(f"big{i}") for i in range(4)]
        assert await asyncio.gather(*sets) == [True] * 4
        assert await asyncio.gather(*gets) == values

    run(main())


def test_a_blocking_command_delays_nobody(run: Run, client: Redis) -> None:
    async def main() -> None:
        waiting = client.blpop("l", 0)
        assert await client.set("k", 1) is True
        assert not waiting.done()
        await client.rpush("l", "x")
        assert await waiting == (b"l", b"x")

    run(main())


def test_no_running_loop(client: Redis) -> None:
    with pytest.raises(RuntimeError, match="no event loop is running"):
        client.get("k")
    with pytest.raises(RuntimeError, match="no event loop is running"):
        client.pipeline().set("k", 1).execute()
    client.close()


def test_connect(run: Run, client: Redis) -> None:
    async def main() -> None:
        assert await client.connect() is client
        identity = await client.client_id()
        await client.connect()
        assert await client.client_id() == identity

    run(main())


def test_nobody_there(run: Run, tmp_path: Any) -> None:
    async def main() -> None:
        client = Redis(unix_socket_path=str(tmp_path / "nobody"))
        with pytest.raises(exceptions.ConnectionError) as caught:
            await client.connect()
        assert caught.value.outcome == "NOT_APPLIED"
        with pytest.raises(exceptions.ConnectionError):
            await client.get("k")

    run(main())


def test_after_close_the_next_call_connects_again(run: Run, client: Redis) -> None:
    async def main() -> None:
        identities = set()
        async with client as entered:
            assert entered is client
            await client.set("k", 1)
            identities.add(await client.client_id())
            assert not client.closed

        def close_and_go_on() -> Any:
            return client.close()

        for close in (client.aclose, client.close, close_and_go_on, client.__aexit__):
            assert await close() is None
            assert client.closed
            assert await client.get("k") == b"1"
            assert not client.closed
            client.close()
            assert client.closed
            identities.add(await client.client_id())
        client.close()
        client.close()
        pipe = client.pipeline().get("k")
        assert client.closed
        assert await pipe.get("k").execute() == [b"1", b"1"]
        client.close()
        await client.connect()
        assert not client.closed
        # No connection stays behind.
        assert len(client._bindings) == 1
        client.close()
        async with client:
            identities.add(await client.client_id())
        assert len(identities) == 6

    run(main())


def test_a_closed_lease_stays_closed(run: Run, client: Redis) -> None:
    async def main() -> None:
        async with client.lease() as lease:
            pipe = lease.pipeline().get("k")
        assert lease.closed
        for call in (lambda: lease.get("k"), lease.pipeline, pipe.execute):
            with pytest.raises(exceptions.ClosedError, match="lease is closed") as caught:
                call()
            assert caught.value.outcome == "NOT_APPLIED"
        client.close()
        async with client.lease() as lease:
            assert await lease.ping() is True
            assert not client.closed
            client.close()
            with pytest.raises(exceptions.ClosedError):
                await lease.ping()
            assert await client.ping() is True

    run(main())


def test_events_are_of_a_client_that_is_in_use(run: Run, client: Redis) -> None:
    """Waiting for them connects for no closed client, and an iteration is over when its connection was closed."""

    async def kinds() -> list[str]:
        found = []
        async for event in client.events():
            found.append(event.kind)
            if len(found) == 1:
                client.close()
                await client.ping()
        return found

    async def main() -> None:
        await client.ping()
        assert await kinds() == ["up"]
        assert not client.closed
        client.close()
        assert [event async for event in client.events()] == []
        with pytest.raises(exceptions.ClosedError) as caught:
            await client.next_event()
        assert caught.value.outcome is None
        assert client.closed
        await client.ping()
        event = await client.next_event(LONG)
        assert event is not None and event.kind == "up"

    run(main())


def test_coroutines(run: Run, client: Redis) -> None:
    """What takes coroutines only gets them, and nothing happens before they run."""

    async def main() -> None:
        lazy = client.coro.incr("n")
        assert asyncio.iscoroutine(lazy)
        assert await client.get("n") is None
        assert await lazy == 1
        task = asyncio.create_task(client.coro.incr("n"), name="named")
        assert task.get_name() == "named"
        assert await task == 2
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(client.coro.incr("n", amount=2)) for _ in range(3)]
        assert sorted(task.result() for task in tasks) == [4, 6, 8]
        assert await client.coro.command("GET", "n") == b"8"
        assert await client.coro.command_as(int, "GET", "n") == 8
        assert await client.coro.execute_command("CONFIG GET", "port") == {"port": "0"}
        pipe = client.pipeline().incr("n").get("n")
        assert await asyncio.create_task(pipe.coro.execute()) == [9, b"9"]
        loop = asyncio.get_running_loop()

        def of_another_thread() -> Any:
            return asyncio.run_coroutine_threadsafe(client.coro.incr("n"), loop).result(LONG)

        assert await asyncio.to_thread(of_another_thread) == 10
        # What a call would raise at once is raised in the task.
        wrong = asyncio.create_task(client.coro.set("k", None))  # type: ignore[call-overload]
        with pytest.raises(exceptions.DataError):
            await wrong
        blocked = asyncio.create_task(client.coro.blpop("l", 0))
        await client.ping()
        blocked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await blocked
        assert await client.ping() is True
        with pytest.raises(AttributeError):
            client.coro.nonsense  # type: ignore[attr-defined]  # noqa: B018
        with pytest.raises(AttributeError):
            client.coro._owned  # type: ignore[attr-defined]  # noqa: B018

    run(main())


def test_everything_of_asyncio_that_takes_futures_takes_a_call(run: Run, client: Redis) -> None:
    async def main() -> None:
        def calls() -> list[Any]:
            return [client.incr("n"), client.pipeline().incr("n").execute(), client.coro.incr("n")]

        def numbers(results: Any) -> list[int]:
            return sorted(r[0] if isinstance(r, list) else r for r in results)

        ensured = [asyncio.ensure_future(call) for call in calls()]
        assert numbers([await future for future in ensured]) == [1, 2, 3]
        assert numbers([await asyncio.wait_for(call, LONG) for call in calls()]) == [4, 5, 6]
        assert numbers([await asyncio.shield(call) for call in calls()]) == [7, 8, 9]
        assert numbers(await asyncio.gather(*calls())) == [10, 11, 12]
        completed = asyncio.as_completed(calls(), timeout=LONG)
        assert numbers([await call for call in completed]) == [13, 14, 15]
        done, pending = await asyncio.wait(map(asyncio.ensure_future, calls()))
        assert numbers(call.result() for call in done) == [16, 17, 18] and not pending
        async with asyncio.timeout(LONG):
            assert numbers([await call for call in calls()]) == [19, 20, 21]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.blpop("l", 0), 0.01)
        # It is no coroutine: only these want one.
        with pytest.raises(TypeError, match="coroutine"):
            await asyncio.create_task(client.incr("n"))  # type: ignore[arg-type]

    run(main())


def test_close_fails_what_waits(run: Run, client: Redis) -> None:
    async def main() -> None:
        await client.connect()
        sent = client.blpop("l", 0)
        await client.get("k")  # by now the other one has left
        unsent = client.get("k")
        client.close()
        assert sent.done() and unsent.done()
        for call, outcomes in ((sent, {"UNKNOWN", "NOT_APPLIED"}), (unsent, {"NOT_APPLIED"})):
            with pytest.raises(exceptions.ClosedError) as caught:
                await call
            assert caught.value.outcome in outcomes

    run(main())


def test_constructors(run: Run, server: oxipipe.Server) -> None:
    async def main() -> None:
        for client in (
            Redis(unix_socket_path=server.unix_socket_path, client_name="me"),
            Redis.from_url(f"{server.url}?client_name=me"),
            from_url(server.url, client_name="me"),
        ):
            async with client:
                assert await client.client_getname() == "me"

    run(main())
    assert StrictRedis is Redis
    with pytest.raises(NotImplementedError, match="TLS"):
        Redis(ssl=True)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="nonsense"):
        Redis(nonsense=1)  # type: ignore[call-overload]


def test_repr(client: Redis) -> None:
    assert repr(client).startswith("<oxipipe.asyncio.client.Redis unix:///")


def test_subclass(run: Run, server: oxipipe.Server, r: oxipipe.Redis) -> None:
    class Counting(Redis):
        calls = 0

        def command(self, *args: Any) -> asyncio.Future[Any]:
            self.calls += 1
            return super().command(*args)

    async def main() -> None:
        async with Counting(unix_socket_path=server.unix_socket_path) as client:
            await client.set("k", 1)
            await client.get("k")
            assert client.calls == 2

    run(main())


def test_a_loop_with_futures_of_its_own(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    made: list[asyncio.Future[Any]] = []

    class OwnFuture(asyncio.Future):  # type: ignore[type-arg]
        pass

    class OwnLoop(asyncio.SelectorEventLoop):
        def create_future(self) -> asyncio.Future[Any]:
            made.append(OwnFuture(loop=self))
            return made[-1]

    async def main() -> None:
        async with Redis(unix_socket_path=server.unix_socket_path) as client:
            call = client.incr("n")
            assert isinstance(call, OwnFuture)
            assert await call == 1
            cancelled, bad = client.incr("n"), client.lpush("n", 1)
            cancelled.cancel()
            with pytest.raises(exceptions.ResponseError):
                await bad
            assert await client.incr("n") == 2

    with asyncio.Runner(loop_factory=OwnLoop) as runner:
        runner.run(main())
    assert len(made) >= 4


def test_partials_are_names(run: Run, client: Redis) -> None:
    """Command methods are ordinary ones: nothing is lost by passing them on."""

    async def main() -> None:
        get = functools.partial(client.get, "k")
        await client.set("k", 1)
        assert await get() == b"1"

    run(main())
