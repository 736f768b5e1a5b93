"""What every client class does with its constructor's arguments: redis-py's, under redis-py's names, and a URL."""

from __future__ import annotations

from oxipipe import _types as t
from oxipipe._arguments import (
    ARGUMENTS,
    OF_CLIENTS,
    as_option_error,
    checked,
    options_of,
    refused,
)
from oxipipe._hooked import Hooked
from oxipipe._version import __version__
from oxipipe.exceptions import DataError, OptionError

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any

    from oxipipe._core.interface import ServerFields


#: What redis-py's constructor also takes, and why it cannot be had here (yet).
_UNSUPPORTED = {
    "cache": "client-side caching",
    "cache_config": "client-side caching",
    "connection_pool": "redis-py's connection pools",
    "credential_provider": "credential providers",
    "driver_info": "redis-py's driver names (see lib_name and lib_version)",
    "event_dispatcher": "redis-py's event dispatcher",
    "health_check_interval": "timed health checks",
    "legacy_responses": "replies in other shapes than redis-py's legacy ones",
    "maint_notifications_config": "notifications of maintenance",
    "max_connections": "redis-py's connection pools",
    "oss_cluster_maint_notifications_handler": "notifications of maintenance",
    "redis_connect_func": "connect callbacks",
    "single_connection_client": "a connection of its own for each client object",
    "socket_keepalive_options": "single keepalive settings",
    "socket_read_size": "a choice of the read size",
}
#: redis-py's defaults, of whichever version, that are not false. None is always "not used".
_DEFAULTS: dict[str, tuple[Any, ...]] = {
    "legacy_responses": (None, True),
    "socket_read_size": (None, 0, 32768, 65536),
}


class Configured(Hooked):
    """Constructor, `from_url` and `repr` of a client class; its other base is the backend's type."""

    if TYPE_CHECKING:

        def _open(self, options: dict[str, t.Any], /) -> None: ...
        def _server(self) -> ServerFields | None: ...

    def __init__(
        self,
        host: str | None = "localhost",
        port: int | str = 6379,
        db: int | str | None = 0,
        password: str | None = None,
        socket_timeout: float | str | None = 5.0,
        socket_connect_timeout: float | str | None = 3.0,
        socket_keepalive: bool | None = True,
        unix_socket_path: str | bytes | t.PathLike[str] | None = None,
        encoding: str = "utf-8",
        encoding_errors: str = "strict",
        decode_responses: bool | None = False,
        client_name: str | None = None,
        lib_name: str | None = None,
        lib_version: str | None = None,
        username: str | None = None,
        protocol: int | str | None = None,
        *,
        client_no_evict: bool | None = False,
        client_no_touch: bool | None = False,
        client_info: bool | None = True,
        spin_us: int | str | None = None,
        eager_bytes: int | str | None = None,
        retry_reads: bool | None = True,
        fail_fast: bool | None = False,
        user_timeout: float | str | None = None,
        socket_buffers: tuple[int, int] | None = None,
        max_depth: int | str | None = None,
        max_bulk_bytes: int | str | None = None,
        max_line_bytes: int | str | None = None,
        max_reply_bytes: int | str | None = None,
        event_bytes: int | str | None = None,
        event_overflow: str | None = None,
        **redis_py: t.Any,
    ) -> None:
        _refuse(type(self).__name__, redis_py)
        host = "localhost" if host is None else checked("host", host)
        if "://" in host:
            # Without the text: there may be a password in it.
            kind = type(self).__name__
            raise ValueError(
                f"this host is a URL, which {kind}.from_url takes, as oxipipe.connect does"
            )
        if is_no_host(host):
            raise ValueError(
                "this is no host name: port and unix_socket_path are arguments of their own"
            )
        options = options_of(
            {
                "host": host,
                "port": port,
                "db": 0 if db is None else db,
                "password": password,
                "socket_timeout": socket_timeout,
                "socket_connect_timeout": socket_connect_timeout,
                "socket_keepalive": socket_keepalive,
                "unix_socket_path": unix_socket_path,
                "client_name": client_name,
                "lib_name": lib_name,
                "lib_version": lib_version,
                "username": username,
                "protocol": protocol,
                "client_no_evict": client_no_evict,
                "client_no_touch": client_no_touch,
                "client_info": client_info,
                "spin_us": spin_us,
                "eager_bytes": eager_bytes,
                "retry_reads": retry_reads,
                "fail_fast": fail_fast,
                "user_timeout": user_timeout,
                "socket_buffers": socket_buffers,
                "max_depth": max_depth,
                "max_bulk_bytes": max_bulk_bytes,
                "max_line_bytes": max_line_bytes,
                "max_reply_bytes": max_reply_bytes,
                "event_bytes": event_bytes,
                "event_overflow": event_overflow,
            }
        )
        path = options.get("unix_path")
        self._address = _address(path, options["host"], options["port"], options["db"])
        self._start(options, encoding, encoding_errors, decode_responses)

    @property
    def server(self) -> t.ServerInfo | None:
        """Who the connection was greeted by last, also if it was lost since; None before the first one."""
        fields = self._server()
        if fields is None:
            return None
        from oxipipe.server_info import ServerInfo

        return ServerInfo(*fields)

    @classmethod
    def from_url(cls, url: str, **kwargs: t.Any) -> t.Self:
        """A client of the server that `url` names. `kwargs`, as of the constructor, are for what it does not say; it wins.

        `redis://[[user]:password@]host[:port][/db][?option=...]` or `unix://[[user]:password@]/path[?option=...]`.
        The options are `db`, `username`, `password`, `client_name`, `client_no_evict`, `client_no_touch`,
        `client_info`, `lib_name`, `lib_version`, `protocol`, `socket_timeout` (or `timeout`), `socket_connect_timeout`
        (or `connect_timeout`), `user_timeout`, `socket_keepalive` (or `keepalive`), `spin_us`, `eager_bytes`,
        `send_buffer`, `receive_buffer`, `max_depth`, `max_line_bytes`, `max_bulk_bytes`, `max_reply_bytes`, `event_bytes`,
        `event_overflow` ("drop_oldest" or "stop_reading"), `retry` ("reads" or "none"), `fail_fast`, `decode_responses`, `encoding` and `encoding_errors`. Times are in seconds, 0
        is no limit.
        redis-py's `retry_on_timeout` and `health_check_interval` may say no or 0.

        A type checker does not read URLs: if one says `decode_responses`, say it to the checker as well, by
        `Redis[str].from_url(url)`.
        """
        url, of_python = _split_url(checked("url", url))
        for name, value in of_python.items():
            if name in ARGUMENTS and kwargs.get(name) is not None:
                checked(name, kwargs[name])
            kwargs[name] = value
        client = cls.__new__(cls)
        client._start_url(url, **kwargs)
        return client

    def _start_url(
        self,
        url: str,
        encoding: str = "utf-8",
        encoding_errors: str = "strict",
        decode_responses: bool | None = False,
        **kwargs: t.Any,
    ) -> None:
        given = {name: value for name, value in kwargs.items() if name in OF_CLIENTS}
        _refuse(type(self).__name__, {k: v for k, v in kwargs.items() if k not in given})
        self._address = _without_secrets(url)
        named = named_in(url)
        options = {name: text for name, text in options_of(given).items() if name not in named}
        self._start({"url": url, **options}, encoding, encoding_errors, decode_responses)

    def _start(
        self,
        options: dict[str, t.Any],
        encoding: str,
        encoding_errors: str,
        decode_responses: bool | None,
    ) -> None:
        options.setdefault("lib_name", "oxipipe-py")
        options.setdefault("lib_version", __version__)
        # What is unknown fails here, not in the first call.
        checked("encoding", encoding)
        checked("encoding_errors", encoding_errors)
        decode = decode_responses is not None and checked("decode_responses", decode_responses)
        options.update(encoding=encoding, errors=encoding_errors, decode=decode)
        self._given = options
        try:
            self._open(options)
        except OptionError:
            raise
        except DataError as error:
            # The back ends give the name of an option that the library refused; of a URL it says more itself.
            raise (as_option_error(error) if error.status else refused(str(error))) from None

    def __reduce__(self) -> t.NoReturn:
        kind = type(self).__name__
        raise TypeError(
            f"cannot pickle {kind!r} objects: make one in each process, with the same arguments"
        )

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__qualname__} {self._address}>"


# The last two are the library's, too; but here they have defaults of their own, which the URL wins over.
_OF_PYTHON = frozenset(
    "decode_responses encoding encoding_errors health_check_interval retry_on_timeout lib_name lib_version".split()
)
#: What has two names, with the one that is the argument's, too.
_ALIASES = {"timeout": "socket_timeout", "connect_timeout": "socket_connect_timeout"}
_TRUE = frozenset(("1", "true", "yes", "on", "t", "y"))
_FALSE = frozenset(("", "0", "0.0", "false", "no", "off", "f", "n", "none"))


def is_no_host(place: str) -> bool:
    """Whether it is a path, or a host with a port; an IPv6 address has more than one colon."""
    return "/" in place or place.count(":") == 1 or place.startswith("[")


def _refuse(kind: str, arguments: dict[str, t.Any]) -> None:
    """Says of each argument that redis-py takes why it is not taken here; one at its default passes."""
    for name, value in arguments.items():
        if name == "ssl" or name.startswith("ssl_"):
            reason: str | None = "TLS"
            value = value if name == "ssl" else None
        elif name.startswith("retry"):
            reason = "retries as redis-py configures them (see retry_reads)"
        else:
            reason = _UNSUPPORTED.get(name)
        if reason is None:
            raise TypeError(f"{kind}() got an unexpected keyword argument {name!r}")
        defaults = _DEFAULTS.get(name)
        if value not in defaults if defaults else value:
            raise NotImplementedError(f"{name}: this version of oxipipe does not have {reason}")


def _address(path: str | None, host: str, port: str, db: str) -> str:
    if path is not None:
        return f"unix://{path}?db={db}"
    return f"redis://[{host}]:{port}/{db}" if ":" in host else f"redis://{host}:{port}/{db}"


def _without_secrets(url: str) -> str:
    """The URL without user, password and options."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("?")[0].partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path.rpartition('@')[2]}"


def named_in(url: str) -> set[str]:
    """The options that a URL says something about, as `options_of` names them. What is empty says nothing, as in redis-py."""
    head, _, query = url.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&")]
    named = {_ALIASES.get(name, name) for name, _, value in pairs if value}
    scheme, _, rest = head.partition("://")
    authority, _, path = rest.partition("/")
    credentials, _, place = authority.rpartition("@")
    user, _, password = credentials.partition(":")
    if "unix" in scheme.lower():
        host = port = path
        path = ""
    elif place.startswith("["):
        host, _, port = place.partition("]")
    else:
        host, _, port = place.partition(":")
    found = {"username": user, "password": password, "port": port.strip(":"), "db": path}
    # What names the one place leaves no room for the other.
    found["host"] = found["unix_path"] = host
    return named.union(name for name, text in found.items() if text)


def _split_url(url: str) -> tuple[str, dict[str, t.Any]]:
    """Takes the options that are Python's business out of a URL."""
    head, question_mark, query = url.partition("?")
    if not question_mark or "#" in url:  # the latter the library will refuse
        return url, {}
    from urllib.parse import unquote

    kept: list[str] = []
    found: dict[str, Any] = {}
    for option in query.split("&"):
        name, _, value = option.partition("=")
        if name in _OF_PYTHON:
            if value:
                found[name] = _of_url(name, unquote(value))
        elif name == "socket_keepalive" and value:
            # redis-py has more words for yes and no.
            kept.append(f"keepalive={str(_of_url(name, unquote(value))).lower()}")
        else:
            kept.append(option)
    return (f"{head}?{'&'.join(kept)}" if kept else head), found


def _of_url(name: str, text: str) -> t.Any:
    """The argument that an option of a URL stands for."""
    if name.startswith(("encoding", "lib_")):
        return text
    if text.lower() in _FALSE:
        return False
    if name in ("decode_responses", "socket_keepalive") and text.lower() not in _TRUE:
        raise OptionError(f"{name} is true or false")
    return True
