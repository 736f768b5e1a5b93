"""What asyncio itself takes: calls that the loop answers, without any I/O. No client of futures can be much faster."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable
from typing import Any

import common_async


class Limit:
    def __init__(self, args: argparse.Namespace) -> None:
        self.versions: dict[str, str] = {}
        self.loop: asyncio.AbstractEventLoop

    async def connect(self) -> None:
        self.loop = asyncio.get_running_loop()

    async def close(self) -> None:
        pass

    def hset(self, field: str) -> Awaitable[Any]:
        future = self.loop.create_future()
        self.loop.call_soon(future.set_result, 0)
        return future


if __name__ == "__main__":
    common_async.main(Limit, [])
