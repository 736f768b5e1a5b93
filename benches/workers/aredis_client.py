"""aredis, whose last release (2020) is older than Python 3.10: one call has to be repaired.

It passes loop= to asyncio.open_connection, which has not taken it since; the wrapper drops it.
Nothing else of aredis is touched, and hiredis, which it finds by itself, does the parsing. More
calls at a time than the pool has connections are an error in aredis, not a queue: so at most one
task for each connection.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable
from typing import Any

_open_connection = asyncio.open_connection


async def _without_loop(*args: Any, loop: None = None, **kwargs: Any) -> Any:
    return await _open_connection(*args, **kwargs)


asyncio.open_connection = _without_loop

import aredis  # noqa: E402
import common_async  # noqa: E402


class Aredis:
    def __init__(self, args: argparse.Namespace) -> None:
        self.redis = aredis.StrictRedis(
            host=args.host, port=args.port, max_connections=args.connections
        )

    async def connect(self) -> object:
        return await self.redis.ping()

    async def close(self) -> object:
        return self.redis.connection_pool.disconnect()

    def hset(self, field: str) -> Awaitable[Any]:
        return self.redis.hset("words", field, "1")

    def hget(self, field: str) -> Awaitable[Any]:
        return self.redis.hget("words", field)


if __name__ == "__main__":
    common_async.main(Aredis, ["aredis", "hiredis"])
