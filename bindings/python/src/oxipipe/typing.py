"""Types of arguments in the signatures of this package, under redis-py's names."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeAlias

#: Anything that can be an argument of a command.
EncodableT: TypeAlias = bytes | bytearray | memoryview | str | int | float
KeyT: TypeAlias = EncodableT
FieldT: TypeAlias = EncodableT
PatternT: TypeAlias = bytes | str | memoryview
KeysT: TypeAlias = KeyT | Iterable[KeyT]
#: An end of a range of scores: a number, or text such as "(1" and "-inf".
BoundT: TypeAlias = EncodableT
#: A duration: seconds (or milliseconds, where the command counts them) or a timedelta.
ExpiryT: TypeAlias = int | timedelta
#: A moment: a unix time or a datetime.
AbsExpiryT: TypeAlias = int | datetime
