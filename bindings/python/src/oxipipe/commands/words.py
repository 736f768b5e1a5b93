"""From arguments of named commands to what is sent for them.

Only the names of commands are text when they are handed to a back end, which encodes text as the client's `encoding` says. Other
words that a server is to understand are bytes, or go through `word`, because in some encodings a server would not know them.
"""

from __future__ import annotations

from oxipipe.exceptions import DataError

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta
    from typing import Any

    from oxipipe.typing import AbsExpiryT, EncodableT, ExpiryT


def word(value: Any) -> Any:
    """As it is sent whatever the encoding of keys and values."""
    return value.encode() if isinstance(value, str) else value


def path_word(path: object) -> Any:
    """A path into a JSON document: text, or an object whose text it is, as redis-py's `Path`."""
    if isinstance(path, (bytes, str)):
        return word(path)
    kind = type(path)
    says_nothing = kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__
    if kind.__module__ == "builtins" or says_nothing:
        raise refused(path, "text, or an object that says it as such")
    return str(path).encode()


def size_of(mapping: Mapping[Any, Any]) -> int:
    """How many pairs there are."""
    try:
        return len(mapping)
    except TypeError as error:
        raise misused(error) from None


def words_of(**switches: object) -> list[bytes]:
    """The names of the switches that are on."""
    return [name.encode() for name, is_on in switches.items() if is_on]


def listed(keys: Any, more: Iterable[Any] = ()) -> list[Any]:
    """One key or several, and more keys, as one list."""
    # What is no key and cannot be iterated over either is left to the back end to refuse.
    single = isinstance(keys, (bytes, str, bytearray, memoryview)) or not hasattr(keys, "__iter__")
    return [keys, *more] if single else [*keys, *more]


def flat(mapping: Mapping[Any, EncodableT]) -> list[Any]:
    """Each key and its value."""
    words: list[Any] = []
    try:
        for item in mapping.items():
            words += item
    except AttributeError as error:
        raise misused(error) from None
    return words


def scored(mapping: Mapping[Any, Any]) -> list[Any]:
    """The score of each member, and the member."""
    words: list[Any] = []
    for member, score in mapping.items():
        words += (word(score), member)
    return words


def corners(points: Iterable[tuple[float, float]]) -> list[float]:
    """How many there are, and then both coordinates of each."""
    try:
        parts = [part for longitude, latitude in points for part in (longitude, latitude)]
    except (TypeError, ValueError):
        raise refused(points, "corners, each a longitude and a latitude") from None
    return [len(parts) // 2, *parts]


def misused(error: Exception) -> Exception:
    """What to raise where no words could be made of the arguments."""
    from oxipipe.commands.unsendable import misused

    return misused(error)


def refused(value: object, takes: str) -> DataError:
    """What to raise for `value`, where something else is taken."""
    from oxipipe.commands.unsendable import refused

    return refused(value, takes)


def function(value: Any) -> Any:
    """A function, for the shape of a reply."""
    if not callable(value):
        raise refused(value, "a function")
    return value


def lex_bound(bound: Any) -> Any:
    """An end of a range of names: what follows its first character is part of a member's name."""
    return word(bound) if bound in ("-", "+") else bound


def choice(value: Any) -> Any:
    """One of several words, or a member of an enumeration of them."""
    return word(getattr(value, "value", value))


def as_json(value: Any) -> Any:
    """Text is JSON already."""
    if isinstance(value, (str, bytes)):
        return word(value)
    import json

    return word(json.dumps(value))


def yes_or_no(value: object) -> bytes:
    return b"YES" if value else b"NO"


def on_or_off(value: object) -> bytes:
    return b"ON" if value else b"OFF"


def or_endless(timeout: float | None) -> float:
    """Seconds, of which servers take 0 for no end."""
    return timeout or 0


def or_metres(unit: str | None) -> Any:
    return word(unit or "m")


def weighted(keys: Any, aggregate: str | None) -> list[Any]:
    """Sorted sets that become one: their number, their keys, their weights if it is a mapping to those, and what becomes of scores."""
    names = listed(keys)
    weights = (b"WEIGHTS", *keys.values()) if hasattr(keys, "values") else ()
    return [len(names), *names, *weights, *((b"AGGREGATE", word(aggregate)) if aggregate else ())]


def sorting(
    start: int | None, num: int | None, by: Any, get: Any, desc: bool, alpha: bool
) -> list[Any]:
    """How SORT and SORT_RO are to sort, and what they give of what."""
    if (start is None) is not (num is None):
        raise DataError("sorting takes start and num together")
    words: list[Any] = [] if by is None else [b"BY", by]
    if start is not None:
        words += (b"LIMIT", start, num)
    for pattern in () if get is None else listed(get):
        words += (b"GET", b"#" if pattern == "#" else pattern)
    return words + words_of(DESC=desc, ALPHA=alpha)


# A datetime or timedelta is told by its methods: importing datetime costs more than all of this package.
def in_seconds(time: ExpiryT) -> Any:
    duration: timedelta = time  # type: ignore[assignment]
    return int(duration.total_seconds()) if hasattr(time, "total_seconds") else whole(time)


def in_milliseconds(time: ExpiryT) -> Any:
    duration: timedelta = time  # type: ignore[assignment]
    return int(duration.total_seconds() * 1000) if hasattr(time, "total_seconds") else whole(time)


def unix_seconds(when: AbsExpiryT) -> Any:
    moment: datetime = when  # type: ignore[assignment]
    return int(moment.timestamp()) if hasattr(when, "timestamp") else whole(when)


def unix_milliseconds(when: AbsExpiryT) -> Any:
    moment: datetime = when  # type: ignore[assignment]
    return int(moment.timestamp() * 1000) if hasattr(when, "timestamp") else whole(when)


def positive(count: Any) -> Any:
    """Some servers take 0 for all there are, and others for none."""
    if isinstance(count, int) and count < 1:
        raise refused(count, "a number from 1 on")
    return count


def whole(number: Any) -> Any:
    """Times are whole numbers for servers."""
    if isinstance(number, float):
        raise refused(number, "a whole number, or an object of datetime")
    return number
