"""valkey-glide for asyncio: batches, with a request timeout long enough for the largest of them."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Sequence
from typing import Any

import common_async
from glide import Batch, GlideClient, GlideClientConfiguration, NodeAddress


class GlideAsync:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.client: GlideClient

    async def connect(self) -> object:
        nodes = [NodeAddress(self.args.host, self.args.port)]
        # The default of 250 ms is less than a pipeline of 10,000 may need.
        self.client = await GlideClient.create(
            GlideClientConfiguration(nodes, request_timeout=60_000)
        )
        return self.client

    async def close(self) -> object:
        return await self.client.close()

    def hset(self, field: str) -> Awaitable[Any]:
        return self.client.hset("words", {field: "1"})

    def hget(self, field: str) -> Awaitable[Any]:
        return self.client.hget("words", field)

    async def hset_pipeline(self, fields: Sequence[str]) -> Sequence[Any]:
        batch = Batch(is_atomic=False)
        for field in fields:
            batch.hset("words", {field: "1"})
        return await self.client.exec(batch, raise_on_error=True) or ()


if __name__ == "__main__":
    common_async.main(GlideAsync, ["valkey-glide"])
