"""MGET of no keys is an empty list, in every colour, as in redis-py; and says so at its place among other replies."""

from __future__ import annotations

import asyncio

import pytest

import oxipipe
import oxipipe.asyncio
from oxipipe import DataError


@pytest.mark.parametrize("transaction", [True, False])
def test_mget(server: oxipipe.Server, r: oxipipe.Redis, transaction: bool) -> None:
    r.set("k", "v")
    assert r.mget([]) == r.mget(iter(())) == r.raw.mget(()) == []
    assert r.mget([], "k") == r.mget(iter("k")) == [b"v"]
    pipe = r.pipeline(transaction)
    assert pipe.get("k").mget([]).mget(["k"]).execute() == [b"v", [], [b"v"]]
    with oxipipe.Pool.from_url(server.url, connections=1) as pool:
        assert pool.mget([]).result() == []
        assert pool.pipeline(transaction).mget([]).get("k").execute().result() == [[], b"v"]

    async def through_asyncio() -> None:
        async with oxipipe.asyncio.Redis.from_url(server.url) as client:
            assert await client.mget([]) == await client.coro.mget([]) == []
            assert await client.pipeline(transaction).mget([]).get("k").execute() == [[], b"v"]

    asyncio.run(through_asyncio())


def test_what_modules_cannot_send_is_raised_as_of_other_commands(server: oxipipe.Server) -> None:
    async def main() -> None:
        async with oxipipe.asyncio.Redis.from_url(server.url) as client:
            for call in (client.get, client.bf().info, client.json().get):
                with pytest.raises(DataError, match=r"'NoneType'.*It is the argument '(name|key)'"):
                    call(None)  # type: ignore[arg-type]
            # Of coroutines, in them.
            calls = client.coro.get, client.coro.bf().info, client.coro.json().get
            for coroutine in [call(None) for call in calls]:  # type: ignore[arg-type]
                with pytest.raises(DataError, match=r"'NoneType'.*It is the argument '(name|key)'"):
                    await coroutine
            assert client.coro.ft("index").index_name == "index"

    asyncio.run(main())


@pytest.mark.parametrize("count", [0, -1])
def test_counts_that_are_none(r: oxipipe.Redis, count: int) -> None:
    r.xadd("x", {"a": 1})
    with r.pipeline() as pipe:
        for owner in (r, pipe):
            for call in (
                lambda: owner.xread({"x": 0}, count=count),  # noqa: B023
                lambda: owner.xreadgroup("g", "c", {"x": ">"}, count=count),  # noqa: B023
                lambda: owner.xrange("x", count=count),  # noqa: B023
                lambda: owner.xrevrange("x", count=count),  # noqa: B023
            ):
                with pytest.raises(oxipipe.DataError, match=r"'count' of x\w+\(\), .* from 1 on"):
                    call()
        assert len(pipe) == 0
