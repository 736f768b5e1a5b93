"""redis-py with the hiredis parser, which it must really be using, or (--pure) without."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import common
import redis

_DEFAULT_POOL = 100


class RedisPy:
    def __init__(self, args: argparse.Namespace) -> None:
        options: dict[str, Any] = {"decode_responses": args.decode}
        if args.threads > _DEFAULT_POOL:
            # More calls at a time than the pool has connections are an error. One is made below.
            options["max_connections"] = args.threads + 1
        if args.unix:
            servers = [redis.Redis(unix_socket_path=path, **options) for path in args.unix]
        else:
            servers = [redis.Redis(args.host, args.port, **options)]
        self.redis, self.servers = servers[0], servers
        parser = type(self.redis.connection_pool.make_connection()._parser).__name__
        if ("Hiredis" in parser) == args.pure:
            # A hiredis of the wrong version is ignored in silence: 14 times slower on lists.
            sys.exit(f"redis-py runs on the parser {parser}")

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

    def many(self, words: Sequence[str], count: int) -> Sequence[Any]:
        """One pipeline for each server, one server after the other."""
        replies: list[Any] = []
        for server in self.servers:
            pipeline = server.pipeline(transaction=False)
            for _ in range(count // len(self.servers)):
                pipeline.execute_command(*words)
            replies += pipeline.execute()
        return replies

    def delete(self, key: str) -> object:
        return self.redis.delete(key)

    def lrange(self, key: str) -> Any:
        return self.redis.lrange(key, 0, -1)

    def hgetall(self, key: str) -> Any:
        return self.redis.hgetall(key)

    def mget(self, keys: Sequence[str]) -> Any:
        return self.redis.mget(keys)


if __name__ == "__main__":
    common.main(RedisPy, ["redis"] if "--pure" in sys.argv else ["redis", "hiredis"])
