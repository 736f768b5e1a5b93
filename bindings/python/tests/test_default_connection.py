"""The module-level functions, and cpipe's on top of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import oxipipe
from oxipipe import default, exceptions
from oxipipe.compat import cpipe


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    yield
    default.set_client(None)
    cpipe._pool = None


def test_there_is_none_at_first() -> None:
    default.set_client(None)
    for use in (oxipipe.execute, oxipipe.pipeline, lambda: oxipipe.add_command("PING")):
        with pytest.raises(oxipipe.RedisError, match="connect") as caught:
            use()
        assert caught.value.outcome == "NOT_APPLIED"


def test_connect_sets_it(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    client = oxipipe.connect(server.url, decode_responses=True)
    assert default.get_client() is client
    oxipipe.add_command("hset", "words", "word|1", "1")
    oxipipe.add_command("hget", "words", "word|1")
    assert oxipipe.execute() == [1, "1"]
    assert oxipipe.execute() == []
    assert oxipipe.pipeline().get("none").execute() == [None]


def test_connect_connects() -> None:
    with oxipipe.Server(tcp=True) as server:
        assert oxipipe.connect("127.0.0.1", server.port).ping()
    with pytest.raises(exceptions.ConnectionError):
        oxipipe.connect("127.0.0.1", server.port)


def test_connect_takes_its_place_by_name() -> None:
    with oxipipe.Server(tcp=True) as server:
        assert server.port is not None
        assert oxipipe.connect(host="127.0.0.1", port=server.port).ping()
        assert oxipipe.connect(host="localhost", port=str(server.port)).ping()
        assert oxipipe.connect(None, server.port).ping()
        assert oxipipe.connect(url=server.url).ping()
        assert oxipipe.connect(host_or_url=server.url).ping()
        with pytest.raises(TypeError, match="one of"):
            oxipipe.connect("localhost", server.port, url=server.url)


@pytest.mark.parametrize("place", ["me:hunter2@host/0", "host:6379", "[::1]:6379", "/run/socket"])
def test_connect_says_how_a_url_is_written(place: str) -> None:
    for given in ({"host_or_url": place}, {"host": place}, {"url": place}):
        with pytest.raises(ValueError, match=r"redis://host:port or unix:///path") as caught:
            oxipipe.connect(**given)  # type: ignore[call-overload]
        assert "hunter2" not in str(caught.value)
    with pytest.raises(ValueError, match="redis://"):
        oxipipe.connect(url="localhost")


def test_connect_takes_an_ipv6_address_for_one() -> None:
    with oxipipe.Server(tcp=True) as server:
        pass
    assert server.port is not None
    with pytest.raises(exceptions.ConnectionError):
        oxipipe.connect("::1", server.port)


def test_threads_do_not_mix(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    oxipipe.connect(server.url)
    wrong: list[object] = []

    def work(number: int) -> None:
        for n in range(50):
            for k in range(20):
                oxipipe.add_command("ECHO", f"{number}-{n}-{k}")
            if oxipipe.execute() != [f"{number}-{n}-{k}".encode() for k in range(20)]:
                wrong.append((number, n))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_new_connection_gets_a_new_pipeline(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    oxipipe.connect(server.url)
    oxipipe.add_command("SET", "a", 1)
    oxipipe.connect(server.url)
    assert oxipipe.execute() == []


def test_cpipe(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    assert cpipe.Connect(server.url) == 0
    cpipe.add_command("hset", "words", "word|1", "1")
    cpipe.add_command("hget", "words", "word|1")
    assert cpipe.execute() == [1, b"1"]
    assert cpipe.hset("words", "word|2", "2") == 1
    assert cpipe.hget("words", "word|2") == b"2"
    assert cpipe.set("a", "b") is True
    assert cpipe.get("a") == b"b"


def test_cpipe_in_the_background(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    assert cpipe.ConnectPool(host=server.url, pool=10) == 0

    def work(number: int) -> None:
        for n in range(500):
            cpipe.phset("words", f"{number}-{n}", n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cpipe.flush() == 2000
    assert r.hlen("words") == 2000
    assert cpipe.phget("words", "0-7").result() == b"7"
    assert cpipe.flush() == 1
    assert cpipe.flush() == 0
    r.set("text", "x")
    cpipe.phset("text", "f", 1)
    with pytest.raises(exceptions.ResponseError, match="WRONGTYPE"):
        cpipe.flush()


def test_cpipe_without_a_connection() -> None:
    with pytest.raises(oxipipe.RedisError, match="Connect") as caught:
        cpipe.flush()
    assert caught.value.outcome == "NOT_APPLIED"
    with pytest.raises(ValueError, match="pool"):
        cpipe.ConnectPool(pool=0)
