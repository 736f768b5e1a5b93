"""`Pipeline` for asyncio: many commands, one trip, one future."""

from __future__ import annotations

from asyncio import get_running_loop
from typing import TYPE_CHECKING

from oxipipe import _backend
from oxipipe import _types as t
from oxipipe._hooked import HookedPipeline
from oxipipe.asyncio._coroutines import PipelineCoroutines
from oxipipe.asyncio._nothing import NOTHING
from oxipipe.commands._table import PipelineCommands
from oxipipe.pipeline import checked, described, unchecked

if TYPE_CHECKING:
    from asyncio import Future
    from typing import Any

    from oxipipe.asyncio._binding import Binding


class Pipeline(_backend.PipelineCore, HookedPipeline, PipelineCommands):
    """Gathers commands for a client, and executes them all in `execute`, as one transaction by default.

    Every command method adds its command and returns the pipeline; `command` takes any command. After `execute` and
    after `reset` the pipeline is empty and can be used again, also while the replies are still on their way; an
    `async with` block resets it at the end.
    """

    def __init__(
        self, client: t.LoopRedis[t.Any], transaction: bool = True, shard_hint: str | None = None
    ) -> None:
        # redis-py's parameter for clusters; one server has nothing to choose from.
        self.shard_hint = shard_hint
        self.transaction = bool(transaction)
        self._open(client, self.transaction)
        self._hook(client)

    def execute(self, raise_on_error: bool = True) -> t.LoopFuture[list[t.Any]]:
        """Queues what was added, and returns the future of the replies in order.

        The server executes all commands even if it refuses some of them; then the first refusal is raised, with
        `index`, `command` and all `replies`, or with `raise_on_error=False` the list has exceptions in those places.
        Its `outcome`, "REJECTED", is that of this one command; how the others ended is in `replies`. (A transaction with an
        invalid command is refused as a whole.)
        """
        if not len(self):
            nothing: Future[list[Any]] = get_running_loop().create_future()
            nothing.set_result([])
            return nothing
        binding: Binding = self._owner._binding()
        return binding._submit_pipeline(self._take(), checked if raise_on_error else unchecked)

    def reset(self) -> t.Awaitable[None]:  # type: ignore[override]
        """Forgets the commands that were added, at once. It may be awaited, as redis-py's has to be."""
        super().reset()
        return NOTHING

    @property
    def coro(self) -> PipelineCoroutines:
        """`execute` as a coroutine: `asyncio.create_task(pipe.coro.execute())`."""
        return PipelineCoroutines(self)

    def __await__(self) -> t.Generator[None, None, t.Self]:
        # redis-py allows to await each command while it is added.
        return self
        yield

    async def __aenter__(self) -> t.Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self.reset()

    def __repr__(self) -> str:
        return described(self)
