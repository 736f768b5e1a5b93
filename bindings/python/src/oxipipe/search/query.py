"""`Query`: a query with all that FT.SEARCH takes besides its text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from oxipipe.exceptions import DataError
from oxipipe.search.filters import Filter
from oxipipe.search.sorting import SortbyField


class Query:
    """The text of a query, and options. Each method that sets one returns the query."""

    def __init__(self, query_string: str) -> None:
        self._query_string = query_string
        self._page = (0, 10)
        self._no_content = self._with_scores = self._with_payloads = False
        self._verbatim = self._no_stopwords = self._in_order = False
        self._only_fields: list[str] = []
        self._only_keys: tuple[str | bytes, ...] = ()
        self._filters: list[Filter] = []
        self._scorer: str | None = None
        self._slop: int | None = None
        self._timeout: float | None = None
        self._return_fields: list[str] = []
        #: The encodings of returned fields; None of those that stay bytes.
        self._return_fields_decode_as: dict[str, str | None] = {}
        self._sorted_by: SortbyField | None = None
        self._language: str | None = None
        self._expander: str | None = None
        self._dialect = 2
        self._summarize: list[Any] = []
        self._highlight: list[Any] = []

    def query_string(self) -> str:
        """The text of the query."""
        return self._query_string

    def paging(self, offset: int, num: int) -> Self:
        """`num` results behind the first `offset` ones; 10 from the first one unless said otherwise."""
        self._page = (offset, num)
        return self

    def limit_ids(self, *ids: str | bytes) -> Self:
        """Only documents with these keys."""
        self._only_keys = ids
        return self

    def limit_fields(self, *fields: str) -> Self:
        """Only in these text fields."""
        self._only_fields = list(fields)
        return self

    def add_filter(self, flt: Filter) -> Self:
        """Only what a `NumericFilter` or a `GeoFilter` lets through."""
        if not hasattr(flt, "args"):
            raise DataError(f"flt is a Filter, and not a {type(flt).__name__}")
        self._filters.append(flt)
        return self

    def return_fields(self, *fields: str) -> Self:
        """Only these fields of documents are returned, as text."""
        for field in fields:
            self.return_field(field)
        return self

    def return_field(
        self,
        field: str,
        as_field: str | None = None,
        decode_field: bool | None = True,
        encoding: str | None = "utf8",
    ) -> Self:
        """This field is returned, too, under the name `as_field`; as bytes, or text in that encoding."""
        self._return_fields += [field] if as_field is None else [field, "AS", as_field]
        self._return_fields_decode_as[field] = encoding if decode_field else None
        return self

    def no_content(self) -> Self:
        """Only the keys of documents are returned."""
        self._no_content = True
        return self

    def with_scores(self) -> Self:
        """Documents have a `score`."""
        self._with_scores = True
        return self

    def with_payloads(self) -> Self:
        """Documents have their `payload`."""
        self._with_payloads = True
        return self

    def verbatim(self) -> Self:
        """The words of the query as they are, not those of the same stem."""
        self._verbatim = True
        return self

    def no_stopwords(self) -> Self:
        """Stopwords in the query are words as others."""
        self._no_stopwords = True
        return self

    def in_order(self) -> Self:
        """Words have to come in the query's order."""
        self._in_order = True
        return self

    def slop(self, slop: int) -> Self:
        """So many other words may come between those of a phrase."""
        self._slop = slop
        return self

    def timeout(self, timeout: float) -> Self:
        """The server gives up after so many milliseconds."""
        self._timeout = timeout
        return self

    def scorer(self, scorer: str) -> Self:
        """Scores are made by this function of the server, such as "BM25STD"."""
        self._scorer = scorer
        return self

    def sort_by(self, field: str, asc: bool = True) -> Self:
        """Results are sorted by a field, the least first unless told otherwise."""
        self._sorted_by = SortbyField(field, asc)
        return self

    def language(self, language: str) -> Self:
        """The language of the query."""
        self._language = language
        return self

    def expander(self, expander: str) -> Self:
        """Words are expanded by this function of the server."""
        self._expander = expander
        return self

    def dialect(self, dialect: int) -> Self:
        """The version of the language of queries, 2 unless said otherwise; 0 leaves it to the server."""
        self._dialect = dialect
        return self

    def summarize(
        self,
        fields: str | Iterable[str] | None = None,
        context_len: int | None = None,
        num_frags: int | None = None,
        sep: str | None = None,
    ) -> Self:
        """Only what is around the words that were found: `num_frags` pieces of `context_len` words with `sep` between them."""
        options = {"LEN": context_len, "FRAGS": num_frags, "SEPARATOR": sep}
        self._summarize = ["SUMMARIZE", *_counted("FIELDS", _listed(fields))]
        for word, value in options.items():
            self._summarize += [] if value is None else [word, value]
        return self

    def highlight(
        self, fields: str | Iterable[str] | None = None, tags: Iterable[str] | None = None
    ) -> Self:
        """The words that were found stand between the two `tags`."""
        around = ["TAGS", *tags] if tags else []
        self._highlight = ["HIGHLIGHT", *_counted("FIELDS", _listed(fields)), *around]
        return self

    def get_args(self) -> list[Any]:
        """The words of the query in FT.SEARCH."""
        words: list[Any] = [self._query_string]
        words += ["NOCONTENT"] if self._no_content else []
        words += _counted("INFIELDS", self._only_fields)
        words += ["VERBATIM"] if self._verbatim else []
        words += ["NOSTOPWORDS"] if self._no_stopwords else []
        words += [word for each in self._filters for word in each.args]
        words += ["WITHPAYLOADS"] if self._with_payloads else []
        words += ["SCORER", self._scorer] if self._scorer else []
        words += ["WITHSCORES"] if self._with_scores else []
        words += _counted("INKEYS", self._only_keys)
        words += ["SLOP", self._slop] if self._slop is not None and self._slop >= 0 else []
        words += [] if self._timeout is None else ["TIMEOUT", self._timeout]
        words += ["INORDER"] if self._in_order else []
        words += _counted("RETURN", self._return_fields)
        words += ["SORTBY", *self._sorted_by.args] if self._sorted_by else []
        words += ["LANGUAGE", self._language] if self._language else []
        words += ["EXPANDER", self._expander] if self._expander else []
        words += ["DIALECT", self._dialect] if self._dialect else []
        return [*words, *self._summarize, *self._highlight, "LIMIT", *self._page]


def _listed(fields: str | Iterable[str] | None) -> list[str]:
    return [fields] if isinstance(fields, str) and fields else list(fields or ())


def _counted(word: str, values: Iterable[Any]) -> list[Any]:
    """A word, how many values there are, and those; nothing if there are none."""
    listed = list(values)
    return [word, len(listed), *listed] if listed else []
