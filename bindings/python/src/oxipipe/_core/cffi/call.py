"""Calls of the library through cffi: their outcome, what interrupts them, and what they call back."""

from __future__ import annotations

import atexit
import os
from _thread import get_ident
from typing import TYPE_CHECKING

from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.decode import ARRAY, Decoder

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

    from oxipipe._core.interface import Callback, ServerFields


class Hooks:
    """How the package makes exceptions and finds callbacks; `configure` sets it, once."""

    reply_error: Callable[[str], Exception]
    call_error: Callable[..., Exception]
    data_error: type[Exception]
    encoding_error: type[UnicodeEncodeError]
    decode_error: Callable[[BaseException], Exception]
    resolve_callback: Callable[[object], Callback | None]
    load_futures: Callable[[], tuple[type[Any], Callable[[], Exception], Callable[[], Exception]]]


hooks = Hooks()


class Call:
    """Memory for the outcome of one call; from `idle_call`, because making it costs as much as a call."""

    __slots__ = ("bytes", "count", "error", "len", "nodes", "reply")

    def __init__(self) -> None:
        out = ffi.new("oxp_error **")
        if lib.oxp_error_new(out) < 0:
            raise MemoryError("no memory for an error object")
        self.error = ffi.gc(out[0], lib.oxp_error_free)
        self.reply = ffi.new("oxp_reply **")
        self.nodes, self.count = ffi.new("const oxp_node **"), ffi.new("size_t *")
        self.bytes, self.len = ffi.new("const uint8_t **"), ffi.new("size_t *")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self.reply[0]:
            lib.oxp_reply_free(self.reply[0])
            self.reply[0] = ffi.NULL
        _idle_calls.append(self)

    def check(self, status: int, replies: list[Any] | None = None) -> None:
        """Raises what a call that ended with `status` has to raise."""
        if _raised:
            # What a signal handler raised stopped the call, and says more than the call's own error.
            raised = _raised.pop(get_ident(), None)
            if raised is not None:
                raise raised
        if status < 0:
            error = self.exception(status)
            error.replies = replies  # type: ignore[attr-defined]
            raise error

    def check_bare(self, status: int) -> None:
        """As `check`, for a call that takes no error object: what this one still says is another call's."""
        lib.oxp_error_clear(self.error)
        self.check(status)

    def result(self, status: int, decoding: tuple[str, str] | None) -> Any:
        """The reply of a call that ended with `status`, or what it has to raise; an exception of its own if it is an error."""
        self.check(status)
        lib.oxp_reply_nodes(self.reply[0], self.nodes, self.count)
        lib.oxp_reply_bytes(self.reply[0], self.bytes, self.len)
        return self._decode(0, decoding)[0]

    def results(self, status: int, decoding: tuple[str, str] | None) -> list[Any] | None:
        """The elements of such a reply, each by itself, or None if it is null."""
        self.check(status, [])
        lib.oxp_reply_nodes(self.reply[0], self.nodes, self.count)
        lib.oxp_reply_bytes(self.reply[0], self.bytes, self.len)
        if self.nodes[0].type == ARRAY:
            return self._decode(1, decoding)
        (replies,) = self._decode(0, decoding)
        if isinstance(replies, Exception):
            raise replies
        whole: list[Any] | None = replies
        return whole

    def _decode(self, first: int, decoding: tuple[str, str] | None) -> list[Any]:
        decoder = Decoder(decoding, hooks)
        data = ffi.buffer(self.bytes[0], self.len[0])
        decoder.feed(self.nodes[0] + first, self.count[0] - first, data)
        return decoder.items

    def exception(self, status: int) -> Exception:
        """The exception for a call that ended with `status`."""
        error = self.error
        if lib.oxp_error_status(error) != status:  # a call that says no more, about no command
            name = ffi.string(lib.oxp_status_name(status)).decode()
            return hooks.call_error(status, lib.OXP_OUTCOME_NONE, name)
        lib.oxp_error_message(error, self.bytes, self.len)
        message = ffi.buffer(self.bytes[0], self.len[0])[:].decode("utf-8", "replace")
        replied, unknown, not_applied = (ffi.new("uint64_t *") for _ in range(3))
        lib.oxp_error_progress(error, replied, unknown, not_applied)
        return hooks.call_error(
            status,
            lib.oxp_error_outcome(error),
            message,
            lib.oxp_error_os_code(error),
            replied[0],
            unknown[0],
            not_applied[0],
        )


class Forks:
    """How many forks lie between this process and the one that imported the package."""

    count = 0


def _after_fork() -> None:
    Forks.count += 1


os.register_at_fork(after_in_child=_after_fork)
# Behind the handlers of everybody else, such as that of the pools: see the comment in _ffi.c.
atexit.register(lib.oxp_py_stand_down)


def idle_call() -> Call:
    """A `Call` that nobody uses; its `with` block gives it back."""
    try:
        return _idle_calls.pop()
    except IndexError:
        return Call()


def server_fields(get: Callable[[Any, Any, Any], int], handle: Any) -> ServerFields | None:
    """The arguments of ServerInfo from `oxp_client_server` and its like; None if there was no connection yet."""
    out = ffi.new("oxp_server **")
    with idle_call() as call:
        call.check(get(handle, out, call.error))
        if not out[0]:
            return None
        server = ffi.gc(out[0], lib.oxp_server_free)

        def text(getter: Callable[[Any, Any, Any], None]) -> str | None:
            getter(server, call.bytes, call.len)
            if not call.bytes[0]:
                return None
            return str(ffi.buffer(call.bytes[0], call.len[0])[:], "utf-8", "replace")

        return (
            int(lib.oxp_server_protocol(server)),
            text(lib.oxp_server_name),
            text(lib.oxp_server_version),
            text(lib.oxp_server_role),
            text(lib.oxp_server_mode),
            int(lib.oxp_server_connection_id(server)) or None,
        )


def new_options(options: dict[str, Any]) -> Any:
    """`oxp_options` from a URL under "url", if any, and from what the setters without their prefix are called."""
    out = ffi.new("oxp_options **")
    url = options.pop("url", None)
    with idle_call() as call:
        if url is None:
            call.check_bare(lib.oxp_options_new(out))
        else:
            encoded = url.encode()
            call.check(lib.oxp_options_from_url(encoded, len(encoded), out, call.error))
    handle = ffi.gc(out[0], lib.oxp_options_free)
    for name, value in options.items():
        _set_option(handle, name, value)
    lib.oxp_options_set_interrupt(handle, _gated_interrupt, ffi.NULL, ffi.NULL)
    return handle


def _set_option(options: Any, name: str, value: Any) -> None:
    if name in _BY_NAME:
        _set_by_name(options, name, value)
        return
    setter = getattr(lib, f"oxp_options_set_{name}")
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    try:
        if isinstance(value, bytes):
            status = setter(options, value, len(value))
        elif isinstance(value, tuple):
            status = setter(options, *value)
        else:
            status = setter(options, value)
    except (OverflowError, TypeError):
        status = lib.OXP_ERR_ARG
    if status < 0:
        # Only its name: who asked calls it by another one, and the value may be a password.
        raise hooks.data_error(name)


def _set_by_name(options: Any, name: str, value: Any) -> None:
    if not isinstance(value, (int, str)):
        raise hooks.data_error(f"option {name} cannot be {value!r}")
    key, text = name.encode(), str(value).encode()
    with idle_call() as call:
        status = lib.oxp_options_set(options, key, len(key), text, len(text), call.error)
        call.check(status)


def _remember(_type: object, exception: BaseException, _traceback: object) -> None:
    _raised[get_ident()] = exception


@ffi.def_extern(error=1, onerror=_remember)  # type: ignore[untyped-decorator]
def oxp_py_interrupt(_user_data: Any) -> int:
    """Called in long waits: that Python code runs at all is what lets signal handlers run."""
    return 0


@ffi.def_extern(error=1, onerror=_remember)  # type: ignore[untyped-decorator]
def oxp_py_part(user_data: Any, nodes: Any, count: int, data: Any) -> int:
    """Called with each part of the replies to a pipeline; `user_data` is the `Decoder`."""
    ffi.from_handle(user_data).feed(nodes, count, ffi.buffer(data, end_of_text(nodes, count)))
    return 0


def end_of_text(nodes: Any, count: int) -> int:
    """How many bytes the nodes refer to: their texts lie in their order."""
    for index in range(count - 1, -1, -1):
        node = nodes[index]
        if node.type in _TEXT_TYPES:
            return int(node.value + node.len)
    return 0


#: The options whose values the library has names for.
_BY_NAME = frozenset(("event_bytes", "event_overflow", "queue_bytes", "queue_commands"))
#: What the library is given to call.
_gated_interrupt = ffi.addressof(lib, "oxp_py_gated_interrupt")
gated_part = ffi.addressof(lib, "oxp_py_gated_part")
_idle_calls: list[Call] = []
#: What signal handlers raised inside a call, by thread; `Call.check` raises it behind the call.
_raised: dict[int, BaseException] = {}
_TEXT_TYPES = frozenset(
    (
        lib.OXP_TYPE_STATUS,
        lib.OXP_TYPE_ERROR,
        lib.OXP_TYPE_STRING,
        lib.OXP_TYPE_BIG_NUMBER,
        lib.OXP_TYPE_VERBATIM,
    )
)
