"""What type checkers see of `oxipipe.asyncio`, as futures and as coroutines: mypy and pyright run over this file."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Coroutine
from typing import Any, assert_type

from oxipipe.asyncio import Pipeline, Redis, from_url
from oxipipe.asyncio.client import Lease


def whole(score: bytes) -> int:
    return int(float(score))


async def raw(r: Redis[bytes]) -> None:
    assert_type(r.get("k"), Future[bytes | None])
    assert_type(r.set("k", "v"), Future[bool | None])
    assert_type(r.mget("k", "l"), Future[list[bytes | None]])
    assert_type(r.mget(["k", "l"]), Future[list[bytes | None]])
    assert_type(r.hget("h", "f"), Future[bytes | None])
    assert_type(r.hgetall("h"), Future[dict[bytes, bytes]])
    assert_type(r.hkeys("h"), Future[list[bytes]])
    assert_type(r.hvals("h"), Future[list[bytes]])
    assert_type(r.hlen("h"), Future[int])
    assert_type(r.hset("h", "f", 1), Future[int])
    assert_type(r.hset("h", mapping={"f": 1}), Future[int])
    assert_type(r.hdel("h", "f"), Future[int])
    assert_type(r.hexists("h", "f"), Future[bool])
    assert_type(r.hmget("h", ["f", "g"]), Future[list[bytes | None]])
    assert_type(r.hincrby("h", "n", 2), Future[int])
    assert_type(r.hincrbyfloat("h", "n", 0.5), Future[float])
    assert_type(r.hscan("h"), Future[tuple[int, dict[bytes, bytes]]])
    assert_type(r.hscan("h", no_values=True), Future[tuple[int, list[bytes]]])
    assert_type(r.hscan("h", 0, "a*", 10), Future[tuple[int, dict[bytes, bytes]]])
    assert_type(r.hrandfield("h"), Future[bytes | None])
    assert_type(r.hrandfield("h", 2), Future[list[bytes]])
    assert_type(r.delete("k"), Future[int])
    assert_type(r.exists("k", "l"), Future[int])
    assert_type(r.expire("k", 10), Future[bool])
    assert_type(r.ttl("k"), Future[int])
    assert_type(r.keys(), Future[list[bytes]])
    assert_type(r.randomkey(), Future[bytes | None])
    assert_type(r.rename("k", "l"), Future[bool])
    assert_type(r.type("k"), Future[bytes])
    assert_type(r.dump("k"), Future[bytes | None])
    assert_type(r.scan(), Future[tuple[int, list[bytes]]])
    assert_type(r.sscan("s"), Future[tuple[int, list[bytes]]])
    assert_type(r.lpop("l"), Future[bytes | None])
    assert_type(r.lpop("l", 2), Future[list[bytes] | None])
    assert_type(r.rpop("l"), Future[bytes | None])
    assert_type(r.rpop("l", 2), Future[list[bytes] | None])
    assert_type(r.lpush("l", 1, b"2", "3"), Future[int])
    assert_type(r.lrange("l", 0, -1), Future[list[bytes]])
    assert_type(r.llen("l"), Future[int])
    assert_type(r.lindex("l", 0), Future[bytes | None])
    assert_type(r.blpop("l", 1), Future[tuple[bytes, bytes] | None])
    assert_type(r.lpos("l", "a"), Future[int | None])
    assert_type(r.lpos("l", "a", count=2), Future[list[int]])
    assert_type(r.sadd("s", "a"), Future[int])
    assert_type(r.scard("s"), Future[int])
    assert_type(r.smembers("s"), Future[set[bytes]])
    assert_type(r.sinter("s", "t"), Future[set[bytes]])
    assert_type(r.sunion(["s", "t"]), Future[set[bytes]])
    assert_type(r.spop("s"), Future[bytes | None])
    assert_type(r.spop("s", 2), Future[list[bytes]])
    assert_type(r.srandmember("s"), Future[bytes | None])
    assert_type(r.srandmember("s", 2), Future[list[bytes]])
    assert_type(r.smismember("s", ["a", "b"]), Future[list[int]])
    assert_type(r.zadd("z", {"a": 1}), Future[int])
    assert_type(r.zcard("z"), Future[int])
    assert_type(r.zincrby("z", 1.5, "a"), Future[float])
    assert_type(r.zrange("z", 0, -1), Future[list[bytes]])
    assert_type(r.zrange("z", 0, -1, withscores=True), Future[list[tuple[bytes, float]]])
    assert_type(r.zrange("z", 0, -1, desc=True), Future[list[bytes]])
    assert_type(r.zrevrange("z", 0, -1), Future[list[bytes]])
    assert_type(r.zrevrange("z", 0, -1, withscores=True), Future[list[tuple[bytes, float]]])
    assert_type(r.set("k", "v", get=True), Future[bytes | None])
    assert_type(r.set("k", "v", 10, nx=True), Future[bool | None])
    assert_type(r.set("k", "v", get=False), Future[bool | None])
    assert_type(r.zadd("z", {"a": 1}, incr=True), Future[float | None])
    assert_type(
        r.zrange("z", 0, -1, withscores=True, score_cast_func=int), Future[list[tuple[bytes, int]]]
    )
    assert_type(
        r.zrange("z", 0, -1, withscores=True, score_cast_func=whole),
        Future[list[tuple[bytes, int]]],
    )
    assert_type(r.zrange("z", 0, -1, score_cast_func=int), Future[list[bytes]])
    assert_type(
        r.zrange("z", 0, -1, withscores=True, score_cast_func=float),
        Future[list[tuple[bytes, float]]],
    )
    assert_type(r.zrevrange("z", 0, -1, True), Future[list[tuple[bytes, float]]])
    assert_type(r.zrevrange("z", 0, -1, True, str), Future[list[tuple[bytes, str]]])
    assert_type(r.zrangebyscore("z", 0, 1), Future[list[bytes]])
    assert_type(r.zrangebyscore("z", 0, 1, withscores=True), Future[list[tuple[bytes, float]]])
    assert_type(
        r.zrangebyscore("z", 0, 1, 0, 5, withscores=True, score_cast_func=int),
        Future[list[tuple[bytes, int]]],
    )
    assert_type(r.zrevrangebyscore("z", 1, 0), Future[list[bytes]])
    assert_type(r.zrevrangebyscore("z", 1, 0, withscores=True), Future[list[tuple[bytes, float]]])
    assert_type(
        r.zrevrangebyscore("z", 1, 0, withscores=True, score_cast_func=int),
        Future[list[tuple[bytes, int]]],
    )
    assert_type(r.zunion(["y", "z"]), Future[list[bytes]])
    assert_type(r.zunion(["y", "z"], withscores=True), Future[list[tuple[bytes, float]]])
    assert_type(
        r.zunion(["y", "z"], withscores=True, score_cast_func=int), Future[list[tuple[bytes, int]]]
    )
    assert_type(r.zinter(["y", "z"]), Future[list[bytes]])
    assert_type(r.zinter(["y", "z"], withscores=True), Future[list[tuple[bytes, float]]])
    assert_type(r.zdiff(["y", "z"], withscores=True), Future[list[bytes]])
    assert_type(r.zrank("z", "a"), Future[int | None])
    assert_type(r.zrank("z", "a", withscore=True), Future[list[int | float] | None])
    assert_type(
        r.zrevrank("z", "a", withscore=True, score_cast_func=str), Future[list[int | str] | None]
    )
    assert_type(r.zscan("z"), Future[tuple[int, list[tuple[bytes, float]]]])
    assert_type(r.zscan("z", score_cast_func=int), Future[tuple[int, list[tuple[bytes, int]]]])
    assert_type(r.zscan("z", noscores=True), Future[tuple[int, list[bytes]]])
    assert_type(r.zrandmember("z"), Future[bytes | None])
    assert_type(r.zrandmember("z", 2), Future[list[bytes]])
    assert_type(r.zrandmember("z", 2, True), Future[list[bytes]])
    assert_type(r.zpopmin("z", 2), Future[list[tuple[bytes, float]]])
    assert_type(r.hrandfield("h", 2, True), Future[list[bytes]])
    assert_type(r.spop("s", 2), Future[list[bytes]])
    assert_type(r.srandmember("s", 2), Future[list[bytes]])
    assert_type(r.lcs("k", "l"), Future[bytes])
    assert_type(r.lcs("k", "l", len=True), Future[int])
    assert_type(
        r.lcs("k", "l", idx=True, withmatchlen=True),
        Future[list[bytes | int | list[list[list[int] | int]]]],
    )
    assert_type(r.sort("l"), Future[list[bytes | None]])
    assert_type(r.sort("l", get=["a", "b"], groups=True), Future[list[tuple[bytes | None, ...]]])
    assert_type(r.sort("l", store="m"), Future[int])
    assert_type(r.xpending_range("x", "g", "-", "+", 10), Future[list[dict[str, bytes | int]]])
    assert_type(
        r.xpending_range("x", "g", None, None, None),
        Future[dict[str, int | bytes | list[dict[str, bytes | int]] | None]],
    )
    assert_type(r.geosearch("g", "a", radius=1), Future[list[bytes]])
    assert_type(
        r.geosearch("g", "a", radius=1, withdist=True),
        Future[list[list[bytes | float | int | tuple[float, float]]]],
    )
    assert_type(
        r.geosearch("g", "a", radius=1, withcoord=True, withhash=True),
        Future[list[list[bytes | float | int | tuple[float, float]]]],
    )
    assert_type(r.georadius("g", 1, 2, 3), Future[list[bytes]])
    assert_type(
        r.georadius("g", 1, 2, 3, withhash=True),
        Future[list[list[bytes | float | int | tuple[float, float]]]],
    )
    assert_type(r.georadius("g", 1, 2, 3, store_dist="d"), Future[int])
    assert_type(r.georadiusbymember("g", "a", 3, store="d"), Future[int])
    assert_type(r.xautoclaim("x", "g", "c", 0, justid=True), Future[list[bytes]])
    assert_type(
        r.xautoclaim("x", "g", "c", 0),
        Future[list[bytes | list[tuple[bytes, dict[bytes, bytes]]] | list[bytes]]],
    )
    assert_type(r.xclaim("x", "g", "c", 0, ["1-1"], justid=True), Future[list[bytes]])
    assert_type(r.xclaim("x", "g", "c", 0, ["1-1"]), Future[list[tuple[bytes, dict[bytes, bytes]]]])
    assert_type(r.vsim("v", "a"), Future[list[bytes]])
    assert_type(r.vsim("v", "a", with_scores=True), Future[dict[bytes, float]])
    assert_type(r.vsim("v", "a", with_attribs=True), Future[dict[bytes, Any]])
    assert_type(r.vsim("v", "a", True, True), Future[dict[bytes, dict[str, Any]]])
    assert_type(r.incr("n"), Future[int])
    assert_type(r.ping(), Future[bool])
    assert_type(r.echo("x"), Future[bytes])
    assert_type(r.dbsize(), Future[int])
    assert_type(r.client_id(), Future[int])
    assert_type(r.config_get("port"), Future[dict[str, str]])
    assert_type(r.time(), Future[tuple[int, int]])


async def raw_coroutines(r: Redis[bytes]) -> None:
    assert_type(await r.coro.get("k"), bytes | None)
    assert_type(await r.coro.set("k", "v"), bool | None)
    assert_type(await r.coro.mget("k", "l"), list[bytes | None])
    assert_type(await r.coro.mget(["k", "l"]), list[bytes | None])
    assert_type(await r.coro.hget("h", "f"), bytes | None)
    assert_type(await r.coro.hgetall("h"), dict[bytes, bytes])
    assert_type(await r.coro.hkeys("h"), list[bytes])
    assert_type(await r.coro.hvals("h"), list[bytes])
    assert_type(await r.coro.hlen("h"), int)
    assert_type(await r.coro.hset("h", "f", 1), int)
    assert_type(await r.coro.hset("h", mapping={"f": 1}), int)
    assert_type(await r.coro.hdel("h", "f"), int)
    assert_type(await r.coro.hexists("h", "f"), bool)
    assert_type(await r.coro.hmget("h", ["f", "g"]), list[bytes | None])
    assert_type(await r.coro.hincrby("h", "n", 2), int)
    assert_type(await r.coro.hincrbyfloat("h", "n", 0.5), float)
    assert_type(await r.coro.hscan("h"), tuple[int, dict[bytes, bytes]])
    assert_type(await r.coro.hscan("h", no_values=True), tuple[int, list[bytes]])
    assert_type(await r.coro.hscan("h", 0, "a*", 10), tuple[int, dict[bytes, bytes]])
    assert_type(await r.coro.hrandfield("h"), bytes | None)
    assert_type(await r.coro.hrandfield("h", 2), list[bytes])
    assert_type(await r.coro.delete("k"), int)
    assert_type(await r.coro.exists("k", "l"), int)
    assert_type(await r.coro.expire("k", 10), bool)
    assert_type(await r.coro.ttl("k"), int)
    assert_type(await r.coro.keys(), list[bytes])
    assert_type(await r.coro.randomkey(), bytes | None)
    assert_type(await r.coro.rename("k", "l"), bool)
    assert_type(await r.coro.type("k"), bytes)
    assert_type(await r.coro.dump("k"), bytes | None)
    assert_type(await r.coro.scan(), tuple[int, list[bytes]])
    assert_type(await r.coro.sscan("s"), tuple[int, list[bytes]])
    assert_type(await r.coro.lpop("l"), bytes | None)
    assert_type(await r.coro.lpop("l", 2), list[bytes] | None)
    assert_type(await r.coro.rpop("l"), bytes | None)
    assert_type(await r.coro.rpop("l", 2), list[bytes] | None)
    assert_type(await r.coro.lpush("l", 1, b"2", "3"), int)
    assert_type(await r.coro.lrange("l", 0, -1), list[bytes])
    assert_type(await r.coro.llen("l"), int)
    assert_type(await r.coro.lindex("l", 0), bytes | None)
    assert_type(await r.coro.blpop("l", 1), tuple[bytes, bytes] | None)
    assert_type(await r.coro.lpos("l", "a"), int | None)
    assert_type(await r.coro.lpos("l", "a", count=2), list[int])
    assert_type(await r.coro.sadd("s", "a"), int)
    assert_type(await r.coro.scard("s"), int)
    assert_type(await r.coro.smembers("s"), set[bytes])
    assert_type(await r.coro.sinter("s", "t"), set[bytes])
    assert_type(await r.coro.sunion(["s", "t"]), set[bytes])
    assert_type(await r.coro.spop("s"), bytes | None)
    assert_type(await r.coro.spop("s", 2), list[bytes])
    assert_type(await r.coro.srandmember("s"), bytes | None)
    assert_type(await r.coro.srandmember("s", 2), list[bytes])
    assert_type(await r.coro.smismember("s", ["a", "b"]), list[int])
    assert_type(await r.coro.zadd("z", {"a": 1}), int)
    assert_type(await r.coro.zcard("z"), int)
    assert_type(await r.coro.zincrby("z", 1.5, "a"), float)
    assert_type(await r.coro.zrange("z", 0, -1), list[bytes])
    assert_type(await r.coro.zrange("z", 0, -1, withscores=True), list[tuple[bytes, float]])
    assert_type(await r.coro.zrange("z", 0, -1, desc=True), list[bytes])
    assert_type(await r.coro.zrevrange("z", 0, -1), list[bytes])
    assert_type(await r.coro.zrevrange("z", 0, -1, withscores=True), list[tuple[bytes, float]])
    assert_type(await r.coro.set("k", "v", get=True), bytes | None)
    assert_type(await r.coro.set("k", "v", 10, nx=True), bool | None)
    assert_type(await r.coro.set("k", "v", get=False), bool | None)
    assert_type(await r.coro.zadd("z", {"a": 1}, incr=True), float | None)
    assert_type(
        await r.coro.zrange("z", 0, -1, withscores=True, score_cast_func=int),
        list[tuple[bytes, int]],
    )
    assert_type(
        await r.coro.zrange("z", 0, -1, withscores=True, score_cast_func=whole),
        list[tuple[bytes, int]],
    )
    assert_type(await r.coro.zrange("z", 0, -1, score_cast_func=int), list[bytes])
    assert_type(
        await r.coro.zrange("z", 0, -1, withscores=True, score_cast_func=float),
        list[tuple[bytes, float]],
    )
    assert_type(await r.coro.zrevrange("z", 0, -1, True), list[tuple[bytes, float]])
    assert_type(await r.coro.zrevrange("z", 0, -1, True, str), list[tuple[bytes, str]])
    assert_type(await r.coro.zrangebyscore("z", 0, 1), list[bytes])
    assert_type(await r.coro.zrangebyscore("z", 0, 1, withscores=True), list[tuple[bytes, float]])
    assert_type(
        await r.coro.zrangebyscore("z", 0, 1, 0, 5, withscores=True, score_cast_func=int),
        list[tuple[bytes, int]],
    )
    assert_type(await r.coro.zrevrangebyscore("z", 1, 0), list[bytes])
    assert_type(
        await r.coro.zrevrangebyscore("z", 1, 0, withscores=True), list[tuple[bytes, float]]
    )
    assert_type(
        await r.coro.zrevrangebyscore("z", 1, 0, withscores=True, score_cast_func=int),
        list[tuple[bytes, int]],
    )
    assert_type(await r.coro.zunion(["y", "z"]), list[bytes])
    assert_type(await r.coro.zunion(["y", "z"], withscores=True), list[tuple[bytes, float]])
    assert_type(
        await r.coro.zunion(["y", "z"], withscores=True, score_cast_func=int),
        list[tuple[bytes, int]],
    )
    assert_type(await r.coro.zinter(["y", "z"]), list[bytes])
    assert_type(await r.coro.zinter(["y", "z"], withscores=True), list[tuple[bytes, float]])
    assert_type(await r.coro.zdiff(["y", "z"], withscores=True), list[bytes])
    assert_type(await r.coro.zrank("z", "a"), int | None)
    assert_type(await r.coro.zrank("z", "a", withscore=True), list[int | float] | None)
    assert_type(
        await r.coro.zrevrank("z", "a", withscore=True, score_cast_func=str), list[int | str] | None
    )
    assert_type(await r.coro.zscan("z"), tuple[int, list[tuple[bytes, float]]])
    assert_type(await r.coro.zscan("z", score_cast_func=int), tuple[int, list[tuple[bytes, int]]])
    assert_type(await r.coro.zscan("z", noscores=True), tuple[int, list[bytes]])
    assert_type(await r.coro.zrandmember("z"), bytes | None)
    assert_type(await r.coro.zrandmember("z", 2), list[bytes])
    assert_type(await r.coro.zrandmember("z", 2, True), list[bytes])
    assert_type(await r.coro.zpopmin("z", 2), list[tuple[bytes, float]])
    assert_type(await r.coro.hrandfield("h", 2, True), list[bytes])
    assert_type(await r.coro.spop("s", 2), list[bytes])
    assert_type(await r.coro.srandmember("s", 2), list[bytes])
    assert_type(await r.coro.lcs("k", "l"), bytes)
    assert_type(await r.coro.lcs("k", "l", len=True), int)
    assert_type(
        await r.coro.lcs("k", "l", idx=True, withmatchlen=True),
        list[bytes | int | list[list[list[int] | int]]],
    )
    assert_type(await r.coro.sort("l"), list[bytes | None])
    assert_type(await r.coro.sort("l", get=["a", "b"], groups=True), list[tuple[bytes | None, ...]])
    assert_type(await r.coro.sort("l", store="m"), int)
    assert_type(await r.coro.xpending_range("x", "g", "-", "+", 10), list[dict[str, bytes | int]])
    assert_type(
        await r.coro.xpending_range("x", "g", None, None, None),
        dict[str, int | bytes | list[dict[str, bytes | int]] | None],
    )
    assert_type(await r.coro.geosearch("g", "a", radius=1), list[bytes])
    assert_type(
        await r.coro.geosearch("g", "a", radius=1, withdist=True),
        list[list[bytes | float | int | tuple[float, float]]],
    )
    assert_type(
        await r.coro.geosearch("g", "a", radius=1, withcoord=True, withhash=True),
        list[list[bytes | float | int | tuple[float, float]]],
    )
    assert_type(await r.coro.georadius("g", 1, 2, 3), list[bytes])
    assert_type(
        await r.coro.georadius("g", 1, 2, 3, withhash=True),
        list[list[bytes | float | int | tuple[float, float]]],
    )
    assert_type(await r.coro.georadius("g", 1, 2, 3, store_dist="d"), int)
    assert_type(await r.coro.georadiusbymember("g", "a", 3, store="d"), int)
    assert_type(await r.coro.xautoclaim("x", "g", "c", 0, justid=True), list[bytes])
    assert_type(
        await r.coro.xautoclaim("x", "g", "c", 0),
        list[bytes | list[tuple[bytes, dict[bytes, bytes]]] | list[bytes]],
    )
    assert_type(await r.coro.xclaim("x", "g", "c", 0, ["1-1"], justid=True), list[bytes])
    assert_type(
        await r.coro.xclaim("x", "g", "c", 0, ["1-1"]), list[tuple[bytes, dict[bytes, bytes]]]
    )
    assert_type(await r.coro.vsim("v", "a"), list[bytes])
    assert_type(await r.coro.vsim("v", "a", with_scores=True), dict[bytes, float])
    assert_type(await r.coro.vsim("v", "a", with_attribs=True), dict[bytes, Any])
    assert_type(await r.coro.vsim("v", "a", True, True), dict[bytes, dict[str, Any]])
    assert_type(await r.coro.incr("n"), int)
    assert_type(await r.coro.ping(), bool)
    assert_type(await r.coro.echo("x"), bytes)
    assert_type(await r.coro.dbsize(), int)
    assert_type(await r.coro.client_id(), int)
    assert_type(await r.coro.config_get("port"), dict[str, str])
    assert_type(await r.coro.time(), tuple[int, int])


async def text(r: Redis[str]) -> None:
    assert_type(r.get("k"), Future[str | None])
    assert_type(r.set("k", "v"), Future[bool | None])
    assert_type(r.mget("k", "l"), Future[list[str | None]])
    assert_type(r.mget(["k", "l"]), Future[list[str | None]])
    assert_type(r.hget("h", "f"), Future[str | None])
    assert_type(r.hgetall("h"), Future[dict[str, str]])
    assert_type(r.hkeys("h"), Future[list[str]])
    assert_type(r.hvals("h"), Future[list[str]])
    assert_type(r.hlen("h"), Future[int])
    assert_type(r.hset("h", "f", 1), Future[int])
    assert_type(r.hset("h", mapping={"f": 1}), Future[int])
    assert_type(r.hdel("h", "f"), Future[int])
    assert_type(r.hexists("h", "f"), Future[bool])
    assert_type(r.hmget("h", ["f", "g"]), Future[list[str | None]])
    assert_type(r.hincrby("h", "n", 2), Future[int])
    assert_type(r.hincrbyfloat("h", "n", 0.5), Future[float])
    assert_type(r.hscan("h"), Future[tuple[int, dict[str, str]]])
    assert_type(r.hscan("h", no_values=True), Future[tuple[int, list[str]]])
    assert_type(r.hscan("h", 0, "a*", 10), Future[tuple[int, dict[str, str]]])
    assert_type(r.hrandfield("h"), Future[str | None])
    assert_type(r.hrandfield("h", 2), Future[list[str]])
    assert_type(r.delete("k"), Future[int])
    assert_type(r.exists("k", "l"), Future[int])
    assert_type(r.expire("k", 10), Future[bool])
    assert_type(r.ttl("k"), Future[int])
    assert_type(r.keys(), Future[list[str]])
    assert_type(r.randomkey(), Future[str | None])
    assert_type(r.rename("k", "l"), Future[bool])
    assert_type(r.type("k"), Future[str])
    assert_type(r.dump("k"), Future[bytes | None])
    assert_type(r.scan(), Future[tuple[int, list[str]]])
    assert_type(r.sscan("s"), Future[tuple[int, list[str]]])
    assert_type(r.lpop("l"), Future[str | None])
    assert_type(r.lpop("l", 2), Future[list[str] | None])
    assert_type(r.rpop("l"), Future[str | None])
    assert_type(r.rpop("l", 2), Future[list[str] | None])
    assert_type(r.lpush("l", 1, b"2", "3"), Future[int])
    assert_type(r.lrange("l", 0, -1), Future[list[str]])
    assert_type(r.llen("l"), Future[int])
    assert_type(r.lindex("l", 0), Future[str | None])
    assert_type(r.blpop("l", 1), Future[tuple[str, str] | None])
    assert_type(r.lpos("l", "a"), Future[int | None])
    assert_type(r.lpos("l", "a", count=2), Future[list[int]])
    assert_type(r.sadd("s", "a"), Future[int])
    assert_type(r.scard("s"), Future[int])
    assert_type(r.smembers("s"), Future[set[str]])
    assert_type(r.sinter("s", "t"), Future[set[str]])
    assert_type(r.sunion(["s", "t"]), Future[set[str]])
    assert_type(r.spop("s"), Future[str | None])
    assert_type(r.spop("s", 2), Future[list[str]])
    assert_type(r.srandmember("s"), Future[str | None])
    assert_type(r.srandmember("s", 2), Future[list[str]])
    assert_type(r.smismember("s", ["a", "b"]), Future[list[int]])
    assert_type(r.zadd("z", {"a": 1}), Future[int])
    assert_type(r.zcard("z"), Future[int])
    assert_type(r.zincrby("z", 1.5, "a"), Future[float])
    assert_type(r.zrange("z", 0, -1), Future[list[str]])
    assert_type(r.zrange("z", 0, -1, withscores=True), Future[list[tuple[str, float]]])
    assert_type(r.zrange("z", 0, -1, desc=True), Future[list[str]])
    assert_type(r.zrevrange("z", 0, -1), Future[list[str]])
    assert_type(r.zrevrange("z", 0, -1, withscores=True), Future[list[tuple[str, float]]])
    assert_type(r.set("k", "v", get=True), Future[str | None])
    assert_type(r.set("k", "v", 10, nx=True), Future[bool | None])
    assert_type(r.set("k", "v", get=False), Future[bool | None])
    assert_type(r.zadd("z", {"a": 1}, incr=True), Future[float | None])
    assert_type(
        r.zrange("z", 0, -1, withscores=True, score_cast_func=int), Future[list[tuple[str, int]]]
    )
    assert_type(
        r.zrange("z", 0, -1, withscores=True, score_cast_func=whole), Future[list[tuple[str, int]]]
    )
    assert_type(r.zrange("z", 0, -1, score_cast_func=int), Future[list[str]])
    assert_type(
        r.zrange("z", 0, -1, withscores=True, score_cast_func=float),
        Future[list[tuple[str, float]]],
    )
    assert_type(r.zrevrange("z", 0, -1, True), Future[list[tuple[str, float]]])
    assert_type(r.zrevrange("z", 0, -1, True, str), Future[list[tuple[str, str]]])
    assert_type(r.zrangebyscore("z", 0, 1), Future[list[str]])
    assert_type(r.zrangebyscore("z", 0, 1, withscores=True), Future[list[tuple[str, float]]])
    assert_type(
        r.zrangebyscore("z", 0, 1, 0, 5, withscores=True, score_cast_func=int),
        Future[list[tuple[str, int]]],
    )
    assert_type(r.zrevrangebyscore("z", 1, 0), Future[list[str]])
    assert_type(r.zrevrangebyscore("z", 1, 0, withscores=True), Future[list[tuple[str, float]]])
    assert_type(
        r.zrevrangebyscore("z", 1, 0, withscores=True, score_cast_func=int),
        Future[list[tuple[str, int]]],
    )
    assert_type(r.zunion(["y", "z"]), Future[list[str]])
    assert_type(r.zunion(["y", "z"], withscores=True), Future[list[tuple[str, float]]])
    assert_type(
        r.zunion(["y", "z"], withscores=True, score_cast_func=int), Future[list[tuple[str, int]]]
    )
    assert_type(r.zinter(["y", "z"]), Future[list[str]])
    assert_type(r.zinter(["y", "z"], withscores=True), Future[list[tuple[str, float]]])
    assert_type(r.zdiff(["y", "z"], withscores=True), Future[list[str]])
    assert_type(r.zrank("z", "a"), Future[int | None])
    assert_type(r.zrank("z", "a", withscore=True), Future[list[int | float] | None])
    assert_type(
        r.zrevrank("z", "a", withscore=True, score_cast_func=str), Future[list[int | str] | None]
    )
    assert_type(r.zscan("z"), Future[tuple[int, list[tuple[str, float]]]])
    assert_type(r.zscan("z", score_cast_func=int), Future[tuple[int, list[tuple[str, int]]]])
    assert_type(r.zscan("z", noscores=True), Future[tuple[int, list[str]]])
    assert_type(r.zrandmember("z"), Future[str | None])
    assert_type(r.zrandmember("z", 2), Future[list[str]])
    assert_type(r.zrandmember("z", 2, True), Future[list[str]])
    assert_type(r.zpopmin("z", 2), Future[list[tuple[str, float]]])
    assert_type(r.hrandfield("h", 2, True), Future[list[str]])
    assert_type(r.spop("s", 2), Future[list[str]])
    assert_type(r.srandmember("s", 2), Future[list[str]])
    assert_type(r.lcs("k", "l"), Future[str])
    assert_type(r.lcs("k", "l", len=True), Future[int])
    assert_type(
        r.lcs("k", "l", idx=True, withmatchlen=True),
        Future[list[str | int | list[list[list[int] | int]]]],
    )
    assert_type(r.sort("l"), Future[list[str | None]])
    assert_type(r.sort("l", get=["a", "b"], groups=True), Future[list[tuple[str | None, ...]]])
    assert_type(r.sort("l", store="m"), Future[int])
    assert_type(r.xpending_range("x", "g", "-", "+", 10), Future[list[dict[str, str | int]]])
    assert_type(
        r.xpending_range("x", "g", None, None, None),
        Future[dict[str, int | str | list[dict[str, str | int]] | None]],
    )
    assert_type(r.geosearch("g", "a", radius=1), Future[list[str]])
    assert_type(
        r.geosearch("g", "a", radius=1, withdist=True),
        Future[list[list[str | float | int | tuple[float, float]]]],
    )
    assert_type(
        r.geosearch("g", "a", radius=1, withcoord=True, withhash=True),
        Future[list[list[str | float | int | tuple[float, float]]]],
    )
    assert_type(r.georadius("g", 1, 2, 3), Future[list[str]])
    assert_type(
        r.georadius("g", 1, 2, 3, withhash=True),
        Future[list[list[str | float | int | tuple[float, float]]]],
    )
    assert_type(r.georadius("g", 1, 2, 3, store_dist="d"), Future[int])
    assert_type(r.georadiusbymember("g", "a", 3, store="d"), Future[int])
    assert_type(r.xautoclaim("x", "g", "c", 0, justid=True), Future[list[str]])
    assert_type(
        r.xautoclaim("x", "g", "c", 0),
        Future[list[str | list[tuple[str, dict[str, str]]] | list[str]]],
    )
    assert_type(r.xclaim("x", "g", "c", 0, ["1-1"], justid=True), Future[list[str]])
    assert_type(r.xclaim("x", "g", "c", 0, ["1-1"]), Future[list[tuple[str, dict[str, str]]]])
    assert_type(r.vsim("v", "a"), Future[list[str]])
    assert_type(r.vsim("v", "a", with_scores=True), Future[dict[str, float]])
    assert_type(r.vsim("v", "a", with_attribs=True), Future[dict[str, Any]])
    assert_type(r.vsim("v", "a", True, True), Future[dict[str, dict[str, Any]]])
    assert_type(r.incr("n"), Future[int])
    assert_type(r.ping(), Future[bool])
    assert_type(r.echo("x"), Future[str])
    assert_type(r.dbsize(), Future[int])
    assert_type(r.client_id(), Future[int])
    assert_type(r.config_get("port"), Future[dict[str, str]])
    assert_type(r.time(), Future[tuple[int, int]])


async def text_coroutines(r: Redis[str]) -> None:
    assert_type(await r.coro.get("k"), str | None)
    assert_type(await r.coro.set("k", "v"), bool | None)
    assert_type(await r.coro.mget("k", "l"), list[str | None])
    assert_type(await r.coro.mget(["k", "l"]), list[str | None])
    assert_type(await r.coro.hget("h", "f"), str | None)
    assert_type(await r.coro.hgetall("h"), dict[str, str])
    assert_type(await r.coro.hkeys("h"), list[str])
    assert_type(await r.coro.hvals("h"), list[str])
    assert_type(await r.coro.hlen("h"), int)
    assert_type(await r.coro.hset("h", "f", 1), int)
    assert_type(await r.coro.hset("h", mapping={"f": 1}), int)
    assert_type(await r.coro.hdel("h", "f"), int)
    assert_type(await r.coro.hexists("h", "f"), bool)
    assert_type(await r.coro.hmget("h", ["f", "g"]), list[str | None])
    assert_type(await r.coro.hincrby("h", "n", 2), int)
    assert_type(await r.coro.hincrbyfloat("h", "n", 0.5), float)
    assert_type(await r.coro.hscan("h"), tuple[int, dict[str, str]])
    assert_type(await r.coro.hscan("h", no_values=True), tuple[int, list[str]])
    assert_type(await r.coro.hscan("h", 0, "a*", 10), tuple[int, dict[str, str]])
    assert_type(await r.coro.hrandfield("h"), str | None)
    assert_type(await r.coro.hrandfield("h", 2), list[str])
    assert_type(await r.coro.delete("k"), int)
    assert_type(await r.coro.exists("k", "l"), int)
    assert_type(await r.coro.expire("k", 10), bool)
    assert_type(await r.coro.ttl("k"), int)
    assert_type(await r.coro.keys(), list[str])
    assert_type(await r.coro.randomkey(), str | None)
    assert_type(await r.coro.rename("k", "l"), bool)
    assert_type(await r.coro.type("k"), str)
    assert_type(await r.coro.dump("k"), bytes | None)
    assert_type(await r.coro.scan(), tuple[int, list[str]])
    assert_type(await r.coro.sscan("s"), tuple[int, list[str]])
    assert_type(await r.coro.lpop("l"), str | None)
    assert_type(await r.coro.lpop("l", 2), list[str] | None)
    assert_type(await r.coro.rpop("l"), str | None)
    assert_type(await r.coro.rpop("l", 2), list[str] | None)
    assert_type(await r.coro.lpush("l", 1, b"2", "3"), int)
    assert_type(await r.coro.lrange("l", 0, -1), list[str])
    assert_type(await r.coro.llen("l"), int)
    assert_type(await r.coro.lindex("l", 0), str | None)
    assert_type(await r.coro.blpop("l", 1), tuple[str, str] | None)
    assert_type(await r.coro.lpos("l", "a"), int | None)
    assert_type(await r.coro.lpos("l", "a", count=2), list[int])
    assert_type(await r.coro.sadd("s", "a"), int)
    assert_type(await r.coro.scard("s"), int)
    assert_type(await r.coro.smembers("s"), set[str])
    assert_type(await r.coro.sinter("s", "t"), set[str])
    assert_type(await r.coro.sunion(["s", "t"]), set[str])
    assert_type(await r.coro.spop("s"), str | None)
    assert_type(await r.coro.spop("s", 2), list[str])
    assert_type(await r.coro.srandmember("s"), str | None)
    assert_type(await r.coro.srandmember("s", 2), list[str])
    assert_type(await r.coro.smismember("s", ["a", "b"]), list[int])
    assert_type(await r.coro.zadd("z", {"a": 1}), int)
    assert_type(await r.coro.zcard("z"), int)
    assert_type(await r.coro.zincrby("z", 1.5, "a"), float)
    assert_type(await r.coro.zrange("z", 0, -1), list[str])
    assert_type(await r.coro.zrange("z", 0, -1, withscores=True), list[tuple[str, float]])
    assert_type(await r.coro.zrange("z", 0, -1, desc=True), list[str])
    assert_type(await r.coro.zrevrange("z", 0, -1), list[str])
    assert_type(await r.coro.zrevrange("z", 0, -1, withscores=True), list[tuple[str, float]])
    assert_type(await r.coro.set("k", "v", get=True), str | None)
    assert_type(await r.coro.set("k", "v", 10, nx=True), bool | None)
    assert_type(await r.coro.set("k", "v", get=False), bool | None)
    assert_type(await r.coro.zadd("z", {"a": 1}, incr=True), float | None)
    assert_type(
        await r.coro.zrange("z", 0, -1, withscores=True, score_cast_func=int), list[tuple[str, int]]
    )
    assert_type(
        await r.coro.zrange("z", 0, -1, withscores=True, score_cast_func=whole),
        list[tuple[str, int]],
    )
    assert_type(await r.coro.zrange("z", 0, -1, score_cast_func=int), list[str])
    assert_type(
        await r.coro.zrange("z", 0, -1, withscores=True, score_cast_func=float),
        list[tuple[str, float]],
    )
    assert_type(await r.coro.zrevrange("z", 0, -1, True), list[tuple[str, float]])
    assert_type(await r.coro.zrevrange("z", 0, -1, True, str), list[tuple[str, str]])
    assert_type(await r.coro.zrangebyscore("z", 0, 1), list[str])
    assert_type(await r.coro.zrangebyscore("z", 0, 1, withscores=True), list[tuple[str, float]])
    assert_type(
        await r.coro.zrangebyscore("z", 0, 1, 0, 5, withscores=True, score_cast_func=int),
        list[tuple[str, int]],
    )
    assert_type(await r.coro.zrevrangebyscore("z", 1, 0), list[str])
    assert_type(await r.coro.zrevrangebyscore("z", 1, 0, withscores=True), list[tuple[str, float]])
    assert_type(
        await r.coro.zrevrangebyscore("z", 1, 0, withscores=True, score_cast_func=int),
        list[tuple[str, int]],
    )
    assert_type(await r.coro.zunion(["y", "z"]), list[str])
    assert_type(await r.coro.zunion(["y", "z"], withscores=True), list[tuple[str, float]])
    assert_type(
        await r.coro.zunion(["y", "z"], withscores=True, score_cast_func=int), list[tuple[str, int]]
    )
    assert_type(await r.coro.zinter(["y", "z"]), list[str])
    assert_type(await r.coro.zinter(["y", "z"], withscores=True), list[tuple[str, float]])
    assert_type(await r.coro.zdiff(["y", "z"], withscores=True), list[str])
    assert_type(await r.coro.zrank("z", "a"), int | None)
    assert_type(await r.coro.zrank("z", "a", withscore=True), list[int | float] | None)
    assert_type(
        await r.coro.zrevrank("z", "a", withscore=True, score_cast_func=str), list[int | str] | None
    )
    assert_type(await r.coro.zscan("z"), tuple[int, list[tuple[str, float]]])
    assert_type(await r.coro.zscan("z", score_cast_func=int), tuple[int, list[tuple[str, int]]])
    assert_type(await r.coro.zscan("z", noscores=True), tuple[int, list[str]])
    assert_type(await r.coro.zrandmember("z"), str | None)
    assert_type(await r.coro.zrandmember("z", 2), list[str])
    assert_type(await r.coro.zrandmember("z", 2, True), list[str])
    assert_type(await r.coro.zpopmin("z", 2), list[tuple[str, float]])
    assert_type(await r.coro.hrandfield("h", 2, True), list[str])
    assert_type(await r.coro.spop("s", 2), list[str])
    assert_type(await r.coro.srandmember("s", 2), list[str])
    assert_type(await r.coro.lcs("k", "l"), str)
    assert_type(await r.coro.lcs("k", "l", len=True), int)
    assert_type(
        await r.coro.lcs("k", "l", idx=True, withmatchlen=True),
        list[str | int | list[list[list[int] | int]]],
    )
    assert_type(await r.coro.sort("l"), list[str | None])
    assert_type(await r.coro.sort("l", get=["a", "b"], groups=True), list[tuple[str | None, ...]])
    assert_type(await r.coro.sort("l", store="m"), int)
    assert_type(await r.coro.xpending_range("x", "g", "-", "+", 10), list[dict[str, str | int]])
    assert_type(
        await r.coro.xpending_range("x", "g", None, None, None),
        dict[str, int | str | list[dict[str, str | int]] | None],
    )
    assert_type(await r.coro.geosearch("g", "a", radius=1), list[str])
    assert_type(
        await r.coro.geosearch("g", "a", radius=1, withdist=True),
        list[list[str | float | int | tuple[float, float]]],
    )
    assert_type(
        await r.coro.geosearch("g", "a", radius=1, withcoord=True, withhash=True),
        list[list[str | float | int | tuple[float, float]]],
    )
    assert_type(await r.coro.georadius("g", 1, 2, 3), list[str])
    assert_type(
        await r.coro.georadius("g", 1, 2, 3, withhash=True),
        list[list[str | float | int | tuple[float, float]]],
    )
    assert_type(await r.coro.georadius("g", 1, 2, 3, store_dist="d"), int)
    assert_type(await r.coro.georadiusbymember("g", "a", 3, store="d"), int)
    assert_type(await r.coro.xautoclaim("x", "g", "c", 0, justid=True), list[str])
    assert_type(
        await r.coro.xautoclaim("x", "g", "c", 0),
        list[str | list[tuple[str, dict[str, str]]] | list[str]],
    )
    assert_type(await r.coro.xclaim("x", "g", "c", 0, ["1-1"], justid=True), list[str])
    assert_type(await r.coro.xclaim("x", "g", "c", 0, ["1-1"]), list[tuple[str, dict[str, str]]])
    assert_type(await r.coro.vsim("v", "a"), list[str])
    assert_type(await r.coro.vsim("v", "a", with_scores=True), dict[str, float])
    assert_type(await r.coro.vsim("v", "a", with_attribs=True), dict[str, Any])
    assert_type(await r.coro.vsim("v", "a", True, True), dict[str, dict[str, Any]])
    assert_type(await r.coro.incr("n"), int)
    assert_type(await r.coro.ping(), bool)
    assert_type(await r.coro.echo("x"), str)
    assert_type(await r.coro.dbsize(), int)
    assert_type(await r.coro.client_id(), int)
    assert_type(await r.coro.config_get("port"), dict[str, str])
    assert_type(await r.coro.time(), tuple[int, int])


async def iterators(raw: Redis[bytes], text: Redis[str]) -> None:
    assert_type([key async for key in raw.scan_iter()], list[bytes])
    assert_type([key async for key in text.sscan_iter("s")], list[str])
    assert_type([item async for item in text.zscan_iter("z")], list[tuple[str, float]])
    counted = text.zscan_iter("z", score_cast_func=int)
    assert_type([item async for item in counted], list[tuple[str, int]])
    assert_type([item async for item in raw.hscan_iter("h")], list[tuple[bytes, bytes]])
    assert_type([key async for key in text.hscan_iter("h", no_values=True)], list[str])
    assert_type(await raw.vset().vemb("v", "a"), list[float] | None)
    assert_type(await raw.topk().list("k", withcount=True), list[str | int])
    assert_type(await text.get("k"), str | None)
    assert_type(await assert_type(text.coro.get("k"), Coroutine[Any, Any, str | None]), str | None)


async def clients(url: str, decoded: bool) -> None:
    assert_type(Redis(), Redis[bytes])
    assert_type(Redis(decode_responses=True), Redis[str])
    assert_type(Redis(decode_responses=decoded), Redis[Any])
    assert_type(Redis.from_url(url), Redis[bytes])
    assert_type(Redis[str].from_url(url), Redis[str])
    assert_type(Redis.from_url(url, decode_responses=True, queue_commands=10), Redis[str])
    assert_type(from_url(url, decode_responses=True), Redis[str])
    assert_type(await Redis().connect(), Redis[bytes])
    async with Redis(decode_responses=True) as text, text.lease() as lease:
        assert_type(text, Redis[str])
        assert_type(lease, Lease[str])
        assert_type(await lease.get("k"), str | None)


class Mine(Redis[str]):
    async def more(self) -> int:
        return 1


async def subclasses(url: str) -> None:
    assert_type(Mine.from_url(url), Mine)
    lease = Mine.from_url(url).lease()
    assert isinstance(lease, Mine)
    assert_type(await lease.more(), int)


async def pipelines(text: Redis[str]) -> None:
    assert_type(text.pipeline().set("k", 1).get("k"), Pipeline)
    assert_type(await text.pipeline().execute(), list[Any])
    assert_type(await text.pipeline().coro.execute(), list[Any])
