"""Hybrid queries: of text and of vectors at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Self

from oxipipe.search.aggregation import limited
from oxipipe.search.filters import Filter
from oxipipe.search.reducers import Reducer, grouped
from oxipipe.search.sorting import SortbyField


class VectorSearchMethods(Enum):
    """The nearest ones, or those within a radius."""

    KNN = "KNN"
    RANGE = "RANGE"


class CombinationMethods(Enum):
    """How one order is made of two: by ranks, or by weighted scores."""

    RRF = "RRF"
    LINEAR = "LINEAR"


class HybridSearchQuery:
    """The text that is searched for; its score may be a field."""

    def __init__(
        self, query_string: str, scorer: str | None = None, yield_score_as: str | None = None
    ) -> None:
        self._query_string = query_string
        self._scorer = scorer
        self._score_as = yield_score_as

    def query_string(self) -> str:
        """The text of the query."""
        return self._query_string

    def scorer(self, scorer: str) -> Self:
        """Scores are made by this function of the server."""
        self._scorer = scorer
        return self

    def yield_score_as(self, alias: str) -> Self:
        """The score is a field of that name."""
        self._score_as = alias
        return self

    def get_args(self) -> list[Any]:
        """Words of FT.HYBRID."""
        scorer = ["SCORER", self._scorer] if self._scorer else []
        return ["SEARCH", self._query_string, *scorer, *_score_as(self._score_as)]


class HybridVsimQuery:
    """The vector that is searched for, as bytes or as the name of a parameter; and how."""

    def __init__(
        self,
        vector_field_name: str,
        vector_data: bytes | str,
        vsim_search_method: VectorSearchMethods | None = None,
        vsim_search_method_params: Mapping[str, Any] | None = None,
        filter: Filter | None = None,
        yield_score_as: str | None = None,
    ) -> None:
        self._field = vector_field_name
        self._data = vector_data
        self._method: list[Any] = []
        self._filter = filter
        self._score_as = yield_score_as
        if vsim_search_method and vsim_search_method_params:
            self.vsim_method_params(vsim_search_method, **vsim_search_method_params)

    def vector_field(self) -> str:
        """The name of the field."""
        return self._field

    def vector_data(self) -> bytes | str:
        """The vector."""
        return self._data

    def vsim_method_params(self, method: VectorSearchMethods, **parameters: Any) -> Self:
        """How it is searched for: KNN with K and EF_RUNTIME, or RANGE with RADIUS and EPSILON."""
        self._method = [method.value, *_pairs(parameters)]
        return self

    def filter(self, flt: Filter) -> Self:
        """Only what fits a `HybridFilter`."""
        self._filter = flt
        return self

    def yield_score_as(self, alias: str) -> Self:
        """The score is a field of that name."""
        self._score_as = alias
        return self

    def get_args(self) -> list[Any]:
        """Words of FT.HYBRID."""
        only = self._filter.args if self._filter else []
        return ["VSIM", self._field, self._data, *self._method, *only, *_score_as(self._score_as)]


class HybridQuery:
    """Both of them."""

    def __init__(
        self, search_query: HybridSearchQuery, vector_similarity_query: HybridVsimQuery
    ) -> None:
        self._parts = search_query, vector_similarity_query

    def get_args(self) -> list[Any]:
        """Words of FT.HYBRID."""
        return [word for part in self._parts for word in part.get_args()]


class CombineResultsMethod:
    """How both results become one: RRF with WINDOW and CONSTANT, or LINEAR with ALPHA and BETA; each with YIELD_SCORE_AS."""

    def __init__(self, method: CombinationMethods, **parameters: Any) -> None:
        self._method = method
        self._parameters = parameters

    def get_args(self) -> list[Any]:
        """Words of FT.HYBRID."""
        return ["COMBINE", self._method.value, *_pairs(self._parameters)]


class HybridPostProcessingConfig:
    """What is made of the results: loaded, grouped, computed, sorted, filtered, limited, in this order."""

    def __init__(self) -> None:
        self._loaded: list[Any] = []
        #: The encodings of loaded fields; None of those that stay bytes.
        self._return_fields_decode_as: dict[str, str | None] = {}
        self._groups: list[str] = []
        self._computed: list[str] = []
        self._sorted_by: tuple[SortbyField, ...] = ()
        self._filter: Filter | None = None
        self._limit: list[str] = []

    def load(
        self, *fields: str, decode_field: bool | None = False, encoding: str | None = "utf8"
    ) -> Self:
        """Results have these fields, such as "@a" or "@a AS b"; as bytes, or text in that encoding."""
        names = [name for field in fields for name in field.split(" ")]
        if names:
            self._loaded += ["LOAD", len(names), *names]
            for name in _called(names):
                self._return_fields_decode_as[name] = encoding if decode_field else None
        return self

    def group_by(self, fields: str | Iterable[str], *reducers: Reducer) -> Self:
        """One result of all that have the same in `fields`, with what `reducers` make of them."""
        self._groups += grouped(fields, reducers)
        return self

    def apply(self, **expressions: str) -> Self:
        """Results have those of expressions, too, under these names."""
        for alias, expression in expressions.items():
            self._computed += ["APPLY", expression, "AS", alias]
        return self

    def sort_by(self, *sortby: SortbyField) -> Self:
        """Results are sorted."""
        self._sorted_by = sortby
        return self

    def filter(self, filter: Filter) -> Self:
        """Only results that fit a `HybridFilter`."""
        self._filter = filter
        return self

    def limit(self, offset: int, num: int) -> Self:
        """`num` results behind the first `offset` ones."""
        self._limit = limited(offset, num)
        return self

    def build_args(self) -> list[Any]:
        """Words of FT.HYBRID."""
        order = [word for by in self._sorted_by for word in by.args]
        words = [*self._loaded, *self._groups, *self._computed]
        words += ["SORTBY", len(order), *order] if order else []
        words += self._filter.args if self._filter else []
        return words + self._limit


class HybridCursorQuery:
    """The result is cursors: `count` results at a time, for as long as they are not idle for `max_idle` milliseconds."""

    def __init__(self, count: int = 0, max_idle: int = 0) -> None:
        self.count = count
        self.max_idle = max_idle

    def build_args(self) -> list[str]:
        """Words of FT.HYBRID."""
        words = ["WITHCURSOR", *(["COUNT", str(self.count)] if self.count else [])]
        return words + (["MAXIDLE", str(self.max_idle)] if self.max_idle else [])


def _pairs(parameters: Mapping[str, Any]) -> list[Any]:
    words = [part for item in parameters.items() for part in item]
    return [len(words), *words] if words else []


def _score_as(alias: str | None) -> list[str]:
    return ["YIELD_SCORE_AS", alias] if alias else []


def _called(names: list[str]) -> list[str]:
    """What fields are called in results: that behind AS, or their own name."""
    found: list[str] = []
    rest = iter(names)
    for name in rest:
        if name.upper() == "AS" and found:
            found[-1] = next(rest, found[-1])
        else:
            found.append(name.removeprefix("@"))
    return found
