"""What the commands on time series have in common: the words of options that several of them take."""

from __future__ import annotations

from oxipipe import _types as t
from oxipipe.commands.modules import Module
from oxipipe.commands.words import word, words_of
from oxipipe.exceptions import DataError

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


class Series(Module):
    """Makes words of options."""

    def _settings(
        self,
        retention_msecs: int | None,
        uncompressed: bool | None,
        labels: t.Mapping[str, str] | None,
        chunk_size: int | None,
        duplicate_policy: str | None,
        ignore_max_time_diff: int | None,
        ignore_max_val_diff: float | None,
    ) -> list[t.Any]:
        """What a series is made with."""
        if (ignore_max_time_diff is None) is not (ignore_max_val_diff is None):
            raise DataError("ignore_max_time_diff and ignore_max_val_diff are taken together")
        words: list[Any] = []
        if retention_msecs is not None:
            words += (b"RETENTION", retention_msecs)
        if uncompressed:
            words += (b"ENCODING", b"UNCOMPRESSED")
        if chunk_size is not None:
            words += (b"CHUNK_SIZE", chunk_size)
        if duplicate_policy is not None:
            words += (b"DUPLICATE_POLICY", word(duplicate_policy))
        if labels:
            words.append(b"LABELS")
            for label, value in labels.items():
                words += (word(label), word(value))
        if ignore_max_time_diff is not None:
            words += (b"IGNORE", ignore_max_time_diff, ignore_max_val_diff)
        return words

    def _filters(
        self,
        latest: bool | None,
        filter_by_ts: t.Sequence[int] | None,
        filter_by_min_value: float | None,
        filter_by_max_value: float | None,
    ) -> list[t.Any]:
        """Which samples."""
        if (filter_by_min_value is None) is not (filter_by_max_value is None):
            raise DataError("filter_by_min_value and filter_by_max_value are taken together")
        words: list[Any] = words_of(LATEST=latest)
        if filter_by_ts is not None:
            words += (b"FILTER_BY_TS", *filter_by_ts)
        if filter_by_min_value is not None:
            words += (b"FILTER_BY_VALUE", filter_by_min_value, filter_by_max_value)
        return words

    def _buckets(
        self,
        count: int | None,
        align: int | str | None,
        aggregation: list[t.Any],
        bucket_timestamp: str | None,
        empty: bool | None,
    ) -> list[t.Any]:
        """How many samples, and what is made of them."""
        words: list[Any] = []
        if count is not None:
            words += (b"COUNT", count)
        if align is not None:
            words += (b"ALIGN", word(align))
        words += aggregation
        if bucket_timestamp is not None:
            words += (b"BUCKETTIMESTAMP", word(bucket_timestamp))
        return words + words_of(EMPTY=empty)

    def _aggregation(self, kind: str | list[str] | None, size: int | None) -> list[t.Any]:
        if kind is None:
            if size:
                raise DataError("bucket_size_msec is taken only with aggregation_type")
            return []
        return [b"AGGREGATION", word(",".join(kind) if isinstance(kind, list) else kind), size]

    def _aggregations(
        self, kinds: str | list[str] | None, size: int | None, count: int
    ) -> list[t.Any]:
        """One for each of several keys."""
        if kinds is None:
            if size:
                raise DataError("bucket_size_msec is taken only with aggregators")
            return []
        each = [kinds] if isinstance(kinds, str) else kinds
        if len(each) != count:
            raise DataError("aggregators are one for each key")
        return [b"AGGREGATION", *map(word, each), size]

    def _labels(
        self, with_labels: bool | None, select_labels: t.Sequence[str] | None
    ) -> list[t.Any]:
        if with_labels and select_labels:
            raise DataError("only one of with_labels, select_labels is taken")
        if select_labels:
            return [b"SELECTED_LABELS", *map(word, select_labels)]
        return words_of(WITHLABELS=with_labels)
