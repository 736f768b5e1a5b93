"""Options about the connection that the server sees, and about servers that are away."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

import oxipipe
from oxipipe import asyncio as aio
from oxipipe import exceptions

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from oxipipe import Redis, Server

    Run = Callable[[Coroutine[Any, Any, Any]], Any]


def own_entry(client: Redis) -> dict[str, str]:
    number = str(client.client_id())
    (entry,) = [entry for entry in client.client_list() if entry["id"] == number]
    return entry


def is_new(server: Server) -> bool:
    """Whether it has what came with 7.2: NO-TOUCH and SETINFO."""
    with server.connect() as r:
        version = r.info("server")["redis_version"]
    return tuple(map(int, version.split(".")[:2])) >= (7, 2)


def test_no_evict(server: Server) -> None:
    with server.connect() as r:
        assert "e" not in own_entry(r)["flags"]
    with server.connect(client_no_evict=True) as r:
        assert "e" in own_entry(r)["flags"]
        with r.lease() as mine:
            assert "e" in own_entry(mine)["flags"]


def test_no_touch(server: Server) -> None:
    with server.connect() as r:
        assert "T" not in own_entry(r)["flags"]
    with server.connect(client_no_touch=True) as r:
        if is_new(server):
            assert "T" in own_entry(r)["flags"]
            return
        # It would touch the keys that it was told to leave alone.
        with pytest.raises(exceptions.ConnectionError, match="NO-TOUCH") as caught:
            r.ping()
        assert (caught.value.status, caught.value.outcome) == (-301, "NOT_APPLIED")


def test_info(server: Server) -> None:
    with server.connect() as r, server.connect(client_info=False) as silent:
        told, untold = own_entry(r), own_entry(silent)
        if is_new(server):
            assert told["lib-name"] == "oxipipe-py"
            assert told["lib-ver"] == oxipipe.__version__
            assert untold["lib-name"] == untold["lib-ver"] == ""
        else:
            assert "lib-name" not in told
            assert "lib-name" not in untold
        # What was not asked cannot have been refused.
        refused = silent.info("commandstats").get("cmdstat_client|setinfo", {"calls": 0})["calls"]
        silent.close()
        with server.connect(client_info=False) as again:
            stats = again.info("commandstats").get("cmdstat_client|setinfo", {"calls": 0})
            assert stats["calls"] == refused


@pytest.mark.parametrize("kind", [oxipipe.Redis, oxipipe.Pool])
def test_the_name_of_another_library(server: Server, kind: Any) -> None:
    names = {"lib_name": "mine(of=me)", "lib_version": "1.0+x"}
    of_url = f"{server.url}?lib_name=mine%28of=me%29&lib_version=1.0+x"
    weaker = {"lib_name": "other", "lib_version": "2"}
    with (
        server.connect() as r,
        kind(unix_socket_path=server.unix_socket_path, client_name="a", **names) as a,
        kind.from_url(of_url, client_name="b", **weaker) as b,
        kind.from_url(f"{server.url}?lib_name=", client_name="c", **names) as c,
    ):
        for client in (a, b, c):
            client.connect()
        entries = {entry["name"]: entry for entry in r.client_list()}
    if is_new(server):
        for name in "abc":
            told = entries[name]
            assert [told["lib-name"], told["lib-ver"]] == list(names.values())
    for option in ("lib_name=two%20words", "lib_version=two%20words"):
        with pytest.raises(exceptions.DataError, match=option.partition("=")[0]):
            kind.from_url(f"{server.url}?{option}")


def test_name(server: Server, run: Run) -> None:
    async def main() -> object:
        async with aio.Redis.from_url(server.url, client_name="looping") as client:
            return await client.client_getname()

    with server.connect(client_name="me") as r, r.lease() as mine:
        assert own_entry(r)["name"] == own_entry(mine)["name"] == "me"
    with oxipipe.Pool.from_url(server.url, client_name="pooled") as pool:
        assert pool.client_getname().result() == "pooled"
    assert run(main()) == "looping"


@pytest.mark.parametrize("name", ["two words", "line\nbreak", "a\0b", "ä"])
def test_a_name_that_no_server_takes_is_refused_at_once(server: Server, name: str) -> None:
    for make in (oxipipe.Redis, oxipipe.Pool, aio.Redis):
        with pytest.raises(exceptions.DataError, match="client_name") as caught:
            make(unix_socket_path=server.unix_socket_path, client_name=name)
        assert caught.value.outcome == "NOT_APPLIED"


def test_in_a_url(server: Server) -> None:
    url = f"{server.url}?client_no_evict=true&client_name=of-url&client_info=no&fail_fast=yes"
    with oxipipe.from_url(url) as r:
        entry = own_entry(r)
        assert "e" in entry["flags"]
        assert entry["name"] == "of-url"
    for option in (
        "client_no_evict=x",
        "client_info=",
        "client_name=two%20words",
        "fail_fast=x",
        "decode_responses=treu",
    ):
        with pytest.raises(exceptions.DataError):
            oxipipe.from_url(f"{server.url}?{option}")


@pytest.mark.parametrize("kind", [oxipipe.Redis, oxipipe.Pool, aio.Redis])
def test_a_url_is_no_host(kind: Any) -> None:
    with pytest.raises(ValueError, match=r"URL.*from_url") as caught:
        kind("redis://:s3cret@localhost:6379")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("kind", [oxipipe.Redis, oxipipe.Pool, aio.Redis])
@pytest.mark.parametrize("host", ["localhost:6379", "[::1]", "/run/redis.sock"])
def test_what_is_not_only_a_host_is_none(kind: Any, host: str) -> None:
    with pytest.raises(ValueError, match="no host name: port and unix_socket_path"):
        kind(host)


#: Every option that is true or false, and those that only pools have.
BOOLEANS = (
    "socket_keepalive decode_responses client_no_evict client_no_touch client_info retry_reads fail_fast"
).split()
BOOLEANS_OF_POOLS = ["key_affinity", "ordered"]


@pytest.mark.parametrize("kind", [oxipipe.Redis, aio.Redis, oxipipe.Pool])
def test_only_booleans_are_true_or_false(kind: Any) -> None:
    """The text "false" is true for Python: whoever reads it from the environment is told, and not given the opposite."""
    wrongs: list[Any] = ["false", "nope", "", b"no", 0, 1, 1.0, []]
    for name in BOOLEANS + BOOLEANS_OF_POOLS * (kind is oxipipe.Pool):
        for make in (kind, lambda **options: kind.from_url("redis://localhost", **options)):
            for wrong in wrongs:
                with pytest.raises(TypeError, match=f"^{name} is a .*must be True or False"):
                    make(**{name: wrong})
            for right in (True, False, None):
                make(**{name: right})


def test_none_is_the_default(server: Server) -> None:
    nothing: Any = dict.fromkeys(BOOLEANS)
    url = f"{server.url}?client_info=false&client_no_evict=true&decode_responses=true"
    with server.connect(**nothing) as r, oxipipe.from_url(url, **nothing) as of_url:
        assert r.echo("bytes") == b"bytes"
        entry = own_entry(r)
        assert "e" not in entry["flags"]
        assert entry.get("lib-name") == ("oxipipe-py" if is_new(server) else None)
        # That of the URL, where there is one.
        assert of_url.echo("text") == "text"
        assert "e" in own_entry(of_url)["flags"]
        assert not own_entry(of_url).get("lib-name")


#: A deadline that nobody waits for.
LONG = 60


def check_failed_at_once(began: float, error: oxipipe.RedisError) -> None:
    assert isinstance(error, exceptions.ConnectionError)
    assert error.outcome == "NOT_APPLIED"
    assert time.monotonic() - began < LONG / 2


def test_fail_fast(own_server: Server) -> None:
    with own_server.connect(fail_fast=True, socket_timeout=LONG) as r:
        r.ping()
        own_server.kill()
        began = time.monotonic()
        with pytest.raises(exceptions.ConnectionError) as caught:
            r.incr("n")
        check_failed_at_once(began, caught.value)
        with pytest.raises(exceptions.ConnectionError) as caught:
            r.pipeline(transaction=False).incr("n").execute()
        check_failed_at_once(began, caught.value)
        own_server.restart()
        assert r.incr("n") == 1


def test_a_pool_that_fails_fast(own_server: Server) -> None:
    url, timeout = own_server.url, LONG
    with oxipipe.Pool.from_url(url, connections=1, fail_fast=True, socket_timeout=timeout) as pool:
        pool.ping().result()
        own_server.kill()
        began = time.monotonic()
        error = pool.incr("n").exception(LONG)
        assert isinstance(error, oxipipe.RedisError)
        check_failed_at_once(began, error)
        own_server.restart()
        assert pool.incr("n").result() == 1


def test_an_asyncio_client_that_fails_fast(own_server: Server, run: Run) -> None:
    async def main() -> None:
        url = f"{own_server.url}?fail_fast=true"
        async with aio.Redis.from_url(url, socket_timeout=LONG) as client:
            await client.ping()
            own_server.kill()
            began = time.monotonic()
            with pytest.raises(exceptions.ConnectionError) as caught:
                await client.incr("n")
            check_failed_at_once(began, caught.value)
            own_server.restart()
            assert await client.incr("n") == 1

    run(main())


def test_without_it_commands_wait_for_the_server(own_server: Server) -> None:
    with own_server.connect(socket_timeout=0.5) as r:
        r.ping()
        own_server.kill()
        began = time.monotonic()
        with pytest.raises(oxipipe.RedisError) as caught:
            r.incr("n")
        assert caught.value.outcome == "NOT_APPLIED"
        assert time.monotonic() - began > 0.4
