"""Commands on strings. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "APPEND {key} {value}",
    examples=["append('s', '!')"],
)
def append(key: KeyT, value: EncodableT) -> int:
    """Append a value to a key."""


@command(
    "DECRBY {name} {amount}",
    examples=["decrby('n', 4)"],
)
def decrby(name: KeyT, amount: int = 1) -> int:
    """Decrement the integer value of a key by the given number."""


@command(
    "GET {name}",
    examples=["get('s')", "get('none')"],
)
def get(name: KeyT) -> T | None:
    """Get the value of a key."""


@command(
    "GETDEL {name}",
    examples=["getdel('s')"],
)
def getdel(name: KeyT) -> T | None:
    """Get the value of a key and delete the key."""


@command(
    "GETRANGE {key} {start} {end}",
    examples=["getrange('s', 1, 2)"],
)
def getrange(key: KeyT, start: int, end: int) -> T:
    """Get a substring of the string stored at a key."""


@command(
    "GETSET {name} {value}",
    examples=["getset('s', 'new')"],
)
def getset(name: KeyT, value: EncodableT) -> T | None:
    """Set the string value of a key and return its old value."""


@command(
    "INCRBY {name} {amount}",
    examples=["incrby('n', 6)"],
)
def incrby(name: KeyT, amount: int = 1) -> int:
    """Increment the integer value of a key by the given amount."""


@command(
    "INCRBYFLOAT {name} {amount}",
    shape="number",
    examples=["incrbyfloat('f', 0.25)"],
)
def incrbyfloat(name: KeyT, amount: float = 1.0) -> float:
    """Increment the float value of a key by the given amount."""


@command(
    "MGET",
    examples=["mget('s', 'none', 'n')", "mget(['s', 'none', 'n'])", "mget([], 's')"],
)
def mget(keys: KeysT, *args: KeyT) -> list[T | None]:
    """Get the values of all the given keys; of none an empty list, for which the server is only sent a PING."""
    names = listed(keys, args)
    if not names:
        # A place among other replies is that of a command.
        return self.command_as(find("nothing"), "PING")
    return names


@command(
    "SETNX {name} {value}",
    shape="truth",
    examples=["setnx('s', 'v')", "setnx('none', 'v')"],
)
def setnx(name: KeyT, value: EncodableT) -> bool:
    """Set the value of a key, only if the key does not exist."""


@command(
    "SETRANGE {name} {offset} {value}",
    examples=["setrange('s', 1, 'EX')"],
)
def setrange(name: KeyT, offset: int, value: EncodableT) -> int:
    """Overwrite part of a string at key starting at the specified offset."""


@command(
    "STRLEN {name}",
    examples=["strlen('s')"],
)
def strlen(name: KeyT) -> int:
    """Get the length of the value stored in a key."""


@command(
    "SUBSTR {name} {start} {end}",
    examples=["substr('s', 1)", "substr('s', 1, 2)"],
)
def substr(name: KeyT, start: int, end: int = -1) -> T:
    """Get a substring of the string stored at a key."""


@command(
    "SET {name} {value} [EX {ex:s}] [PX {px:ms}] [EXAT {exat:unix}] [PXAT {pxat:unix_ms}] keepttl?KEEPTTL nx?NX xx?XX"
    " [IFEQ {ifeq:data}] [IFNE {ifne:data}] [IFDEQ {ifdeq}] [IFDNE {ifdne}] get?GET",
    shape="set_result",
    shape_if={"get": ""},
    one_of="ex px exat pxat keepttl, nx xx ifeq ifne ifdeq ifdne",
    order="redis-py's; servers take any",
    hot=True,
    returns_if={"get": "T | None", "else": "bool | None"},
    examples=[
        "set('s', 'v')",
        "set('s', 'OK', get=True)",
        "set('none', 'v', get=True)",
        "set('s', 'v', nx=True)",
        "set('s', 'v', xx=True)",
        "set('s', 'v', ex=10)",
        "set('s', 'v', px=10000)",
        "set('s', 'v', ex=SOON)",
        "set('s', 'v', px=SOON)",
        "set('s', 'v', exat=LATER)",
        "set('s', 'v', pxat=LATER)",
        "set('e', 'v', keepttl=True)",
    ],
)
def set(
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
    ifeq: EncodableT | None = None,
    ifne: EncodableT | None = None,
    ifdeq: str | None = None,
    ifdne: str | None = None,
) -> bool | T | None:
    """Set the string value of a key. True, or None if a condition prevented it; with `get` the old value."""


@command(
    "GETEX {name} [EX {ex:s}] [PX {px:ms}] [EXAT {exat:unix}] [PXAT {pxat:unix_ms}] persist?PERSIST",
    one_of="ex px exat pxat persist",
    examples=[
        "getex('s')",
        "getex('s', ex=SOON)",
        "getex('s', px=1000)",
        "getex('s', exat=LATER)",
        "getex('s', pxat=LATER)",
        "getex('e', persist=True)",
    ],
)
def getex(
    name: KeyT,
    ex: ExpiryT | None = None,
    px: ExpiryT | None = None,
    exat: AbsExpiryT | None = None,
    pxat: AbsExpiryT | None = None,
    persist: bool = False,
) -> T | None:
    """The value of a key, whose expiry is set or removed on the way."""


@command("INCRBY {name} {amount}", examples=["incr('n')", "incr('n', 5)"])
def incr(name: KeyT, amount: int = 1) -> int:
    """Add `amount` to the integer value of a key, and return the sum."""


@command("DECRBY {name} {amount}", examples=["decr('n')", "decr('n', 3)"])
def decr(name: KeyT, amount: int = 1) -> int:
    """Subtract `amount` from the integer value of a key, and return the difference."""


@command(
    "LCS {key1} {key2} len?LEN idx?IDX [MINMATCHLEN {minmatchlen}] withmatchlen?WITHMATCHLEN",
    shape="flat",
    returns_if={
        "len": "int",
        "idx": "list[T | int | list[list[list[int] | int]]]",
        "else": "T",
    },
    examples=[
        "lcs('s', 'n')",
        "lcs('s', 's', len=True)",
        "lcs('s', 's', idx=True)",
        "lcs('s', 's', idx=True, minmatchlen=2, withmatchlen=True)",
    ],
)
def lcs(
    key1: KeyT,
    key2: KeyT,
    len: bool | None = False,
    idx: bool | None = False,
    minmatchlen: int | None = 0,
    withmatchlen: bool | None = False,
) -> T | int | list[T | int | list[list[list[int] | int]]]:
    """The longest common subsequence of two strings, its length, or where it is found."""


@command("MSET {mapping:flat}", shape="ok", examples=["mset({'s': 1, 'm': 2})"])
def mset(mapping: Mapping[Any, EncodableT]) -> bool:
    """Set all keys of `mapping` at once."""


@command(
    "MSETNX {mapping:flat}",
    shape="truth",
    examples=["msetnx({'s': 1, 'm': 2})", "msetnx({'p': 1, 'm': 2})"],
)
def msetnx(mapping: Mapping[Any, EncodableT]) -> bool:
    """Set all keys of `mapping` at once if none of them exists; whether that was so."""


@command(
    "PSETEX {name} {time_ms:ms} {value}",
    shape="truth",
    examples=["psetex('p', 1000, 'v')", "psetex('p', SOON, 'v')"],
)
def psetex(name: KeyT, time_ms: ExpiryT, value: EncodableT) -> bool:
    """Set the value of a key that expires after `time_ms` milliseconds."""


@command(
    "SETEX {name} {time:s} {value}",
    shape="truth",
    examples=["setex('s', 10, 'v')", "setex('s', SOON, 'v')"],
)
def setex(name: KeyT, time: ExpiryT, value: EncodableT) -> bool:
    """Set the value of a key that expires after `time` seconds."""


@command(
    "MSETEX {#mapping} {mapping:flat} [{data_persist_option:option}] [EX {ex:s}] [PX {px:ms}] [EXAT {exat:unix}]"
    " [PXAT {pxat:unix_ms}] keepttl?KEEPTTL",
    one_of="ex px exat pxat keepttl",
    examples=[
        "msetex({'s': 1, 'new': 2})",
        "msetex({'s': 1, 'new': 2}, ex=10)",
        "msetex({'s': 1}, px=SOON)",
        "msetex({'s': 1}, exat=LATER)",
        "msetex({'s': 1}, pxat=LATER)",
        "msetex({'e': 1}, keepttl=True)",
        "msetex({'s': 1, 'new': 2}, DataPersistOptions.NX, ex=SOON)",
        "msetex({'s': 1, 'n': 2}, DataPersistOptions.XX)",
        "msetex({'s': 1}, ex=1, px=1)",
    ],
)
def msetex(
    mapping: Mapping[Any, EncodableT],
    data_persist_option: DataPersistOptions | Literal["NX", "XX"] | None = None,
    ex: ExpiryT | None = None,
    px: ExpiryT | None = None,
    exat: AbsExpiryT | None = None,
    pxat: AbsExpiryT | None = None,
    keepttl: bool = False,
) -> int:
    """Set all keys of `mapping` and when they expire; 1 if that was done, 0 if a condition prevented it.

    The condition is that none ("NX") or all ("XX") of the keys are there.
    """


@command("DIGEST {name}", examples=["digest('s')", "digest('none')"])
def digest(name: KeyT) -> T | None:
    """The XXH3 digest of the value of a key, as hexadecimal text."""


@command(
    "DELEX {name} [IFEQ {ifeq:data}] [IFNE {ifne:data}] [IFDEQ {ifdeq}] [IFDNE {ifdne}]",
    one_of="ifeq ifne ifdeq ifdne",
    examples=[
        "delex('s')",
        "delex('s', ifeq='text')",
        "delex('s', ifne='text')",
        "delex('s', ifdeq='b6acb9d84a38ff74')",
        "delex('s', ifdne='b6acb9d84a38ff74')",
    ],
)
def delex(
    name: KeyT,
    ifeq: bytes | str | None = None,
    ifne: bytes | str | None = None,
    ifdeq: str | None = None,
    ifdne: str | None = None,
) -> int:
    """Delete a key if its value, or the digest of that, is or is not a given one; the number of keys deleted."""


@command("DELIFEQ {name} {value}", examples=["delifeq('s', 'text')", "delifeq('s', 'other')"])
def delifeq(name: KeyT, value: EncodableT) -> int:
    """Delete a key if its value is `value`; the number of keys deleted."""


@command(
    "INCREX",
    shape="strings.increased",
    one_of="byfloat byint, ex px exat pxat persist",
    order="redis-py's; servers take any",
    examples=[
        "increx('n')",
        "increx('n', byint=5, ubound=12, saturate=True)",
        "increx('f', byfloat=0.5, lbound=0)",
        "increx('n', ex=SOON, enx=True)",
        "increx('n', px=1000)",
        "increx('n', exat=LATER)",
        "increx('n', pxat=LATER)",
        "increx('e', persist=True)",
        "increx('n', byint=1, byfloat=1)",
        "increx('n', ex=1, persist=True)",
        "increx('n', enx=True)",
    ],
)
def increx(
    name: KeyT,
    *,
    byfloat: EncodableT | None = None,
    byint: EncodableT | None = None,
    lbound: EncodableT | None = None,
    ubound: EncodableT | None = None,
    saturate: bool = False,
    ex: ExpiryT | None = None,
    px: ExpiryT | None = None,
    exat: AbsExpiryT | None = None,
    pxat: AbsExpiryT | None = None,
    persist: bool = False,
    enx: bool = False,
) -> list[int | float]:
    """Add to the number of a key within bounds, and let it expire: [the sum, what was added].

    A sum out of bounds is refused, and nothing added, or with `saturate` it is the bound. `enx` sets the expiry only if
    there is none. Valkey 9.2 has a command of this name that takes other options, and gives the sum alone.
    """
    expiry = []
    if ex is not None:
        expiry += (b"EX", in_seconds(ex))
    if px is not None:
        expiry += (b"PX", in_milliseconds(px))
    if exat is not None:
        expiry += (b"EXAT", unix_seconds(exat))
    if pxat is not None:
        expiry += (b"PXAT", unix_milliseconds(pxat))
    if enx and not expiry:
        raise DataError("increx takes enx with one of ex, px, exat, pxat")
    numbers = {b"BYFLOAT": byfloat, b"BYINT": byint, b"LBOUND": lbound, b"UBOUND": ubound}
    given = (
        (option_name, word(number)) for option_name, number in numbers.items() if number is not None
    )
    return [
        name,
        *(part for pair in given for part in pair),
        *words_of(SATURATE=saturate),
        *expiry,
        *words_of(PERSIST=persist, ENX=enx),
    ]
