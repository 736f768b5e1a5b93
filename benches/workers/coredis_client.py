"""coredis: its pipeline hands out awaitables and sends when the block ends."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import common_async
import coredis


class Coredis:
    def __init__(self, args: argparse.Namespace) -> None:
        # As many connections as calls at a time, like redis.asyncio.
        self.redis = coredis.Redis(host=args.host, port=args.port)

    async def connect(self) -> object:
        await self.redis.__aenter__()
        return await self.redis.ping()

    async def close(self) -> object:
        return await self.redis.__aexit__(None, None, None)

    def hset(self, field: str) -> Awaitable[Any]:
        return self.redis.hset("words", {field: "1"})

    def hget(self, field: str) -> Awaitable[Any]:
        return self.redis.hget("words", field)

    async def hset_pipeline(self, fields: Sequence[str]) -> Sequence[Any]:
        async with self.redis.pipeline(transaction=False) as pipeline:
            replies = [pipeline.hset("words", {field: "1"}) for field in fields]
        return await asyncio.gather(*replies)


if __name__ == "__main__":
    common_async.main(Coredis, ["coredis"])
