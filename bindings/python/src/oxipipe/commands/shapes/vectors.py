"""Shapes of sets of vectors, of which what was asked for decides."""

from __future__ import annotations

from itertools import islice

from oxipipe.commands.shapes import word
from oxipipe.commands.shapes.common import pairs, unless_null

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


def shape_by_words(words: tuple[Any, ...]) -> str:
    """The name of the shape of VEMB, VLINKS and VSIM; none if that is the reply itself."""
    name = word(words[0])
    if name == "VSIM":
        asked = _asked_of_search(words)
        return _OF_SEARCH["WITHSCORES" in asked, "WITHATTRIBS" in asked]
    options = set(map(word, words[3:]))
    if name == "VEMB":
        return "bytes:vectors.stored" if "RAW" in options else "floats"
    return "vectors.scored_links" if "WITHSCORES" in options else ""


@unless_null
def stored(reply: Any) -> dict[str, Any]:
    kind, raw, length, *extent = reply
    told = {"quantization": kind, "raw": raw, "l2": float(length)}
    if extent:
        told["range"] = float(extent[0])
    return told


@unless_null
def attributes(reply: Any) -> Any:
    return _attributes(reply) or None


def info(reply: Any) -> Any:
    return pairs(reply) if reply else None


@unless_null
def scored_links(reply: Any) -> list[dict[Any, float]]:
    return [scored(level) for level in reply]


@unless_null
def scored(reply: Any) -> dict[Any, float]:
    return {element: float(score) for element, score in pairs(reply).items()}


@unless_null
def with_attributes(reply: Any) -> dict[Any, Any]:
    return {element: _attributes(text) for element, text in pairs(reply).items()}


@unless_null
def scored_with_attributes(reply: Any) -> dict[Any, dict[str, Any]]:
    if isinstance(reply, dict):
        triples = [(element, *told) for element, told in reply.items()]
    else:
        items = iter(reply)
        triples = list(zip(items, items, items, strict=True))
    return {
        element: {"score": float(score), "attributes": _attributes(text)}
        for element, score, text in triples
    }


def _attributes(text: Any) -> Any:
    if not text:
        return None
    import json

    return json.loads(text)


def _asked_of_search(words: tuple[Any, ...]) -> set[str]:
    """The options of VSIM without what they, or the vector, are about: that may look like an option."""
    given = iter(words[2:])
    kind, first = word(next(given, "")), next(given, 0)
    if kind == "VALUES":
        try:
            given = islice(given, int(first), None)
        except ValueError:  # which the server refuses
            return set()
    asked = set()
    for option in map(word, given):
        asked.add(option)
        if option in ("COUNT", "EPSILON", "EF", "FILTER", "FILTER-EF"):
            next(given, None)
    return asked


#: By whether there are scores, and attributes.
_OF_SEARCH = {
    (False, False): "",
    (True, False): "vectors.scored",
    (False, True): "vectors.with_attributes",
    (True, True): "vectors.scored_with_attributes",
}
