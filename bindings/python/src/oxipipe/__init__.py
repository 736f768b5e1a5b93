"""oxipipe: pump data in and out of Redis and Valkey at the server's own speed.

    import oxipipe

    r = oxipipe.connect("localhost", 6379)           # or a URL
    r.set("greeting", "hello")
    with r.pipeline(transaction=False) as p:
        for i in range(10_000):
            p.hset("words", f"word{i}", i)
        p.execute()

Names, arguments and replies are redis-py's; see `Redis` and `Pipeline`.
"""

from __future__ import annotations

from oxipipe._version import __version__
from oxipipe.client import Redis, StrictRedis, from_url
from oxipipe.default import add_command, connect, execute, pipeline
from oxipipe.default_pool import connect_pool, flush, phget, phset
from oxipipe.exceptions import (
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    BusyLoadingError,
    ChildDeadlockedError,
    ClosedError,
    ConcurrentUseError,
    ConnectionError,
    DataError,
    DecodeError,
    EncodingError,
    ForkedError,
    InvalidResponse,
    LockError,
    LockNotOwnedError,
    OptionError,
    OutOfMemoryError,
    PubSubError,
    QueueFullError,
    ReadOnlyError,
    RedisError,
    RefusedError,
    ResponseError,
    TimeoutError,
    WatchError,
)
from oxipipe.pipeline import Pipeline
from oxipipe.pool import Pool

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any

    from oxipipe.event import Event
    from oxipipe.futures import Future
    from oxipipe.server import Server
    from oxipipe.server_info import ServerInfo

__all__ = [
    "AuthenticationError",
    "AuthenticationWrongNumberOfArgsError",
    "BusyLoadingError",
    "ChildDeadlockedError",
    "ClosedError",
    "ConcurrentUseError",
    "ConnectionError",
    "DataError",
    "DecodeError",
    "EncodingError",
    "Event",
    "ForkedError",
    "Future",
    "InvalidResponse",
    "LockError",
    "LockNotOwnedError",
    "OptionError",
    "OutOfMemoryError",
    "Pipeline",
    "Pool",
    "PubSubError",
    "QueueFullError",
    "ReadOnlyError",
    "Redis",
    "RedisError",
    "RefusedError",
    "ResponseError",
    "Server",
    "ServerInfo",
    "StrictRedis",
    "TimeoutError",
    "WatchError",
    "__version__",
    "add_command",
    "connect",
    "connect_pool",
    "execute",
    "flush",
    "from_url",
    "get_include",
    "get_library",
    "phget",
    "phset",
    "pipeline",
]


def get_library() -> str:
    """Path of the shared library in this package, for programs in other languages."""
    from oxipipe._core.library import library

    return library()


def get_include() -> str:
    """Directory of this package's C headers, for `#include <oxipipe/oxipipe.h>`."""
    from oxipipe._core.library import include

    return include()


def __getattr__(name: str) -> Any:
    # Not needed by most programs, and not cheap to import.
    if name == "Server":
        from oxipipe.server import Server

        return Server
    if name == "ServerInfo":
        from oxipipe.server_info import ServerInfo

        return ServerInfo
    if name == "Event":
        from oxipipe.event import Event

        return Event
    if name == "Future":
        from oxipipe.futures import Future

        return Future
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
