"""pypredis' classes: `from oxipipe.compat.pypredis import EventLoop, TCPConnection`.

    loop = EventLoop()
    loop.start()
    one, two = TCPConnection("localhost", 6379), TCPConnection("localhost", 6380)
    futures = [loop.send_command(c, "SUNION", "set1", "set2") for c in (one, two)]
    members = [future.result() for future in futures]
    loop.stop()

As there, `send_command` starts to send at once, so a server works while the program is still making commands, and
several servers work in parallel. Arguments are passed through `str` unless they are bytes, and replies come as the
server gave them: bytes (also where pypredis had a status as str), int, None and lists.

What differs from pypredis: `result(timeout)` and `done()` work; an error reply raises a `RedisError` (`HiredisError` is
another name of it) in its own future alone; a connection that is lost is made again, and `send_command` waits for room
only as long as `socket_timeout`; connections take the options of `oxipipe.Redis`, so a password and a database (`protocol` is 2 unless said otherwise, so that sets come as lists); there is
no I/O thread that runs callbacks while nobody uses callbacks; `stop` waits for what was sent, up to 5 seconds, instead of
forgetting it. Only the library decides futures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxipipe import _types as t
from oxipipe.exceptions import ClosedError, RedisError
from oxipipe.futures import Future
from oxipipe.pool import Pool

if TYPE_CHECKING:
    from typing import Any

__all__ = ["EventLoop", "Future", "HiredisError", "TCPConnection", "UnixConnection"]

HiredisError = RedisError


class _Connection:
    """One connection; it is made here, and again when it is lost."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool.connect()

    def close(self) -> None:
        """Waits for what was sent, up to 5 seconds, and closes the connection."""
        self._pool.close()

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__qualname__} {self._pool._address}>"


class TCPConnection(_Connection):
    """A connection to `host` and `port`; `options` are those of `oxipipe.Redis`."""

    def __init__(self, host: str = "localhost", port: int = 6379, **options: t.Any) -> None:
        super().__init__(Pool(host, port, connections=1, **{"protocol": 2, **options}))


class UnixConnection(_Connection):
    """A connection to the Unix socket `path`; `options` are those of `oxipipe.Redis`."""

    def __init__(self, path: str, **options: t.Any) -> None:
        super().__init__(Pool(unix_socket_path=path, connections=1, **{"protocol": 2, **options}))


class EventLoop:
    """Sends commands on connections. It is the connections that work, so starting it costs nothing."""

    def __init__(self) -> None:
        self._used: dict[_Connection, None] = {}
        self._is_stopped = False

    def start(self) -> None:
        """Also after `stop`."""
        self._is_stopped = False

    def stop(self) -> None:
        """Waits for what was sent, up to 5 seconds for each connection. The connections stay open."""
        self._is_stopped = True
        while self._used:
            connection, _ = self._used.popitem()
            connection._pool._flush(5.0)

    def send_command(self, conn: _Connection, *args: t.Any) -> Future[t.Any]:
        """Starts to send a command, and returns the future of its reply. Waits while too much is under way."""
        if self._is_stopped:
            error = ClosedError("the event loop is stopped")
            error.outcome = "NOT_APPLIED"
            raise error
        self._used[conn] = None
        future: Future[Any] = conn._pool.command_as(None, *[_text(a) for a in args])
        return future


def _text(argument: t.Any) -> str | bytes:
    return argument if isinstance(argument, (str, bytes)) else str(argument)
