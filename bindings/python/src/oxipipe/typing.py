"""Types of arguments in the signatures of this package, under redis-py's names, and the type of text in replies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias, TypeVar

__all__ = [
    "AbsExpiryT",
    "Any",
    "BoundT",
    "Callable",
    "EncodableT",
    "ExpiryT",
    "FieldT",
    "Iterable",
    "KeyT",
    "KeysT",
    "Literal",
    "Mapping",
    "PatternT",
    "ScoreT",
    "Sequence",
    "StreamIdT",
    "T",
]

#: What text in replies is: bytes, or str if the client decodes them.
T = TypeVar("T", bytes, str)

#: Anything that can be an argument of a command.
EncodableT: TypeAlias = bytes | bytearray | memoryview | str | int | float
KeyT: TypeAlias = EncodableT
FieldT: TypeAlias = EncodableT
PatternT: TypeAlias = bytes | str | memoryview
KeysT: TypeAlias = KeyT | Iterable[KeyT]
#: An end of a range of scores: a number, or text such as "(1" and "-inf".
BoundT: TypeAlias = EncodableT
#: A score, or text such as "inf".
ScoreT: TypeAlias = EncodableT
#: The ID of an entry of a stream: text such as "1526919030474-55", "$" or ">", or a number.
StreamIdT: TypeAlias = EncodableT
#: A duration: seconds (or milliseconds, where the command counts them) or a timedelta.
ExpiryT: TypeAlias = int | timedelta
#: A moment: a unix time or a datetime.
AbsExpiryT: TypeAlias = int | datetime
