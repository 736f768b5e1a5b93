"""Commands on streams. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "XACK {name} {groupname} {*ids}",
    examples=["xack('x', 'g', '1-1', '1-2')", "xack('x', 'g', '9-9')", "xack('none', 'g', '1-1')"],
)
def xack(name: KeyT, groupname: KeyT, *ids: StreamIdT) -> int:
    """Tell a group that entries are done with; the number of those that were pending."""


@command(
    "XACKDEL {name} {groupname} {ref_policy} IDS {#ids} {*ids}",
    needs="ids",
    examples=[
        "xackdel('x', 'g', '1-1', '1-2')",
        "xackdel('x', 'g', '1-1', '9-9', ref_policy='DELREF')",
        "xackdel('x', 'g', '1-1', ref_policy='ACKED')",
        "xackdel('x', 'g')",
    ],
)
def xackdel(
    name: KeyT,
    groupname: KeyT,
    *ids: StreamIdT,
    ref_policy: Literal["KEEPREF", "DELREF", "ACKED"] = "KEEPREF",
) -> list[int]:
    """Acknowledge entries and delete them: for each 1, or -1 if it was not pending, or 2 if others still refer to it.

    `ref_policy` says what becomes of other groups' references: they stay ("KEEPREF"), go too ("DELREF"), or keep the entry
    until every group has acknowledged it ("ACKED").
    """


@command(
    "XADD",
    one_of="maxlen minid, idmpauto idmp",
    needs="fields",
    examples=[
        "xadd('x', {'a': 1, 'b': 'two'}, id='9-9')",
        "xadd('x', {'a': 1}, id='1-1')",
        "xadd('none', {'a': 1}, id='1-1', nomkstream=True)",
        "xadd('x', {'a': 1}, id='9-9', maxlen=2)",
        "xadd('x', {'a': 1}, id='9-9', maxlen=2, approximate=False)",
        "xadd('x', {'a': 1}, id='9-9', maxlen=2, limit=100)",
        "xadd('x', {'a': 1}, id='9-9', minid='1-2', approximate=False)",
        "xadd('x', {'a': 1}, id='9-9', minid='1-2')",
        "xadd('x', {'a': 1}, id='9-9', maxlen=2, ref_policy='DELREF')",
        "xadd('x', {'a': 1}, idmpauto='producer')",
        "xadd('x', {'a': 1}, idmp=('producer', b'1'))",
        "xadd('x', {'a': 1}, idmp=('producer', b'1'), idmpauto='producer')",
        "xadd('x', {'a': 1}, id='9-9', idmpauto='producer')",
        "xadd('x', {'a': 1}, maxlen=2, minid='1-2')",
        "xadd('x', {})",
    ],
)
def xadd(
    name: KeyT,
    fields: Mapping[Any, EncodableT],
    id: StreamIdT = "*",
    maxlen: int | None = None,
    approximate: bool = True,
    nomkstream: bool = False,
    minid: StreamIdT | None = None,
    limit: int | None = None,
    ref_policy: Literal["KEEPREF", "DELREF", "ACKED"] | None = None,
    idmpauto: EncodableT | None = None,
    idmp: tuple[EncodableT, EncodableT] | None = None,
) -> T | None:
    """Append an entry and return its ID, or None if there is no such stream and `nomkstream` forbids to make one.

    The stream is trimmed to `maxlen` entries, or to those from `minid` on; if `approximate`, only as far as that is cheap, and with
    `limit` no more entries than that are looked at. `ref_policy` says what becomes of groups' references to entries that go.

    With `idmp`, a producer and what tells its entries apart, or `idmpauto`, a producer whose entries are told apart by their
    content, an entry that is sent again is not added again.
    """
    if (idmpauto is not None or idmp is not None) and id != "*":
        raise DataError("xadd takes idmpauto and idmp only with the id '*'")
    if idmp is not None and len(idmp) != 2:
        raise DataError("idmp of xadd is a producer and an id")
    policy = () if ref_policy is None else (word(ref_policy),)
    producer = (b"IDMPAUTO", idmpauto) if idmpauto is not None else ()
    entry = (b"IDMP", *idmp) if idmp is not None else ()
    about = (b"~",) if approximate else ()
    length = (b"MAXLEN", *about, maxlen) if maxlen is not None else ()
    first = (b"MINID", *about, word(minid)) if minid is not None else ()
    most = (b"LIMIT", limit) if limit is not None else ()
    return [
        name,
        *words_of(NOMKSTREAM=nomkstream),
        *policy,
        *producer,
        *entry,
        *length,
        *first,
        *most,
        word(id),
        *flat(fields),
    ]


@command(
    "XAUTOCLAIM {name} {groupname} {consumername} {min_idle_time} {start_id} [COUNT {count}] justid?JUSTID",
    shape="streams.autoclaimed",
    shape_if={"justid": "streams.autoclaimed_ids"},
    returns_if={
        "justid": "list[T]",
        "else": "list[T | list[tuple[T, dict[T, T]]] | list[T]]",
    },
    examples=[
        "xautoclaim('x', 'g', 'other', 0)",
        "xautoclaim('x', 'g', 'other', 0, '1-2', count=1)",
        "xautoclaim('x', 'g', 'other', 0, count=1)",
        "xautoclaim('x', 'g', 'other', 0, justid=True)",
        "xautoclaim('x', 'g', 'other', 100000)",
        "xautoclaim('x', 'none', 'other', 0)",
    ],
)
def xautoclaim(
    name: KeyT,
    groupname: KeyT,
    consumername: KeyT,
    min_idle_time: int,
    start_id: StreamIdT = "0-0",
    count: int | None = None,
    justid: bool = False,
) -> list[T | list[tuple[T, dict[T, T]]] | list[T]] | list[T]:
    """Take over entries that a group's consumers have left pending for `min_idle_time` milliseconds, beginning at `start_id`.

    Gives the ID to begin with next time, the (ID, fields) of the entries, and, from Redis 7.0 on, the IDs of those that were
    pending but no longer are in the stream; with `justid` only the IDs of the entries.
    """


@command(
    "XCFGSET {name} [IDMP-DURATION {idmp_duration}] [IDMP-MAXSIZE {idmp_maxsize}]",
    needs="idmp_duration idmp_maxsize",
    examples=[
        "xcfgset('x', 100)",
        "xcfgset('x', idmp_maxsize=10)",
        "xcfgset('x', 100, 10)",
        "xcfgset('x')",
    ],
)
def xcfgset(name: KeyT, idmp_duration: int | None = None, idmp_maxsize: int | None = None) -> T:
    """Set for how many seconds, and of how many entries, a stream remembers what tells a producer's entries apart."""


@command(
    "XCLAIM {name} {groupname} {consumername} {min_idle_time} {*message_ids} [IDLE {idle}] [TIME {time}] [RETRYCOUNT {retrycount}]"
    " force?FORCE justid?JUSTID [LASTID {lastid}]",
    shape="streams.entries",
    needs="message_ids",
    returns_if={"justid": "list[T]", "else": "list[tuple[T, dict[T, T]]]"},
    examples=[
        "xclaim('x', 'g', 'other', 0, ['1-1', '1-2'])",
        "xclaim('x', 'g', 'other', 0, ('1-1', '9-9'))",
        "xclaim('x', 'g', 'other', 100000, ['1-1'])",
        "xclaim('x', 'g', 'other', 0, ['1-1', '1-2'], justid=True)",
        "xclaim('x', 'g', 'other', 0, ['1-1'], idle=1000, retrycount=7)",
        "xclaim('x', 'g', 'other', 0, ['1-3'], time=1000, force=True)",
        "xclaim('x', 'g', 'other', 0, [])",
    ],
)
def xclaim(
    name: KeyT,
    groupname: KeyT,
    consumername: KeyT,
    min_idle_time: int,
    message_ids: Sequence[StreamIdT],
    idle: int | None = None,
    time: int | None = None,
    retrycount: int | None = None,
    force: bool = False,
    justid: bool = False,
    *,
    lastid: StreamIdT | None = None,
) -> list[tuple[T, dict[T, T]]] | list[T]:
    """Take over pending entries of a group's other consumers, if they are idle for `min_idle_time` milliseconds: their (ID, fields).

    They count as idle since now, or for `idle` milliseconds, or since the unix time `time` in milliseconds, and as delivered
    `retrycount` times. With `force` they need not be pending; with `justid` only the IDs come back. `lastid` is what the group has
    got to, if that is later than what it knows.
    """


@command("XDEL {name} {*ids}", examples=["xdel('x', '1-1', '9-9')", "xdel('none', '1-1')"])
def xdel(name: KeyT, *ids: StreamIdT) -> int:
    """Remove entries from a stream; the number of those that were there."""


@command(
    "XDELEX {name} {ref_policy} IDS {#ids} {*ids}",
    needs="ids",
    examples=[
        "xdelex('x', '1-1', '9-9')",
        "xdelex('x', '1-1', ref_policy='DELREF')",
        "xdelex('x', '1-1', ref_policy='ACKED')",
        "xdelex('x')",
    ],
)
def xdelex(
    name: KeyT, *ids: StreamIdT, ref_policy: Literal["KEEPREF", "DELREF", "ACKED"] = "KEEPREF"
) -> list[int]:
    """Remove entries from a stream: for each 1, or -1 if there is none, or 2 if groups still refer to it.

    `ref_policy` says what becomes of groups' references: they stay ("KEEPREF"), go too ("DELREF"), or keep the entry until every
    group has acknowledged it ("ACKED").
    """


@command(
    "XGROUP|CREATE {name} {groupname} {id} mkstream?MKSTREAM [ENTRIESREAD {entries_read}]",
    shape="ok",
    examples=[
        "xgroup_create('x', 'new')",
        "xgroup_create('x', 'new', 0)",
        "xgroup_create('x', 'g')",
        "xgroup_create('none', 'new')",
        "xgroup_create('none', 'new', mkstream=True)",
        "xgroup_create('x', 'new', '1-1', entries_read=1)",
    ],
)
def xgroup_create(
    name: KeyT,
    groupname: KeyT,
    id: StreamIdT = "$",
    mkstream: bool = False,
    entries_read: int | None = None,
) -> bool:
    """Make a group of consumers that reads what comes after the entry `id`, by default after the last one.

    With `mkstream`, the stream is made too if there is none. `entries_read` is how many entries the group counts as read.
    """


@command(
    "XGROUP|CREATECONSUMER {name} {groupname} {consumername}",
    examples=["xgroup_createconsumer('x', 'g', 'new')", "xgroup_createconsumer('x', 'g', 'c')"],
)
def xgroup_createconsumer(name: KeyT, groupname: KeyT, consumername: KeyT) -> int:
    """Add a consumer to a group; 1, or 0 if the group has it already."""


@command(
    "XGROUP|DELCONSUMER {name} {groupname} {consumername}",
    examples=["xgroup_delconsumer('x', 'g', 'c')", "xgroup_delconsumer('x', 'g', 'none')"],
)
def xgroup_delconsumer(name: KeyT, groupname: KeyT, consumername: KeyT) -> int:
    """Remove a consumer from a group; the number of entries that it leaves pending, which nobody can claim any more."""


@command(
    "XGROUP|DESTROY {name} {groupname}",
    shape="truth",
    examples=["xgroup_destroy('x', 'g')", "xgroup_destroy('x', 'none')"],
)
def xgroup_destroy(name: KeyT, groupname: KeyT) -> bool:
    """Remove a group with all its consumers; whether there was one."""


@command(
    "XGROUP|SETID {name} {groupname} {id} [ENTRIESREAD {entries_read}]",
    shape="ok",
    examples=["xgroup_setid('x', 'g', 0)", "xgroup_setid('x', 'g', '1-1', entries_read=1)"],
)
def xgroup_setid(
    name: KeyT, groupname: KeyT, id: StreamIdT, entries_read: int | None = None
) -> bool:
    """Let a group go on with what comes after the entry `id`."""


@command(
    "XINFO|CONSUMERS {name} {groupname}",
    shape="streams.named",
    examples=["xinfo_consumers('x', 'none')", "xinfo_consumers('x', 'idle')"],
)
def xinfo_consumers(name: KeyT, groupname: KeyT) -> list[dict[str, T | int]]:
    """What the server tells of each consumer of a group."""


@command(
    "XINFO|GROUPS {name}",
    shape="streams.named",
    examples=["xinfo_groups('x')", "xinfo_groups('one')", "xinfo_groups('none')"],
)
def xinfo_groups(name: KeyT) -> list[dict[str, T | int | None]]:
    """What the server tells of each group of a stream."""


@command(
    "XINFO|STREAM",
    shape="streams.info",
    examples=[
        "xinfo_stream('x')",
        "xinfo_stream('nogroups')",
        "xinfo_stream('empty')",
        "xinfo_stream('nogroups', full=True)",
        "xinfo_stream('none', full=True)",
    ],
)
def xinfo_stream(name: KeyT, full: bool = False, count: int | None = None) -> dict[str, Any]:
    """What the server tells of a stream; its first and last entry are (ID, fields), or None.

    With `full`, the entries are {ID: fields} instead, the first `count` of them (by default 10, 0 means all), and there is more
    about the groups and their consumers.
    """
    if count is not None and not full:
        raise DataError("xinfo_stream takes count only with full")
    most = () if count is None else (b"COUNT", positive(count))
    return [name, *words_of(FULL=full), *most]


@command("XLEN {name}", examples=["xlen('x')", "xlen('none')", "xlen('s')"])
def xlen(name: KeyT) -> int:
    """The number of entries in a stream."""


@command(
    "XNACK {name} {groupname} {mode} IDS {#ids} {*ids} [RETRYCOUNT {retrycount}] force?FORCE",
    needs="ids",
    examples=[
        "xnack('x', 'g', 'FAIL', '1-1', '1-2')",
        "xnack('x', 'g', 'SILENT', '1-1', retrycount=3, force=True)",
        "xnack('x', 'g', 'FATAL')",
    ],
)
def xnack(
    name: KeyT,
    groupname: KeyT,
    mode: Literal["SILENT", "FAIL", "FATAL"],
    *ids: StreamIdT,
    retrycount: int | None = None,
    force: bool = False,
) -> int:
    """Give pending entries back to their group, for any consumer to take at once; the number of those given back.

    The delivery does not count ("SILENT"), counts as failed ("FAIL"), or as the last one of an entry that nobody can work on
    ("FATAL"); `retrycount` sets how many deliveries count. With `force`, entries need not be pending.
    """


@command(
    "XPENDING {name} {groupname}",
    shape="streams.pending",
    examples=["xpending('x', 'g')", "xpending('x', 'idle')", "xpending('x', 'none')"],
)
def xpending(name: KeyT, groupname: KeyT) -> dict[str, int | T | list[dict[str, T | int]] | None]:
    """How many entries of a group are pending, the lowest and the highest of their IDs, and how many of them are whose."""


@command(
    "XPENDING",
    shape="streams.pending",
    returns_if={
        "min max count": "list[dict[str, T | int]]",
        "else": "dict[str, int | T | list[dict[str, T | int]] | None]",
    },
    examples=[
        "xpending_range('x', 'g', '9-0', '+', 10)",
        "xpending_range('x', 'g', '-', '+', 10, consumername='none')",
        "xpending_range('x', 'g', '-', '+', 10, idle=100000)",
        "xpending_range('x', 'g', '-', '+', 10, consumername='c', idle=100000)",
        "xpending_range('x', 'g', None, None, None)",
        "xpending_range('x', 'g', None, None, None, idle=1)",
        "xpending_range('x', 'g', '-', None, 10)",
    ],
)
def xpending_range(
    name: KeyT,
    groupname: KeyT,
    min: StreamIdT | None,
    max: StreamIdT | None,
    count: int | None,
    consumername: KeyT | None = None,
    idle: int | None = None,
) -> list[dict[str, T | int]] | dict[str, int | T | list[dict[str, T | int]] | None]:
    """Up to `count` pending entries of a group, or of one consumer: of each its ID, whose it is, since when, and how often delivered.

    With `idle`, only those that nobody has touched for that many milliseconds. What `xpending` gives if these three are None.
    """
    given = [argument is not None for argument in (min, max, count)]
    if any(given) is not all(given):
        raise DataError("xpending_range takes min, max and count together")
    if not any(given):
        if idle is not None or consumername is not None:
            raise DataError(
                "xpending_range takes idle and consumername only with min, max and count"
            )
        return [name, groupname]
    least = () if idle is None else (b"IDLE", idle)
    whose = (consumername,) if consumername else ()
    return [name, groupname, *least, word(min), word(max), count, *whose]


@command(
    "XRANGE {name} {min} {max} [COUNT {count:positive}]",
    shape="streams.entries",
    examples=[
        "xrange('x')",
        "xrange('x', '1-2', '1-3')",
        "xrange('x', '(1-1', count=1)",
        "xrange('none')",
        "xrange('s')",
    ],
)
def xrange(
    name: KeyT, min: StreamIdT = "-", max: StreamIdT = "+", count: int | None = None
) -> list[tuple[T, dict[T, T]]]:
    """The (ID, fields) of the entries from `min` to `max`, the first `count` of them. An ID behind "(" is excluded."""


@command(
    "XREAD",
    shape="streams.by_stream",
    needs="streams",
    order="redis-py's; servers take any",
    examples=[
        "xread({'x': 0})",
        "xread({'x': '1-1', 'nogroups': 0}, count=1)",
        "xread({'none': 0})",
        "xread({'x': '$'}, block=1)",
        "xread({'x': 0}, count=1, block=1)",
        "xread({'x': 0}, max_count=2, max_size=100)",
        "xread({})",
    ],
)
def xread(
    streams: Mapping[Any, StreamIdT],
    count: int | None = None,
    block: int | None = None,
    max_count: int | None = None,
    max_size: int | None = None,
) -> list[list[T | list[tuple[T, dict[T, T]]]]]:
    """Entries after those whose IDs are given as {stream: ID}: a list of [stream, list of (ID, fields)] of the streams that have some.

    Gives up to `count` entries of each stream. If there are none, it waits for `block` milliseconds, with 0 without end. `max_count`
    and `max_size` are how many entries, and about how many bytes, there may be in all.
    """
    wait = () if block is None else (b"BLOCK", block)
    most = () if count is None else (b"COUNT", positive(count))
    all_most = () if max_count is None else (b"MAXCOUNT", max_count)
    size = () if max_size is None else (b"MAXSIZE", max_size)
    return [*wait, *most, *all_most, *size, b"STREAMS", *streams, *map(word, streams.values())]


@command(
    "XREADGROUP",
    shape="streams.by_stream",
    needs="streams",
    examples=[
        "xreadgroup('g', 'c', {'x': '>'})",
        "xreadgroup('g', 'c', {'x': 0})",
        "xreadgroup('g', 'c', {'x': '>'}, count=1, noack=True)",
        "xreadgroup('idle', 'c', {'x': '>'}, block=1)",
        "xreadgroup('end', 'c', {'x': '>'})",
        "xreadgroup('end', 'c', {'x': '>'}, block=1)",
        "xreadgroup('none', 'c', {'x': '>'})",
        "xreadgroup('gone', 'c', {'deleted': 0})",
        "xreadgroup('g', 'c', {'x': '>'}, claim_min_idle_time=0)",
        "xreadgroup('g', 'c', {'x': '>'}, count=1, max_count=2, max_size=100)",
        "xreadgroup('g', 'c', {})",
    ],
)
def xreadgroup(
    groupname: KeyT,
    consumername: KeyT,
    streams: Mapping[Any, StreamIdT],
    count: int | None = None,
    block: int | None = None,
    noack: bool = False,
    claim_min_idle_time: int | None = None,
    max_count: int | None = None,
    max_size: int | None = None,
) -> list[list[T | list[tuple[T, dict[T, T]] | tuple[T, dict[T, T], int, int]]]]:
    """Entries for a consumer of a group, as xread gives them: after the ID ">" new ones, after another one those pending for it.

    With `noack`, they do not become pending. With `claim_min_idle_time`, those that others have left pending for that many
    milliseconds come first, and all have besides for how many milliseconds they were idle, and how often they were delivered.
    Of entries that are no longer in the stream, the fields are {}.
    """
    most = () if count is None else (b"COUNT", positive(count))
    all_most = () if max_count is None else (b"MAXCOUNT", max_count)
    size = () if max_size is None else (b"MAXSIZE", max_size)
    wait = () if block is None else (b"BLOCK", block)
    claim = () if claim_min_idle_time is None else (b"CLAIM", claim_min_idle_time)
    return [
        b"GROUP",
        groupname,
        consumername,
        *most,
        *all_most,
        *size,
        *wait,
        *words_of(NOACK=noack),
        *claim,
        b"STREAMS",
        *streams,
        *map(word, streams.values()),
    ]


@command(
    "XREVRANGE {name} {max} {min} [COUNT {count:positive}]",
    shape="streams.entries",
    examples=["xrevrange('x')", "xrevrange('x', '1-2')", "xrevrange('x', '+', '-', count=1)"],
)
def xrevrange(
    name: KeyT, max: StreamIdT = "+", min: StreamIdT = "-", count: int | None = None
) -> list[tuple[T, dict[T, T]]]:
    """The (ID, fields) of the entries from `max` down to `min`, the first `count` of them."""


@command(
    "XSETID {name} {last_id} [ENTRIESADDED {entries_added}] [MAXDELETEDID {max_deleted_id}]",
    shape="ok",
    examples=[
        "xsetid('x', '9-9')",
        "xsetid('x', '9-9', entries_added=7, max_deleted_id='1-1')",
    ],
)
def xsetid(
    name: KeyT,
    last_id: StreamIdT,
    entries_added: int | None = None,
    max_deleted_id: StreamIdT | None = None,
) -> bool:
    """Set the last ID of a stream, how many entries were ever added, and the highest ID of those deleted."""


@command(
    "XTRIM",
    one_of="maxlen minid",
    needs="maxlen minid",
    examples=[
        "xtrim('x', 1, approximate=False)",
        "xtrim('x', 0)",
        "xtrim('x', 1, limit=100)",
        "xtrim('x', minid='1-2', approximate=False)",
        "xtrim('x', 1, approximate=False, ref_policy='KEEPREF')",
        "xtrim('x', 1, minid='1-2')",
        "xtrim('x')",
    ],
)
def xtrim(
    name: KeyT,
    maxlen: int | None = None,
    approximate: bool = True,
    minid: StreamIdT | None = None,
    limit: int | None = None,
    ref_policy: Literal["KEEPREF", "DELREF", "ACKED"] | None = None,
) -> int:
    """Remove old entries of a stream, down to `maxlen` of them or to those from `minid` on; the number of those removed.

    If `approximate`, only as far as that is cheap, and with `limit` no more entries than that are looked at. `ref_policy` says what
    becomes of groups' references to them.
    """
    about = (b"~",) if approximate else ()
    end = (b"MAXLEN", *about, maxlen) if minid is None else (b"MINID", *about, word(minid))
    most = () if limit is None else (b"LIMIT", limit)
    policy = () if ref_policy is None else (word(ref_policy),)
    return [name, *end, *most, *policy]
