"""The arguments of client classes: what each takes, and as which options it goes to the library, which has all of them by name
and as text.

Whatever does not fit is a TypeError or an `OptionError`, which is a ValueError, that names the argument as the caller wrote it and
says what it takes. Numbers may be text, as a program finds them in its environment.
"""

from __future__ import annotations

import os
from _codecs import lookup_error
from _operator import index

from oxipipe.exceptions import OptionError, UnknownNameError

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from oxipipe.exceptions import DataError


class Argument:
    """What there is to know about one argument."""

    __slots__ = ("convert", "options", "takes")

    def __init__(self, takes: str, convert: Callable[[Any], Any], *options: str) -> None:
        #: What it takes, for whoever gave something else.
        self.takes = takes
        #: Makes the option's value of it, or a tuple with that of each. Raises TypeError or ValueError.
        self.convert = convert
        #: What the library calls it; the same name if empty.
        self.options = options


def checked(name: str, value: Any) -> Any:
    """What the argument `name` stands for."""
    takes, convert = ARGUMENTS[name].takes, ARGUMENTS[name].convert
    try:
        return convert(value)
    except TypeError:
        kind = type(value).__name__
        raise TypeError(f"{name} is a {kind}; it must be {takes}") from None
    except LookupError:
        raise UnknownNameError(f"{name} is {value!r}; it must be {takes}") from None
    except ValueError:
        # Of texts only the name: one may be a password.
        given = f"{name} is {value!r}; it" if convert not in (_text, _path, _str, _host) else name
        raise OptionError(f"{given} must be {takes}") from None


def options_of(given: dict[str, Any]) -> dict[str, str]:
    """The library's options for arguments. None is the default, but of a time no limit."""
    options: dict[str, str] = {}
    for name, value in given.items():
        if value is not None:
            made = checked(name, value)
            parts = made if isinstance(made, tuple) else (made,)
            for option, part in zip(_options(name), parts, strict=True):
                options[option] = _written(part)
        elif name in _NONE_IS_NO_LIMIT:
            options[name] = "0"
    return options


def refused(option: str) -> OptionError:
    """The error for an option whose value the library refused."""
    for name, argument in ARGUMENTS.items():
        if option in _options(name):
            return OptionError(f"{name} must be {argument.takes}")
    return OptionError(f"invalid value for option {option}")


def as_option_error(error: DataError) -> OptionError:
    """The error for what the library says about a URL, or a number of connections."""
    same = OptionError(*error.args)
    same.__dict__.update(error.__dict__)
    return same


def boolean(value: Any) -> bool:
    """The value itself: text that says "false" is true for Python, so nothing but a boolean is taken for one."""
    if isinstance(value, bool):
        return value
    raise TypeError


def whole(least: int, most: int) -> Callable[[Any], int]:
    """Takes whole numbers from `least` to `most`."""

    def convert(value: Any) -> int:
        if isinstance(value, bool):
            raise TypeError
        number = int(value if isinstance(value, str) else index(value))
        if not least <= number <= most:
            raise ValueError
        return number

    return convert


def limit(most: int) -> Callable[[Any], float]:
    """Takes times in seconds, up to `most` milliseconds."""

    def convert(value: Any) -> float:
        seconds = _seconds(value)
        # In this form, because nothing is true of nan.
        if not (0 < seconds * 1000 <= most and float(seconds)):
            raise ValueError
        return float(seconds)

    return convert


def grace(value: Any) -> int:
    """A time that may be none, or endless, in milliseconds."""
    seconds = _seconds(value)
    if not seconds >= 0:
        raise ValueError
    rounded: int = round(min(seconds, _AGES) * 1000)
    return rounded


def _seconds(value: Any) -> Any:
    if isinstance(value, bool):
        raise TypeError
    return float(value) if isinstance(value, str) else value


def _text(value: Any) -> str:
    """What is not UTF-8 is in it as in the operating system's names, and leaves the back ends as it was."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if not isinstance(value, str):
        raise TypeError
    value.encode("utf-8", "surrogateescape")
    return value


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return _text(value)


def _host(value: Any) -> str:
    if value == "":  # for the library, its default
        raise ValueError
    return _str(value)


def _encoding(value: Any) -> str:
    "".encode(value)
    name: str = value
    return name


def _error_handler(value: Any) -> str:
    lookup_error(value)
    name: str = value
    return name


def _path(value: Any) -> str:
    path = _text(os.fspath(value))
    if not path:  # for the library, that there is none
        raise ValueError
    return path


def _buffers(value: Any) -> tuple[int, ...]:
    if isinstance(value, (str, bytes)):
        raise TypeError
    sizes = tuple(map(whole(0, _LONGEST_INT), value))
    if len(sizes) != 2:
        raise ValueError
    return sizes


def _overflow(value: Any) -> str:
    text = _str(value)
    if text not in ("drop_oldest", "stop_reading"):
        raise ValueError
    return text


def _retry(value: Any) -> str:
    return "reads" if boolean(value) else "none"


def _options(name: str) -> tuple[str, ...]:
    """What the library calls the argument."""
    return ARGUMENTS[name].options or (name,)


def _written(value: Any) -> str:
    """A value as the library reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    # What else is a str may say something about itself that it is not.
    return value if isinstance(value, str) else str(value)


_LONGEST_INT = 2**31 - 1
#: In seconds: nobody lives so long.
_AGES = 9e9
_TEXT = "text in UTF-8"
_NAME = "printable ASCII without spaces"
_SIZE = "a number of bytes, from 0 to 2**64 - 1"
_SWITCH = "True or False, or None for the default"
_TIME = "a number of seconds, above 0 and below 10**16, or None for no limit"
_NONE_IS_NO_LIMIT = ("socket_timeout", "socket_connect_timeout")

_size = whole(0, 2**64 - 1)
_time = limit(10**19 - 1)

#: What every client takes.
OF_CLIENTS: dict[str, Argument] = {
    "host": Argument("a host name or an IP address", _host),
    "port": Argument("a number from 0 to 65535", whole(0, 65535)),
    "db": Argument("a number from 0 to 2**32 - 1", whole(0, 2**32 - 1)),
    "unix_socket_path": Argument(
        "the path of a Unix socket, of 1 to 107 bytes without a NUL", _path, "unix_path"
    ),
    "username": Argument("text in UTF-8 without a NUL", _text),
    "password": Argument(_TEXT, _text),
    "client_name": Argument(_NAME, _text),
    "lib_name": Argument(_NAME, _text),
    "lib_version": Argument(_NAME, _text),
    "socket_timeout": Argument(_TIME, _time),
    "socket_connect_timeout": Argument(_TIME, _time),
    "user_timeout": Argument(
        "a number of seconds, above 0 and below 2147483.648, or None for the default",
        limit(_LONGEST_INT),
    ),
    "protocol": Argument("2 or 3, or None for the default", whole(2, 3)),
    "spin_us": Argument("a number of microseconds, from 0 to 2**32 - 1", whole(0, 2**32 - 1)),
    "eager_bytes": Argument(_SIZE, _size),
    "socket_buffers": Argument(
        "two numbers of bytes, each from 0 to 2**31 - 1: for sending and for receiving",
        _buffers,
        "send_buffer",
        "receive_buffer",
    ),
    "max_depth": Argument("a number from 0 to 2**64 - 1", _size),
    "max_bulk_bytes": Argument(_SIZE, _size),
    "max_line_bytes": Argument(_SIZE, _size),
    "max_reply_bytes": Argument(_SIZE, _size),
    "event_bytes": Argument(_SIZE, _size),
    "event_overflow": Argument('"drop_oldest" or "stop_reading"', _overflow),
    "socket_keepalive": Argument(_SWITCH, boolean, "keepalive"),
    "client_no_evict": Argument(_SWITCH, boolean),
    "client_no_touch": Argument(_SWITCH, boolean),
    "client_info": Argument(_SWITCH, boolean),
    "retry_reads": Argument(_SWITCH, _retry, "retry"),
    "fail_fast": Argument(_SWITCH, boolean),
}
#: And what stays in Python, or is of some kinds of clients only.
ARGUMENTS: dict[str, Argument] = {
    **OF_CLIENTS,
    "decode_responses": Argument(_SWITCH, boolean),
    "encoding": Argument("the name of an encoding", _encoding),
    "encoding_errors": Argument("the name of an error handler", _error_handler),
    "url": Argument("a URL, as a str", _str),
    "host_or_url": Argument("a host name, an IP address or a URL, as a str", _host),
    "connections": Argument("a number from 1 to 10,000", whole(1, 10_000)),
    "pool": Argument("a number from 1 to 10,000", whole(1, 10_000)),
    "key_affinity": Argument(_SWITCH, boolean),
    "ordered": Argument(_SWITCH, boolean, "ordered_results"),
    "queue_commands": Argument("a number from 0, for the default, to 2**64 - 1", _size),
    "queue_bytes": Argument("a number of bytes, from 0, for the default, to 2**64 - 1", _size),
    "grace": Argument("a number of seconds, 0 or more", grace),
}
