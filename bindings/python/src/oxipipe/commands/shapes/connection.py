"""Shapes of what servers tell of a connection."""

from __future__ import annotations

from oxipipe.commands.shapes.common import dicts, flat, in_order, pairs, ranks, text, unless_null

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


@unless_null
def hello(reply: Any) -> dict[str, Any]:
    told = {text(name): text(value) for name, value in pairs(reply).items()}
    told["modules"] = dicts(told.get("modules", []))
    return told


@unless_null
def tracking_info(reply: Any) -> list[Any]:
    parts = [text(part) for part in flat(reply)]
    return [in_order(part, _FLAGS) if isinstance(part, set) else part for part in parts]


_FLAGS = ranks("off on bcast optin optout caching-yes caching-no noloop broken_redirect")
