"""Shapes of what servers tell of functions."""

from __future__ import annotations

from oxipipe.commands.shapes.common import flat, pairs, text, unless_null, unordered

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


@unless_null
def libraries(reply: Any) -> list[Any]:
    """Libraries and their functions as lists of names and values in turn: redis-py's shape, and that of RESP2."""
    return [_library(item) for item in reply]


@unless_null
def stats(reply: Any) -> dict[Any, Any]:
    """All maps of it as dicts."""
    told = pairs(reply)
    for name, value in told.items():
        if value is None:
            continue
        told[name] = pairs(value)
        if text(name) == "engines":
            told[name] = {engine: pairs(counts) for engine, counts in told[name].items()}
    return told


def _library(item: Any) -> list[Any]:
    told = list(flat(item))
    for place in range(0, len(told), 2):
        if text(told[place]) == "functions":
            told[place + 1] = [_function(function) for function in told[place + 1]]
    return told


def _function(item: Any) -> list[Any]:
    # Flags are a set in RESP3.
    return [unordered(value) for value in flat(item)]
