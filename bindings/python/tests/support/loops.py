"""Event loops for tests: asyncio's own and uvloop."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable
from typing import Any

#: By name; None is asyncio's default.
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop] | None] = {"asyncio": None}

if importlib.util.find_spec("uvloop"):
    import uvloop

    LOOPS["uvloop"] = uvloop.new_event_loop


class Blocking:
    """A client or pipeline of `oxipipe.asyncio` that tests written for the other one can use."""

    def __init__(self, of_asyncio: Any, runner: asyncio.Runner) -> None:
        self._of_asyncio, self._runner = of_asyncio, runner

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            async def run() -> Any:
                result = getattr(self._of_asyncio, name)(*args, **kwargs)
                if isinstance(result, asyncio.Future):
                    return await result
                return Blocking(result, self._runner)  # a pipeline

            return self._runner.run(run())

        return call
