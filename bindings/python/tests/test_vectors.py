"""Sets of vectors where redis-py is no measure, on a server that has them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from support import data_of_streams_and_scripts
from support.servers import executables

import oxipipe
import oxipipe.asyncio
from oxipipe.commands import shapes


@pytest.fixture(scope="module")
def server() -> Iterator[oxipipe.Server]:
    executable = executables().get("redis-8.2")
    if executable is None:
        pytest.skip("no package with that server")
    with oxipipe.Server(executable=executable) as server:
        yield server


@pytest.fixture(params=[(2, False), (3, False), (3, True)], ids=["resp2", "resp3", "decoded"])
def client(server: oxipipe.Server, request: pytest.FixtureRequest) -> Iterator[oxipipe.Redis]:
    protocol, decoded = request.param
    with server.connect(protocol=protocol, decode_responses=decoded) as client:
        client.flushall()
        data_of_streams_and_scripts.fill_vectors(client)
        yield client


def test_no_set_is_like_an_empty_one(client: oxipipe.Redis) -> None:
    assert client.vsim("none", "a") == []
    assert client.vsim("none", "a", with_scores=True) == {}
    assert client.vsim("none", "a", with_attribs=True) == {}
    assert client.vsim("none", "a", with_scores=True, with_attribs=True) == {}


def test_what_is_stored_is_never_decoded(client: oxipipe.Redis) -> None:
    stored = client.vemb("v", "a", raw=True)
    assert isinstance(stored, dict)
    assert (stored["quantization"], len(stored["raw"])) == (b"int8", 3)  # type: ignore[arg-type]
    assert client.command("VEMB", "v", "a", "RAW") == stored


def test_commands_have_the_shapes_of_methods(client: oxipipe.Redis) -> None:
    search = "VSIM", "v", "ELE", "a"
    ways: list[tuple[list[str], dict[str, Any]]] = [
        (["WITHSCORES"], {"with_scores": True}),
        (["withattribs"], {"with_attribs": True}),
        (["WITHATTRIBS", "WITHSCORES"], {"with_scores": True, "with_attribs": True}),
        ([], {}),
    ]
    for words, flags in ways:
        assert client.command(*search, *words) == client.vsim("v", "a", **flags)
    links = client.vlinks("v", "a", with_scores=True)
    assert links and links == client.command("VLINKS", "v", "a", "WITHSCORES")
    assert [set(level) for level in links] == [
        set(level) for level in client.vlinks("v", "a") or ()
    ]


def test_members(client: oxipipe.Redis) -> None:
    assert client.vismember("v", "a") is True
    assert client.vismember("v", "none") is False
    info: Any = client.vinfo("v")
    assert info["size" if "size" in info else b"size"] == 3


def test_they_are_behind_vset_too(server: oxipipe.Server, client: oxipipe.Redis[Any]) -> None:
    expected = client.vsim("v", "a", with_scores=True)
    assert client.vset().vsim("v", "a", with_scores=True) == expected
    pipe = client.pipeline()
    assert pipe.vset().vsim("v", "a", with_scores=True) is pipe
    assert pipe.vset().vemb("v", "a", raw=True).execute() == [
        expected,
        client.vemb("v", "a", raw=True),
    ]
    assert client.raw.vset().vcard("v") == 3
    with oxipipe.Pool.from_url(server.url) as pool:
        assert pool.vset().vcard("v").result() == 3

    async def through_asyncio() -> None:
        async with oxipipe.asyncio.Redis.from_url(server.url) as r:
            assert await r.vset().vcard("v") == 3
            assert await r.coro.vset().vcard("v") == 3

    asyncio.run(through_asyncio())


def test_what_is_searched_for_may_look_like_an_option() -> None:
    plain = shapes.resolve_words(("VSIM", "k", "ELE", "a"))
    scored = shapes.resolve_words(("VSIM", "k", "ELE", "a", "WITHSCORES"))
    assert scored is not plain
    for words in (
        ("ELE", "WITHSCORES"),
        ("FP32", b"WITHSCORES"),
        ("VALUES", 2, "1", "WITHSCORES"),
        ("ELE", "a", "FILTER", "WITHSCORES"),
        (),
    ):
        assert shapes.resolve_words(("VSIM", "k", *words)) is plain
    assert shapes.resolve_words((b"vsim", "k", "VALUES", "1", "1", b"withscores")) is scored
    assert shapes.resolve_words(("VSIM", "k", "VALUES", "x")) is plain
