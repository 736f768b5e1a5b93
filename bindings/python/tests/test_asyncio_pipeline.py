"""Pipelines for asyncio: the class of the other client, whose `execute` is a future."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from support.fake_server import FakeServer, answering

import oxipipe
from oxipipe import exceptions
from oxipipe.asyncio import Redis

Run = Callable[[Coroutine[Any, Any, Any]], Any]
both_kinds = pytest.mark.parametrize("transaction", [False, True])


@pytest.fixture
def client(server: oxipipe.Server, r: oxipipe.Redis) -> Redis:
    return Redis(unix_socket_path=server.unix_socket_path)


@both_kinds
def test_replies_come_in_order(run: Run, client: Redis, transaction: bool) -> None:
    async def main() -> None:
        async with client.pipeline(transaction=transaction) as pipe:
            pipe.set("k", 1).incr("k")
            assert pipe.get("k") is pipe
            assert pipe.hgetall("none") is pipe
            assert len(pipe) == 4 and pipe
            assert await pipe.execute() == [True, 2, b"2", {}]
            assert len(pipe) == 0

    run(main())


@both_kinds
def test_execute_is_a_handle(run: Run, client: Redis, transaction: bool) -> None:
    async def main() -> None:
        pipe = client.pipeline(transaction)
        first = pipe.incr("n").execute()
        second = pipe.incr("n").incr("n").execute()  # before the first is answered
        pipe.incr("n")
        assert await second == [2, 3]
        assert first.done()
        assert [await first, await first] == [[1], [1]]
        assert await client.incr("n") == 4
        assert await pipe.execute() == [5]

    run(main())


@both_kinds
def test_awaiting_each_command_as_redis_py_allows(
    run: Run, client: Redis, transaction: bool
) -> None:
    async def main() -> None:
        async with client.pipeline(transaction) as pipe:
            assert await pipe.set("k", 1) is pipe
            await pipe.incr("k")
            assert await pipe.execute() == [True, 2]
            pipe.incr("k")
            await pipe.reset()
            assert await pipe.execute() == []
        assert await client.get("k") == b"2"

    run(main())


@both_kinds
def test_the_first_error_is_raised(run: Run, client: Redis, transaction: bool) -> None:
    async def main() -> None:
        pipe = client.pipeline(transaction)
        call = pipe.set("k", "x").incr("k").lpush("k", 1).get("k").execute()
        pipe.delete("other")  # has nothing to do with the names of what was sent
        with pytest.raises(exceptions.ResponseError) as caught:
            await call
        error = caught.value
        assert (error.index, error.command, error.outcome) == (1, "INCRBY", "REJECTED")
        assert (error.replied, error.unknown, error.not_applied) == (4, 0, 0)
        assert str(error).startswith("Command # 2 (INCRBY) of pipeline caused error: ")
        assert error.replies is not None
        assert error.replies[0] is True and error.replies[3] == b"x"
        assert isinstance(error.replies[2], exceptions.ResponseError)

    run(main())


@both_kinds
def test_errors_in_their_places(run: Run, client: Redis, transaction: bool) -> None:
    async def main() -> None:
        pipe = client.pipeline(transaction)
        pipe.set("k", "x").incr("k").get("k")
        first, error, last = await pipe.execute(raise_on_error=False)
        assert (first, last) == (True, b"x")
        assert isinstance(error, exceptions.ResponseError)

    run(main())


def test_a_transaction_with_an_invalid_command_is_refused_as_a_whole(
    run: Run, client: Redis
) -> None:
    async def main() -> None:
        pipe = client.pipeline()
        with pytest.raises(exceptions.ResponseError) as caught:
            await pipe.set("k", 1).command("NOSUCH").execute()
        assert (caught.value.index, caught.value.command) == (1, "NOSUCH")
        assert await client.exists("k") == 0

    run(main())


def test_a_transaction_is_one(run: Run, client: Redis) -> None:
    async def one() -> None:
        for _ in range(20):
            a, b = await client.pipeline().incr("n").incr("n").execute()
            assert b == a + 1

    async def main() -> None:
        await asyncio.gather(*(one() for _ in range(20)))

    run(main())


@both_kinds
def test_what_cannot_be_sent_is_not_added(run: Run, client: Redis, transaction: bool) -> None:
    async def main() -> None:
        pipe = client.pipeline(transaction)
        pipe.incr("n")
        with pytest.raises(exceptions.DataError):
            pipe.set("k", None)  # type: ignore[arg-type]
        with pytest.raises(exceptions.RefusedError):
            pipe.command("SUBSCRIBE", "channel")
        assert await pipe.incr("n").execute() == [1, 2]

    run(main())


@both_kinds
def test_a_hundred_thousand(run: Run, client: Redis, transaction: bool) -> None:
    async def main() -> None:
        pipe = client.pipeline(transaction)
        for number in range(100_000):
            pipe.set("k", number) if number % 2 else pipe.incr("n")
        replies = await pipe.execute()
        assert replies[::2] == list(range(1, 50_001))
        assert replies[1::2] == [True] * 50_000

    run(main())


def test_single_calls_between(run: Run, client: Redis) -> None:
    async def main() -> None:
        pipe = client.pipeline(False)
        pipe.incr("n")
        assert await client.incr("n") == 1
        call = pipe.incr("n").execute()
        after = client.incr("n")
        assert (await call, await after) == ([2, 3], 4)

    run(main())


@both_kinds
def test_cancelled(run: Run, client: Redis, transaction: bool) -> None:
    async def main() -> None:
        identity = await client.client_id()
        pipe = client.pipeline(transaction)
        never = pipe.incr("n").incr("n").execute()
        never.cancel()
        assert await client.get("n") is None
        sent = pipe.incr("n").incr("n").execute()
        after = client.incr("n")
        await asyncio.sleep(0)
        sent.cancel()
        assert await after in (1, 3)
        assert await client.client_id() == identity

    run(main())


@both_kinds
def test_a_callback_that_raises_leaves_its_exception_in_its_place(
    run: Run, client: Redis, transaction: bool
) -> None:
    def no(_reply: object) -> None:
        raise LookupError("no")

    async def main() -> None:
        pipe = client.pipeline(transaction)
        pipe.incr("n").command_as(no, "GET", "n").incr("n")
        first, error, last = await pipe.execute(raise_on_error=False)
        assert (first, last) == (1, 2)
        assert isinstance(error, LookupError)

    run(main())


@both_kinds
def test_a_death_in_the_middle(run: Run, transaction: bool) -> None:
    """What was answered is in the exception."""
    count = 0

    def answer(command: list[bytes]) -> bytes | None:
        nonlocal count
        count += 1
        return None if count == 3 else b"+QUEUED\r\n" if transaction else b":%d\r\n" % count

    async def main() -> None:
        with FakeServer(answering(answer)) as fake:
            client = Redis(unix_socket_path=fake.path)
            pipe = client.pipeline(transaction)
            for _ in range(4):
                pipe.incr("n")
            with pytest.raises(exceptions.ConnectionError) as caught:
                await pipe.execute()
            assert caught.value.outcome == "UNKNOWN"
            if not transaction:
                assert caught.value.replies == [1, 2]
                assert (caught.value.replied, caught.value.unknown) == (2, 2)
            client.close()

    run(main())


def test_closed_with_commands_gathered(run: Run, client: Redis) -> None:
    async def main() -> None:
        pipe = client.pipeline()
        pipe.incr("n")
        client.close()
        assert await pipe.execute() == [1]

    run(main())


def test_nothing_keeps_a_pipeline(run: Run, client: Redis) -> None:
    async def main() -> None:
        pipe = client.pipeline()
        await pipe.incr("n").execute()
        gone = weakref.ref(pipe)
        del pipe
        gc.collect()
        assert gone() is None
        # One that is dropped while it is under way is executed nevertheless.
        call = client.pipeline().incr("n").execute()
        gc.collect()
        assert await call == [2]

    run(main())


def test_repr(client: Redis) -> None:
    assert repr(client.pipeline()).endswith("Pipeline transaction of 0 commands>")
