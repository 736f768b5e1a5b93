"""What the cffi backend was given by the package."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable
    from typing import Any

    from oxipipe._core.interface import Callback


class Hooks:
    """How the package makes exceptions and finds callbacks, and what asyncio supplies."""

    reply_error: Callable[[str], Exception]
    call_error: Callable[..., Exception]
    data_error: type[Exception]
    encoding_error: type[UnicodeEncodeError]
    decode_error: Callable[[BaseException], Exception]
    resolve_callback: Callable[[object], Callback | None]
    load_futures: Callable[[], tuple[type[Any], Callable[[], Exception], Callable[[], Exception]]]

    get_running_loop: Callable[[], AbstractEventLoop]
    invalid_state_error: type[Exception]


hooks = Hooks()


def configure(**given: Any) -> None:
    """See `oxipipe._core.interface.Configure`."""
    vars(hooks).update(given)


def configure_asyncio(**given: Any) -> None:
    """See `oxipipe._core.interface.ConfigureAsyncio`."""
    vars(hooks).update(given)
