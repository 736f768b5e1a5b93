"""The default connection: the package's functions for programs that talk to one server.

`connect` sets it. `add_command` gathers commands in a pipeline that belongs to the calling thread, and `execute`
executes that pipeline, so threads do not get into each other's way.
"""

from __future__ import annotations

from _thread import _local
from typing import TYPE_CHECKING

from oxipipe.client import Redis
from oxipipe.exceptions import RedisError

if TYPE_CHECKING:
    from typing import Any

    from oxipipe.pipeline import Pipeline


class _Thread(_local):
    """The pipeline of each thread, and the client it is for."""

    pipeline: Pipeline | None = None
    client: Redis | None = None


def connect(host_or_url: str = "localhost", port: int = 6379, **kwargs: Any) -> Redis:
    """Connects to a server, which becomes the default connection, and returns the client.

    `host_or_url` is a host name or a URL (then `port` is not used); `kwargs` are those of `Redis`.
    """
    if "://" in host_or_url:
        client = Redis.from_url(host_or_url, **kwargs)
    else:
        client = Redis(host_or_url, port, **kwargs)
    client.connect()
    set_client(client)
    return client


def set_client(client: Redis | None) -> None:
    """Makes `client` the default connection."""
    global _client
    _client = client


def get_client() -> Redis:
    """The default connection."""
    if _client is None:
        raise RedisError("there is no default connection: call oxipipe.connect() first")
    return _client


def pipeline(transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
    """A new pipeline on the default connection."""
    return get_client().pipeline(transaction, shard_hint)


def add_command(*args: Any) -> None:
    """Adds a command to this thread's pipeline on the default connection."""
    _thread_pipeline().command(*args)


def execute(raise_on_error: bool = True) -> list[Any]:
    """Executes what this thread has added, and returns the replies in order."""
    return _thread_pipeline().execute(raise_on_error)


def _thread_pipeline() -> Pipeline:
    client = _client
    if _thread.pipeline is None or _thread.client is not client:
        _thread.pipeline = get_client().pipeline(transaction=False)
        _thread.client = client
    return _thread.pipeline


_client: Redis | None = None
_thread = _Thread()
