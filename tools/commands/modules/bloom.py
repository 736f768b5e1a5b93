"""Commands on filters and sketches, which answer fast and not exactly. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821

from oxipipe.commands.shapes.bloom import BFInfo, CFInfo, CMSInfo, TDigestInfo, TopKInfo


@group("bf", theirs="redis.commands.bf.BFBloom")
class BFBloom:
    """Commands on Bloom filters, which know what has been added, and sometimes take for added what has not been."""

    @command(
        "BF.RESERVE {key} {errorRate} {capacity} [EXPANSION {expansion}] noScale?NONSCALING",
        shape="ok",
        examples=[
            "create('b', 0.01, 1000)",
            "create('b', 0.01, 1000, expansion=2)",
            "create('b', 0.01, 1000, noScale=True)",
        ],
    )
    def create(
        key: KeyT,
        errorRate: float,
        capacity: int,
        expansion: int | None = None,
        noScale: bool | None = None,
    ) -> bool:
        """Make a filter for `capacity` items, wrong about one in 1/`errorRate` others.

        When it is full it gets another one, `expansion` times as large, unless `noScale` forbids that.
        """

    @command(
        "BF.RESERVE {key} {errorRate} {capacity} [EXPANSION {expansion}] noScale?NONSCALING",
        shape="ok",
        examples=["reserve('b', 0.01, 1000, 2, True)"],
    )
    def reserve(
        key: KeyT,
        errorRate: float,
        capacity: int,
        expansion: int | None = None,
        noScale: bool | None = None,
    ) -> bool:
        """As `create`."""

    @command("BF.ADD {key} {item}", shape="truth", examples=["add('b', 'x')", "add('b', b'\\xff')"])
    def add(key: KeyT, item: EncodableT) -> bool:
        """Add an item; False if the filter takes it for added before."""

    @command("BF.MADD {key} {*items}", shape="bloom.truths", examples=["madd('b', 'x', 1)"])
    def madd(key: KeyT, *items: EncodableT) -> list[bool | int]:
        """Add several items; for each whether it is new to the filter."""

    @command(
        "BF.INSERT {key} [CAPACITY {capacity}] [ERROR {error}] [EXPANSION {expansion}] noCreate?NOCREATE noScale?NONSCALING"
        " ITEMS {*items}",
        shape="bloom.truths",
        examples=[
            "insert('b', ['x', 1])",
            "insert('b', ('x',), capacity=10, error=0.5, expansion=3, noScale=True)",
            "insert('b', ['x'], noCreate=True)",
        ],
    )
    def insert(
        key: KeyT,
        items: Iterable[EncodableT],
        capacity: int | None = None,
        error: float | None = None,
        noCreate: bool | None = None,
        expansion: int | None = None,
        noScale: bool | None = None,
    ) -> list[bool | int]:
        """As `madd`, into a filter that is made as the other arguments say if it is not there; not with `noCreate`."""

    @command("BF.EXISTS {key} {item}", shape="truth", examples=["exists('b', 'x')"])
    def exists(key: KeyT, item: EncodableT) -> bool:
        """Whether an item may have been added; False is certain."""

    @command("BF.MEXISTS {key} {*items}", shape="bloom.truths", examples=["mexists('b', 'x', 'y')"])
    def mexists(key: KeyT, *items: EncodableT) -> list[bool | int]:
        """For each item whether it may have been added."""

    @command("BF.SCANDUMP {key} {iter}", shape="bytes", examples=["scandump('b', 0)"])
    def scandump(key: KeyT, iter: int) -> list[int | bytes]:
        """The next part of a filter for `loadchunk`, behind the number to ask for more with: 0 first, and 0 at the end."""

    @command("BF.LOADCHUNK {key} {iter} {data}", examples=["loadchunk('b', 1, b'\\xff\\x00')"])
    def loadchunk(key: KeyT, iter: int, data: bytes) -> T:
        """Restore a part that `scandump` gave."""

    @command("BF.INFO {key}", shape="bloom.bf_info", examples=["info('b')"])
    def info(key: KeyT) -> BFInfo:
        """What the server tells of a filter."""

    @command("BF.CARD {key}", examples=["card('b')"])
    def card(key: KeyT) -> int:
        """How many items have been added, as far as the filter knows; 0 without one."""


@group("cf", theirs="redis.commands.bf.CFBloom")
class CFBloom:
    """Commands on cuckoo filters, which are Bloom filters that can forget."""

    @command(
        "CF.RESERVE {key} {capacity} [EXPANSION {expansion}] [BUCKETSIZE {bucket_size}] [MAXITERATIONS {max_iterations}]",
        shape="ok",
        examples=["create('c', 1000)", "create('c', 1000, 1, 2, 20)"],
    )
    def create(
        key: KeyT,
        capacity: int,
        expansion: int | None = None,
        bucket_size: int | None = None,
        max_iterations: int | None = None,
    ) -> bool:
        """Make a filter for `capacity` items; the other arguments trade its size for time and mistakes."""

    @command(
        "CF.RESERVE {key} {capacity} [EXPANSION {expansion}] [BUCKETSIZE {bucket_size}] [MAXITERATIONS {max_iterations}]",
        shape="ok",
        examples=["reserve('c', 1000, bucket_size=4)"],
    )
    def reserve(
        key: KeyT,
        capacity: int,
        expansion: int | None = None,
        bucket_size: int | None = None,
        max_iterations: int | None = None,
    ) -> bool:
        """As `create`."""

    @command("CF.ADD {key} {item}", shape="truth", examples=["add('c', 'x')"])
    def add(key: KeyT, item: EncodableT) -> bool:
        """Add an item, also once more."""

    @command("CF.ADDNX {key} {item}", shape="truth", examples=["addnx('c', 'x')"])
    def addnx(key: KeyT, item: EncodableT) -> bool:
        """Add an item unless the filter takes it for added before; whether it was added."""

    @command(
        "CF.INSERT {key} [CAPACITY {capacity}] nocreate?NOCREATE ITEMS {*items}",
        shape="bloom.truths",
        examples=["insert('c', ['x', 1])", "insert('c', ['x'], capacity=10, nocreate=True)"],
    )
    def insert(
        key: KeyT,
        items: Iterable[EncodableT],
        capacity: int | None = None,
        nocreate: bool | None = None,
    ) -> list[bool | int]:
        """Add several items; -1 for what a full filter has no room for. The filter is made if need be, not with `nocreate`."""

    @command(
        "CF.INSERTNX {key} [CAPACITY {capacity}] nocreate?NOCREATE ITEMS {*items}",
        shape="bloom.truths",
        examples=["insertnx('c', ['x', 1])", "insertnx('c', ['x'], capacity=10, nocreate=True)"],
    )
    def insertnx(
        key: KeyT,
        items: Iterable[EncodableT],
        capacity: int | None = None,
        nocreate: bool | None = None,
    ) -> list[bool | int]:
        """As `insert`, for items that the filter does not take for added before; False for others."""

    @command("CF.EXISTS {key} {item}", shape="truth", examples=["exists('c', 'x')"])
    def exists(key: KeyT, item: EncodableT) -> bool:
        """Whether an item may have been added; False is certain."""

    @command("CF.MEXISTS {key} {*items}", shape="bloom.truths", examples=["mexists('c', 'x', 'y')"])
    def mexists(key: KeyT, *items: EncodableT) -> list[bool | int]:
        """For each item whether it may have been added."""

    @command("CF.DEL {key} {item}", shape="truth", examples=["delete('c', 'x')"])
    def delete(key: KeyT, item: EncodableT) -> bool:
        """Remove an item once; whether the filter had it. What was never added must not be removed."""

    @command("CF.COUNT {key} {item}", examples=["count('c', 'x')"])
    def count(key: KeyT, item: EncodableT) -> int:
        """How often an item may have been added."""

    @command("CF.SCANDUMP {key} {iter}", shape="bytes", examples=["scandump('c', 0)"])
    def scandump(key: KeyT, iter: int) -> list[int | bytes | None]:
        """The next part of a filter for `loadchunk`, behind the number to ask for more with: 0 first, and 0 at the end."""

    @command("CF.LOADCHUNK {key} {iter} {data}", examples=["loadchunk('c', 1, b'\\xff\\x00')"])
    def loadchunk(key: KeyT, iter: int, data: bytes) -> T:
        """Restore a part that `scandump` gave."""

    @command("CF.INFO {key}", shape="bloom.cf_info", examples=["info('c')"])
    def info(key: KeyT) -> CFInfo:
        """What the server tells of a filter."""


@group("cms", theirs="redis.commands.bf.CMSBloom")
class CMSBloom:
    """Commands on count-min sketches, which know about how often each item was added."""

    @command("CMS.INITBYDIM {key} {width} {depth}", shape="ok", examples=["initbydim('m', 100, 5)"])
    def initbydim(key: KeyT, width: int, depth: int) -> bool:
        """Make a sketch of that size."""

    @command(
        "CMS.INITBYPROB {key} {error} {probability}",
        shape="ok",
        examples=["initbyprob('m', 0.01, 0.02)"],
    )
    def initbyprob(key: KeyT, error: float, probability: float) -> bool:
        """Make a sketch that is wrong by more than that part of all additions only that rarely."""

    @command("CMS.INCRBY", examples=["incrby('m', ['x', 'y'], [1, 2])"])
    def incrby(key: KeyT, items: Sequence[EncodableT], increments: Sequence[int]) -> list[int]:
        """Add to the numbers of items, and return them."""
        if len(items) != len(increments):
            raise DataError("incrby needs as many increments as items")
        return [key, *(part for pair in zip(items, increments, strict=True) for part in pair)]

    @command("CMS.QUERY {key} {*items}", examples=["query('m', 'x', 'y')"])
    def query(key: KeyT, *items: EncodableT) -> list[int]:
        """The numbers of items."""

    @command(
        "CMS.MERGE",
        shape="ok",
        examples=["merge('m', 2, ['k', 'l'])", "merge('m', 2, ['k', 'l'], [1, 2])"],
    )
    def merge(
        destKey: KeyT, numKeys: int, srcKeys: Sequence[KeyT], weights: Sequence[int] = ()
    ) -> bool:
        """Make the sum of sketches, times their weights; `numKeys` is how many they are."""
        return [destKey, numKeys, *srcKeys, *([b"WEIGHTS", *weights] if weights else [])]

    @command("CMS.INFO {key}", shape="bloom.cms_info", examples=["info('m')"])
    def info(key: KeyT) -> CMSInfo:
        """What the server tells of a sketch."""


@group("topk", theirs="redis.commands.bf.TOPKBloom")
class TOPKBloom:
    """Commands on lists of the most frequent of all items that were added."""

    @command(
        "TOPK.RESERVE {key} {k} {width} {depth} {decay}",
        shape="ok",
        examples=["reserve('k', 3, 8, 7, 0.9)"],
    )
    def reserve(key: KeyT, k: int, width: int, depth: int, decay: float) -> bool:
        """Make a list of the `k` most frequent items, with a sketch of that size whose numbers of rare items decay."""

    @command("TOPK.ADD {key} {*items}", shape="bloom.names", examples=["add('k', 'x', 1)"])
    def add(key: KeyT, *items: EncodableT) -> list[str | None]:
        """Add items; for each the one that it drove out of the list, or None."""

    @command("TOPK.INCRBY", shape="bloom.names", examples=["incrby('k', ['x', 'y'], [1, 2])"])
    def incrby(
        key: KeyT, items: Sequence[EncodableT], increments: Sequence[int]
    ) -> list[str | None]:
        """Add each item several times; the reply is that of `add`."""
        if len(items) != len(increments):
            raise DataError("incrby needs as many increments as items")
        return [key, *(part for pair in zip(items, increments, strict=True) for part in pair)]

    @command("TOPK.QUERY {key} {*items}", shape="bloom.truths", examples=["query('k', 'x', 'y')"])
    def query(key: KeyT, *items: EncodableT) -> list[bool | int]:
        """For each item whether it is in the list."""

    @command("TOPK.COUNT {key} {*items}", examples=["count('k', 'x', 'y')"])
    def count(key: KeyT, *items: EncodableT) -> list[int]:
        """About how often items were added."""

    @command(
        "TOPK.LIST {key} withcount?WITHCOUNT",
        shape="bloom.names",
        returns_if={"withcount": "list[str | int]", "else": "list[str]"},
        examples=["list('k')", "list('k', withcount=True)"],
    )
    def list(key: KeyT, withcount: bool = False) -> list[str] | list[str | int]:
        """The items in the list, each with its number behind it if wanted."""

    @command("TOPK.INFO {key}", shape="bloom.topk_info", examples=["info('k')"])
    def info(key: KeyT) -> TopKInfo:
        """What the server tells of a list."""


@group("tdigest", theirs="redis.commands.bf.TDigestBloom")
class TDigestBloom:
    """Commands on t-digests, which know about how numbers are distributed."""

    @command(
        "TDIGEST.CREATE {key} COMPRESSION {compression}",
        shape="ok",
        examples=["create('t')", "create('t', 500)"],
    )
    def create(key: KeyT, compression: int = 100) -> bool:
        """Make a digest; more `compression` takes more memory and is more exact."""

    @command("TDIGEST.RESET {key}", examples=["reset('t')"])
    def reset(key: KeyT) -> T:
        """Forget all numbers."""

    @command("TDIGEST.ADD {key} {*values}", examples=["add('t', [1, 2.5])"])
    def add(key: KeyT, values: Iterable[float]) -> T:
        """Add numbers."""

    @command(
        "TDIGEST.MERGE {destination_key} {num_keys} {*keys} [COMPRESSION {compression}] override?OVERRIDE",
        examples=["merge('t', 2, 'u', 'v')", "merge('t', 1, 'u', compression=50, override=True)"],
    )
    def merge(
        destination_key: KeyT,
        num_keys: int,
        *keys: KeyT,
        compression: int | None = None,
        override: bool = False,
    ) -> T:
        """Add the numbers of digests to another one, or put them into its place with `override`."""

    @command("TDIGEST.MIN {key}", shape="float_or_none", examples=["min('t')"])
    def min(key: KeyT) -> float:
        """The least number; nan if there is none."""

    @command("TDIGEST.MAX {key}", shape="float_or_none", examples=["max('t')"])
    def max(key: KeyT) -> float:
        """The greatest number; nan if there is none."""

    @command(
        "TDIGEST.QUANTILE {key} {quantile} {*quantiles}",
        shape="floats",
        examples=["quantile('t', 0.5)", "quantile('t', 0.1, 0.5, 1)"],
    )
    def quantile(key: KeyT, quantile: float, *quantiles: float) -> list[float]:
        """The numbers below which that part of all is."""

    @command("TDIGEST.CDF {key} {value} {*values}", shape="floats", examples=["cdf('t', 1, 2.5)"])
    def cdf(key: KeyT, value: float, *values: float) -> list[float]:
        """The part of all numbers that is not greater than each value."""

    @command("TDIGEST.INFO {key}", shape="bloom.tdigest_info", examples=["info('t')"])
    def info(key: KeyT) -> TDigestInfo:
        """What the server tells of a digest."""

    @command(
        "TDIGEST.TRIMMED_MEAN {key} {low_cut_quantile} {high_cut_quantile}",
        shape="float_or_none",
        examples=["trimmed_mean('t', 0.1, 0.9)"],
    )
    def trimmed_mean(key: KeyT, low_cut_quantile: float, high_cut_quantile: float) -> float:
        """The mean of the numbers between two quantiles."""

    @command("TDIGEST.RANK {key} {value} {*values}", examples=["rank('t', 1, 2.5)"])
    def rank(key: KeyT, value: float, *values: float) -> list[int]:
        """About how many numbers are less than each value; -1 if it is less than all, -2 if there is no number."""

    @command("TDIGEST.REVRANK {key} {value} {*values}", examples=["revrank('t', 1, 2.5)"])
    def revrank(key: KeyT, value: float, *values: float) -> list[int]:
        """As `rank`, counted from the greatest."""

    @command("TDIGEST.BYRANK {key} {rank} {*ranks}", shape="floats", examples=["byrank('t', 0, 2)"])
    def byrank(key: KeyT, rank: int, *ranks: int) -> list[float]:
        """About which number has each rank; inf behind the greatest."""

    @command(
        "TDIGEST.BYREVRANK {key} {rank} {*ranks}", shape="floats", examples=["byrevrank('t', 0, 2)"]
    )
    def byrevrank(key: KeyT, rank: int, *ranks: int) -> list[float]:
        """As `byrank`, counted from the greatest; -inf behind the least."""
