"""Commands on arrays. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command("ARCOUNT {name}", examples=["arcount('ar')"])
def arcount(name: KeyT) -> int:
    """The number of places of an array that have a value."""


@command("ARDEL {name} {*indices}", examples=["ardel('ar', 0, 9)"])
def ardel(name: KeyT, *indices: int) -> int:
    """Empty places of an array; the number of those that had a value."""


@command(
    "ARDELRANGE",
    examples=["ardelrange('ar', (0, 1))", "ardelrange('ar', (0, 1), (7, 9))"],
)
def ardelrange(name: KeyT, *ranges: tuple[int, int]) -> int:
    """Empty all places from a first to a last one, for each such pair; the number of those that had a value."""
    return [name, *(place for start, end in ranges for place in (start, end))]


@command("ARGET {name} {index}", examples=["arget('ar', 0)"])
def arget(name: KeyT, index: int) -> T | None:
    """The value at a place of an array."""


@command(
    "ARGETRANGE {name} {start} {end}",
    examples=["argetrange('ar', 0, 3)"],
)
def argetrange(name: KeyT, start: int, end: int) -> list[T | None]:
    """The values at all places from a first to a last one, None where there is none."""


@command(
    "ARGREP",
    needs="predicates",
    returns_if={"withvalues": "list[list[int | T]]", "else": "list[int]"},
    examples=[
        "argrep('ar', 0, 9, [(PREDICATE.EXACT, 'a')])",
        "argrep('ar', 0, 9, [(PREDICATE.GLOB, 'a*'), (PREDICATE.RE, '^b')], COMBINATOR.AND)",
        "argrep('ar', 0, 9, [(PREDICATE.MATCH, 'a')], limit=1, withvalues=True, nocase=True)",
    ],
)
def argrep(
    name: KeyT,
    start: int,
    end: int,
    predicates: Sequence[tuple[Enum | Literal["EXACT", "MATCH", "GLOB", "RE"], EncodableT]],
    combinator: Enum | Literal["AND", "OR"] | None = None,
    limit: int | None = None,
    withvalues: bool = False,
    nocase: bool = False,
) -> list[int] | list[list[int | T]]:
    """The places from a first to a last one whose values fit, up to `limit` of them; with `withvalues`, lists of place and value.

    A predicate is a way to compare, "EXACT", "MATCH" (a part of it), "GLOB" or "RE", and what with. Of several, all ("AND") or any
    ("OR", which is the default) have to fit; with `nocase`, letters may differ in case.
    """
    asked = [part for kind, value in predicates for part in (choice(kind), value)]
    combined = () if combinator is None else (choice(combinator),)
    most = () if limit is None else (b"LIMIT", limit)
    flags = words_of(WITHVALUES=withvalues, NOCASE=nocase)
    return [name, start, end, *asked, *combined, *most, *flags]


@command(
    "ARINFO {name} full?FULL",
    shape="arrays.info",
    examples=["arinfo('ar')", "arinfo('ar', full=True)"],
)
def arinfo(name: KeyT, full: bool = False) -> dict[str, int | float]:
    """How an array is stored, with `full` in more detail, which takes longer."""


@command(
    "ARINSERT {name} {*values}",
    examples=["arinsert('ar', 'a', 'b')"],
)
def arinsert(name: KeyT, *values: EncodableT) -> int:
    """Put values where the cursor of an array is, and behind; the place of the last one."""


@command(
    "ARLASTITEMS {name} {count} rev?REV",
    examples=["arlastitems('ar', 2)", "arlastitems('ar', 2, rev=True)"],
)
def arlastitems(name: KeyT, count: int, rev: bool = False) -> list[T | None]:
    """The values that were inserted last, up to `count` of them, with `rev` the last one first."""


@command("ARLEN {name}", examples=["arlen('ar')"])
def arlen(name: KeyT) -> int:
    """The length of an array: one more than its last place that has a value."""


@command("ARMGET {name} {*indices}", examples=["armget('ar', 0, 9)"])
def armget(name: KeyT, *indices: int) -> list[T | None]:
    """The values at places of an array, None where there is none."""


@command(
    "ARMSET {name} {mapping:flat}",
    examples=["armset('ar', {0: 'a', 7: 'b'})"],
)
def armset(name: KeyT, mapping: Mapping[int, EncodableT]) -> int:
    """Set the values at places of an array: {place: value}; the number of places that had none."""


@command("ARNEXT {name}", examples=["arnext('ar')"])
def arnext(name: KeyT) -> int | None:
    """The place where arinsert will put the next value, or None if it is beyond the last possible one."""


@command(
    "AROP",
    examples=["arop('ar', 0, 9, AGGREGATE.SUM)", "arop('ar', 0, 9, AGGREGATE.MATCH, 'a')"],
)
def arop(
    name: KeyT,
    start: int,
    end: int,
    operation: Enum | Literal["SUM", "MIN", "MAX", "AND", "OR", "XOR", "MATCH", "USED"],
    value: EncodableT | None = None,
) -> T | int | None:
    """What an operation makes of all values from a first place to a last one.

    That is their sum, the least, the greatest, the bits that all, any or an odd number of them have, how many equal `value`
    ("MATCH"), or how many there are ("USED").
    """
    compared = () if value is None else (value,)
    return [name, start, end, choice(operation), *compared]


@command(
    "ARRING {name} {size} {*values}",
    examples=["arring('ar', 3, 'a', 'b')"],
)
def arring(name: KeyT, size: int, *values: EncodableT) -> int:
    """Put values into an array of `size` places, after whose last one comes the first; the place of the last value."""


@command(
    "ARSCAN {name} {start} {end} [LIMIT {limit}]",
    examples=["arscan('ar', 0, 9)", "arscan('ar', 0, 9, limit=2)"],
)
def arscan(name: KeyT, start: int, end: int, limit: int | None = None) -> list[list[int | T]]:
    """The places from a first to a last one that have a value, up to `limit` of them: lists of place and value."""


@command("ARSEEK {name} {index}", examples=["arseek('ar', 7)"])
def arseek(name: KeyT, index: int) -> int:
    """Set the place where arinsert will put the next value; 1, or 0 if there is no such array."""


@command(
    "ARSET {name} {index} {*values}",
    examples=["arset('ar', 0, 'a')", "arset('ar', 7, 'a', 'b')"],
)
def arset(name: KeyT, index: int, *values: EncodableT) -> int:
    """Set the values at a place of an array and at those behind it; the number of places that had none."""
