"""The named commands whose arguments are too irregular to be generated, in redis-py's signatures.

The regular ones are in `_commands.py`, which tools/gen_commands.py writes; that program also reads the
signatures here to write `_commands.pyi`. One class serves `Redis` and `Pipeline`: a method only turns its
arguments into a command and hands it to `self.command` (or to `self.command_as`, when the shape of the reply
depends on the options).

Only the names of commands are text here. Words behind them are bytes, or go through `_word`, because back ends encode text as
the client's `encoding` says, in which a server would not know them.
"""

from __future__ import annotations

from oxipipe.commands import shapes
from oxipipe.exceptions import DataError

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime, timedelta
    from typing import Any

    from oxipipe.commands.shapes import Callback
    from oxipipe.typing import AbsExpiryT, EncodableT, ExpiryT, KeysT, KeyT, PatternT


class WrittenCommands:
    """Irregular commands."""

    if TYPE_CHECKING:

        def command(self, *args: Any) -> Any: ...
        def command_as(self, callback: Callback | None, *args: Any) -> Any: ...

    def execute_command(self, *args: Any) -> Any:
        """As `command`; and as in redis-py, "CONFIG GET" in one argument is two words."""
        return self.command(*split(args))

    # -- strings ---------------------------------------------------------------------------------------------

    def set(
        self,
        name: KeyT,
        value: EncodableT,
        ex: ExpiryT | None = None,
        px: ExpiryT | None = None,
        nx: bool = False,
        xx: bool = False,
        keepttl: bool = False,
        get: bool = False,
        exat: AbsExpiryT | None = None,
        pxat: AbsExpiryT | None = None,
    ) -> Any:
        """Set the string value of a key. True, or None if nx/xx prevented it; with `get` the old value."""
        if ex is px is exat is pxat is None and not (nx or xx or keepttl or get):
            return self.command("SET", name, value)
        args: list[Any] = ["SET", name, value]
        _expiry(args, ex, px, exat, pxat, keepttl=keepttl)
        if nx and xx:
            raise DataError("set takes nx or xx, not both")
        if nx:
            args.append(b"NX")
        if xx:
            args.append(b"XX")
        if get:
            args.append(b"GET")
            return self.command_as(None, *args)
        return self.command(*args)

    def getex(
        self,
        name: KeyT,
        ex: ExpiryT | None = None,
        px: ExpiryT | None = None,
        exat: AbsExpiryT | None = None,
        pxat: AbsExpiryT | None = None,
        persist: bool = False,
    ) -> Any:
        """The value of a key, whose expiry is set or removed on the way."""
        args: list[Any] = ["GETEX", name]
        _expiry(args, ex, px, exat, pxat, persist=persist)
        return self.command(*args)

    def incr(self, name: KeyT, amount: int = 1) -> int:
        """Add `amount` to the integer value of a key, and return the sum."""
        if amount == 1:
            return self.command("INCR", name)
        return self.command("INCRBY", name, amount)

    def decr(self, name: KeyT, amount: int = 1) -> int:
        """Subtract `amount` from the integer value of a key, and return the difference."""
        if amount == 1:
            return self.command("DECR", name)
        return self.command("DECRBY", name, amount)

    def lcs(
        self,
        key1: KeyT,
        key2: KeyT,
        len: bool | None = False,
        idx: bool | None = False,
        minmatchlen: int | None = 0,
        withmatchlen: bool | None = False,
    ) -> Any:
        """The longest common subsequence of two strings, its length, or where it is found."""
        args: list[Any] = ["LCS", key1, key2]
        if len:
            args.append(b"LEN")
        if idx:
            args.append(b"IDX")
        if minmatchlen:
            args += (b"MINMATCHLEN", minmatchlen)
        if withmatchlen:
            args.append(b"WITHMATCHLEN")
        return self.command(*args)

    def mset(self, mapping: Mapping[Any, EncodableT]) -> bool:
        """Set all keys of `mapping` at once."""
        return self.command("MSET", *_flat(mapping))

    def msetnx(self, mapping: Mapping[Any, EncodableT]) -> bool:
        """Set all keys of `mapping` at once if none of them exists; whether that was so."""
        return self.command("MSETNX", *_flat(mapping))

    def psetex(self, name: KeyT, time_ms: ExpiryT, value: EncodableT) -> bool:
        """Set the value of a key that expires after `time_ms` milliseconds."""
        return self.command("PSETEX", name, _milliseconds(time_ms), value)

    def setex(self, name: KeyT, time: ExpiryT, value: EncodableT) -> bool:
        """Set the value of a key that expires after `time` seconds."""
        return self.command("SETEX", name, _seconds(time), value)

    # -- hashes ----------------------------------------------------------------------------------------------

    def hset(
        self,
        name: KeyT,
        key: EncodableT | None = None,
        value: EncodableT | None = None,
        mapping: Mapping[Any, EncodableT] | None = None,
        items: Sequence[EncodableT] | None = None,
    ) -> int:
        """Set fields of a hash: one `key` to `value`, a `mapping`, a flat list of `items`, or all of them.

        Returns the number of fields that are new."""
        if mapping is None and items is None and key is not None:
            return self.command("HSET", name, key, value)
        if key is None and not mapping and not items:
            raise DataError("hset needs at least one field: a key, a mapping or items")
        args: list[Any] = ["HSET", name]
        if items:
            args += items
        if key is not None:
            args += (key, value)
        if mapping:
            args += _flat(mapping)
        return self.command(*args)

    def hmset(self, name: KeyT, mapping: Mapping[Any, EncodableT]) -> bool:
        """Set fields of a hash. `hset` does the same and returns more."""
        if not mapping:
            raise DataError("hmset needs at least one field")
        return self.command("HMSET", name, *_flat(mapping))

    def hrandfield(self, key: KeyT, count: int | None = None, withvalues: bool = False) -> Any:
        """One random field of a hash, or a list of `count` of them, with their values if wanted."""
        args: list[Any] = ["HRANDFIELD", key]
        if count is not None:
            args.append(count)
        if withvalues:
            args.append(b"WITHVALUES")
        return self.command(*args)

    def hscan(
        self,
        name: KeyT,
        cursor: int = 0,
        match: PatternT | None = None,
        count: int | None = None,
        no_values: bool | None = None,
    ) -> tuple[int, Any]:
        """One step through the fields of a hash: the next cursor, 0 at the end, and a dict."""
        args: list[Any] = ["HSCAN", name, cursor]
        _scan_options(args, match, count)
        if no_values:
            args.append(b"NOVALUES")
            return self.command_as(shapes.scan, *args)
        return self.command_as(shapes.hscan, *args)

    # -- keys ------------------------------------------------------------------------------------------------

    def copy(
        self,
        source: KeyT,
        destination: KeyT,
        destination_db: int | None = None,
        replace: bool = False,
    ) -> bool:
        """Copy a value to another key, in another database if wanted; whether it was copied."""
        args: list[Any] = ["COPY", source, destination]
        if destination_db is not None:
            args += (b"DB", destination_db)
        if replace:
            args.append(b"REPLACE")
        return self.command(*args)

    def expire(
        self,
        name: KeyT,
        time: ExpiryT,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> bool:
        """Let a key expire after `time` seconds; whether that was set."""
        return self.command("EXPIRE", name, _seconds(time), *_expire_if(nx, xx, gt, lt))

    def expireat(
        self,
        name: KeyT,
        when: AbsExpiryT,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> bool:
        """Let a key expire at a time, a datetime or seconds since 1970; whether that was set."""
        return self.command("EXPIREAT", name, _unix(when), *_expire_if(nx, xx, gt, lt))

    def pexpire(
        self,
        name: KeyT,
        time: ExpiryT,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> bool:
        """Let a key expire after `time` milliseconds; whether that was set."""
        return self.command("PEXPIRE", name, _milliseconds(time), *_expire_if(nx, xx, gt, lt))

    def pexpireat(
        self,
        name: KeyT,
        when: AbsExpiryT,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> bool:
        """Let a key expire at a time, a datetime or milliseconds since 1970; whether that was set."""
        return self.command("PEXPIREAT", name, _unix_ms(when), *_expire_if(nx, xx, gt, lt))

    def object(self, infotype: str, key: KeyT) -> Any:
        """Internals of the value of a key: its "encoding", "freq", "idletime" or "refcount"."""
        return self.command("OBJECT", _word(infotype), key)

    def restore(
        self,
        name: KeyT,
        ttl: float,
        value: EncodableT,
        replace: bool = False,
        absttl: bool = False,
        idletime: int | None = None,
        frequency: int | None = None,
    ) -> Any:
        """Create a key from what DUMP gave."""
        args: list[Any] = ["RESTORE", name, ttl, value]
        if replace:
            args.append(b"REPLACE")
        if absttl:
            args.append(b"ABSTTL")
        if idletime is not None:
            args += (b"IDLETIME", idletime)
        if frequency is not None:
            args += (b"FREQ", frequency)
        return self.command(*args)

    def scan(
        self,
        cursor: int = 0,
        match: PatternT | None = None,
        count: int | None = None,
        _type: str | None = None,
    ) -> tuple[int, list[Any]]:
        """One step through the keys of the database: the next cursor, 0 at the end, and a list of keys."""
        args: list[Any] = ["SCAN", cursor]
        _scan_options(args, match, count)
        if _type is not None:
            args += (b"TYPE", _word(_type))
        return self.command(*args)

    def sscan(
        self, name: KeyT, cursor: int = 0, match: PatternT | None = None, count: int | None = None
    ) -> tuple[int, list[Any]]:
        """One step through the members of a set: the next cursor, 0 at the end, and a list of members."""
        args: list[Any] = ["SSCAN", name, cursor]
        _scan_options(args, match, count)
        return self.command(*args)

    def zscan(
        self, name: KeyT, cursor: int = 0, match: PatternT | None = None, count: int | None = None
    ) -> tuple[int, list[tuple[Any, float]]]:
        """One step through a sorted set: the next cursor, 0 at the end, and (member, score) pairs."""
        args: list[Any] = ["ZSCAN", name, cursor]
        _scan_options(args, match, count)
        return self.command(*args)

    def sort(
        self,
        name: KeyT,
        start: int | None = None,
        num: int | None = None,
        by: PatternT | None = None,
        get: PatternT | Sequence[PatternT] | None = None,
        desc: bool = False,
        alpha: bool = False,
        store: KeyT | None = None,
        groups: bool | None = False,
    ) -> Any:
        """The sorted elements of a list, set or sorted set; their number if they are put into `store`."""
        if (start is None) is not (num is None):
            raise DataError("sort takes start and num together")
        single = isinstance(get, (bytes, str))
        patterns: Sequence[Any] = [get] if single else get or ()
        if groups and len(patterns) < 2:
            raise DataError("sort with groups needs at least two patterns in get")
        args: list[Any] = ["SORT", name]
        if by is not None:
            args += (b"BY", by)
        if start is not None:
            args += (b"LIMIT", start, num)
        for pattern in patterns:
            args += (b"GET", b"#" if pattern == "#" else pattern)
        if desc:
            args.append(b"DESC")
        if alpha:
            args.append(b"ALPHA")
        if store is not None:
            args += (b"STORE", store)
        if not groups:
            return self.command(*args)
        size = len(patterns)
        grouped = shapes.unless_null(lambda reply: list(zip(*[iter(reply)] * size, strict=True)))
        return self.command_as(grouped, *args)

    # -- server and connection -------------------------------------------------------------------------------

    def bgsave(self, schedule: bool = True) -> bool:
        """Save the data set in the background, after a rewrite that is under way if `schedule`."""
        return self.command("BGSAVE", *([b"SCHEDULE"] if schedule else []))

    def client_kill_filter(
        self,
        _id: int | str | None = None,
        _type: str | None = None,
        addr: str | None = None,
        skipme: bool | None = None,
        laddr: str | None = None,
        user: str | None = None,
    ) -> int:
        """Disconnect the clients that fit every filter given, and return their number."""
        args: list[Any] = []
        for name, value in (
            (b"ID", _id),
            (b"TYPE", _type),
            (b"ADDR", addr),
            (b"LADDR", laddr),
            (b"USER", user),
        ):
            if value is not None:
                args += (name, _word(value))
        if skipme is not None:
            args += (b"SKIPME", b"YES" if skipme else b"NO")
        if not args:
            raise DataError("client_kill_filter needs at least one filter")
        return self.command_as(None, "CLIENT", b"KILL", *args)

    def client_list(
        self, _type: str | None = None, client_id: Sequence[EncodableT] = ()
    ) -> list[dict[str, str]]:
        """What the server knows about its clients: all, of one type, or by id."""
        args: list[Any] = ["CLIENT", b"LIST"]
        if _type is not None:
            args += (b"TYPE", _word(_type))
        if client_id:
            args += (b"ID", *map(_word, client_id))
        return self.command_as(shapes.client_list, *args)

    def client_pause(self, timeout: int, all: bool = True) -> bool:
        """Let the server ignore its clients, or only their writes, for `timeout` milliseconds."""
        args: list[Any] = ["CLIENT", b"PAUSE", timeout]
        if not all:
            args.append(b"WRITE")
        return self.command_as(shapes.ok, *args)

    def client_unblock(self, client_id: int, error: bool = False) -> bool:
        """End the blocking call of another client, with an error if wanted; whether it was blocked."""
        args: list[Any] = ["CLIENT", b"UNBLOCK", client_id]
        if error:
            args.append(b"ERROR")
        return self.command_as(shapes.truth, *args)

    def debug_object(self, key: KeyT) -> dict[str, Any]:
        """Internals of the value of a key, as a dict."""
        return self.command_as(shapes.debug_object, "DEBUG", b"OBJECT", key)

    def flushall(self, asynchronous: bool = False) -> bool:
        """Delete every key of every database."""
        return self.command("FLUSHALL", *([b"ASYNC"] if asynchronous else []))

    def flushdb(self, asynchronous: bool = False) -> bool:
        """Delete every key of the database."""
        return self.command("FLUSHDB", *([b"ASYNC"] if asynchronous else []))

    def info(self, section: str | None = None, *args: str) -> dict[str, Any]:
        """The server's description of itself, or sections of it, as a dict."""
        if section is None:
            return self.command("INFO")
        return self.command("INFO", _word(section), *map(_word, args))

    def memory_usage(self, key: KeyT, samples: int | None = None) -> int | None:
        """The bytes a key takes; an estimate from `samples` elements (0: all) if it has many."""
        args: list[Any] = ["MEMORY", b"USAGE", key]
        if samples is not None:
            args += (b"SAMPLES", samples)
        return self.command(*args)

    # -- lists -----------------------------------------------------------------------------------------------

    def blpop(self, keys: KeysT, timeout: float | None = 0) -> Any:
        """(list, first element) of the first list that has one; waits `timeout` seconds, 0 without end."""
        return self.command("BLPOP", *_listed(keys), timeout or 0)

    def brpop(self, keys: KeysT, timeout: float | None = 0) -> Any:
        """(list, last element) of the first list that has one; waits `timeout` seconds, 0 without end."""
        return self.command("BRPOP", *_listed(keys), timeout or 0)

    def linsert(self, name: KeyT, where: str, refvalue: EncodableT, value: EncodableT) -> int:
        """Insert `value` "BEFORE" or "AFTER" `refvalue`; the new length, -1 if there is no such element."""
        return self.command("LINSERT", name, _word(where), refvalue, value)

    def lmove(
        self, first_list: KeyT, second_list: KeyT, src: str = "LEFT", dest: str = "RIGHT"
    ) -> Any:
        """Move an element from an end of one list to an end of another, and return it."""
        return self.command("LMOVE", first_list, second_list, _word(src), _word(dest))

    def lpos(
        self,
        name: KeyT,
        value: EncodableT,
        rank: int | None = None,
        count: int | None = None,
        maxlen: int | None = None,
    ) -> Any:
        """The place of `value` in a list, or a list of `count` places."""
        args: list[Any] = ["LPOS", name, value]
        if rank is not None:
            args += (b"RANK", rank)
        if count is not None:
            args += (b"COUNT", count)
        if maxlen is not None:
            args += (b"MAXLEN", maxlen)
        return self.command(*args)

    # -- sets ------------------------------------------------------------------------------------------------

    def spop(self, name: KeyT, count: int | None = None) -> Any:
        """Remove and return one random member of a set, or a list of `count`."""
        return self.command_as(_unordered, *_counted("SPOP", name, count))

    def srandmember(self, name: KeyT, number: int | None = None) -> Any:
        """One random member of a set, or a list of `number`."""
        return self.command_as(_unordered, *_counted("SRANDMEMBER", name, number))

    # -- sorted sets -----------------------------------------------------------------------------------------

    def zadd(
        self,
        name: KeyT,
        mapping: Mapping[Any, EncodableT],
        nx: bool = False,
        xx: bool = False,
        ch: bool = False,
        incr: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Any:
        """Set the scores of members: {member: score}. The number of new (`ch`: changed) members; with
        `incr` the new score of the only member."""
        if not mapping:
            raise DataError("zadd needs at least one member")
        if (nx and (xx or gt or lt)) or (gt and lt):
            raise DataError("zadd takes one of nx, gt and lt, and not nx with xx")
        if incr and len(mapping) != 1:
            raise DataError("zadd with incr takes one member")
        args: list[Any] = ["ZADD", name]
        for wanted, token in (
            (nx, b"NX"),
            (xx, b"XX"),
            (ch, b"CH"),
            (incr, b"INCR"),
            (gt, b"GT"),
            (lt, b"LT"),
        ):
            if wanted:
                args.append(token)
        for member, score in mapping.items():
            args += (score.encode() if isinstance(score, str) else score, member)
        return self.command(*args)

    def zrange(
        self,
        name: KeyT,
        start: EncodableT,
        end: EncodableT,
        desc: bool = False,
        withscores: bool = False,
        score_cast_func: Callable[[Any], Any] = float,
        byscore: bool = False,
        bylex: bool = False,
        offset: int | None = None,
        num: int | None = None,
    ) -> list[Any]:
        """Members of a sorted set by rank, score or name; (member, score) pairs if `withscores`."""
        if byscore and bylex:
            raise DataError("zrange takes byscore or bylex, not both")
        if (offset is None) is not (num is None):
            raise DataError("zrange takes offset and num together")
        args: list[Any] = ["ZRANGE", name, _word(start), _word(end)]
        if bylex:
            # What follows their first character is part of a member's name.
            args[2:] = [_word(end) if end in ("-", "+") else end for end in (start, end)]
        if byscore:
            args.append(b"BYSCORE")
        if bylex:
            args.append(b"BYLEX")
        if desc:
            args.append(b"REV")
        if offset is not None:
            args += (b"LIMIT", offset, num)
        return self._with_scores(args, withscores, score_cast_func)

    def zrevrange(
        self,
        name: KeyT,
        start: int,
        end: int,
        withscores: bool = False,
        score_cast_func: Callable[[Any], Any] = float,
    ) -> list[Any]:
        """Members of a sorted set by rank, highest score first; (member, score) pairs if `withscores`."""
        return self._with_scores(["ZREVRANGE", name, start, end], withscores, score_cast_func)

    def _with_scores(self, args: list[Any], withscores: bool, cast: Callable[[Any], Any]) -> Any:
        if not withscores:
            return self.command_as(None, *args)
        scored = shapes.scored
        return self.command_as(lambda reply: scored(reply, cast), *args, b"WITHSCORES")


def _word(word: Any) -> Any:
    """As it is sent whatever the encoding of keys and values."""
    return word.encode() if isinstance(word, str) else word


def split(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The words of a command whose name, in one argument, may be two of them."""
    name = args[0] if args else None
    words = name.split() if isinstance(name, (str, bytes)) else [name]
    if not words and name:
        raise DataError("a command needs at least its name")
    if len(words) < 2:
        return args
    return words[0], *map(_word, words[1:]), *args[1:]


def _expiry(
    args: list[Any],
    ex: ExpiryT | None,
    px: ExpiryT | None,
    exat: AbsExpiryT | None,
    pxat: AbsExpiryT | None,
    keepttl: bool = False,
    persist: bool = False,
) -> None:
    chosen: list[Any] = []
    if ex is not None:
        chosen += (b"EX", _seconds(ex))
    if px is not None:
        chosen += (b"PX", _milliseconds(px))
    if exat is not None:
        chosen += (b"EXAT", _unix(exat))
    if pxat is not None:
        chosen += (b"PXAT", _unix_ms(pxat))
    if len(chosen) // 2 + keepttl + persist > 1:
        raise DataError("ex, px, exat, pxat, keepttl and persist exclude each other")
    if keepttl:
        chosen.append(b"KEEPTTL")
    if persist:
        chosen.append(b"PERSIST")
    args += chosen


def _expire_if(nx: bool, xx: bool, gt: bool, lt: bool) -> list[bytes]:
    return [
        token for wanted, token in ((nx, b"NX"), (xx, b"XX"), (gt, b"GT"), (lt, b"LT")) if wanted
    ]


# A datetime or timedelta is told by its methods: importing datetime costs more than all of this package.
def _seconds(time: ExpiryT) -> Any:
    duration: timedelta = time  # type: ignore[assignment]
    return int(duration.total_seconds()) if hasattr(time, "total_seconds") else time


def _milliseconds(time: ExpiryT) -> Any:
    duration: timedelta = time  # type: ignore[assignment]
    return int(duration.total_seconds() * 1000) if hasattr(time, "total_seconds") else time


def _unix(when: AbsExpiryT) -> Any:
    moment: datetime = when  # type: ignore[assignment]
    return int(moment.timestamp()) if hasattr(when, "timestamp") else when


def _unix_ms(when: AbsExpiryT) -> Any:
    moment: datetime = when  # type: ignore[assignment]
    return int(moment.timestamp() * 1000) if hasattr(when, "timestamp") else when


def _flat(mapping: Mapping[Any, EncodableT]) -> list[Any]:
    return [part for item in mapping.items() for part in item]


def _scan_options(args: list[Any], match: PatternT | None, count: int | None) -> None:
    if match is not None:
        args += (b"MATCH", match)
    if count is not None:
        args += (b"COUNT", count)


def _listed(keys: Any, more: Iterable[Any] = ()) -> list[Any]:
    """One key or several, and more keys, as one list."""
    single = isinstance(keys, (bytes, str, int, float, bytearray, memoryview))
    return [keys, *more] if single else [*keys, *more]


def _counted(name: str, key: KeyT, count: int | None) -> list[Any]:
    return [name, key] if count is None else [name, key, count]


def _unordered(reply: Any) -> Any:
    # RESP3 gives a set where RESP2 gives an array; redis-py gives a list for both.
    return list(reply) if isinstance(reply, set) else reply
