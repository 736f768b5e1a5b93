"""Shapes and observers of one client object, in every colour."""

from __future__ import annotations

import asyncio
import logging
import queue
from typing import Any

import pytest
from support.pace import LONG

import oxipipe
from oxipipe import Pool, Redis
from oxipipe.asyncio import Redis as AsyncRedis
from oxipipe.hooks import CallEvent
from oxipipe.server import Server


def names(events: list[CallEvent]) -> list[tuple[str, int, str | None]]:
    return [(event.name, event.commands, event.outcome) for event in events]


def test_a_client_without_hooks_has_the_methods_of_its_class(r: Redis) -> None:
    assert not {"command", "command_as", "submit"} & set(vars(r))


def test_shapes_of_one_client(server: Server) -> None:
    with Redis[Any].from_url(server.url) as mine, Redis.from_url(server.url) as other:
        mine.set_response_callback("get", lambda reply: reply and reply.decode().upper())
        mine.set_response_callback("INCR", None)
        mine.set("hooked", "text")
        assert (mine.get("hooked"), other.get("hooked")) == ("TEXT", b"text")
        assert mine.command_as(None, b"get", "hooked") == "TEXT"
        with mine.pipeline(transaction=False) as pipe:
            pipe.get("hooked")
            pipe.command("GET", "none")
            pipe.incr("counted")
            assert pipe.execute() == ["TEXT", None, 1]
        with mine.lease() as lease:
            assert lease.get("hooked") == "TEXT"
        assert mine.submit("GET", "hooked").result() == "TEXT"


def upper(reply: Any) -> Any:
    return reply and reply.upper()


def test_response_callbacks_are_a_mapping(r: Redis[Any]) -> None:
    callbacks = r.response_callbacks
    assert "command" not in vars(r)  # to look costs later calls nothing
    r.set("word", "x")
    assert "get" not in callbacks
    callbacks["get"] = upper
    assert callbacks["GET"] is upper
    assert "gEt" in r.response_callbacks
    assert r.get("word") == b"X"
    del callbacks["Get"]
    assert r.get("word") == b"x"
    with pytest.raises(KeyError, match="GET"):
        del callbacks["GET"]
    callbacks.update({"GET": upper, "dump": upper})
    assert (r.get("word"), callbacks["dump"]) == (b"X", upper)
    assert callbacks.pop("GET") is upper
    assert r.get("word") == b"x"
    r.set_response_callback("ECHO", upper)
    assert callbacks["echo"] is upper
    r.set_response_callback("ECHO", None)
    assert "ECHO" not in callbacks


def test_response_callbacks_have_the_shapes_that_all_clients_have(r: Redis[Any]) -> None:
    callbacks = r.response_callbacks
    assert callbacks["hgetall"]([b"a", b"1"]) == {b"a": b"1"}
    assert callbacks["Config Get"]([b"port", b"1"]) == {"port": "1"}
    assert callbacks["HSCAN"]([b"0", [b"a", b"1"]]) == (0, {b"a": b"1"})
    assert {"CONFIG GET", "JSON.GET", "HSCAN"} <= set(callbacks)
    assert all(callable(callbacks[name]) for name in callbacks)
    assert len(callbacks) == len(dict(callbacks)) == len({name.upper() for name in callbacks})
    assert "CONFIG" not in callbacks
    assert callbacks.get("NONSENSE") is callbacks.get("") is callbacks.get(1) is None  # type: ignore[call-overload]
    del callbacks["PING"]
    assert r.command("PING") == b"PONG"
    assert "PING" not in callbacks
    callbacks["config"] = lambda _reply: "whole"
    callbacks["CONFIG GET"] = lambda _reply: "part"
    assert r.command("CONFIG", "GET", "port") == "part"
    assert r.command("CONFIG", "RESETSTAT") == "whole"
    assert "CONFIG RESETSTAT" in callbacks


def test_what_is_no_name_or_no_callback_is_refused(r: Redis[Any]) -> None:
    with pytest.raises(TypeError, match="callback is a int"):
        r.response_callbacks["GET"] = 1  # type: ignore[assignment]
    with pytest.raises(TypeError, match="callback is a NoneType"):
        r.response_callbacks["GET"] = None  # type: ignore[assignment]
    with pytest.raises(TypeError, match="command is a bytes"):
        r.set_response_callback(b"GET", upper)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="command is empty"):
        r.response_callbacks[" "] = upper
    assert r._hooks is None


def test_response_callbacks_of_pipelines_are_their_clients(server: Server) -> None:
    with Redis[Any].from_url(server.url) as client:
        client.set("word", "x")
        client.response_callbacks["GET"] = upper
        pipe = client.pipeline()
        assert pipe.get("word").execute() == [b"X"]
        assert pipe.response_callbacks["GET"] is upper
        del client.response_callbacks["GET"]
        assert pipe.get("word").execute() == [b"x"]
    with Redis[Any].from_url(server.url) as client:
        pipe = client.pipeline()
        pipe.response_callbacks["GET"] = upper
        assert pipe.get("word").execute() == [b"X"]
        assert client.get("word") == b"X"
    with Pool[Any].from_url(server.url) as pool:
        batch = pool.pipeline()
        batch.response_callbacks["GET"] = upper
        assert batch.get("word").execute().result() == [b"X"]
        assert pool.get("word").result() == b"X"

    async def through_asyncio() -> None:
        async with AsyncRedis[Any].from_url(server.url) as client:
            pipe = client.pipeline()
            pipe.response_callbacks["get"] = upper
            assert await pipe.get("word").execute() == [b"X"]
            assert await client.get("word") == b"X"

    asyncio.run(through_asyncio())


def test_each_call_is_told_of(server: Server) -> None:
    events: list[CallEvent] = []
    with Redis.from_url(server.url) as client:
        client.set("word", "x")
        forget = client.on_call(events.append)
        client.set("told", "x")
        with pytest.raises(oxipipe.ResponseError):
            client.incr("told")
        with pytest.raises(oxipipe.RefusedError):
            client.command("MULTI")
        with client.pipeline(transaction=False) as pipe:
            pipe.get("told")
            pipe.get("told")
            pipe.execute()
        assert names(events) == [
            ("SET", 1, None),
            ("INCRBY", 1, "REJECTED"),
            ("MULTI", 1, "NOT_APPLIED"),
            ("PIPELINE", 2, None),
        ]
        assert all(event.duration > 0 and event.address == client._address for event in events)
        assert isinstance(events[1].error, oxipipe.ResponseError)
        forget()
        forget()
        client.get("told")
        assert len(events) == 4


def test_an_observer_that_fails_is_logged_and_disturbs_nobody(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_event: CallEvent) -> None:
        raise ValueError("observed")

    with Redis.from_url(server.url) as client, caplog.at_level(logging.ERROR, "oxipipe"):
        client.on_call(fails)
        assert client.ping() is True
    assert "observed" in caplog.text


def test_futures_of_a_pool_are_told_of_when_they_are_decided(server: Server) -> None:
    told: queue.Queue[CallEvent] = queue.Queue()
    with Pool[Any].from_url(server.url, connections=2) as pool:
        pool.on_call(told.put)
        pool.set_response_callback("GET", lambda reply: [reply])
        assert pool.set("pooled", "x").result() is True
        assert pool.get("pooled").result() == [b"x"]
        with pytest.raises(oxipipe.ResponseError):
            pool.submit("INCR", "pooled").result()
        with pool.pipeline() as pipe:
            pipe.get("pooled")
            assert pipe.execute().result() == [[b"x"]]
        with pytest.raises(oxipipe.ResponseError):
            pool.flush()
    # By the thread that decided them, which may be still at it.
    events = [told.get(timeout=LONG) for _ in range(4)]
    assert told.empty()
    assert sorted(names(events), key=str) == [
        ("GET", 1, None),
        ("INCR", 1, "REJECTED"),
        ("PIPELINE", 1, None),
        ("SET", 1, None),
    ]


def test_a_submission_that_does_not_wait_has_the_pools_shape(server: Server) -> None:
    with Pool.from_url(server.url, connections=1) as pool, Pool.from_url(server.url) as other:
        pool.set("pooled", "x")
        pool.set_response_callback("get", lambda reply: [reply])
        pool.set_response_callback("SET", None)
        for name in ("GET", "get", b"Get", bytearray(b"GET")):
            future = pool.try_submit(name, "pooled")
            assert future is not None
            assert future.result() == [b"x"]
        future = pool.try_submit("SET", "pooled", "y")
        assert future is not None
        assert future.result() == b"OK"
        # Neither other names nor other pools have learned of it.
        pool.set_response_callback("SET", None)
        assert pool.submit("PING").result() is True
        assert other.submit("GET", "pooled").result() == b"y"
        assert other.submit(bytearray(b"SET"), "pooled", "z").result() is True


def test_a_submission_without_room_is_no_call(server: Server) -> None:
    events: list[CallEvent] = []
    with Pool.from_url(server.url, connections=1, queue_commands=1) as pool:
        pool.on_call(events.append)
        waiting = pool.submit("BLPOP", "hooks:nothing", 0.3)
        assert pool.try_submit("PING") is None
        assert waiting.result() is None
    assert names(events) == [("BLPOP", 1, None)]


@pytest.mark.parametrize("name", [5, 1.5, 10**30, None, True])
def test_names_of_any_type(server: Server, name: object) -> None:
    events: list[CallEvent] = []
    with Redis.from_url(server.url) as plain, Redis.from_url(server.url) as client:
        client.on_call(events.append)
        with pytest.raises(Exception) as expected:
            plain.command(name, "x")
        with pytest.raises(type(expected.value)) as caught:
            client.command(name, "x")
        assert caught.value.args == expected.value.args
    assert [event.name for event in events] == [str(name).upper()]


def test_futures_of_a_loop_are_told_of(server: Server) -> None:
    events: list[CallEvent] = []

    async def main() -> None:
        async with AsyncRedis[Any].from_url(server.url) as client:
            client.on_call(events.append)
            client.set_response_callback("GET", lambda reply: [reply])
            await client.set("looped", "x")
            assert await client.get("looped") == [b"x"]
            with pytest.raises(oxipipe.ResponseError):
                await client.incr("looped")
            async with client.pipeline(transaction=False) as pipe:
                pipe.get("looped")
                assert await pipe.execute() == [[b"x"]]
            waiting = client.command("BLPOP", "nothing", 0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await client.ping()

    asyncio.run(main())
    assert names(events) == [
        ("SET", 1, None),
        ("GET", 1, None),
        ("INCRBY", 1, "REJECTED"),
        ("PIPELINE", 1, None),
        ("BLPOP", 1, None),
        ("PING", 1, None),
    ]
    assert isinstance(events[4].error, asyncio.CancelledError)


def test_what_cannot_be_called_is_refused_at_once(r: Redis) -> None:
    with pytest.raises(TypeError, match=r"^callback is a int; it must be callable, or None$"):
        r.set_response_callback("GET", 5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^observer is a NoneType; it must be callable$"):
        r.on_call(None)  # type: ignore[arg-type]
    assert not {"command", "command_as", "submit"} & set(vars(r))
