"""Commands on server. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "BGREWRITEAOF",
    shape="always_true",
    examples=["bgrewriteaof()"],
)
def bgrewriteaof() -> bool:
    """Write the append-only file anew in the background; also True if that has to wait."""


@command(
    "COMMAND|COUNT",
    examples=["command_count()"],
)
def command_count() -> int:
    """How many commands the server has."""


@command(
    "COMMAND|GETKEYS {*args:word}",
    shape="texts",
    examples=["command_getkeys('MSET', 'a', '1', 'b', '2')"],
)
def command_getkeys(*args: EncodableT) -> list[str]:
    """The keys among the words of a command."""


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
    """What is configured, of names that match one of the patterns."""


@command(
    "CONFIG|RESETSTAT",
    shape="ok",
    examples=["config_resetstat()"],
)
def config_resetstat() -> bool:
    """Let `info` count from 0 again."""


@command(
    "CONFIG|REWRITE",
    shape="state",
    examples=["config_rewrite()"],
)
def config_rewrite() -> T:
    """Write the configuration as it is now to the server's file."""


@command(
    "CONFIG|SET {name:word} {value:word} {*args:word}",
    shape="ok",
    examples=["config_set('slowlog-max-len', 128)"],
)
def config_set(name: KeyT, value: EncodableT, *args: EncodableT) -> bool:
    """Change what is configured: names and values, of which all are accepted or none."""


@command(
    "DBSIZE",
    examples=["dbsize()"],
)
def dbsize() -> int:
    """How many keys the database has."""


@command(
    "LASTSAVE",
    shape="server.last_save",
    examples=["lastsave()"],
)
def lastsave() -> datetime:
    """When the data set was last saved, in local time."""


@command(
    "MEMORY|PURGE",
    shape="ok",
    examples=["memory_purge()"],
)
def memory_purge() -> bool:
    """Let the allocator give back memory that nothing uses."""


@command(
    "MEMORY|STATS",
    shape="server.memory_stats",
    examples=["memory_stats()"],
)
def memory_stats() -> dict[str, int | float | dict[str, int]]:
    """What takes how much memory, by name; of each database a dict."""


@command(
    "ROLE",
    examples=["role()"],
)
def role() -> list[T | int | list[T] | list[list[T]]]:
    """Whether the server is a master, a replica or a sentinel, and what it knows about its counterparts."""


@command(
    "SAVE",
    shape="ok",
    examples=["save()"],
)
def save() -> bool:
    """Save the data set; the server does nothing else meanwhile."""


@command(
    "SLOWLOG|GET [{num}]",
    shape="bytes:server.slowlog",
    examples=["slowlog_get()", "slowlog_get(5)"],
)
def slowlog_get(num: int | None = None) -> list[dict[str, int | bytes]]:
    """The latest slow commands, or `num` of them (-1: all), newest first; what clients sent is bytes."""


@command(
    "SLOWLOG|LEN",
    examples=["slowlog_len()"],
)
def slowlog_len() -> int:
    """How many commands there are for `slowlog_get`."""


@command(
    "SLOWLOG|RESET",
    shape="ok",
    examples=["slowlog_reset()"],
)
def slowlog_reset() -> bool:
    """Forget all slow commands."""


@command(
    "SWAPDB {first} {second}",
    shape="ok",
    examples=["swapdb(0, 1)"],
)
def swapdb(first: int, second: int) -> bool:
    """Exchange the contents of two databases, also for clients that use them."""


@command(
    "TIME",
    shape="server.time",
    examples=["time()"],
)
def time() -> tuple[int, int]:
    """The server's clock: Unix seconds, and microseconds."""


@command(
    "BGSAVE", shape="always_true", examples=["bgsave()", "bgsave(False)", "bgsave(cancel=True)"]
)
def bgsave(schedule: bool = True, *, cancel: bool = False) -> bool:
    """Save the data set in the background, after a rewrite that is under way if `schedule`; with `cancel`, end that (Valkey 8.1)."""
    return [b"CANCEL"] if cancel else [*words_of(SCHEDULE=schedule)]


@command(
    "DEBUG|OBJECT {key}",
    shape="server.debug_object",
    examples=["debug_object('h')"],
)
def debug_object(key: KeyT) -> dict[str, str | int]:
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


@command(
    "COMMANDLOG|GET {count} {_type}",
    shape="bytes:server.commandlog",
    examples=["commandlog_get(2, 'slow')", "commandlog_get(-1, 'large-reply')"],
)
def commandlog_get(
    count: int, _type: Literal["slow", "large-request", "large-reply"]
) -> list[dict[str, int | bytes]]:
    """The latest `count` commands (-1: all) that were slow, or had much to send or to answer.

    Their "value" is the time in microseconds or the number of bytes; what clients sent is bytes.
    """


@command("COMMANDLOG|LEN {_type}", examples=["commandlog_len('slow')"])
def commandlog_len(_type: Literal["slow", "large-request", "large-reply"]) -> int:
    """How many commands there are for `commandlog_get`."""


@command("COMMANDLOG|RESET {_type}", shape="ok", examples=["commandlog_reset('slow')"])
def commandlog_reset(_type: Literal["slow", "large-request", "large-reply"]) -> bool:
    """Forget these commands."""


@command(
    "COMMAND|DOCS {*args}",
    shape="server.command_docs",
    examples=["command_docs('get', 'config')", "command_docs('none')"],
)
def command_docs(*args: str) -> dict[str, dict[str, Any]]:
    """What the server's documentation says of all commands, or of some, by their names; all texts are str."""


@command(
    "COMMAND|GETKEYSANDFLAGS {*args:word}",
    shape="server.keys_and_flags",
    examples=["command_getkeysandflags('SET', 'a', 'b')", "command_getkeysandflags('PING', 'a')"],
)
def command_getkeysandflags(*args: EncodableT) -> list[list[T | list[T]]]:
    """The keys of a command, each with what the command does to it."""


@command(
    "COMMAND|INFO {*names}",
    shape="server.commands",
    examples=["command_info('get', 'none', 'xinfo')", "command_info()"],
)
def command_info(*names: str) -> dict[str, dict[str, Any]]:
    """How all commands, or some, are called and what they are like, by their names. What the server does not know is left out."""


@command(
    "COMMAND|LIST [FILTERBY MODULE {module}] [FILTERBY ACLCAT {category}] [FILTERBY PATTERN {pattern}]",
    one_of="module category pattern",
    examples=[
        "command_list()",
        "command_list(module='none')",
        "command_list(category='hyperloglog')",
        "command_list(pattern='xr*')",
    ],
)
def command_list(
    module: str | None = None, category: str | None = None, pattern: str | None = None
) -> list[T]:
    """The names of all commands, or of a module's, a category's, or those that match."""


@command(
    "FAILOVER [TO {host} {port} force?FORCE] abort?ABORT [TIMEOUT {timeout}]",
    shape="ok",
    examples=[
        "failover()",
        "failover('127.0.0.1', 1, force=True, timeout=10)",
        "failover(abort=True)",
    ],
)
def failover(
    host: str | None = None,
    port: int | None = None,
    force: bool = False,
    abort: bool = False,
    timeout: int | None = None,
) -> bool:
    """Let a replica, that one if host and port are given, take over from this server.

    It waits up to `timeout` milliseconds for the replica, and then gives up, or goes on if it is to `force` it. `abort` ends that.
    """


@command("HOTKEYS|GET", shape="server.hotkeys", examples=["hotkeys_get()"])
def hotkeys_get() -> list[dict[T, Any]] | None:
    """What the last or present search for hot keys has found; None if there was none."""


@command("HOTKEYS|RESET", examples=["hotkeys_reset()"])
def hotkeys_reset() -> T:
    """Forget what a search for hot keys has found."""


@command(
    "HOTKEYS|START",
    examples=[
        "hotkeys_start([HotkeysMetricsTypes.CPU])",
        "hotkeys_start([HotkeysMetricsTypes.CPU, HotkeysMetricsTypes.NET], count=10, duration=60, sample_ratio=100, slots=[0, 5])",
    ],
)
def hotkeys_start(
    metrics: Sequence[HotkeysMetricsTypes],
    count: int | None = None,
    duration: int | None = None,
    sample_ratio: int | None = None,
    slots: Sequence[int] | None = None,
) -> T:
    """Begin a search for the keys that take most time or traffic: `count` of them, for `duration` seconds.

    It looks at one command in `sample_ratio`, and only at keys of these `slots` if there are any.
    """
    words = [b"METRICS", len(metrics), *(word(metric.value) for metric in metrics)]
    options = ((b"COUNT", count), (b"DURATION", duration), (b"SAMPLE", sample_ratio))
    words += [part for option in options if option[1] is not None for part in option]
    return [*words, *(() if slots is None else (b"SLOTS", len(slots), *slots))]


@command("HOTKEYS|STOP", examples=["hotkeys_stop()"])
def hotkeys_stop() -> T:
    """End the search for hot keys; what it found stays."""


@command("LATENCY|DOCTOR", examples=["latency_doctor()"])
def latency_doctor() -> T:
    """A report on what was slow, for people."""


@command("LATENCY|GRAPH {event}", examples=["latency_graph('command')"])
def latency_graph(event: str) -> T:
    """The latest times of an event as a drawing of characters."""


@command(
    "LATENCY|HISTOGRAM {*args}",
    shape="server.latency_histogram",
    examples=["latency_histogram('get', 'flushall')", "latency_histogram('none')"],
)
def latency_histogram(*args: str) -> dict[str, dict[str, int | dict[int, int]]]:
    """How long calls of all commands, or of some, took: the number of "calls", and in "histogram_usec" how many took at most so many microseconds."""


@command("LATENCY|HISTORY {event}", examples=["latency_history('command')"])
def latency_history(event: str) -> list[list[int]]:
    """The latest times of an event: when, in Unix seconds, and how many milliseconds."""


@command("LATENCY|LATEST", examples=["latency_latest()"])
def latency_latest() -> list[list[T | int]]:
    """Of each event its name, when it was last, in Unix seconds, and how many milliseconds it took, then and at most."""


@command(
    "LATENCY|RESET {*events}", examples=["latency_reset()", "latency_reset('command', 'fork')"]
)
def latency_reset(*events: str) -> int:
    """Forget the times of all events, or of some; of how many there were any."""


@command("LOLWUT", examples=["lolwut()", "lolwut(5, 10, 1, 1)", "lolwut('6')"])
def lolwut(*version_numbers: str | float) -> T:
    """A drawing, that of a version of the server with its arguments if they are given, and the server's version."""
    return [b"VERSION", *map(word, version_numbers)] if version_numbers else []


@command("MEMORY|DOCTOR", examples=["memory_doctor()"])
def memory_doctor() -> T:
    """A report on the use of memory, for people."""


@command("MEMORY|MALLOC-STATS", examples=["memory_malloc_stats()"])
def memory_malloc_stats() -> T:
    """What the allocator of memory tells of itself."""


@command(
    "MIGRATE",
    examples=[
        "migrate('127.0.0.1', 1, 'none', 0, 10)",
        "migrate('127.0.0.1', 1, ['none', b'no'], 0, 10, copy=True, replace=True, auth='secret')",
        "migrate('127.0.0.1', 1, [], 0, 10)",
    ],
)
def migrate(
    host: str,
    port: int,
    keys: KeysT,
    destination_db: int,
    timeout: int,
    copy: bool = False,
    replace: bool = False,
    auth: str | None = None,
    username: str | None = None,
) -> T:
    """Move keys to another server, or `copy` them, and `replace` what it has; NOKEY if none of them is here.

    It fails after `timeout` milliseconds without progress. `auth` is the password there, of the default user if `username` says no other.
    """
    names = listed(keys)
    if not names:
        raise DataError("migrate needs at least one key")
    if username is not None and not auth:
        raise DataError("migrate takes username only with auth")
    login = (b"AUTH", word(auth)) if username is None else (b"AUTH2", word(username), word(auth))
    options = [*words_of(COPY=copy, REPLACE=replace), *(login if auth else ())]
    return [word(host), port, b"", destination_db, timeout, *options, b"KEYS", *names]


@command("MODULE|LIST", shape="server.modules", examples=["module_list()"])
def module_list() -> list[dict[T, T | int | list[T]]]:
    """The modules of the server: names, versions, paths and arguments."""


@command(
    "MODULE|LOAD {path} {*args:word}",
    shape="truth",
    examples=["module_load('/none')", "module_load('/none', 'a', 1)"],
)
def module_load(path: str, *args: EncodableT) -> bool:
    """Load a module from a file of the server's."""


@command(
    "MODULE|LOADEX",
    examples=[
        "module_loadex('/none')",
        "module_loadex('/none', options=['a', '1'], args=['b', 2])",
    ],
)
def module_loadex(
    path: str, options: Sequence[EncodableT] | None = None, args: Sequence[EncodableT] | None = None
) -> T:
    """Load a module from a file of the server's, with arguments, and with options as names and values."""
    configuration = () if options is None else (b"CONFIG", *map(word, options))
    return [word(path), *configuration, *(() if args is None else (b"ARGS", *map(word, args)))]


@command("MODULE|UNLOAD {name}", shape="truth", examples=["module_unload('none')"])
def module_unload(name: str) -> bool:
    """Unload a module."""


@command("REPLICAOF", examples=["replicaof('NO', 'ONE')", "replicaof('127.0.0.1', 'x')"])
def replicaof(*args: str | int) -> T:
    """Make this server a replica of the one with that host and port, or with NO and ONE of none."""
    return [*map(word, args)]


@command(
    "SHUTDOWN save?SAVE nosave?NOSAVE now?NOW force?FORCE abort?ABORT safe?SAFE failover?FAILOVER",
    shape="ok",
    one_of="save nosave",
    examples=[
        "shutdown(abort=True)",
        "shutdown(nosave=True, now=True, force=True, abort=True)",
        "shutdown(save=True, abort=True)",
        "shutdown(save=True, nosave=True)",
    ],
)
def shutdown(
    save: bool = False,
    nosave: bool = False,
    now: bool = False,
    force: bool = False,
    abort: bool = False,
    *,
    safe: bool = False,
    failover: bool = False,
) -> bool:
    """End the server, or with `abort` a shutdown that waits for replicas.

    A server that ends does not answer, which is a ConnectionError. `now` does not wait for replicas, and `force` not for a save that
    fails; `safe` and `failover` are Valkey's: they keep a node of a cluster from ending before its slots are another's.
    """


@command("SLAVEOF", shape="ok", examples=["slaveof()", "slaveof('127.0.0.1', 'x')"])
def slaveof(host: str | None = None, port: int | None = None) -> bool:
    """Make this server a replica of another one, or without arguments of none."""
    if (host is None) is not (port is None):
        raise DataError("slaveof takes host and port together")
    return [b"NO", b"ONE"] if host is None else [word(host), word(port)]


@command("WAITAOF {num_local} {num_replicas} {timeout}", examples=["waitaof(0, 0, 10)"])
def waitaof(num_local: int, num_replicas: int, timeout: int) -> list[int]:
    """Wait until this connection's writes are in append-only files: here, and on replicas; how many have them.

    0 or 1 stands for this server, and a `timeout` of 0 milliseconds for no end.
    """


@command("BACKUP|ABORT", shape="ok", examples=["backup_abort()"])
def backup_abort() -> bool:
    """End a backup that is not sealed yet."""


@command("BACKUP|CLEANUP", shape="ok", examples=["backup_cleanup()"])
def backup_cleanup() -> bool:
    """Remove the files of the last backup."""


@command("BACKUP|SEAL", shape="ok", examples=["backup_seal()"])
def backup_seal() -> bool:
    """End a backup: its files stay as they are now, for somebody to copy."""


@command("BACKUP|START", shape="ok", examples=["backup_start()"])
def backup_start() -> bool:
    """Begin a backup in the directory that is configured for it."""


@command("BACKUP|LIST", examples=["backup_list()"])
def backup_list() -> list[T]:
    """The paths of the files that a backup has so far."""


@command("BACKUP|STATUS", shape="pairs", examples=["backup_status()"])
def backup_status() -> dict[T, T | int]:
    """How far a backup is: its state, the error that ended it, and when it began and ended."""
