"""Dead, dying and silent servers, and full queues: every future gets a typed failure with its outcome."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from support.fake_server import Connection, FakeServer, answering, handshake_reply
from support.pace import LONG, once_more_after_a_stall

import oxipipe
from oxipipe import exceptions
from oxipipe.asyncio import Redis

Run = Callable[[Coroutine[Any, Any, Any]], Any]


def http(connection: Connection) -> None:
    connection.sock.recv(65536)
    connection.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<html>")


def silent(connection: Connection) -> None:
    connection.wait_for_the_end()


def close_at_once(_connection: Connection) -> None:
    pass


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (http, (exceptions.InvalidResponse, exceptions.ConnectionError)),
        (silent, exceptions.TimeoutError),
        (close_at_once, exceptions.ConnectionError),
    ],
)
@pytest.mark.parametrize("how", ["connect", "command", "pipeline", "transaction"])
def test_what_is_not_a_redis_server(run: Run, script: Any, kind: Any, how: str) -> None:
    timeout = 0.3 if script is silent else LONG

    async def main() -> None:
        with FakeServer(script) as fake:
            async with Redis(
                unix_socket_path=fake.path, socket_timeout=timeout, socket_connect_timeout=timeout
            ) as client:
                with pytest.raises(kind) as caught:
                    if how == "connect":
                        await client.connect()
                    elif how == "command":
                        await client.set("a", 1)
                    else:
                        await client.pipeline(how == "transaction").set("a", 1).execute()
                assert caught.value.outcome == "NOT_APPLIED"

    run(main())


def test_the_death_of_the_server_resolves_everything_at_once(
    run: Run, own_server: oxipipe.Server
) -> None:
    async def main() -> None:
        client = Redis(unix_socket_path=own_server.unix_socket_path)
        await client.connect()
        calls = [client.blpop("l", 0) for _ in range(3)]
        while (await client.info("clients"))["blocked_clients"] < 3:
            pass
        own_server.kill()
        results = await asyncio.gather(*calls, return_exceptions=True)
        for error in results:
            assert isinstance(error, exceptions.ConnectionError)
            assert error.outcome == "UNKNOWN"
        own_server.restart()
        assert await client.echo("x") == b"x"
        client.close()

    run(main())


def test_what_was_answered_before_the_end_counts(run: Run) -> None:
    answered = 0

    def answer(command: list[bytes]) -> bytes | None:
        nonlocal answered
        answered += 1
        return b"$1\r\n%s\r\n" % command[1] if answered <= 3 else None

    async def main() -> None:
        with FakeServer(answering(answer)) as fake:
            client = Redis(unix_socket_path=fake.path)
            calls = [client.command("NOECHO", str(i)) for i in range(6)]
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert results[:3] == [b"0", b"1", b"2"]
            for error in results[3:]:
                assert isinstance(error, exceptions.ConnectionError)
                assert error.outcome == "UNKNOWN"
            client.close()

    run(main())


def test_a_lost_connection_is_made_again(run: Run) -> None:
    def script(connection: Connection) -> None:
        for command in connection.commands():
            connection.send(handshake_reply(command) or b"+OK\r\n")
            if command[0] == b"LAST":
                return

    async def main() -> None:
        with FakeServer(script) as fake:
            async with Redis(unix_socket_path=fake.path) as client:
                for _ in range(3):
                    assert await client.command("LAST") == b"OK"
                    # A command that writes might have left before the loss is noticed.
                    assert await client.get("k") == b"OK"
        assert fake.connections >= 3

    run(main())


@once_more_after_a_stall
def test_a_reply_that_does_not_come(run: Run) -> None:
    """It has left, so nobody knows; the connection goes on, and the late reply goes to nobody."""
    late: list[bytes] = []

    def script(connection: Connection) -> None:
        for command in connection.commands():
            if command[0] == b"SLOW":
                late.append(b"$4\r\nlate\r\n")
                continue
            connection.send(b"".join(late))
            late.clear()
            connection.send(handshake_reply(command) or b"$4\r\nsoon\r\n")

    async def main() -> None:
        with FakeServer(script) as fake:
            async with Redis(unix_socket_path=fake.path, socket_timeout=0.4) as client:
                assert await client.get("k") == b"soon"
                for _ in range(2):
                    with pytest.raises(exceptions.TimeoutError) as caught:
                        await client.command("SLOW")
                    assert caught.value.outcome == "UNKNOWN"
                    assert not isinstance(caught.value, TimeoutError)
                assert await client.get("k") == b"soon"
        assert fake.connections == 1

    run(main())


def test_what_could_not_leave_in_time(run: Run) -> None:
    """The server greets nobody: the commands are still here."""

    async def main() -> None:
        with FakeServer(silent) as fake:
            async with Redis(
                unix_socket_path=fake.path, socket_timeout=0.2, socket_connect_timeout=None
            ) as client:
                calls = [client.set("k", i) for i in range(3)]
                for error in await asyncio.gather(*calls, return_exceptions=True):
                    assert isinstance(error, exceptions.TimeoutError)
                    assert error.outcome == "NOT_APPLIED"

    run(main())


def test_garbage_in_the_middle(run: Run) -> None:
    def script(connection: Connection) -> None:
        for command in connection.commands():
            connection.send(handshake_reply(command) or b"%garbage\r\n")

    async def main() -> None:
        with FakeServer(script) as fake:
            async with Redis(unix_socket_path=fake.path, retry_reads=False) as client:
                calls = [client.incr("n") for _ in range(3)]
                for error in await asyncio.gather(*calls, return_exceptions=True):
                    assert isinstance(
                        error, (exceptions.InvalidResponse, exceptions.ConnectionError)
                    )
                    assert error.outcome == "UNKNOWN"

    run(main())


def test_a_full_queue(run: Run, server: oxipipe.Server, r: oxipipe.Redis) -> None:
    async def main() -> None:
        async with Redis(unix_socket_path=server.unix_socket_path, queue_commands=10) as client:
            calls = [client.incr("n") for _ in range(10)]
            with pytest.raises(exceptions.QueueFullError) as caught:
                client.incr("n")
            assert caught.value.outcome == "NOT_APPLIED"
            assert await asyncio.gather(*calls) == list(range(1, 11))
            assert await client.incr("n") == 11

    run(main())


@once_more_after_a_stall
@pytest.mark.parametrize("raised", [KeyboardInterrupt, GeneratorExit])
def test_an_exception_in_a_callback_does_not_lose_the_timer(
    run: Run, raised: type[BaseException]
) -> None:
    """What waits for a reply that does not come has nobody else who ends it."""

    def script(connection: Connection) -> None:
        for command in connection.commands():
            if command[0] != b"GET":
                connection.send(handshake_reply(command) or b":1\r\n")

    def interrupt(_reply: object) -> None:
        raise raised

    async def main() -> None:
        with FakeServer(script) as fake:
            async with Redis(unix_socket_path=fake.path, socket_timeout=0.5) as client:
                await client.connect()
                (binding,) = client._bindings.values()
                interrupted = client.command_as(interrupt, "INCR", "n")
                waiting = client.get("k")
                binding._process()
                # The turn that takes its answer is one of the timer's own, with no other timer set.
                with pytest.raises(raised):
                    while not interrupted.done():
                        assert select.select([binding._descriptor], [], [], LONG)[0]
                        assert binding._timer is not None
                        binding._timer.cancel()
                        binding._on_timer()
                assert isinstance(interrupted.exception(), raised)
                assert not waiting.done()
                with pytest.raises(exceptions.TimeoutError) as caught:
                    await waiting
                assert caught.value.outcome == "UNKNOWN"

    run(main())


def test_an_exception_from_events_does_not_lose_the_timer(run: Run) -> None:
    def script(connection: Connection) -> None:
        for command in connection.commands():
            if command[0] != b"GET":
                connection.send(handshake_reply(command) or b":1\r\n")

    async def main() -> None:
        with FakeServer(script) as fake:
            async with Redis(unix_socket_path=fake.path, socket_timeout=0.5) as client:
                await client.connect()
                (binding,) = client._bindings.values()
                binding._listen(True)
                heard: list[int] = []

                def hear() -> None:
                    heard.append(1)
                    raise LookupError

                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(type(binding), "_hear", lambda _self: hear())
                    waiting = client.get("k")
                    with pytest.raises(LookupError):
                        binding._on_timer()
                assert heard and binding._timer is not None
                assert not binding._timer.cancelled()
                with pytest.raises(exceptions.TimeoutError):
                    await waiting

    run(main())
