"""Signal handlers that raise in the middle of submitting and collecting: nothing is mixed up, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
from collections.abc import Callable, Iterator

import pytest
from support.fake_server import Connection, FakeServer, handshake_reply
from support.interrupts import InterruptAt, Interruption, everywhere
from support.pace import LONG, eventually

import oxipipe
from oxipipe import _backend
from oxipipe.asyncio import Redis

#: Of a whole submission and its result. `_fast` has next to none in Python.
SOME = 30 if _backend.name == "cffi" else 0


@pytest.fixture
def pool(server: oxipipe.Server, r: oxipipe.Redis) -> Iterator[oxipipe.Pool]:
    with oxipipe.Pool.from_url(server.url, connections=1) as pool:
        pool.ping().result()
        yield pool


def is_sound(pool: oxipipe.Pool) -> Callable[[int], None]:
    def check(number: int) -> None:
        replies = [pool.echo(f"{number}-{n}") for n in range(3)]
        assert [reply.result(LONG) for reply in replies] == [
            f"{number}-{n}".encode() for n in range(3)
        ]
        pool.flush(LONG)
        assert pool.outstanding == 0

    return check


@pytest.mark.parametrize("between_all", [False, True])
def test_submit_and_result(pool: oxipipe.Pool, between_all: bool) -> None:
    """Where other threads come in, locks are let go of only where handlers may run; a single one does not notice."""

    def action() -> None:
        pool.submit("ECHO", "lost").result(LONG)

    assert everywhere(action, is_sound(pool), between_all) >= SOME


def test_try_submit_and_flush(pool: oxipipe.Pool) -> None:
    def action() -> None:
        for n in range(3):
            assert pool.try_submit("ECHO", n) is not None
        pool.flush(LONG)

    assert everywhere(action, is_sound(pool)) >= SOME


def test_completed(pool: oxipipe.Pool) -> None:
    def action() -> None:
        for n in range(3):
            pool.submit("ECHO", n)
        assert 0 < len(list(pool.completed(timeout=LONG))) <= 3

    assert everywhere(action, is_sound(pool)) >= SOME


@pytest.mark.parametrize("transaction", [False, True])
def test_pipelines(pool: oxipipe.Pool, transaction: bool) -> None:
    sound = is_sound(pool)

    def action() -> None:
        with pool.pipeline(transaction) as pipeline:
            replies = pipeline.echo("a").command_as(len, "ECHO", "abc").execute()
        assert replies.result(LONG) == [b"a", 3]

    def check(number: int) -> None:
        sound(number)
        assert pool.pipeline(transaction).echo("x").execute().result(LONG) == [b"x"]

    assert everywhere(action, check) >= SOME


def test_a_pipeline_that_is_used_again(pool: oxipipe.Pool) -> None:
    pipeline = pool.pipeline()

    def check(number: int) -> None:
        pipeline.reset()
        assert pipeline.echo(number).execute().result(LONG) == [b"%d" % number]

    assert everywhere(lambda: pipeline.echo("a").echo("b").execute(), check) >= SOME


def test_a_full_queue(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    with oxipipe.Pool.from_url(server.url, connections=1, queue_commands=2) as pool:

        def action() -> None:
            for n in range(6):
                pool.submit("ECHO", n)

        assert everywhere(action, is_sound(pool)) >= SOME


def test_watchers_are_told(pool: oxipipe.Pool) -> None:
    sound = is_sound(pool)

    def is_interrupted(number: int) -> bool:
        future, told = pool.submit("ECHO", "a"), threading.Event()
        at = InterruptAt(number)
        try:
            with at:
                future.add_done_callback(lambda _future: told.set())
                future.result(LONG)
        except Interruption:
            future.add_done_callback(lambda _future: told.set())
        assert told.wait(LONG)
        sound(number)
        return at.has_raised

    # How many there are depends on which of the two threads pulls.
    assert next(number for number in itertools.count() if not is_interrupted(number)) >= SOME / 3


def test_other_threads_get_what_is_theirs(pool: oxipipe.Pool) -> None:
    """One of the two pulls for both, and is interrupted, or the other does."""
    sound = is_sound(pool)
    for number in itertools.count():
        theirs = pool.submit("ECHO", "theirs")
        came: list[bytes] = []
        other = threading.Thread(target=lambda f=theirs, c=came: c.append(f.result(LONG)))
        other.start()
        at = InterruptAt(number)
        try:
            with at:
                pool.submit("ECHO", "mine").result(LONG)
        except Interruption:
            pass
        other.join(LONG)
        assert came == [b"theirs"]
        sound(number)
        # The other thread may do part of the work: twice in vain is the end.
        if not at.has_raised and number > 400:
            break


def test_cancelling() -> None:
    """Nothing leaves before the server has let the connection in."""
    opened = threading.Event()

    def script(connection: Connection) -> None:
        for command in connection.commands():
            opened.wait()
            reply = handshake_reply(command) or b"$%d\r\n%s\r\n" % (len(command[1]), command[1])
            connection.send(reply)

    with FakeServer(script) as server:
        pool = oxipipe.Pool(unix_socket_path=server.path, connections=1, protocol=2)
        futures: list[oxipipe.Future[bytes]] = []

        def action() -> None:
            futures.append(pool.submit("ECHO", "a"))
            assert futures[-1].cancel()

        def check(_number: int) -> None:
            assert all(future.cancelled() or future.cancel() for future in futures)

        assert everywhere(action, check) >= SOME
        opened.set()
        is_sound(pool)(0)
        pool.close()


@pytest.fixture
def client(server: oxipipe.Server, r: oxipipe.Redis) -> Iterator[oxipipe.Redis]:
    with server.connect() as client:
        yield client


def is_in_step(client: oxipipe.Redis) -> Callable[[int], None]:
    def check(number: int) -> None:
        assert client.echo(number) == b"%d" % number
        pipeline = client.pipeline(False).echo(f"{number}-a").command_as(int, "ECHO", number)
        assert pipeline.execute() == [f"{number}-a".encode(), number]

    return check


def test_calls(client: oxipipe.Redis) -> None:
    def action() -> None:
        assert client.echo("lost") == b"lost"
        assert client.hgetall("none") == {}
        with pytest.raises(oxipipe.ResponseError):
            client.command("ECHO")

    assert everywhere(action, is_in_step(client), between_all=True) >= SOME


@pytest.mark.parametrize("transaction", [False, True])
@pytest.mark.parametrize("size", [1, 20_000])
def test_pipelines_that_are_not_reset(client: oxipipe.Redis, transaction: bool, size: int) -> None:
    pipelines_of_a_client(client, transaction, size, reset=False)


@pytest.mark.parametrize("transaction", [False, True])
@pytest.mark.parametrize("size", [1, 20_000])
def test_pipelines_that_are_reset(client: oxipipe.Redis, transaction: bool, size: int) -> None:
    pipelines_of_a_client(client, transaction, size, reset=True)


def pipelines_of_a_client(
    client: oxipipe.Redis, transaction: bool, size: int, *, reset: bool
) -> None:
    """Large values leave while commands are added. What an interrupted call has added, `len` tells."""
    in_step, pipeline = is_in_step(client), client.pipeline(transaction)
    value = "x" * size

    def action() -> None:
        for n in range(3):
            pipeline.command_as(len, "ECHO", value).echo(n)
        assert pipeline.execute() == [size, b"0", size, b"1", size, b"2"]

    def check(number: int) -> None:
        if reset:
            pipeline.reset()
        # What is there can be executed, each in its shape.
        there = len(pipeline)
        assert there <= 6
        everything: list[object] = [size, b"0", size, b"1", size, b"2"]
        assert pipeline.echo("end").execute() == [*everything[:there], b"end"]
        in_step(number)

    assert everywhere(action, check) >= SOME


def test_a_reset(client: oxipipe.Redis) -> None:
    """All of it is there, or nothing."""
    pipeline = client.pipeline(False)

    def action() -> None:
        for n in range(3):
            pipeline.command_as(len, "ECHO", "x" * 40_000).command_as(int, "ECHO", n)
        pipeline.reset()
        assert len(pipeline) == 0

    def check(_number: int) -> None:
        there = len(pipeline)
        everything: list[object] = [40_000, 0, 40_000, 1, 40_000, 2]
        assert pipeline.echo("end").execute() == [*everything[:there], b"end"]

    assert everywhere(action, check) >= SOME / 2


def lease_and_listen(client: oxipipe.Redis) -> None:
    with client.lease() as mine:
        mine.command("SUBSCRIBE", "news")
        client.publish("news", "x")
        kinds: set[str] = set()
        while "message" not in kinds:
            event = mine.next_event(LONG)
            assert event is not None
            kinds.add(event.kind)


def test_leases_and_their_events(client: oxipipe.Redis) -> None:
    in_step = is_in_step(client)

    def check(number: int) -> None:
        in_step(number)
        while client.next_event(0) is not None:
            pass

    assert everywhere(lambda: lease_and_listen(client), check) >= SOME


def test_no_lease_stays_behind(client: oxipipe.Redis) -> None:
    """Each is closed, by its block or with the last reference to it."""
    before = len(client.client_list())  # other tests may have left some
    for number in itertools.count():
        at = InterruptAt(number)
        try:
            with at:
                lease_and_listen(client)
        except Interruption:
            pass
        else:
            break
    gc.collect()
    eventually("the end of all", lambda: len(client.client_list()) <= before)


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_pipelines_and_leases_of_asyncio(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    loop = asyncio.new_event_loop()
    client = Redis.from_url(server.url)

    async def action() -> None:
        assert await client.pipeline().echo("a").command_as(len, "ECHO", "abc").execute() == [
            b"a",
            3,
        ]
        async with client.lease() as mine:
            await mine.command("SUBSCRIBE", "news")
            await client.command("PUBLISH", "news", "x")
            while (event := await mine.next_event(LONG)) and event.kind != "message":
                pass

    async def check(number: int) -> None:
        replies = [client.pipeline().echo(f"{number}-{n}").execute() for n in range(3)]
        async with asyncio.timeout(LONG):
            assert [await reply for reply in replies] == [
                [f"{number}-{n}".encode()] for n in range(3)
            ]
        assert len(client._binding()) == 0

    try:
        loop.run_until_complete(check(-1))
        for number in itertools.count():
            at = InterruptAt(number)
            task = loop.create_task(action())
            try:
                with at:
                    loop.run_until_complete(task)
            except Interruption:
                pass
            task.cancel()
            # If the task was done by then, asyncio has yet to stop the loop for it, and would stop it for the next one.
            loop.call_soon(loop.stop)
            loop.run_forever()
            loop.run_until_complete(asyncio.wait([task]))
            loop.run_until_complete(check(number))
            if not at.has_raised:
                assert number >= SOME
                break
    finally:
        client.close()
        loop.close()


def test_asyncio(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    loop = asyncio.new_event_loop()
    client = Redis.from_url(server.url)

    async def submit() -> list[asyncio.Future[bytes]]:
        return [client.command("ECHO", n) for n in range(3)]

    async def all_of(calls: list[asyncio.Future[bytes]]) -> list[bytes]:
        return [await asyncio.wait_for(call, LONG) for call in calls]

    async def idle() -> None:
        assert len(client._binding()) == 0

    async def single(what: object) -> bytes:
        reply: bytes = await client.command("ECHO", what)
        return reply

    def mine() -> None:
        loop.run_until_complete(single("mine"))

    try:
        loop.run_until_complete(single("connected"))
        for number in itertools.count():
            calls = loop.run_until_complete(submit())
            at = InterruptAt(number)
            try:
                with at:
                    mine()
            except Interruption:
                pass
            assert loop.run_until_complete(all_of(calls)) == [b"0", b"1", b"2"]
            assert loop.run_until_complete(single(number)) == b"%d" % number
            loop.run_until_complete(idle())
            if not at.has_raised:
                assert number >= SOME
                break
    finally:
        client.close()
        loop.close()
