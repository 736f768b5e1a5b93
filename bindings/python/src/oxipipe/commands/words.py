"""From arguments of named commands to what is sent for them.

Only the names of commands are text when they are handed to a back end, which encodes text as the client's `encoding` says. Other
words that a server is to understand are bytes, or go through `word`, because in some encodings a server would not know them.
"""

from __future__ import annotations

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta
    from typing import Any

    from oxipipe.typing import AbsExpiryT, EncodableT, ExpiryT


def word(value: Any) -> Any:
    """As it is sent whatever the encoding of keys and values."""
    return value.encode() if isinstance(value, str) else value


def words_of(**switches: object) -> list[bytes]:
    """The names of the switches that are on."""
    return [name.encode() for name, is_on in switches.items() if is_on]


def listed(keys: Any, more: Iterable[Any] = ()) -> list[Any]:
    """One key or several, and more keys, as one list."""
    single = isinstance(keys, (bytes, str, int, float, bytearray, memoryview))
    return [keys, *more] if single else [*keys, *more]


def flat(mapping: Mapping[Any, EncodableT]) -> list[Any]:
    """Each key and its value."""
    return [part for item in mapping.items() for part in item]


def lex_bound(bound: Any) -> Any:
    """An end of a range of names: what follows its first character is part of a member's name."""
    return word(bound) if bound in ("-", "+") else bound


def yes_or_no(value: object) -> bytes:
    return b"YES" if value else b"NO"


def on_or_off(value: object) -> bytes:
    return b"ON" if value else b"OFF"


def or_endless(timeout: float | None) -> float:
    """Seconds, of which servers take 0 for no end."""
    return timeout or 0


# A datetime or timedelta is told by its methods: importing datetime costs more than all of this package.
def in_seconds(time: ExpiryT) -> Any:
    duration: timedelta = time  # type: ignore[assignment]
    return int(duration.total_seconds()) if hasattr(time, "total_seconds") else time


def in_milliseconds(time: ExpiryT) -> Any:
    duration: timedelta = time  # type: ignore[assignment]
    return int(duration.total_seconds() * 1000) if hasattr(time, "total_seconds") else time


def unix_seconds(when: AbsExpiryT) -> Any:
    moment: datetime = when  # type: ignore[assignment]
    return int(moment.timestamp()) if hasattr(when, "timestamp") else when


def unix_milliseconds(when: AbsExpiryT) -> Any:
    moment: datetime = when  # type: ignore[assignment]
    return int(moment.timestamp() * 1000) if hasattr(when, "timestamp") else when
