"""A command that has no place in a pipeline is refused where it is added, and takes no other with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import oxipipe
from oxipipe import asyncio as aio
from oxipipe import exceptions

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Run = Callable[[Coroutine[Any, Any, Any]], Any]

both_kinds = pytest.mark.parametrize("transaction", [False, True])
#: In the spellings that take different ways through the back ends.
REFUSED: list[tuple[Any, ...]] = [
    ("WAIT", 1, 0),
    ("WAIT", "1", "0"),
    ("wait", b"1", 0),
    (b"WAIT", 1, 0),
    (bytearray(b"Wait"), 1, 0),
    ("WAIT",),
    ("WAITAOF", 1, 0, 0),
    ("waitaof", "1", "0", "0"),
    (b"WAITAOF", 1, 0, 0),
    ("WAIT", "1" * 100_000, 0),
    ("SELECT", "1"),
    ("MULTI",),
    ("CLIENT", "REPLY", "OFF"),
    ("SUBSCRIBE", "news"),
    ("REPLCONF", "ACK", "0"),
    ("QUIT",),
    ("",),
]
#: Enough that the back ends hand them over, or send them, more than once.
MANY = 300


def fill(pipe: Any) -> int:
    """Adds commands with all of those refused between them; how many were added."""
    added = 0
    for turn in range(MANY):
        pipe.incr("n")
        pipe.set(f"key{turn}", "x" * turn)
        added += 2
        command = REFUSED[turn % len(REFUSED)]
        with pytest.raises(exceptions.DataError if command == ("",) else exceptions.RefusedError):
            pipe.command(*command)
        assert len(pipe) == added
    with pytest.raises(exceptions.RefusedError) as caught:
        pipe.wait(1, 0)
    assert caught.value.outcome == "NOT_APPLIED"
    with pytest.raises(exceptions.RefusedError):
        pipe.execute_command("WAITAOF", 1, 0, 0)
    pipe.hgetall("none")
    return added + 1


def check(replies: list[Any], added: int) -> None:
    assert len(replies) == added
    assert replies[:-1:2] == list(range(1, MANY + 1))
    assert replies[1::2] == [True] * MANY
    # Each in its own shape, so none was counted that is not there.
    assert replies[-1] == {}


@both_kinds
def test_of_a_client_that_blocks(r: oxipipe.Redis, transaction: bool) -> None:
    pipe = r.pipeline(transaction)
    added = fill(pipe)
    check(pipe.execute(), added)
    assert len(r.keys("key*")) == MANY
    r.flushall()
    # And again, now that every name has been seen.
    added = fill(pipe)
    check(pipe.execute(), added)


@both_kinds
def test_of_a_pool(server: oxipipe.Server, r: oxipipe.Redis, transaction: bool) -> None:
    with oxipipe.Pool.from_url(server.url, connections=1) as pool:
        pipe = pool.pipeline(transaction)
        added = fill(pipe)
        check(pipe.execute().result(), added)
        for command in REFUSED[:-1]:
            with pytest.raises(exceptions.RefusedError):
                pool.command(*command)
    assert len(r.keys("key*")) == MANY


@both_kinds
def test_of_an_asyncio_client(
    server: oxipipe.Server, r: oxipipe.Redis, run: Run, transaction: bool
) -> None:
    async def main() -> None:
        async with aio.Redis.from_url(server.url) as client:
            pipe = client.pipeline(transaction)
            added = fill(pipe)
            check(await pipe.execute(), added)

    run(main())
    assert len(r.keys("key*")) == MANY


@both_kinds
def test_a_lease_takes_them(server: oxipipe.Server, r: oxipipe.Redis, transaction: bool) -> None:
    with r.lease() as mine:
        replies = mine.pipeline(transaction).incr("n").wait(0, 10).incr("n").execute()
        assert replies == [1, 0, 2]
