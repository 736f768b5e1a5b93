"""Replies that cannot be told in Python: they concern nobody else."""

from __future__ import annotations

import asyncio
import codecs
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
from support.pace import LONG

import oxipipe
from oxipipe import exceptions
from oxipipe.asyncio import Redis

BIG = "redis.setresp(3); return {big_number=string.rep('9', 5000)}"
NESTED = "redis.setresp(3); return {1, {{big_number=string.rep('9', 5000)}, 2}, {'x', {3}}}"


def leave(_error: UnicodeError) -> tuple[str, int]:
    raise SystemExit("left from a codec")


codecs.register_error("oxipipe-leave", leave)


@pytest.fixture
def text(server: oxipipe.Server, r: oxipipe.Redis) -> Iterator[oxipipe.Redis[str]]:
    r.set("bad", b"\xff")
    with server.connect(decode_responses=True) as text:
        yield text


def test_a_number_of_too_many_digits(r: oxipipe.Redis) -> None:
    for script in (BIG, NESTED):
        with pytest.raises(exceptions.DecodeError, match="digits") as caught:
            r.command("EVAL", script, 0)
        assert isinstance(caught.value, ValueError)
        assert caught.value.outcome == "UNKNOWN"
        assert type(caught.value.__cause__) is ValueError
    assert r.ping()


def test_text(text: oxipipe.Redis[str]) -> None:
    with pytest.raises(exceptions.UndecodableTextError) as caught:
        text.get("bad")
    assert isinstance(caught.value, UnicodeDecodeError)
    assert isinstance(caught.value, exceptions.DecodeError)
    assert (caught.value.start, caught.value.object, caught.value.outcome) == (
        0,
        b"\xff",
        "UNKNOWN",
    )


@pytest.mark.parametrize("transaction", [False, True])
def test_in_a_pipeline_it_has_its_place(text: oxipipe.Redis[str], transaction: bool) -> None:
    def filled() -> oxipipe.Pipeline:
        pipeline = text.pipeline(transaction)
        pipeline.echo("a").get("bad").incr("n").command("EVAL", NESTED, 0)
        for n in range(50):
            pipeline.echo(n)
        return pipeline.get("bad").command("INCR", "bad").echo("z")

    replies = filled().execute(raise_on_error=False)
    assert [replies[0], *replies[4:54], replies[56]] == ["a", *map(str, range(50)), "z"]
    assert replies[2] == 1
    kinds = [type(replies[place]) for place in (1, 3, 54, 55)]
    assert kinds == [
        exceptions.UndecodableTextError,
        exceptions.DecodeError,
        exceptions.UndecodableTextError,
        exceptions.ResponseError,
    ]
    with pytest.raises(exceptions.DecodeError, match=r"^Command # 2 \(GET\) of pipeline") as caught:
        filled().execute()
    assert isinstance(caught.value, UnicodeDecodeError)
    assert (caught.value.index, caught.value.command) == (1, "GET")
    assert caught.value.replies is not None
    assert caught.value.replies[2] == 2
    assert len(caught.value.replies) == 57


@pytest.mark.parametrize("transaction", [False, True])
def test_in_a_pool(server: oxipipe.Server, text: oxipipe.Redis[str], transaction: bool) -> None:
    with oxipipe.Pool.from_url(server.url, decode_responses=True, connections=1) as pool:
        before, big = pool.echo("before"), pool.command("EVAL", BIG, 0)
        bad, later = pool.get("bad"), pool.echo("later")
        assert (before.result(LONG), later.result(LONG)) == ("before", "later")
        assert type(big.exception(LONG)) is exceptions.DecodeError
        assert isinstance(bad.exception(LONG), UnicodeDecodeError)
        assert (big.outcome, bad.outcome) == ("UNKNOWN", "UNKNOWN")
        assert pool.flush() == 4  # the server did what it was told

        def filled() -> Any:
            pipeline = pool.pipeline(transaction)
            return pipeline.echo("a").get("bad").command("EVAL", BIG, 0).echo("z")

        replies = filled().execute(raise_on_error=False).result(LONG)
        assert (replies[0], replies[3]) == ("a", "z")
        assert [isinstance(reply, exceptions.DecodeError) for reply in replies[1:3]] == [True, True]
        error = filled().execute().exception(LONG)
        assert isinstance(error, UnicodeDecodeError)
        assert (error.index, error.replies[0]) == (1, "a")  # type: ignore[attr-defined]
        assert pool.flush() == 8


@pytest.mark.parametrize("transaction", [False, True])
def test_in_asyncio(server: oxipipe.Server, text: oxipipe.Redis[str], transaction: bool) -> None:
    async def main() -> None:
        async with Redis.from_url(server.url, decode_responses=True) as client:
            big, bad, good = client.command("EVAL", NESTED, 0), client.get("bad"), client.echo("x")
            assert await good == "x"
            assert type(big.exception()) is exceptions.DecodeError
            assert isinstance(bad.exception(), exceptions.UndecodableTextError)

            def filled() -> Any:
                return client.pipeline(transaction).echo("a").get("bad").echo("z")

            replies = await filled().execute(raise_on_error=False)
            assert (replies[0], replies[2]) == ("a", "z")
            assert isinstance(replies[1], exceptions.UndecodableTextError)
            with pytest.raises(UnicodeDecodeError) as caught:
                await filled().execute()
            assert caught.value.index == 1  # type: ignore[attr-defined]

    asyncio.run(main())


def test_what_a_codec_raises_is_of_its_reply(
    server: oxipipe.Server, text: oxipipe.Redis[str]
) -> None:
    options: dict[str, Any] = {"decode_responses": True, "encoding_errors": "oxipipe-leave"}
    with server.connect(**options) as client:
        with pytest.raises(exceptions.DecodeError, match="left") as caught:
            client.get("bad")
        assert isinstance(caught.value.__cause__, SystemExit)
        replies = client.pipeline(False).echo("a").get("bad").echo("z").execute(False)
        assert (replies[0], replies[2]) == ("a", "z")
    with oxipipe.Pool.from_url(server.url, connections=1, **options) as pool:
        bad, good = pool.get("bad"), pool.echo("x")
        assert good.result(LONG) == "x"
        assert isinstance(bad.exception(LONG), exceptions.DecodeError)

    async def main() -> None:
        async with Redis.from_url(server.url, **options) as of_asyncio:
            bad, good = of_asyncio.get("bad"), of_asyncio.echo("x")
            assert await good == "x"
            assert isinstance(bad.exception(), exceptions.DecodeError)

    asyncio.run(main())


def test_a_signal_in_a_codec_is_not_of_the_reply(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    """The codec works when it is asked once more, so what was raised came from somewhere else."""
    raised: list[str] = []

    def once(error: UnicodeError) -> tuple[str, int]:
        if not raised:
            raised.append("now")
            raise KeyboardInterrupt
        assert isinstance(error, UnicodeDecodeError)
        return "?", error.end

    codecs.register_error("oxipipe-once", once)
    r.set("bad", b"\xff")
    options: dict[str, Any] = {"decode_responses": True, "encoding_errors": "oxipipe-once"}
    with oxipipe.Pool.from_url(server.url, connections=1, **options) as pool:
        bad, good = pool.get("bad"), pool.echo("x")
        with pytest.raises(KeyboardInterrupt):
            good.result(LONG)
        assert (good.result(LONG), bad.result(LONG)) == ("x", "?")
    raised.clear()
    with server.connect(**options) as client:
        with pytest.raises(KeyboardInterrupt):
            client.get("bad")
        assert client.get("bad") == "?"


def test_events_come_as_far_as_they_can_be_told(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    options: dict[str, Any] = {"decode_responses": True, "encoding_errors": "oxipipe-leave"}
    with server.connect(**options) as client, client.lease() as mine:
        mine.command("SUBSCRIBE", "news")
        r.command("PUBLISH", "news", b"\xff")
        r.command("PUBLISH", "news", "next")
        heard: list[Any] = []
        while len(heard) < 2:
            event = mine.next_event(LONG)
            assert event is not None
            if event.kind == "message":
                heard.append(event.data[2])
        assert heard == [b"\xff", "next"]


@pytest.mark.parametrize("how", ["errors", "text"])
def test_no_object_is_seen_before_it_is_whole(server: oxipipe.Server, how: str) -> None:
    """Python code that runs while a reply is built looks at all lists there are. In a process of its own, which may crash."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LOOKS), server.url, how],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "looked\n")


LOOKS = """
    import codecs, gc, sys
    import oxipipe
    from oxipipe import exceptions
    url, how = sys.argv[1:]
    seen = []
    def look(*_):
        for value in gc.get_objects():
            if type(value) is list:
                for item in value:
                    type(item)
                value[-1:]
        seen.append(1)
    def handler(error):
        look()
        return "?", error.end
    codecs.register_error("look", handler)
    class Looks(exceptions.ResponseError):
        def __init__(self, *args, **kwargs):
            look()
            super().__init__(*args, **kwargs)
    exceptions._BY_PREFIX["WRONGTYPE"] = Looks
    r = oxipipe.Redis.from_url(url, decode_responses=True, encoding_errors="look")
    r.delete("l"); r.rpush("l", "a", b"\\xff", "c"); r.set("s", "x")
    if how == "text":
        assert r.lrange("l", 0, -1) == ["a", "?", "c"]
    p = r.pipeline(transaction=False).echo("a")
    p = p.lrange("l", 0, -1) if how == "text" else p.lpush("s", 1)
    p.echo("z").execute(raise_on_error=False)
    pool = oxipipe.Pool.from_url(url, decode_responses=True, encoding_errors="look")
    p = pool.pipeline().echo("a")
    p = p.lrange("l", 0, -1) if how == "text" else p.lpush("s", 1)
    p.echo("z").execute(raise_on_error=False).result()
    pool.close()
    assert seen
    print("looked")
"""
