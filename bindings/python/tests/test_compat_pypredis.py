"""pypredis' interface, on several servers at once."""

from __future__ import annotations

import concurrent.futures
import threading

import pytest

import oxipipe
from oxipipe.compat import pypredis


def test_commands(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    loop = pypredis.EventLoop()
    loop.start()
    connection = pypredis.UnixConnection(path=server.unix_socket_path)
    futures = [
        loop.send_command(connection, "SET", "a", 1),
        loop.send_command(connection, "GET", "a"),
        loop.send_command(connection, "RPUSH", "l", 1.5, b"\xff", None),
        loop.send_command(connection, "LRANGE", "l", 0, -1),
        loop.send_command(connection, "GET", "nothing"),
    ]
    assert all(isinstance(future, pypredis.Future) for future in futures)
    replies = [future.result(timeout=30) for future in futures]
    assert replies == [b"OK", b"1", 3, [b"1.5", b"\xff", b"None"], None]
    loop.stop()
    with pytest.raises(oxipipe.ClosedError, match="stopped"):
        loop.send_command(connection, "PING")
    connection.close()
    assert server.unix_socket_path in repr(connection)


def test_an_error_harms_nobody_else(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    loop = pypredis.EventLoop()
    loop.start()
    connection = pypredis.UnixConnection(server.unix_socket_path)
    futures = [loop.send_command(connection, *c) for c in (["PING"], ["NONSENSE"], ["PING"])]
    assert futures[2].result() == b"PONG"
    assert futures[0].result() == b"PONG"
    with pytest.raises(pypredis.HiredisError, match="unknown command"):
        futures[1].result()
    assert futures[1].done() is True
    connection.close()


def test_several_servers_work_at_once(server: oxipipe.Server, own_server: oxipipe.Server) -> None:
    loop = pypredis.EventLoop()
    loop.start()
    connections = [
        pypredis.UnixConnection(s.unix_socket_path, decode_responses=True)
        for s in (server, own_server)
    ]
    for connection in connections:
        loop.send_command(connection, "DEL", "set1", "set2")
        loop.send_command(connection, "SADD", "set1", *range(1000))
        loop.send_command(connection, "SADD", "set2", *range(500, 1500))
    futures = [loop.send_command(c, "SUNION", "set1", "set2") for c in connections * 20]
    everything = {str(n) for n in range(1500)}
    for future in concurrent.futures.as_completed(futures, timeout=300):
        assert isinstance(future.result(), list)
        assert set(future.result()) == everything
    loop.stop()
    for connection in connections:
        connection.close()


def test_tcp_and_callbacks() -> None:
    with oxipipe.Server(tcp=True) as server:
        assert server.port is not None
        loop = pypredis.EventLoop()
        loop.start()
        connection = pypredis.TCPConnection("127.0.0.1", server.port)
        called = threading.Event()
        loop.send_command(connection, "PING").add_done_callback(lambda _future: called.set())
        assert called.wait(30)
        for n in range(1000):
            loop.send_command(connection, "RPUSH", "l", n)
        loop.stop()
        with server.connect() as r:
            assert r.lrange("l", 0, -1) == [b"%d" % n for n in range(1000)]
        connection.close()
    with pytest.raises(oxipipe.ConnectionError):
        pypredis.TCPConnection("127.0.0.1", server.port)
