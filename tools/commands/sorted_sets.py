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
    returns_if={"withscore": "list[int | S] | None", "else": "int | None"},
    examples=["zrank('z', 'b')", "zrank('z', 'none')", "zrank('z', 'b', True)"],
)
def zrank(
    name: KeyT,
    value: EncodableT,
    withscore: bool = False,
    score_cast_func: Callable[[Any], Any] = float,
) -> int | list[int | S] | None:
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
    returns_if={"withscore": "list[int | S] | None", "else": "int | None"},
    examples=["zrevrank('z', 'a')", "zrevrank('z', 'a', True)"],
)
def zrevrank(
    name: KeyT,
    value: EncodableT,
    withscore: bool = False,
    score_cast_func: Callable[[Any], Any] = float,
) -> int | list[int | S] | None:
    """Determine the index of a member in a sorted set, with scores ordered from high to low."""


@command(
    "ZSCORE {name} {value}",
    shape="float_or_none",
    examples=["zscore('z', 'b')", "zscore('z', 'none')"],
)
def zscore(name: KeyT, value: EncodableT) -> float | None:
    """Get the score associated with the given member in a sorted set."""


@command(
    "ZSCAN {name} {cursor} [MATCH {match}] [COUNT {count}] noscores?NOSCORES",
    shape="zscan",
    shape_if={
        "noscores": "scan",
        "score_cast_func is not float": "sorted_sets.scanned_as(score_cast_func)",
    },
    returns_if={"noscores": "tuple[int, list[T]]", "else": "tuple[int, list[tuple[T, S]]]"},
    examples=["zscan('z')"],
)
def zscan(
    name: KeyT,
    cursor: int = 0,
    match: PatternT | None = None,
    count: int | None = None,
    score_cast_func: Callable[[Any], Any] = float,
    noscores: bool = False,
) -> tuple[int, list[tuple[T, S]] | list[T]]:
    """One step through a sorted set: the next cursor, 0 at the end, and (member, score) pairs, or with `noscores` members (Valkey 8.1)."""


@command(
    "ZADD",
    shape="count_or_score",
    needs="mapping",
    one_of="nx xx, nx gt, nx lt, gt lt",
    returns_if={"incr": "float | None", "else": "int"},
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
    return [name, *flags, *scored(mapping)]


@command(
    "ZRANGE",
    shape="nested_scored",
    shape_if={"withscores": "sorted_sets.scored_as(score_cast_func)", "else": ""},
    one_of="byscore bylex, bylex withscores",
    examples=[
        "zrange('z', '[a', '[c', bylex=True, withscores=True)",
        "zrange('z', 0, -1)",
        "zrange('z', 0, -1, withscores=True)",
        "zrange('z', 0, -1, desc=True, withscores=True)",
        "zrange('z', 0, -1, withscores=True, score_cast_func=str)",
        "zrange('z', 1, 3, byscore=True, offset=0, num=2)",
        "zrange('z', '[a', '[c', bylex=True)",
        "zrange('none', 0, -1, withscores=True)",
    ],
    returns_if={"withscores": "list[tuple[T, S]]", "else": "list[T]"},
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
) -> list[T] | list[tuple[T, S]]:
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
    returns_if={"withscores": "list[tuple[T, S]]", "else": "list[T]"},
)
def zrevrange(
    name: KeyT,
    start: int,
    end: int,
    withscores: bool = False,
    score_cast_func: Callable[[Any], Any] = float,
) -> list[T] | list[tuple[T, S]]:
    """Members of a sorted set by rank, highest score first; (member, score) pairs if `withscores`."""


@command(
    "ZDIFF {#keys} {*keys} withscores?WITHSCORES",
    shape="sorted_sets.flat_scored",
    examples=[
        "zdiff(['z', 'y'])",
        "zdiff(['z', 'y'], withscores=True)",
        "zdiff(['none', 'z'], withscores=True)",
    ],
)
def zdiff(keys: KeysT, withscores: bool = False) -> list[T]:
    """Members of the first of several sorted sets that are in no other; if `withscores`, each is followed by its score."""


@command("ZDIFFSTORE {dest} {#keys} {*keys}", examples=["zdiffstore('d', ['z', 'y'])"])
def zdiffstore(dest: KeyT, keys: KeysT) -> int:
    """Put into `dest` what `zdiff` gives; the number of its members."""


@command(
    "ZINTER",
    shape="nested_scored",
    shape_if={"withscores": "scored", "else": ""},
    returns_if={"withscores": "list[tuple[T, float]]", "else": "list[T]"},
    examples=[
        "zinter(['z', 'y'])",
        "zinter(['z', 'y'], withscores=True)",
        "zinter({'z': 2, 'y': 0.5}, withscores=True)",
        "zinter(['z', 'y'], 'MAX', withscores=True)",
        "zinter({'z': 2, 'y': 3}, aggregate='min', withscores=True)",
        "zinter(['none', 'z'], withscores=True)",
    ],
)
def zinter(
    keys: KeysT | Mapping[Any, float], aggregate: str | None = None, withscores: bool = False
) -> list[T] | list[tuple[T, float]]:
    """Members that are in all of several sorted sets; (member, score) pairs if `withscores`.

    Scores are multiplied by a set's weight, if `keys` is a mapping to weights, and then `aggregate` says what becomes of
    them: "SUM", "MIN", "MAX", or "COUNT", which adds the weights alone.
    """
    return [*weighted(keys, aggregate), *words_of(WITHSCORES=withscores)]


@command(
    "ZINTERSTORE",
    examples=[
        "zinterstore('d', ['z', 'y'])",
        "zinterstore('d', {'z': 2, 'y': 3}, 'MAX')",
    ],
)
def zinterstore(dest: KeyT, keys: KeysT | Mapping[Any, float], aggregate: str | None = None) -> int:
    """Put into `dest` what `zinter` gives; the number of its members."""
    return [dest, *weighted(keys, aggregate)]


@command(
    "ZINTERCARD {numkeys} {*keys} LIMIT {limit}",
    examples=["zintercard(2, ['z', 'y'])", "zintercard(2, ['z', 'z'], 2)"],
)
def zintercard(numkeys: int, keys: KeysT, limit: int = 0) -> int:
    """How many members are in all of `numkeys` sorted sets; with `limit` it does not count further."""


@command(
    "ZUNION",
    shape="nested_scored",
    shape_if={"withscores": "sorted_sets.scored_as(score_cast_func)", "else": ""},
    returns_if={"withscores": "list[tuple[T, S]]", "else": "list[T]"},
    examples=[
        "zunion(['z', 'y'])",
        "zunion(['z', 'y'], withscores=True)",
        "zunion({'z': 2, 'y': 0.5}, 'MIN', withscores=True)",
        "zunion(['z', 'y'], withscores=True, score_cast_func=str)",
        "zunion(['none'], withscores=True)",
    ],
)
def zunion(
    keys: KeysT | Mapping[Any, float],
    aggregate: str | None = None,
    withscores: bool = False,
    score_cast_func: Callable[[Any], Any] = float,
) -> list[T] | list[tuple[T, S]]:
    """Members that are in any of several sorted sets, with weights and scores as for `zinter`; (member, score) pairs if `withscores`."""
    return [*weighted(keys, aggregate), *words_of(WITHSCORES=withscores)]


@command(
    "ZUNIONSTORE",
    examples=[
        "zunionstore('d', ['z', 'y'])",
        "zunionstore('d', {'z': 2, 'y': 3}, 'MAX')",
    ],
)
def zunionstore(dest: KeyT, keys: KeysT | Mapping[Any, float], aggregate: str | None = None) -> int:
    """Put into `dest` what `zunion` gives; the number of its members."""
    return [dest, *weighted(keys, aggregate)]


@command(
    "ZLEXCOUNT {name} {min:lex} {max:lex}",
    examples=["zlexcount('same', '-', '+')", "zlexcount('same', '[b', '(d')"],
)
def zlexcount(name: KeyT, min: EncodableT, max: EncodableT) -> int:
    """How many members are between two names. All scores have to be the same.

    A bound is "[name", "(name" if that is not meant itself, or "-" and "+" for all.
    """


@command(
    "ZREMRANGEBYLEX {name} {min:lex} {max:lex}",
    examples=["zremrangebylex('same', '-', '+')", "zremrangebylex('same', '[b', '(d')"],
)
def zremrangebylex(name: KeyT, min: EncodableT, max: EncodableT) -> int:
    """Remove the members between two names, given as for `zlexcount`; their number."""


@command(
    "ZRANGEBYLEX {name} {min:lex} {max:lex} [LIMIT {start} {num}]",
    examples=[
        "zrangebylex('same', '-', '+')",
        "zrangebylex('same', '[b', '(d')",
        "zrangebylex('same', '-', '+', 1, 2)",
        "zrangebylex('same', '-', '+', start=1)",
    ],
)
def zrangebylex(
    name: KeyT,
    min: EncodableT,
    max: EncodableT,
    start: int | None = None,
    num: int | None = None,
) -> list[T]:
    """The members between two names, given as for `zlexcount`: all, or `num` of them from the `start`th."""


@command(
    "ZREVRANGEBYLEX {name} {max:lex} {min:lex} [LIMIT {start} {num}]",
    examples=[
        "zrevrangebylex('same', '+', '-')",
        "zrevrangebylex('same', '(d', '[b', 0, 1)",
        "zrevrangebylex('same', '+', '-', num=1)",
    ],
)
def zrevrangebylex(
    name: KeyT,
    max: EncodableT,
    min: EncodableT,
    start: int | None = None,
    num: int | None = None,
) -> list[T]:
    """`zrangebylex` from the last name to the first."""


@command(
    "ZRANGEBYSCORE {name} {min} {max} [LIMIT {start} {num}] withscores?WITHSCORES",
    shape="nested_scored",
    shape_if={"withscores": "sorted_sets.scored_as(score_cast_func)", "else": ""},
    order="redis-py's; servers take any",
    returns_if={"withscores": "list[tuple[T, S]]", "else": "list[T]"},
    examples=[
        "zrangebyscore('z', 1, '(3')",
        "zrangebyscore('z', '-inf', '+inf', 1, 2, withscores=True)",
        "zrangebyscore('z', 1, 3, withscores=True, score_cast_func=str)",
        "zrangebyscore('none', 1, 3, withscores=True)",
        "zrangebyscore('z', 1, 3, start=1)",
    ],
)
def zrangebyscore(
    name: KeyT,
    min: BoundT,
    max: BoundT,
    start: int | None = None,
    num: int | None = None,
    withscores: bool = False,
    score_cast_func: Callable[[Any], Any] = float,
) -> list[T] | list[tuple[T, S]]:
    """The members between two scores: all, or `num` of them from the `start`th; (member, score) pairs if `withscores`.

    A bound is a number, "(1.5" if that is not meant itself, or "-inf" and "+inf" for all.
    """


@command(
    "ZREVRANGEBYSCORE {name} {max} {min} [LIMIT {start} {num}] withscores?WITHSCORES",
    shape="nested_scored",
    shape_if={"withscores": "sorted_sets.scored_as(score_cast_func)", "else": ""},
    order="redis-py's; servers take any",
    returns_if={"withscores": "list[tuple[T, S]]", "else": "list[T]"},
    examples=[
        "zrevrangebyscore('z', '(3', 1)",
        "zrevrangebyscore('z', '+inf', '-inf', 1, 2, withscores=True)",
        "zrevrangebyscore('z', 3, 1, withscores=True, score_cast_func=str)",
        "zrevrangebyscore('z', 3, 1, num=1)",
    ],
)
def zrevrangebyscore(
    name: KeyT,
    max: BoundT,
    min: BoundT,
    start: int | None = None,
    num: int | None = None,
    withscores: bool = False,
    score_cast_func: Callable[[Any], Any] = float,
) -> list[T] | list[tuple[T, S]]:
    """`zrangebyscore` from the highest score to the lowest."""


@command(
    "ZRANGESTORE",
    one_of="byscore bylex",
    examples=[
        "zrangestore('d', 'z', 0, -1)",
        "zrangestore('d', 'z', 1, '(3', byscore=True)",
        "zrangestore('d', 'same', '[b', '+', bylex=True, offset=1, num=1)",
        "zrangestore('d', 'z', 3, 1, byscore=True, desc=True)",
        "zrangestore('d', 'z', 0, -1, offset=1)",
        "zrangestore('d', 'z', 0, -1, byscore=True, bylex=True)",
    ],
)
def zrangestore(
    dest: KeyT,
    name: KeyT,
    start: EncodableT,
    end: EncodableT,
    byscore: bool = False,
    bylex: bool = False,
    desc: bool = False,
    offset: int | None = None,
    num: int | None = None,
) -> int:
    """Put into `dest` what `zrange` gives; the number of its members."""
    if (offset is None) is not (num is None):
        raise DataError("zrangestore takes offset and num together")
    bound = lex_bound if bylex else word
    limit = () if offset is None else (b"LIMIT", offset, num)
    flags = words_of(BYSCORE=byscore, BYLEX=bylex, REV=desc)
    return [dest, name, bound(start), bound(end), *flags, *limit]


@command(
    "ZMSCORE {key} {*members}",
    shape="floats",
    needs="members",
    examples=["zmscore('z', ['a', 'none', 'b'])", "zmscore('none', ['a'])", "zmscore('z', [])"],
)
def zmscore(key: KeyT, members: KeysT) -> list[float | None]:
    """The scores of several members, None for those that are not there."""


@command(
    "ZRANDMEMBER {key} [{count}] withscores?WITHSCORES",
    shape="sorted_sets.flat_scored",
    returns_if={"count": "list[T]", "else": "T | None"},
    examples=[
        "zrandmember('one-member')",
        "zrandmember('one-member', 2)",
        "zrandmember('one-member', 2, withscores=True)",
        "zrandmember('none')",
        "zrandmember('none', 2, withscores=True)",
    ],
)
def zrandmember(
    key: KeyT, count: int | None = None, withscores: bool = False
) -> T | list[T] | None:
    """One random member of a sorted set, or a list of `count` of them; if `withscores`, each is followed by its score."""


@command(
    "BZPOPMAX {*keys} {timeout:timeout}",
    shape="popped_score",
    examples=["bzpopmax('z')", "bzpopmax(['none', 'z'], 1)", "bzpopmax('none', 0.01)"],
)
def bzpopmax(keys: KeysT, timeout: float | None = 0) -> tuple[T, T, float] | None:
    """(sorted set, member, score) of the first that has one, the highest; waits `timeout` seconds, 0 without end."""


@command(
    "BZPOPMIN {*keys} {timeout:timeout}",
    shape="popped_score",
    examples=["bzpopmin('z', None)", "bzpopmin(['none', 'z'], 1)", "bzpopmin('none', 0.01)"],
)
def bzpopmin(keys: KeysT, timeout: float | None = 0) -> tuple[T, T, float] | None:
    """(sorted set, member, score) of the first that has one, the lowest; waits `timeout` seconds, 0 without end."""


@command(
    "ZMPOP",
    shape="sorted_sets.popped",
    one_of="min max",
    needs="min max",
    examples=[
        "zmpop(2, ['none', 'z'], min=True)",
        "zmpop(1, ['z'], max=True, count=2)",
        "zmpop(1, ['none'], max=True)",
        "zmpop(1, ['z'])",
        "zmpop(1, ['z'], min=True, max=True)",
    ],
)
def zmpop(
    num_keys: int,
    keys: KeysT,
    min: bool | None = False,
    max: bool | None = False,
    count: int = 1,
) -> list[T | list[list[T]]] | None:
    """[sorted set, [[member, score]]] of the first of `num_keys` that has some: up to `count` with the lowest or highest scores."""
    limit = () if count == 1 else (b"COUNT", count)
    return [num_keys, *listed(keys), b"MIN" if min else b"MAX", *limit]


@command(
    "BZMPOP {timeout} {numkeys} {*keys} min?MIN max?MAX COUNT {count}",
    shape="sorted_sets.popped",
    one_of="min max",
    needs="min max",
    examples=[
        "bzmpop(1, 2, ['none', 'z'], min=True)",
        "bzmpop(1, 1, ['z'], max=True, count=2)",
        "bzmpop(0.01, 1, ['none'], max=True)",
        "bzmpop(1, 1, ['z'])",
    ],
)
def bzmpop(
    timeout: float,
    numkeys: int,
    keys: KeysT,
    min: bool | None = False,
    max: bool | None = False,
    count: int = 1,
) -> list[T | list[list[T]]] | None:
    """`zmpop` that waits for members: `timeout` seconds, 0 without end."""


@command(
    "ZMOVE {source} {destination} [{where}] [BYSCORE {min} {max}] [COUNT {count}]",
    one_of="where min",
    needs="where min",
    examples=[
        "zmove('z', 'd', 'MIN')",
        "zmove('z', 'd', 'MAX', count=2)",
        "zmove('z', 'd', min='-inf', max='(3', count=2)",
    ],
)
def zmove(
    source: KeyT,
    destination: KeyT,
    where: Literal["MIN", "MAX"] | None = None,
    *,
    min: BoundT | None = None,
    max: BoundT | None = None,
    count: int | None = None,
) -> list[Any] | None:
    """Move members from one sorted set to another, with their scores: those of lowest or highest score, or within bounds.

    Gives what was moved as the server tells it, None if that is nothing.
    """


@command(
    "BZMOVE {source} {destination} {where} {timeout} [COUNT {count}]",
    examples=["bzmove('z', 'd', 'MIN', 1)", "bzmove('z', 'd', 'MAX', 0.5, count=2)"],
)
def bzmove(
    source: KeyT,
    destination: KeyT,
    where: Literal["MIN", "MAX"],
    timeout: float,
    *,
    count: int | None = None,
) -> list[Any] | None:
    """`zmove` that waits for members: `timeout` seconds, 0 without end."""


@command(
    "ZMOVEMEMBER {source} {destination} nx?NX xx?XX MEMBERS {#members} {*members}",
    one_of="nx xx",
    needs="members",
    examples=[
        "zmovemember('z', 'd', 'a', 'b')",
        "zmovemember('z', 'd', 'a', nx=True)",
        "zmovemember('z', 'd', 'a', xx=True)",
    ],
)
def zmovemember(
    source: KeyT,
    destination: KeyT,
    *members: EncodableT,
    nx: bool = False,
    xx: bool = False,
) -> list[Any] | None:
    """Move members from one sorted set to another, with their scores; with `nx` those it does not have, with `xx` those it has.

    Gives what was moved as the server tells it, None if that is nothing.
    """
