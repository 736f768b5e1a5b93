"""Shapes of strings."""

from __future__ import annotations

from oxipipe.commands.shapes.common import unless_null

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


@unless_null
def increased(reply: Any) -> list[int | float]:
    """Two numbers. Those that are no integers are text in RESP2."""
    return [told if isinstance(told, int) else float(told) for told in reply]
