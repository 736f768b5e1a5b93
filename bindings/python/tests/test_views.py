"""Views: text in replies by a decoder, arguments by an encoder, in every colour."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

import oxipipe
import oxipipe.asyncio


@pytest.fixture(params=[False, True], ids=["bytes", "decoded"])
def r(server: oxipipe.Server, request: pytest.FixtureRequest) -> Any:
    with server.connect(decode_responses=request.param) as client:
        client.flushall()
        yield client


def test_values_are_decoded_in_the_shape_of_their_command(r: oxipipe.Redis[Any]) -> None:
    numbers = r.with_decoder(int)
    r.mset({"1": 10, "2": 20})
    r.hset("3", mapping={"4": 5})
    r.zadd("6", {"7": 1.5})
    r.sadd("8", 9)
    assert numbers.get("1") == 10
    assert numbers.get("none") is None
    assert numbers.mget("1", "2", "none") == [10, 20, None]
    assert numbers.hgetall("3") == {4: 5}
    assert numbers.smembers("8") == {9}
    assert numbers.zrange("6", 0, -1, withscores=True) == [(7, 1.5)]
    assert sorted(numbers.scan_iter()) == [1, 2, 3, 6, 8]
    assert list(numbers.hscan_iter("3")) == [(4, 5)]
    assert r.get("1") in (b"10", "10")


def test_states_and_what_is_read_already_are_not_for_a_decoder(r: oxipipe.Redis[Any]) -> None:
    refusing = r.with_decoder(lambda text: pytest.fail(f"asked for {text!r}"))
    assert refusing.set("k", "v") is True
    assert refusing.type("k") in (b"string", "string")
    assert refusing.ping() is True
    assert refusing.info("server")["redis_version"]
    assert isinstance(refusing.dump("k"), bytes)
    assert refusing.incr("n") == 1


def test_binary_beside_text(r: oxipipe.Redis[Any]) -> None:
    r.hset("h", mapping={"picture": b"\xff\x00", "name": "x"})
    assert r.raw.hget("h", "picture") == b"\xff\x00"
    assert r.raw.hgetall("h") == {b"picture": b"\xff\x00", b"name": b"x"}
    assert r.execute_command("HGET", "h", "picture", NEVER_DECODE=True) == b"\xff\x00"
    assert r.raw.config_get("maxmemory") == {"maxmemory": "0"}


def test_what_cannot_be_sent_is_encoded(r: oxipipe.Redis[Any]) -> None:
    view = r.with_encoder(json.dumps).with_decoder(json.loads)
    view.set("k", {"a": [1, None, True]})
    assert view.get("k") == {"a": [1, None, True]}
    view.set("k", True)
    assert r.raw.get("k") == b"true"
    view.rpush("l", "1", [2], b"3")
    assert view.lrange("l", 0, -1) == [1, [2], 3]


def test_for_one_call(r: oxipipe.Redis[Any]) -> None:
    r.execute_command("SET", "k", {"a": 1}, encoder=json.dumps)
    assert r.execute_command("GET", "k", decoder=json.loads) == {"a": 1}
    with pytest.raises(TypeError, match="decoder is a str"):
        r.execute_command("GET", "k", decoder="json")


def test_what_a_decoder_raises_is_the_callers(r: oxipipe.Redis[Any]) -> None:
    r.set("k", "v")
    with pytest.raises(ZeroDivisionError):
        r.with_decoder(lambda _: 1 // 0).get("k")
    assert r.raw.get("k") == b"v"


def test_members_that_cannot_be_in_a_set_come_as_a_list(r: oxipipe.Redis[Any]) -> None:
    r.sadd("s", "[1]")
    members: Any = r.with_decoder(json.loads).smembers("s")
    assert members == [[1]]


@pytest.mark.parametrize("transaction", [False, True])
def test_in_a_pipeline(r: oxipipe.Redis[Any], transaction: bool) -> None:
    with r.pipeline(transaction) as pipe:
        numbers = pipe.with_decoder(int)
        assert numbers.set("k", "1") is numbers
        numbers.get("k").mget("k", "none")
        pipe.raw.get("k")
        assert pipe.execute() == [True, 1, [1, None], b"1"]


def test_in_a_pool(server: oxipipe.Server) -> None:
    with oxipipe.Pool(unix_socket_path=server.unix_socket_path, connections=1) as pool:
        pool.set("k", "1").result()
        assert pool.with_decoder(int).get("k").result() == 1
        assert pool.raw.get("k").result() == b"1"


def test_in_a_loop(server: oxipipe.Server) -> None:
    async def use() -> None:
        async with oxipipe.asyncio.Redis(
            unix_socket_path=server.unix_socket_path, decode_responses=True
        ) as client:
            await client.flushall()
            numbers = client.with_decoder(int)
            await client.mset({"1": 10, "2": 20})
            assert await numbers.mget("1", "2") == [10, 20]
            assert sorted([key async for key in numbers.scan_iter()]) == [1, 2]
            assert await client.raw.get("1") == b"10"

    asyncio.run(use())
