"""Shapes of replies to commands on indexes. Of what redis-py's queries say about results, their attributes with these names are used:
`_no_content`, `_with_scores`, `_with_payloads`, `_return_fields_decode_as`, `_with_schema` and `_cursor`.
"""

from __future__ import annotations

from time import monotonic

from oxipipe import _types as t
from oxipipe.commands.shapes import Undecoded
from oxipipe.commands.shapes.common import pairs, text, unless_null
from oxipipe.commands.words import refused

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Encodings = Mapping[str, str | None]


class Document:
    """A document with its fields as attributes, or as items."""

    def __init__(self, id: str, payload: t.Any = None, **fields: t.Any) -> None:
        self.id = id
        self.payload = payload
        vars(self).update(fields)

    def __getitem__(self, name: str) -> t.Any:
        return getattr(self, name)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> t.Any: ...

    def __repr__(self) -> str:
        return f"Document {vars(self)}"


class Result:
    """What FT.SEARCH has found: the number of all documents that fit, and those that were asked for."""

    def __init__(
        self, total: int, docs: list[Document], duration: float, warnings: list[str]
    ) -> None:
        self.total = total
        self.docs = docs
        #: In milliseconds, from the call to the reply.
        self.duration = duration
        self.warnings = warnings

    def __repr__(self) -> str:
        return f"Result{{{self.total} total, docs: {self.docs}}}"


class Cursor:
    """Where an aggregation goes on: for `aggregate`, until `cid` is 0."""

    def __init__(self, cid: int) -> None:
        self.cid = cid
        #: In milliseconds; 0 leaves it to the server.
        self.max_idle = 0
        #: How many rows; 0 leaves it to the server.
        self.count = 0

    def build_args(self) -> list[str]:
        words = [str(self.cid)]
        if self.max_idle:
            words += ["MAXIDLE", str(self.max_idle)]
        if self.count:
            words += ["COUNT", str(self.count)]
        return words


class AggregateResult:
    """Rows of FT.AGGREGATE, each a flat list of names and values."""

    def __init__(
        self, rows: list[t.Any], cursor: t.Any, schema: t.Any, total: int, warnings: list[str]
    ) -> None:
        self.rows = rows
        self.cursor = cursor
        self.schema = schema
        self.total = total
        self.warnings = warnings

    def __repr__(self) -> str:
        cid = self.cursor.cid if self.cursor else -1
        return f"<AggregateResult at 0x{id(self):x} Rows={len(self.rows)}, Cursor={cid}>"


class ProfileInformation:
    """What took how long, as the server tells it with lists."""

    def __init__(self, info: t.Any) -> None:
        self._info = info

    @property
    def info(self) -> t.Any:
        return self._info


class HybridResult:
    """What FT.HYBRID has found."""

    def __init__(
        self,
        total_results: int,
        results: list[dict[str, t.Any]],
        warnings: list[t.Any],
        time: float,
    ) -> None:
        self.total_results = total_results
        self.results = results
        self.warnings = warnings
        self.execution_time = time


class HybridCursorResult:
    """The numbers of the cursors of both parts of FT.HYBRID."""

    def __init__(self, search_cursor_id: int, vsim_cursor_id: int) -> None:
        self.search_cursor_id = search_cursor_id
        self.vsim_cursor_id = vsim_cursor_id


class Suggestion:
    """A suggestion: for `sugadd`, and from `sugget`."""

    def __init__(self, string: t.Any, score: float = 1.0, payload: t.Any = None) -> None:
        self.string = text(string)
        self.score = score
        self.payload = text(payload)

    def __repr__(self) -> str:
        return str(self.string)


def found(query: t.Any) -> Undecoded:
    """The shape of FT.SEARCH for a query, which may ask for fields that are no text."""
    began = monotonic()
    return Undecoded(unless_null(lambda reply: _result(reply, query, began)))


def _result(reply: t.Any, query: t.Any, began: float) -> Result:
    documents = _documents_of_map if isinstance(reply, dict) else _documents_of_list
    total, docs, warnings = documents(reply, query)
    return Result(total, docs, (monotonic() - began) * 1000, warnings)


def _documents_of_map(reply: t.Any, query: t.Any) -> tuple[int, list[Document], list[str]]:
    told = _named(reply)
    docs = []
    for item in map(_named, told.get("results", [])):
        attributes = item.get("extra_attributes") or {}
        docs.append(
            _document(
                query,
                item.get("id", ""),
                item.get("score"),
                item.get("payload"),
                attributes.items(),
            )
        )
    return told.get("total_results", 0), docs, [text(w) for w in told.get("warning", [])]


def _documents_of_list(reply: t.Any, query: t.Any) -> tuple[int, list[Document], list[str]]:
    """A number, and for each document its name and what was asked for, in this order."""
    parts = iter(reply)
    total = next(parts)
    docs = []
    for name in parts:
        score = next(parts) if getattr(query, "_with_scores", False) else None
        payload = next(parts) if getattr(query, "_with_payloads", False) else None
        fields = None if getattr(query, "_no_content", False) else next(parts)
        docs.append(_document(query, name, score, payload, _by_two(fields or ())))
    return total, docs, []


def _document(query: t.Any, name: t.Any, score: t.Any, payload: t.Any, items: t.Any) -> Document:
    fields = _fields(items, getattr(query, "_return_fields_decode_as", None))
    if "$" in fields:
        fields["json"] = fields.pop("$")
    # The name of the document is what `id` is, and its payload is that.
    given = {"payload": text(payload)}
    if getattr(query, "_with_scores", False):
        # With an explanation, the score is the first of two.
        first = score[0] if isinstance(score, list) else score
        given["score"] = None if first is None else float(first)
    return Document(text(name), **{**given, **fields})


def _fields(items: t.Any, encodings: Encodings | None) -> dict[str, t.Any]:
    fields = {}
    for key, value in items:
        name = text(key)
        if encodings and name in encodings and isinstance(value, bytes):
            encoding = encodings[name]
            fields[name] = value if encoding is None else value.decode(encoding, "replace")
        else:
            fields[name] = text(value)
    fields.pop("id", None)
    return fields


def loaded(id: t.Any, encodings: Encodings | None) -> Undecoded:
    """The shape of HGETALL, for one document."""
    if encodings is not None and not hasattr(encodings, "items"):
        raise refused(encodings, "names of encodings by the names of fields")

    @unless_null
    def shape(reply: t.Any) -> Document:
        return Document(id, **_fields(pairs(reply).items(), encodings))

    return Undecoded(shape)


def aggregated(query: t.Any) -> t.Callable[[t.Any], t.Any]:
    """The shape of FT.AGGREGATE for a request, or of FT.CURSOR for a cursor."""
    is_cursor = hasattr(query, "cid")
    has_cursor = is_cursor or bool(getattr(query, "_cursor", None))

    @unless_null
    def shape(reply: t.Any) -> AggregateResult:
        cursor: Any = None
        if has_cursor and isinstance(reply, list):
            reply, cid = reply[0], reply[1]
            cursor = query if is_cursor else Cursor(cid)
            cursor.cid = cid
        return _rows(reply, query, cursor)

    return shape


def _rows(reply: t.Any, query: t.Any, cursor: t.Any) -> AggregateResult:
    if not isinstance(reply, dict):
        schema, rest = None, reply or [0]
        if getattr(query, "_with_schema", False):
            schema, *rest = rest
        return AggregateResult(rest[1:], cursor, schema, rest[0], [])
    told = _named(reply)
    rows = []
    for item in map(_named, told.get("results", [])):
        rows.append(
            [part for pair in (item.get("extra_attributes") or {}).items() for part in pair]
        )
    warnings = [text(warning) for warning in told.get("warning", [])]
    return AggregateResult(rows, cursor, None, told.get("total_results", 0), warnings)


def profiled(query: t.Any) -> t.Callable[[t.Any], t.Any]:
    """The shape of FT.PROFILE: that of the query, and what the server tells besides."""
    began = monotonic()

    def result(reply: t.Any) -> t.Any:
        if hasattr(query, "get_args"):
            return _result(reply, query, began)
        return aggregated(query)(reply)

    @unless_null
    def shape(reply: t.Any) -> t.Any:
        if isinstance(reply, list):
            return result(reply[0]), ProfileInformation(_deep_text(reply[1]))
        told = {str(name).lower(): value for name, value in _named(reply).items()}
        results = told.get("results")
        if isinstance(results, list):
            # Older servers have the rest of a result beside them.
            results = {"total_results": len(results), "results": results}
        profile = _deep_text(told.get("profile"))
        is_flat = isinstance(profile, dict) and ("Shards" in profile or "Coordinator" in profile)
        return result(results), ProfileInformation(_lists(profile, is_top=not is_flat))

    return shape


def _lists(told: t.Any, is_top: bool = False) -> t.Any:
    """RESP3's maps as the lists of RESP2: at the top a list for each name, further in one for all."""
    if isinstance(told, list):
        return [_lists(part) for part in told]
    if not isinstance(told, dict):
        return told
    made: list[Any] = []
    for name, value in told.items():
        is_many = isinstance(value, list) and bool(value) and isinstance(value[0], dict)
        item = [name, *([_lists(part) for part in value] if is_many else [_lists(value)])]
        made += [item] if is_top else item
    return made


def hybrid(cursor: t.Any, processing: t.Any) -> Undecoded:
    """The shape of FT.HYBRID, whose results have bytes, but where `processing` says otherwise."""
    encodings = getattr(processing, "_return_fields_decode_as", None) or {}

    def decoded(name: str, value: t.Any) -> t.Any:
        encoding = encodings.get(name)
        is_text = encoding is not None and isinstance(value, bytes)
        return value.decode(encoding, "replace") if is_text else value

    @unless_null
    def shape(reply: t.Any) -> t.Any:
        told = _named(pairs(reply))
        if cursor is not None:
            return HybridCursorResult(int(told["SEARCH"]), int(told["VSIM"]))
        items = (_named(pairs(item)) for item in told.get("results", []))
        results = [{name: decoded(name, value) for name, value in each.items()} for each in items]
        time = float(told.get("execution_time", 0))
        return HybridResult(
            int(told.get("total_results", 0)), results, told.get("warnings", []), time
        )

    return Undecoded(shape)


@unless_null
def corrections(reply: t.Any) -> dict[t.Any, t.Any]:
    """The words that may be meant, by word."""
    if isinstance(reply, dict):
        terms = (
            (term, [(score, one) for item in items for one, score in item.items()])
            for term, items in _named(reply).get("results", {}).items()
        )
    else:
        terms = ((item[1], item[2]) for item in reply or () if item)
    return {
        term: [{"score": _score(score), "suggestion": one} for score, one in items]
        for term, items in terms
        if items and items[0]
    }


def _score(score: t.Any) -> str:
    return f"{score}".removesuffix(".0") if isinstance(score, float) else str(text(score))


@unless_null
def config(reply: t.Any) -> dict[t.Any, t.Any]:
    return reply if isinstance(reply, dict) else dict(reply)


@unless_null
def synonyms(reply: t.Any) -> dict[t.Any, t.Any]:
    return _deep_text(pairs(reply))


def suggestions(with_scores: bool, with_payloads: bool) -> t.Callable[[t.Any], list[Suggestion]]:
    """The shape of FT.SUGGET: for each suggestion what was asked for, in this order."""

    def shape(reply: t.Any) -> list[Suggestion]:
        parts = iter(reply or ())
        return [
            Suggestion(
                string,
                float(next(parts)) if with_scores else 1.0,
                next(parts) if with_payloads else None,
            )
            for string in parts
        ]

    return shape


@unless_null
def info(reply: t.Any) -> dict[str, t.Any]:
    """By name, with text as str in all depths. RESP3's shape, but that the attributes are flat lists, which end with their flags."""
    told = {}
    for name, value in pairs(_deep_text(reply)).items():
        if name == "attributes":
            told[name] = [_attribute(item) for item in value]
        else:
            told[name] = _told(name, value)
    return told


def _attribute(told: t.Any) -> t.Any:
    if not isinstance(told, dict):
        return told
    flat = [part for name, value in told.items() if name != "flags" for part in (name, value)]
    return flat + list(told.get("flags") or ())


def _told(name: str, value: t.Any) -> t.Any:
    """A number where RESP2 has text, and a dict where it has a list."""
    if isinstance(value, list) and name in _MAPS:
        return {key: _told(key, one) for key, one in pairs(value).items()}
    if isinstance(value, list) and name == "field statistics":
        return [_told("field", item) for item in value]
    if isinstance(value, str) and name not in _TEXTS:
        for number in (int, float):
            try:
                return number(value)
            except ValueError:
                continue
    return value


#: Of FT.INFO: what are maps, also within others, and what is text although it may look like a number.
_MAPS = frozenset(
    ("index_definition", "gc_stats", "cursor_stats", "dialect_stats", "Index Errors", "field")
)
_TEXTS = frozenset(
    ("index_name", "identifier", "attribute", "last indexing error", "last indexing error key")
)


def _named(told: t.Any) -> dict[str, t.Any]:
    return {text(name): value for name, value in told.items()}


def _by_two(parts: t.Any) -> t.Iterator[tuple[t.Any, t.Any]]:
    items = iter(parts)
    return zip(items, items, strict=True)


def _deep_text(told: t.Any) -> t.Any:
    if isinstance(told, dict):
        return {text(name): _deep_text(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_deep_text(value) for value in told]
    return text(told)
