"""The same contract as common.py, for clients of asyncio: one process, one measurement, one line.

A worker supplies an `AsyncClient`. Its methods may be coroutine functions or ordinary ones that
return awaitables, whichever has less between the harness and the client.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol

from common import check_replies, field_names, parse, versions
from meter import Meter

_Work = Callable[[], Coroutine[Any, Any, list[Any]]]


class AsyncClient(Protocol):
    """What a worker implements of this is what its cases in plan.py ask for."""

    async def connect(self) -> object: ...
    async def close(self) -> object: ...
    def hset(self, field: str) -> Awaitable[Any]: ...
    def hget(self, field: str) -> Awaitable[Any]: ...
    async def hset_pipeline(self, fields: Sequence[str]) -> Sequence[Any]: ...


def main(create: Callable[[argparse.Namespace], Any], distributions: Sequence[str]) -> None:
    args = parse()
    loops: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    if args.uvloop:
        import uvloop

        loops, distributions = uvloop.new_event_loop, [*distributions, "uvloop"]
    client = create(args)
    result: dict[str, Any] = {"versions": versions(distributions, client)}
    if args.task != "versions":
        with asyncio.Runner(loop_factory=loops) as runner:
            result |= runner.run(_measure(args, client))
    print(json.dumps(result))


async def _measure(args: argparse.Namespace, client: AsyncClient) -> dict[str, Any]:
    await client.connect()
    try:
        work = _work(args, client, field_names(args))
        for _ in range(args.warm):
            _check(args, await work())
        meter = Meter(args)
        for _ in range(args.reps):
            with meter:
                outcome = await work()
            _check(args, outcome)
            del outcome
        return meter.result(args.count)
    finally:
        await client.close()


def _check(args: argparse.Namespace, batches: list[Sequence[Any]]) -> None:
    replies = [reply for batch in batches for reply in batch]
    check_replies(args, len(replies), replies)


def _work(args: argparse.Namespace, client: AsyncClient, fields: list[str]) -> _Work:
    """What one repetition does; it returns the replies in batches."""
    call = getattr(client, args.op)
    task, size = args.task, args.size

    async def one_by_one(share: Sequence[str]) -> Sequence[Any]:
        return [await call(field) for field in share]

    async def calls() -> list[Any]:
        return [await one_by_one(fields)]

    async def tasks(width: int = args.tasks) -> list[Any]:
        return await asyncio.gather(*[one_by_one(fields[i::width]) for i in range(width)])

    async def gathers() -> list[Any]:
        batches = [fields[i : i + size] for i in range(0, len(fields), size)]
        return [await asyncio.gather(*map(call, batch)) for batch in batches]

    async def pipelines() -> list[Any]:
        perform = getattr(client, f"{args.op}_pipeline")
        return [await perform(fields[i : i + size]) for i in range(0, len(fields), size)]

    async def pool() -> list[Any]:
        # One call at a time leaves all connections but one idle; a task for each uses them.
        return await tasks(args.connections) if args.together else await calls()

    works: dict[str, _Work] = {
        "calls": calls,
        "tasks": tasks,
        "gather": gathers,
        "pipeline": pipelines,
        "pool": pool,
    }
    return works[task]
