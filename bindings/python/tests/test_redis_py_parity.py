"""Every named command against redis-py: same call, same database, same reply of the same type.

Each case is run with both protocols, decoded and not, alone and in a pipeline, in a thread and in an event loop. A
command without a case fails.
"""

from __future__ import annotations

import asyncio
import datetime
import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from support.loops import Blocking

import oxipipe
import oxipipe.asyncio
from oxipipe.commands._table import Commands

redis = pytest.importorskip("redis")

SOON = datetime.timedelta(seconds=100)
LATER = datetime.datetime(2100, 1, 1)


def case(name: str, *args: Any, **kwargs: Any) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    return name, args, kwargs


# The database of every case: s = "text", n = "10", f = "1.5", h = {a: 1, b: 2}, l = [a, b, c, a], one = [x],
# t = {a, b}, u = {b}, z = {a: 1, b: 2.5, c: 3}, e = "x" expiring in 2100.
CASES = [
    case("append", "s", "!"),
    case("bitcount", "s"),
    case("bitcount", "s", 0, 1),
    case("bitcount", "s", 0, 1, "BIT"),
    case("bitop", "AND", "d", "s", "n"),
    case("decr", "n"),
    case("decr", "n", 3),
    case("decrby", "n", 4),
    case("execute_command", "GET", "s"),
    case("execute_command", "CONFIG GET", "maxmemory"),
    case("execute_command", "COMMAND COUNT"),
    case("get", "s"),
    case("get", "none"),
    case("getbit", "s", 1),
    case("getdel", "s"),
    case("getex", "s"),
    case("getex", "s", ex=SOON),
    case("getex", "s", px=1000),
    case("getex", "s", exat=LATER),
    case("getex", "s", pxat=LATER),
    case("getex", "e", persist=True),
    case("getrange", "s", 1, 2),
    case("getset", "s", "new"),
    case("incr", "n"),
    case("incr", "n", 5),
    case("incrby", "n", 6),
    case("incrbyfloat", "f", 0.25),
    case("lcs", "s", "n"),
    case("lcs", "s", "s", len=True),
    case("lcs", "s", "s", idx=True),
    case("lcs", "s", "s", idx=True, minmatchlen=2, withmatchlen=True),
    case("mget", "s", "none", "n"),
    case("mget", ["s", "none", "n"]),
    case("mset", {"s": 1, "m": 2}),
    case("msetnx", {"s": 1, "m": 2}),
    case("msetnx", {"p": 1, "m": 2}),
    case("psetex", "p", 1000, "v"),
    case("psetex", "p", SOON, "v"),
    case("set", "s", "v"),
    case("set", "s", "OK", get=True),
    case("set", "none", "v", get=True),
    case("set", "s", "v", nx=True),
    case("set", "s", "v", xx=True),
    case("set", "s", "v", ex=10),
    case("set", "s", "v", px=10_000),
    case("set", "s", "v", ex=SOON),
    case("set", "s", "v", px=SOON),
    case("set", "s", "v", exat=LATER),
    case("set", "s", "v", pxat=LATER),
    case("set", "e", "v", keepttl=True),
    case("setbit", "s", 1, 0),
    case("setex", "s", 10, "v"),
    case("setex", "s", SOON, "v"),
    case("setnx", "s", "v"),
    case("setnx", "none", "v"),
    case("setrange", "s", 1, "EX"),
    case("strlen", "s"),
    case("substr", "s", 1),
    case("substr", "s", 1, 2),
    case("hdel", "h", "a", "x"),
    case("hexists", "h", "a"),
    case("hexists", "h", "x"),
    case("hget", "h", "a"),
    case("hget", "h", "x"),
    case("hgetall", "h"),
    case("hgetall", "none"),
    case("hincrby", "h", "a"),
    case("hincrby", "h", "a", 4),
    case("hincrbyfloat", "h", "a", 0.5),
    case("hkeys", "h"),
    case("hlen", "h"),
    case("hmget", "h", "a", "x"),
    case("hmget", "h", ["a", "x"]),
    case("hmset", "h", {"a": 1, "c": 2}),
    case("hmset", "h", {}),
    case("hrandfield", "one-field"),
    case("hrandfield", "one-field", 1),
    case("hrandfield", "one-field", 2, withvalues=True),
    case("hrandfield", "none", 2, withvalues=True),
    case("hscan", "h"),
    case("hscan", "h", 0, "a*", 10),
    case("hscan", "none"),
    case("hset", "h", "a", "v"),
    case("hset", "h", mapping={"a": 1, "c": 2}),
    case("hset", "h", items=["d", 1, "e", 2]),
    case("hset", "h", "x", "y", {"q": 1}, ["r", 2]),
    case("hset", "h"),
    case("hsetnx", "h", "a", "v"),
    case("hsetnx", "h", "z", "v"),
    case("hstrlen", "h", "a"),
    case("hvals", "h"),
    case("copy", "s", "d"),
    case("copy", "s", "n"),
    case("copy", "s", "n", replace=True),
    case("copy", "s", "n", destination_db=9, replace=True),
    case("delete", "s", "n", "none"),
    case("dump", "one"),
    case("exists", "s", "s", "none"),
    case("expire", "s", 100),
    case("expire", "s", SOON),
    case("expire", "s", 100, nx=True),
    case("expire", "s", 100, xx=True),
    case("expire", "e", 100, lt=True),
    case("expire", "e", 100, gt=True),
    case("expire", "none", 100),
    case("expireat", "s", 4102444800),
    case("expireat", "s", LATER),
    case("expiretime", "e"),
    case("keys"),
    case("keys", "one*"),
    case("move", "s", 9),
    case("object", "encoding", "s"),
    case("object", "refcount", "h"),
    case("persist", "e"),
    case("persist", "s"),
    case("pexpire", "s", 100_000),
    case("pexpire", "s", SOON),
    case("pexpireat", "s", 4102444800_000),
    case("pexpireat", "s", LATER),
    case("pexpiretime", "e"),
    case("pttl", "s"),
    case("pttl", "none"),
    case("rename", "s", "d"),
    case("rename", "none", "d"),
    case("renamenx", "s", "n"),
    case("renamenx", "s", "d"),
    case("restore", "d", 0, b"\x00\xc0\x01\x0b\x00|\xbb\x0f1\xc6\xf0Y\xed"),
    case("scan", 0, "one*", 1000),
    case("scan", 0, _type="zset", count=1000),
    case("sort", "l", alpha=True),
    case("sort", "l", alpha=True, desc=True, start=0, num=2),
    case("sort", "l", by="nosort", get=["#", "h->*"], groups=True),
    case("sort", "l", alpha=True, get="#"),
    case("sort", "l", alpha=True, store="d"),
    case("touch", "s", "none"),
    case("ttl", "s"),
    case("type", "h"),
    case("unlink", "s", "none"),
    case("acl_whoami"),
    case("client_getname"),
    case("client_kill", "1.2.3.4:5"),
    case("client_kill_filter", _id="999999999"),
    case("client_kill_filter", _type="pubsub", skipme=True),
    case("client_pause", 1),
    case("client_pause", 1, all=False),
    case("client_unblock", 999_999_999),
    case("client_unpause"),
    case("echo", "x"),
    case("ping"),
    case("command_count"),
    case("command_getkeys", "MSET", "a", "1", "b", "2"),
    case("config_get"),
    case("config_get", "maxmemory*"),
    case("config_get", "maxmemory", "save"),
    case("config_get", "none"),
    case("config_resetstat"),
    case("config_rewrite"),
    case("config_set", "slowlog-max-len", 128),
    case("dbsize"),
    case("flushall"),
    case("flushall", asynchronous=True),
    case("flushdb"),
    case("flushdb", asynchronous=True),
    case("info", "keyspace"),
    case("lastsave"),
    case("memory_purge"),
    case("memory_usage", "s"),
    case("memory_usage", "l", samples=0),
    case("memory_usage", "none"),
    case("role"),
    case("slowlog_len"),
    case("slowlog_reset"),
    case("swapdb", 0, 1),
    case("blpop", "l", 1),
    case("blpop", ["none", "l"], 1),
    case("blpop", "none", 0.01),
    case("brpop", "l", 1),
    case("lindex", "l", 0),
    case("lindex", "l", 10),
    case("linsert", "l", "BEFORE", "b", "x"),
    case("llen", "l"),
    case("lmove", "l", "d"),
    case("lmove", "l", "d", "RIGHT", "LEFT"),
    case("lpop", "l"),
    case("lpop", "l", 2),
    case("lpop", "none", 2),
    case("lpos", "l", "a"),
    case("lpos", "l", "a", rank=2),
    case("lpos", "l", "a", count=0, maxlen=100),
    case("lpush", "l", 1, 2),
    case("lpushx", "none", 1),
    case("lrange", "l", 0, -1),
    case("lrem", "l", 0, "a"),
    case("lset", "l", 0, "z"),
    case("ltrim", "l", 0, 1),
    case("rpop", "l"),
    case("rpop", "l", 2),
    case("rpoplpush", "l", "d"),
    case("rpush", "l", 1, 2),
    case("rpushx", "none", 1),
    case("sadd", "t", "x", "a"),
    case("scard", "t"),
    case("sdiff", "t", "u"),
    case("sdiff", ["t", "u"]),
    case("sdiffstore", "d", "t", "u"),
    case("sinter", "t", "u"),
    case("sinterstore", "d", ["t", "u"]),
    case("sismember", "t", "a"),
    case("sismember", "t", "x"),
    case("smembers", "t"),
    case("smembers", "none"),
    case("smismember", "t", "a", "x"),
    case("smove", "t", "u", "a"),
    case("spop", "u"),
    case("spop", "u", 2),
    case("srandmember", "u"),
    case("srandmember", "u", 2),
    case("srem", "t", "a", "x"),
    case("sscan", "u"),
    case("sunion", "t", "u"),
    case("sunionstore", "d", "t", "u"),
    case("zadd", "z", {"a": 5, "n": 1.5}),
    case("zadd", "z", {"a": 5, "n": 1.5}, ch=True),
    case("zadd", "z", {"a": 5}, nx=True),
    case("zadd", "z", {"a": 5}, xx=True, gt=True),
    case("zadd", "z", {"a": 5}, incr=True),
    case("zadd", "z", {"none": 5}, incr=True, xx=True),
    case("zadd", "z", {}),
    case("zcard", "z"),
    case("zcount", "z", "-inf", 2.5),
    case("zincrby", "z", 1.5, "a"),
    case("zpopmax", "z"),
    case("zpopmax", "z", 2),
    case("zpopmin", "z"),
    case("zpopmin", "none"),
    case("zrange", "z", 0, -1),
    case("zrange", "z", 0, -1, withscores=True),
    case("zrange", "z", 0, -1, desc=True, withscores=True),
    case("zrange", "z", 0, -1, withscores=True, score_cast_func=str),
    case("zrange", "z", 1, 3, byscore=True, offset=0, num=2),
    case("zrange", "z", "[a", "[c", bylex=True),
    case("zrange", "none", 0, -1, withscores=True),
    case("zrank", "z", "b"),
    case("zrank", "z", "none"),
    case("zrem", "z", "a", "none"),
    case("zremrangebyrank", "z", 0, 1),
    case("zremrangebyscore", "z", 0, 2),
    case("zrevrange", "z", 0, -1),
    case("zrevrange", "z", 0, -1, withscores=True),
    case("zrevrank", "z", "a"),
    case("zscan", "z"),
    case("zscore", "z", "b"),
    case("zscore", "z", "none"),
    case("publish", "channel", "message"),
]

# Replies that are never the same twice, or depend on who asks and when: only their shape is compared.
BY_SHAPE: dict[str, tuple[Any, ...]] = {
    "bgrewriteaof": (),
    "bgsave": (),
    "client_id": (),
    "client_info": (),
    "client_list": (),
    "debug_object": ("h",),
    "info": (),
    "memory_stats": (),
    "randomkey": (),
    "save": (),
    "slowlog_get": (),
    "time": (),
}

# redis-py marks old commands as deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def server() -> Iterator[oxipipe.Server]:
    # CONFIG REWRITE needs a file; it is refused alike without one.
    with oxipipe.Server(slowlog_log_slower_than=0) as server:
        yield server


def fill(client: oxipipe.Redis) -> None:
    client.flushall()
    client.mset({"s": "text", "n": 10, "f": 1.5})
    client.hset("h", mapping={"a": 1, "b": 2})
    client.hset("one-field", "f", "v")
    client.rpush("l", "a", "b", "c", "a")
    client.rpush("one", "x")
    client.sadd("t", "a", "b")
    client.sadd("u", "b")
    client.zadd("z", {"a": 1, "b": 2.5, "c": 3})
    client.set("e", "x", exat=4102444800)


def outcome(call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the call gave: the reply with its types, or the class and the text of the exception."""
    try:
        return typed(call(*args, **kwargs))
    except (oxipipe.RedisError, redis.RedisError) as error:
        # The wording of a DataError is each library's own.
        text = "" if type(error).__name__ == "DataError" else str(error)
        return type(error).__name__, text


def typed(reply: Any) -> Any:
    if isinstance(reply, dict):
        return "dict", {typed(key): typed(value) for key, value in reply.items()}
    if isinstance(reply, (list, tuple)):
        return type(reply).__name__, [typed(value) for value in reply]
    if isinstance(reply, set):
        return "set", sorted(map(repr, reply))
    return type(reply).__name__, reply


@pytest.fixture(
    scope="module",
    params=[(2, False, False), (3, False, False), (3, True, False), (3, False, True)],
    ids=["resp2", "resp3", "decoded", "asyncio"],
)
def clients(
    server: oxipipe.Server, request: pytest.FixtureRequest
) -> Iterator[tuple[Any, Any, Any]]:
    protocol, decoded, in_loop = request.param
    theirs = redis.Redis(unix_socket_path=server.unix_socket_path, decode_responses=decoded)
    with (
        server.connect(protocol=protocol, decode_responses=decoded) as ours,
        server.connect() as filler,
        asyncio.Runner() as runner,
    ):
        # What the server finds while it looks for expired keys depends on when it does.
        filler.command("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        if in_loop:
            client = oxipipe.asyncio.Redis(unix_socket_path=server.unix_socket_path)
            yield Blocking(client, runner), theirs, filler
        else:
            yield ours, theirs, filler
    theirs.close()


@pytest.mark.parametrize(("name", "args", "kwargs"), CASES, ids=lambda value: str(value)[:30])
def test_same_reply(
    clients: tuple[Any, Any, Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    ours, theirs, filler = clients
    fill(filler)
    expected = outcome(getattr(theirs, name), args, kwargs)
    fill(filler)
    assert outcome(getattr(ours, name), args, kwargs) == expected
    if expected[0] == "DataError":
        return
    for transaction in (False, True):
        if transaction and expected[0].endswith("Error"):
            continue
        fill(filler)
        pipeline = getattr(ours.pipeline(transaction), name)(*args, **kwargs)
        (reply,) = pipeline.execute(raise_on_error=False)
        if isinstance(reply, Exception):
            assert (type(reply).__name__, str(reply)) == expected
        else:
            assert typed(reply) == expected


def shape(reply: Any) -> Any:
    if isinstance(reply, dict):
        return "dict", sorted(map(str, reply)) and {type(key).__name__ for key in reply}
    if isinstance(reply, list):
        return "list", shape(reply[0]) if reply else None
    if isinstance(reply, tuple):
        return "tuple", [shape(value) for value in reply]
    return type(reply).__name__


@pytest.mark.parametrize("name", sorted(BY_SHAPE))
def test_same_shape(clients: tuple[Any, Any, Any], name: str) -> None:
    ours, theirs, filler = clients
    fill(filler)
    wait_for_saving(filler)
    expected = getattr(theirs, name)(*BY_SHAPE[name])
    wait_for_saving(filler)
    reply = getattr(ours, name)(*BY_SHAPE[name])
    assert shape(reply) == shape(expected)
    if isinstance(expected, list):
        reply, expected = reply[0], expected[0]
        assert set(reply) == set(expected)
    if isinstance(expected, dict):
        same = set(reply) & set(expected)  # some appear and vanish with the server's state
        assert len(same) > 4
        assert {key: shape(reply[key]) for key in same} == {
            key: shape(expected[key]) for key in same
        }


def wait_for_saving(client: oxipipe.Redis) -> None:
    saving = True
    while saving:
        state = client.info("persistence")
        saving = state["rdb_bgsave_in_progress"] or state["aof_rewrite_in_progress"]


def test_every_named_command_has_a_case() -> None:
    named = {
        name
        for name, _ in inspect.getmembers(Commands, inspect.isfunction)
        if not name.startswith("_")
    }
    on_leases_only = {"client_no_evict", "client_setname", "wait"}
    assert named - {name for name, _, _ in CASES} - set(BY_SHAPE) - on_leases_only == set()


def test_signatures_agree() -> None:
    """Our parameters are redis-py's, in its order; it may have more of them."""
    for name, ours in inspect.getmembers(Commands, inspect.isfunction):
        if name.startswith("_") or name in ("client_kill_filter",):
            continue
        theirs = list(inspect.signature(getattr(redis.Redis, name)).parameters)
        mine = list(inspect.signature(ours).parameters)
        assert mine == theirs[: len(mine)], name
