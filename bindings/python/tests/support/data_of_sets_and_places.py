"""What the parity test's database has for commands on places, counters of values and ranges of names.

g = {a, b, c} on a map, p and q = HyperLogLogs, y = {b: 1, c: 0.5}, same = {a, b, c, d} with one score, one-member = {m: 1.5}.
"""

from __future__ import annotations

import oxipipe


def fill(client: oxipipe.Redis | oxipipe.Pipeline) -> None:
    client.geoadd("g", [13.361389, 38.115556, "a", 15.087269, 37.502669, "b", 0.5, 0.25, "c"])
    client.pfadd("p", "a", "b", "c")
    client.pfadd("q", "c", "d")
    client.zadd("y", {"b": 1, "c": 0.5})
    client.zadd("same", dict.fromkeys("abcd", 0))
    client.zadd("one-member", {"m": 1.5})
