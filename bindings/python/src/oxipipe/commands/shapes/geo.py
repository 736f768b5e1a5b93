"""Shapes of places."""

from __future__ import annotations

from oxipipe.commands.shapes.common import unless_null

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


@unless_null
def positions(reply: Any) -> list[tuple[float, float] | None]:
    """(longitude, latitude) of each place that there is."""
    return [place and _position(place) for place in reply]


def found(reply: Any) -> Any:
    """Names of places, or lists of a name and what was asked for besides: the kind of each thing tells which it is."""
    if not (reply and isinstance(reply, list) and isinstance(reply[0], list)):
        return reply
    return [[name, *map(_fact, facts)] for name, *facts in reply]


def _fact(told: Any) -> Any:
    """A hash is an integer, a position is a list; the rest is a distance, in any protocol a text."""
    if isinstance(told, int):
        return told
    return _position(told) if isinstance(told, list) else float(told)


def _position(told: Any) -> tuple[float, float]:
    longitude, latitude = told
    return float(longitude), float(latitude)
