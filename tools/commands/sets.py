"""Commands on sets. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "SADD {name} {*values}",
    examples=["sadd('t', 'x', 'a')"],
)
def sadd(name: KeyT, *values: EncodableT) -> int:
    """Add one or more members to a set."""


@command(
    "SCARD {name}",
    examples=["scard('t')"],
)
def scard(name: KeyT) -> int:
    """Get the number of members in a set."""


@command(
    "SDIFF {*keys+args}",
    shape="as_set",
    examples=["sdiff('t', 'u')", "sdiff(['t', 'u'])"],
)
def sdiff(keys: KeysT, *args: KeyT) -> set[T]:
    """Subtract multiple sets."""


@command(
    "SDIFFSTORE {dest} {*keys+args}",
    examples=["sdiffstore('d', 't', 'u')"],
)
def sdiffstore(dest: KeyT, keys: KeysT, *args: KeyT) -> int:
    """Subtract multiple sets and store the resulting set in a key."""


@command(
    "SINTER {*keys+args}",
    shape="as_set",
    examples=["sinter('t', 'u')"],
)
def sinter(keys: KeysT, *args: KeyT) -> set[T]:
    """Intersect multiple sets."""


@command(
    "SINTERSTORE {dest} {*keys+args}",
    examples=["sinterstore('d', ['t', 'u'])"],
)
def sinterstore(dest: KeyT, keys: KeysT, *args: KeyT) -> int:
    """Intersect multiple sets and store the resulting set in a key."""


@command(
    "SISMEMBER {name} {value}",
    examples=["sismember('t', 'a')", "sismember('t', 'x')"],
)
def sismember(name: KeyT, value: EncodableT) -> int:
    """Determine if a given value is a member of a set."""


@command(
    "SMEMBERS {name}",
    shape="as_set",
    examples=["smembers('t')", "smembers('none')"],
)
def smembers(name: KeyT) -> set[T]:
    """Get all the members in a set."""


@command(
    "SMISMEMBER {name} {*values+args}",
    examples=["smismember('t', 'a', 'x')"],
)
def smismember(name: KeyT, values: KeysT, *args: EncodableT) -> list[int]:
    """Returns the membership associated with the given elements for a set."""


@command(
    "SMOVE {src} {dst} {value}",
    shape="truth",
    examples=["smove('t', 'u', 'a')"],
)
def smove(src: KeyT, dst: KeyT, value: EncodableT) -> bool:
    """Move a member from one set to another."""


@command(
    "SREM {name} {*values}",
    examples=["srem('t', 'a', 'x')"],
)
def srem(name: KeyT, *values: EncodableT) -> int:
    """Remove one or more members from a set."""


@command(
    "SUNION {*keys+args}",
    shape="as_set",
    examples=["sunion('t', 'u')"],
)
def sunion(keys: KeysT, *args: KeyT) -> set[T]:
    """Add multiple sets."""


@command(
    "SUNIONSTORE {dest} {*keys+args}",
    examples=["sunionstore('d', 't', 'u')"],
)
def sunionstore(dest: KeyT, keys: KeysT, *args: KeyT) -> int:
    """Add multiple sets and store the resulting set in a key."""


@command(
    "SSCAN {name} {cursor} [MATCH {match}] [COUNT {count}]", shape="scan", examples=["sscan('u')"]
)
def sscan(
    name: KeyT, cursor: int = 0, match: PatternT | None = None, count: int | None = None
) -> tuple[int, list[T]]:
    """One step through the members of a set: the next cursor, 0 at the end, and a list of members."""


@command(
    "SPOP {name} [{count}]",
    shape="unordered",
    examples=["spop('u')", "spop('u', 2)"],
    returns_if={"count": "list[T]", "else": "T | None"},
)
def spop(name: KeyT, count: int | None = None) -> T | list[T] | None:
    """Remove and return one random member of a set, or a list of `count`."""


@command(
    "SRANDMEMBER {name} [{number}]",
    shape="unordered",
    examples=["srandmember('u')", "srandmember('u', 2)"],
    returns_if={"number": "list[T]", "else": "T | None"},
)
def srandmember(name: KeyT, number: int | None = None) -> T | list[T] | None:
    """One random member of a set, or a list of `number`."""


@command(
    "SINTERCARD {numkeys} {*keys} LIMIT {limit}",
    examples=[
        "sintercard(2, ['t', 'u'])",
        "sintercard(2, ['t', 't'], 1)",
        "sintercard(1, ['none'])",
    ],
)
def sintercard(numkeys: int, keys: KeysT, limit: int = 0) -> int:
    """How many members are in all of `numkeys` sets; with `limit` it does not count further."""


@command(
    "SDIFFCARD {numkeys} {*keys} LIMIT {limit}",
    examples=["sdiffcard(2, ['t', 'u'])", "sdiffcard(2, ['t', 'none'], 1)"],
)
def sdiffcard(numkeys: int, keys: KeysT, limit: int = 0) -> int:
    """How many members are in the first of `numkeys` sets only; with `limit` it does not count further."""


@command(
    "SUNIONCARD {numkeys} {*keys} approx?APPROX LIMIT {limit}",
    examples=["sunioncard(2, ['t', 'u'])", "sunioncard(2, ['t', 'u'], 1, approx=True)"],
)
def sunioncard(numkeys: int, keys: KeysT, limit: int = 0, approx: bool = False) -> int:
    """How many members are in any of `numkeys` sets, exactly or about; with `limit` it does not count further."""


@command(
    "SADDEX {name} mnx?MNX mxx?MXX [EX {ex:s}] [PX {px:ms}] [EXAT {exat:unix}] [PXAT {pxat:unix_ms}] keepttl?KEEPTTL"
    " MEMBERS {#members} {*members}",
    one_of="mnx mxx, ex px exat pxat keepttl",
    needs="members",
    examples=[
        "saddex('t', 'a', 'b')",
        "saddex('t', 'a', mnx=True, ex=SOON)",
        "saddex('t', 'a', mxx=True, px=100)",
        "saddex('t', 'a', exat=LATER)",
        "saddex('t', 'a', pxat=LATER)",
        "saddex('t', 'a', keepttl=True)",
    ],
)
def saddex(
    name: KeyT,
    *members: FieldT,
    mnx: bool = False,
    mxx: bool = False,
    ex: ExpiryT | None = None,
    px: ExpiryT | None = None,
    exat: AbsExpiryT | None = None,
    pxat: AbsExpiryT | None = None,
    keepttl: bool = False,
) -> int:
    """Add members to a set that expire by themselves; with `mnx` only if it has none of them, with `mxx` if it has all.

    With `keepttl`, those that are there already expire as they would have.
    """


@command(
    "SEXPIRE {name} {seconds:s} nx?NX xx?XX gt?GT lt?LT MEMBERS {#members} {*members}",
    one_of="nx xx gt lt",
    needs="members",
    examples=["sexpire('t', 100, 'a', 'b')", "sexpire('t', SOON, 'a', gt=True)"],
)
def sexpire(
    name: KeyT,
    seconds: ExpiryT,
    *members: FieldT,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> list[int]:
    """Let members of a set expire after `seconds`.

    For each of them 1 if that was set, and -2 if it is not there; the server has other numbers for what else there may be.
    """


@command(
    "SPEXPIRE {name} {milliseconds:ms} nx?NX xx?XX gt?GT lt?LT MEMBERS {#members} {*members}",
    one_of="nx xx gt lt",
    needs="members",
    examples=["spexpire('t', 100, 'a', 'b')", "spexpire('t', SOON, 'a', gt=True)"],
)
def spexpire(
    name: KeyT,
    milliseconds: ExpiryT,
    *members: FieldT,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> list[int]:
    """Let members of a set expire after `milliseconds`.

    For each of them 1 if that was set, and -2 if it is not there; the server has other numbers for what else there may be.
    """


@command(
    "SEXPIREAT {name} {unix_time_seconds:unix} nx?NX xx?XX gt?GT lt?LT MEMBERS {#members} {*members}",
    one_of="nx xx gt lt",
    needs="members",
    examples=["sexpireat('t', 4102444800, 'a', 'b')", "sexpireat('t', LATER, 'a', gt=True)"],
)
def sexpireat(
    name: KeyT,
    unix_time_seconds: AbsExpiryT,
    *members: FieldT,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> list[int]:
    """Let members of a set expire at a time, a datetime or seconds since 1970.

    For each of them 1 if that was set, and -2 if it is not there; the server has other numbers for what else there may be.
    """


@command(
    "SPEXPIREAT {name} {unix_time_milliseconds:unix_ms} nx?NX xx?XX gt?GT lt?LT MEMBERS {#members} {*members}",
    one_of="nx xx gt lt",
    needs="members",
    examples=["spexpireat('t', 4102444800000, 'a', 'b')", "spexpireat('t', LATER, 'a', gt=True)"],
)
def spexpireat(
    name: KeyT,
    unix_time_milliseconds: AbsExpiryT,
    *members: FieldT,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> list[int]:
    """Let members of a set expire at a time, a datetime or milliseconds since 1970.

    For each of them 1 if that was set, and -2 if it is not there; the server has other numbers for what else there may be.
    """


@command(
    "SEXPIRETIME {name} MEMBERS {#members} {*members}",
    needs="members",
    examples=["sexpiretime('t', 'a', 'b')"],
)
def sexpiretime(name: KeyT, *members: FieldT) -> list[int]:
    """When members of a set expire, in seconds since 1970; -1 if they do not, -2 if they are not there."""


@command(
    "SPEXPIRETIME {name} MEMBERS {#members} {*members}",
    needs="members",
    examples=["spexpiretime('t', 'a', 'b')"],
)
def spexpiretime(name: KeyT, *members: FieldT) -> list[int]:
    """When members of a set expire, in milliseconds since 1970; -1 if they do not, -2 if they are not there."""


@command(
    "STTL {name} MEMBERS {#members} {*members}",
    needs="members",
    examples=["sttl('t', 'a', 'b')"],
)
def sttl(name: KeyT, *members: FieldT) -> list[int]:
    """In how many seconds members of a set expire; -1 if they do not, -2 if they are not there."""


@command(
    "SPTTL {name} MEMBERS {#members} {*members}",
    needs="members",
    examples=["spttl('t', 'a', 'b')"],
)
def spttl(name: KeyT, *members: FieldT) -> list[int]:
    """In how many milliseconds members of a set expire; -1 if they do not, -2 if they are not there."""


@command(
    "SPERSIST {name} MEMBERS {#members} {*members}",
    needs="members",
    examples=["spersist('t', 'a', 'b')"],
)
def spersist(name: KeyT, *members: FieldT) -> list[int]:
    """Let members of a set no longer expire: 1 if they would have, -1 if not, -2 if they are not there."""
