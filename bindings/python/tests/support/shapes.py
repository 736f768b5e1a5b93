"""Commands whose replies are given a shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: One command of each shape that a reply can be given.
SHAPED: dict[str, Callable[[Any], Any]] = {
    "set": lambda c: c.set("k", 1),
    "hgetall": lambda c: c.hgetall("h"),
    "smembers": lambda c: c.smembers("s"),
    "scan": lambda c: c.scan(),
    "hscan": lambda c: c.hscan("h"),
    "zscan": lambda c: c.zscan("z"),
    "time": lambda c: c.time(),
    "expire": lambda c: c.expire("k", 100),
    "ping": lambda c: c.ping(),
    "info": lambda c: c.info(),
    "incrbyfloat": lambda c: c.incrbyfloat("n", 1.5),
    "client_list": lambda c: c.client_list(),
    "lastsave": lambda c: c.lastsave(),
    "config_get": lambda c: c.config_get("maxmemory"),
    "sort in groups": lambda c: c.sort("l", get=["#", "x*"], groups=True),
    "lset": lambda c: c.command("LSET", "l", 0, 1),
    "geohash": lambda c: c.command("GEOHASH", "g", "a"),
    "shaped by the program": lambda c: c.command_as(len, "GET", "k"),
}
