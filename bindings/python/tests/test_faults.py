"""Dead, dying and wrong servers: a typed error at once, with the fate of every command, and then business as usual."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from support.fake_server import Connection, FakeServer, answering, handshake_reply
from support.pace import LONG, once_more_after_a_stall, promptly

import oxipipe
from oxipipe import exceptions


def http(connection: Connection) -> None:
    connection.sock.recv(65536)
    connection.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<html>")


def silent(connection: Connection) -> None:
    connection.wait_for_the_end()


def close_at_once(_connection: Connection) -> None:
    pass


def client_of(fake: FakeServer, timeout: float = LONG) -> oxipipe.Redis:
    return oxipipe.Redis(
        unix_socket_path=fake.path, socket_timeout=timeout, socket_connect_timeout=timeout
    )


@pytest.mark.parametrize(
    ("script", "kind", "text"),
    [
        (http, (exceptions.InvalidResponse, exceptions.ConnectionError), "HTTP"),
        (silent, exceptions.TimeoutError, ""),
        (close_at_once, exceptions.ConnectionError, ""),
    ],
)
@pytest.mark.parametrize("how", ["connect", "command", "pipeline", "transaction"])
def test_what_is_not_a_redis_server(
    script: Callable[[Connection], None],
    kind: type[exceptions.RedisError],
    text: str,
    how: str,
) -> None:
    with FakeServer(script) as fake:
        timeout = 0.3 if script is silent else LONG
        client = client_of(fake, timeout)
        with promptly(), pytest.raises(kind) as caught:
            if how == "connect":
                client.connect()
            elif how == "command":
                client.set("a", 1)
            else:
                client.pipeline(how == "transaction").set("a", 1).set("b", 2).execute()
        assert text in str(caught.value)
        if how != "connect":
            assert caught.value.outcome == "NOT_APPLIED"  # the handshake comes first
        client.close()


def test_nobody_listens(tmp_path: object) -> None:
    client = oxipipe.Redis(unix_socket_path=f"{tmp_path}/nothing")
    pipeline = client.pipeline(transaction=False)
    for n in range(5000):
        pipeline.set(f"key{n}", "x" * 100)
    with pytest.raises(exceptions.ConnectionError) as caught:
        pipeline.execute()
    error = caught.value
    assert (error.outcome, error.replied, error.unknown, error.not_applied) == (
        "NOT_APPLIED",
        0,
        0,
        5000,
    )
    assert error.replies == []
    assert error.errno
    with pytest.raises(exceptions.ConnectionError):
        oxipipe.Redis("no-such-host.invalid").ping()


@once_more_after_a_stall
def test_a_timeout_is_one_for_the_whole_call() -> None:
    """A peer that trickles does not hold a call for ever."""

    def trickle(command: list[bytes]) -> bytes | None:
        return b"$1000000\r\n"

    def script(connection: Connection) -> None:
        for command in connection.commands():
            reply = handshake_reply(command)
            if reply:
                connection.send(reply)
                continue
            connection.send(trickle(command) or b"")
            while not connection.closing.wait(0.05):
                connection.send(b"x")

    with FakeServer(script) as fake:
        client = client_of(fake, 0.4)
        client.connect()
        began = time.monotonic()
        with promptly(), pytest.raises(exceptions.TimeoutError) as caught:
            client.get("a")
        assert time.monotonic() - began >= 0.4
        assert caught.value.outcome == "UNKNOWN"
        client.close()


@pytest.mark.parametrize("transaction", [False, True])
def test_a_server_that_dies_mid_pipeline(transaction: bool) -> None:
    """It answers three commands, has seen more, and is gone."""

    def script(connection: Connection) -> None:
        answered = 0
        for command in connection.commands():
            reply = handshake_reply(command)
            if reply:
                connection.send(reply)
            elif answered == 3:
                return
            else:
                connection.send(
                    b"+OK\r\n" if answered == 0 else b"+QUEUED\r\n" if transaction else b":1\r\n"
                )
                answered += 1

    with FakeServer(script) as fake:
        client = client_of(fake)
        pipeline = client.pipeline(transaction)
        for n in range(10):
            pipeline.hset("h", f"f{n}", n)
        with pytest.raises(exceptions.ConnectionError) as caught:
            pipeline.execute()
        error = caught.value
        assert error.replied + error.unknown + error.not_applied == 10
        assert error.outcome in ("UNKNOWN", "NOT_APPLIED")
        if not transaction:
            assert (error.replied, error.outcome) == (3, "UNKNOWN")
            assert error.replies == [b"OK", 1, 1]
        assert len(pipeline) == 0
        client.close()


@once_more_after_a_stall
def test_replies_that_came_while_commands_were_added_are_not_lost() -> None:
    """The server answers five, says no more and cannot be reached again, all before `execute`."""
    silent = threading.Event()

    def script(connection: Connection) -> None:
        left = 5
        for command in connection.commands():
            reply = handshake_reply(command)
            if reply or left:
                left -= not reply
                connection.send(reply or b":1\r\n")
            elif not silent.is_set():
                fake.stop_listening()
                connection.sock.shutdown(socket.SHUT_WR)
                silent.set()

    with FakeServer(script) as fake:
        client = client_of(fake, 1.0)
        pipeline = client.pipeline(transaction=False)
        for n in range(1500):
            pipeline.hset("h", f"field{n}", "x" * 30)
        assert silent.wait(LONG)
        for n in range(1500, 1510):
            pipeline.hset("h", f"field{n}", "x" * 30)
        with pytest.raises(exceptions.ConnectionError) as caught:
            pipeline.execute()
        error = caught.value
        assert error.replied + error.unknown + error.not_applied == 1510
        assert (error.replied, error.replies, error.outcome) == (5, [1] * 5, "UNKNOWN")
        client.close()


@once_more_after_a_stall
def test_a_server_killed_mid_pipeline(own_server: oxipipe.Server) -> None:
    own_server.restart()
    client = own_server.connect()
    pipeline = client.pipeline(transaction=False)
    for n in range(50):
        pipeline.rpush("list", n)
    pipeline.command("DEBUG", "SLEEP", "30")
    for n in range(50):
        pipeline.rpush("list", n)

    def kill() -> None:
        with own_server.connect(socket_timeout=0.3) as watcher:
            with contextlib.suppress(exceptions.TimeoutError):
                while True:
                    watcher.ping()
            own_server.kill()  # it sleeps

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(exceptions.ConnectionError) as caught:
        pipeline.execute()
    killer.join()
    error = caught.value
    assert error.outcome == "UNKNOWN"
    assert error.replied + error.unknown + error.not_applied == 101
    assert error.replies is not None
    assert error.replies == list(range(1, len(error.replies) + 1))
    assert error.replied >= len(error.replies)
    own_server.restart()
    assert client.ping()
    assert pipeline.set("a", 1).get("a").execute() == [True, b"1"]


@once_more_after_a_stall
def test_it_connects_again_by_itself(own_server: oxipipe.Server) -> None:
    own_server.restart()
    client = own_server.connect(socket_timeout=0.6)  # it keeps trying to connect for so long
    client.set("a", 1)
    own_server.kill()
    with pytest.raises(exceptions.ConnectionError):
        client.incr("a")
    own_server.restart()
    assert client.incr("a") == 1


def test_a_client_killed_by_the_server_reports_and_recovers(
    server: oxipipe.Server, r: oxipipe.Redis
) -> None:
    victim = server.connect()
    number = victim.client_id()
    r.client_kill_filter(_id=number)
    try:
        victim.incr("a")
    except exceptions.ConnectionError as error:
        assert error.outcome in ("UNKNOWN", "NOT_APPLIED")
    assert victim.ping()
    assert victim.client_id() != number
    victim.close()


@pytest.mark.parametrize(
    "reply",
    [
        b"garbage\r\n",
        b"$5\r\nhello--",
        b":12x\r\n",
        b"*-2\r\n",
        b"$99999999999999999999\r\n",
        b"\x00" * 100,
        b"*1\r\n" * 5000,
        b"+" + b"x" * 100_000,
    ],
    ids=lambda reply: repr(reply[:12]),
)
def test_replies_that_are_none(reply: bytes) -> None:
    with FakeServer(answering(lambda _command: reply)) as fake:
        client = client_of(fake)
        with pytest.raises(exceptions.InvalidResponse) as caught:
            client.get("a")
        assert caught.value.outcome == "UNKNOWN"
        with pytest.raises(exceptions.InvalidResponse) as caught:
            client.pipeline(transaction=False).get("a").get("b").execute()
        assert caught.value.replied + caught.value.unknown + caught.value.not_applied == 2
        client.close()


def test_more_replies_than_commands() -> None:
    with FakeServer(
        answering(lambda command: b"$1\r\n" + command[1] + b"\r\n+SURPLUS\r\n")
    ) as fake:
        client = client_of(fake)
        for value in (b"1", b"2", b"3"):
            # The surplus must never pass for the reply to the next command.
            try:
                assert client.echo(value) == value
            except (exceptions.InvalidResponse, exceptions.ConnectionError):
                continue
        client.close()


def test_values_of_every_resp3_type() -> None:
    replies: dict[bytes, tuple[bytes, Any]] = {
        b"null": (b"_\r\n", None),
        b"double": (b",1.5\r\n", 1.5),
        b"boolean": (b"#t\r\n", True),
        b"big": (b"(123456789012345678901234567890\r\n", 123456789012345678901234567890),
        b"verbatim": (b"=8\r\ntxt:text\r\n", b"text"),
        b"map": (b"%2\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n*1\r\n:2\r\n", {b"a": 1, b"b": [2]}),
        b"map of lists": (b"%1\r\n*2\r\n:1\r\n:2\r\n+x\r\n", {(1, 2): b"x"}),
        b"set": (b"~3\r\n:1\r\n:2\r\n:1\r\n", {1, 2}),
        b"set of lists": (b"~2\r\n*1\r\n:1\r\n:2\r\n", [[1], 2]),
        b"attribute": (b"|1\r\n+ttl\r\n:3600\r\n$1\r\nv\r\n", b"v"),
        b"inner attribute": (b"*2\r\n|1\r\n+a\r\n*2\r\n:1\r\n:2\r\n:7\r\n:8\r\n", [7, 8]),
        b"empty": (b"*3\r\n*0\r\n%0\r\n~0\r\n", [[], {}, set()]),
        b"nested": (b"*1\r\n" * 50 + b"*0\r\n", None),
        b"many": (b"*20\r\n" + b":1\r\n" * 20, [1] * 20),
        b"doubles": (b"*20\r\n" + b",0.5\r\n" * 20, [0.5] * 20),
        b"texts": (b"*20\r\n" + b"$1\r\nx\r\n" * 20, [b"x"] * 20),
        b"nulls": (b"*20\r\n" + b"_\r\n" * 20, [None] * 20),
    }
    with FakeServer(answering(lambda command: replies[command[1]][0])) as fake:
        client = client_of(fake)
        pipeline = client.pipeline(transaction=False)
        for name, (_, value) in replies.items():
            if name == b"nested":
                reply, depth = client.command("ASK", name), 0
                while reply:
                    reply, depth = reply[0], depth + 1
                assert depth == 50
                continue
            assert client.command("ASK", name) == value
            assert type(client.command("ASK", name)) is type(value)
            pipeline.command("ASK", name)
        expected = [value for name, (_, value) in replies.items() if name != b"nested"]
        assert pipeline.execute() == expected
        client.close()


def test_maxmemory_is_an_error_reply(own_server: oxipipe.Server) -> None:
    client = own_server.connect()
    client.config_set("maxmemory", 1)
    with pytest.raises(exceptions.OutOfMemoryError) as caught:
        client.set("a", 1)
    assert caught.value.outcome == "REJECTED"
    replies = (
        client.pipeline(transaction=False).ping().set("a", 1).ping().execute(raise_on_error=False)
    )
    assert replies[::2] == [True, True]
    assert isinstance(replies[1], exceptions.OutOfMemoryError)
