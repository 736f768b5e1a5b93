"""oxipipe's asyncio client: a call returns an awaitable, and is sent when the loop comes round."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Sequence
from typing import Any

import common_async
import oxipipe.asyncio
from oxipipe_client import backend


class OxipipeAsync:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.versions = {"backend": backend()}
        self.redis: oxipipe.asyncio.Redis

    async def connect(self) -> object:
        self.redis = oxipipe.asyncio.Redis(host=self.args.host, port=self.args.port)
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
    common_async.main(OxipipeAsync, ["oxipipe"])
