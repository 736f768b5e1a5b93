"""What the arguments of constructors may be, and what is said of those that may not."""

from __future__ import annotations

import inspect
import math
import os
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import oxipipe
from oxipipe import _arguments, _backend, exceptions
from oxipipe import asyncio as aio
from oxipipe._configured import Configured
from oxipipe._core import loop
from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.options import new_options
from oxipipe.compat import cpipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxipipe import Server

KINDS = [oxipipe.Redis, oxipipe.Pool, aio.Redis]
QUEUES = [oxipipe.Pool, aio.Redis]
TIMES = ["socket_timeout", "socket_connect_timeout", "user_timeout"]
NUMBERS = (
    "port db protocol spin_us eager_bytes max_depth max_bulk_bytes max_line_bytes max_reply_bytes event_bytes"
).split()
TEXTS = "host unix_socket_path username password client_name lib_name lib_version".split()


def refused(name: str, takes: str, make: Callable[..., Any], value: Any) -> None:
    """As a TypeError or a ValueError that begins with the argument's name."""
    with pytest.raises((TypeError, ValueError)) as caught:
        make(**{name: value})
    text = str(caught.value)
    assert text.startswith(f"{name} "), text
    assert takes in text, text
    assert isinstance(caught.value, (TypeError, exceptions.OptionError))


def of_url(kind: Any) -> Callable[..., Any]:
    # It says nothing, so that arguments count.
    return lambda **options: kind.from_url("redis://", **options)


@pytest.mark.parametrize("kind", KINDS)
def test_times(kind: Any) -> None:
    wrongs: list[Any] = [
        0,
        -1,
        math.inf,
        math.nan,
        2**80,
        "inf",
        "nan",
        "0",
        "soon",
        "",
        [1],
        True,
        b"1",
    ]
    for make in (kind, of_url(kind)):
        for name in TIMES:
            for wrong in wrongs:
                refused(name, "None for", make, wrong)
            for right in (1, 0.5, "1.5", 1e-9, None):
                make(**{name: right})
        refused("user_timeout", "below 2147483.648", make, 2147484)
    for given, text in (("1.5", "1.5"), (Decimal("0.25"), "0.25"), (1e-9, "1e-09"), (None, "0")):
        assert kind(socket_timeout=given)._given["socket_timeout"] == text
    for too_short in (Decimal("1e-400"), Fraction(1, 10**400)):
        refused("socket_timeout", "None for", kind, too_short)


def test_a_time_that_is_longer_than_any_life(server: Server, run: Any) -> None:
    async def main() -> None:
        async with aio.Redis(unix_socket_path=server.unix_socket_path, **times) as client:
            assert await client.ping() is True

    longest = math.nextafter(10.0**16, 0)
    times: dict[str, Any] = {"socket_timeout": longest, "socket_connect_timeout": longest}
    with server.connect(**times) as client:
        assert client.ping() is True
    with oxipipe.Pool(unix_socket_path=server.unix_socket_path, **times) as pool:
        assert pool.ping().result() is True
    run(main())


@pytest.mark.parametrize("kind", KINDS)
def test_numbers(kind: Any) -> None:
    for make in (kind, of_url(kind)):
        for name in NUMBERS:
            for wrong in (-1, 2**64, 1.5, "x", "1.5", "", [1], True, b"3"):
                refused(name, "2 or 3" if name == "protocol" else "number", make, wrong)
            for right in (3, "3"):
                make(**{name: right})
    wrongs: list[Any] = [1, "12", (1,), (1, -1), (1, 2**31), (1, 2, 3), (1, "x"), (1, None)]
    for wrong in wrongs:
        refused("socket_buffers", "two numbers of bytes", kind, wrong)
    for sizes in ((65536, 65536), [65536, "65536"]):
        kind(socket_buffers=sizes)


@pytest.mark.parametrize("kind", QUEUES)
def test_bounds_of_queues(kind: Any) -> None:
    for make in (kind, of_url(kind)):
        for name in ("queue_commands", "queue_bytes"):
            for wrong in (-1, 2**64, 1.5, "x", [1], True):
                refused(name, "number", make, wrong)
            # As in a URL, 0 is the default.
            for right in (0, "0", None, 5, "5", 2**64 - 1):
                make(**{name: right})


def test_what_is_for_pools(server: Server) -> None:
    wrong: Any
    for make in (oxipipe.Pool, of_url(oxipipe.Pool)):
        for wrong in (0, -1, 10_001, 1.5, "x", None, True):
            refused("connections", "a number from 1 to 10,000", make, wrong)
        for wrong in (-1, math.nan, "x", None, [1]):
            refused("grace", "a number of seconds, 0 or more", make, wrong)
    for wrong in (0, "x", 1.5):
        refused("pool", "a number from 1 to 10,000", oxipipe.connect_pool, wrong)
    with pytest.raises(TypeError, match=r"calls the number of its connections `pool`$"):
        oxipipe.connect_pool(connections=3)
        refused("pool", "a number from 1 to 10,000", cpipe.ConnectPool, wrong)
    path = server.unix_socket_path
    with oxipipe.Pool(unix_socket_path=path, connections="3", grace="1.5") as pool:
        assert pool.connections == 3
        assert pool.ping().result() is True
    with oxipipe.Pool(unix_socket_path=path, grace=math.inf) as pool:
        assert pool.ping().result() is True
    with pytest.raises(TypeError, match="connections"):
        oxipipe.Redis(connections=1)  # type: ignore[call-overload]


@pytest.mark.parametrize("kind", QUEUES)
def test_the_url_wins_over_arguments_and_leaves_the_rest_to_them(
    server: Server, run: Any, kind: Any
) -> None:
    """Of the bounds of a queue: the second command is one too many."""

    async def in_a_loop(url: str, **options: Any) -> None:
        async with aio.Redis.from_url(url, **options) as client:
            first = client.ping()
            with pytest.raises(oxipipe.QueueFullError):
                client.ping()
            assert await first is True

    def in_a_pool(url: str, **options: Any) -> None:
        with oxipipe.Pool.from_url(url, **options) as pool:
            waiting = pool.command("BLPOP", "list", 0)
            assert pool.try_submit("PING") is None
            with oxipipe.Redis.from_url(server.url) as another:
                another.rpush("list", "item")
            assert waiting.result(timeout=60) == (b"list", b"item")

    for url, options in (
        (f"{server.url}?queue_commands=1", {}),
        (f"{server.url}?queue_commands=1", {"queue_bytes": 100_000}),
        (f"{server.url}?queue_commands=1", {"queue_commands": 100}),
        (f"{server.url}?queue_commands=1", {"queue_commands": 0}),
        (server.url, {"queue_commands": 1}),
        (f"{server.url}?queue_bytes=100000", {"queue_commands": 1}),
    ):
        if kind is oxipipe.Pool:
            in_a_pool(url, **options)
        else:
            run(in_a_loop(url, **options))


@pytest.mark.parametrize("kind", KINDS)
def test_texts(kind: Any) -> None:
    wrongs: dict[str, list[Any]] = {name: [1.5, True, ["x"], object(), "\ud800"] for name in TEXTS}
    for name in ("client_name", "lib_name", "lib_version"):
        wrongs[name] += ["two words", "a\0b", "ä", b"\xff"]
    for name in ("host", "username", "unix_socket_path"):
        wrongs[name] += ["a\0b"]
    wrongs["unix_socket_path"] += ["/" * 108, "", 1]
    wrongs["host"] += [b"localhost", "", 1]
    wrongs["event_overflow"] = ["never", "", 1, b"drop_oldest"]
    for name, values in wrongs.items():
        for make in (kind, of_url(kind)):
            for wrong in values:
                refused(name, "must be", make, wrong)
    for name in ("encoding", "encoding_errors"):
        for make in (kind, of_url(kind)):
            refused(name, "must be the name", make, 5)
            for wrong in ("nonsense", "a\0b", "\ud800", ""):
                refused(name, "must be the name", make, wrong)
            with pytest.raises(LookupError, match=f"^{name} is 'nonsense'"):
                make(**{name: "nonsense"})
        with pytest.raises(LookupError, match=f"^{name} is 'nonsense'"):
            kind.from_url(f"redis://localhost?{name}=nonsense")
    # It is none for text.
    refused("encoding", "must be the name", kind, "hex")
    for wrong in (5, None, b"redis://localhost"):
        with pytest.raises(TypeError, match=r"^url is a .*must be a URL"):
            kind.from_url(wrong)
    with pytest.raises(TypeError, match=r"^host_or_url is a int"):
        oxipipe.connect(5)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"^url is a int"):
        oxipipe.connect_pool(url=5)  # type: ignore[call-overload]
    for empty in ("host_or_url", "host"):
        for function in (oxipipe.connect, oxipipe.connect_pool):
            with pytest.raises(exceptions.OptionError, match=f"^{empty} must be a host name"):
                function(**{empty: ""})  # type: ignore[call-overload]


@pytest.mark.parametrize("kind", KINDS)
def test_whole_numbers_are_texts_where_text_is_natural(kind: Any) -> None:
    for make in (kind, of_url(kind)):
        for name in ("username", "password", "client_name", "lib_name", "lib_version"):
            assert make(**{name: 12345})._given[name] == "12345"


@pytest.mark.parametrize("kind", KINDS)
def test_a_password_is_not_shown(kind: Any) -> None:
    for wrong in (b"hunter2\xff", "hunter2\ud800", 1234.5):
        with pytest.raises((TypeError, ValueError), match=r"^password ") as caught:
            kind(password=wrong)
        assert "hunter" not in str(caught.value)
        assert "1234" not in str(caught.value)


def test_a_url_that_does_not_fit_is_a_value_error() -> None:
    for url in (
        "redis://localhost:port",
        "redis://localhost?db=x",
        "redis://h?decode_responses=x",
        "redis://:s3cret\udcff@h",
        "redis://:s3cret\ud800@h",
    ):
        with pytest.raises(exceptions.OptionError) as caught:
            oxipipe.from_url(url)
        assert "s3cret" not in str(caught.value)
        assert isinstance(caught.value, ValueError)
        assert caught.value.outcome == "NOT_APPLIED"


@pytest.mark.parametrize(
    ("rest", "right"),
    [
        ("h:6379#frag", "%23"),
        ("h?decode_responses=yes#frag", "%23"),
        ("h?lib_name=n#frag", "%23"),
        (":pass#word@h", "%23"),
        (":pass/word@h", "%2F"),
        (":pass?word@h", "%3F"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_password_in_a_url_must_not_hold(kind: Any, rest: str, right: str) -> None:
    with pytest.raises(exceptions.OptionError) as caught:
        kind.from_url(f"redis://{rest}")
    assert right in str(caught.value)
    assert "word@" not in str(caught.value)


def test_a_path_may_be_an_object_for_paths(server: Server) -> None:
    assert server.unix_socket_path is not None
    path = Path(server.unix_socket_path)
    with oxipipe.Redis(unix_socket_path=path) as client:
        assert client.ping() is True
        assert repr(client).endswith(f" unix://{path}?db=0>")


def test_a_path_need_not_be_text(server: Server, tmp_path: Path) -> None:
    """Whoever has the name from the operating system has it with surrogates."""
    assert server.unix_socket_path is not None
    path = os.fsencode(tmp_path) + b"/\xff"
    os.symlink(server.unix_socket_path, path)
    forms: list[Any] = [path, os.fsdecode(path), Path(os.fsdecode(path))]
    for form in forms:
        with oxipipe.Redis(unix_socket_path=form) as client:
            assert client.ping() is True


#: Each argument that goes to the library, with what of it arrives there.
ARRIVES: dict[str, tuple[Any, dict[str, str]]] = {
    "host": ("::1", {"host": "::1"}),
    "port": ("7000", {"port": "7000"}),
    "db": (2**32 - 1, {"db": "4294967295"}),
    "unix_socket_path": (b"/run/a b", {"unix_path": "/run/a b"}),
    "username": (7, {"username": "7"}),
    "password": ("a\0b", {}),
    "client_name": (b"me", {"client_name": "me"}),
    "lib_name": ("mine", {"lib_name": "mine"}),
    "lib_version": ("7", {"lib_version": "7"}),
    "socket_timeout": (1.5, {"timeout": "1.5"}),
    "socket_connect_timeout": (1e-9, {"connect_timeout": "0.000000001"}),
    "user_timeout": (2147483.647, {"user_timeout": "2147483.647"}),
    "protocol": (2, {"protocol": "2"}),
    "spin_us": (2**32 - 1, {"spin_us": "4294967295"}),
    "eager_bytes": (2**64 - 1, {"eager_bytes": "18446744073709551615"}),
    "socket_buffers": ((1, 2), {"send_buffer": "1", "receive_buffer": "2"}),
    "max_depth": (3, {"max_depth": "3"}),
    "max_bulk_bytes": (4, {"max_bulk_bytes": "4"}),
    "max_line_bytes": (5, {"max_line_bytes": "5"}),
    "max_reply_bytes": (6, {"max_reply_bytes": "6"}),
    "event_bytes": (7, {"event_bytes": "7"}),
    "event_overflow": ("stop_reading", {"event_overflow": "stop_reading"}),
    "socket_keepalive": (False, {"keepalive": "false"}),
    "client_no_evict": (True, {"client_no_evict": "true"}),
    "client_no_touch": (True, {"client_no_touch": "true"}),
    "client_info": (False, {"client_info": "false"}),
    "retry_reads": (False, {"retry": "none"}),
    "fail_fast": (True, {"fail_fast": "true"}),
    "key_affinity": (True, {"key_affinity": "true"}),
    "ordered": (True, {"ordered_results": "true"}),
    "queue_commands": (8, {"queue_commands": "8"}),
    "queue_bytes": (9, {"queue_bytes": "9"}),
}
OF_PYTHON = set(
    "decode_responses encoding encoding_errors url host_or_url connections pool grace".split()
)


def test_what_arrives_is_said_of_each_argument() -> None:
    assert set(ARRIVES) == set(_arguments.ARGUMENTS) - OF_PYTHON
    assert set(ARRIVES) >= set(_arguments.OF_CLIENTS)


@pytest.mark.parametrize("name", ARRIVES)
def test_the_library_knows_each_argument(name: str) -> None:
    value, arrives = ARRIVES[name]
    options = new_options(_arguments.options_of({name: value}))
    assert {option: value_of(options, option) for option in arrives} == arrives
    for option in arrives:
        assert value_of(options, option) != value_of(new_options({}), option)
    # Both back ends give it all that `options_of` makes, and it refuses what it does not know.
    kinds = KINDS if name in _arguments.OF_CLIENTS else [oxipipe.Pool]
    for kind in kinds:
        kind(**{name: value})
        of_url(kind)(**{name: value})


def value_of(options: Any, name: str) -> str | None:
    """What the library has as the value of an option."""
    buffer, length = ffi.new("char[200]"), ffi.new("size_t *")
    text = name.encode()
    status = lib.oxp_options_get(options.raw, text, len(text), buffer, 200, length, ffi.NULL)
    assert status in (lib.OXP_OK, lib.OXP_DONE)
    return ffi.buffer(buffer, length[0])[:].decode() if status == lib.OXP_OK else None


def test_what_the_library_does_not_know_is_refused() -> None:
    """By name only: the value may be a password."""
    cores: tuple[tuple[Any, ...], ...] = (
        (_backend.ClientCore,),
        (_backend.PoolCore, 1, None),
        (loop.AsyncCore, False),
    )
    for name, value in (("tiemout", "s3cret"), ("password", "s3cret\udcff"), ("port", "s3cret")):
        for core, *rest in cores:
            with pytest.raises(exceptions.DataError, match=f"^{name}$"):
                core()._open({name: value}, *rest)


def test_numbers_and_texts_are_what_they_are_and_not_what_they_say() -> None:
    class Port(IntEnum):
        HERE = 7000

        def __str__(self) -> str:
            return "here"

    class Name(str):
        def __str__(self) -> str:
            return "another"

    client = oxipipe.Redis(port=Port.HERE, client_name=Name("mine"))
    assert client._given["port"] == "7000"
    assert (
        value_of(new_options({"client_name": client._given["client_name"]}), "client_name")
        == "mine"
    )


def test_one_buffer_of_a_url_leaves_the_other_to_the_argument() -> None:
    client = oxipipe.Redis.from_url("redis://?send_buffer=4096", socket_buffers=(1, 8192))
    assert "send_buffer" not in client._given
    assert client._given["receive_buffer"] == "8192"


def test_the_table_has_every_argument_of_the_constructor() -> None:
    parameters = inspect.signature(Configured.__init__).parameters
    named = {n for n, p in parameters.items() if p.kind is not p.VAR_KEYWORD} - {"self"}
    of_python = {"encoding", "encoding_errors", "decode_responses"}
    assert named - of_python == set(_arguments.OF_CLIENTS)
