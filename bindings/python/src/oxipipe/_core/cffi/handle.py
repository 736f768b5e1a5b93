"""What the library has made for this back end, and who frees it."""

from __future__ import annotations

from oxipipe._core._ffi import ffi, lib

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


class Handle:
    """One thing of the library, freed with this object.

    It is there before the library makes the thing, so that a signal handler which raises behind that leaves nothing without an
    owner. Of a cycle that is collected, finalizers run in any order: from its own on, which is written in C, this has NULL, which
    the library refuses.
    """

    def __init__(self, kind: str) -> None:
        #: Where calls that make one put it.
        self.out = ffi.new(f"oxp_{kind} **")
        self._owner = ffi.gc(self.out, getattr(lib, f"oxp_py_release_{kind}"))

    @property
    def raw(self) -> Any:
        """For calls of the library. NULL before the thing is made and after it is freed."""
        return self.out[0]

    def free(self) -> None:
        """Frees it now."""
        ffi.release(self._owner)
