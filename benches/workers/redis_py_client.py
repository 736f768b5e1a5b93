"""redis-py with the hiredis parser, which it must really be using."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import common
import redis


class RedisPy:
    def __init__(self, args: argparse.Namespace) -> None:
        if args.unix:
            self.redis = redis.Redis(unix_socket_path=args.unix, decode_responses=args.decode)
        else:
            self.redis = redis.Redis(args.host, args.port, decode_responses=args.decode)
        parser = type(self.redis.connection_pool.make_connection()._parser).__name__
        if "Hiredis" not in parser:
            # A hiredis of the wrong version is ignored in silence: 14 times slower on lists.
            sys.exit(f"redis-py does not use hiredis but {parser}")

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

    def delete(self, key: str) -> object:
        return self.redis.delete(key)

    def lrange(self, key: str) -> Any:
        return self.redis.lrange(key, 0, -1)

    def hgetall(self, key: str) -> Any:
        return self.redis.hgetall(key)

    def mget(self, keys: Sequence[str]) -> Any:
        return self.redis.mget(keys)


if __name__ == "__main__":
    common.main(RedisPy, ["redis", "hiredis"])
