"""Commands on bits. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "BITCOUNT {key} [{start} {end}] [{mode}]",
    examples=[
        "bitcount('s')",
        "bitcount('s', 0, 1)",
        "bitcount('s', 0, 1, 'BIT')",
        "bitcount('s', 0)",
    ],
)
def bitcount(
    key: KeyT, start: int | None = None, end: int | None = None, mode: str | None = None
) -> int:
    """Count set bits in a string."""


@command(
    "BITOP {operation} {dest} {*keys}",
    examples=["bitop('AND', 'd', 's', 'n')"],
)
def bitop(operation: str, dest: KeyT, *keys: KeyT) -> int:
    """Perform bitwise operations between strings."""


@command(
    "GETBIT {name} {offset}",
    examples=["getbit('s', 1)"],
)
def getbit(name: KeyT, offset: int) -> int:
    """Returns the bit value at offset in the string value stored at key."""


@command(
    "SETBIT {name} {offset} {value}",
    examples=["setbit('s', 1, 0)"],
)
def setbit(name: KeyT, offset: int, value: int) -> int:
    """Sets or clears the bit at offset in the string value stored at key."""


@command(
    "BITPOS",
    examples=[
        "bitpos('s', 1)",
        "bitpos('s', 0, 1)",
        "bitpos('s', 1, 1, 2)",
        "bitpos('s', 1, 9, 20, 'BIT')",
        "bitpos('s', 1, end=2)",
        "bitpos('s', 2)",
    ],
)
def bitpos(
    key: KeyT,
    bit: int,
    start: int | None = None,
    end: int | None = None,
    mode: str | None = None,
) -> int:
    """The place of the first bit that is 0 or 1; -1 if there is none.

    `start` and `end` are bytes, or bits if `mode` is "BIT".
    """
    if bit not in (0, 1):
        raise DataError("bitpos takes 0 or 1 as bit")
    if start is None and end is not None:
        raise DataError("bitpos takes end with start")
    span = [place for place in (start, end) if place is not None]
    return [key, bit, *span, *(() if mode is None else (word(mode),))]


@command(
    "BITFIELD_RO",
    examples=[
        "bitfield_ro('s', 'u8', 0)",
        "bitfield_ro('s', 'u8', '#1', [('i4', 0), ('u4', '#1')])",
        "bitfield_ro('none', 'u8', 0)",
    ],
)
def bitfield_ro(
    key: KeyT,
    encoding: str,
    offset: int | str,
    items: Iterable[tuple[str, int | str]] | None = None,
) -> list[int]:
    """Integers that are fields of a string: one of `encoding`, such as "u8", at `offset`, and more `items` of these two.

    An offset is a number of bits or, written "#2", of fields of that width.
    """
    fields = [(encoding, offset), *(items or ())]
    return [key, *(part for kind, at in fields for part in (b"GET", word(kind), word(at)))]


@command(
    "BITRANGEINTARRAY {key} {start} {end} [{mode}] [LIMIT {limit}] zeros?ZEROS",
    examples=[
        "bitrangeintarray('s', 0, -1)",
        "bitrangeintarray('s', 0, 20, 'BIT', limit=3, zeros=True)",
    ],
)
def bitrangeintarray(
    key: KeyT,
    start: int,
    end: int,
    mode: Literal["BYTE", "BIT"] | None = None,
    *,
    limit: int | None = None,
    zeros: bool = False,
) -> list[int]:
    """The places of the bits that are 1, or with `zeros` 0, from a first to a last byte, or bit, the first `limit` of them."""
