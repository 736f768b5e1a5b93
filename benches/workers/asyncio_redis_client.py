"""asyncio-redis with its hiredis protocol: concurrent calls share the pool's connections."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable
from typing import Any

import asyncio_redis
import common_async


class AsyncioRedis:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.pool: asyncio_redis.Pool

    async def connect(self) -> object:
        self.pool = await asyncio_redis.Pool.create(
            host=self.args.host,
            port=self.args.port,
            poolsize=self.args.connections,
            protocol_class=asyncio_redis.HiRedisProtocol,
        )
        return self.pool

    async def close(self) -> object:
        return self.pool.close()

    def hset(self, field: str) -> Awaitable[Any]:
        return self.pool.hset("words", field, "1")

    def hget(self, field: str) -> Awaitable[Any]:
        return self.pool.hget("words", field)


if __name__ == "__main__":
    common_async.main(AsyncioRedis, ["asyncio-redis", "hiredis"])
