"""What Python callers see of each reply: redis-py's shapes, whichever protocol the server spoke.

RESP3 tells maps, sets and doubles apart where RESP2 has arrays and strings; a callback accepts either and
gives the same object. Callbacks never see error replies. `BY_NAME` is the table; commands without an entry
give the reply as the backend built it. Null comes in the place of every reply that CLIENT REPLY silences, and stays null.

Back ends find shapes by the first word of a command. Where that does not tell, there is a `ByWords` in the place of a shape.
"""

from __future__ import annotations

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Callback = Callable[[Any], Any]


class ShapedName(bytearray):
    """A command's name that brings a shape of its own, for a call that takes none. Back ends remember names, but not mutable ones."""

    def __init__(self, name: bytes, shape: Callback | None) -> None:
        super().__init__(name)
        self.shape = shape


class Undecoded:
    """A shape of replies that are bytes by nature: back ends do not decode them, whatever the client does with others."""

    __slots__ = ("shape",)

    def __init__(self, shape: Callback | None = None) -> None:
        self.shape = shape

    def __call__(self, reply: Any) -> Any:
        return reply if self.shape is None else self.shape(reply)


class ByWords:
    """In the place of a shape: the words of the command tell which, and back ends call it with them to learn it."""

    __slots__ = ("choose",)

    def __init__(self, choose: Callable[[tuple[Any, ...]], Callback | None]) -> None:
        self.choose = choose

    def __call__(self, *words: Any) -> Callback | None:
        return self.choose(words)


def resolve(name: object) -> Callback | ByWords | None:
    """The shape of the command whose first word is `name`, in any spelling; backends cache the answer."""
    if isinstance(name, ShapedName):
        return name.shape
    name = word(name)
    return BY_WORDS.get(name) or BY_NAME.get(name)


def resolve_words(words: tuple[Any, ...]) -> Callback | None:
    """The shape of a command, by all of its words."""
    found = resolve(words[0]) if words else None
    return found(*words) if isinstance(found, ByWords) else found


def word(name: object) -> str:
    """A command's name, or another word of its own, in upper case; of what can be none, nothing."""
    if isinstance(name, (bytes, bytearray, memoryview)):
        name = bytes(name).decode("latin-1")
    return name.upper() if isinstance(name, str) else ""


def unless_null(function: Callback) -> Callback:
    """`function`, for what is not null."""

    def shape(reply: Any) -> Any:
        return None if reply is None else function(reply)

    return shape


def text(value: Any) -> Any:
    """`value` as str if it is bytes; anything else as it is."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


@unless_null
def texts(reply: Any) -> list[Any]:
    return [text(value) for value in reply]


def ok(reply: Any) -> bool | None:
    return None if reply is None else text(reply) == "OK"


def truth(reply: Any) -> bool | None:
    return None if reply is None else bool(reply)


@unless_null
def number(reply: Any) -> float:
    return float(reply)


def set_result(reply: Any) -> Any:
    # With GET the reply is the old value, which passes.
    return True if reply in (b"OK", "OK") else reply


def always_true(reply: Any) -> bool | None:
    return None if reply is None else True


def pong(reply: Any) -> Any:
    # With a text among its arguments PING answers that.
    return True if reply in _PONGS else reply


def float_or_none(reply: Any) -> float | None:
    return None if reply is None else float(reply)


@unless_null
def floats(reply: Any) -> list[float | None]:
    return [float_or_none(value) for value in reply]


def count_or_score(reply: Any) -> Any:
    # ZADD answers a number of members, with INCR a score.
    return reply if reply is None or isinstance(reply, int) else float(reply)


def as_set(reply: Any) -> set[Any] | None:
    return reply if reply is None or isinstance(reply, set) else set(reply)


def tuple_or_none(reply: Any) -> tuple[Any, ...] | None:
    return tuple(reply) if reply else None


def pairs(reply: Any) -> Any:
    """A map as a dict, from RESP2's flat list too."""
    if reply is None or isinstance(reply, dict):
        return reply
    items = iter(reply)
    return dict(zip(items, items, strict=True))


def dicts(reply: Any) -> list[dict[str, Any]]:
    return [{text(key): text(value) for key, value in pairs(item).items()} for item in reply]


def flat(reply: Any) -> Any:
    """RESP3's list of pairs, or map, as RESP2's flat list."""
    if isinstance(reply, dict):
        return [part for item in reply.items() for part in item]
    if reply and isinstance(reply, list) and isinstance(reply[0], list):
        return [part for item in reply for part in item]
    return reply


def scored(reply: Any, cast: Callable[[Any], Any] = float) -> Any:
    """Members with scores as a list of (member, score)."""
    if not reply:
        return reply
    items = iter(flat(reply))
    return [(member, _score(score, cast)) for member, score in zip(items, items, strict=True)]


def nested_scored(reply: Any) -> Any:
    # Without knowing whether scores were asked for: only RESP3 shows it, by nesting.
    return scored(reply) if reply and isinstance(reply[0], list) else reply


def popped_score(reply: Any) -> Any:
    return (reply[0], reply[1], float(reply[2])) if reply else None


@unless_null
def scan(reply: Any) -> tuple[int, list[Any]]:
    return int(reply[0]), reply[1]


@unless_null
def hscan(reply: Any) -> tuple[int, dict[Any, Any]]:
    return int(reply[0]), pairs(reply[1])


@unless_null
def zscan(reply: Any) -> tuple[int, list[Any]]:
    return int(reply[0]), scored(reply[1])


@unless_null
def bools(reply: Any) -> list[bool]:
    return [bool(value) for value in reply]


@unless_null
def server_time(reply: Any) -> tuple[int, int]:
    return int(reply[0]), int(reply[1])


@unless_null
def last_save(reply: Any) -> Any:
    import datetime

    return datetime.datetime.fromtimestamp(int(reply))


@unless_null
def config_get(reply: Any) -> dict[Any, Any]:
    return {text(key): text(value) for key, value in pairs(reply).items()}


def lines(reply: Any) -> list[str]:
    """Those of a text. Only servers' line ends are one: str.splitlines() knows others, which names and paths may have."""
    return [line for line in text(reply).replace("\r\n", "\n").split("\n") if line]


@unless_null
def info(reply: Any) -> dict[str, Any]:
    """`INFO` as a dict: numbers as numbers, `k=v,k=v` as dicts, everything else as str."""
    found: dict[str, Any] = {}
    for line in lines(reply):
        if line.startswith("#"):
            continue
        is_per_name = line.startswith(_PER_NAME)
        # Such a name may have a colon, what is told of it has none. Any other value may.
        key, colon, value = line.rpartition(":") if is_per_name else line.partition(":")
        if not colon:
            found.setdefault("__raw__", []).append(line)
        elif key == "module":
            found.setdefault("modules", []).append(_info_value(value))
        else:
            found[key] = value if key in _FREE_TEXTS else _info_value(value)
    return found


@unless_null
def client_list(reply: Any) -> list[dict[str, str]]:
    return [_client(line) for line in lines(reply)]


@unless_null
def client_info(reply: Any) -> dict[str, Any]:
    line = text(reply).removesuffix("\n").removesuffix("\r")
    client: dict[str, Any] = dict(_client(line))
    for key in _CLIENT_NUMBERS & client.keys():
        client[key] = int(client[key])
    return client


@unless_null
def client_kill(reply: Any) -> Any:
    return reply if isinstance(reply, int) else ok(reply)


@unless_null
def debug_object(reply: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for field in ("type:" + text(reply)).split():
        key, _, value = field.partition(":")
        fields[key] = int(value) if key in _DEBUG_NUMBERS else value
    return fields


@unless_null
def memory_stats(reply: Any) -> dict[str, Any]:
    stats = {}
    for key, value in pairs(reply).items():
        key = text(key)
        stats[key] = config_get(value) if key.startswith("db.") else _double(text(value))
    return stats


@unless_null
def commands(reply: Any) -> dict[str, dict[str, Any]]:
    described: dict[str, dict[str, Any]] = {}
    for entry in reply:
        if entry is None:  # COMMAND INFO was asked for one that there is not
            continue
        name = text(entry[0])
        described[name] = {
            "name": name,
            "arity": entry[1],
            "flags": [text(flag) for flag in entry[2]],
            "first_key_pos": entry[3],
            "last_key_pos": entry[4],
            "step_count": entry[5],
        }
        if len(entry) > 6:
            described[name]["acl_categories"] = [text(category) for category in entry[6]]
        if len(entry) > 9:
            described[name]["tips"] = entry[7]
            described[name]["key_specifications"] = entry[8]
            described[name]["subcommands"] = entry[9]
    return described


@unless_null
def slowlog(reply: Any) -> list[dict[str, Any]]:
    return [_slow_call(*entry) for entry in reply]


def _score(score: Any, cast: Callable[[Any], Any]) -> Any:
    if cast is float:
        return float(score)
    # Callers' functions were written for the bytes that RESP2 delivers.
    return cast(f"{score:.17g}".encode() if isinstance(score, float) else score)


def _double(value: Any) -> Any:
    # RESP2 has only text for doubles.
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _info_value(value: str) -> Any:
    """What a value is by its looks. Names do not have slashes or spaces: with one, it is a path or the like."""
    items = [item.partition("=") for item in value.split(",") if item]
    is_plain = "=" not in value and "," not in value
    if is_plain or any(not name or "/" in name or " " in name for name, _, _ in items):
        return _info_scalar(value)
    if "=" not in value:
        return [_info_scalar(item) for item, _, _ in items]
    return {name: _info_scalar(content) if equals else True for name, equals, content in items}


def _info_scalar(value: str) -> Any:
    if "_" in value:  # digits may be grouped so in Python
        return value
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        return value


def _subcommand(words: tuple[Any, ...]) -> Callback | None:
    return BY_NAME.get(" ".join(map(word, words[:2])))


def _hscan(words: tuple[Any, ...]) -> Callback | None:
    """Without values there are no pairs. What follows MATCH and COUNT is theirs, whatever it looks like."""
    options = iter(words[3:])
    for option in map(word, options):
        if option == "NOVALUES":
            return scan
        if option in ("MATCH", "COUNT"):
            next(options, None)
    return BY_NAME["HSCAN"]


def _vemb(words: tuple[Any, ...]) -> Callback | None:
    return Undecoded() if any(word(option) == "RAW" for option in words[3:]) else None


def _client(line: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    key = ""
    for token in line.split(" "):
        name, equals, value = token.partition("=")
        if equals or not fields:
            key = name
            fields[key] = value
        else:  # a space inside a value, such as the path of a Unix socket
            fields[key] += " " + token
    return fields


def _slow_call(number: int, start: int, duration: int, args: Any, *client: Any) -> dict[str, Any]:
    call = {"id": number, "start_time": start, "duration": duration, "command": b" ".join(args)}
    if len(client) >= 2:
        call["client_address"], call["client_name"] = client[:2]
    return call


#: The array is that of a connection which is subscribed, in RESP2.
_PONGS: tuple[Any, ...] = (b"PONG", "PONG", [b"pong", b""], ["pong", ""])
_CLIENT_NUMBERS = frozenset(
    "id age idle db sub psub multi qbuf qbuf-free obl argv-mem oll omem tot-mem".split()
)
_DEBUG_NUMBERS = frozenset("refcount serializedlength lru lru_seconds_idle".split())
#: INFO's, whatever they look like: what people, systems and builds call things.
_FREE_TEXTS = frozenset(
    "os executable config_file aof_filename availability_zone master_host gcc_version monotonic_clock".split()
)
_PER_NAME = "cmdstat_", "errorstat_", "latency_percentiles_usec_"


def _table() -> dict[str, Callback]:
    by_callback: dict[Callback, str] = {
        truth: "AUTH COPY EXPIRE EXPIREAT HEXISTS HMSET MOVE MSETNX PERSIST PSETEX PEXPIRE PEXPIREAT RENAMENX"
        " SETEX SETNX SMOVE CLIENT_UNBLOCK",
        number: "HINCRBYFLOAT INCRBYFLOAT",
        ok: "FLUSHALL FLUSHDB LSET LTRIM MSET PFMERGE RENAME SAVE SELECT SWAPDB CLIENT_PAUSE CLIENT_SETINFO"
        " CLIENT_SETNAME CONFIG_RESETSTAT CONFIG_SET MEMORY_PURGE SLOWLOG_RESET QUIT SCRIPT_FLUSH WATCH UNWATCH READONLY"
        " READWRITE ASKING",
        always_true: "BGREWRITEAOF BGSAVE",
        as_set: "SDIFF SINTER SMEMBERS SUNION",
        tuple_or_none: "BLPOP BRPOP",
        popped_score: "BZPOPMAX BZPOPMIN",
        float_or_none: "ZINCRBY ZSCORE GEODIST",
        floats: "ZMSCORE",
        count_or_score: "ZADD",
        scored: "ZPOPMAX ZPOPMIN",
        nested_scored: "ZINTER ZRANGE ZRANGEBYSCORE ZREVRANGE ZREVRANGEBYSCORE ZUNION",
        flat: "HRANDFIELD LCS ZDIFF ZRANDMEMBER",
        pairs: "HGETALL",
        scan: "SCAN SSCAN",
        hscan: "HSCAN",
        zscan: "ZSCAN",
        text: "ACL_GENPASS ACL_WHOAMI CLIENT_GETNAME SCRIPT_LOAD",
        texts: "ACL_CAT ACL_LIST ACL_USERS COMMAND_GETKEYS GEOHASH",
        bools: "SCRIPT_EXISTS",
        set_result: "SET",
        pong: "PING",
        info: "INFO",
        server_time: "TIME",
        last_save: "LASTSAVE",
        config_get: "CONFIG_GET",
        client_info: "CLIENT_INFO",
        client_kill: "CLIENT_KILL",
        client_list: "CLIENT_LIST",
        commands: "COMMAND COMMAND_INFO",
        debug_object: "DEBUG_OBJECT",
        memory_stats: "MEMORY_STATS",
        # Arguments are any bytes, and of long ones only the first are shown.
        Undecoded(slowlog): "SLOWLOG_GET",
        Undecoded(): "DUMP FUNCTION_DUMP COMMANDLOG_GET BF.SCANDUMP CF.SCANDUMP",
    }
    return {
        name.replace("_", " "): callback
        for callback, names in by_callback.items()
        for name in names.split()
    }


#: Upper-case command name ("CONFIG GET" for subcommands) -> callback.
BY_NAME = _table()
#: Upper-case first words that do not tell the shape: those of subcommands, and some whose options do.
BY_WORDS = {
    **{name.partition(" ")[0]: ByWords(_subcommand) for name in BY_NAME if " " in name},
    "HSCAN": ByWords(_hscan),
    "VEMB": ByWords(_vemb),
}
