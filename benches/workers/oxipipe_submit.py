"""Futures of one or more servers: Redis.submit, a client for each."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import common
import oxipipe
from oxipipe_client import backend


class OxipipeSubmit:
    def __init__(self, args: argparse.Namespace) -> None:
        self.versions = {"backend": backend()}
        self.servers = [oxipipe.Redis(unix_socket_path=path) for path in args.unix or ()]
        assert oxipipe.Redis.submit

    def many(self, words: Sequence[str], count: int) -> Sequence[Any]:
        submits = [server.submit for server in self.servers]
        futures = [submit(*words) for _ in range(count // len(submits)) for submit in submits]
        return [future.result() for future in futures]


if __name__ == "__main__":
    common.main(OxipipeSubmit, ["oxipipe"])
