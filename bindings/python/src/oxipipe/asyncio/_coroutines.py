"""The same calls as coroutines, for what takes nothing else: `asyncio.create_task`, `TaskGroup`, `run_coroutine_threadsafe`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from oxipipe.commands.untyped import Modules

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any

    from oxipipe.asyncio.client import Redis
    from oxipipe.asyncio.pipeline import Pipeline
    from oxipipe.commands._table import CoroutineCommands
    from oxipipe.commands.shapes import Callback
    from oxipipe.typing import T
else:
    T = None

    class CoroutineCommands:
        """What an owner has is found when it is asked for."""

        __class_getitem__ = classmethod(type(list[int]))


class _Coroutines:
    __slots__ = ("_owner",)

    def __init__(self, owner: Any) -> None:
        self._owner = owner

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            found = getattr(self._owner, name)
            if name in vars(Modules):
                return lambda *args, **kwargs: _Coroutines(found(*args, **kwargs))
            return partial(_call, found) if callable(found) else found


async def _call(method: Callable[..., Awaitable[Any]], /, *args: Any, **kwargs: Any) -> Any:
    return await method(*args, **kwargs)


class Coroutines(_Coroutines, CoroutineCommands[T]):
    """The methods of a `Redis`. Nothing is queued before the coroutine runs, and what cannot be sent is raised in it."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __init__(self, owner: Redis[T]) -> None: ...
        def command(self, *args: Any) -> Coroutine[Any, Any, Any]: ...
        def command_as(self, callback: Callback | None, *args: Any) -> Coroutine[Any, Any, Any]: ...


class PipelineCoroutines(_Coroutines):
    """`execute` of a `Pipeline`."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __init__(self, owner: Pipeline) -> None: ...
        def execute(self, raise_on_error: bool = True) -> Coroutine[Any, Any, list[Any]]: ...
