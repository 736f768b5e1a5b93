"""What the cffi backend was given by the package."""

from __future__ import annotations

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Callable
    from typing import Any

    from oxipipe._core.interface import Callback


class Hooks:
    """How the package makes exceptions and finds callbacks, and what asyncio supplies."""

    reply_error: Callable[[str], Exception]
    call_error: Callable[..., Exception]
    data_error: type[Exception]
    unsendable: Callable[[object], Exception]
    encoding_error: type[UnicodeEncodeError]
    decode_error: Callable[[BaseException], Exception]
    resolve_callback: Callable[[object], Callback | None]
    by_words: type[Any]
    undecoded: type[Any]
    load_futures: Callable[[], tuple[type[Any], Callable[[], Exception], Callable[[], Exception]]]

    get_running_loop: Callable[[], AbstractEventLoop]
    invalid_state_error: type[Exception]


hooks = Hooks()


def configure(
    *,
    reply_error: Callable[[str], Exception],
    call_error: Callable[..., Exception],
    data_error: type[Exception],
    unsendable: Callable[[object], Exception],
    encoding_error: type[UnicodeEncodeError],
    decode_error: Callable[[BaseException], Exception],
    resolve_callback: Callable[[object], Callback | None],
    by_words: type[Any],
    undecoded: type[Any],
    load_futures: Callable[[], tuple[type[Any], Callable[[], Exception], Callable[[], Exception]]],
) -> None:
    """See `oxipipe._core.interface.Configure`."""
    vars(hooks).update(locals())


def named_method(
    function: Callable[..., Any],
    _command: str,
    _words: int,
    _has_more: bool,
    _last: object,
    _whole: int,
    /,
) -> Callable[..., Any]:
    """See `oxipipe._core.interface.NamedMethod`."""
    return function


def configure_asyncio(
    *,
    get_running_loop: Callable[[], AbstractEventLoop],
    future: type[Future[Any]],
    invalid_state_error: type[Exception],
) -> None:
    """See `oxipipe._core.interface.ConfigureAsyncio`."""
    vars(hooks).update(locals())
