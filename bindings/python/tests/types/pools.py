"""What type checkers see of `oxipipe.Pool` and its pipelines: mypy and pyright run over this file."""

from __future__ import annotations

from typing import Any, assert_type

import oxipipe
from oxipipe import Future, Pool
from oxipipe.pool_pipeline import PoolPipeline


def whole(score: bytes) -> int:
    return int(float(score))


def raw(r: Pool[bytes]) -> None:
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


def text(r: Pool[str]) -> None:
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


def pools(url: str, decoded: bool, text: Pool[str]) -> None:
    assert_type(Pool(connections=2), Pool[bytes])
    assert_type(Pool(decode_responses=True), Pool[str])
    assert_type(Pool(decode_responses=decoded), Pool[Any])
    assert_type(Pool.from_url(url), Pool[bytes])
    assert_type(Pool[str].from_url(url), Pool[str])
    assert_type(Pool.from_url(url, decode_responses=True, ordered=True), Pool[str])
    assert_type(oxipipe.connect_pool(url, decode_responses=True), Pool[str])
    assert_type(oxipipe.connect_pool(pool=2), Pool[bytes])
    assert_type(text.get("k").result(), str | None)
    assert_type(text.submit("GET", "k"), Future[Any])
    assert_type(text.lease().get("k"), str | None)
    assert_type(text.pipeline().get("k").set("k", 1), PoolPipeline)
    assert_type(text.pipeline().execute(), Future[list[Any]])
    assert_type(text.flush(), int)
