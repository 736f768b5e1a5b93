"""valkey-glide-sync: batches, with a request timeout long enough for the largest of them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import common
from glide_sync import Batch, GlideClient, GlideClientConfiguration, NodeAddress


class Glide:
    def __init__(self, args: argparse.Namespace) -> None:
        nodes = [NodeAddress(args.host, args.port)]
        # The default of 250 ms is less than a pipeline of 100,000 needs.
        self.client = GlideClient.create(GlideClientConfiguration(nodes, request_timeout=60_000))

    def hset_pipeline(self, fields: Sequence[str]) -> Sequence[Any]:
        batch = Batch(is_atomic=False)
        for field in fields:
            batch.hset("words", {field: "1"})
        return self.client.exec(batch, raise_on_error=True) or ()

    def hget_pipeline(self, fields: Sequence[str]) -> Sequence[Any]:
        batch = Batch(is_atomic=False)
        for field in fields:
            batch.hget("words", field)
        return self.client.exec(batch, raise_on_error=True) or ()

    def hset_calls(self, fields: Sequence[str]) -> Sequence[Any]:
        return [self.client.hset("words", {field: "1"}) for field in fields]

    def hget_calls(self, fields: Sequence[str]) -> Sequence[Any]:
        return [self.client.hget("words", field) for field in fields]

    def mixed_calls(self, keys: Sequence[str]) -> Sequence[Any]:
        client = self.client
        return [reply for key in keys for reply in (client.set(key, key), client.get(key))]

    def delete(self, key: str) -> object:
        return self.client.delete([key])

    def lrange(self, key: str) -> Any:
        return self.client.lrange(key, 0, -1)

    def hgetall(self, key: str) -> Any:
        return self.client.hgetall(key)

    def mget(self, keys: Sequence[str]) -> Any:
        return self.client.mget(list(keys))


if __name__ == "__main__":
    common.main(Glide, ["valkey-glide-sync"])
