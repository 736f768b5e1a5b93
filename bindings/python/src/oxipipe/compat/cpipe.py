"""cpipe's functions: `import oxipipe.compat.cpipe as cpipe`.

    cpipe.ConnectPool(host="localhost", port=6379, pool=10)
    for i in range(10_000):
        cpipe.phset("words", f"word|{i}", "1")
    cpipe.flush()

What differs from cpipe, which never looked at a reply:

* every function returns the reply (or 0, where there is none) and raises what oxipipe raises;
* `add_command` takes any command with any number of arguments;
* `phset` and `phget` return futures, `oxipipe.Future`; they use a pool of connections, 10 unless `ConnectPool` says
  otherwise, so they are executed in no particular order. They may return before the server has executed anything;
  `flush` waits for all of it, raises the first error, and returns the number of commands that succeeded. At the end of
  the program, what is still under way has 5 seconds to finish; errors then go unnoticed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import oxipipe
from oxipipe import _types as t
from oxipipe import default
from oxipipe._arguments import checked
from oxipipe.pool import Pool

if TYPE_CHECKING:
    from typing import Any

    from oxipipe.futures import Future

__all__ = [
    "Connect",
    "ConnectPool",
    "add_command",
    "execute",
    "flush",
    "get",
    "hget",
    "hset",
    "phget",
    "phset",
    "set",
]

add_command = default.add_command
execute = default.execute


def Connect(host: str = "localhost", port: int = 6379, **kwargs: t.Any) -> int:
    """Connects to a server; `kwargs` are those of `oxipipe.Redis`. Returns 0."""
    return ConnectPool(host, port, **kwargs)


def ConnectPool(host: str = "localhost", port: int = 6379, pool: int = 10, **kwargs: t.Any) -> int:
    """As `Connect`; `pool` is the number of connections for `phset` and `phget`, made when they are first used."""
    global _pool
    pool = checked("pool", pool)
    client = oxipipe.connect(host, port, **kwargs)
    _pool = Pool._for_client(client._given, client._address, pool)
    return 0


def hset(name: t.KeyT, key: t.EncodableT, value: t.EncodableT) -> t.Any:
    """HSET now."""
    return default.get_client().hset(name, key, value)


def hget(name: t.KeyT, key: t.EncodableT) -> t.Any:
    """HGET now; unlike cpipe's, it returns the value."""
    return default.get_client().hget(name, key)


def set(name: t.KeyT, value: t.EncodableT) -> t.Any:
    """SET now."""
    return default.get_client().set(name, value)


def get(name: t.KeyT) -> t.Any:
    """GET now."""
    return default.get_client().get(name)


def phset(name: t.KeyT, key: t.EncodableT, value: t.EncodableT) -> t.Future[int]:
    """HSET in the background; returns the future of its reply."""
    future: Future[int] = _connected().submit("HSET", name, key, value)
    return future


def phget(name: t.KeyT, key: t.EncodableT) -> t.Future[t.Any]:
    """HGET in the background; returns the future of the value."""
    future: Future[Any] = _connected().submit("HGET", name, key)
    return future


def flush() -> int:
    """Waits for everything that `phset` and `phget` of all threads began; the number of commands that succeeded."""
    return _connected().flush()


def _connected() -> Pool:
    if _pool is None:
        error = oxipipe.RedisError("there is no connection: call Connect or ConnectPool first")
        error.outcome = "NOT_APPLIED"
        raise error
    return _pool


_pool: Pool | None = None
