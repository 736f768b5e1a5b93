"""`PoolPipeline`: many commands, one submission to a pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxipipe import _backend
from oxipipe import _types as t
from oxipipe._hooked import HookedPipeline
from oxipipe.commands._table import PipelineCommands
from oxipipe.pipeline import checked, described, unchecked

if TYPE_CHECKING:
    from typing import Any

    from oxipipe.futures import Future


class PoolPipeline(_backend.PipelineCore, HookedPipeline, PipelineCommands):
    """Gathers commands for a pool, and submits them all in `execute`; as one transaction if told so.

    Every command method adds its command and returns the pipeline; `command` takes any command. The commands of a pipeline
    go over one connection, in order. After `execute` and after `reset` it is empty and can be used again, also while
    the replies are still on their way. One thread at a time may use a pipeline.
    """

    def __init__(self, pool: t.Pool[t.Any], transaction: bool = False) -> None:
        self.transaction = bool(transaction)
        self._open(pool, self.transaction)
        self._hook(pool)

    def execute(self, raise_on_error: bool = True) -> t.Future[list[t.Any]]:
        """Submits what was added, and returns the future of the list of replies.

        The server executes all commands even if it refuses some of them; then the future has the first refusal as its
        exception, with `index`, `command` and all `replies`, or with `raise_on_error=False` the list has exceptions in those
        places. Its `outcome`, "REJECTED", is that of this one command; how the others ended is in `replies`. (A transaction
        with an invalid command is refused as a whole.) Waits while the pool's queue is full.
        """
        future: Future[list[Any]]
        if not len(self):
            future = self._owner._answered([])
            return future
        finish = _Finish(self._take(), checked if raise_on_error else unchecked)
        future = self._owner._submit_pipeline(finish.sent, finish)
        return future

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.reset()

    def __repr__(self) -> str:
        return described(self)


class _Finish:
    """Makes the result of a submitted pipeline, when somebody asks for it."""

    __slots__ = ("check", "sent")

    def __init__(
        self,
        sent: _backend.PipelineCore,
        check: t.Callable[[_backend.PipelineCore, list[t.Any] | None, int], list[t.Any]],
    ) -> None:
        self.sent = sent
        self.check = check

    def __call__(self, came: list[t.Any] | Exception) -> list[t.Any]:
        if isinstance(came, list):
            return self.sent._finished(came, None, self.check)
        return self.sent._finished(getattr(came, "replies", None) or [], came, self.check)
