"""`Pipeline`: many commands, one trip."""

from __future__ import annotations

from oxipipe import _backend
from oxipipe import _types as t
from oxipipe._hooked import HookedPipeline
from oxipipe.commands._table import PipelineCommands
from oxipipe.exceptions import DecodeError, ExecAbortError, RedisError, WatchError


class Pipeline(_backend.PipelineCore, HookedPipeline, PipelineCommands):
    """Gathers commands for a client, and executes them all in `execute`, as one transaction by default.

    Every command method adds its command and returns the pipeline; `command` takes any command. Without a transaction,
    sending starts while commands are still being added. After `execute`, whether it worked or failed, and after
    `reset`, the pipeline is empty and can be used again; a `with` block resets it at the end. One thread at
    a time may use a pipeline; another one gets a `ConcurrentUseError`.
    """

    def __init__(
        self, client: t.Redis[t.Any], transaction: bool = True, shard_hint: str | None = None
    ) -> None:
        # redis-py's parameter for clusters; one server has nothing to choose from.
        self.shard_hint = shard_hint
        self.transaction = bool(transaction)
        self._open(client, self.transaction)
        self._hook(client)

    def execute(self, raise_on_error: bool = True) -> list[t.Any]:
        """Executes what was added, and returns the replies in order.

        The server executes all commands even if it refuses some of them; then the first refusal is raised, with
        `index`, `command` and all `replies`, or with `raise_on_error=False` the list has exceptions in those places.
        Its `outcome`, "REJECTED", is that of this one command; how the others ended is in `replies`. (A transaction with an
        invalid command is refused as a whole.)
        """
        count = len(self)
        if not count:
            return []
        try:
            return (checked if raise_on_error else unchecked)(self, *self._execute())
        except WatchError as error:
            error.not_applied = count
            raise

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.reset()

    def __repr__(self) -> str:
        return described(self)


def described(pipeline: t.Any) -> str:
    """What a pipeline is, for people."""
    from oxipipe._counted import counted

    kind = " transaction" if pipeline.transaction else ""
    name = f"{type(pipeline).__module__}.{type(pipeline).__qualname__}"
    return f"<{name}{kind} of {counted(len(pipeline), 'command')}>"


def checked(
    pipeline: _backend.PipelineCore, replies: list[t.Any] | None, first_error: int
) -> list[t.Any]:
    """The replies of a pipeline; the first error among them is raised."""
    replies = unchecked(pipeline, replies, first_error)
    if first_error >= 0:
        raise _described(pipeline, replies, first_error)
    return replies


def unchecked(
    _pipeline: _backend.PipelineCore, replies: list[t.Any] | None, _first_error: int
) -> list[t.Any]:
    """The replies of a pipeline, unless its transaction was not executed."""
    if replies is None:
        error = WatchError("Watched variable changed.")
        error.outcome = "REJECTED"
        raise error
    return replies


def _described(pipeline: _backend.PipelineCore, replies: list[t.Any], index: int) -> Exception:
    if isinstance(replies[index], ExecAbortError):
        # The transaction was refused because of one command, which has an error of its own.
        causes = (i for i, r in enumerate(replies) if isinstance(r, RedisError))
        index = next((i for i in causes if not isinstance(replies[i], ExecAbortError)), index)
    error: RedisError = replies[index]
    error.index, error.command = index, pipeline._command_name(index)
    error.replies, error.replied = replies, len(replies)
    place = f"Command # {index + 1} ({error.command}) of pipeline caused error: "
    if isinstance(error, DecodeError):
        error._place = place  # its arguments are more than a text
    else:
        error.args = (f"{place}{error.args[0]}", *error.args[1:])
    return error
