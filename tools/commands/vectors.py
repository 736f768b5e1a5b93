"""Commands on sets of vectors, of which redis-py has methods behind `vset()`. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "VADD",
    shape="truth",
    needs="element",
    examples=[
        "vadd('v', [1.5, 2.5, 3.5], 'new')",
        "vadd('v', [1.5, 2.5, 3.5], 'a')",
        "vadd('v', b'\\x00\\x00\\x80?' * 3, 'new')",
        "vadd('none', [1, 2, 3], 'a', reduce_dim=2)",
        "vadd('none', [1, 2, 3], 'a', cas=True, quantization=QUANTIZATION.Q8, ef=100, numlinks=8)",
        "vadd('none', [1, 2, 3], 'a', attributes={'x': 1})",
        "vadd('none', [1, 2, 3], 'a', attributes='{\"x\": 1}')",
        "vadd('v', [], 'a')",
    ],
)
def vadd(
    key: KeyT,
    vector: Sequence[float] | bytes,
    element: EncodableT,
    reduce_dim: int | None = None,
    cas: bool | None = False,
    quantization: Enum | Literal["NOQUANT", "BIN", "Q8"] | None = None,
    ef: float | None = None,
    attributes: Mapping[str, Any] | str | None = None,
    numlinks: int | None = None,
) -> bool:
    """Set the vector of an element: numbers, or the bytes of floats of 32 bits, little end first; whether the element is new.

    The first element decides whether vectors are reduced to `reduce_dim` dimensions, how their numbers are stored, and with how many
    others each is linked (`numlinks`). With `cas` the server looks for neighbours in a thread, among `ef` candidates. `attributes` are
    what filters see of the element, as JSON.
    """
    if not len(vector):
        raise DataError("vadd needs a vector")
    fewer = () if reduce_dim is None else (b"REDUCE", reduce_dim)
    kind = (b"FP32", vector) if isinstance(vector, bytes) else (b"VALUES", len(vector), *vector)
    stored = () if quantization is None else (choice(quantization),)
    candidates = () if ef is None else (b"EF", ef)
    about = () if attributes is None else (b"SETATTR", as_json(attributes))
    links = () if numlinks is None else (b"M", numlinks)
    return [
        key,
        *fewer,
        *kind,
        element,
        *words_of(CAS=cas),
        *stored,
        *candidates,
        *about,
        *links,
    ]


@command("VCARD {key}", examples=["vcard('v')", "vcard('none')"])
def vcard(key: KeyT) -> int:
    """The number of elements in a set of vectors."""


@command("VDIM {key}", examples=["vdim('v')", "vdim('none')"])
def vdim(key: KeyT) -> int:
    """The number of dimensions of the vectors in a set."""


@command(
    "VEMB",
    shape_if={"raw": "bytes:vectors.stored", "else": "floats"},
    returns_if={"raw": "dict[str, bytes | float] | None", "else": "list[float] | None"},
    examples=[
        "vemb('v', 'a')",
        "vemb('v', 'none')",
        "vemb('none', 'a')",
        "vemb('v', 'a', raw=True)",
        "vemb('v', 'none', raw=True)",
    ],
)
def vemb(
    key: KeyT, element: EncodableT, raw: bool | None = False
) -> list[float] | dict[str, bytes | float] | None:
    """The vector of an element, or with `raw` as it is stored: how ("quantization"), the bytes ("raw", never decoded), and its length ("l2")."""
    return [key, element, *words_of(RAW=raw)]


@command(
    "VGETATTR {key} {element}",
    shape="vectors.attributes",
    examples=["vgetattr('v', 'a')", "vgetattr('v', 'b')", "vgetattr('v', 'none')"],
)
def vgetattr(key: KeyT, element: EncodableT) -> Any:
    """The attributes of an element, from their JSON, or None if it has none."""


@command("VINFO {key}", shape="vectors.info", examples=["vinfo('none')"])
def vinfo(key: KeyT) -> dict[T, T | int] | None:
    """What the server tells of a set of vectors."""


@command(
    "VISMEMBER {key} {element}",
    shape="truth",
    examples=["vismember('v', 'a')", "vismember('v', 'none')"],
)
def vismember(key: KeyT, element: EncodableT) -> bool:
    """Whether a set of vectors has an element."""


@command(
    "VLINKS",
    shape_if={"with_scores": "vectors.scored_links"},
    returns_if={"with_scores": "list[dict[T, float]] | None", "else": "list[list[T]] | None"},
    examples=[
        "vlinks('pair', 'none')",
        "vlinks('none', 'a')",
        "vlinks('none', 'a', with_scores=True)",
    ],
)
def vlinks(
    key: KeyT, element: EncodableT, with_scores: bool | None = False
) -> list[list[T]] | list[dict[T, float]] | None:
    """The neighbours that an element is linked with, on each level from the highest; with `with_scores`, {neighbour: how similar}."""
    return [key, element, *words_of(WITHSCORES=with_scores)]


@command(
    "VRANDMEMBER {key} [{count}]",
    returns_if={"count": "list[T]", "else": "T | None"},
    examples=["vrandmember('none')", "vrandmember('none', 2)", "vrandmember('single')"],
)
def vrandmember(key: KeyT, count: int | None = None) -> T | list[T] | None:
    """An element of a set of vectors, or a list of `count` ones, all different; below 0, as many as that, which may repeat."""


@command(
    "VRANGE {key} {start} {end} [{count}]",
    examples=["vrange('v', '-', '+')", "vrange('v', '[a', '(c', 2)"],
)
def vrange(key: KeyT, start: EncodableT, end: EncodableT, count: int | None = None) -> list[T]:
    """The elements from a first to a last name, in the order of their names, up to `count` of them."""


@command("VREM {key} {element}", shape="truth", examples=["vrem('v', 'a')", "vrem('v', 'none')"])
def vrem(key: KeyT, element: EncodableT) -> bool:
    """Remove an element from a set of vectors; whether it was there."""


@command(
    "VSETATTR",
    shape="truth",
    examples=[
        "vsetattr('v', 'a', {'x': 2})",
        "vsetattr('v', 'a', '{\"x\": 2}')",
        "vsetattr('v', 'a')",
        "vsetattr('v', 'none', {'x': 2})",
    ],
)
def vsetattr(
    key: KeyT, element: EncodableT, attributes: Mapping[str, Any] | str | None = None
) -> bool:
    """Set the attributes of an element, which filters of vsim see, as JSON; whether there is such an element."""
    return [key, element, as_json({} if attributes is None else attributes)]


@command(
    "VSIM",
    shape_if={
        "with_scores and with_attribs": "vectors.scored_with_attributes",
        "with_scores": "vectors.scored",
        "with_attribs": "vectors.with_attributes",
    },
    needs="input",
    returns_if={
        "with_scores with_attribs": "dict[T, dict[str, Any]]",
        "with_scores": "dict[T, float]",
        "with_attribs": "dict[T, Any]",
        "else": "list[T]",
    },
    examples=[
        "vsim('v', [])",
        "vsim('v', 'a')",
        "vsim('v', [1, 2, 3])",
        "vsim('v', b'\\x00\\x00\\x80?' * 3)",
        "vsim('v', 'a', with_scores=True)",
        "vsim('v', 'a', with_attribs=True)",
        "vsim('v', 'a', with_scores=True, with_attribs=True)",
        "vsim('v', 'a', count=1, ef=100, truth=True, no_thread=True)",
        "vsim('v', 'a', epsilon=0.2)",
        "vsim('v', 'a', filter='.x == 1', filter_ef=100)",
        "vsim('none', 'a', with_scores=True)",
        "vsim('v', 'none')",
    ],
)
def vsim(
    key: KeyT,
    input: list[float] | tuple[float, ...] | EncodableT,
    with_scores: bool | None = False,
    with_attribs: bool | None = False,
    count: int | None = None,
    ef: float | None = None,
    filter: str | None = None,
    filter_ef: int | str | None = None,
    truth: bool | None = False,
    no_thread: bool | None = False,
    epsilon: float | None = None,
) -> list[T] | dict[T, float] | dict[T, Any] | dict[T, dict[str, Any]]:
    """The elements whose vectors are most similar to an element's or to a vector: numbers, or the bytes of floats of 32 bits.

    With `with_scores`, {element: how similar}, with `with_attribs`, {element: attributes}, and with both,
    {element: {"score": .., "attributes": ..}}. There are `count` of them (10), chosen among `ef` candidates, not farther away than
    `epsilon`, whose attributes a `filter` fits, for which up to `filter_ef` candidates are looked at. `truth` compares with all
    vectors; `no_thread` searches in the server's main thread.
    """
    if isinstance(input, bytes):
        wanted = (b"FP32", input)
    elif isinstance(input, (list, tuple)):
        wanted = (b"VALUES", len(input), *input)
    else:
        wanted = (b"ELE", input)
    most = () if count is None else (b"COUNT", count)
    distance = () if epsilon is None else (b"EPSILON", epsilon)
    candidates = () if ef is None else (b"EF", ef)
    fitting = () if filter is None else (b"FILTER", word(filter))
    tried = () if filter_ef is None else (b"FILTER-EF", word(filter_ef))
    return [
        key,
        *wanted,
        *words_of(WITHSCORES=with_scores, WITHATTRIBS=with_attribs),
        *most,
        *distance,
        *candidates,
        *fitting,
        *tried,
        *words_of(TRUTH=truth, NOTHREAD=no_thread),
    ]
