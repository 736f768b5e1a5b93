"""What calls leave behind: nothing."""

from __future__ import annotations

import asyncio
import gc
import sys
import tracemalloc
import weakref
from typing import Any

import pytest

import oxipipe
from oxipipe import exceptions
from oxipipe.asyncio import Redis


@pytest.fixture
def client(server: oxipipe.Server, r: oxipipe.Redis) -> Redis:
    return Redis(unix_socket_path=server.unix_socket_path)


def test_futures_are_let_go(client: Redis) -> None:
    async def main() -> None:
        calls: list[asyncio.Future[Any]] = [
            client.get("k"),
            client.lpush("l", 1),
            client.hgetall("h"),
            client.incr("l"),
        ]
        cancelled = client.get("k")
        cancelled.cancel()
        calls += [client.pipeline().get("k").execute(), cancelled]
        await asyncio.gather(*calls, return_exceptions=True)
        gone = [weakref.ref(call) for call in calls]
        del calls, cancelled
        await asyncio.sleep(0)  # what woke this coroutine is held until it waits again
        gc.collect()  # gather() leaves a cycle
        assert [ref() for ref in gone] == [None] * 6

    asyncio.run(main())


def test_references_are_counted(client: Redis) -> None:
    def shape(reply: Any) -> Any:
        return reply

    key, value = "key" * 10, b"value" * 10

    async def main() -> None:
        await client.connect()
        counts = [sys.getrefcount(o) for o in (shape, key, value, client)]
        calls: list[Any] = [client.command_as(shape, "SET", key, value) for _ in range(100)]
        calls += [client.command_as(shape, "LPUSH", key, value) for _ in range(100)]
        calls += [client.pipeline().command_as(shape, "GET", key).execute() for _ in range(100)]
        for call in calls[::3]:
            call.cancel()
        for _ in range(100):
            with pytest.raises(exceptions.DataError):
                client.command_as(shape, "SET", key, None)
        await asyncio.gather(*calls, return_exceptions=True)
        del calls, call
        await asyncio.sleep(0)
        gc.collect()
        assert [sys.getrefcount(o) for o in (shape, key, value, client)] == counts

    asyncio.run(main())


def test_memory_does_not_grow(client: Redis) -> None:
    async def some() -> None:
        calls: list[Any] = [client.set(f"k{i}", "v" * i) for i in range(500)]
        for call in calls[::7]:
            call.cancel()
        calls += [client.get("k1"), client.lpush("k1", 1), client.pipeline().get("k").execute()]
        await asyncio.gather(*calls, return_exceptions=True)
        del calls, call
        await asyncio.sleep(0)

    async def main() -> None:
        for _ in range(5):
            await some()
        gc.collect()
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(20):
                await some()
            gc.collect()
            assert tracemalloc.get_traced_memory()[0] - before < 50_000
        finally:
            tracemalloc.stop()

    asyncio.run(main())


def test_clients_are_let_go(server: oxipipe.Server) -> None:
    async def main() -> None:
        gone = []
        for _ in range(3):
            client = Redis(unix_socket_path=server.unix_socket_path)
            await client.get("k")
            client.close()
            gone.append(weakref.ref(client))
            del client
        gc.collect()
        assert [ref() for ref in gone] == [None] * 3

    asyncio.run(main())
