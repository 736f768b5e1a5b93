"""Named methods do what their Python functions do, whichever way a call takes: the back end may go past the function."""

from __future__ import annotations

import asyncio
import copy
import inspect
import itertools
import pickle
import pydoc
import sys
import typing
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from support.fake_server import FakeServer, answering

from oxipipe import Pool, Redis, _backend
from oxipipe.asyncio import Pipeline as AsyncPipeline
from oxipipe.asyncio import Redis as AsyncRedis
from oxipipe.commands._table import Commands
from oxipipe.exceptions import DataError
from oxipipe.hooks import CallEvent
from oxipipe.pipeline import Pipeline
from oxipipe.pool_pipeline import PoolPipeline
from oxipipe.server import Server

#: Methods whose plain form is often called, with what they take there.
PLAIN: dict[str, tuple[Any, ...]] = {
    "get": ("s",),
    "set": ("s", "v"),
    "setnx": ("new", "v"),
    "append": ("s", "!"),
    "incr": ("n",),
    "decrby": ("n", 3),
    "incrbyfloat": ("n",),
    "delete": ("s", "n"),
    "exists": ("s", "n", "none"),
    "ttl": ("s",),
    "expire": ("s", 10),
    "setex": ("s", 10, "v"),
    "pexpireat": ("s", 1 << 42),
    "hset": ("h", "a", 1),
    "hget": ("h", "a"),
    "hdel": ("h", "a", "b"),
    "hgetall": ("h",),
    "hincrby": ("h", "n"),
    "hexists": ("h", "a"),
    "lpush": ("l", "x", "y"),
    "rpush": ("l", 1, 2.5),
    "lpop": ("l",),
    "lrange": ("l", 0, -1),
    "lset": ("l", 0, "z"),
    "llen": ("l",),
    "sadd": ("z", "x"),
    "srem": ("set", "x"),
    "sismember": ("set", "x"),
    "smembers": ("set",),
    "zincrby": ("z", 1, "m"),
    "zscore": ("z", "m"),
    "zrem": ("z", "m"),
    "zcard": ("z",),
    "setbit": ("s", 1, 1),
    "publish": ("channel", "text"),
    "echo": ("text",),
}

ODD = [
    None,
    True,
    object(),
    b"bytes",
    bytearray(b"array"),
    memoryview(b"strided")[::2],
    1 << 70,
    -1.5,
    "ä",
    "\ud800",
    "",
    [],
    type("Text", (str,), {})("s"),
    type("Number", (int,), {})(7),
]


def marked() -> dict[str, Any]:
    """The methods that are no plain functions."""
    return {n: m for n, m in vars(Commands).items() if hasattr(m, "__wrapped__")}


def function(name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = inspect.unwrap(vars(Commands)[name])
    assert inspect.isfunction(found)
    return found


def calls(name: str) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """The plain form, fewer and more arguments, by name, and strange ones in each place."""
    args = PLAIN[name]
    for count in range(len(args) + 1):
        yield args[:count], {}
    for more in (("x",), ("x", "y"), (None,), (None, None), (2, None, True), ("x",) * 40):
        yield (*args, *more), {}
    parameters = list(inspect.signature(function(name)).parameters.values())[1:]
    names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    for count in range(len(args) + 1):
        yield args[:count], dict(zip(names[count:], args[count:], strict=False))
    yield args, {"strange": 1}
    yield args, dict.fromkeys(names[len(args) :])
    yield args, {names[0]: "twice"} if names else {}
    for place, odd in itertools.product(range(len(args)), ODD):
        yield (*args[:place], odd, *args[place + 1 :]), {}


def fill(client: Redis) -> None:
    with client.pipeline() as pipe:
        pipe.command("FLUSHDB")
        pipe.command("SET", "s", "text")
        pipe.command("SET", "n", 5)
        pipe.command("HSET", "h", "a", 1, "b", "x", "n", 2)
        pipe.command("RPUSH", "l", "one", "two")
        pipe.command("SADD", "set", "x", "y")
        pipe.command("ZADD", "z", 1.5, "m")
        pipe.execute()


def outcome(call: Callable[[], Any]) -> tuple[Any, ...]:
    try:
        result = call()
    except Exception as error:
        return type(error), str(error)
    return type(result), repr(result)


def test_what_is_often_called_is_marked() -> None:
    assert set(PLAIN) <= set(marked()) or _backend.name != "fast"


def test_all_send_the_words_that_their_functions_send() -> None:
    sent: list[list[bytes]] = []

    def answer(command: list[bytes]) -> bytes:
        sent.append(command)
        return b"-ERR refused\r\n"

    wanted: list[tuple[Any, ...]] = []
    with (
        FakeServer(answering(answer)) as server,
        Redis(unix_socket_path=server.path) as client,
        client.pipeline(transaction=False) as pipe,
    ):
        for name in marked():
            parameters = list(inspect.signature(function(name)).parameters.values())[1:]
            given = [p for p in parameters if p.default is p.empty and p.kind is not p.KEYWORD_ONLY]
            for more in range(3 if any(p.kind is p.VAR_POSITIONAL for p in given) else 1):
                args = [f"{name}{i}" for i in range(len(given) + more)]
                before = len(pipe)
                methods = function(name), marked()[name]
                outcomes = [outcome(partial(method, pipe, *args)) for method in methods]
                if len(pipe) == before + 2:
                    wanted += [function(name)(Words(), *args)] * 2
                else:
                    assert outcomes[0] == outcomes[1] and len(pipe) == before
        pipe.execute(raise_on_error=False)
    # The server answers a PING before it asks.
    assert sent == [[encoded(w) for w in words] for words in wanted if words != ("PING",)]
    assert len(sent) > 250 or _backend.name != "fast"


class Words(Commands):
    """What the functions send."""

    def command(self, *args: Any) -> tuple[Any, ...]:
        return args

    def command_as(self, _callback: Any, *args: Any) -> tuple[Any, ...]:
        return args


def encoded(word: Any) -> bytes:
    return word if isinstance(word, bytes) else str(word).encode()


@pytest.mark.skipif(_backend.name != "fast", reason="cffi has the functions only")
def test_no_function_is_called(server: Server) -> None:
    called: list[str] = []

    def profile(frame: Any, event: str, _argument: object) -> None:
        if event == "call":
            called.append(frame.f_code.co_name)

    with Redis.from_url(server.url) as client, Pool.from_url(server.url) as pool:
        pipe, pooled = client.pipeline(), pool.pipeline()
        for owner in (client, pipe, pool, pooled):
            owner.set("s", "v")  # finds the shape
            sys.setprofile(profile)
            try:
                owner.set("s", "v")
            finally:
                sys.setprofile(None)
        pipe.reset()
        pooled.reset()
        pool.flush()
    assert "set" not in called


@pytest.mark.parametrize("name", PLAIN)
def test_same_results_and_errors(r: Redis, name: str) -> None:
    for args, kwargs in calls(name):
        fill(r)
        wanted = outcome(lambda: function(name)(r, *args, **kwargs))  # noqa: B023
        fill(r)
        assert outcome(lambda: getattr(r, name)(*args, **kwargs)) == wanted, (args, kwargs)  # noqa: B023
        fill(r)
        assert outcome(lambda: getattr(Redis, name)(r, *args, **kwargs)) == wanted, (args, kwargs)  # noqa: B023


def literal(name: str) -> Callable[..., Any]:
    """Calls as programs write them, which the interpreter does another way than those with stars."""
    source = {1: "o.{}(a)", 2: "o.{}(a, b)", 3: "o.{}(a, b, c)"}[len(PLAIN[name])].format(name)
    made: Callable[..., Any] = eval(f"lambda o, a=None, b=None, c=None: {source}")
    return made


@pytest.mark.parametrize("name", PLAIN)
def test_same_results_in_a_pipeline(r: Redis, name: str) -> None:
    def run(call: Callable[[Any], Any]) -> Any:
        fill(r)
        with r.pipeline(transaction=False) as pipe:
            try:
                assert call(pipe) is pipe
            except Exception as error:
                assert not len(pipe)
                return type(error), str(error)
            return repr(pipe.execute(raise_on_error=False))

    for args, kwargs in calls(name):
        wanted = run(lambda pipe: function(name)(pipe, *args, **kwargs))  # noqa: B023
        assert run(lambda pipe: getattr(pipe, name)(*args, **kwargs)) == wanted, (args, kwargs)  # noqa: B023
    plain = run(lambda pipe: function(name)(pipe, *PLAIN[name]))
    call = literal(name)
    for _ in range(20):  # so that the interpreter specialises it
        assert run(lambda pipe: call(pipe, *PLAIN[name])) == plain


@pytest.mark.parametrize("name", PLAIN)
def test_same_results_of_a_pool(server: Server, r: Redis, name: str) -> None:
    with Pool.from_url(server.url, connections=1) as pool:
        for args, kwargs in calls(name):
            fill(r)
            wanted = outcome(lambda: function(name)(pool, *args, **kwargs).result())  # noqa: B023
            fill(r)
            got = outcome(lambda: getattr(pool, name)(*args, **kwargs).result())  # noqa: B023
            assert got == wanted, (args, kwargs)
        fill(r)
        with pool.pipeline() as pipe:
            assert getattr(pipe, name)(*PLAIN[name]) is pipe
            function(name)(pipe, *PLAIN[name])
            assert len(pipe) == 2
            assert len(pipe.execute(raise_on_error=False).result()) == 2


@pytest.mark.parametrize("name", PLAIN)
def test_same_results_in_an_event_loop(server: Server, r: Redis, name: str) -> None:
    async def outcome(call: Callable[[], Any]) -> tuple[Any, ...]:
        try:
            result = await call()
        except Exception as error:
            return type(error), str(error)
        return type(result), repr(result)

    async def main() -> None:
        async with AsyncRedis.from_url(server.url) as client:
            for args, kwargs in calls(name):
                fill(r)
                wanted = await outcome(lambda: function(name)(client, *args, **kwargs))  # noqa: B023
                fill(r)
                got = await outcome(lambda: getattr(client, name)(*args, **kwargs))  # noqa: B023
                assert got == wanted, (args, kwargs)
                fill(r)
                assert await outcome(lambda: getattr(client.coro, name)(*args, **kwargs)) == wanted  # noqa: B023
            pipe = client.pipeline()
            assert getattr(pipe, name)(*PLAIN[name]) is pipe
            assert len(await pipe.execute(raise_on_error=False)) == 1

    asyncio.run(main())


def test_text_and_bytes_of_a_client_that_decodes(server: Server) -> None:
    with Redis.from_url(server.url, decode_responses=True, encoding="utf-16") as client:
        client.set("ä", "ü")
        assert client.get("ä") == "ü" and client.command("GET", "ä") == "ü"
        assert client.hset("höhe", "a", "ö") == 1
        assert client.hgetall("höhe") == {"a": "ö"}


class Recorder:
    """A `command` that keeps what it gets."""

    def command(self, *args: Any) -> Any:
        self.__dict__.setdefault("seen", []).append(args)
        return super().command(*args)  # type: ignore[misc]


#: What the `command` of a back end raises for an object that was never opened; cffi has not all that it needs then.
NOT_OPEN = (RuntimeError, AttributeError)
CLASSES: list[Any] = [Redis, Pipeline, AsyncRedis, AsyncPipeline, Pool, PoolPipeline]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.__module__}.{cls.__qualname__}")
def test_a_command_of_their_own_is_called(cls: Any) -> None:
    body = {"command": lambda self, *args: args}
    derived: Any = type("Derived", (cls,), body)
    mixed: Any = type("Mixed", (type("Mixin", (), body), cls), {})
    further: Any = type("Further", (derived,), {})
    behind: Any = type("Behind", (cls, type("Mixin", (), body)), {})
    for name, args in PLAIN.items():
        words = function(name)(derived.__new__(derived), *args)
        for each in (derived, mixed, further):
            assert getattr(each.__new__(each), name)(*args) == words
        with pytest.raises(NOT_OPEN):
            getattr(behind.__new__(behind), name)(*args)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.__module__}.{cls.__qualname__}")
def test_a_command_that_a_class_gets_later(cls: Any) -> None:
    derived: Any = type("Derived", (cls,), {})
    objects = [derived.__new__(derived), cls.__new__(cls)]
    for each in objects:
        with pytest.raises(NOT_OPEN):
            each.get("x")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cls, "command", lambda self, *args: args)
        assert [each.get("x") for each in objects] == [("GET", "x")] * 2
    derived.command = property(lambda self: lambda *args: len(args))
    assert objects[0].get("x") == 2
    del derived.command
    derived.command = staticmethod(lambda *args: args)
    assert objects[0].set("x", "y") == ("SET", "x", "y")
    for each in objects[1:]:
        with pytest.raises(NOT_OPEN):
            each.get("x")


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.__module__}.{cls.__qualname__}")
def test_a_command_that_an_object_gets(cls: Any) -> None:
    mine, other = cls.__new__(cls), cls.__new__(cls)
    mine.command = lambda *args: args
    assert mine.hset("h", "a", 1) == ("HSET", "h", "a", 1)
    with pytest.raises(NOT_OPEN):
        other.hset("h", "a", 1)
    del mine.command
    with pytest.raises(NOT_OPEN):
        mine.hset("h", "a", 1)
    with pytest.raises(AttributeError):
        del mine.command
    with pytest.raises(TypeError):
        object.__getattribute__(mine, 5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        type(mine).__setattr__(mine, 5, 5)  # type: ignore[call-arg]


def test_who_finds_attributes_in_a_way_of_their_own() -> None:
    class Finds(Redis[bytes]):
        def __getattribute__(self, name: str) -> Any:
            return (lambda *args: args) if name == "command" else super().__getattribute__(name)

    class Changes(Redis[bytes]):
        def __init__(self) -> None:
            pass

        def __setattr__(self, name: str, value: Any) -> None:
            super().__setattr__(name, value)

    found: Any = Finds.__new__(Finds)
    assert found.get("x") == ("GET", "x")
    changed: Any = Changes()
    changed.command = lambda *args: args
    assert changed.get("x") == ("GET", "x")


def test_super_and_recording(server: Server) -> None:
    class Records(Recorder, Redis[bytes]):
        def get(self, name: Any) -> Any:
            return super().get(name)

    with Records.from_url(server.url) as client:
        client.set("s", "v")
        assert client.get("s") == b"v"
        assert vars(client)["seen"] == [("SET", "s", "v"), ("GET", "s")]


def test_an_object_of_no_back_end() -> None:
    class Borrows(Commands):
        command = Redis.command

    class Nothing(Commands):
        pass

    for wrong in (Borrows(), Nothing(), 5, None, "text"):
        for name, args in PLAIN.items():
            wanted = outcome(lambda: function(name)(wrong, *args))  # noqa: B023
            assert outcome(lambda: getattr(Redis, name)(wrong, *args)) == wanted  # noqa: B023
            assert wanted[0] in (TypeError, AttributeError)
    with pytest.raises(TypeError):
        Redis.get()  # type: ignore[call-arg]


def test_hooks_of_an_object_that_was_used_before(server: Server) -> None:
    events: list[CallEvent] = []
    with Redis.from_url(server.url) as client, Pool.from_url(server.url) as pool:
        client.set("s", "v")
        pool.get("s").result()
        client.on_call(events.append)
        client.set_response_callback("GET", lambda reply: [reply])
        pool.set_response_callback("GET", lambda reply: [reply])
        assert client.get("s") == [b"v"]  # type: ignore[comparison-overlap]
        assert pool.get("s").result() == [b"v"]  # type: ignore[comparison-overlap]
        with client.pipeline() as pipe:
            assert pipe.get("s").execute() == [[b"v"]]
        with pytest.raises(DataError):
            client.set("s", None)  # type: ignore[call-overload]
        assert [event.name for event in events] == ["GET", "PIPELINE", "SET"]


def test_what_a_method_tells_of_itself(server: Server) -> None:
    for name in PLAIN:
        method, plain = getattr(Redis, name), function(name)
        assert method is vars(Commands)[name]
        assert inspect.isroutine(method) and callable(method)
        assert inspect.signature(method) == inspect.signature(plain)
        assert inspect.getsource(method) == inspect.getsource(plain)
        assert typing.get_type_hints(method) == typing.get_type_hints(plain)
        for attribute in ("__name__", "__qualname__", "__module__", "__doc__", "__annotations__"):
            assert getattr(method, attribute) == getattr(plain, attribute)
        assert pickle.loads(pickle.dumps(method)) is method
        assert copy.copy(method) is copy.deepcopy(method) is method
        assert name in repr(method)
        assert pydoc.getdoc(method) == inspect.getdoc(plain)  # which `help` asks
        assert not hasattr(method, "nothing")
        with Redis.from_url(server.url) as client:
            bound = getattr(client, name)
            assert bound.__self__ is client and bound.__func__ is method and inspect.ismethod(bound)
            assert bound.__doc__ == plain.__doc__ and bound == getattr(client, name)
            assert (
                list(inspect.signature(bound).parameters)
                == list(inspect.signature(plain).parameters)[1:]
            )
    assert hash(Redis.get) != hash(Redis.set)


def test_nothing_stays_behind(r: Redis) -> None:
    key, value, odd = "key" * 5, "value" * 5, object()
    before = [sys.getrefcount(each) for each in (key, value, odd, r, Redis.hset)]
    for _ in range(100):
        with r.pipeline(transaction=False) as pipe:
            pipe.hset(key, value, value)
            pipe.incr(key)
            with pytest.raises(DataError):
                pipe.hset(key, value, odd)  # type: ignore[arg-type]
            with pytest.raises(TypeError):
                pipe.hset(key, value, strange=odd)  # type: ignore[call-arg]
            pipe.hset(key, value=value, key=value)
    del pipe
    assert [sys.getrefcount(each) for each in (key, value, odd, r, Redis.hset)] == before
