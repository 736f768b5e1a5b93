"""The same as a program written for pypredis does it: an event loop and connections."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import common
from oxipipe.compat.pypredis import EventLoop, UnixConnection
from oxipipe_client import backend


class Pypredis:
    def __init__(self, args: argparse.Namespace) -> None:
        self.versions = {"backend": backend()}
        if args.unix:
            self.loop = EventLoop()
            self.loop.start()
            self.connections = [UnixConnection(path=path) for path in args.unix]

    def many(self, words: Sequence[str], count: int) -> Sequence[Any]:
        send = self.loop.send_command
        futures = [
            send(connection, *words)
            for _ in range(count // len(self.connections))
            for connection in self.connections
        ]
        return [future.result() for future in futures]


if __name__ == "__main__":
    common.main(Pypredis, ["oxipipe"])
