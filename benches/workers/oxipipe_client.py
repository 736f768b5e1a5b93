"""oxipipe. OXIPIPE_BACKEND chooses the backend; the worker insists on having got it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

import common
import oxipipe


class Oxipipe:
    def __init__(self, args: argparse.Namespace) -> None:
        options: dict[str, Any] = {"decode_responses": args.decode}
        if args.spin_us >= 0:
            options["spin_us"] = args.spin_us
        if args.unix:
            options["unix_socket_path"] = args.unix[0]
        else:
            options |= {"host": args.host, "port": args.port}
        self.redis = oxipipe.Redis(**options)
        self.versions = {"backend": backend()}

    def hset_pipeline(self, fields: Sequence[str]) -> Sequence[Any]:
        pipeline = self.redis.pipeline(transaction=False)
        for field in fields:
            pipeline.hset("words", field, "1")
        return pipeline.execute()

    def hget_pipeline(self, fields: Sequence[str]) -> Sequence[Any]:
        pipeline = self.redis.pipeline(transaction=False)
        for field in fields:
            pipeline.hget("words", field)
        return pipeline.execute()

    def hset_calls(self, fields: Sequence[str]) -> Sequence[Any]:
        return [self.redis.hset("words", field, "1") for field in fields]

    def hget_calls(self, fields: Sequence[str]) -> Sequence[Any]:
        return [self.redis.hget("words", field) for field in fields]

    def mixed_calls(self, keys: Sequence[str]) -> Sequence[Any]:
        redis = self.redis
        return [reply for key in keys for reply in (redis.set(key, key), redis.get(key))]

    def delete(self, key: str) -> object:
        return self.redis.command("DEL", key)

    # command() and not the named methods: these rows are about decoding, and the name selects the
    # same reply callback.
    def lrange(self, key: str) -> Any:
        return self.redis.command("LRANGE", key, 0, -1)

    def hgetall(self, key: str) -> Any:
        return self.redis.command("HGETALL", key)

    def mget(self, keys: Sequence[str]) -> Any:
        return self.redis.command("MGET", *keys)


class Unnamed(Oxipipe):
    def hset_pipeline(self, fields: Sequence[str]) -> Sequence[Any]:
        pipeline = self.redis.pipeline(transaction=False)
        for field in fields:
            pipeline.command("HSET", "words", field, "1")
        return pipeline.execute()


def backend() -> str:
    """The module that the client's core class comes from: `_fast` or the cffi one."""
    core = next(kind for kind in oxipipe.Redis.__mro__ if kind.__name__ == "ClientCore")
    wanted = os.environ.get("OXIPIPE_BACKEND", "fast")
    if wanted not in core.__module__:
        sys.exit(f"OXIPIPE_BACKEND={wanted}, but the client runs on {core.__module__}")
    return wanted


if __name__ == "__main__":
    common.main(lambda args: Unnamed(args) if args.unnamed else Oxipipe(args), ["oxipipe"])
