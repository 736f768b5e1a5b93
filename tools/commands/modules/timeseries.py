"""Commands on time series. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821

from oxipipe.commands.shapes.timeseries import TSInfo


@group(
    "ts",
    theirs="redis.commands.timeseries.TimeSeries",
    base="oxipipe.commands.modules._timeseries.Series",
)
class TimeSeries:
    """Commands on time series.

    Times are in milliseconds, or "-", "+" and "*" for the first, the last and now. Aggregators are names such as "avg".
    """

    @command(
        "TS.CREATE",
        shape="ok",
        examples=[
            "create('s')",
            "create('s', retention_msecs=0, uncompressed=True, labels={'a': 'b', 'c': 'd'}, chunk_size=128, duplicate_policy='last', ignore_max_time_diff=5, ignore_max_val_diff=0.5)",
            "create('s', ignore_max_time_diff=5)",
        ],
    )
    def create(
        key: KeyT,
        retention_msecs: int | None = None,
        uncompressed: bool | None = False,
        labels: Mapping[str, str] | None = None,
        chunk_size: int | None = None,
        duplicate_policy: str | None = None,
        ignore_max_time_diff: int | None = None,
        ignore_max_val_diff: float | None = None,
    ) -> bool:
        """Make a series.

        Samples are kept for `retention_msecs`, in chunks of `chunk_size` bytes. `duplicate_policy` says what becomes of a second sample
        of one time. One that differs from the last by no more than both `ignore_` arguments is dropped.
        """
        return [
            key,
            *self._settings(
                retention_msecs,
                uncompressed,
                labels,
                chunk_size,
                duplicate_policy,
                ignore_max_time_diff,
                ignore_max_val_diff,
            ),
        ]

    @command(
        "TS.ALTER",
        shape="ok",
        examples=[
            "alter('s')",
            "alter('s', retention_msecs=0, labels={'a': 'b', 'c': 'd'}, chunk_size=128, duplicate_policy='last', ignore_max_time_diff=5, ignore_max_val_diff=0.5)",
        ],
    )
    def alter(
        key: KeyT,
        retention_msecs: int | None = None,
        labels: Mapping[str, str] | None = None,
        chunk_size: int | None = None,
        duplicate_policy: str | None = None,
        ignore_max_time_diff: int | None = None,
        ignore_max_val_diff: float | None = None,
    ) -> bool:
        """Change what `create` has set."""
        return [
            key,
            *self._settings(
                retention_msecs,
                False,
                labels,
                chunk_size,
                duplicate_policy,
                ignore_max_time_diff,
                ignore_max_val_diff,
            ),
        ]

    @command(
        "TS.ADD",
        examples=[
            "add('s', '*', 1.5)",
            "add('s', 1000, '2', on_duplicate='sum')",
            "add('s', 1, 1, retention_msecs=0, uncompressed=True, labels={'a': 'b', 'c': 'd'}, chunk_size=128, duplicate_policy='last', ignore_max_time_diff=5, ignore_max_val_diff=0.5, on_duplicate='max')",
        ],
    )
    def add(
        key: KeyT,
        timestamp: int | str,
        value: float | str,
        retention_msecs: int | None = None,
        uncompressed: bool | None = False,
        labels: Mapping[str, str] | None = None,
        chunk_size: int | None = None,
        duplicate_policy: str | None = None,
        ignore_max_time_diff: int | None = None,
        ignore_max_val_diff: float | None = None,
        on_duplicate: str | None = None,
    ) -> int:
        """Add a sample, and return its time; the series is made as for `create` if it is not there.

        `on_duplicate` says for this sample what `duplicate_policy` says for all.
        """
        return [
            key,
            word(timestamp),
            word(value),
            *self._settings(
                retention_msecs,
                uncompressed,
                labels,
                chunk_size,
                duplicate_policy,
                ignore_max_time_diff,
                ignore_max_val_diff,
            ),
            *([] if on_duplicate is None else [b"ON_DUPLICATE", word(on_duplicate)]),
        ]

    @command("TS.MADD", examples=["madd([('s', 1, 2.5), ('u', '*', '3')])"])
    def madd(ktv_tuples: Iterable[tuple[KeyT, int | str, float | str]]) -> list[int]:
        """Add a key, time and value each, to series that are there; their times."""
        return [part for key, when, value in ktv_tuples for part in (key, word(when), word(value))]

    @command(
        "TS.INCRBY",
        examples=[
            "incrby('s', 1)",
            "incrby('s', 1.5, '*')",
            "incrby('s', 1.5, 1000, retention_msecs=0, uncompressed=True, labels={'a': 'b', 'c': 'd'}, chunk_size=128, duplicate_policy='last', ignore_max_time_diff=5, ignore_max_val_diff=0.5)",
        ],
    )
    def incrby(
        key: KeyT,
        value: float,
        timestamp: int | str | None = None,
        retention_msecs: int | None = None,
        uncompressed: bool | None = False,
        labels: Mapping[str, str] | None = None,
        chunk_size: int | None = None,
        duplicate_policy: str | None = None,
        ignore_max_time_diff: int | None = None,
        ignore_max_val_diff: float | None = None,
    ) -> int:
        """Add to the last value, as a sample of now or of `timestamp`, and return its time; the series is made as for `create`."""
        when = [] if timestamp is None else [b"TIMESTAMP", word(timestamp)]
        return [
            key,
            value,
            *when,
            *self._settings(
                retention_msecs,
                uncompressed,
                labels,
                chunk_size,
                duplicate_policy,
                ignore_max_time_diff,
                ignore_max_val_diff,
            ),
        ]

    @command(
        "TS.DECRBY",
        examples=[
            "decrby('s', 1)",
            "decrby('s', 1.5, '*')",
            "decrby('s', 1.5, 1000, retention_msecs=0, uncompressed=True, labels={'a': 'b', 'c': 'd'}, chunk_size=128, duplicate_policy='last', ignore_max_time_diff=5, ignore_max_val_diff=0.5)",
        ],
    )
    def decrby(
        key: KeyT,
        value: float,
        timestamp: int | str | None = None,
        retention_msecs: int | None = None,
        uncompressed: bool | None = False,
        labels: Mapping[str, str] | None = None,
        chunk_size: int | None = None,
        duplicate_policy: str | None = None,
        ignore_max_time_diff: int | None = None,
        ignore_max_val_diff: float | None = None,
    ) -> int:
        """Subtract from the last value, as a sample of now or of `timestamp`, and return its time; the series is made as for `create`."""
        when = [] if timestamp is None else [b"TIMESTAMP", word(timestamp)]
        return [
            key,
            value,
            *when,
            *self._settings(
                retention_msecs,
                uncompressed,
                labels,
                chunk_size,
                duplicate_policy,
                ignore_max_time_diff,
                ignore_max_val_diff,
            ),
        ]

    @command(
        "TS.DEL {key} {from_time:word} {to_time:word}",
        examples=["delete('s', 0, 100)", "delete('s', '-', '+')"],
    )
    def delete(key: KeyT, from_time: int | str, to_time: int | str) -> int:
        """Remove the samples between two times; how many there were."""

    @command(
        "TS.CREATERULE {source_key} {dest_key} AGGREGATION {aggregation_type} {bucket_size_msec} [{align_timestamp}]",
        shape="ok",
        examples=["createrule('s', 'd', 'avg', 100)", "createrule('s', 'd', 'avg', 100, 50)"],
    )
    def createrule(
        source_key: KeyT,
        dest_key: KeyT,
        aggregation_type: str,
        bucket_size_msec: int,
        align_timestamp: int | None = None,
    ) -> bool:
        """Let a series have an aggregate of another one for every `bucket_size_msec`, which begin at multiples of it, or at `align_timestamp`."""

    @command("TS.DELETERULE {source_key} {dest_key}", shape="ok", examples=["deleterule('s', 'd')"])
    def deleterule(source_key: KeyT, dest_key: KeyT) -> bool:
        """Remove what `createrule` has made."""

    @command(
        "TS.RANGE",
        shape="timeseries.samples",
        examples=[
            "range('s', '-', '+')",
            "range('s', 0, 100, count=2, aggregation_type='avg', bucket_size_msec=10, filter_by_ts=[1, 2], filter_by_min_value=0, filter_by_max_value=5.5, align='-', latest=True, bucket_timestamp='mid', empty=True)",
            "range('s', 0, 100, aggregation_type=['min', 'max'], bucket_size_msec=10)",
        ],
    )
    def range(
        key: KeyT,
        from_time: int | str,
        to_time: int | str,
        count: int | None = None,
        aggregation_type: str | list[str] | None = None,
        bucket_size_msec: int | None = 0,
        filter_by_ts: Sequence[int] | None = None,
        filter_by_min_value: float | None = None,
        filter_by_max_value: float | None = None,
        align: int | str | None = None,
        latest: bool | None = False,
        bucket_timestamp: str | None = None,
        empty: bool | None = False,
    ) -> list[tuple[int, *tuple[float, ...]]]:
        """The samples between two times, each a tuple of a time and a float, or several.

        Times and values may be filtered. Each `bucket_size_msec` gives one sample with each aggregator's value, of which the time is that of
        its start, or as `bucket_timestamp` says ("-", "mid", "+"). `empty`: also for buckets without samples; `latest`: also the last,
        which is not complete.
        """
        filters = self._filters(latest, filter_by_ts, filter_by_min_value, filter_by_max_value)
        buckets = self._buckets(
            count,
            align,
            self._aggregation(aggregation_type, bucket_size_msec),
            bucket_timestamp,
            empty,
        )
        return [key, word(from_time), word(to_time), *filters, *buckets]

    @command(
        "TS.REVRANGE",
        shape="timeseries.samples",
        examples=[
            "revrange('s', '-', '+')",
            "revrange('s', 0, 100, count=2, aggregation_type='avg', bucket_size_msec=10, filter_by_ts=[1, 2], filter_by_min_value=0, filter_by_max_value=5.5, align='-', latest=True, bucket_timestamp='mid', empty=True)",
            "revrange('s', 0, 100, aggregation_type=['min', 'max'], bucket_size_msec=10)",
        ],
    )
    def revrange(
        key: KeyT,
        from_time: int | str,
        to_time: int | str,
        count: int | None = None,
        aggregation_type: str | list[str] | None = None,
        bucket_size_msec: int | None = 0,
        filter_by_ts: Sequence[int] | None = None,
        filter_by_min_value: float | None = None,
        filter_by_max_value: float | None = None,
        align: int | str | None = None,
        latest: bool | None = False,
        bucket_timestamp: str | None = None,
        empty: bool | None = False,
    ) -> list[tuple[int, *tuple[float, ...]]]:
        """The samples between two times, the last one first, each a tuple of a time and a float, or several.

        Times and values may be filtered. Each `bucket_size_msec` gives one sample with each aggregator's value, of which the time is that of
        its start, or as `bucket_timestamp` says ("-", "mid", "+"). `empty`: also for buckets without samples; `latest`: also the last,
        which is not complete.
        """
        filters = self._filters(latest, filter_by_ts, filter_by_min_value, filter_by_max_value)
        buckets = self._buckets(
            count,
            align,
            self._aggregation(aggregation_type, bucket_size_msec),
            bucket_timestamp,
            empty,
        )
        return [key, word(from_time), word(to_time), *filters, *buckets]

    @command(
        "TS.READ",
        shape="timeseries.read_samples",
        examples=[
            "read('s', 5)",
            "read('s', '-', block_milliseconds=10)",
            "read('s', 5, 10, 2, 3)",
            "read('s', 5, block_min_count=2)",
        ],
    )
    def read(
        key: KeyT,
        timestamp: int | str,
        block_milliseconds: int | None = None,
        block_min_count: int | None = None,
        max_count: int | None = None,
    ) -> list[list[int | float]]:
        """The samples after a time, each a list of a time and a float; waits up to `block_milliseconds` for `block_min_count` of them."""
        if block_milliseconds is None and block_min_count is not None:
            raise DataError("read takes block_min_count only with block_milliseconds")
        words = [key, word(timestamp)]
        if block_milliseconds is not None:
            words += (
                b"BLOCK",
                block_milliseconds,
                1 if block_min_count is None else block_min_count,
            )
        if max_count is not None:
            words += (b"MAX_COUNT", max_count)
        return words

    @command(
        "TS.NRANGE",
        shape="timeseries.rows",
        examples=[
            "nrange(['s', 'u'], '-', '+')",
            "nrange(('s',), 0, 100, count=2, aggregators='avg', bucket_size_msec=10, filter_by_ts=[1, 2], filter_by_min_value=0, filter_by_max_value=5.5, align='-', latest=True, bucket_timestamp='mid', empty=True)",
            "nrange(['s', 'u'], 0, 100, aggregators=['min', 'max,avg'], bucket_size_msec=10)",
            "nrange([], 0, 1)",
            "nrange(['s', 'u'], 0, 1, aggregators='avg')",
        ],
    )
    def nrange(
        keys: Sequence[KeyT],
        from_time: int | str,
        to_time: int | str,
        count: int | None = None,
        aggregators: str | list[str] | None = None,
        bucket_size_msec: int | None = 0,
        filter_by_ts: Sequence[int] | None = None,
        filter_by_min_value: float | None = None,
        filter_by_max_value: float | None = None,
        align: int | str | None = None,
        latest: bool | None = False,
        bucket_timestamp: str | None = None,
        empty: bool | None = False,
    ) -> list[list[int | list[float]]]:
        """The samples of several series by their times, each a list of a time and a list of values; nan where a series has none.

        One of `aggregators` for each key; other arguments are those of `range`.
        """
        if not keys:
            raise DataError("nrange needs keys")
        filters = self._filters(latest, filter_by_ts, filter_by_min_value, filter_by_max_value)
        buckets = self._buckets(
            count,
            align,
            self._aggregations(aggregators, bucket_size_msec, len(keys)),
            bucket_timestamp,
            empty,
        )
        return [len(keys), *keys, word(from_time), word(to_time), *filters, *buckets]

    @command(
        "TS.NREVRANGE",
        shape="timeseries.rows",
        examples=[
            "nrevrange(['s', 'u'], '-', '+')",
            "nrevrange(('s',), 0, 100, count=2, aggregators='avg', bucket_size_msec=10, filter_by_ts=[1, 2], filter_by_min_value=0, filter_by_max_value=5.5, align='-', latest=True, bucket_timestamp='mid', empty=True)",
            "nrevrange(['s', 'u'], 0, 100, aggregators=['min', 'max,avg'], bucket_size_msec=10)",
            "nrevrange([], 0, 1)",
            "nrevrange(['s', 'u'], 0, 1, aggregators='avg')",
        ],
    )
    def nrevrange(
        keys: Sequence[KeyT],
        from_time: int | str,
        to_time: int | str,
        count: int | None = None,
        aggregators: str | list[str] | None = None,
        bucket_size_msec: int | None = 0,
        filter_by_ts: Sequence[int] | None = None,
        filter_by_min_value: float | None = None,
        filter_by_max_value: float | None = None,
        align: int | str | None = None,
        latest: bool | None = False,
        bucket_timestamp: str | None = None,
        empty: bool | None = False,
    ) -> list[list[int | list[float]]]:
        """The samples of several series by their times, the last one first, each a list of a time and a list of values; nan where a series has none.

        One of `aggregators` for each key; other arguments are those of `range`.
        """
        if not keys:
            raise DataError("nrevrange needs keys")
        filters = self._filters(latest, filter_by_ts, filter_by_min_value, filter_by_max_value)
        buckets = self._buckets(
            count,
            align,
            self._aggregations(aggregators, bucket_size_msec, len(keys)),
            bucket_timestamp,
            empty,
        )
        return [len(keys), *keys, word(from_time), word(to_time), *filters, *buckets]

    @command(
        "TS.MRANGE",
        shape="timeseries.many_samples",
        examples=[
            "mrange('-', '+', ['a=b'])",
            "mrange(0, 100, ['a=b', 'c!='], with_labels=True, exclude_empty=True, count=2, aggregation_type='avg', bucket_size_msec=10, filter_by_ts=[1, 2], filter_by_min_value=0, filter_by_max_value=5.5, align='-', latest=True, bucket_timestamp='mid', empty=True)",
            "mrange(0, 100, ['a=b'], select_labels=['a', 'c'], groupby='a', reduce='max')",
            "mrange(0, 1, ['a=b'], aggregation_type=['min', 'max'], bucket_size_msec=10)",
            "mrange(0, 1, ['a=b'], with_labels=True, select_labels=['a'])",
            "mrange(0, 1, ['a=b'], exclude_empty=True, groupby='a', reduce='max')",
            "mrange(0, 1, ['a=b'], aggregation_type=['min', 'max'], groupby='a', reduce='max')",
        ],
    )
    def mrange(
        from_time: int | str,
        to_time: int | str,
        filters: Sequence[str],
        count: int | None = None,
        aggregation_type: str | list[str] | None = None,
        bucket_size_msec: int | None = 0,
        with_labels: bool | None = False,
        filter_by_ts: Sequence[int] | None = None,
        filter_by_min_value: float | None = None,
        filter_by_max_value: float | None = None,
        groupby: str | None = None,
        reduce: str | None = None,
        select_labels: Sequence[str] | None = None,
        align: int | str | None = None,
        latest: bool | None = False,
        bucket_timestamp: str | None = None,
        empty: bool | None = False,
        exclude_empty: bool | None = False,
    ) -> list[dict[str, list[dict[str, str | None] | list[tuple[int, *tuple[float, ...]]]]]]:
        """The samples of all series whose labels fit `filters`: for each, by its name, a dict of its labels and a list as of `range`.

        `with_labels` or `select_labels`: with their labels. `groupby` a label, and `reduce` the series with one value of it to one, by an
        aggregator. Other arguments are those of `range`.
        """
        if groupby is not None and isinstance(aggregation_type, list) and len(aggregation_type) > 1:
            raise DataError("mrange takes groupby only with one aggregation_type")
        if groupby is not None and exclude_empty:
            raise DataError("mrange takes only one of groupby, exclude_empty")
        if (groupby is None) is not (reduce is None):
            raise DataError("mrange takes groupby and reduce together")
        chosen = self._filters(latest, filter_by_ts, filter_by_min_value, filter_by_max_value)
        labels = self._labels(with_labels, select_labels)
        buckets = self._buckets(
            count,
            align,
            self._aggregation(aggregation_type, bucket_size_msec),
            bucket_timestamp,
            empty,
        )
        words = [word(from_time), word(to_time), *chosen, *labels, *buckets]
        words += words_of(EXCLUDEEMPTY=exclude_empty)
        words += (b"FILTER", *map(word, filters))
        if groupby is not None:
            words += (b"GROUPBY", word(groupby), b"REDUCE", word(reduce.upper()))
        return words

    @command(
        "TS.MREVRANGE",
        shape="timeseries.many_samples",
        examples=[
            "mrevrange('-', '+', ['a=b'])",
            "mrevrange(0, 100, ['a=b', 'c!='], with_labels=True, exclude_empty=True, count=2, aggregation_type='avg', bucket_size_msec=10, filter_by_ts=[1, 2], filter_by_min_value=0, filter_by_max_value=5.5, align='-', latest=True, bucket_timestamp='mid', empty=True)",
            "mrevrange(0, 100, ['a=b'], select_labels=['a', 'c'], groupby='a', reduce='max')",
            "mrevrange(0, 1, ['a=b'], aggregation_type=['min', 'max'], bucket_size_msec=10)",
            "mrevrange(0, 1, ['a=b'], with_labels=True, select_labels=['a'])",
            "mrevrange(0, 1, ['a=b'], exclude_empty=True, groupby='a', reduce='max')",
            "mrevrange(0, 1, ['a=b'], aggregation_type=['min', 'max'], groupby='a', reduce='max')",
        ],
    )
    def mrevrange(
        from_time: int | str,
        to_time: int | str,
        filters: Sequence[str],
        count: int | None = None,
        aggregation_type: str | list[str] | None = None,
        bucket_size_msec: int | None = 0,
        with_labels: bool | None = False,
        filter_by_ts: Sequence[int] | None = None,
        filter_by_min_value: float | None = None,
        filter_by_max_value: float | None = None,
        groupby: str | None = None,
        reduce: str | None = None,
        select_labels: Sequence[str] | None = None,
        align: int | str | None = None,
        latest: bool | None = False,
        bucket_timestamp: str | None = None,
        empty: bool | None = False,
        exclude_empty: bool | None = False,
    ) -> list[dict[str, list[dict[str, str | None] | list[tuple[int, *tuple[float, ...]]]]]]:
        """The samples, the last one first of all series whose labels fit `filters`: for each, by its name, a dict of its labels and a list as of `range`.

        `with_labels` or `select_labels`: with their labels. `groupby` a label, and `reduce` the series with one value of it to one, by an
        aggregator. Other arguments are those of `range`.
        """
        if groupby is not None and isinstance(aggregation_type, list) and len(aggregation_type) > 1:
            raise DataError("mrevrange takes groupby only with one aggregation_type")
        if groupby is not None and exclude_empty:
            raise DataError("mrevrange takes only one of groupby, exclude_empty")
        if (groupby is None) is not (reduce is None):
            raise DataError("mrevrange takes groupby and reduce together")
        chosen = self._filters(latest, filter_by_ts, filter_by_min_value, filter_by_max_value)
        labels = self._labels(with_labels, select_labels)
        buckets = self._buckets(
            count,
            align,
            self._aggregation(aggregation_type, bucket_size_msec),
            bucket_timestamp,
            empty,
        )
        words = [word(from_time), word(to_time), *chosen, *labels, *buckets]
        words += words_of(EXCLUDEEMPTY=exclude_empty)
        words += (b"FILTER", *map(word, filters))
        if groupby is not None:
            words += (b"GROUPBY", word(groupby), b"REDUCE", word(reduce.upper()))
        return words

    @command(
        "TS.GET {key} latest?LATEST",
        shape="timeseries.sample",
        examples=["get('s')", "get('s', latest=True)"],
    )
    def get(key: KeyT, latest: bool | None = False) -> tuple[int, float] | None:
        """The time and the value of the last sample; None if there is none."""

    @command(
        "TS.MGET",
        shape="timeseries.last_samples",
        examples=[
            "mget(['a=b'])",
            "mget(['a=b', 'c=d'], with_labels=True, latest=True)",
            "mget(['a=b'], select_labels=['a'])",
            "mget(['a=b'], True, ['a'])",
        ],
    )
    def mget(
        filters: Sequence[str],
        with_labels: bool | None = False,
        select_labels: Sequence[str] | None = None,
        latest: bool | None = False,
    ) -> list[dict[str, list[dict[str, str | None] | int | float | None]]]:
        """The last sample of all series whose labels fit `filters`: for each, by its name, a dict of its labels, a time and a value."""
        return [
            *words_of(LATEST=latest),
            *self._labels(with_labels, select_labels),
            b"FILTER",
            *map(word, filters),
        ]

    @command("TS.INFO {key}", shape="timeseries.info", examples=["info('s')"])
    def info(key: KeyT) -> TSInfo:
        """What the server tells of a series."""

    @command(
        "TS.QUERYINDEX {*filters}", shape="bloom.names", examples=["queryindex(['a=b', 'c!='])"]
    )
    def queryindex(filters: Sequence[str]) -> list[str]:
        """The names of all series whose labels fit."""

    @command(
        "TS.QUERYLABELS",
        shape="as_set",
        examples=[
            "querylabels()",
            "querylabels('a')",
            "querylabels('a', ['c=d'])",
            "querylabels(filters=[])",
        ],
    )
    def querylabels(label: str | None = None, filters: Iterable[str] | None = None) -> set[T]:
        """The labels of all series that fit, or the values of one label."""
        words = [b"LABELS"] if label is None else [b"VALUES", word(label)]
        if filters is not None:
            fitting = [word(filter) for filter in filters]
            if not fitting:
                raise DataError(
                    "querylabels takes filters, or None for all series, but not none of them"
                )
            words += (b"FILTER", *fitting)
        return words
