"""What may be an argument, how it travels, and that nothing is sent or queued when one may not."""

from __future__ import annotations

import decimal
import pickle
from typing import Any

import pytest

import oxipipe
from oxipipe import DataError, exceptions
from oxipipe import asyncio as aio

GOOD = [
    (b"\x00\xff\r\n", b"\x00\xff\r\n"),
    (b"", b""),
    ("", b""),
    ("text", b"text"),
    ("Grüße 🐍", "Grüße 🐍".encode()),
    (0, b"0"),
    (-7, b"-7"),
    (2**64, b"18446744073709551616"),
    (-(2**63), b"-9223372036854775808"),
    (1.5, b"1.5"),
    (0.1, b"0.1"),
    (1e300, b"1e+300"),
    (float("inf"), b"inf"),
    (bytearray(b"ba"), b"ba"),
    (memoryview(b"view"), b"view"),
    (memoryview(b"a-b-c-")[::2], b"abc"),
]

BAD = [True, False, None, [], (), {}, {"a"}, object(), 1j, decimal.Decimal(1), DataError, range(3)]


class Name(str):
    """As django-redis' keys are."""


class Blob(bytes):
    pass


class Number(int):
    pass


@pytest.mark.parametrize(("value", "wire"), GOOD, ids=lambda value: repr(value)[:20])
def test_values_travel_unchanged(r: oxipipe.Redis, value: Any, wire: bytes) -> None:
    assert r.echo(value) == wire
    assert r.pipeline(transaction=False).echo(value).execute() == [wire]
    assert r.pipeline().echo(value).execute() == [wire]


@pytest.mark.parametrize(
    ("value", "wire"), [(Name("key"), b"key"), (Blob(b"blob"), b"blob"), (Number(3), b"3")]
)
def test_subclasses_are_what_they_derive_from(r: oxipipe.Redis, value: Any, wire: bytes) -> None:
    assert r.echo(value) == wire
    assert r.pipeline(transaction=False).echo(value).execute() == [wire]


@pytest.mark.parametrize("value", BAD, ids=repr)
def test_other_types_are_refused_before_anything_is_sent(r: oxipipe.Redis, value: Any) -> None:
    with pytest.raises(DataError, match="Invalid input of type") as caught:
        r.set("key", value)
    assert type(value).__name__ in str(caught.value)
    assert caught.value.outcome == "NOT_APPLIED"
    assert r.exists("key") == 0
    with pytest.raises(DataError):
        r.command(value)
    with pytest.raises(DataError):
        r.command_as(None, "SET", value, "x")


@pytest.mark.parametrize("transaction", [False, True])
@pytest.mark.parametrize("value", BAD, ids=repr)
def test_a_pipeline_keeps_what_it_had(r: oxipipe.Redis, value: Any, transaction: bool) -> None:
    pipeline = r.pipeline(transaction).set("before", 1)
    with pytest.raises(DataError, match="Invalid input of type"):
        pipeline.hset("hash", "field", value)
    assert len(pipeline) == 1
    pipeline.set("after", 2)
    assert pipeline.execute() == [True, True]
    assert sorted(r.keys()) == [b"after", b"before"]


def test_a_command_needs_a_name(r: oxipipe.Redis) -> None:
    pipeline = r.pipeline(transaction=False)
    for call in (r.command, r.execute_command, pipeline.command):
        with pytest.raises(DataError):
            call()
        with pytest.raises(DataError):
            call("")
    assert len(pipeline) == 0
    assert r.ping()


def test_text_that_cannot_be_encoded(r: oxipipe.Redis) -> None:
    """It is both a DataError and the UnicodeEncodeError that it always was."""
    pipeline = r.pipeline(transaction=False).set("a", 1)
    for call in (r.set, pipeline.set):
        with pytest.raises(DataError) as caught:
            call("key", "x\ud800")
        error: Any = caught.value
        assert type(error) is exceptions.EncodingError
        assert isinstance(error, UnicodeEncodeError)
        assert error.outcome == "NOT_APPLIED"
        assert (error.encoding, error.object, error.start) == ("utf-8", "x\ud800", 1)
        assert str(error).startswith("'utf-8' codec can't encode")
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
    with pytest.raises(exceptions.EncodingError):
        r.command("\ud800")
    assert pipeline.execute() == [True]
    assert r.exists("key") == 0


def test_text_that_another_encoding_does_not_have(server: oxipipe.Server) -> None:
    with server.connect(encoding="ascii") as client:
        for call in (client.set, client.pipeline().set):
            with pytest.raises(exceptions.EncodingError, match="ascii"):
                call("key", "é")


def test_names_of_commands_in_any_spelling_and_type(r: oxipipe.Redis) -> None:
    for name in ("set", "SET", "Set", b"SET", b"set", bytearray(b"SeT"), memoryview(b"set")):
        assert r.command(name, "key", 1) is True
        assert r.pipeline(transaction=False).command(name, "key", 1).execute() == [True]


def test_encodings(server: oxipipe.Server) -> None:
    with server.connect(encoding="latin-1") as latin, server.connect() as plain:
        latin.set("key", "é")
        assert plain.get("key") == b"\xe9"
    with server.connect(encoding="utf-16-le", decode_responses=True) as wide:
        wide.command("SET", b"key", "é")
        assert wide.command(b"GET", b"key") == "é"
        pipeline = wide.pipeline(transaction=False).command("SET", b"key", "ab")
        assert pipeline.command(b"GET", b"key").execute()[1] == "ab"
    with server.connect(encoding="ascii", encoding_errors="replace") as lossy:
        lossy.set("key", "é")
        assert lossy.get("key") == b"?"
    with pytest.raises(LookupError):
        server.connect(encoding="no-such-encoding")


def test_decoding_makes_no_difference_between_values_and_what_the_server_says(
    server: oxipipe.Server,
) -> None:
    """As docs/python.md says it."""
    with server.connect(encoding="utf-16-le", decode_responses=True) as wide:
        told: object = wide.set("key", "v")  # no type says this of what is no text on the wire
        assert told == b"OK".decode("utf-16-le")
        assert wide.get("key") == "v"
        assert wide.flushdb() is False
        with pytest.raises(UnicodeDecodeError):
            wide.config_get("maxmemory")
        with pytest.raises(exceptions.ResponseError, match="not an integer"):
            wide.command("SET", b"key", "v")
            wide.incr(b"key")


WIDE = ["utf-16", "utf-32", "utf-16-le", "cp500"]


@pytest.mark.parametrize("encoding", WIDE)
def test_words_of_the_protocol_are_ascii(
    server: oxipipe.Server, r: oxipipe.Redis, encoding: str
) -> None:
    """Only keys and values are in the client's encoding, and not what a server has to understand."""

    def wide(text: str) -> bytes:
        return text.encode(encoding)

    with server.connect(encoding=encoding) as c:
        assert c.set("k", "v", ex=1000) is True
        assert r.keys() == c.keys() == [wide("k")]
        assert c.get("k") == wide("v")
        assert 0 < c.ttl("k") <= 1000
        assert c.set("k", "w", nx=True) is None
        assert c.set("k", "w", xx=True, keepttl=True, get=True) == wide("v")
        assert c.getex("k", px=1_000_000) == wide("w")
        assert c.getex("k", persist=True) == wide("w")
        assert c.ttl("k") == -1
        assert c.expire("k", 1000, nx=True) is True
        assert c.expire("k", 10, gt=True) is False
        assert c.persist("k") is True
        assert c.copy("k", "copy", replace=True) is True
        dumped = c.dump("copy")
        assert dumped is not None
        assert c.restore("k", 0, dumped, replace=True) == b"OK"
        assert c.object("encoding", "k") == b"embstr"
        assert c.memory_usage("k", samples=0) == r.memory_usage(wide("k"))
        assert c.lcs("k", "copy", len=True) == len(wide("w"))
        assert c.bitop("AND", "bits", "k", "copy") == len(wide("w"))
        assert c.bitcount("k", 0, -1, "BIT") == r.bitcount(wide("k"))
        assert c.scan(match="copy", count=1000, _type="string") == (0, [wide("copy")])
        assert list(c.scan_iter("bits")) == [wide("bits")]
        assert c.mset({"one": 1, "two": "2"}) is True
        assert c.hset("h", "field", "value") == 1
        assert c.hset("h", mapping={"other": 2}) == 1
        assert c.hscan("h", match="field") == (0, {wide("field"): wide("value")})
        fields_and_values = c.hrandfield("h", 2, withvalues=True)
        assert isinstance(fields_and_values, list)
        assert fields_and_values[1::2].count(wide("value")) == 1
        assert c.rpush("l", 2, 3, 1) == 3
        assert c.linsert("l", "BEFORE", 3, "x") == 4
        assert c.lpos("l", "x", rank=1, maxlen=0) == 1
        assert c.lmove("l", "l", "LEFT", "RIGHT") == b"2"
        assert c.lrem("l", 1, "x") == 1
        assert c.sort("l", 0, 2, get=["#", "nothing*"], desc=True) == [b"3", None, b"2", None]
        assert c.zadd("z", {"a": "1", "b": 2.5, "c": "+inf"}, nx=True) == 3
        everything = [(wide("a"), 1.0), (wide("b"), 2.5), (wide("c"), float("inf"))]
        assert c.zrange("z", 0, -1, withscores=True) == everything
        assert c.zrange("z", "(1", "+inf", byscore=True, offset=0, num=1) == [wide("b")]
        assert c.zrange("z", "+", "-", bylex=True, desc=True)[2] == wide("a")
        assert c.zcount("z", "-inf", "(2.5") == 1
        assert c.zremrangebyscore("z", "(2.5", "+inf") == 1
        assert c.zscan("z", match="a") == (0, [(wide("a"), 1.0)])
        assert c.sadd("s", "member") == 1
        assert c.sscan("s", match="member", count=5) == (0, [wide("member")])
        assert c.config_get("maxmemory") == c.execute_command("CONFIG GET", b"maxmemory")
        assert c.config_get() == r.config_get()
        assert c.config_set("maxmemory", "0") is True
        assert c.info("server", "clients").keys() == r.info("server", "clients").keys()
        assert len(c.client_list(_type="normal")) >= 1
        assert c.client_kill_filter(_id=10**9, _type="normal", skipme=True) == 0
        with pytest.raises(exceptions.RefusedError):
            c.execute_command("CLIENT SETNAME", "x")
        for transaction in (False, True):
            pipe = (
                c.pipeline(transaction).set("k", "v", ex=5).execute_command("CONFIG GET", b"port")
            )
            with pytest.raises(exceptions.RefusedError):
                pipe.command("SELECT", b"1")
            assert pipe.get("k").execute() == [True, {"port": "0"}, wide("v")]
        assert c.flushdb(asynchronous=True) is True


@pytest.mark.parametrize("encoding", WIDE)
def test_words_of_the_protocol_are_ascii_everywhere(
    server: oxipipe.Server, r: oxipipe.Redis, run: Any, encoding: str
) -> None:
    async def in_a_loop() -> None:
        async with aio.Redis.from_url(server.url, encoding=encoding) as client:
            assert await client.set("k", "v", ex=5) is True
            assert await client.execute_command("CONFIG GET", b"port") == {"port": "0"}
            assert await client.pipeline().set("k", "w", get=True).execute() == [
                "v".encode(encoding)
            ]

    with oxipipe.Pool.from_url(server.url, connections=1, encoding=encoding) as pool:
        assert pool.set("k", "v", px=5000).result() is True
        assert pool.execute_command("CONFIG GET", b"port").result() == {"port": "0"}
        with pytest.raises(DataError):
            pool.execute_command(" ")
        assert pool.pipeline().get("k").execute().result() == ["v".encode(encoding)]
    run(in_a_loop())
