"""Views of clients for coroutines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxipipe.asyncio._iterations import Iterations
from oxipipe.commands._table import AsyncCommands
from oxipipe.commands.views import Viewing

if TYPE_CHECKING:
    from oxipipe.typing import T
else:
    T = None


class View(Viewing, Iterations[T], AsyncCommands[T]):
    """The commands give futures, the iterations are for `async for`."""
