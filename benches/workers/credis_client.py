"""credis: a connection with execute and execute_pipeline, no command methods, no reply shaping."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import common
import credis


class Credis:
    def __init__(self, args: argparse.Namespace) -> None:
        self.size = args.size
        if args.unix:
            self.connection = credis.Connection(path=args.unix[0])
        else:
            self.connection = credis.Connection(host=args.host, port=args.port)

    def hset_pipeline(self, fields: Sequence[str]) -> Sequence[Any]:
        return self.connection.execute_pipeline(*[("HSET", "words", f, "1") for f in fields])

    def hget_pipeline(self, fields: Sequence[str]) -> Sequence[Any]:
        return self.connection.execute_pipeline(*[("HGET", "words", f) for f in fields])

    def hset_calls(self, fields: Sequence[str]) -> Sequence[Any]:
        return [self.connection.execute("HSET", "words", field, "1") for field in fields]

    def hget_calls(self, fields: Sequence[str]) -> Sequence[Any]:
        return [self.connection.execute("HGET", "words", field) for field in fields]

    # credis has no pool that would not need gevent: one connection, pipelines of `size`.
    def hset_pool(self, fields: Sequence[str]) -> Sequence[Any]:
        return self._pipelines(fields, self.hset_pipeline)

    def hget_pool(self, fields: Sequence[str]) -> Sequence[Any]:
        return self._pipelines(fields, self.hget_pipeline)

    def _pipelines(
        self, fields: Sequence[str], perform: Callable[[Sequence[str]], Sequence[Any]]
    ) -> Sequence[Any]:
        replies: list[Any] = []
        for start in range(0, len(fields), self.size):
            replies += perform(fields[start : start + self.size])
        return replies

    def delete(self, key: str) -> object:
        return self.connection.execute("DEL", key)

    def lrange(self, key: str) -> Any:
        return self.connection.execute("LRANGE", key, 0, -1)

    def hgetall(self, key: str) -> Any:
        return self.connection.execute("HGETALL", key)

    def mget(self, keys: Sequence[str]) -> Any:
        return self.connection.execute("MGET", *keys)


if __name__ == "__main__":
    common.main(Credis, ["credis", "hiredis"])
