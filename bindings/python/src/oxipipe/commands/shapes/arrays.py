"""Shapes of what servers tell of arrays."""

from __future__ import annotations

from oxipipe.commands.shapes.common import pairs, text, unless_null

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


@unless_null
def info(reply: Any) -> dict[str, Any]:
    return {text(name): value for name, value in pairs(reply).items()}
