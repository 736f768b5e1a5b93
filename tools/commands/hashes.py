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
)
def hrandfield(key: KeyT, count: int | None = None, withvalues: bool = False) -> T | list[T] | None:
    """One random field of a hash, or a list of `count` of them, with their values if wanted."""


@command(
    "HSCAN {name} {cursor} [MATCH {match}] [COUNT {count}] no_values?NOVALUES",
    shape="hscan",
    shape_if={"no_values": "scan", "else": "hscan"},
    examples=["hscan('h')", "hscan('h', 0, 'a*', 10)", "hscan('none')"],
)
def hscan(
    name: KeyT,
    cursor: int = 0,
    match: PatternT | None = None,
    count: int | None = None,
    no_values: bool | None = None,
) -> tuple[int, dict[T, T] | list[T]]:
    """One step through the fields of a hash: the next cursor, 0 at the end, and a dict, or a list of fields."""
