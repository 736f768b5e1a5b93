"""Values up to the server's limit of 512 MB, and bulk that fills both directions at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import oxipipe
from oxipipe import exceptions

LIMIT = 512 * 1024 * 1024


@pytest.fixture(scope="module")
def client() -> Iterator[oxipipe.Redis]:
    with oxipipe.Server() as server, server.connect(socket_timeout=120) as client:
        yield client


@pytest.fixture(autouse=True)
def nothing_stays(client: oxipipe.Redis) -> Iterator[None]:
    yield
    client.flushall()


def test_both_directions_at_once(server: oxipipe.Server) -> None:
    """More than all buffers hold in either direction, through small ones: whoever only sends first is stuck."""
    with server.connect(socket_timeout=300, socket_buffers=(16_384, 16_384)) as client:
        value = b"v" * 100_000
        for transaction in (False, True):
            pipeline = client.pipeline(transaction)
            for _ in range(300):
                pipeline.echo(value)
            assert pipeline.execute() == [value] * 300


def test_a_limit_on_replies(server: oxipipe.Server) -> None:
    with server.connect(max_bulk_bytes=1000) as client:
        client.set("big", "x" * 1001)
        client.set("fits", "x" * 1000)
        assert client.strlen("fits") == 1000 and client.get("fits") == b"x" * 1000
        with pytest.raises(exceptions.InvalidResponse):
            client.get("big")
        assert client.strlen("fits") == 1000 and client.get("fits") == b"x" * 1000
        client.delete("big")


@pytest.mark.slow
def test_the_largest_value(client: oxipipe.Redis) -> None:
    value = bytes(LIMIT - 1) + b"\xff"
    assert client.set("big", value) is True
    assert client.strlen("big") == LIMIT
    assert client.get("big") == value
    pipeline = client.pipeline(transaction=False).get("big").strlen("big")
    back, length = pipeline.execute()
    assert (back == value, length) == (True, LIMIT)


@pytest.mark.slow
def test_one_byte_more(client: oxipipe.Redis) -> None:
    """The server refuses it and hangs up: an error, and the client goes on."""
    with pytest.raises((exceptions.ResponseError, exceptions.ConnectionError)) as caught:
        client.set("big", bytes(LIMIT + 1))
    assert caught.value.outcome in ("UNKNOWN", "NOT_APPLIED", "REJECTED")
    assert client.exists("big") == 0


@pytest.mark.slow
def test_a_hundred_megabytes_each_way(client: oxipipe.Redis) -> None:
    pipeline = client.pipeline(transaction=False)
    for n in range(1000):
        pipeline.echo(str(n).encode() * 25_000)
    for n, reply in enumerate(pipeline.execute()):
        assert reply == str(n).encode() * 25_000
