"""The default pool: the package's functions for programs that send and collect later, over several connections.

oxipipe.connect_pool(host="localhost", port=6379, pool=10)
for i in range(50_000):
    oxipipe.phset("words", f"word|{i}", "1")
oxipipe.flush()
"""

from __future__ import annotations

from oxipipe import _types as t
from oxipipe._arguments import checked
from oxipipe._configured import is_no_host
from oxipipe.default import place_of
from oxipipe.exceptions import RedisError
from oxipipe.pool import Pool

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, overload

    from oxipipe.futures import Future


if TYPE_CHECKING:

    @overload
    def connect_pool(
        host_or_url: str | None = None,
        port: int | str = 6379,
        pool: int | str = 10,
        *,
        host: str | None = None,
        url: str | None = None,
        decode_responses: t.Literal[False] | None = False,
        **options: t.Unpack[t.PoolOptions],
    ) -> Pool[bytes]: ...
    @overload
    def connect_pool(
        host_or_url: str | None = None,
        port: int | str = 6379,
        pool: int | str = 10,
        *,
        host: str | None = None,
        url: str | None = None,
        decode_responses: t.Literal[True],
        **options: t.Unpack[t.PoolOptions],
    ) -> Pool[str]: ...
    @overload
    def connect_pool(
        host_or_url: str | None = None,
        port: int | str = 6379,
        pool: int | str = 10,
        *,
        host: str | None = None,
        url: str | None = None,
        decode_responses: bool | None,
        **options: t.Unpack[t.PoolOptions],
    ) -> Pool[t.Any]: ...


def connect_pool(
    host_or_url: str | None = None,
    port: int | str = 6379,
    pool: int | str = 10,
    *,
    host: str | None = None,
    url: str | None = None,
    **kwargs: t.Any,
) -> Pool[t.Any]:
    """Opens `pool` connections to a server, which become the default pool, and returns it.

    `host_or_url` (or by its name, `host` or `url`) is a host name, localhost if there is none, or a URL; `port` is not
    used with a URL. `kwargs` are those of `Pool`. A default pool that there was stays open, and usable as an object.
    """
    if "connections" in kwargs:
        raise TypeError("connect_pool() calls the number of its connections `pool`")
    place = place_of("connect_pool", {"host_or_url": host_or_url, "host": host, "url": url})
    pool = checked("pool", pool)
    if "://" in place:
        made: Pool[Any] = Pool.from_url(place, connections=pool, **kwargs)
    elif url is not None or is_no_host(place):
        # Without the text: there may be a password in it.
        raise ValueError("this is no host name; a URL is redis://host:port or unix:///path")
    else:
        made = Pool(place, port, connections=pool, **kwargs)
    made.connect()
    set_pool(made)
    return made


def set_pool(pool: Pool[t.Any] | None) -> None:
    """Makes `pool` the default pool."""
    global _pool, _submit
    _pool = pool
    _submit = _no_pool if pool is None else pool.submit


def get_pool() -> Pool[t.Any]:
    """The default pool."""
    if _pool is None:
        _no_pool()
    assert _pool is not None
    return _pool


def phset(name: t.KeyT, key: t.EncodableT, value: t.EncodableT) -> t.Future[int]:
    """HSET on the default pool: queues it and returns the future of its reply."""
    return _submit("HSET", name, key, value)


def phget(name: t.KeyT, key: t.EncodableT) -> t.Future[t.Any]:
    """HGET on the default pool: queues it and returns the future of the value."""
    return _submit("HGET", name, key)


def flush(timeout: float | None = None) -> int:
    """Waits for everything that was submitted to the default pool: `Pool.flush`."""
    return get_pool().flush(timeout)


def _no_pool(*_args: t.Any) -> t.Any:
    error = RedisError("there is no default pool: call oxipipe.connect_pool() first")
    error.outcome = "NOT_APPLIED"
    raise error


_pool: Pool[Any] | None = None
_submit: Callable[..., Future[Any]] = _no_pool
