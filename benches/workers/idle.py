"""What connected clients cost while nobody calls them: CPU time, and how often a thread woke up.

A thread that is woken gives the processor up again, which the kernel counts as a voluntary context
switch. The count is of the whole process; the sleep of the main thread is in it, and `--kind
nothing`, the same process without any client, shows what that makes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from pathlib import Path
from typing import Any

from common import versions
from meter import Meter

_SETTLE = 0.3  # Seconds for threads that start up or connect to come to rest.


def main() -> None:
    args = _parse()
    kinds = {
        "nothing": (lambda _: [], []),
        "oxipipe": (_oxipipe, ["oxipipe"]),
        "oxipipe-pool": (_oxipipe_pool, ["oxipipe"]),
        "oxipipe-async": (_oxipipe_async, ["oxipipe"]),
        "glide-sync": (_glide_sync, ["valkey-glide-sync"]),
        "glide-async": (_glide_async, ["valkey-glide"]),
        "redis-async": (_redis_async, ["redis", "hiredis"]),
    }
    connect, distributions = kinds[args.kind]
    result: dict[str, Any] = {"versions": versions(distributions)}
    if args.task == "versions":
        if args.kind.startswith("oxipipe"):
            _importable(args.kind)
    elif args.kind.endswith("async"):
        result |= asyncio.run(_in_loop(args, connect))
    else:
        result |= _outside(args, connect)
    print(json.dumps(result))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", required=True)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--task")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=6379)
    parser.add_argument("--count", type=float, default=3, help="seconds")
    parser.add_argument("--server-pid", type=int, action="append")
    return parser.parse_known_args()[0]


def _outside(args: argparse.Namespace, connect: Any) -> dict[str, Any]:
    clients = [connect(args) for _ in range(args.clients)]
    time.sleep(_SETTLE)
    idle = _Idle(args)
    with idle.meter:
        time.sleep(args.count)
    return idle.result(clients)


async def _in_loop(args: argparse.Namespace, connect: Any) -> dict[str, Any]:
    clients = [await connect(args) for _ in range(args.clients)]
    await asyncio.sleep(_SETTLE)
    idle = _Idle(args)
    with idle.meter:
        await asyncio.sleep(args.count)
    return idle.result(clients)


class _Idle:
    def __init__(self, args: argparse.Namespace) -> None:
        self.meter = Meter(args)
        self._before = _switches()

    def result(self, clients: list[Any]) -> dict[str, Any]:
        """The figures; `clients` is taken so that none was closed before."""
        switches = _switches() - self._before
        threads = len(list(Path("/proc/self/task").iterdir()))
        return self.meter.result(1) | {"switches": switches, "threads": threads}


def _switches() -> int:
    """Voluntary ones, all threads."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw


def _importable(kind: str) -> None:
    import oxipipe

    if kind == "oxipipe-async":
        import oxipipe.asyncio
    elif kind == "oxipipe-pool":
        assert oxipipe.Pool


def _oxipipe(args: argparse.Namespace) -> Any:
    import oxipipe

    redis = oxipipe.Redis(host=args.host, port=args.port)
    redis.ping()
    return redis


def _oxipipe_pool(args: argparse.Namespace) -> Any:
    import oxipipe

    pool = oxipipe.Pool(host=args.host, port=args.port, connections=4)
    pool.connect()
    pool.submit("PING").result()
    return pool


async def _oxipipe_async(args: argparse.Namespace) -> Any:
    import oxipipe.asyncio

    redis = oxipipe.asyncio.Redis(host=args.host, port=args.port)
    await redis.ping()
    return redis


def _glide_sync(args: argparse.Namespace) -> Any:
    import glide_sync

    nodes = [glide_sync.NodeAddress(args.host, args.port)]
    client = glide_sync.GlideClient.create(glide_sync.GlideClientConfiguration(nodes))
    client.ping()
    return client


async def _glide_async(args: argparse.Namespace) -> Any:
    import glide

    nodes = [glide.NodeAddress(args.host, args.port)]
    client = await glide.GlideClient.create(glide.GlideClientConfiguration(nodes))
    await client.ping()
    return client


async def _redis_async(args: argparse.Namespace) -> Any:
    import redis.asyncio

    client = redis.asyncio.Redis(host=args.host, port=args.port)
    await client.ping()
    return client


if __name__ == "__main__":
    main()
