"""Shapes of replies to commands on filters and sketches. RESP3 has booleans and doubles where RESP2 has numbers and text."""

from __future__ import annotations

from oxipipe import _types as t
from oxipipe.commands.shapes.common import pairs, text, unless_null


@unless_null
def truths(reply: t.Any) -> list[t.Any]:
    """Whether, for each item; as it is what is neither: an error, or -1 for an item that a full filter did not take."""
    return [bool(value) if value in (0, 1) else value for value in reply]


def names(reply: t.Any) -> list[t.Any]:
    """Names as text, also those that look like numbers; numbers as they come."""
    return [text(value) for value in reply or ()]


class _Info:
    """Attributes, or items by the same names."""

    #: The attribute by the server's name for it.
    _NAMES: t.ClassVar[dict[str, str]] = {}

    def __init__(self, reply: t.Any) -> None:
        told = {text(name): value for name, value in pairs(reply).items()}
        for name, attribute in self._NAMES.items():
            setattr(self, attribute, told.get(name))

    def get(self, item: str) -> t.Any:
        return getattr(self, item, None)

    def __getitem__(self, item: str) -> t.Any:
        return getattr(self, item)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({vars(self)})"


class BFInfo(_Info):
    """What a server tells of a Bloom filter."""

    capacity: int
    size: int
    filterNum: int
    insertedNum: int
    #: None for filters that do not grow.
    expansionRate: int | None

    _NAMES: t.ClassVar[dict[str, str]] = {
        "Capacity": "capacity",
        "Size": "size",
        "Number of filters": "filterNum",
        "Number of items inserted": "insertedNum",
        "Expansion rate": "expansionRate",
    }


class CFInfo(_Info):
    """What a server tells of a cuckoo filter."""

    size: int
    bucketNum: int
    filterNum: int
    insertedNum: int
    deletedNum: int
    bucketSize: int
    expansionRate: int
    maxIteration: int

    _NAMES: t.ClassVar[dict[str, str]] = {
        "Size": "size",
        "Number of buckets": "bucketNum",
        "Number of filters": "filterNum",
        "Number of items inserted": "insertedNum",
        "Number of items deleted": "deletedNum",
        "Bucket size": "bucketSize",
        "Expansion rate": "expansionRate",
        "Max iterations": "maxIteration",
    }


class CMSInfo(_Info):
    """What a server tells of a count-min sketch."""

    width: int
    depth: int
    count: int

    _NAMES: t.ClassVar[dict[str, str]] = {"width": "width", "depth": "depth", "count": "count"}


class TopKInfo(_Info):
    """What a server tells of a list of the most frequent items."""

    k: int
    width: int
    depth: int
    decay: float

    _NAMES: t.ClassVar[dict[str, str]] = {
        "k": "k",
        "width": "width",
        "depth": "depth",
        "decay": "decay",
    }

    def __init__(self, reply: t.Any) -> None:
        super().__init__(reply)
        self.decay = float(self.decay)


class TDigestInfo(_Info):
    """What a server tells of a t-digest."""

    compression: int
    capacity: int
    merged_nodes: int
    unmerged_nodes: int
    merged_weight: int
    unmerged_weight: int
    total_compressions: int
    memory_usage: int

    _NAMES: t.ClassVar[dict[str, str]] = {
        "Compression": "compression",
        "Capacity": "capacity",
        "Merged nodes": "merged_nodes",
        "Unmerged nodes": "unmerged_nodes",
        "Merged weight": "merged_weight",
        "Unmerged weight": "unmerged_weight",
        "Total compressions": "total_compressions",
        "Memory usage": "memory_usage",
    }


def _info(kind: t.Callable[[t.Any], t.Any]) -> t.Callable[[t.Any], t.Any]:
    @unless_null
    def shape(reply: t.Any) -> t.Any:
        # Asked for one thing only, as methods do not, servers send that one.
        return kind(reply) if len(reply) > 1 else reply

    return shape


bf_info = _info(BFInfo)
cf_info = _info(CFInfo)
cms_info = _info(CMSInfo)
topk_info = _info(TopKInfo)
tdigest_info = _info(TDigestInfo)
