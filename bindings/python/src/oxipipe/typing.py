"""Types of arguments in the signatures of this package, under redis-py's names, and the type of text in replies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, TypeVar

if TYPE_CHECKING:
    from typing_extensions import TypeVar as _TypeVar

__all__ = [
    "AbsExpiryT",
    "Any",
    "BoundT",
    "Callable",
    "ClientOptions",
    "DataPersistOptions",
    "EncodableT",
    "Enum",
    "ExpiryT",
    "FieldT",
    "HashDataPersistOptions",
    "HotkeysMetricsTypes",
    "Iterable",
    "KeyT",
    "KeysT",
    "Literal",
    "Mapping",
    "PatternT",
    "PoolOptions",
    "QueueOptions",
    "S",
    "ScoreT",
    "Sequence",
    "StreamIdT",
    "T",
]

#: What text in replies is: bytes, or str if the client decodes them.
if TYPE_CHECKING:
    T = _TypeVar("T", bytes, str, default=bytes)
else:
    T = TypeVar("T", bytes, str)

#: What a caller's function makes of a score.
S = TypeVar("S")

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


class ClientOptions(TypedDict, total=False):
    """What clients and pools take by name, but for `decode_responses`, which decides what text in replies is."""

    db: int | str | None
    password: str | bytes | int | None
    socket_timeout: float | str | None
    socket_connect_timeout: float | str | None
    socket_keepalive: bool | None
    unix_socket_path: str | bytes | PathLike[str] | None
    encoding: str
    encoding_errors: str
    client_name: str | None
    lib_name: str | None
    lib_version: str | None
    username: str | None
    protocol: int | str | None
    client_no_evict: bool | None
    client_no_touch: bool | None
    client_info: bool | None
    spin_us: int | str | None
    eager_bytes: int | str | None
    retry_reads: bool | None
    fail_fast: bool | None
    user_timeout: float | str | None
    socket_buffers: tuple[int, int] | None
    max_depth: int | str | None
    max_bulk_bytes: int | str | None
    max_line_bytes: int | str | None
    max_reply_bytes: int | str | None
    event_bytes: int | str | None
    event_overflow: str | None


class QueueOptions(ClientOptions, total=False):
    """The same, and the bounds of what may wait: of pools and of asyncio's clients."""

    queue_commands: int | str | None
    queue_bytes: int | str | None


class PoolOptions(QueueOptions, total=False):
    """What pools take by name."""

    connections: int | str
    key_affinity: bool | None
    ordered: bool | None
    grace: float | str


class DataPersistOptions(Enum):
    """When MSETEX sets keys: if none of them is there, or if all are."""

    NX = "NX"
    XX = "XX"


class HashDataPersistOptions(Enum):
    """When HSETEX sets fields: if none of them is there, or if all are."""

    FNX = "FNX"
    FXX = "FXX"


class HotkeysMetricsTypes(Enum):
    """What HOTKEYS START measures: the time that commands on a key take, or the bytes that are sent for them."""

    CPU = "CPU"
    NET = "NET"
