"""Shapes of replies: which one a command has, by all its words; which replies nobody decodes; and what is made of texts."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.command_cases import CASES

import oxipipe
from oxipipe import Pool
from oxipipe.asyncio import Redis as AsyncRedis
from oxipipe.commands import shapes
from oxipipe.commands._table import Commands
from oxipipe.commands.shapes import common
from oxipipe.commands.shapes import server as server_shapes
from oxipipe.commands.shapes._by_name import BY_NAME

#: An integer set: its dump is no UTF-8.
NUMBERS = (1, 2, 300)

Asked = list[tuple[Any, ...]]


def each(ask: Callable[..., Any], asked: Asked) -> list[Any]:
    return [ask(*words) for words in asked]


def added(pipeline: Any, asked: Asked, method: str) -> Any:
    for words in asked:
        getattr(pipeline, method)(*words)
    return pipeline.execute()


async def all_of(client: Any, asked: Asked, method: str, how: str) -> list[Any]:
    async with client:
        if how == "lease":
            async with client.lease() as lease:
                return [await getattr(lease, method)(*words) for words in asked]
        if how == "coroutines":
            return [await getattr(client.coro, method)(*words) for words in asked]
        if how == "calls":
            return list(await asyncio.gather(*each(getattr(client, method), asked)))
        replies: list[Any] = await added(client.pipeline(how == "transaction"), asked, method)
        return replies


#: Ways to ask: from a client or a pool that is set up by `prepare`, to the replies.
WAYS = [
    "client",
    "submission",
    "pipeline",
    "transaction",
    "lease",
    "pool",
    "pool without waiting",
    "pool pipeline",
    "pool transaction",
    "pool lease",
    "asyncio calls",
    "asyncio coroutines",
    "asyncio pipeline",
    "asyncio transaction",
    "asyncio lease",
]


def ask(
    way: str,
    server: oxipipe.Server,
    asked: Asked,
    method: str = "command",
    prepare: Callable[[Any], object] = lambda client: None,
    **options: Any,
) -> list[Any]:
    kind, _, how = way.partition(" ")
    if kind == "asyncio":
        coming = AsyncRedis.from_url(server.url, **options)
        prepare(coming)
        return asyncio.run(all_of(coming, asked, method, how))
    if kind == "pool":
        with Pool.from_url(server.url, connections=2, **options) as pool:
            prepare(pool)
            if how == "lease":
                with pool.lease() as lease:
                    return each(getattr(lease, method), asked)
            if how in ("pipeline", "transaction"):
                replies: list[Any] = added(
                    pool.pipeline(how == "transaction"), asked, method
                ).result()
                return replies
            name = "try_submit" if how and method == "command" else method
            return [future.result() for future in each(getattr(pool, name), asked)]
    with server.connect(**options) as client:
        prepare(client)
        if kind == "lease":
            with client.lease() as lease:
                return each(getattr(lease, method), asked)
        if kind in ("pipeline", "transaction"):
            return list(added(client.pipeline(kind == "transaction"), asked, method))
        if kind == "submission" and method == "command":
            return [future.result() for future in each(client.submit, asked)]
        return each(getattr(client, method), asked)


@pytest.fixture
def numbers(r: oxipipe.Redis) -> Iterator[bytes]:
    r.sadd("numbers", *NUMBERS)
    r.set("text", "täxt")
    dumped = r.dump("numbers")
    assert dumped is not None
    with pytest.raises(UnicodeDecodeError):
        dumped.decode()
    yield dumped


# -- replies that nobody decodes


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_what_is_bytes_by_nature_stays_so(
    server: oxipipe.Server, numbers: bytes, way: str, protocol: int, encoding: str
) -> None:
    with server.connect(encoding=encoding) as client:
        client.set(b"text", "täxt")
    names = ["DUMP", b"dump", bytearray(b"Dump")]
    if encoding == "utf-8":
        names.append("dump")
    asked: Asked = [("GET", b"text")]
    for name in names:
        asked += [(name, b"numbers"), ("GET", b"text"), ("DUMP", b"none")]
    asked += [("FUNCTION", b"DUMP"), ("EXISTS", b"text"), ("GET", b"text"), (b"DUMP", b"numbers")]
    got = ask(
        way,
        server,
        asked,
        decode_responses=True,
        protocol=protocol,
        encoding=encoding,
    )
    assert got[0] == "täxt"
    assert got[1:-4] == [numbers, "täxt", None] * len(names)
    assert isinstance(got[-4], bytes)
    assert got[-3:] == [1, "täxt", numbers]


@pytest.mark.parametrize("way", [way for way in WAYS if way.endswith(("pipeline", "transaction"))])
def test_wherever_it_stands_in_a_pipeline(
    server: oxipipe.Server, r: oxipipe.Redis, numbers: bytes, way: str
) -> None:
    r.rpush("list", *"abc")
    r.hset("hash", "ä", "ö")
    with r.pipeline() as pipe:
        given = pipe.dump("list").dump("hash").dump("text").execute()
    expected: list[tuple[tuple[Any, ...], Any]] = [
        (("DUMP", "numbers"), numbers),
        (("DUMP", "list"), given[0]),
        (("DUMP", "hash"), given[1]),
        (("DUMP", "text"), given[2]),
        (("DUMP", "none"), None),
        (("GET", "text"), "täxt"),
        (("GET", "none"), None),
        (("LRANGE", "list", 0, -1), ["a", "b", "c"]),
        (("HGETALL", "hash"), {"ä": "ö"}),
        (("HMGET", "hash", "ä", "x"), ["ö", None]),
        (("PING",), True),
        (("ECHO", "é" * 70_000), "é" * 70_000),
        (("EXISTS", "text"), 1),
    ]
    chance = random.Random(20260)
    for size in (1, 2, 3, 10, 10, 10, 300, 1000):
        weights = [1] * 11 + [0.01, 1]
        picked = chance.choices(expected, weights, k=size)
        replies = ask(way, server, [words for words, _ in picked], decode_responses=True)
        assert replies == [reply for _, reply in picked]


@pytest.mark.parametrize("transaction", [False, True])
def test_it_is_no_neighbour_of_what_cannot_be_decoded(
    server: oxipipe.Server, r: oxipipe.Redis, numbers: bytes, transaction: bool
) -> None:
    r.rpush("bytes", "a", b"\xff", "b")
    with server.connect(decode_responses=True) as client:
        with client.pipeline(transaction) as pipe:
            pipe.dump("numbers").lrange("bytes", 0, -1).dump("numbers").lrange("bytes", 0, -1)
            pipe.get("text").incr("text").dump("numbers")
            replies = pipe.execute(raise_on_error=False)
        assert [replies[i] for i in (0, 2, 4, 6)] == [numbers, numbers, "täxt", numbers]
        assert all(isinstance(replies[i], UnicodeDecodeError) for i in (1, 3))
        assert isinstance(replies[5], oxipipe.ResponseError)
    with Pool.from_url(server.url, decode_responses=True) as pool, pool.pipeline() as waiting:
        waiting.dump("numbers").lrange("bytes", 0, -1).dump("numbers")
        first, second, third = waiting.execute(raise_on_error=False).result()
        assert (first, third) == (numbers, numbers)
        assert isinstance(second, UnicodeDecodeError)


def test_queued_is_text_all_the_same(server: oxipipe.Server, numbers: bytes) -> None:
    async def in_a_loop() -> Any:
        client = AsyncRedis.from_url(server.url, decode_responses=True)
        async with client, client.lease() as mine:
            await mine.command("MULTI")
            queued: Any = await mine.dump("numbers")
            await mine.command("DISCARD")
            return queued

    with server.connect(decode_responses=True) as client, client.lease() as mine:
        mine.command("MULTI")
        queued: Any = mine.dump("numbers")
        assert queued == "QUEUED"
        mine.command("DISCARD")
        assert mine.dump("numbers") == numbers
    assert asyncio.run(in_a_loop()) == "QUEUED"


@pytest.mark.parametrize("way", WAYS)
def test_a_shape_of_ones_own_gets_bytes(server: oxipipe.Server, numbers: bytes, way: str) -> None:
    def prepare(client: Any) -> None:
        client.set_response_callback("DUMP", lambda reply: [reply])
        client.set_response_callback("FUNCTION", type)
        client.set_response_callback("GET", type)

    asked: Asked = [
        ("DUMP", "numbers"),
        ("FUNCTION", "DUMP"),
        ("GET", "text"),
        ("FUNCTION", "LIST"),
    ]
    got = ask(way, server, asked, prepare=prepare, decode_responses=True)
    assert got == [[numbers], bytes, str, list]


def test_embeddings_are_bytes_if_raw() -> None:
    raw: Asked = [("VEMB", "k", "e", "RAW"), (b"vemb", "k", "raw", b"raw")]
    others: Asked = [("VEMB", "k", "RAW"), ("VEMB", "RAW"), ("VEMB",)]
    assert all(isinstance(shapes.resolve_words(words), shapes.Undecoded) for words in raw)
    assert [shapes.resolve_words(words) for words in others] == [shapes.find("floats")] * 3


def test_what_was_dumped_can_be_restored(server: oxipipe.Server, numbers: bytes) -> None:
    with server.connect(decode_responses=True) as client:
        dumped = client.dump("numbers")
        assert dumped == numbers
        client.restore("again", 0, numbers)
        assert client.smembers("again") == {str(number) for number in NUMBERS}


@pytest.mark.parametrize("decoded", [False, True])
def test_the_slow_log_has_arguments_of_any_bytes(decoded: bool) -> None:
    with (
        oxipipe.Server(slowlog_log_slower_than=0) as server,
        server.connect(decode_responses=decoded) as client,
    ):
        client.set(b"\xff", "ä" * 1000)
        logs: list[list[dict[str, Any]]] = [
            [*client.slowlog_get()],
            client.command("SLOWLOG", "GET"),
        ]
        for entries in logs:
            (call,) = [entry for entry in entries if entry["command"].startswith(b"SET \xff")]
            assert isinstance(call["client_address"], bytes)


# -- which shape


SPELLINGS: list[Callable[[str], Any]] = [
    str,
    str.encode,
    lambda word: bytearray(word.encode()),
    lambda word: memoryview(word.encode()),
]


def test_it_is_found_by_the_container_and_the_subcommand() -> None:
    chance = random.Random(20261)
    for name, called in BY_NAME.items():
        shape = shapes.find(called)
        words = ["".join(chance.choice((c.lower(), c)) for c in word) for word in name.split()]
        for kinds in itertools.product(SPELLINGS, repeat=2):
            spelt = [kind(word) for kind, word in zip(kinds, words, strict=False)]
            more = {"HSCAN": ["k", 0], "COMMAND": []}.get(name, ["x", b"\xff"])
            assert shapes.resolve_words((*spelt, *more)) is shape, spelt
        container, *subcommand = words
        if subcommand:
            own = shapes.shape_of(container.upper())
            assert shapes.resolve_words((container,)) is own
            for other in ("NO-SUCH", "HELP", "", 1, 1.5, None, b"\xff", [], object()):
                if shapes.shape_of(f"{container.upper()} {other}") is None:
                    assert shapes.resolve_words((container, other)) is None


class Recorder(Commands):
    """What named methods ask of a client."""

    def command(self, *args: Any) -> Any:
        return shapes.resolve_words(args), args

    def command_as(self, callback: Any, *args: Any) -> Any:
        return callback, args


#: All examples whose first word does not tell the shape, but for a method with a shape of its own.
CALLS = [
    case
    for case in CASES
    if case[0].partition("_")[0].upper() in shapes.BY_WORDS and case[0] != "client_kill_filter"
]


@pytest.mark.parametrize(("name", "args", "kwargs"), CALLS, ids=lambda value: str(value)[:30])
def test_methods_have_the_shape_of_their_command(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    try:
        callback, words = getattr(Recorder(), name)(*args, **kwargs)
    except oxipipe.exceptions.DataError:
        return  # nothing is sent
    assert shapes.resolve_words(words) is callback


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("protocol", [2, 3])
def test_words_agree_with_methods(server: oxipipe.Server, way: str, protocol: int) -> None:
    asked: Asked = [
        ("CONFIG", "GET", "maxmemory"),
        (b"config", b"get", "maxmemory"),
        ("Config", bytearray(b"Get"), b"maxmemory"),
        (bytearray(b"CONFIG"), memoryview(b"GET"), b"maxmemory"),
        ("CONFIG", "SET", "maxmemory", 0),
        ("ACL", "WHOAMI"),
        ("ACL", "CAT", "dangerous"),
        ("CLIENT", "LIST"),
        ("CLIENT", "INFO"),
        ("CLIENT", "ID"),
        ("MEMORY", "STATS"),
        ("SLOWLOG", "LEN"),
        ("SCRIPT", "EXISTS", "0" * 40),
        ("COMMAND", "COUNT"),
        ("COMMAND", "GETKEYS", "GET", "x"),
        ("COMMAND", "GETKEYSANDFLAGS", "GET", "x"),
        ("COMMAND", "INFO", "get", "no-such"),
        ("COMMAND", "INFO", "no-such"),
        ("COMMAND", "DOCS", "get"),
        ("COMMAND", "LIST", "FILTERBY", "PATTERN", "ge[t]"),
        ("COMMAND",),
    ]
    got = ask(way, server, asked, protocol=protocol)
    assert got[:5] == [{"maxmemory": "0"}] * 4 + [True]
    assert got[5] == "default"
    assert "keys" in got[6]
    assert all(client["id"].isdigit() for client in got[7])
    assert got[8]["id"] >= 1 and isinstance(got[9], int)
    assert isinstance(got[10]["peak.allocated"], int)
    assert isinstance(got[11], int)
    assert got[12] == [False]
    assert got[13] > 200
    assert got[14:16] == [["x"], [[b"x", got[15][0][1]]]]
    assert list(got[16]) == ["get"] and got[16]["get"]["arity"] == 2
    assert got[17] == {}
    assert got[18]["get"]["group"] == "string"
    assert got[19] == [b"get"]
    assert got[20]["get"] == got[16]["get"]


@pytest.mark.parametrize("way", WAYS)
def test_two_words_in_one_are_two(server: oxipipe.Server, way: str) -> None:
    asked: Asked = [
        ("CONFIG GET", "maxmemory"),
        (b"config get", b"maxmemory"),
        (" Config   Get maxmemory",),
        ("CONFIG", "GET", "maxmemory"),
        ("COMMAND COUNT",),
    ]
    got = ask(way, server, asked, "execute_command")
    assert got[:4] == [{"maxmemory": "0"}] * 4
    assert got[4] > 200
    for blank in (" ", b" "):
        with pytest.raises(oxipipe.DataError):
            ask(way, server, [(blank, "x")], "execute_command")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("protocol", [2, 3])
def test_hscan_without_values(
    r: oxipipe.Redis, server: oxipipe.Server, way: str, protocol: int
) -> None:
    r.hset("h", mapping={"novalues": 1, "b": 2})
    asked: Asked = [
        ("HSCAN", "h", 0),
        ("HSCAN", "h", 0, "MATCH", "NOVALUES"),
        (b"hscan", "h", 0, b"match", b"novalues", "COUNT", 10),
    ]
    assert ask(way, server, asked, protocol=protocol) == [
        (0, {b"novalues": b"1", b"b": b"2"}),
        (0, {}),
        (0, {b"novalues": b"1"}),
    ]


@pytest.mark.parametrize(
    "options",
    [("NOVALUES",), (b"novalues",), ("MATCH", "NOVALUES", "NoValues"), ("COUNT", 5, "NOVALUES")],
)
def test_hscan_without_values_has_no_pairs(options: tuple[Any, ...]) -> None:
    # Redis 7.4 has it; what the tests run on need not.
    shape = shapes.resolve_words(("HSCAN", "k", 0, *options))
    assert shape is not None
    assert shape([b"0", [b"a", b"b", b"c"]]) == (0, [b"a", b"b", b"c"])
    for left_out in (("MATCH", "NOVALUES"), ("COUNT",), ("MATCH",), ()):
        assert shapes.resolve_words(("HSCAN", "k", 0, *left_out)) is shapes.find("hscan")


@pytest.mark.parametrize("way", WAYS)
def test_shapes_of_ones_own_by_container_and_subcommand(server: oxipipe.Server, way: str) -> None:
    def prepare(client: Any) -> None:
        client.set_response_callback("config get", lambda reply: "mine")
        client.set_response_callback("CLIENT", lambda reply: "any")
        client.set_response_callback("client  ID", None)
        client.set_response_callback("MEMORY", None)
        client.set_response_callback("MEMORY STATS", len)

    asked: Asked = [
        ("CONFIG", "GET", "maxmemory"),
        (b"config", bytearray(b"get"), b"maxmemory"),
        ("CONFIG", "SET", "maxmemory", 0),
        ("CLIENT", "LIST"),
        ("CLIENT", "ID"),
        ("MEMORY", "PURGE"),
        ("MEMORY", "STATS"),
        ("PING",),
    ]
    got = ask(way, server, asked, prepare=prepare, protocol=3)
    assert got[:4] == ["mine", "mine", True, "any"]
    assert isinstance(got[4], int)
    assert got[5] == b"OK"
    assert got[6] > 10
    assert got[7] is True


def test_shapes_of_ones_own_for_methods(server: oxipipe.Server) -> None:
    client: Any
    with server.connect() as client:
        client.set_response_callback("CONFIG GET", lambda reply: "mine")
        assert client.config_get("maxmemory") == "mine"
        assert client.config_set("maxmemory", 0) is True
        assert client.execute_command("CONFIG GET", "maxmemory") == "mine"
        assert client.execute_command(b"CONFIG GET", "maxmemory") == "mine"
        client.set_response_callback("CONFIG", lambda reply: "any")
        assert client.config_get("maxmemory") == "mine"
        assert client.config_set("maxmemory", 0) == "any"


# -- texts

#: Where str.splitlines() ends a line, and servers do not.
NO_ENDS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


@pytest.mark.parametrize("decoded", [False, True])
def test_names_have_any_characters(server: oxipipe.Server, r: oxipipe.Redis, decoded: bool) -> None:
    users = [f"a{char}b=c" for char in "\x1c\x1d\x1e\x85\u2028\u2029=,;:"]
    try:
        for user in users:
            r.command("ACL", "SETUSER", user, "on", "nopass", "~*", "+@all")
        for user in users:
            with server.connect(username=user, password="", decode_responses=decoded) as client:
                assert client.client_info()["user"] == user
                assert user in [entry["user"] for entry in client.client_list()]
                assert client.command("ACL", "WHOAMI") == user
                assert any(user in line for line in client.command("ACL", "LIST"))
    finally:
        for user in users:
            r.command("ACL", "DELUSER", user)


def test_lines_end_where_servers_end_them() -> None:
    chance = random.Random(20262)
    letters = "ab=:#, é" + NO_ENDS
    for _ in range(2000):
        made = ["".join(chance.choices(letters, k=chance.randint(0, 6))) for _ in range(5)]
        for end in ("\n", "\r\n"):
            told = "".join(line + end for line in made)
            assert common.lines(told) == [line for line in made if line]
            assert common.lines(told.encode()) == [line for line in made if line]


def test_clients_have_any_characters() -> None:
    chance = random.Random(20263)
    letters = "ab=:#,é" + NO_ENDS
    names = ["id", "addr", "laddr", "name", "user", "lib-name"]
    for _ in range(500):
        made = [
            {name: "".join(chance.choices(letters, k=chance.randint(0, 5))) for name in names}
            for _ in range(3)
        ]
        told = "".join(" ".join(f"{k}={v}" for k, v in client.items()) + "\n" for client in made)
        assert server_shapes.client_list(told.encode()) == made
    spaced = "id=3 addr=/a b/s c:0 name=\nid=4 addr=/a\r b:0 name=x\n"
    assert server_shapes.client_list(spaced) == [
        {"id": "3", "addr": "/a b/s c:0", "name": ""},
        {"id": "4", "addr": "/a\r b:0", "name": "x"},
    ]
    assert server_shapes.client_info(b"id=3 name=a\xc2\x85 lib-ver=\xe2\x80\xa8\n") == {
        "id": 3,
        "name": "a\x85",
        "lib-ver": "\u2028",
    }


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("os:Linux 6.1=x,y x86_64", "os", "Linux 6.1=x,y x86_64"),
        ("executable:/opt/a=b,c/redis", "executable", "/opt/a=b,c/redis"),
        ("config_file:/etc/x,y.conf", "config_file", "/etc/x,y.conf"),
        ("config_file:a=b", "config_file", "a=b"),
        ("config_file:", "config_file", ""),
        ("aof_filename:a,b", "aof_filename", "a,b"),
        ("availability_zone:1", "availability_zone", "1"),
        ("any_path:/a,b", "any_path", "/a,b"),
        ("any_path:/a=b", "any_path", "/a=b"),
        ("any_words:a b=c,d e", "any_words", "a b=c,d e"),
        ("any_name:a\u2028b\x85c", "any_name", "a\u2028b\x85c"),
        ("any_name:1_000", "any_name", "1_000"),
        ("master_host:fe80::1", "master_host", "fe80::1"),
        ("uptime:12", "uptime", 12),
        ("ratio:1.50", "ratio", 1.5),
        ("version:7.0.15", "version", "7.0.15"),
        ("several:1,two,3.5", "several", [1, "two", 3.5]),
        ("db0:keys=1,expires=0,avg_ttl=0", "db0", {"keys": 1, "expires": 0, "avg_ttl": 0}),
        ("listener0:name=unix,bind=/tmp/a=b", "listener0", {"name": "unix", "bind": "/tmp/a=b"}),
        ("listener0:name=a=b,port=1", "listener0", {"name": "a=b", "port": 1}),
        ("flags:a=1,b", "flags", {"a": 1, "b": True}),
        ("cmdstat_get:calls=1,usec=2.5", "cmdstat_get", {"calls": 1, "usec": 2.5}),
        ("cmdstat_config|get:calls=1", "cmdstat_config|get", {"calls": 1}),
        ("cmdstat_host::calls=1", "cmdstat_host:", {"calls": 1}),
        ("cmdstat_a:b:calls=1", "cmdstat_a:b", {"calls": 1}),
        ("errorstat_a:b:count=1", "errorstat_a:b", {"count": 1}),
        (
            "slave0:ip=::1,port=1,state=online",
            "slave0",
            {"ip": "::1", "port": 1, "state": "online"},
        ),
    ],
)
def test_info_is_what_it_says(line: str, key: str, value: object) -> None:
    told = server_shapes.info(f"# Part\r\n{line}\r\nlast:1\r\n")
    assert told == {key: value, "last": 1}
    assert type(told[key]) is type(value)
    assert server_shapes.info(f"# Part\n{line}\n\nlast:1\n".encode()) == told


def test_info_has_modules_and_lines_without_a_key() -> None:
    told = "module:name=a,ver=1,options=[x|y]\r\nmodule:name=b,ver=2\r\nno key\r\n"
    assert server_shapes.info(told) == {
        "modules": [{"name": "a", "ver": 1, "options": "[x|y]"}, {"name": "b", "ver": 2}],
        "__raw__": ["no key"],
    }


def test_info_as_redis_py_tells_it(r: oxipipe.Redis) -> None:
    helpers = pytest.importorskip("redis._parsers.helpers")
    r.set("k", 1)
    for section in ("default", "everything"):
        told = r.command_as(None, "INFO", section)
        assert server_shapes.info(told) == helpers.parse_info(told)
    clients = r.command_as(None, "CLIENT", "LIST")
    assert server_shapes.client_list(clients) == helpers.parse_client_list(clients)
