"""What the parity test's database has of streams, functions, scripts and sets of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import oxipipe

LIBRARY = """#!lua name=lib
redis.register_function{function_name="first", callback=function(keys, args) return {keys, args} end, flags={"no-writes"}}
"""
SECOND = """#!lua name=other
redis.register_function("second", function() return 2 end)
"""


def fill(client: oxipipe.Redis | oxipipe.Pipeline) -> None:
    for name in ("1-1", "1-2", "1-3"):
        client.command("XADD", "x", name, "field", f"of {name}", "n", 1)
        client.command("XADD", "nogroups", name, "field", f"of {name}")
    client.command("XADD", "deleted", "1-1", "field", "value")
    client.command("XADD", "empty", "1-1", "field", "value")
    client.command("XDEL", "empty", "1-1")
    for stream, group, start in (
        ("x", "g", "0"),
        ("x", "idle", "0"),
        ("x", "end", "$"),
        ("deleted", "gone", "0"),
    ):
        client.command("XGROUP", "CREATE", stream, group, start)
    client.command("XREADGROUP", "GROUP", "g", "c", "COUNT", 2, "STREAMS", "x", ">")
    client.command("XREADGROUP", "GROUP", "gone", "c", "STREAMS", "deleted", ">")
    client.command("XDEL", "deleted", "1-1")
    client.command("SCRIPT", "FLUSH")
    client.command("SCRIPT", "LOAD", "return redis.call('GET', KEYS[1])")
    client.command("FUNCTION", "FLUSH")
    client.command("FUNCTION", "LOAD", LIBRARY)
    client.command("FUNCTION", "LOAD", SECOND)


def fill_vectors(client: oxipipe.Redis | oxipipe.Pipeline) -> None:
    """For servers that have such sets."""
    for number, name in enumerate("abc"):
        client.command("VADD", "v", "VALUES", 3, 1, number, 2, name)
    client.command("VSETATTR", "v", "a", '{"x": 1}')
    client.command("VADD", "single", "VALUES", 3, 1, 2, 3, "only")
