"""Shapes of sorted sets."""

from __future__ import annotations

from oxipipe.commands.shapes.common import score, scored
from oxipipe.commands.words import function

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from oxipipe.commands.shapes import Callback


def scored_as(cast: Callable[[Any], Any]) -> Callback:
    """Members with scores as (member, what `cast` makes of the score)."""
    cast = function(cast)
    return lambda reply: scored(reply, cast)


def ranked_as(cast: Callable[[Any], Any]) -> Callback:
    """A rank and what `cast` makes of the score."""
    cast = function(cast)
    return lambda reply: None if reply is None else [reply[0], score(reply[1], cast)]


def scanned_as(cast: Callable[[Any], Any]) -> Callback:
    """The next cursor, and members with what `cast` makes of their scores."""
    cast = function(cast)
    return lambda reply: None if reply is None else (int(reply[0]), scored(reply[1], cast))


def flat_scored(reply: Any) -> Any:
    """Members, each followed by its score if RESP3 has the two in a list. Text, as in RESP2."""
    if not (reply and isinstance(reply, list) and isinstance(reply[0], list)):
        return reply
    return [part for pair in reply for part in _texts(*pair)]


def popped(reply: Any) -> Any:
    """A key, and a list of lists of a member and its score. Text, as in RESP2."""
    return None if reply is None else [reply[0], [_texts(*pair) for pair in reply[1]]]


def _texts(member: Any, told: Any) -> list[Any]:
    """A member and its score, which is str if the member is."""
    if not isinstance(told, float):
        return [member, told]
    score_text = f"{told:.17g}"
    return [member, score_text if isinstance(member, str) else score_text.encode()]
