"""The chosen back end, with what it needs of the package."""

from __future__ import annotations

from oxipipe import exceptions
from oxipipe._core import ClientCore, FutureCore, PipelineCore, PoolCore, configure, name
from oxipipe.commands import shapes

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _load_futures() -> tuple[type[Any], Callable[[], Exception], Callable[[], Exception]]:
    from oxipipe import futures

    return futures.Future, futures.cancelled_error, futures.timeout_error


def _unsendable(value: object) -> Exception:
    from oxipipe.commands import unsendable

    return unsendable.error(value)


configure(
    reply_error=exceptions.reply_error,
    call_error=exceptions.call_error,
    data_error=exceptions.DataError,
    unsendable=_unsendable,
    encoding_error=exceptions.EncodingError,
    decode_error=exceptions.decode_error,
    resolve_callback=shapes.resolve,
    by_words=shapes.ByWords,
    undecoded=shapes.Undecoded,
    load_futures=_load_futures,
)

__all__ = ["ClientCore", "FutureCore", "PipelineCore", "PoolCore", "name"]
