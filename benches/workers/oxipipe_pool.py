"""oxipipe's pool, by the functions for scripts: connect_pool, phset and phget, flush."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import common
import oxipipe
from oxipipe_client import backend


class OxipipePool:
    def __init__(self, args: argparse.Namespace) -> None:
        self.results = args.results
        self.versions = {"backend": backend()}
        self.redis = oxipipe.Redis(host=args.host, port=args.port)
        if args.task == "pool":
            oxipipe.connect_pool(
                host=args.host, port=args.port, pool=args.connections, queue_commands=args.window
            )
        else:
            assert oxipipe.connect_pool

    def hset_pool(self, fields: Sequence[str]) -> Sequence[Any] | int:
        if self.results:
            return self._collect([oxipipe.phset("words", field, "1") for field in fields])
        for field in fields:
            oxipipe.phset("words", field, "1")
        # Raises if any of them failed.
        oxipipe.flush()
        return len(fields)

    def hget_pool(self, fields: Sequence[str]) -> Sequence[Any]:
        return self._collect([oxipipe.phget("words", field) for field in fields])

    def _collect(self, futures: Sequence[Any]) -> Sequence[Any]:
        oxipipe.flush()
        return [future.result() for future in futures]

    def delete(self, key: str) -> object:
        return self.redis.command("DEL", key)


if __name__ == "__main__":
    common.main(OxipipePool, ["oxipipe"])
