"""The default pool: the package's functions for programs that send and collect later, over several connections.

oxipipe.connect_pool(host="localhost", port=6379, pool=10)
for i in range(50_000):
    oxipipe.phset("words", f"word|{i}", "1")
oxipipe.flush()
"""

from __future__ import annotations

from oxipipe._arguments import checked
from oxipipe._configured import is_no_host
from oxipipe.default import place_of
from oxipipe.exceptions import RedisError
from oxipipe.pool import Pool

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, Unpack, overload

    from oxipipe.futures import Future
    from oxipipe.typing import EncodableT, KeyT, PoolOptions


if TYPE_CHECKING:

    @overload
    def connect_pool(
        host_or_url: str | None = None,
        port: int | str = 6379,
        pool: int | str = 10,
        *,
        host: str | None = None,
        url: str | None = None,
        decode_responses: Literal[False] | None = False,
        **options: Unpack[PoolOptions],
    ) -> Pool[bytes]: ...
    @overload
    def connect_pool(
        host_or_url: str | None = None,
        port: int | str = 6379,
        pool: int | str = 10,
        *,
        host: str | None = None,
        url: str | None = None,
        decode_responses: Literal[True],
        **options: Unpack[PoolOptions],
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
        **options: Unpack[PoolOptions],
    ) -> Pool[Any]: ...


def connect_pool(
    host_or_url: str | None = None,
    port: int | str = 6379,
    pool: int | str = 10,
    *,
    host: str | None = None,
    url: str | None = None,
    **kwargs: Any,
) -> Pool[Any]:
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


def set_pool(pool: Pool[Any] | None) -> None:
    """Makes `pool` the default pool."""
    global _pool, _submit
    _pool = pool
    _submit = _no_pool if pool is None else pool.submit


def get_pool() -> Pool[Any]:
    """The default pool."""
    if _pool is None:
        _no_pool()
    assert _pool is not None
    return _pool


def phset(name: KeyT, key: EncodableT, value: EncodableT) -> Future[int]:
    """HSET on the default pool: queues it and returns the future of its reply."""
    return _submit("HSET", name, key, value)


def phget(name: KeyT, key: EncodableT) -> Future[Any]:
    """HGET on the default pool: queues it and returns the future of the value."""
    return _submit("HGET", name, key)


def flush(timeout: float | None = None) -> int:
    """Waits for everything that was submitted to the default pool: `Pool.flush`."""
    return get_pool().flush(timeout)


def _no_pool(*_args: Any) -> Any:
    error = RedisError("there is no default pool: call oxipipe.connect_pool() first")
    error.outcome = "NOT_APPLIED"
    raise error


_pool: Pool[Any] | None = None
_submit: Callable[..., Future[Any]] = _no_pool
