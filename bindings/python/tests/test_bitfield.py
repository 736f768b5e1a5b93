"""The builder of BITFIELD: the same words as redis-py's, and the replies of every kind of client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import oxipipe
import oxipipe.asyncio
from oxipipe.commands._table import Commands

redis = pytest.importorskip("redis")

BUILDS: list[Callable[[Any], Any]] = [
    lambda fields: fields.get("u8", 0),
    lambda fields: fields.set("i5", "#2", -3).get("i5", 10).incrby("u2", 100, 1),
    lambda fields: (
        fields.incrby("u2", 0, 9, "sat").incrby("u2", 0, 9).overflow("FAIL").get("u4", 0)
    ),
    lambda fields: fields.overflow("WRAP").set("u8", 0, 1).overflow("WRAP"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[oxipipe.Server]:
    with oxipipe.Server() as server:
        yield server


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("overflow", [None, "sat", "FAIL", "WRAP"])
def test_same_words(build: Callable[[Any], Any], overflow: str | None) -> None:
    ours = build(Words().bitfield("key", overflow)).execute()
    theirs = build(redis.Redis().bitfield("key", overflow)).command
    encoder = redis.connection.Encoder("utf-8", "strict", False)
    assert [*map(encoder.encode, ours)] == [*map(encoder.encode, theirs)]


class Words(Commands):
    """What a builder asks of a client."""

    def command(self, *args: Any) -> Any:
        return args


def test_replies(server: oxipipe.Server) -> None:
    with server.connect() as client:
        fields = client.bitfield("key", "FAIL")
        assert fields.set("u8", 0, 255).incrby("u8", 0, 1).get("u8", "#0").execute() == [
            0,
            None,
            255,
        ]
        assert fields.operations == [(b"OVERFLOW", b"FAIL")]
        assert fields.get("u4", 4).execute() == [15]
        assert client.bitfield_ro("key", "u4", 0, [("u4", "#1")]) == [15, 15]


@pytest.mark.parametrize("transaction", [False, True])
def test_pipeline(server: oxipipe.Server, transaction: bool) -> None:
    with server.connect() as client:
        client.delete("key")
        pipeline = client.pipeline(transaction).set("other", 1)
        assert pipeline.bitfield("key").set("u8", 0, 7).execute() is pipeline
        assert pipeline.bitfield("key").get("u8", 0).execute().execute() == [True, [0], [7]]


def test_asyncio(server: oxipipe.Server) -> None:
    async def fields() -> Any:
        async with oxipipe.asyncio.Redis(unix_socket_path=server.unix_socket_path) as client:
            await client.set("key", b"\x07")
            return await client.bitfield("key").get("u8", 0).execute()

    assert asyncio.run(fields()) == [7]


def test_words_of_the_command_are_not_in_the_encoding_of_keys(server: oxipipe.Server) -> None:
    with server.connect(encoding="utf-16") as client:
        assert client.bitfield("key").get("u8", "#1").execute() == [0]
