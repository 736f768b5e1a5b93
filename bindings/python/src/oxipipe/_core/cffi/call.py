"""Calls of the library through cffi: their outcome, what interrupts them, and what they call back."""

from __future__ import annotations

import atexit
import os
from _thread import get_ident

from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.handle import Handle
from oxipipe._core.cffi.hooks import hooks
from oxipipe._core.cffi.interrupts import call_then

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from oxipipe._core.interface import ServerFields

#: The library's number for waiting as long as it takes.
FOREVER = (1 << 64) - 1


def checked(
    function: Callable[..., int],
    *arguments: Any,
    then: tuple[Any, ...] = (),
    replies: list[Any] | None = None,
) -> int:
    """The status of a call that takes an error object as its last argument. Raises what it has to raise.

    `then` is the effect that it has here if it is OXP_OK: see `call_then`. `replies` are those that the exception has.
    """
    error = new_memory("oxp_error")
    arguments = *arguments, error
    status = call_then(function, arguments, *then) if then else function(*arguments)
    check(status, error, replies)
    return status


def check(status: int, error: Any = None, replies: list[Any] | None = None) -> None:
    """Raises what a call that ended with `status` has to raise."""
    if _raised:
        # What a signal handler raised stopped the call, and says more than the call's own error.
        raised = _raised.pop(get_ident(), None)
        if raised is not None:
            raise raised
    if status < 0:
        exception = exception_of(status, error)
        exception.replies = replies  # type: ignore[attr-defined]
        raise exception


def exception_of(status: int, error: Any = None) -> Exception:
    """The exception for a call that ended with `status`."""
    if error is None or lib.oxp_error_status(error) != status:
        # A call that says no more, about no command.
        name = ffi.string(lib.oxp_status_name(status)).decode()
        return hooks.call_error(status, lib.OXP_OUTCOME_NONE, name)
    progress = [ffi.new("uint64_t *") for _ in ("replied", "unknown", "not_applied")]
    lib.oxp_error_progress(error, *progress)
    return hooks.call_error(
        status,
        lib.oxp_error_outcome(error),
        text_of(lib.oxp_error_message, error) or "",
        lib.oxp_error_os_code(error),
        *[count[0] for count in progress],
    )


def new_handle(kind: str, make: Callable[..., int], *arguments: Any) -> Handle:
    """What `make` makes, an `oxp_` thing of that kind."""
    handle = Handle(kind)
    checked(make, *arguments, handle.out)
    return handle


def new_memory(kind: str) -> Any:
    """A `kind` of the library that a call fills, for as long as a function runs; freed with what this returns."""
    out = ffi.new(f"{kind} **")
    check(getattr(lib, f"{kind}_new")(out))
    return ffi.gc(out[0], getattr(lib, f"{kind}_free"))


def text_of(get: Callable[..., object], *arguments: Any) -> str | None:
    """The text that a function of the library gives; None if it gives none."""
    data, length = ffi.new("const uint8_t **"), ffi.new("size_t *")
    get(*arguments, data, length)
    if not data[0]:
        return None
    return str(ffi.buffer(data[0], length[0])[:], "utf-8", "replace")


def server_fields(get: Callable[[Any, Any, Any], int], handle: Any) -> ServerFields | None:
    """The arguments of ServerInfo from `oxp_client_server` and its like; None if there was no connection yet."""
    owner = new_handle("server", get, handle)
    server = owner.raw
    if not server:
        return None
    return (
        int(lib.oxp_server_protocol(server)),
        text_of(lib.oxp_server_name, server),
        text_of(lib.oxp_server_version, server),
        text_of(lib.oxp_server_role, server),
        text_of(lib.oxp_server_mode, server),
        int(lib.oxp_server_connection_id(server)) or None,
    )


class Forks:
    """How many forks lie between this process and the one that imported the package."""

    count = 0


def _after_fork() -> None:
    Forks.count += 1


os.register_at_fork(after_in_child=_after_fork)
# Behind the handlers of everybody else, such as that of the pools: see ffi/exit_gate.h.
atexit.register(lib.oxp_py_stand_down)


def _remember(_type: object, exception: BaseException, _traceback: object) -> None:
    _raised[get_ident()] = exception


@ffi.def_extern(error=1, onerror=_remember)  # type: ignore[untyped-decorator]
def oxp_py_interrupt(_user_data: Any) -> int:
    """Called in long waits: that Python code runs at all is what lets signal handlers run."""
    return 0


@ffi.def_extern(error=1, onerror=_remember)  # type: ignore[untyped-decorator]
def oxp_py_part(user_data: Any, nodes: Any, count: int, text: Any) -> int:
    """Called with each part of the replies to a pipeline; `user_data` is the `Decoder`."""
    ffi.from_handle(user_data).feed(nodes, count, text)
    return 0


#: What signal handlers raised inside a call, by thread; `check` raises it behind the call.
_raised: dict[int, BaseException] = {}
