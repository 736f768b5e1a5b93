"""Shapes of sorted sets."""

from __future__ import annotations

from oxipipe.commands.shapes.common import score, scored

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from oxipipe.commands.shapes import Callback


def scored_as(cast: Callable[[Any], Any]) -> Callback:
    """Members with scores as (member, what `cast` makes of the score)."""
    return lambda reply: scored(reply, cast)


def ranked_as(cast: Callable[[Any], Any]) -> Callback:
    """A rank and what `cast` makes of the score."""
    return lambda reply: None if reply is None else [reply[0], score(reply[1], cast)]


def scanned_as(cast: Callable[[Any], Any]) -> Callback:
    """The next cursor, and members with what `cast` makes of their scores."""
    return lambda reply: None if reply is None else (int(reply[0]), scored(reply[1], cast))
