"""What type checkers see: `make lint` runs mypy over this file."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, assert_type

import oxipipe
from oxipipe.asyncio import Pipeline, Redis


async def check(client: Redis) -> None:
    assert_type(client.incr("n"), asyncio.Future[int])
    assert_type(await client.incr("n"), int)
    assert_type(await client.get("k"), bytes | None)
    assert_type(await client.mget("k", "l"), list[bytes | None])
    assert_type(await client.hgetall("h"), dict[bytes, bytes])
    assert_type(await client.expire("k", 1), bool)
    assert_type(await client.command("GET", "k"), Any)
    assert_type(await client.scan(), tuple[int, list[bytes]])
    assert_type(client.pipeline(), Pipeline)
    assert_type(client.pipeline().set("k", 1).incr("n"), Pipeline)
    assert_type(await client.pipeline().execute(), list[Any])
    assert_type([key async for key in client.zscan_iter("z")], list[tuple[bytes, float]])
    assert_type(await client.connect(), Redis)
    assert_type(await assert_type(client.coro.incr("n"), Coroutine[Any, Any, int]), int)
    assert_type(await asyncio.create_task(client.coro.expire("k", 1)), bool)
    assert_type(await client.coro.command("GET", "k"), Any)
    assert_type(await asyncio.create_task(client.pipeline().coro.execute()), list[Any])
    assert_type(await client.close(), None)
    assert_type(await client.aclose(), None)
    async with client as entered, client.pipeline() as pipe:
        assert_type(entered, Redis)
        assert_type(pipe, Pipeline)


def test_the_checked_calls_exist(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    asyncio.run(check(Redis(unix_socket_path=server.unix_socket_path)))
