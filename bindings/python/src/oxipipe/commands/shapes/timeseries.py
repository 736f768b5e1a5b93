"""Shapes of replies to commands on time series. RESP3 has maps where RESP2 has arrays, and doubles where it has text."""

from __future__ import annotations

from oxipipe.commands.shapes.common import pairs, text, unless_null

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def samples(reply: Any) -> list[Any]:
    return [(time, *map(float, values)) for time, *values in reply or ()]


def read_samples(reply: Any) -> list[Any]:
    # redis-py came to know this command when it gave lists already.
    return [[time, *map(float, values)] for time, *values in reply or ()]


def rows(reply: Any) -> list[Any]:
    return [[int(time), [float(value) for value in values]] for time, values in reply or ()]


def sample(reply: Any) -> tuple[int, float] | None:
    return (int(reply[0]), float(reply[1])) if reply else None


@unless_null
def last_samples(reply: Any) -> list[Any]:
    """A dict for each series, in the order of their names."""
    found = []
    for key, told, *_, last in _series(reply):
        found.append({key: [told, *(sample(last) or (None, None))]})
    return sorted(found, key=list)


@unless_null
def many_samples(reply: Any) -> list[Any]:
    """A dict for each series, in the order of their names."""
    # RESP3 tells of the aggregators besides.
    found = [{key: [told, samples(last)]} for key, told, *_, last in _series(reply)]
    return sorted(found, key=list)


def _series(reply: Any) -> Iterator[list[Any]]:
    """Name, labels and what else is told of each."""
    for item in reply.items() if isinstance(reply, dict) else reply:
        key, *rest = (item[0], *item[1]) if isinstance(reply, dict) else item
        yield [text(key), labels(rest[0]), *rest[1:]]


def labels(reply: Any) -> dict[str, Any]:
    """Of a map, or a list of pairs."""
    items = reply.items() if isinstance(reply, dict) else reply or ()
    return {text(label): text(value) for label, value in items}


class TSInfo:
    """What a server tells of a series: attributes, or items by the same names or the server's."""

    rules: list[list[Any]]
    labels: dict[str, str]
    source_key: Any
    chunk_count: int
    memory_usage: int
    total_samples: int
    retention_msecs: int
    last_timestamp: int
    first_timestamp: int
    max_samples_per_chunk: int | None
    chunk_size: int
    duplicate_policy: str | None

    def __init__(self, reply: Any) -> None:
        told = {text(name): value for name, value in pairs(reply).items()}
        for name, attribute in _ATTRIBUTES.items():
            setattr(self, attribute, told.get(name))
        self.duplicate_policy = text(self.duplicate_policy)
        self.labels = labels(told.get("labels"))
        rules = told.get("rules") or []
        self.rules = [[k, *v] for k, v in rules.items()] if isinstance(rules, dict) else rules
        if self.chunk_size is None and self.max_samples_per_chunk is not None:
            # Old servers count samples, of 16 bytes.
            self.chunk_size = self.max_samples_per_chunk * 16

    def get(self, item: str) -> Any:
        return getattr(self, _ATTRIBUTES.get(item, item), None)

    def __getitem__(self, item: str) -> Any:
        return getattr(self, _ATTRIBUTES.get(item, item))

    def __repr__(self) -> str:
        return f"TSInfo({vars(self)})"


#: By the server's names.
_ATTRIBUTES = {
    "sourceKey": "source_key",
    "chunkCount": "chunk_count",
    "memoryUsage": "memory_usage",
    "totalSamples": "total_samples",
    "retentionTime": "retention_msecs",
    "lastTimestamp": "last_timestamp",
    "firstTimestamp": "first_timestamp",
    "maxSamplesPerChunk": "max_samples_per_chunk",
    "chunkSize": "chunk_size",
    "duplicatePolicy": "duplicate_policy",
}


@unless_null
def info(reply: Any) -> TSInfo:
    return TSInfo(reply)
