"""`AggregateRequest`: what FT.AGGREGATE is to make of documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from oxipipe.search.reducers import Reducer, grouped
from oxipipe.search.sorting import SortDirection, sorted_by


class AggregateRequest:
    """The documents that fit a query, and steps that are made with them in the order in which they were added."""

    def __init__(self, query: str = "*") -> None:
        self._query = query
        self._steps: list[str] = []
        self._loaded: list[str] = []
        self._loads_all = False
        self._with_schema = self._verbatim = self._add_scores = False
        self._scorer = "TFIDF"
        self._cursor: list[str] = []
        self._dialect = 2

    def load(self, *fields: str) -> Self:
        """Rows have these fields, too, or all."""
        self._loaded += fields
        self._loads_all = self._loads_all or not fields
        return self

    def group_by(self, fields: str | Iterable[str], *reducers: Reducer) -> Self:
        """One row of all that have the same in `fields`, with what `reducers` make of them."""
        self._steps += grouped(fields, reducers)
        return self

    def apply(self, **expressions: str) -> Self:
        """Rows have the results of expressions, too, under these names."""
        for alias, expression in expressions.items():
            self._steps += ["APPLY", expression, "AS", alias]
        return self

    def filter(self, expressions: str | Iterable[str]) -> Self:
        """Only rows that fit each expression."""
        for each in [expressions] if isinstance(expressions, str) else expressions:
            self._steps += ["FILTER", each]
        return self

    def sort_by(self, *fields: str | SortDirection, max: int = 0) -> Self:
        """Rows are sorted, each field `Asc` or `Desc`; the first `max` ones are kept."""
        words = sorted_by(fields)
        self._steps += ["SORTBY", str(len(words)), *words]
        self._steps += ["MAX", str(max)] if max > 0 else []
        return self

    def limit(self, offset: int, num: int) -> Self:
        """`num` rows behind the first `offset` ones; all of them if `num` is 0."""
        self._steps += limited(offset, num)
        return self

    def with_schema(self) -> Self:
        """The result has the `schema`."""
        self._with_schema = True
        return self

    def verbatim(self) -> Self:
        """The words of the query as they are, not those of the same stem."""
        self._verbatim = True
        return self

    def add_scores(self) -> Self:
        """Rows have the score of their document."""
        self._add_scores = True
        return self

    def scorer(self, scorer: str) -> Self:
        """Scores are made by this function of the server, "TFIDF" unless said otherwise."""
        self._scorer = scorer
        return self

    def cursor(self, count: int = 0, max_idle: float = 0.0) -> Self:
        """The result has a cursor to get more with, `count` rows at a time, for as long as it is not idle for `max_idle` seconds."""
        self._cursor = ["WITHCURSOR", *(["COUNT", str(count)] if count else [])]
        self._cursor += ["MAXIDLE", str(round(max_idle * 1000))] if max_idle else []
        return self

    def dialect(self, dialect: int) -> Self:
        """The version of the language of queries, 2 unless said otherwise; 0 leaves it to the server."""
        self._dialect = dialect
        return self

    def build_args(self) -> list[str]:
        """The words of FT.AGGREGATE."""
        words = [self._query]
        words += ["WITHSCHEMA"] if self._with_schema else []
        words += ["VERBATIM"] if self._verbatim else []
        words += ["SCORER", self._scorer] if self._scorer else []
        words += ["ADDSCORES"] if self._add_scores else []
        words += self._cursor
        if self._loads_all:
            words += ["LOAD", "*"]
        elif self._loaded:
            words += ["LOAD", str(len(self._loaded)), *self._loaded]
        words += ["DIALECT", str(self._dialect)] if self._dialect else []
        return words + self._steps


def limited(offset: int, num: int) -> list[str]:
    """The words that leave some rows out."""
    return ["LIMIT", str(offset), str(num)] if num else []
