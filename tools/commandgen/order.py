"""In which order the words of a command may stand, as its description says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

#: Where a word stands: the number of its argument, within a block that of the block's argument, and so on.
Place = tuple[int, ...]


def is_as_told(
    words: list[str], told: list[list[dict[str, Any]]], added: list[list[dict[str, Any]]]
) -> bool:
    """Whether the words stand as in one of these descriptions. What is added to them says no more than what they leave out wholly."""
    descriptions = [arguments for arguments in told if arguments] or added
    return not descriptions or any(is_kept(words, arguments) for arguments in descriptions)


def is_kept(words: Iterable[str], arguments: list[dict[str, Any]]) -> bool:
    """Whether those of the words that the description has stand in its order. Of alternatives, and of what may be repeated, any may
    be first."""
    places: dict[str, list[Place]] = {}
    for word, place in _places(arguments, ()):
        places.setdefault(word, []).append(place)
    reached: Place = ()
    for word in words:
        if word not in places:
            continue
        later = [place for place in places[word] if not _is_before(place, reached)]
        if not later:
            return False
        reached = min(later)
    return True


def _places(arguments: list[dict[str, Any]], start: Place) -> Iterator[tuple[str, Place]]:
    for number, argument in enumerate(arguments):
        place = (*start, number)
        inner = argument.get("arguments", [])
        for word in argument.get("token", "").upper().split():
            yield word, (*place, -1) if inner else place
        if argument["type"] == "oneof" or "multiple" in argument.get("flags", []):
            yield from ((word, place) for word, _ in _places(inner, ()))
        else:
            yield from _places(inner, place)


def _is_before(place: Place, other: Place) -> bool:
    """Whether it is an earlier one, and not only a part of the same argument."""
    shared = min(len(place), len(other))
    return place[:shared] < other[:shared]
