"""The options of a client or a pool as the library has them, for the cffi backend."""

from __future__ import annotations

from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.call import check, new_handle
from oxipipe._core.cffi.handle import Handle
from oxipipe._core.cffi.hooks import hooks

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


def new_options(options: dict[str, str]) -> Handle:
    """`oxp_options` from a URL under "url", if any, and from the library's options by name and as text."""
    url = _bytes(options.pop("url", "redis://"))
    handle = new_handle("options", lib.oxp_options_from_url, url, len(url))
    for name, value in options.items():
        _set(handle.raw, name, value)
    interrupt = ffi.addressof(lib, "oxp_py_gated_interrupt")
    lib.oxp_options_set_interrupt(handle.raw, interrupt, ffi.NULL, ffi.NULL)
    return handle


def _set(options: Any, name: str, value: str) -> None:
    key, text = _bytes(name), _bytes(value)
    status = lib.oxp_options_set(options, key, len(key), text, len(text), ffi.NULL)
    if status == lib.OXP_ERR_ARG:
        # Only its name: who asked calls it by another one, and says better what it takes.
        raise hooks.data_error(name)
    check(status)


def _bytes(text: str) -> bytes:
    """Paths come from the operating system with surrogates where they are not UTF-8."""
    return text.encode("utf-8", "surrogateescape")
