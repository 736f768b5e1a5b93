"""The options of a client or a pool as the library has them, for the cffi backend."""

from __future__ import annotations

from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.call import check, checked, new_handle
from oxipipe._core.cffi.handle import Handle
from oxipipe._core.cffi.hooks import hooks

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any

#: The options whose values the library has names for.
_BY_NAME = frozenset(("event_bytes", "event_overflow", "queue_bytes", "queue_commands"))


def new_options(options: dict[str, Any]) -> Handle:
    """`oxp_options` from a URL under "url", if any, and from what the setters without their prefix are called."""
    url = options.pop("url", None)
    if url is None:
        handle = Handle("options")
        check(lib.oxp_options_new(handle.out))
    else:
        encoded = url.encode()
        handle = new_handle("options", lib.oxp_options_from_url, encoded, len(encoded))
    for name, value in options.items():
        if name in _BY_NAME:
            _set_by_name(handle.raw, name, value)
        else:
            _set(handle.raw, name, value)
    interrupt = ffi.addressof(lib, "oxp_py_gated_interrupt")
    lib.oxp_options_set_interrupt(handle.raw, interrupt, ffi.NULL, ffi.NULL)
    return handle


def _set(options: Any, name: str, value: Any) -> None:
    setter = getattr(lib, f"oxp_options_set_{name}")
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes):
        value = value, len(value)
    try:
        status = setter(options, *(value if isinstance(value, tuple) else (value,)))
    except (OverflowError, TypeError):
        status = lib.OXP_ERR_ARG
    if status < 0:
        # Only its name: who asked calls it by another one, and the value may be a password.
        raise hooks.data_error(name)


def _set_by_name(options: Any, name: str, value: Any) -> None:
    if not isinstance(value, (int, str)):
        raise hooks.data_error(f"option {name} cannot be {value!r}")
    key, text = name.encode(), str(value).encode()
    checked(lib.oxp_options_set, options, key, len(key), text, len(text))
