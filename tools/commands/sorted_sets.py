"""Commands on sorted sets. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "ZCARD {name}",
    examples=["zcard('z')"],
)
def zcard(name: KeyT) -> int:
    """Get the number of members in a sorted set."""


@command(
    "ZCOUNT {name} {min} {max}",
    examples=["zcount('z', '-inf', 2.5)"],
)
def zcount(name: KeyT, min: BoundT, max: BoundT) -> int:
    """Count the members in a sorted set with scores within the given values."""


@command(
    "ZINCRBY {name} {amount} {value}",
    shape="float_or_none",
    examples=["zincrby('z', 1.5, 'a')"],
)
def zincrby(name: KeyT, amount: float, value: EncodableT) -> float:
    """Increment the score of a member in a sorted set."""


@command(
    "ZPOPMAX {name} [{count}]",
    shape="scored",
    examples=["zpopmax('z')", "zpopmax('z', 2)"],
)
def zpopmax(name: KeyT, count: int | None = None) -> list[tuple[T, float]]:
    """Remove and return members with the highest scores in a sorted set."""


@command(
    "ZPOPMIN {name} [{count}]",
    shape="scored",
    examples=["zpopmin('z')", "zpopmin('none')"],
)
def zpopmin(name: KeyT, count: int | None = None) -> list[tuple[T, float]]:
    """Remove and return members with the lowest scores in a sorted set."""


@command(
    "ZRANK {name} {value} withscore?WITHSCORE",
    shape_if={"withscore": "sorted_sets.ranked_as(score_cast_func)"},
    examples=["zrank('z', 'b')", "zrank('z', 'none')"],
)
def zrank(
    name: KeyT,
    value: EncodableT,
    withscore: bool = False,
    score_cast_func: Callable[[Any], Any] = float,
) -> int | list[Any] | None:
    """Determine the index of a member in a sorted set."""


@command(
    "ZREM {name} {*values}",
    examples=["zrem('z', 'a', 'none')"],
)
def zrem(name: KeyT, *values: EncodableT) -> int:
    """Remove one or more members from a sorted set."""


@command(
    "ZREMRANGEBYRANK {name} {min} {max}",
    examples=["zremrangebyrank('z', 0, 1)"],
)
def zremrangebyrank(name: KeyT, min: int, max: int) -> int:
    """Remove all members in a sorted set within the given indexes."""


@command(
    "ZREMRANGEBYSCORE {name} {min} {max}",
    examples=["zremrangebyscore('z', 0, 2)"],
)
def zremrangebyscore(name: KeyT, min: BoundT, max: BoundT) -> int:
    """Remove all members in a sorted set within the given scores."""


@command(
    "ZREVRANK {name} {value} withscore?WITHSCORE",
    shape_if={"withscore": "sorted_sets.ranked_as(score_cast_func)"},
    examples=["zrevrank('z', 'a')"],
)
def zrevrank(
    name: KeyT,
    value: EncodableT,
    withscore: bool = False,
    score_cast_func: Callable[[Any], Any] = float,
) -> int | list[Any] | None:
    """Determine the index of a member in a sorted set, with scores ordered from high to low."""


@command(
    "ZSCORE {name} {value}",
    shape="float_or_none",
    examples=["zscore('z', 'b')", "zscore('z', 'none')"],
)
def zscore(name: KeyT, value: EncodableT) -> float | None:
    """Get the score associated with the given member in a sorted set."""


@command(
    "ZSCAN {name} {cursor} [MATCH {match}] [COUNT {count}]",
    shape="zscan",
    shape_if={"score_cast_func is not float": "sorted_sets.scanned_as(score_cast_func)"},
    examples=["zscan('z')"],
)
def zscan(
    name: KeyT,
    cursor: int = 0,
    match: PatternT | None = None,
    count: int | None = None,
    score_cast_func: Callable[[Any], Any] = float,
) -> tuple[int, list[tuple[T, float]]]:
    """One step through a sorted set: the next cursor, 0 at the end, and (member, score) pairs."""


@command(
    "ZADD",
    shape="count_or_score",
    needs="mapping",
    one_of="nx xx, nx gt, nx lt, gt lt",
    examples=[
        "zadd('z', {'a': 5, 'n': 1.5})",
        "zadd('z', {'a': 5, 'n': 1.5}, ch=True)",
        "zadd('z', {'a': 5}, nx=True)",
        "zadd('z', {'a': 5}, xx=True, gt=True)",
        "zadd('z', {'a': 5}, incr=True)",
        "zadd('z', {'none': 5}, incr=True, xx=True)",
        "zadd('z', {})",
    ],
)
def zadd(
    name: KeyT,
    mapping: Mapping[Any, EncodableT],
    nx: bool = False,
    xx: bool = False,
    ch: bool = False,
    incr: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> int | float | None:
    """Set the scores of members: {member: score}. The number of new (`ch`: changed) members; with `incr` the new score of the only member."""
    if incr and len(mapping) != 1:
        raise DataError("zadd with incr takes one member")
    flags = words_of(NX=nx, XX=xx, CH=ch, INCR=incr, GT=gt, LT=lt)
    return [
        name,
        *flags,
        *(part for member, score in mapping.items() for part in (word(score), member)),
    ]


@command(
    "ZRANGE",
    shape="nested_scored",
    shape_if={"withscores": "sorted_sets.scored_as(score_cast_func)", "else": ""},
    one_of="byscore bylex",
    examples=[
        "zrange('z', 0, -1)",
        "zrange('z', 0, -1, withscores=True)",
        "zrange('z', 0, -1, desc=True, withscores=True)",
        "zrange('z', 0, -1, withscores=True, score_cast_func=str)",
        "zrange('z', 1, 3, byscore=True, offset=0, num=2)",
        "zrange('z', '[a', '[c', bylex=True)",
        "zrange('none', 0, -1, withscores=True)",
    ],
)
def zrange(
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
) -> list[T]:
    """Members of a sorted set by rank, score or name; (member, score) pairs if `withscores`."""
    if (offset is None) is not (num is None):
        raise DataError("zrange takes offset and num together")
    bound = lex_bound if bylex else word
    limit = () if offset is None else (b"LIMIT", offset, num)
    flags = words_of(BYSCORE=byscore, BYLEX=bylex, REV=desc)
    return [name, bound(start), bound(end), *flags, *limit, *words_of(WITHSCORES=withscores)]


@command(
    "ZREVRANGE {name} {start} {end} withscores?WITHSCORES",
    shape="nested_scored",
    shape_if={"withscores": "sorted_sets.scored_as(score_cast_func)", "else": ""},
    examples=["zrevrange('z', 0, -1)", "zrevrange('z', 0, -1, withscores=True)"],
)
def zrevrange(
    name: KeyT,
    start: int,
    end: int,
    withscores: bool = False,
    score_cast_func: Callable[[Any], Any] = float,
) -> list[T]:
    """Members of a sorted set by rank, highest score first; (member, score) pairs if `withscores`."""
