"""What URLs, arguments and closing mean, against redis-py: the same call of both, and what the server sees of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

import oxipipe
import oxipipe.asyncio
from oxipipe import exceptions

redis = pytest.importorskip("redis")
redis_asyncio = pytest.importorskip("redis.asyncio")


class Seen(NamedTuple):
    """Which server, and as what."""

    port: str
    db: int
    user: str
    name: str


class Servers(NamedTuple):
    one: oxipipe.Server
    other: oxipipe.Server


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with oxipipe.Server(tcp=True) as one, oxipipe.Server(tcp=True) as other:
        for server in (one, other):
            with server.connect() as r:
                for name in ("me", "you"):
                    rules = ["reset", "on", f">{name}-secret", "~*", "&*", "+@all"]
                    r.command("ACL", "SETUSER", name, *rules)
        yield Servers(one, other)


def seen_by(client: Any) -> Seen:
    try:
        info = client.client_info()
        return Seen(
            client.config_get("port")["port"], int(info["db"]), info["user"], info.get("name", "")
        )
    finally:
        client.close()


ONE = "redis://127.0.0.1:{one}"
UNIX = "unix://{path}"
CASES: list[tuple[str, dict[str, Any]]] = [
    (ONE, {}),
    (ONE, {"db": 2}),
    (ONE + "/", {"db": 2}),
    (ONE + "/1", {"db": 2}),
    (ONE + "/0", {"db": 2}),
    (ONE + "/1?db=3", {}),
    (ONE + "?db=3", {"db": 2}),
    (ONE, {"port": "{other}"}),
    (ONE, {"host": "no.such.host.invalid", "port": 1}),
    ("redis://127.0.0.1", {"port": "{other}"}),
    ("redis://127.0.0.1:", {"port": "{other}"}),
    ("redis://:{one}", {}),
    ("redis://:{one}", {"host": "127.0.0.1"}),
    ("redis://@:{one}/1", {"host": "localhost"}),
    ("redis://", {"host": "127.0.0.1", "port": "{one}", "db": 1}),
    ("redis:///2", {"host": "127.0.0.1", "port": "{one}", "db": 1}),
    ("redis://me:me-secret@127.0.0.1:{one}", {}),
    ("redis://me:me-secret@127.0.0.1:{one}", {"username": "you", "password": "you-secret"}),
    ("redis://me@127.0.0.1:{one}", {"username": "you", "password": "me-secret"}),
    ("redis://:me-secret@127.0.0.1:{one}", {"username": "me", "password": "you-secret"}),
    ("redis://me:@127.0.0.1:{one}", {"password": "me-secret"}),
    (ONE, {"username": "you", "password": "you-secret"}),
    (ONE + "?username=me&password=me-secret", {"username": "you", "password": "you-secret"}),
    (ONE + "?client_name=of-url", {"client_name": "of-keyword"}),
    (ONE, {"client_name": "of-keyword"}),
    (ONE + "?client_name=", {"client_name": "of-keyword"}),
    (ONE + "?socket_timeout=100", {"socket_timeout": 1e-6}),
    (ONE + "?socket_connect_timeout=100", {"socket_connect_timeout": 1e-6}),
    (ONE + "?protocol=2", {"protocol": 3}),
    (UNIX, {"db": 2}),
    (UNIX + "?db=1", {"db": 2}),
    ("unix://me:me-secret@{path}?db=1", {"username": "you", "password": "you-secret"}),
    ("unix://me:@{path}", {"username": "you", "password": "me-secret"}),
]


@pytest.mark.parametrize(("url", "keywords"), CASES)
def test_a_url_and_keywords(servers: Servers, url: str, keywords: dict[str, Any]) -> None:
    places = {
        "one": servers.one.port,
        "other": servers.other.port,
        "path": servers.one.unix_socket_path,
    }
    url = url.format(**places)
    if "port" in keywords:
        keywords = {**keywords, "port": int(str(keywords["port"]).format(**places))}
    theirs = seen_by(redis.Redis.from_url(url, **keywords))
    assert seen_by(oxipipe.Redis.from_url(url, **keywords)) == theirs
    assert seen_by(oxipipe.from_url(url, **keywords)) == theirs
    with oxipipe.Pool.from_url(url, connections=1, **keywords) as pool, pool.lease() as lease:
        assert seen_by(lease) == theirs


@pytest.mark.parametrize("password", [12345, "12345", b"12345"])
def test_a_password_that_is_a_number(own_server: oxipipe.Server, password: Any) -> None:
    with own_server.connect() as r:
        r.config_set("requirepass", "12345")
    for kind in (redis.Redis, oxipipe.Redis):
        client = kind(unix_socket_path=own_server.unix_socket_path, password=password)
        assert client.ping() is True
        client.close()


def test_an_empty_host_is_none() -> None:
    """redis-py finds out when it connects."""
    with pytest.raises(redis.ConnectionError):
        redis.Redis(host="").ping()
    with pytest.raises(exceptions.OptionError, match=r"^host must be"):
        oxipipe.Redis(host="")


@pytest.mark.parametrize("scheme", ["REDIS", "Redis", "UNIX", "unix", "valkey", "Valkey+Unix"])
def test_schemes_in_any_case(servers: Servers, scheme: str) -> None:
    """Which redis-py has only in small letters."""
    one = servers.one
    place = one.unix_socket_path if "unix" in scheme.lower() else f"127.0.0.1:{one.port}"
    with oxipipe.from_url(f"{scheme}://{place}?db=1", db=2) as client:
        assert client.client_info()["db"] == 1
    # The place of the URL, and no other.
    other: dict[str, Any] = {
        "unix_socket_path": servers.other.unix_socket_path,
        "port": servers.other.port,
    }
    with oxipipe.from_url(f"{scheme}://{place}", **other) as client:
        assert client.config_get("port") == {"port": str(one.port)}


def test_a_path_beside_a_url_that_names_no_place(servers: Servers) -> None:
    path = servers.one.unix_socket_path
    with oxipipe.from_url("redis:///3", unix_socket_path=path) as client:
        assert client.client_info()["db"] == 3


@pytest.mark.parametrize("url", ["", "unix://", "unix://?db=1", "redis://[]:1", "redis", "//h"])
def test_urls_that_name_nothing(url: str) -> None:
    for kind in (oxipipe.Redis, oxipipe.Pool, oxipipe.asyncio.Redis):
        with pytest.raises(exceptions.OptionError):
            kind.from_url(url)


@pytest.mark.parametrize("module", [redis_asyncio, oxipipe.asyncio])
def test_an_asyncio_client_that_was_closed(server: oxipipe.Server, module: Any) -> None:
    async def main() -> None:
        client = module.Redis(unix_socket_path=server.unix_socket_path)
        await client.set("k", "v")
        for _ in range(2):
            await client.aclose()
            assert await client.get("k") == b"v"
        async with client:
            assert await client.get("k") == b"v"
        pipe = client.pipeline()
        pipe.get("k")
        assert await pipe.execute() == [b"v"]
        await client.aclose()

    asyncio.run(main())
