"""redis.asyncio (redis-py) with the hiredis parser: each call in flight has a connection."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Sequence
from typing import Any

import common_async
import redis.asyncio

_DEFAULT_POOL = 100


class RedisPyAsync:
    def __init__(self, args: argparse.Namespace) -> None:
        # More calls at a time than the pool has connections are an error. One is made below.
        together = max(args.tasks + 1, args.size + 1 if args.task == "gather" else 1, _DEFAULT_POOL)
        self.redis = redis.asyncio.Redis(host=args.host, port=args.port, max_connections=together)
        parser = type(self.redis.connection_pool.make_connection()._parser).__name__
        if "Hiredis" not in parser:
            sys.exit(f"redis.asyncio does not use hiredis but {parser}")

    async def connect(self) -> object:
        return await self.redis.ping()

    async def close(self) -> object:
        return await self.redis.aclose()

    def hset(self, field: str) -> Awaitable[Any]:
        return self.redis.hset("words", field, "1")

    def hget(self, field: str) -> Awaitable[Any]:
        return self.redis.hget("words", field)

    async def hset_pipeline(self, fields: Sequence[str]) -> Sequence[Any]:
        pipeline = self.redis.pipeline(transaction=False)
        for field in fields:
            pipeline.hset("words", field, "1")
        return await pipeline.execute()


if __name__ == "__main__":
    common_async.main(RedisPyAsync, ["redis", "hiredis"])
