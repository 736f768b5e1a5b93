"""What is made of the rows of a group, under the names of redis-py: `from oxipipe.search import reducers`."""

# Some have the names of built-in functions, which are not used here.

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Self

from oxipipe.exceptions import DataError
from oxipipe.search.sorting import Asc, Desc, SortDirection, sorted_by


class _FieldName:
    """In the place of an alias: the name of the field."""

    def __repr__(self) -> str:
        return "FIELDNAME"


FIELDNAME = _FieldName()


class Reducer:
    """A function of the server, and its arguments."""

    NAME: ClassVar[str]

    def __init__(self, *args: str) -> None:
        self.args = args
        self._alias: str | None = None
        self._field = args[0] if args else None

    def alias(self, alias: str | _FieldName) -> Self:
        """The name of the result; FIELDNAME for that of the field."""
        if isinstance(alias, str):
            self._alias = alias
        elif self._field is None:
            raise DataError(f"alias cannot be FIELDNAME: {type(self).__name__} has no field")
        else:
            self._alias = self._field.removeprefix("@")
        return self

    def words(self) -> list[str]:
        """Those of an aggregation."""
        alias = [] if self._alias is None else ["AS", self._alias]
        return ["REDUCE", self.NAME, str(len(self.args)), *self.args, *alias]


class _OfField(Reducer):
    """Of the values of a field."""

    def __init__(self, field: str) -> None:
        super().__init__(field)


class count(Reducer):
    """The number of rows."""

    NAME = "COUNT"

    def __init__(self) -> None:
        super().__init__()


class sum(_OfField):
    """The sum of the values."""

    NAME = "SUM"


class min(_OfField):
    """The least value."""

    NAME = "MIN"


class max(_OfField):
    """The greatest value."""

    NAME = "MAX"


class avg(_OfField):
    """The mean of the values."""

    NAME = "AVG"


class tolist(_OfField):
    """All values, each once."""

    NAME = "TOLIST"


class count_distinct(_OfField):
    """The number of different values."""

    NAME = "COUNT_DISTINCT"


class count_distinctish(_OfField):
    """About the number of different values, sooner."""

    NAME = "COUNT_DISTINCTISH"


class stddev(_OfField):
    """The standard deviation of the values."""

    NAME = "STDDEV"


class quantile(Reducer):
    """The value that the share `pct` of all values, from 0 to 1, is not above."""

    NAME = "QUANTILE"

    def __init__(self, field: str, pct: float) -> None:
        super().__init__(field, str(pct))


class first_value(Reducer):
    """The value of the first row, in the order of `byfields`, or by itself if that is `Asc` or `Desc`."""

    NAME = "FIRST_VALUE"

    def __init__(self, field: str, *byfields: SortDirection | type[SortDirection]) -> None:
        order = tuple(by(field) if isinstance(by, type) else by for by in byfields)
        super().__init__(field, *(["BY", *sorted_by(order)] if order else []))


class random_sample(Reducer):
    """Up to `size` values at random."""

    NAME = "RANDOM_SAMPLE"

    def __init__(self, field: str, size: int) -> None:
        super().__init__(field, str(size))


class collect(Reducer):
    """The rows themselves: `fields` of them, or "*"; `distinct` ones, in an order, `limit` being where to begin and how many."""

    NAME = "COLLECT"

    def __init__(
        self,
        fields: str | Iterable[str] = "*",
        distinct: bool = False,
        sort_by: Asc | Desc | Iterable[Asc | Desc] | None = None,
        limit: tuple[int, int] | None = None,
    ) -> None:
        names = [fields] if isinstance(fields, str) else list(fields)
        if not names or not all(name.strip() for name in names):
            raise DataError('fields are "*", or names of which none is empty')
        words = ["FIELDS", "*"]
        if fields != "*":
            words = ["FIELDS", str(len(names)), *map(_with_at, names)]
        words += ["DISTINCT"] if distinct else []
        if sort_by is not None:
            order = [sort_by] if isinstance(sort_by, SortDirection) else list(sort_by)
            if not order:
                raise DataError("sort_by needs at least one field")
            parts = [part for by in order for part in (_with_at(by.field), by.DIRSTRING)]
            words += ["SORTBY", str(len(parts)), *parts]
        words += [] if limit is None else ["LIMIT", *map(str, limit)]
        super().__init__(*words)
        self._field = None


def _with_at(name: str) -> str:
    return name if name.startswith("@") else f"@{name}"


def grouped(fields: str | Iterable[str], reducers: tuple[Reducer, ...]) -> list[str]:
    """The words of a group."""
    names = [fields] if isinstance(fields, str) else list(fields)
    return [
        "GROUPBY",
        str(len(names)),
        *names,
        *(word for each in reducers for word in each.words()),
    ]
