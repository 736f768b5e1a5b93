"""Commands on keys. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "DEL {*names}",
    examples=["delete('s', 'n', 'none')"],
)
def delete(*names: KeyT) -> int:
    """Delete a key."""


@command(
    "DUMP {name}",
    shape="bytes",
    examples=["dump('one')"],
)
def dump(name: KeyT) -> bytes | None:
    """Return a serialized version of the value stored at the specified key."""


@command(
    "EXISTS {*names}",
    examples=["exists('s', 's', 'none')"],
)
def exists(*names: KeyT) -> int:
    """Determine if a key exists."""


@command(
    "EXPIRETIME {key}",
    examples=["expiretime('e')"],
)
def expiretime(key: KeyT) -> int:
    """Get the expiration Unix timestamp for a key."""


@command(
    "KEYS {pattern}",
    examples=["keys()", "keys('one*')"],
)
def keys(pattern: PatternT = b"*") -> list[T]:
    """Find all keys matching the given pattern."""


@command(
    "MOVE {name} {db}",
    shape="truth",
    examples=["move('s', 9)"],
)
def move(name: KeyT, db: int) -> bool:
    """Move a key to another database."""


@command(
    "PERSIST {name}",
    shape="truth",
    examples=["persist('e')", "persist('s')"],
)
def persist(name: KeyT) -> bool:
    """Remove the expiration from a key."""


@command(
    "PEXPIRETIME {key}",
    examples=["pexpiretime('e')"],
)
def pexpiretime(key: KeyT) -> int:
    """Get the expiration Unix timestamp for a key in milliseconds."""


@command(
    "PTTL {name}",
    examples=["pttl('s')", "pttl('none')"],
)
def pttl(name: KeyT) -> int:
    """Get the time to live for a key in milliseconds."""


@command(
    "RANDOMKEY",
    examples=["randomkey()"],
)
def randomkey() -> T | None:
    """Return a random key from the keyspace."""


@command(
    "RENAME {src} {dst}",
    shape="ok",
    examples=["rename('s', 'd')", "rename('none', 'd')"],
)
def rename(src: KeyT, dst: KeyT) -> bool:
    """Rename a key."""


@command(
    "RENAMENX {src} {dst}",
    shape="truth",
    examples=["renamenx('s', 'n')", "renamenx('s', 'd')"],
)
def renamenx(src: KeyT, dst: KeyT) -> bool:
    """Rename a key, only if the new key does not exist."""


@command(
    "TOUCH {*args}",
    examples=["touch('s', 'none')"],
)
def touch(*args: KeyT) -> int:
    """Alters the last access time of a key(s). Returns the number of existing keys specified."""


@command(
    "TTL {name}",
    examples=["ttl('s')"],
)
def ttl(name: KeyT) -> int:
    """Get the time to live for a key in seconds."""


@command(
    "TYPE {name}",
    shape="state",
    examples=["type('h')"],
)
def type(name: KeyT) -> T:
    """Determine the type stored at key."""


@command(
    "UNLINK {*names}",
    examples=["unlink('s', 'none')"],
)
def unlink(*names: KeyT) -> int:
    """Delete a key asynchronously in another thread. Otherwise it is just as DEL, but non blocking."""


@command(
    "WAIT {num_replicas} {timeout}",
    examples=["wait(0, 10)"],
)
def wait(num_replicas: int, timeout: int) -> int:
    """Wait for the synchronous replication of all the write commands sent in the context of the current connection."""


@command(
    "COPY {source} {destination} [DB {destination_db}] replace?REPLACE",
    shape="truth",
    examples=[
        "copy('s', 'd')",
        "copy('s', 'n')",
        "copy('s', 'n', replace=True)",
        "copy('s', 'n', destination_db=9, replace=True)",
    ],
)
def copy(
    source: KeyT, destination: KeyT, destination_db: int | None = None, replace: bool = False
) -> bool:
    """Copy a value to another key, in another database if wanted; whether it was copied."""


@command(
    "EXPIRE {name} {time:s} nx?NX xx?XX gt?GT lt?LT",
    shape="truth",
    one_of="nx xx, nx gt, nx lt, gt lt",
    examples=[
        "expire('s', 100)",
        "expire('s', SOON)",
        "expire('s', 100, nx=True)",
        "expire('s', 100, xx=True)",
        "expire('e', 100, lt=True)",
        "expire('e', 100, gt=True)",
        "expire('none', 100)",
    ],
)
def expire(
    name: KeyT,
    time: ExpiryT,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> bool:
    """Let a key expire after `time` seconds; whether that was set."""


@command(
    "EXPIREAT {name} {when:unix} nx?NX xx?XX gt?GT lt?LT",
    shape="truth",
    one_of="nx xx, nx gt, nx lt, gt lt",
    examples=["expireat('s', 4102444800)", "expireat('s', LATER)"],
)
def expireat(
    name: KeyT,
    when: AbsExpiryT,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> bool:
    """Let a key expire at a time, a datetime or seconds since 1970; whether that was set."""


@command(
    "PEXPIRE {name} {time:ms} nx?NX xx?XX gt?GT lt?LT",
    shape="truth",
    one_of="nx xx, nx gt, nx lt, gt lt",
    examples=["pexpire('s', 100000)", "pexpire('s', SOON)"],
)
def pexpire(
    name: KeyT,
    time: ExpiryT,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> bool:
    """Let a key expire after `time` milliseconds; whether that was set."""


@command(
    "PEXPIREAT {name} {when:unix_ms} nx?NX xx?XX gt?GT lt?LT",
    shape="truth",
    one_of="nx xx, nx gt, nx lt, gt lt",
    examples=["pexpireat('s', 4102444800000)", "pexpireat('s', LATER)"],
)
def pexpireat(
    name: KeyT,
    when: AbsExpiryT,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> bool:
    """Let a key expire at a time, a datetime or milliseconds since 1970; whether that was set."""


@command("OBJECT {infotype} {key}", examples=["object('encoding', 's')", "object('refcount', 'h')"])
def object(infotype: str, key: KeyT) -> T | int | None:
    """Internals of the value of a key: its "encoding", "freq", "idletime" or "refcount"."""


@command(
    "RESTORE {name} {ttl} {value} replace?REPLACE absttl?ABSTTL [IDLETIME {idletime}] [FREQ {frequency}]",
    shape="state",
    examples=["restore('d', 0, b'\\x00\\xc0\\x01\\x0b\\x00|\\xbb\\x0f1\\xc6\\xf0Y\\xed')"],
)
def restore(
    name: KeyT,
    ttl: float,
    value: EncodableT,
    replace: bool = False,
    absttl: bool = False,
    idletime: int | None = None,
    frequency: int | None = None,
) -> T:
    """Create a key from what DUMP gave."""


@command(
    "SCAN {cursor} [MATCH {match}] [COUNT {count}] [TYPE {_type}]",
    shape="scan",
    examples=["scan(0, 'one*', 1000)", "scan(0, _type='zset', count=1000)"],
)
def scan(
    cursor: int = 0,
    match: PatternT | None = None,
    count: int | None = None,
    _type: str | None = None,
) -> tuple[int, list[T]]:
    """One step through the keys of the database: the next cursor, 0 at the end, and a list of keys."""


@command(
    "SORT",
    shape_if={"groups": "keys.grouped(get)"},
    returns_if={
        "store": "int",
        "groups": "list[tuple[T | None, ...]]",
        "else": "list[T | None]",
    },
    examples=[
        "sort('l', alpha=True)",
        "sort('l', alpha=True, desc=True, start=0, num=2)",
        "sort('l', by='nosort', get=['#', 'h->*'], groups=True)",
        "sort('l', alpha=True, get='#')",
        "sort('l', alpha=True, store='d')",
    ],
)
def sort(
    name: KeyT,
    start: int | None = None,
    num: int | None = None,
    by: PatternT | None = None,
    get: PatternT | Sequence[PatternT] | None = None,
    desc: bool = False,
    alpha: bool = False,
    store: KeyT | None = None,
    groups: bool | None = False,
) -> list[T | None] | list[tuple[T | None, ...]] | int:
    """The sorted elements of a list, set or sorted set; their number if they are put into `store`.

    With `get`, what the keys hold that these patterns make of the elements; `groups` gives that of each element in a tuple.
    """
    if groups and len([] if get is None else listed(get)) < 2:
        raise DataError("sort with groups needs at least two patterns in get")
    storing = () if store is None else (b"STORE", store)
    return [name, *sorting(start, num, by, get, desc, alpha), *storing]


@command(
    "SORT_RO",
    examples=[
        "sort_ro('l', alpha=True)",
        "sort_ro('l', 1, 2, alpha=True, desc=True)",
        "sort_ro('l', by='nosort', get=['#', 'h->*'])",
        "sort_ro('l', start=1)",
    ],
)
def sort_ro(
    key: KeyT,
    start: int | None = None,
    num: int | None = None,
    by: PatternT | None = None,
    get: PatternT | Sequence[PatternT] | None = None,
    desc: bool = False,
    alpha: bool = False,
) -> list[T | None]:
    """`sort` without what it may store, which replicas answer too."""
    return [key, *sorting(start, num, by, get, desc, alpha)]


@command("BLESS|CLEAR {name} {flag}", shape="truth", examples=["bless_clear('s')"])
def bless_clear(name: KeyT, flag: Literal["NO-EVICT"] = "NO-EVICT") -> bool:
    """Let the server evict a key again when memory is short; whether it was protected."""


@command("BLESS|GET {name}", examples=["bless_get('s')"])
def bless_get(name: KeyT) -> list[T]:
    """What protects a key: [b"NO-EVICT"], or nothing."""


@command(
    "BLESS|SCAN {cursor} {flag} [COUNT {count}]",
    shape="scan",
    examples=["bless_scan()", "bless_scan(7, count=100)"],
)
def bless_scan(
    cursor: int = 0, flag: Literal["NO-EVICT"] = "NO-EVICT", *, count: int | None = None
) -> tuple[int, list[T]]:
    """One step through the keys that are protected: the next cursor, 0 at the end, and a list of keys."""


@command("BLESS|SET {name} {flag}", shape="truth", examples=["bless_set('s')"])
def bless_set(name: KeyT, flag: Literal["NO-EVICT"] = "NO-EVICT") -> bool:
    """Let the server not evict a key when memory is short; whether that is new."""
