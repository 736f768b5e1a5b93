"""Commands on server. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "ACL|WHOAMI",
    shape="text",
    examples=["acl_whoami()"],
)
def acl_whoami() -> str:
    """Return the name of the user associated to the current connection."""


@command(
    "BGREWRITEAOF",
    shape="always_true",
    examples=["bgrewriteaof()"],
)
def bgrewriteaof() -> bool:
    """Asynchronously rewrite the append-only file."""


@command(
    "COMMAND|COUNT",
    examples=["command_count()"],
)
def command_count() -> int:
    """Get total number of Redis commands."""


@command(
    "COMMAND|GETKEYS {*args:word}",
    shape="texts",
    examples=["command_getkeys('MSET', 'a', '1', 'b', '2')"],
)
def command_getkeys(*args: EncodableT) -> list[str]:
    """Extract keys given a full Redis command."""


@command(
    "CONFIG|GET {pattern:word} {*args:word}",
    shape="server.config_get",
    examples=[
        "config_get()",
        "config_get('maxmemory*')",
        "config_get('maxmemory', 'save')",
        "config_get('none')",
    ],
)
def config_get(pattern: PatternT = "*", *args: PatternT) -> dict[str, str]:
    """Get the values of configuration parameters."""


@command(
    "CONFIG|RESETSTAT",
    shape="ok",
    examples=["config_resetstat()"],
)
def config_resetstat() -> bool:
    """Reset the stats returned by INFO."""


@command(
    "CONFIG|REWRITE",
    shape="state",
    examples=["config_rewrite()"],
)
def config_rewrite() -> T:
    """Rewrite the configuration file with the in memory configuration."""


@command(
    "CONFIG|SET {name:word} {value:word} {*args:word}",
    shape="ok",
    examples=["config_set('slowlog-max-len', 128)"],
)
def config_set(name: KeyT, value: EncodableT, *args: EncodableT) -> bool:
    """Set configuration parameters to the given values."""


@command(
    "DBSIZE",
    examples=["dbsize()"],
)
def dbsize() -> int:
    """Return the number of keys in the selected database."""


@command(
    "LASTSAVE",
    shape="server.last_save",
    examples=["lastsave()"],
)
def lastsave() -> datetime:
    """Get the UNIX time stamp of the last successful save to disk."""


@command(
    "MEMORY|PURGE",
    shape="ok",
    examples=["memory_purge()"],
)
def memory_purge() -> bool:
    """Ask the allocator to release memory."""


@command(
    "MEMORY|STATS",
    shape="server.memory_stats",
    examples=["memory_stats()"],
)
def memory_stats() -> dict[str, Any]:
    """Show memory usage details."""


@command(
    "ROLE",
    examples=["role()"],
)
def role() -> list[Any]:
    """Return the role of the instance in the context of replication."""


@command(
    "SAVE",
    shape="ok",
    examples=["save()"],
)
def save() -> bool:
    """Synchronously save the dataset to disk."""


@command(
    "SLOWLOG|GET [{num}]",
    shape="bytes:server.slowlog",
    examples=["slowlog_get()"],
)
def slowlog_get(num: int | None = None) -> list[dict[str, Any]]:
    """Get the slow log's entries."""


@command(
    "SLOWLOG|LEN",
    examples=["slowlog_len()"],
)
def slowlog_len() -> int:
    """Get the slow log's length."""


@command(
    "SLOWLOG|RESET",
    shape="ok",
    examples=["slowlog_reset()"],
)
def slowlog_reset() -> bool:
    """Clear all entries from the slow log."""


@command(
    "SWAPDB {first} {second}",
    shape="ok",
    examples=["swapdb(0, 1)"],
)
def swapdb(first: int, second: int) -> bool:
    """Swaps two Redis databases."""


@command(
    "TIME",
    shape="server.time",
    examples=["time()"],
)
def time() -> tuple[int, int]:
    """Return the current server time."""


@command("BGSAVE schedule?SCHEDULE", shape="always_true", examples=["bgsave()"])
def bgsave(schedule: bool = True) -> bool:
    """Save the data set in the background, after a rewrite that is under way if `schedule`."""


@command(
    "DEBUG|OBJECT {key}",
    redis="1.0.0",
    valkey="7.2.0",
    shape="server.debug_object",
    examples=["debug_object('h')"],
)
def debug_object(key: KeyT) -> dict[str, Any]:
    """Internals of the value of a key, as a dict."""


@command(
    "FLUSHALL asynchronous?ASYNC",
    shape="ok",
    examples=["flushall()", "flushall(asynchronous=True)"],
)
def flushall(asynchronous: bool = False) -> bool:
    """Delete every key of every database."""


@command(
    "FLUSHDB asynchronous?ASYNC", shape="ok", examples=["flushdb()", "flushdb(asynchronous=True)"]
)
def flushdb(asynchronous: bool = False) -> bool:
    """Delete every key of the database."""


@command("INFO [{section}] {*args}", shape="server.info", examples=["info('keyspace')"])
def info(section: str | None = None, *args: str) -> dict[str, Any]:
    """The server's description of itself, or sections of it, as a dict."""


@command(
    "MEMORY|USAGE {key} [SAMPLES {samples}]",
    examples=["memory_usage('s')", "memory_usage('l', samples=0)", "memory_usage('none')"],
)
def memory_usage(key: KeyT, samples: int | None = None) -> int | None:
    """The bytes a key takes; an estimate from `samples` elements (0: all) if it has many."""
