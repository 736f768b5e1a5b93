"""The part of the chosen backend that speaks to event loops; apart, because importing asyncio is not cheap."""

from __future__ import annotations

from asyncio import Future, InvalidStateError, get_running_loop
from typing import TYPE_CHECKING

from oxipipe import _core

if TYPE_CHECKING or _core.name != "fast":
    from oxipipe._core.cffi.loop import AsyncCore, BindingCore, configure_asyncio
else:
    from oxipipe._core._fast import AsyncCore, BindingCore, configure_asyncio

configure_asyncio(
    get_running_loop=get_running_loop, future=Future, invalid_state_error=InvalidStateError
)

__all__ = ["AsyncCore", "BindingCore"]
