"""Shapes of what servers tell of channels."""

from __future__ import annotations

from oxipipe.commands.shapes.common import flat, unless_null

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


@unless_null
def counted(reply: Any) -> list[tuple[Any, int]]:
    """Channels, each with the number behind it."""
    items = iter(flat(reply))
    return list(zip(items, items, strict=True))
