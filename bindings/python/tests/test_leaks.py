"""What a great many calls leave behind: no object of any kind. `make leaks` makes a million of each kind."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import gc
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.pace import LONG

import oxipipe
from oxipipe import _backend, exceptions
from oxipipe.asyncio import Redis

#: How many calls each test makes.
CALLS = int(os.environ.get("OXIPIPE_CALLS", "10000"))
#: What is made together: commands of a pipeline, calls of one turn of an event loop, events.
BATCH = 100
#: How many objects of one kind, blocks of memory, and references may be more than before, whatever the number of calls: caches of
#: the interpreter fill, and a frame may still be held.
OBJECTS, BLOCKS, REFERENCES = 20, 400, 2000


def _counts_references() -> bool:
    """Whether a debug build's sum of all references is one: not with modules that were compiled for another build, which change
    references and do not count that. Those of cffi come compiled."""
    if _backend.name != "fast" or not hasattr(sys, "gettotalrefcount"):
        return False
    return b"_Py_IncRef" in Path(sys.modules["oxipipe._core._fast"].__file__ or "").read_bytes()


#: That of None, for example, of which there is one object and one block whatever becomes of its count.
references: Callable[[], int] = (
    getattr(sys, "gettotalrefcount") if _counts_references() else lambda: 0  # noqa: B009
)

pytestmark = pytest.mark.skipif(
    sys.implementation.name != "cpython", reason="objects are let go when the collector likes"
)


class Census:
    """How many objects of each kind there are, of those that the garbage collector knows; and in all."""

    def __init__(self) -> None:
        for _ in range(3):
            gc.collect()
        self.references = references()
        self.blocks = sys.getallocatedblocks()
        self.objects = Counter(type(o).__qualname__ for o in gc.get_objects())

    def grown_since(self, before: Census) -> dict[str, int]:
        """What there is more of, beyond what may be."""
        grown = {
            kind: more
            for kind, count in self.objects.items()
            if (more := count - before.objects[kind]) > OBJECTS
        }
        if (blocks := self.blocks - before.blocks) > BLOCKS:
            grown["blocks of memory"] = blocks
        if (count := self.references - before.references) > REFERENCES:
            grown["references"] = count
        return grown


def assert_nothing_stays(work: Callable[[int], object]) -> None:
    """`work` makes as many calls as it is told."""
    work(CALLS // 10)
    Census()  # the first one makes objects of its own
    before = Census()
    # What fills up once, such as a cache of asyncio's, does not grow again. A leak does.
    for _ in range(3):
        work(CALLS)
        after = Census()
        if not (grown := after.grown_since(before)):
            return
        before = after
    pytest.fail(f"more after {CALLS} calls than before, time and again: {grown}")


@pytest.mark.skipif(not _counts_references(), reason="references are counted in debug builds alone")
def test_references_to_what_is_there_once_are_counted() -> None:
    import ctypes

    with pytest.raises(pytest.fail.Exception, match="'references'"):
        assert_nothing_stays(
            lambda count: [ctypes.pythonapi.Py_IncRef(ctypes.py_object(None)) for _ in range(count)]
        )


@pytest.fixture
def client(server: oxipipe.Server, r: oxipipe.Redis) -> Iterator[oxipipe.Redis[str]]:
    r.hset("h", mapping={"a": 1, "b": 2})
    r.rpush("l", *range(10))
    with server.connect(decode_responses=True) as client:
        yield client


@pytest.fixture
def pool(server: oxipipe.Server, r: oxipipe.Redis) -> Iterator[oxipipe.Pool]:
    r.rpush("l", *range(10))
    with oxipipe.Pool.from_url(server.url, connections=2) as pool:
        yield pool


def test_single_calls(client: oxipipe.Redis[str], r: oxipipe.Redis) -> None:
    def refused() -> None:
        with contextlib.suppress(exceptions.ResponseError):
            client.incr("l")

    def impossible() -> None:
        with contextlib.suppress(exceptions.DataError):
            client.command("SET", "k", None)

    calls: list[Callable[[], object]] = [
        lambda: client.set("k", b"v" * 1000),
        lambda: r.get("k"),
        lambda: client.get("k"),
        lambda: client.hgetall("h"),
        lambda: client.lrange("l", 0, -1),
        lambda: client.command("EXISTS", "k", 1.5, bytearray(b"k"), "k" * 300),
        lambda: client.command_as(len, "LRANGE", "l", 0, -1),
        refused,
        impossible,
    ]

    def work(count: int) -> None:
        for n in range(count):
            calls[n % len(calls)]()

    assert_nothing_stays(work)


def test_pipelines(client: oxipipe.Redis[str]) -> None:
    def work(count: int) -> None:
        for n in range(count // BATCH):
            with client.pipeline(transaction=n % 4 == 0) as pipeline:
                for number in range(BATCH // 4):
                    pipeline.set(f"k{number}", number).get("k1").hgetall("h")
                    pipeline.incr("l" if n % 3 == 0 else "n")
                if n % 5:
                    pipeline.execute(raise_on_error=False)
                else:
                    with contextlib.suppress(exceptions.ResponseError):
                        pipeline.execute()
                # And one that is given up.
                with contextlib.suppress(exceptions.DataError):
                    pipeline.get("k").command("SET", "k", None)

    assert_nothing_stays(work)


def test_pools(pool: oxipipe.Pool) -> None:
    """Nobody looks at the futures."""

    def work(count: int) -> None:
        for n in range(count // BATCH):
            for number in range(BATCH - 2):
                pool.set(f"k{number}", n)
            pool.incr("l")
            pool.pipeline().get("k1").incr("l").execute()
            try:
                pool.flush()
            except exceptions.RedisError as error:
                assert getattr(error, "failed", None) == 2
            else:
                pytest.fail("INCR of a list was no failure")

    assert_nothing_stays(work)


def test_futures(pool: oxipipe.Pool) -> None:
    called = 0

    def count_calls(_future: object) -> None:
        nonlocal called
        called += 1

    def work(count: int) -> None:
        for n in range(count // BATCH):
            futures: list[Any] = [pool.echo(number) for number in range(BATCH - 2)]
            futures += [pool.incr("l"), pool.pipeline().get("k").get("k").execute()]
            for future in futures[::10]:
                future.add_done_callback(count_calls)
            futures[5].cancel()
            if n % 2:
                assert len(list(concurrent.futures.as_completed(futures, LONG))) == BATCH
            for future in futures:
                with contextlib.suppress(exceptions.RedisError):
                    future.result(LONG)
        with contextlib.suppress(exceptions.RedisError):
            pool.flush()

    assert_nothing_stays(work)
    assert called


def test_asyncio(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    r.rpush("l", *range(10))

    with asyncio.Runner() as runner:
        client = Redis.from_url(server.url)

        async def some() -> None:
            calls: list[Any] = [client.set(f"k{n}", n) for n in range(BATCH // 2)]
            calls += [client.get("k1") for _ in range(BATCH // 2 - 2)]
            calls += [client.incr("l"), client.pipeline().get("k").incr("l").execute()]
            for call in calls[::7]:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

        async def turns(count: int) -> None:
            for _ in range(count // BATCH):
                await some()

        assert_nothing_stays(lambda count: runner.run(turns(count)))
        client.close()


def test_events(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    with server.connect() as client, client.lease() as mine, client.pipeline(False) as publish:
        mine.command("SUBSCRIBE", "news")
        up = mine.next_event(LONG)
        assert up and up.kind == "up"

        def work(count: int) -> None:
            for n in range(count // BATCH):
                for number in range(BATCH):
                    publish.command("PUBLISH", "news", number)
                publish.execute()
                if n % 2:
                    for _ in range(BATCH):
                        assert mine.next_event(LONG)
                else:
                    events = mine.events(LONG)
                    assert [next(events).data[2] for _ in range(BATCH)] == [
                        b"%d" % number for number in range(BATCH)
                    ]
            assert mine.next_event(0) is None

        assert_nothing_stays(work)


def test_events_of_asyncio(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    with asyncio.Runner() as runner:
        client = Redis.from_url(server.url)

        async def turns(count: int) -> None:
            async with client.lease() as mine:
                await mine.command("SUBSCRIBE", "news")
                up = await mine.next_event(LONG)
                assert up and up.kind == "up"
                for _ in range(count // BATCH):
                    await asyncio.gather(
                        *(client.command("PUBLISH", "news", n) for n in range(BATCH))
                    )
                    for _ in range(BATCH):
                        assert await mine.next_event(LONG)

        assert_nothing_stays(lambda count: runner.run(turns(count)))
        client.close()


def test_leases(client: oxipipe.Redis[str], pool: oxipipe.Pool) -> None:
    def work(count: int) -> None:
        for n in range(count // BATCH):
            lender = pool if n % 2 else client
            with lender.lease() as mine:
                mine.command("SELECT", 1)
                for _ in range(BATCH // 2 - 5):
                    mine.set("k", n)
                    mine.get("k")
                mine.command("MULTI")
                mine.hgetall("h")
                mine.command("EXEC")
                with mine.pipeline() as pipeline:
                    pipeline.get("k").get("k").execute()
                assert mine.next_event(LONG)
        while client.next_event(0) or pool.next_event(0):
            pass

    assert_nothing_stays(work)


def test_leases_of_asyncio(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    with asyncio.Runner() as runner:
        client = Redis.from_url(server.url)

        async def turns(count: int) -> None:
            for n in range(count // BATCH):
                async with client.lease() as mine:
                    await mine.command("SELECT", 1)
                    await asyncio.gather(*(mine.set("k", n) for _ in range(BATCH - 3)))
                    await mine.pipeline().get("k").get("k").execute()
                    if n % 2:
                        assert await mine.next_event(LONG)

        assert_nothing_stays(lambda count: runner.run(turns(count)))
        client.close()


def test_clients(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    def work(count: int) -> None:
        for _ in range(count // BATCH):
            with server.connect() as client:
                client.set("k", 1)
                client.pipeline().get("k").execute()
            with oxipipe.Pool.from_url(server.url, connections=1) as pool:
                pool.get("k").result()
            runner.run(of_asyncio())

    async def of_asyncio() -> None:
        async with Redis.from_url(server.url) as client:
            await client.get("k")

    with asyncio.Runner() as runner:
        assert_nothing_stays(work)
