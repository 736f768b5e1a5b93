"""Shapes of what SORT and its like give."""

from __future__ import annotations

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any

    from oxipipe.commands.shapes import Callback


def grouped(patterns: Any) -> Callback:
    """The elements in tuples, of one element for each of `patterns`."""
    size = len(patterns)
    return lambda reply: None if reply is None else list(zip(*[iter(reply)] * size, strict=True))
