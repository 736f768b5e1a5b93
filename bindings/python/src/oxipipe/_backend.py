"""The chosen back end, with what it needs of the package."""

from __future__ import annotations

from oxipipe import exceptions
from oxipipe._core import ClientCore, FutureCore, PipelineCore, PoolCore, configure, name
from oxipipe.commands import shapes

configure(
    reply_error=exceptions.reply_error,
    call_error=exceptions.call_error,
    data_error=exceptions.DataError,
    encoding_error=exceptions.EncodingError,
    resolve_callback=shapes.resolve,
)

__all__ = ["ClientCore", "FutureCore", "PipelineCore", "PoolCore", "name"]
