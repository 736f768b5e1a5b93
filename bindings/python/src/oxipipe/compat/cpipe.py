"""cpipe's functions: `import oxipipe.compat.cpipe as cpipe`.

    cpipe.Connect("localhost", 6379)
    cpipe.add_command("hset", "words", "word|1", "1")
    cpipe.execute()

What differs from cpipe, which never looked at a reply:

* every function returns the reply (or 0, where there is none yet) and raises what oxipipe raises;
* `add_command` takes any command with any number of arguments;
* `phset` and `phget` go into one eagerly sending pipeline on the one client, shared by all threads, whatever `pool`
  says: there is no pool of connections behind them yet. They may return before the server has executed anything;
  `flush` waits for all of it, returns the replies in order and raises the first error. Without `flush`, errors go
  unnoticed.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

import oxipipe
from oxipipe import default

if TYPE_CHECKING:
    from typing import Any

    from oxipipe.pipeline import Pipeline
    from oxipipe.typing import EncodableT, KeyT

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


def Connect(host: str = "localhost", port: int = 6379, **kwargs: Any) -> int:
    """Connects to a server; `kwargs` are those of `oxipipe.Redis`. Returns 0."""
    global _background
    client = oxipipe.connect(host, port, **kwargs)
    with _lock:
        _background = client.pipeline(transaction=False)
    return 0


def ConnectPool(host: str = "localhost", port: int = 6379, pool: int = 10, **kwargs: Any) -> int:
    """As `Connect`. `pool` is the number of connections asked for; there is one."""
    if pool < 1:
        raise ValueError(f"pool is {pool}; it must be at least 1")
    return Connect(host, port, **kwargs)


def hset(name: KeyT, key: EncodableT, value: EncodableT) -> Any:
    """HSET now."""
    return default.get_client().hset(name, key, value)


def hget(name: KeyT, key: EncodableT) -> Any:
    """HGET now; unlike cpipe's, it returns the value."""
    return default.get_client().hget(name, key)


def set(name: KeyT, value: EncodableT) -> Any:
    """SET now."""
    return default.get_client().set(name, value)


def get(name: KeyT) -> Any:
    """GET now."""
    return default.get_client().get(name)


def phset(name: KeyT, key: EncodableT, value: EncodableT) -> int:
    """HSET in the background; `flush` has the reply. Returns 0."""
    with _lock:
        _started().hset(name, key, value)
    return 0


def phget(name: KeyT, key: EncodableT) -> int:
    """HGET in the background; `flush` has the reply. Returns 0."""
    with _lock:
        _started().hget(name, key)
    return 0


def flush() -> list[Any]:
    """Waits for everything that `phset` and `phget` of all threads began; the replies in order."""
    with _lock:
        return _started().execute()


def _started() -> Pipeline:
    if _background is None:
        error = oxipipe.RedisError("there is no connection: call Connect or ConnectPool first")
        error.outcome = "NOT_APPLIED"
        raise error
    return _background


_background: Pipeline | None = None
_lock = Lock()
