"""Chooses what speaks to liboxipipe: `_fast` (C, the default) or cffi.

The environment variable OXIPIPE_BACKEND (`fast` or `cffi`) decides; without it, cffi serves where `_fast` cannot be
imported, such as on PyPy. Both give the same names with the same meaning.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oxipipe import _callbacks, exceptions

if TYPE_CHECKING:
    from oxipipe._cffi_backend import ClientCore, FutureCore, PipelineCore, PoolCore, configure

    name: str
else:
    name = os.environ.get("OXIPIPE_BACKEND", "")
    if name not in ("", "fast", "cffi"):
        raise ImportError(f"OXIPIPE_BACKEND is {name!r}; it can be 'fast' or 'cffi'")
    if name != "cffi":
        try:
            from oxipipe._fast import ClientCore, FutureCore, PipelineCore, PoolCore, configure

            name = "fast"
        except ImportError:
            if name == "fast":
                raise
    if name != "fast":
        from oxipipe._cffi_backend import ClientCore, FutureCore, PipelineCore, PoolCore, configure

        name = "cffi"

configure(
    reply_error=exceptions.reply_error,
    call_error=exceptions.call_error,
    data_error=exceptions.DataError,
    encoding_error=exceptions.EncodingError,
    resolve_callback=_callbacks.resolve,
)

__all__ = ["ClientCore", "FutureCore", "PipelineCore", "PoolCore", "name"]
