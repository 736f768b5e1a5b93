"""Shapes of what servers tell of arrays."""

from __future__ import annotations

from oxipipe.commands.shapes.common import pairs, text, unless_null

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


@unless_null
def info(reply: Any) -> dict[str, int | float]:
    """RESP2 has averages as text."""
    told = pairs(reply).items()
    return {text(name): value if isinstance(value, int) else float(value) for name, value in told}
