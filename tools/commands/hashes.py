"""Commands on hashes. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "HDEL {name} {*keys}",
    examples=["hdel('h', 'a', 'x')"],
)
def hdel(name: KeyT, *keys: FieldT) -> int:
    """Delete one or more hash fields."""


@command(
    "HEXISTS {name} {key}",
    shape="truth",
    examples=["hexists('h', 'a')", "hexists('h', 'x')"],
)
def hexists(name: KeyT, key: FieldT) -> bool:
    """Determine if a hash field exists."""


@command(
    "HGET {name} {key}",
    examples=["hget('h', 'a')", "hget('h', 'x')"],
)
def hget(name: KeyT, key: FieldT) -> T | None:
    """Get the value of a hash field."""


@command(
    "HGETALL {name}",
    shape="pairs",
    examples=["hgetall('h')", "hgetall('none')"],
)
def hgetall(name: KeyT) -> dict[T, T]:
    """Get all the fields and values in a hash."""


@command(
    "HINCRBY {name} {key} {amount}",
    examples=["hincrby('h', 'a')", "hincrby('h', 'a', 4)"],
)
def hincrby(name: KeyT, key: FieldT, amount: int = 1) -> int:
    """Increment the integer value of a hash field by the given number."""


@command(
    "HINCRBYFLOAT {name} {key} {amount}",
    shape="number",
    examples=["hincrbyfloat('h', 'a', 0.5)"],
)
def hincrbyfloat(name: KeyT, key: FieldT, amount: float = 1.0) -> float:
    """Increment the float value of a hash field by the given amount."""


@command(
    "HKEYS {name}",
    examples=["hkeys('h')"],
)
def hkeys(name: KeyT) -> list[T]:
    """Get all the fields in a hash."""


@command(
    "HLEN {name}",
    examples=["hlen('h')"],
)
def hlen(name: KeyT) -> int:
    """Get the number of fields in a hash."""


@command(
    "HMGET {name} {*keys+args}",
    examples=["hmget('h', 'a', 'x')", "hmget('h', ['a', 'x'])"],
)
def hmget(name: KeyT, keys: KeysT, *args: FieldT) -> list[T | None]:
    """Get the values of all the given hash fields."""


@command(
    "HSETNX {name} {key} {value}",
    examples=["hsetnx('h', 'a', 'v')", "hsetnx('h', 'z', 'v')"],
)
def hsetnx(name: KeyT, key: FieldT, value: EncodableT) -> int:
    """Set the value of a hash field, only if the field does not exist."""


@command(
    "HSTRLEN {name} {key}",
    examples=["hstrlen('h', 'a')"],
)
def hstrlen(name: KeyT, key: FieldT) -> int:
    """Get the length of the value of a hash field."""


@command(
    "HVALS {name}",
    examples=["hvals('h')"],
)
def hvals(name: KeyT) -> list[T]:
    """Get all the values in a hash."""


@command(
    "HSET",
    plain=3,
    examples=[
        "hset('h', 'a', 'v')",
        "hset('h', mapping={'a': 1, 'c': 2})",
        "hset('h', items=['d', 1, 'e', 2])",
        "hset('h', 'x', 'y', {'q': 1}, ['r', 2])",
        "hset('h')",
    ],
)
def hset(
    name: KeyT,
    key: FieldT | None = None,
    value: EncodableT | None = None,
    mapping: Mapping[Any, EncodableT] | None = None,
    items: Sequence[EncodableT] | None = None,
) -> int:
    """Set fields of a hash: one `key` to `value`, a `mapping`, a flat list of `items`, or all of them.

    Returns the number of fields that are new.
    """
    if mapping is None and items is None and key is not None:
        return [name, key, value]
    if key is None and not mapping and not items:
        raise DataError("hset needs at least one field: a key, a mapping or items")
    fields = [*(items or ()), *(() if key is None else (key, value)), *flat(mapping or {})]
    return [name, *fields]


@command(
    "HMSET {name} {mapping:flat}",
    shape="truth",
    needs="mapping",
    examples=["hmset('h', {'a': 1, 'c': 2})", "hmset('h', {})"],
)
def hmset(name: KeyT, mapping: Mapping[Any, EncodableT]) -> bool:
    """Set fields of a hash. `hset` does the same and returns more."""


@command(
    "HRANDFIELD {key} [{count}] withvalues?WITHVALUES",
    shape="flat",
    examples=[
        "hrandfield('one-field')",
        "hrandfield('one-field', 1)",
        "hrandfield('one-field', 2, withvalues=True)",
        "hrandfield('none', 2, withvalues=True)",
    ],
    returns_if={"count": "list[T]", "else": "T | None"},
)
def hrandfield(key: KeyT, count: int | None = None, withvalues: bool = False) -> T | list[T] | None:
    """One random field of a hash, or a list of `count` of them, with their values if wanted."""


@command(
    "HSCAN {name} {cursor} [MATCH {match}] [COUNT {count}] no_values?NOVALUES",
    shape="hscan",
    shape_if={"no_values": "scan", "else": "hscan"},
    examples=["hscan('h')", "hscan('h', 0, 'a*', 10)", "hscan('none')"],
    returns_if={"no_values": "tuple[int, list[T]]", "else": "tuple[int, dict[T, T]]"},
)
def hscan(
    name: KeyT,
    cursor: int = 0,
    match: PatternT | None = None,
    count: int | None = None,
    no_values: bool | None = None,
) -> tuple[int, dict[T, T] | list[T]]:
    """One step through the fields of a hash: the next cursor, 0 at the end, and a dict, or a list of fields."""


@command(
    "HEXPIRE {name} {seconds:s} nx?NX xx?XX gt?GT lt?LT FIELDS {#fields} {*fields}",
    one_of="nx xx gt lt",
    needs="fields",
    examples=[
        "hexpire('h', 100, 'a', 'x')",
        "hexpire('h', SOON, 'a')",
        "hexpire('h', 100, 'a', nx=True)",
        "hexpire('h', 100, 'a', xx=True)",
        "hexpire('h', 100, 'a', gt=True)",
        "hexpire('h', 100, 'a', lt=True)",
        "hexpire('none', 100, 'a')",
    ],
)
def hexpire(
    name: KeyT,
    seconds: ExpiryT,
    *fields: FieldT,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> list[int]:
    """Let fields of a hash expire after `seconds`.

    For each of them 1 if that was set, 0 if a condition prevented it, 2 if it expired at once, -2 if it is not there.
    """


@command(
    "HPEXPIRE {name} {milliseconds:ms} nx?NX xx?XX gt?GT lt?LT FIELDS {#fields} {*fields}",
    one_of="nx xx gt lt",
    needs="fields",
    examples=[
        "hpexpire('h', 100000, 'a', 'x')",
        "hpexpire('h', SOON, 'a')",
        "hpexpire('h', 100000, 'a', nx=True)",
        "hpexpire('h', 100000, 'a', xx=True)",
        "hpexpire('h', 100000, 'a', gt=True)",
        "hpexpire('h', 100000, 'a', lt=True)",
        "hpexpire('none', 100000, 'a')",
    ],
)
def hpexpire(
    name: KeyT,
    milliseconds: ExpiryT,
    *fields: FieldT,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> list[int]:
    """Let fields of a hash expire after `milliseconds`.

    For each of them 1 if that was set, 0 if a condition prevented it, 2 if it expired at once, -2 if it is not there.
    """


@command(
    "HEXPIREAT {name} {unix_time_seconds:unix} nx?NX xx?XX gt?GT lt?LT FIELDS {#fields} {*fields}",
    one_of="nx xx gt lt",
    needs="fields",
    examples=[
        "hexpireat('h', 4102444800, 'a', 'x')",
        "hexpireat('h', LATER, 'a')",
        "hexpireat('h', 4102444800, 'a', nx=True)",
        "hexpireat('h', 4102444800, 'a', xx=True)",
        "hexpireat('h', 4102444800, 'a', gt=True)",
        "hexpireat('h', 4102444800, 'a', lt=True)",
        "hexpireat('none', 4102444800, 'a')",
    ],
)
def hexpireat(
    name: KeyT,
    unix_time_seconds: AbsExpiryT,
    *fields: FieldT,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> list[int]:
    """Let fields of a hash expire at a time, a datetime or seconds since 1970.

    For each of them 1 if that was set, 0 if a condition prevented it, 2 if it expired at once, -2 if it is not there.
    """


@command(
    "HPEXPIREAT {name} {unix_time_milliseconds:unix_ms} nx?NX xx?XX gt?GT lt?LT FIELDS {#fields} {*fields}",
    one_of="nx xx gt lt",
    needs="fields",
    examples=[
        "hpexpireat('h', 4102444800000, 'a', 'x')",
        "hpexpireat('h', LATER, 'a')",
        "hpexpireat('h', 4102444800000, 'a', nx=True)",
        "hpexpireat('h', 4102444800000, 'a', xx=True)",
        "hpexpireat('h', 4102444800000, 'a', gt=True)",
        "hpexpireat('h', 4102444800000, 'a', lt=True)",
        "hpexpireat('none', 4102444800000, 'a')",
    ],
)
def hpexpireat(
    name: KeyT,
    unix_time_milliseconds: AbsExpiryT,
    *fields: FieldT,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> list[int]:
    """Let fields of a hash expire at a time, a datetime or milliseconds since 1970.

    For each of them 1 if that was set, 0 if a condition prevented it, 2 if it expired at once, -2 if it is not there.
    """


@command(
    "HPERSIST {name} FIELDS {#fields} {*fields}",
    needs="fields",
    examples=["hpersist('h', 'a', 'x')", "hpersist('none', 'a')"],
)
def hpersist(name: KeyT, *fields: FieldT) -> list[int]:
    """Let fields of a hash not expire: for each of them 1, -1 if it would not have, -2 if it is not there."""


@command(
    "HEXPIRETIME {key} FIELDS {#fields} {*fields}",
    needs="fields",
    examples=["hexpiretime('h', 'a', 'x')", "hexpiretime('none', 'a')"],
)
def hexpiretime(key: KeyT, *fields: FieldT) -> list[int]:
    """When fields of a hash expire, in seconds since 1970: -1 for those that do not, -2 for those that are not there."""


@command(
    "HPEXPIRETIME {key} FIELDS {#fields} {*fields}",
    needs="fields",
    examples=["hpexpiretime('h', 'a', 'x')", "hpexpiretime('none', 'a')"],
)
def hpexpiretime(key: KeyT, *fields: FieldT) -> list[int]:
    """When fields of a hash expire, in milliseconds since 1970: -1 for those that do not, -2 for those that are not there."""


@command(
    "HTTL {key} FIELDS {#fields} {*fields}",
    needs="fields",
    examples=["httl('h', 'a', 'x')", "httl('none', 'a')"],
)
def httl(key: KeyT, *fields: FieldT) -> list[int]:
    """In how many seconds fields of a hash expire: -1 for those that do not, -2 for those that are not there."""


@command(
    "HPTTL {key} FIELDS {#fields} {*fields}",
    needs="fields",
    examples=["hpttl('h', 'a', 'x')", "hpttl('none', 'a')"],
)
def hpttl(key: KeyT, *fields: FieldT) -> list[int]:
    """In how many milliseconds fields of a hash expire: -1 for those that do not, -2 for those that are not there."""


@command(
    "HGETDEL {name} FIELDS {#keys} {*keys}",
    needs="keys",
    examples=["hgetdel('h', 'a', 'x')", "hgetdel('none', 'a')", "hgetdel('h')"],
)
def hgetdel(name: KeyT, *keys: FieldT) -> list[T | None]:
    """The values of fields of a hash, which are deleted on the way."""


@command(
    "HGETEX {name} [EX {ex:s}] [PX {px:ms}] [EXAT {exat:unix}] [PXAT {pxat:unix_ms}] persist?PERSIST FIELDS {#keys} {*keys}",
    one_of="ex px exat pxat persist",
    needs="keys",
    examples=[
        "hgetex('h', 'a', 'x')",
        "hgetex('h', 'a', ex=SOON)",
        "hgetex('h', 'a', px=1000)",
        "hgetex('h', 'a', exat=LATER)",
        "hgetex('h', 'a', 'b', pxat=LATER)",
        "hgetex('h', 'a', persist=True)",
        "hgetex('h', 'a', ex=1, px=1)",
        "hgetex('h')",
    ],
)
def hgetex(
    name: KeyT,
    *keys: FieldT,
    ex: ExpiryT | None = None,
    px: ExpiryT | None = None,
    exat: AbsExpiryT | None = None,
    pxat: AbsExpiryT | None = None,
    persist: bool = False,
) -> list[T | None]:
    """The values of fields of a hash, whose expiry is set or removed on the way."""


@command(
    "HSETEX",
    one_of="ex px exat pxat keepttl, nx xx",
    order="redis-py's; servers take any",
    examples=[
        "hsetex('h', 'a', 'v')",
        "hsetex('h', 'a', 'v', ex=10)",
        "hsetex('h', mapping={'a': 1, 'c': 2}, ex=SOON)",
        "hsetex('h', items=['d', 1, 'e', 2], px=SOON)",
        "hsetex('h', 'x', 'y', {'q': 1}, ['r', 2], exat=LATER)",
        "hsetex('h', 'a', 'v', pxat=LATER)",
        "hsetex('h', 'a', 'v', keepttl=True)",
        "hsetex('h', 'a', 'v', ex=10, data_persist_option=HashDataPersistOptions.FXX)",
        "hsetex('h', 'a', 'v', keepttl=True, data_persist_option=HashDataPersistOptions.FNX)",
        "hsetex('new', 'a', 'v', nx=True, ex=10)",
        "hsetex('h', 'a', 'v', xx=True)",
        "hsetex('h', 'a', 'v', nx=True, xx=True)",
        "hsetex('h')",
        "hsetex('h', items=['d'])",
        "hsetex('h', 'a', 'v', ex=10, keepttl=True)",
    ],
)
def hsetex(
    name: KeyT,
    key: FieldT | None = None,
    value: EncodableT | None = None,
    mapping: Mapping[Any, EncodableT] | None = None,
    items: Sequence[EncodableT] | None = None,
    ex: ExpiryT | None = None,
    px: ExpiryT | None = None,
    exat: AbsExpiryT | None = None,
    pxat: AbsExpiryT | None = None,
    data_persist_option: HashDataPersistOptions | Literal["FNX", "FXX"] | None = None,
    keepttl: bool = False,
    *,
    nx: bool = False,
    xx: bool = False,
) -> int:
    """Set fields of a hash, given as for `hset`, and when they expire; 1 if that was done, 0 if a condition prevented it.

    The condition is that none ("FNX") or all ("FXX") of the fields are there; of Valkey 9.1 also that there is no such hash (`nx`),
    or is one (`xx`).
    """
    fields = [*(items or ()), *(() if key is None else (key, value)), *flat(mapping or {})]
    if not fields or len(fields) % 2:
        raise DataError("hsetex needs fields, each with its value: a key, a mapping or items")
    options = [*words_of(NX=nx, XX=xx)]
    if ex is not None:
        options += (b"EX", in_seconds(ex))
    if px is not None:
        options += (b"PX", in_milliseconds(px))
    if exat is not None:
        options += (b"EXAT", unix_seconds(exat))
    if pxat is not None:
        options += (b"PXAT", unix_milliseconds(pxat))
    if data_persist_option is not None:
        options.append(choice(data_persist_option))
    if keepttl:
        options.append(b"KEEPTTL")
    return [name, *options, b"FIELDS", len(fields) // 2, *fields]
