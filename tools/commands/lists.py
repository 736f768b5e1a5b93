"""Commands on lists. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "LINDEX {name} {index}",
    examples=["lindex('l', 0)", "lindex('l', 10)"],
)
def lindex(name: KeyT, index: int) -> T | None:
    """Get an element from a list by its index."""


@command(
    "LLEN {name}",
    examples=["llen('l')"],
)
def llen(name: KeyT) -> int:
    """Get the length of a list."""


@command(
    "LPOP {name} [{count}]",
    examples=["lpop('l')", "lpop('l', 2)", "lpop('none', 2)"],
    returns_if={"count": "list[T] | None", "else": "T | None"},
)
def lpop(name: KeyT, count: int | None = None) -> T | list[T] | None:
    """Remove and get the first elements in a list."""


@command(
    "LPUSH {name} {*values}",
    examples=["lpush('l', 1, 2)"],
)
def lpush(name: KeyT, *values: EncodableT) -> int:
    """Prepend one or multiple elements to a list."""


@command(
    "LPUSHX {name} {*values}",
    examples=["lpushx('none', 1)"],
)
def lpushx(name: KeyT, *values: EncodableT) -> int:
    """Prepend an element to a list, only if the list exists."""


@command(
    "LRANGE {name} {start} {end}",
    examples=["lrange('l', 0, -1)"],
)
def lrange(name: KeyT, start: int, end: int) -> list[T]:
    """Get a range of elements from a list."""


@command(
    "LREM {name} {count} {value}",
    examples=["lrem('l', 0, 'a')"],
)
def lrem(name: KeyT, count: int, value: EncodableT) -> int:
    """Remove elements from a list."""


@command(
    "LSET {name} {index} {value}",
    shape="ok",
    examples=["lset('l', 0, 'z')"],
)
def lset(name: KeyT, index: int, value: EncodableT) -> bool:
    """Set the value of an element in a list by its index."""


@command(
    "LTRIM {name} {start} {end}",
    shape="ok",
    examples=["ltrim('l', 0, 1)"],
)
def ltrim(name: KeyT, start: int, end: int) -> bool:
    """Trim a list to the specified range."""


@command(
    "RPOP {name} [{count}]",
    examples=["rpop('l')", "rpop('l', 2)"],
    returns_if={"count": "list[T] | None", "else": "T | None"},
)
def rpop(name: KeyT, count: int | None = None) -> T | list[T] | None:
    """Remove and get the last elements in a list."""


@command(
    "RPOPLPUSH {src} {dst}",
    examples=["rpoplpush('l', 'd')"],
)
def rpoplpush(src: KeyT, dst: KeyT) -> T | None:
    """Remove the last element in a list, prepend it to another list and return it."""


@command(
    "RPUSH {name} {*values}",
    examples=["rpush('l', 1, 2)"],
)
def rpush(name: KeyT, *values: EncodableT) -> int:
    """Append one or multiple elements to a list."""


@command(
    "RPUSHX {name} {*values}",
    examples=["rpushx('none', 1)"],
)
def rpushx(name: KeyT, *values: EncodableT) -> int:
    """Append an element to a list, only if the list exists."""


@command(
    "BLPOP {*keys} {timeout:timeout}",
    shape="tuple_or_none",
    examples=["blpop('l', 1)", "blpop(['none', 'l'], 1)", "blpop('none', 0.01)"],
)
def blpop(keys: KeysT, timeout: float | None = 0) -> tuple[T, T] | None:
    """(list, first element) of the first list that has one; waits `timeout` seconds, 0 without end."""


@command("BRPOP {*keys} {timeout:timeout}", shape="tuple_or_none", examples=["brpop('l', 1)"])
def brpop(keys: KeysT, timeout: float | None = 0) -> tuple[T, T] | None:
    """(list, last element) of the first list that has one; waits `timeout` seconds, 0 without end."""


@command("LINSERT {name} {where} {refvalue} {value}", examples=["linsert('l', 'BEFORE', 'b', 'x')"])
def linsert(name: KeyT, where: str, refvalue: EncodableT, value: EncodableT) -> int:
    """Insert `value` "BEFORE" or "AFTER" `refvalue`; the new length, -1 if there is no such element."""


@command(
    "LMOVE {first_list} {second_list} {src} {dest}",
    examples=["lmove('l', 'd')", "lmove('l', 'd', 'RIGHT', 'LEFT')"],
)
def lmove(first_list: KeyT, second_list: KeyT, src: str = "LEFT", dest: str = "RIGHT") -> T | None:
    """Move an element from an end of one list to an end of another, and return it."""


@command(
    "LPOS {name} {value} [RANK {rank}] [COUNT {count}] [MAXLEN {maxlen}]",
    examples=["lpos('l', 'a')", "lpos('l', 'a', rank=2)", "lpos('l', 'a', count=0, maxlen=100)"],
    returns_if={"count": "list[int]", "else": "int | None"},
)
def lpos(
    name: KeyT,
    value: EncodableT,
    rank: int | None = None,
    count: int | None = None,
    maxlen: int | None = None,
) -> int | list[int] | None:
    """The place of `value` in a list, or a list of `count` places."""


@command(
    "BRPOPLPUSH {src} {dst} {timeout:timeout}",
    examples=[
        "brpoplpush('l', 'd')",
        "brpoplpush('l', 'd', None)",
        "brpoplpush('none', 'd', 0.01)",
    ],
)
def brpoplpush(src: KeyT, dst: KeyT, timeout: float | None = 0) -> T | None:
    """Move the last element of one list to the front of another, and return it; waits `timeout` seconds, 0 without end."""


@command(
    "BLMOVE {first_list} {second_list} {src} {dest} {timeout}",
    examples=[
        "blmove('l', 'd', 1)",
        "blmove('l', 'd', 1, 'RIGHT', 'LEFT')",
        "blmove('none', 'd', 0.01)",
    ],
)
def blmove(
    first_list: KeyT, second_list: KeyT, timeout: float, src: str = "LEFT", dest: str = "RIGHT"
) -> T | None:
    """Move an element from an end of one list to an end of another, and return it; waits `timeout` seconds, 0 without end."""


@command(
    "LMPOP",
    examples=[
        "lmpop(2, 'none', 'l', direction='LEFT')",
        "lmpop(1, 'l', direction='RIGHT', count=2)",
        "lmpop(1, 'none', direction='LEFT')",
    ],
)
def lmpop(num_keys: int, *args: KeyT, direction: str, count: int = 1) -> list[T | list[T]] | None:
    """[list, [elements]] of the first of `num_keys` lists that has some: up to `count`, from its "LEFT" or "RIGHT" end."""
    limit = () if count == 1 else (b"COUNT", count)
    return [num_keys, *args, word(direction), *limit]


@command(
    "BLMPOP {timeout} {numkeys} {*args} {direction} COUNT {count}",
    examples=[
        "blmpop(1, 2, 'none', 'l', direction='LEFT')",
        "blmpop(1, 1, 'l', direction='RIGHT', count=2)",
        "blmpop(0.01, 1, 'none', direction='LEFT')",
    ],
)
def blmpop(
    timeout: float, numkeys: int, *args: KeyT, direction: str, count: int = 1
) -> list[T | list[T]] | None:
    """`lmpop` that waits for elements: `timeout` seconds, 0 without end."""


@command(
    "LMOVEM",
    examples=[
        "lmovem('l', 'd')",
        "lmovem('l', 'd', 'RIGHT', 'LEFT', 2, ordering='BULK')",
        "lmovem('l', 'd', count=2, mode='EXACTLY', ordering='OBO')",
        "lmovem('l', 'd', count=2)",
        "lmovem('l', 'd', mode='EXACTLY')",
    ],
)
def lmovem(
    first_list: KeyT,
    second_list: KeyT,
    src: str = "LEFT",
    dest: str = "RIGHT",
    count: int | None = None,
    mode: Literal["COUNT", "EXACTLY"] | None = None,
    ordering: Literal["OBO", "BULK"] | None = None,
) -> list[T] | None:
    """Move elements from an end of one list to an end of another, and return them; None if there were none.

    That is one, or up to `count`, or with `mode` "EXACTLY" that many or none: one by one ("OBO"), which turns their
    order around if both ends are the same, or in "BULK", which keeps it.
    """
    if count is None and (mode is not None or ordering is not None):
        raise DataError("lmovem takes mode and ordering with count")
    if count is not None and ordering is None:
        raise DataError("lmovem takes count with ordering")
    many = () if count is None else (word(mode or "COUNT"), count, word(ordering))
    return [first_list, second_list, word(src), word(dest), *many]


@command(
    "BLMOVEM",
    examples=[
        "blmovem('l', 'd', 1)",
        "blmovem('l', 'd', 1, 'RIGHT', 'LEFT', 2, ordering='BULK')",
        "blmovem('l', 'd', 1, count=2, mode='EXACTLY', ordering='OBO')",
        "blmovem('l', 'd', 1, count=2)",
        "blmovem('l', 'd', 1, ordering='OBO')",
    ],
)
def blmovem(
    first_list: KeyT,
    second_list: KeyT,
    timeout: float,
    src: str = "LEFT",
    dest: str = "RIGHT",
    count: int | None = None,
    mode: Literal["COUNT", "EXACTLY"] | None = None,
    ordering: Literal["OBO", "BULK"] | None = None,
) -> list[T] | None:
    """`lmovem` that waits for elements: `timeout` seconds, 0 without end."""
    if count is None and (mode is not None or ordering is not None):
        raise DataError("blmovem takes mode and ordering with count")
    if count is not None and ordering is None:
        raise DataError("blmovem takes count with ordering")
    many = () if count is None else (word(mode or "COUNT"), count, word(ordering))
    return [first_list, second_list, word(src), word(dest), timeout, *many]
