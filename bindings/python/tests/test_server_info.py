"""What a server says of itself: `server`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from support.fake_server import Connection, FakeServer, handshake_reply

import oxipipe
from oxipipe import asyncio as aio

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from oxipipe import Server

    Run = Callable[[Coroutine[Any, Any, Any]], Any]


def check(info: oxipipe.ServerInfo | None, connection_id: int | None = None) -> None:
    assert info is not None
    assert info.protocol == 3
    assert info.name in ("redis", "valkey")
    assert info.version is not None
    assert info.version.count(".") == 2
    assert (info.role, info.mode) == ("master", "standalone")
    assert info.connection_id is not None
    assert connection_id is None or info.connection_id == connection_id


def test_of_a_client_and_its_leases(server: Server) -> None:
    with server.connect() as r:
        assert r.server is None
        r.ping()
        check(r.server, r.client_id())
        with r.lease() as mine:
            check(mine.server, mine.client_id())
            assert mine.server != r.server
        info = r.server
    check(info)
    assert info is not None
    assert info.version == server.connect().info("server")["redis_version"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(info, "protocol", 2)  # noqa: B010


def test_of_a_pool(server: Server) -> None:
    with oxipipe.Pool.from_url(server.url, connections=2) as pool:
        assert pool.server is None
        pool.connect()
        check(pool.server)
    with oxipipe.Pool.from_url(server.url, connections=1) as pool:
        number = pool.client_id().result()
        check(pool.server, number)


def test_of_an_asyncio_client(server: Server, run: Run) -> None:
    async def main() -> None:
        async with aio.Redis.from_url(server.url) as client:
            assert client.server is None
            number = await client.client_id()
            check(client.server, number)
            clients.append(client)

    clients: list[aio.Redis] = []
    run(main())
    assert clients[0].server is None  # a client has its connections in loops


def test_resp2(server: Server, run: Run) -> None:
    async def main() -> oxipipe.ServerInfo | None:
        async with aio.Redis.from_url(server.url, protocol=2) as client:
            await client.ping()
            return client.server

    with (
        server.connect(protocol=2) as r,
        oxipipe.Pool.from_url(server.url, protocol=2) as pool,
    ):
        r.ping()
        pool.ping().result()
        for info in (r.server, pool.server, run(main())):
            assert info is not None
            assert info.protocol == 2


def test_a_server_without_hello_says_nothing_of_itself() -> None:
    def script(connection: Connection) -> None:
        for command in connection.commands():
            if command[0].upper() == b"HELLO":
                connection.send(b"-ERR unknown command 'HELLO'\r\n")
            else:
                connection.send(handshake_reply(command) or b"+PONG\r\n")

    with FakeServer(script) as fake, oxipipe.Redis(unix_socket_path=fake.path) as r:
        r.ping()
        assert r.server == oxipipe.ServerInfo(protocol=2)


def test_who_was_greeted_last(own_server: Server) -> None:
    with own_server.connect() as r:
        r.ping()
        before = r.server
        own_server.kill()
        assert r.server == before
        own_server.restart()
        r.ping()
        check(r.server, r.client_id())


def test_before_the_constructor() -> None:
    for kind in (oxipipe.Redis, oxipipe.Pool):
        with pytest.raises(RuntimeError):
            kind.__new__(kind).server  # noqa: B018
