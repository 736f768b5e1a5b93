"""Cancelled calls: what has not left never leaves, what has left disturbs nobody, and the connection stays."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from support.fake_server import Connection, FakeServer, handshake_reply
from support.pace import once_more_after_a_stall

import oxipipe
from oxipipe.asyncio import Redis

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def client(server: oxipipe.Server, r: oxipipe.Redis) -> Redis:
    r.config_resetstat()
    return Redis(unix_socket_path=server.unix_socket_path)


def calls_of(r: oxipipe.Redis, command: str) -> int:
    stats = r.info("commandstats").get(f"cmdstat_{command}")
    return stats["calls"] if stats else 0


def test_what_has_not_left_never_leaves(run: Run, client: Redis, r: oxipipe.Redis) -> None:
    async def main() -> None:
        for _ in range(2):  # before there is a connection, and with one
            never = [client.incr("n") for _ in range(500)]
            for call in never:
                call.cancel()
            assert await client.get("n") is None
            assert all(call.cancelled() for call in never)

    run(main())
    assert calls_of(r, "incr") == 0
    assert calls_of(r, "get") == 2


def test_what_waits_for_the_greeting_never_leaves(run: Run) -> None:
    seen: list[list[bytes]] = []
    greet, greeted = asyncio.Event(), asyncio.Event()

    def script(connection: Connection) -> None:
        for command in connection.commands():
            seen.append(command)
            if len(seen) == 1:
                assert loop
                loop.call_soon_threadsafe(greeted.set)
                assert asyncio.run_coroutine_threadsafe(greet.wait(), loop).result(10)
            connection.send(handshake_reply(command) or b"+OK\r\n")

    loop: asyncio.AbstractEventLoop | None = None

    async def main() -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        with FakeServer(script) as fake:
            client = Redis(unix_socket_path=fake.path)
            never, last = client.set("never", 1), client.set("k", 1)
            await greeted.wait()
            never.cancel()
            greet.set()
            assert await last is True
            client.close()
        assert [b"SET", b"never", b"1"] not in seen
        assert [b"SET", b"k", b"1"] in seen

    run(main())


def test_what_has_left_is_swallowed(run: Run, client: Redis) -> None:
    async def main() -> None:
        identity = await client.client_id()
        calls = [client.echo(f"token{i}") for i in range(1000)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        assert await asyncio.gather(*calls[1::2]) == [
            f"token{i}".encode() for i in range(1, 1000, 2)
        ]
        assert await client.client_id() == identity

    run(main())


def test_a_hundred_thousand_random_cancellations(run: Run, client: Redis) -> None:
    """Tasks, futures and pipelines, cancelled before they leave, on the way, and when the reply is there."""
    chance = random.Random(1)
    cancelled = answered = 0

    async def one(token: bytes) -> None:
        nonlocal answered
        assert await client.echo(token) == token
        answered += 1

    async def piped(token: bytes) -> None:
        nonlocal answered
        pipe = client.pipeline(transaction=chance.random() < 0.5)
        assert await pipe.echo(token).echo(token + b"!").execute() == [token, token + b"!"]
        answered += 1

    async def main() -> None:
        nonlocal answered, cancelled
        identity = await client.client_id()
        number = 0
        while cancelled < 100_000:
            waiting: list[asyncio.Future[Any]] = []
            oracle: list[tuple[asyncio.Future[Any], bytes]] = []
            for _ in range(1000):
                number += 1
                token = b"token%d" % number
                kind = chance.random()
                if kind < 0.8:
                    call = client.echo(token)
                    oracle.append((call, token))
                    waiting.append(call)
                else:
                    waiting.append(asyncio.ensure_future((one if kind < 0.9 else piped)(token)))
            victims = [call for call in waiting if chance.random() < 0.9]
            while victims:
                for _ in range(chance.randrange(4)):
                    await asyncio.sleep(0)
                share = chance.randrange(1, len(victims) + 1)
                for victim in victims[:share]:
                    cancelled += victim.cancel()
                del victims[:share]
            await asyncio.gather(*waiting, return_exceptions=True)
            for task in waiting:
                if not task.cancelled():
                    assert task.exception() is None
            for call, token in oracle:
                if not call.cancelled():
                    assert call.result() == token
                    answered += 1
        assert await client.client_id() == identity
        (binding,) = client._bindings.values()
        assert len(binding) == 0

    run(main())
    assert answered > 1000


@once_more_after_a_stall
def test_timeouts_of_asyncio(run: Run, client: Redis) -> None:
    async def main() -> None:
        identity = await client.client_id()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await client.blpop("l", 0)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.blpop("l", 0), 0.01)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.debug_sleeping(), 0.01)  # type: ignore[attr-defined]
        assert await client.echo("x") == b"x"
        assert await client.client_id() == identity

    client.debug_sleeping = lambda: client.command("DEBUG", "SLEEP", 0.5)  # type: ignore[attr-defined]
    run(main())


def test_a_cancelled_blocking_call_takes_nothing(run: Run, client: Redis, r: oxipipe.Redis) -> None:
    async def main() -> None:
        await client.connect()
        waiting = client.blpop("l", 0)
        while not r.info("clients")["blocked_clients"]:
            await asyncio.sleep(0.001)
        waiting.cancel()
        # Nothing else happens in this client meanwhile.
        while r.info("clients")["blocked_clients"]:
            await asyncio.sleep(0.001)
        await client.rpush("l", "x")
        assert await client.llen("l") == 1
        assert await client.blpop("l", 0) == (b"l", b"x")

    run(main())


def test_everything_cancelled_at_once(run: Run, client: Redis) -> None:
    async def main() -> None:
        await client.ping()
        blocked: list[asyncio.Future[Any]] = [client.blpop("nobody", 0) for _ in range(300)]
        for _ in range(10):  # they leave
            await asyncio.sleep(0)
        waiting: list[asyncio.Future[Any]] = [client.get("a") for _ in range(40_000)]
        for call in blocked + waiting:
            call.cancel()
        await asyncio.sleep(0.01)  # nothing is left, not even memory
        assert await asyncio.gather(*(client.echo(str(i)) for i in range(1000))) == [
            str(i).encode() for i in range(1000)
        ]

    run(main())


def test_a_group_of_tasks_that_fails(run: Run, client: Redis) -> None:
    async def fail() -> None:
        await client.get("k")
        raise LookupError

    async def main() -> None:
        identity = await client.client_id()
        with pytest.raises(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                for _ in range(50):
                    group.create_task(spin())
                group.create_task(fail())
        assert await client.client_id() == identity

    async def spin() -> None:
        while True:
            assert await client.echo("x") == b"x"

    run(main())


def test_a_coroutine_that_is_closed(run: Run, client: Redis) -> None:
    async def main() -> None:
        identity = await client.client_id()

        async def get() -> None:
            await client.echo("nobody")

        coroutine = get()
        coroutine.send(None)
        coroutine.close()
        scan = client.scan_iter()
        asking: Any = scan.__anext__()
        asking.send(None)
        with pytest.raises(GeneratorExit):
            asking.throw(GeneratorExit)
        await scan.aclose()
        assert await client.echo("x") == b"x"
        assert await client.client_id() == identity

    run(main())
