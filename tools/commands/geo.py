"""Commands on places, which are members of sorted sets. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "GEOADD",
    one_of="nx xx",
    examples=[
        "geoadd('g', [13.36, 38.11, 'a', 2.35, 48.85, 'new'])",
        "geoadd('g', (13.0, 38.0, 'a', 2.35, 48.85, 'new'), ch=True)",
        "geoadd('g', [13.0, 38.0, 'a'], nx=True)",
        "geoadd('g', [13.0, 38.0, 'a'], xx=True, ch=True)",
        "geoadd('g', [13.0, 38.0, 'a'], nx=True, xx=True)",
        "geoadd('g', [13.0, 38.0])",
    ],
)
def geoadd(
    name: KeyT,
    values: Sequence[EncodableT],
    nx: bool = False,
    xx: bool = False,
    ch: bool = False,
) -> int:
    """Put places on a map. The number of new (`ch`: new or moved) places.

    `values` is flat: longitude, latitude and name of the first place, then those of the next.
    """
    if len(values) % 3:
        raise DataError("geoadd needs a longitude, a latitude and a name for each place")
    return [name, *words_of(NX=nx, XX=xx, CH=ch), *values]


@command(
    "GEODIST {name} {place1} {place2} [{unit}]",
    shape="float_or_none",
    examples=[
        "geodist('g', 'a', 'b')",
        "geodist('g', 'a', 'b', 'km')",
        "geodist('g', 'a', 'none')",
        "geodist('none', 'a', 'b')",
    ],
)
def geodist(
    name: KeyT,
    place1: FieldT,
    place2: FieldT,
    unit: Literal["m", "km", "mi", "ft"] | None = None,
) -> float | None:
    """How far apart two places are, in metres or in `unit`; None if one of them is not there."""


@command(
    "GEOHASH {name} {*values}",
    shape="texts",
    examples=["geohash('g', 'a', 'none', 'b')", "geohash('none', 'a')"],
)
def geohash(name: KeyT, *values: FieldT) -> list[str | None]:
    """The geohash of each place, None for those that are not there."""


@command(
    "GEOPOS {name} {*values}",
    shape="geo.positions",
    examples=["geopos('g', 'a', 'none', 'b')", "geopos('none', 'a')"],
)
def geopos(name: KeyT, *values: FieldT) -> list[tuple[float, float] | None]:
    """Where each place is, as (longitude, latitude), None for those that are not there."""


@command(
    "GEORADIUS {name} {longitude} {latitude} {radius} {unit:unit} withdist?WITHDIST withcoord?WITHCOORD withhash?WITHHASH"
    " [COUNT {count} any?ANY] [{sort}] [STORE {store}] [STOREDIST {store_dist}]",
    shape="geo.found",
    one_of="store store_dist",
    order="redis-py's; servers take any",
    returns_if={
        "withdist, withcoord, withhash": "list[list[T | float | int | tuple[float, float]]]",
        "store, store_dist": "int",
        "else": "list[T]",
    },
    examples=[
        "georadius('g', 13, 38, 200, 'km')",
        "georadius('g', 13, 38, 200000, sort='DESC')",
        "georadius('g', 13, 38, 200, 'km', withdist=True, withcoord=True, withhash=True, sort='ASC')",
        "georadius('g', 13, 38, 200, 'km', withhash=True, count=1)",
        "georadius('g', 13, 38, 200, 'km', count=1, any=True)",
        "georadius('g', 13, 38, 200, 'km', any=True)",
        "georadius('g', 13, 38, 200, 'km', store='d')",
        "georadius('g', 13, 38, 200, 'km', store_dist='d')",
        "georadius('g', 13, 38, 200, 'km', store='d', store_dist='e')",
        "georadius('none', 13, 38, 200, 'km', withdist=True)",
    ],
)
def georadius(
    name: KeyT,
    longitude: float,
    latitude: float,
    radius: float,
    unit: Literal["m", "km", "mi", "ft"] | None = None,
    withdist: bool = False,
    withcoord: bool = False,
    withhash: bool = False,
    count: int | None = None,
    sort: Literal["ASC", "DESC"] | None = None,
    store: KeyT | None = None,
    store_dist: KeyT | None = None,
    any: bool = False,
) -> list[T] | list[list[T | float | int | tuple[float, float]]] | int:
    """Places around a point, the nearest `count` of them, or `any`. `geosearch` does the same and more.

    A list of names, or of [name, distance, hash, (longitude, latitude)] with what is asked for of that; the number of
    places if they are put into `store`, or with their distances as scores into `store_dist`.
    """


@command(
    "GEORADIUS_RO {name} {longitude} {latitude} {radius} {unit:unit} withdist?WITHDIST withcoord?WITHCOORD withhash?WITHHASH"
    " [COUNT {count} any?ANY] [{sort}]",
    shape="geo.found",
    order="redis-py's; servers take any",
    returns_if={
        "withdist, withcoord, withhash": "list[list[T | float | int | tuple[float, float]]]",
        "else": "list[T]",
    },
    examples=[
        "georadius_ro('g', 13, 38, 200000, sort='ASC')",
        "georadius_ro('g', 13, 38, 200, 'km', True, True, True, 2, 'ASC', any=True)",
    ],
)
def georadius_ro(
    name: KeyT,
    longitude: float,
    latitude: float,
    radius: float,
    unit: Literal["m", "km", "mi", "ft"] | None = None,
    withdist: bool = False,
    withcoord: bool = False,
    withhash: bool = False,
    count: int | None = None,
    sort: Literal["ASC", "DESC"] | None = None,
    any: bool = False,
) -> list[T] | list[list[T | float | int | tuple[float, float]]]:
    """`georadius` without what it may store, which replicas answer too."""


@command(
    "GEORADIUSBYMEMBER {name} {member} {radius} {unit:unit} withdist?WITHDIST withcoord?WITHCOORD withhash?WITHHASH"
    " [COUNT {count} any?ANY] [{sort}] [STORE {store}] [STOREDIST {store_dist}]",
    shape="geo.found",
    one_of="store store_dist",
    order="redis-py's; servers take any",
    returns_if={
        "withdist, withcoord, withhash": "list[list[T | float | int | tuple[float, float]]]",
        "store, store_dist": "int",
        "else": "list[T]",
    },
    examples=[
        "georadiusbymember('g', 'a', 200, 'km', sort='ASC')",
        "georadiusbymember('g', 'a', 200000, withdist=True, withcoord=True, sort='ASC')",
        "georadiusbymember('g', 'a', 200, 'km', withhash=True, count=1, any=True)",
        "georadiusbymember('g', 'a', 200, 'km', any=True)",
        "georadiusbymember('g', 'a', 200, 'km', store='d')",
        "georadiusbymember('g', 'a', 200, 'km', store_dist='d')",
        "georadiusbymember('g', 'none', 200, 'km')",
    ],
)
def georadiusbymember(
    name: KeyT,
    member: FieldT,
    radius: float,
    unit: Literal["m", "km", "mi", "ft"] | None = None,
    withdist: bool = False,
    withcoord: bool = False,
    withhash: bool = False,
    count: int | None = None,
    sort: Literal["ASC", "DESC"] | None = None,
    store: KeyT | None = None,
    store_dist: KeyT | None = None,
    any: bool = False,
) -> list[T] | list[list[T | float | int | tuple[float, float]]] | int:
    """Places around one of them; all else as for `georadius`."""


@command(
    "GEORADIUSBYMEMBER_RO {name} {member} {radius} {unit:unit} withdist?WITHDIST withcoord?WITHCOORD withhash?WITHHASH"
    " [COUNT {count} any?ANY] [{sort}]",
    shape="geo.found",
    order="redis-py's; servers take any",
    returns_if={
        "withdist, withcoord, withhash": "list[list[T | float | int | tuple[float, float]]]",
        "else": "list[T]",
    },
    examples=[
        "georadiusbymember_ro('g', 'a', 200000, sort='ASC')",
        "georadiusbymember_ro('g', 'a', 200, 'km', True, True, True, 2, 'ASC', any=True)",
    ],
)
def georadiusbymember_ro(
    name: KeyT,
    member: FieldT,
    radius: float,
    unit: Literal["m", "km", "mi", "ft"] | None = None,
    withdist: bool = False,
    withcoord: bool = False,
    withhash: bool = False,
    count: int | None = None,
    sort: Literal["ASC", "DESC"] | None = None,
    any: bool = False,
) -> list[T] | list[list[T | float | int | tuple[float, float]]]:
    """`georadiusbymember` without what it may store, which replicas answer too."""


@command(
    "GEOSEARCH {name} [FROMMEMBER {member}] [FROMLONLAT {longitude} {latitude}] [BYRADIUS {radius} {unit}]"
    " [BYBOX {width} {height} {unit}] [BYPOLYGON {polygon:corners}] [{sort}] [COUNT {count} any?ANY]"
    " withdist?WITHDIST withcoord?WITHCOORD withhash?WITHHASH",
    shape="geo.found",
    one_of="member longitude polygon, radius width polygon",
    needs="member longitude polygon, radius width polygon",
    order="redis-py's; servers take any",
    returns_if={
        "withdist, withcoord, withhash": "list[list[T | float | int | tuple[float, float]]]",
        "else": "list[T]",
    },
    examples=[
        "geosearch('g', member='a', radius=200, unit='km', sort='ASC')",
        "geosearch('g', longitude=13, latitude=38, radius=200000)",
        "geosearch('g', longitude=13, latitude=0, radius=20, unit='km')",
        "geosearch('g', member='a', width=400, height=400, unit='km', sort='DESC')",
        "geosearch('g', member='a', radius=200, unit='km', count=1)",
        "geosearch('g', member='a', radius=200, unit='km', count=1, any=True)",
        "geosearch('g', member='a', radius=200, unit='km', sort='ASC', withdist=True)",
        "geosearch('g', member='a', radius=200, unit='km', sort='ASC', withhash=True)",
        "geosearch('g', member='a', radius=200, unit='km', sort='ASC', withcoord=True)",
        "geosearch('g', member='a', radius=200, unit='km', sort='ASC', withdist=True, withhash=True, withcoord=True)",
        "geosearch('none', member='a', radius=200)",
        "geosearch('none', longitude=13, latitude=38, radius=200, withdist=True)",
        "geosearch('g', member='a', radius=200, any=True)",
        "geosearch('g', radius=200)",
        "geosearch('g', longitude=13, radius=200)",
        "geosearch('g', member='a')",
        "geosearch('g', member='a', width=200)",
        "geosearch('g', member='a', longitude=13, latitude=38, radius=200)",
        "geosearch('g', member='a', radius=200, width=3, height=3)",
        "geosearch('g', polygon=[(10, 30), (20, 30), (20, 40), (10, 40)], sort='ASC', withcoord=True)",
        "geosearch('g', member='a', polygon=[(10, 30), (20, 30), (20, 40)])",
    ],
)
def geosearch(
    name: KeyT,
    member: FieldT | None = None,
    longitude: float | None = None,
    latitude: float | None = None,
    unit: Literal["m", "km", "mi", "ft"] = "m",
    radius: float | None = None,
    width: float | None = None,
    height: float | None = None,
    sort: Literal["ASC", "DESC"] | None = None,
    count: int | None = None,
    any: bool = False,
    withcoord: bool = False,
    withdist: bool = False,
    withhash: bool = False,
    *,
    polygon: Sequence[tuple[float, float]] | None = None,
) -> list[T] | list[list[T | float | int | tuple[float, float]]]:
    """Places within a circle or a box around one of them or a point: all, the nearest `count`, or `any` of that number.

    Or those within a `polygon`, whose corners are (longitude, latitude), which Valkey 9 has. A list of names, or of [name, distance, hash, (longitude, latitude)] with what is asked for of that.
    """


@command(
    "GEOSEARCHSTORE {dest} {name} [FROMMEMBER {member}] [FROMLONLAT {longitude} {latitude}] [BYRADIUS {radius} {unit}]"
    " [BYBOX {width} {height} {unit}] [BYPOLYGON {polygon:corners}] [{sort}] [COUNT {count} any?ANY] storedist?STOREDIST",
    one_of="member longitude polygon, radius width polygon",
    needs="member longitude polygon, radius width polygon",
    examples=[
        "geosearchstore('d', 'g', member='a', radius=200, unit='km', sort='ASC')",
        "geosearchstore('d', 'g', longitude=13, latitude=38, width=400, height=400, unit='km')",
        "geosearchstore('d', 'g', member='a', radius=200, unit='km', count=1, any=True)",
        "geosearchstore('d', 'g', member='a', radius=200, unit='km', storedist=True)",
        "geosearchstore('d', 'none', longitude=13, latitude=38, radius=200)",
        "geosearchstore('d', 'g', member='a', radius=200, any=True)",
        "geosearchstore('d', 'g', polygon=[(10, 30), (20, 30), (20, 40), (10, 40)])",
    ],
)
def geosearchstore(
    dest: KeyT,
    name: KeyT,
    member: FieldT | None = None,
    longitude: float | None = None,
    latitude: float | None = None,
    unit: Literal["m", "km", "mi", "ft"] = "m",
    radius: float | None = None,
    width: float | None = None,
    height: float | None = None,
    sort: Literal["ASC", "DESC"] | None = None,
    count: int | None = None,
    any: bool = False,
    storedist: bool = False,
    *,
    polygon: Sequence[tuple[float, float]] | None = None,
) -> int:
    """Put what `geosearch` finds into `dest`, if `storedist` with distances as scores; the number of places."""
