# What cffi makes of the header has no types; _ffi.cdef.txt lists it.

from typing import Any

ffi: Any
lib: Any
