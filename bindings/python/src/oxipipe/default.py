"""The default connection: the package's functions for programs that talk to one server.

`connect` sets it. `add_command` gathers commands in a pipeline that belongs to the calling thread, and `execute`
executes that pipeline, so threads do not get into each other's way.
"""

from __future__ import annotations

from _thread import _local

from oxipipe import _types as t
from oxipipe._arguments import checked
from oxipipe._configured import is_no_host
from oxipipe.client import Redis
from oxipipe.exceptions import RedisError

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any, overload


class _Thread(_local):
    """The pipeline of each thread, and the client it is for."""

    pipeline: t.Pipeline | None = None
    client: Redis[t.Any] | None = None


if TYPE_CHECKING:

    @overload
    def connect(
        host_or_url: str | None = None,
        port: int | str = 6379,
        *,
        host: str | None = None,
        url: str | None = None,
        decode_responses: t.Literal[False] | None = False,
        **options: t.Unpack[t.ClientOptions],
    ) -> Redis[bytes]: ...
    @overload
    def connect(
        host_or_url: str | None = None,
        port: int | str = 6379,
        *,
        host: str | None = None,
        url: str | None = None,
        decode_responses: t.Literal[True],
        **options: t.Unpack[t.ClientOptions],
    ) -> Redis[str]: ...
    @overload
    def connect(
        host_or_url: str | None = None,
        port: int | str = 6379,
        *,
        host: str | None = None,
        url: str | None = None,
        decode_responses: bool | None,
        **options: t.Unpack[t.ClientOptions],
    ) -> Redis[t.Any]: ...


def connect(
    host_or_url: str | None = None,
    port: int | str = 6379,
    *,
    host: str | None = None,
    url: str | None = None,
    **kwargs: t.Any,
) -> Redis[t.Any]:
    """Connects to a server, which becomes the default connection, and returns the client.

    `host_or_url` (or by its name, `host` or `url`) is a host name, localhost if there is none, or a URL; `port` is not
    used with a URL. `kwargs` are those of `Redis`.
    """
    place = place_of("connect", {"host_or_url": host_or_url, "host": host, "url": url})
    if "://" in place:
        client: Redis[Any] = Redis.from_url(place, **kwargs)
    elif url is not None or is_no_host(place):
        # Without the text: there may be a password in it.
        raise ValueError("this is no host name; a URL is redis://host:port or unix:///path")
    else:
        client = Redis(place, port, **kwargs)
    client.connect()
    set_client(client)
    return client


def place_of(function: str, given: dict[str, str | None]) -> str:
    """The one argument of a few that says where to connect to."""
    asked = [name for name, place in given.items() if place is not None]
    if len(asked) > 1:
        raise TypeError(f"{function}() takes one of host_or_url, host and url")
    place: str = checked(asked[0], given[asked[0]]) if asked else "localhost"
    return place


def set_client(client: Redis[t.Any] | None) -> None:
    """Makes `client` the default connection."""
    global _client
    _client = client


def get_client() -> Redis[t.Any]:
    """The default connection."""
    if _client is None:
        error = RedisError("there is no default connection: call oxipipe.connect() first")
        error.outcome = "NOT_APPLIED"
        raise error
    return _client


def pipeline(transaction: bool = True, shard_hint: str | None = None) -> t.Pipeline:
    """A new pipeline on the default connection."""
    return get_client().pipeline(transaction, shard_hint)


def add_command(*args: t.Any) -> None:
    """Adds a command to this thread's pipeline on the default connection."""
    _thread_pipeline().command(*args)


def execute(raise_on_error: bool = True) -> list[t.Any]:
    """Executes what this thread has added, and returns the replies in order."""
    return _thread_pipeline().execute(raise_on_error)


def _thread_pipeline() -> t.Pipeline:
    client = _client
    if _thread.pipeline is None or _thread.client is not client:
        _thread.pipeline = get_client().pipeline(transaction=False)
        _thread.client = client
    return _thread.pipeline


_client: Redis[Any] | None = None
_thread = _Thread()
