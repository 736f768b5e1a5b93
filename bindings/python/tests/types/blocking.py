"""What type checkers see of `oxipipe.Redis`, its leases and pipelines: mypy and pyright run over this file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, assert_type

import oxipipe
from oxipipe import Future, Pipeline, Pool, Redis, Server
from oxipipe.client import Lease


def whole(score: bytes) -> int:
    return int(float(score))


def raw(r: Redis[bytes]) -> None:
    assert_type(r.get("k"), bytes | None)
    assert_type(r.set("k", "v"), bool | None)
    assert_type(r.mget("k", "l"), list[bytes | None])
    assert_type(r.mget(["k", "l"]), list[bytes | None])
    assert_type(r.hget("h", "f"), bytes | None)
    assert_type(r.hgetall("h"), dict[bytes, bytes])
    assert_type(r.hkeys("h"), list[bytes])
    assert_type(r.hvals("h"), list[bytes])
    assert_type(r.hlen("h"), int)
    assert_type(r.hset("h", "f", 1), int)
    assert_type(r.hset("h", mapping={"f": 1}), int)
    assert_type(r.hdel("h", "f"), int)
    assert_type(r.hexists("h", "f"), bool)
    assert_type(r.hmget("h", ["f", "g"]), list[bytes | None])
    assert_type(r.hincrby("h", "n", 2), int)
    assert_type(r.hincrbyfloat("h", "n", 0.5), float)
    assert_type(r.hscan("h"), tuple[int, dict[bytes, bytes]])
    assert_type(r.hscan("h", no_values=True), tuple[int, list[bytes]])
    assert_type(r.hscan("h", 0, "a*", 10), tuple[int, dict[bytes, bytes]])
    assert_type(r.hrandfield("h"), bytes | None)
    assert_type(r.hrandfield("h", 2), list[bytes])
    assert_type(r.delete("k"), int)
    assert_type(r.exists("k", "l"), int)
    assert_type(r.expire("k", 10), bool)
    assert_type(r.ttl("k"), int)
    assert_type(r.keys(), list[bytes])
    assert_type(r.randomkey(), bytes | None)
    assert_type(r.rename("k", "l"), bool)
    assert_type(r.type("k"), bytes)
    assert_type(r.dump("k"), bytes | None)
    assert_type(r.scan(), tuple[int, list[bytes]])
    assert_type(r.sscan("s"), tuple[int, list[bytes]])
    assert_type(r.lpop("l"), bytes | None)
    assert_type(r.lpop("l", 2), list[bytes] | None)
    assert_type(r.rpop("l"), bytes | None)
    assert_type(r.rpop("l", 2), list[bytes] | None)
    assert_type(r.lpush("l", 1, b"2", "3"), int)
    assert_type(r.lrange("l", 0, -1), list[bytes])
    assert_type(r.llen("l"), int)
    assert_type(r.lindex("l", 0), bytes | None)
    assert_type(r.blpop("l", 1), tuple[bytes, bytes] | None)
    assert_type(r.lpos("l", "a"), int | None)
    assert_type(r.lpos("l", "a", count=2), list[int])
    assert_type(r.sadd("s", "a"), int)
    assert_type(r.scard("s"), int)
    assert_type(r.smembers("s"), set[bytes])
    assert_type(r.sinter("s", "t"), set[bytes])
    assert_type(r.sunion(["s", "t"]), set[bytes])
    assert_type(r.spop("s"), bytes | None)
    assert_type(r.spop("s", 2), list[bytes])
    assert_type(r.srandmember("s"), bytes | None)
    assert_type(r.srandmember("s", 2), list[bytes])
    assert_type(r.smismember("s", ["a", "b"]), list[int])
    assert_type(r.zadd("z", {"a": 1}), int)
    assert_type(r.zcard("z"), int)
    assert_type(r.zincrby("z", 1.5, "a"), float)
    assert_type(r.zrange("z", 0, -1), list[bytes])
    assert_type(r.zrange("z", 0, -1, withscores=True), list[tuple[bytes, float]])
    assert_type(r.zrange("z", 0, -1, desc=True), list[bytes])
    assert_type(r.zrevrange("z", 0, -1), list[bytes])
    assert_type(r.zrevrange("z", 0, -1, withscores=True), list[tuple[bytes, float]])
    assert_type(r.set("k", "v", get=True), bytes | None)
    assert_type(r.set("k", "v", 10, nx=True), bool | None)
    assert_type(r.set("k", "v", get=False), bool | None)
    assert_type(r.zadd("z", {"a": 1}, incr=True), float | None)
    assert_type(r.zrange("z", 0, -1, withscores=True, score_cast_func=int), list[tuple[bytes, int]])
    assert_type(
        r.zrange("z", 0, -1, withscores=True, score_cast_func=whole), list[tuple[bytes, int]]
    )
    assert_type(r.zrange("z", 0, -1, score_cast_func=int), list[bytes])
    assert_type(
        r.zrange("z", 0, -1, withscores=True, score_cast_func=float), list[tuple[bytes, float]]
    )
    assert_type(r.zrevrange("z", 0, -1, True), list[tuple[bytes, float]])
    assert_type(r.zrevrange("z", 0, -1, True, str), list[tuple[bytes, str]])
    assert_type(r.zrangebyscore("z", 0, 1), list[bytes])
    assert_type(r.zrangebyscore("z", 0, 1, withscores=True), list[tuple[bytes, float]])
    assert_type(
        r.zrangebyscore("z", 0, 1, 0, 5, withscores=True, score_cast_func=int),
        list[tuple[bytes, int]],
    )
    assert_type(r.zrevrangebyscore("z", 1, 0), list[bytes])
    assert_type(r.zrevrangebyscore("z", 1, 0, withscores=True), list[tuple[bytes, float]])
    assert_type(
        r.zrevrangebyscore("z", 1, 0, withscores=True, score_cast_func=int), list[tuple[bytes, int]]
    )
    assert_type(r.zunion(["y", "z"]), list[bytes])
    assert_type(r.zunion(["y", "z"], withscores=True), list[tuple[bytes, float]])
    assert_type(r.zunion(["y", "z"], withscores=True, score_cast_func=int), list[tuple[bytes, int]])
    assert_type(r.zinter(["y", "z"]), list[bytes])
    assert_type(r.zinter(["y", "z"], withscores=True), list[tuple[bytes, float]])
    assert_type(r.zdiff(["y", "z"], withscores=True), list[bytes])
    assert_type(r.zrank("z", "a"), int | None)
    assert_type(r.zrank("z", "a", withscore=True), list[int | float] | None)
    assert_type(r.zrevrank("z", "a", withscore=True, score_cast_func=str), list[int | str] | None)
    assert_type(r.zscan("z"), tuple[int, list[tuple[bytes, float]]])
    assert_type(r.zscan("z", score_cast_func=int), tuple[int, list[tuple[bytes, int]]])
    assert_type(r.zscan("z", noscores=True), tuple[int, list[bytes]])
    assert_type(r.zrandmember("z"), bytes | None)
    assert_type(r.zrandmember("z", 2), list[bytes])
    assert_type(r.zrandmember("z", 2, True), list[bytes])
    assert_type(r.zpopmin("z", 2), list[tuple[bytes, float]])
    assert_type(r.hrandfield("h", 2, True), list[bytes])
    assert_type(r.spop("s", 2), list[bytes])
    assert_type(r.srandmember("s", 2), list[bytes])
    assert_type(r.lcs("k", "l"), bytes)
    assert_type(r.lcs("k", "l", len=True), int)
    assert_type(
        r.lcs("k", "l", idx=True, withmatchlen=True),
        list[bytes | int | list[list[list[int] | int]]],
    )
    assert_type(r.sort("l"), list[bytes | None])
    assert_type(r.sort("l", get=["a", "b"], groups=True), list[tuple[bytes | None, ...]])
    assert_type(r.slowlog_get(), list[dict[str, int | bytes]])
    assert_type(r.latency_histogram(), dict[str, dict[str, int | dict[int, int]]])
    assert_type(r.role(), list[bytes | int | list[bytes] | list[list[bytes]]])
    assert_type(r.memory_stats(), dict[str, int | float | dict[str, int]])
    assert_type(r.sort("l", store="m"), int)
    assert_type(r.xpending_range("x", "g", "-", "+", 10), list[dict[str, bytes | int]])
    assert_type(
        r.xpending_range("x", "g", None, None, None),
        dict[str, int | bytes | list[dict[str, bytes | int]] | None],
    )
    assert_type(r.geosearch("g", "a", radius=1), list[bytes])
    assert_type(
        r.geosearch("g", "a", radius=1, withdist=True),
        list[list[bytes | float | int | tuple[float, float]]],
    )
    assert_type(
        r.geosearch("g", "a", radius=1, withcoord=True, withhash=True),
        list[list[bytes | float | int | tuple[float, float]]],
    )
    assert_type(r.georadius("g", 1, 2, 3), list[bytes])
    assert_type(
        r.georadius("g", 1, 2, 3, withhash=True),
        list[list[bytes | float | int | tuple[float, float]]],
    )
    assert_type(r.georadius("g", 1, 2, 3, store_dist="d"), int)
    assert_type(r.georadiusbymember("g", "a", 3, store="d"), int)
    assert_type(r.xautoclaim("x", "g", "c", 0, justid=True), list[bytes])
    assert_type(
        r.xautoclaim("x", "g", "c", 0),
        list[bytes | list[tuple[bytes, dict[bytes, bytes]]] | list[bytes]],
    )
    assert_type(r.xclaim("x", "g", "c", 0, ["1-1"], justid=True), list[bytes])
    assert_type(r.xclaim("x", "g", "c", 0, ["1-1"]), list[tuple[bytes, dict[bytes, bytes]]])
    assert_type(r.vsim("v", "a"), list[bytes])
    assert_type(r.vsim("v", "a", with_scores=True), dict[bytes, float])
    assert_type(r.vsim("v", "a", with_attribs=True), dict[bytes, Any])
    assert_type(r.vsim("v", "a", True, True), dict[bytes, dict[str, Any]])
    assert_type(r.incr("n"), int)
    assert_type(r.ping(), bool)
    assert_type(r.echo("x"), bytes)
    assert_type(r.dbsize(), int)
    assert_type(r.client_id(), int)
    assert_type(r.config_get("port"), dict[str, str])
    assert_type(r.time(), tuple[int, int])


def text(r: Redis[str]) -> None:
    assert_type(r.get("k"), str | None)
    assert_type(r.set("k", "v"), bool | None)
    assert_type(r.mget("k", "l"), list[str | None])
    assert_type(r.mget(["k", "l"]), list[str | None])
    assert_type(r.hget("h", "f"), str | None)
    assert_type(r.hgetall("h"), dict[str, str])
    assert_type(r.hkeys("h"), list[str])
    assert_type(r.hvals("h"), list[str])
    assert_type(r.hlen("h"), int)
    assert_type(r.hset("h", "f", 1), int)
    assert_type(r.hset("h", mapping={"f": 1}), int)
    assert_type(r.hdel("h", "f"), int)
    assert_type(r.hexists("h", "f"), bool)
    assert_type(r.hmget("h", ["f", "g"]), list[str | None])
    assert_type(r.hincrby("h", "n", 2), int)
    assert_type(r.hincrbyfloat("h", "n", 0.5), float)
    assert_type(r.hscan("h"), tuple[int, dict[str, str]])
    assert_type(r.hscan("h", no_values=True), tuple[int, list[str]])
    assert_type(r.hscan("h", 0, "a*", 10), tuple[int, dict[str, str]])
    assert_type(r.hrandfield("h"), str | None)
    assert_type(r.hrandfield("h", 2), list[str])
    assert_type(r.delete("k"), int)
    assert_type(r.exists("k", "l"), int)
    assert_type(r.expire("k", 10), bool)
    assert_type(r.ttl("k"), int)
    assert_type(r.keys(), list[str])
    assert_type(r.randomkey(), str | None)
    assert_type(r.rename("k", "l"), bool)
    assert_type(r.type("k"), str)
    assert_type(r.dump("k"), bytes | None)
    assert_type(r.scan(), tuple[int, list[str]])
    assert_type(r.sscan("s"), tuple[int, list[str]])
    assert_type(r.lpop("l"), str | None)
    assert_type(r.lpop("l", 2), list[str] | None)
    assert_type(r.rpop("l"), str | None)
    assert_type(r.rpop("l", 2), list[str] | None)
    assert_type(r.lpush("l", 1, b"2", "3"), int)
    assert_type(r.lrange("l", 0, -1), list[str])
    assert_type(r.llen("l"), int)
    assert_type(r.lindex("l", 0), str | None)
    assert_type(r.blpop("l", 1), tuple[str, str] | None)
    assert_type(r.lpos("l", "a"), int | None)
    assert_type(r.lpos("l", "a", count=2), list[int])
    assert_type(r.sadd("s", "a"), int)
    assert_type(r.scard("s"), int)
    assert_type(r.smembers("s"), set[str])
    assert_type(r.sinter("s", "t"), set[str])
    assert_type(r.sunion(["s", "t"]), set[str])
    assert_type(r.spop("s"), str | None)
    assert_type(r.spop("s", 2), list[str])
    assert_type(r.srandmember("s"), str | None)
    assert_type(r.srandmember("s", 2), list[str])
    assert_type(r.smismember("s", ["a", "b"]), list[int])
    assert_type(r.zadd("z", {"a": 1}), int)
    assert_type(r.zcard("z"), int)
    assert_type(r.zincrby("z", 1.5, "a"), float)
    assert_type(r.zrange("z", 0, -1), list[str])
    assert_type(r.zrange("z", 0, -1, withscores=True), list[tuple[str, float]])
    assert_type(r.zrange("z", 0, -1, desc=True), list[str])
    assert_type(r.zrevrange("z", 0, -1), list[str])
    assert_type(r.zrevrange("z", 0, -1, withscores=True), list[tuple[str, float]])
    assert_type(r.set("k", "v", get=True), str | None)
    assert_type(r.set("k", "v", 10, nx=True), bool | None)
    assert_type(r.set("k", "v", get=False), bool | None)
    assert_type(r.zadd("z", {"a": 1}, incr=True), float | None)
    assert_type(r.zrange("z", 0, -1, withscores=True, score_cast_func=int), list[tuple[str, int]])
    assert_type(r.zrange("z", 0, -1, withscores=True, score_cast_func=whole), list[tuple[str, int]])
    assert_type(r.zrange("z", 0, -1, score_cast_func=int), list[str])
    assert_type(
        r.zrange("z", 0, -1, withscores=True, score_cast_func=float), list[tuple[str, float]]
    )
    assert_type(r.zrevrange("z", 0, -1, True), list[tuple[str, float]])
    assert_type(r.zrevrange("z", 0, -1, True, str), list[tuple[str, str]])
    assert_type(r.zrangebyscore("z", 0, 1), list[str])
    assert_type(r.zrangebyscore("z", 0, 1, withscores=True), list[tuple[str, float]])
    assert_type(
        r.zrangebyscore("z", 0, 1, 0, 5, withscores=True, score_cast_func=int),
        list[tuple[str, int]],
    )
    assert_type(r.zrevrangebyscore("z", 1, 0), list[str])
    assert_type(r.zrevrangebyscore("z", 1, 0, withscores=True), list[tuple[str, float]])
    assert_type(
        r.zrevrangebyscore("z", 1, 0, withscores=True, score_cast_func=int), list[tuple[str, int]]
    )
    assert_type(r.zunion(["y", "z"]), list[str])
    assert_type(r.zunion(["y", "z"], withscores=True), list[tuple[str, float]])
    assert_type(r.zunion(["y", "z"], withscores=True, score_cast_func=int), list[tuple[str, int]])
    assert_type(r.zinter(["y", "z"]), list[str])
    assert_type(r.zinter(["y", "z"], withscores=True), list[tuple[str, float]])
    assert_type(r.zdiff(["y", "z"], withscores=True), list[str])
    assert_type(r.zrank("z", "a"), int | None)
    assert_type(r.zrank("z", "a", withscore=True), list[int | float] | None)
    assert_type(r.zrevrank("z", "a", withscore=True, score_cast_func=str), list[int | str] | None)
    assert_type(r.zscan("z"), tuple[int, list[tuple[str, float]]])
    assert_type(r.zscan("z", score_cast_func=int), tuple[int, list[tuple[str, int]]])
    assert_type(r.zscan("z", noscores=True), tuple[int, list[str]])
    assert_type(r.zrandmember("z"), str | None)
    assert_type(r.zrandmember("z", 2), list[str])
    assert_type(r.zrandmember("z", 2, True), list[str])
    assert_type(r.zpopmin("z", 2), list[tuple[str, float]])
    assert_type(r.hrandfield("h", 2, True), list[str])
    assert_type(r.spop("s", 2), list[str])
    assert_type(r.srandmember("s", 2), list[str])
    assert_type(r.lcs("k", "l"), str)
    assert_type(r.lcs("k", "l", len=True), int)
    assert_type(
        r.lcs("k", "l", idx=True, withmatchlen=True), list[str | int | list[list[list[int] | int]]]
    )
    assert_type(r.sort("l"), list[str | None])
    assert_type(r.sort("l", get=["a", "b"], groups=True), list[tuple[str | None, ...]])
    assert_type(r.slowlog_get(), list[dict[str, int | bytes]])
    assert_type(r.latency_histogram(), dict[str, dict[str, int | dict[int, int]]])
    assert_type(r.role(), list[str | int | list[str] | list[list[str]]])
    assert_type(r.memory_stats(), dict[str, int | float | dict[str, int]])
    assert_type(r.sort("l", store="m"), int)
    assert_type(r.xpending_range("x", "g", "-", "+", 10), list[dict[str, str | int]])
    assert_type(
        r.xpending_range("x", "g", None, None, None),
        dict[str, int | str | list[dict[str, str | int]] | None],
    )
    assert_type(r.geosearch("g", "a", radius=1), list[str])
    assert_type(
        r.geosearch("g", "a", radius=1, withdist=True),
        list[list[str | float | int | tuple[float, float]]],
    )
    assert_type(
        r.geosearch("g", "a", radius=1, withcoord=True, withhash=True),
        list[list[str | float | int | tuple[float, float]]],
    )
    assert_type(r.georadius("g", 1, 2, 3), list[str])
    assert_type(
        r.georadius("g", 1, 2, 3, withhash=True),
        list[list[str | float | int | tuple[float, float]]],
    )
    assert_type(r.georadius("g", 1, 2, 3, store_dist="d"), int)
    assert_type(r.georadiusbymember("g", "a", 3, store="d"), int)
    assert_type(r.xautoclaim("x", "g", "c", 0, justid=True), list[str])
    assert_type(
        r.xautoclaim("x", "g", "c", 0), list[str | list[tuple[str, dict[str, str]]] | list[str]]
    )
    assert_type(r.xclaim("x", "g", "c", 0, ["1-1"], justid=True), list[str])
    assert_type(r.xclaim("x", "g", "c", 0, ["1-1"]), list[tuple[str, dict[str, str]]])
    assert_type(r.vsim("v", "a"), list[str])
    assert_type(r.vsim("v", "a", with_scores=True), dict[str, float])
    assert_type(r.vsim("v", "a", with_attribs=True), dict[str, Any])
    assert_type(r.vsim("v", "a", True, True), dict[str, dict[str, Any]])
    assert_type(r.incr("n"), int)
    assert_type(r.ping(), bool)
    assert_type(r.echo("x"), str)
    assert_type(r.dbsize(), int)
    assert_type(r.client_id(), int)
    assert_type(r.config_get("port"), dict[str, str])
    assert_type(r.time(), tuple[int, int])


def iterators(raw: Redis[bytes], text: Redis[str]) -> None:
    assert_type(raw.scan_iter(), Iterator[bytes])
    assert_type(text.scan_iter(match="a*", count=10), Iterator[str])
    assert_type(raw.sscan_iter("s"), Iterator[bytes])
    assert_type(text.sscan_iter("s"), Iterator[str])
    assert_type(raw.zscan_iter("z"), Iterator[tuple[bytes, float]])
    assert_type(text.zscan_iter("z"), Iterator[tuple[str, float]])
    assert_type(raw.zscan_iter("z", score_cast_func=int), Iterator[tuple[bytes, int]])
    assert_type(text.zscan_iter("z", "a*", 10, whole), Iterator[tuple[str, int]])
    assert_type(raw.hscan_iter("h"), Iterator[tuple[bytes, bytes]])
    assert_type(text.hscan_iter("h", "a*", 10), Iterator[tuple[str, str]])
    assert_type(text.hscan_iter("h", no_values=False), Iterator[tuple[str, str]])
    assert_type(text.hscan_iter("h", no_values=True), Iterator[str])
    assert_type(raw.raw.hscan_iter("h", no_values=True), Iterator[bytes])
    assert_type(raw.submit("GET", "k"), Future[Any])
    assert_type(raw.command("GET", "k"), Any)


def modules(r: Redis[bytes], text: Redis[str], flag: bool) -> None:
    assert_type(r.vrandmember("v"), bytes | None)
    assert_type(text.vrandmember("v", 2), list[str])
    assert_type(r.vemb("v", "a"), list[float] | None)
    assert_type(r.vemb("v", "a", raw=True), dict[str, bytes | float] | None)
    assert_type(text.vlinks("v", "a"), list[list[str]] | None)
    assert_type(text.vlinks("v", "a", with_scores=True), list[dict[str, float]] | None)
    assert_type(text.vset().vlinks("v", "a", with_scores=True), list[dict[str, float]] | None)
    assert_type(r.vset().vcard("v"), int)
    assert_type(r.topk().list("k"), list[str])
    assert_type(r.topk().list("k", withcount=True), list[str | int])
    assert_type(r.topk().list("k", withcount=flag), list[str] | list[str | int])
    assert_type(r.topk().add("k", "x"), list[str | None])
    assert_type(r.ts().queryindex(["a=b"]), list[str])
    assert_type(r.response_callbacks["GET"], Callable[[Any], Any])


def clients(url: str, decoded: bool, server: Server) -> None:
    assert_type(Redis(), Redis[bytes])
    assert_type(Redis("localhost", 6379, 0), Redis[bytes])
    assert_type(Redis(decode_responses=False), Redis[bytes])
    assert_type(Redis(decode_responses=True), Redis[str])
    assert_type(Redis(decode_responses=decoded), Redis[Any])
    assert_type(Redis.from_url(url), Redis[bytes])
    assert_type(Redis.from_url(url, decode_responses=True), Redis[str])
    assert_type(Redis.from_url(url, decode_responses=decoded), Redis[Any])
    assert_type(Redis[str].from_url(url), Redis[str])
    assert_type(oxipipe.from_url(url), Redis[bytes])
    assert_type(oxipipe.from_url(url, decode_responses=True), Redis[str])
    assert_type(oxipipe.connect(), Redis[bytes])
    assert_type(oxipipe.connect(url, decode_responses=True), Redis[str])
    assert_type(oxipipe.connect(url, decode_responses=decoded), Redis[Any])
    assert_type(server.connect(), Redis[bytes])
    assert_type(server.connect(decode_responses=True), Redis[str])
    assert_type(Redis().connect(), Redis[bytes])
    with Redis(decode_responses=True) as text:
        assert_type(text, Redis[str])


class Mine(Redis[str]):
    def more(self) -> int:
        return 1


def subclasses(url: str) -> None:
    assert_type(Mine(decode_responses=True), Mine)
    assert_type(Mine.from_url(url, decode_responses=True), Mine)
    assert_type(Mine.from_url(url).get("k"), str | None)
    lease = Mine.from_url(url).lease()
    assert_type(lease, Lease[str])
    assert isinstance(lease, Mine)
    assert_type(lease.more(), int)
    assert_type(lease.fileno(), int)


def leases(raw: Redis[bytes], text: Redis[str], pool: Pool[str]) -> None:
    assert_type(raw.lease(), Lease[bytes])
    assert_type(text.lease(), Lease[str])
    assert_type(pool.lease(), Lease[str])
    assert_type(raw.lease().get("k"), bytes | None)
    assert_type(text.lease().hgetall("h"), dict[str, str])
    with text.lease() as mine:
        assert_type(mine, Lease[str])


def pipelines(text: Redis[str]) -> None:
    assert_type(text.pipeline(), Pipeline)
    assert_type(text.pipeline().set("k", 1).get("k").zrange("z", 0, -1, withscores=True), Pipeline)
    assert_type(text.pipeline().lpop("l", 2).command("PING"), Pipeline)
    assert_type(text.pipeline().execute(), list[Any])
    with text.pipeline(transaction=False) as pipe:
        assert_type(pipe, Pipeline)
