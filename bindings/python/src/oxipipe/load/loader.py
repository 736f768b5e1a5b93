"""The loop: records into a pipeline, replies into the tally, lines that fail to the side.

    for each block of records
        queue its commands, at most a pipeline's worth; a record without a command is refused
        when the pipeline is full, or the input makes us wait: execute, settle every reply

Before a command on which later ones depend, and before a transaction, the pipeline is executed; each of them
is a step of its own. Where such a command cannot be carried out, the load ends: left out, it would send what
follows to another place.

At any moment a line is in exactly one state: not dealt with yet, queued (in `_queued`, in the
order of the commands in the pipeline), or counted. Every way out of the loop settles `_queued`.
"""

from __future__ import annotations

import gc
import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain, starmap
from typing import Any, Protocol

from ..exceptions import (
    DataError,
    ExecAbortError,
    RedisError,
    RefusedError,
    ResponseError,
    WatchError,
)
from .aside import Aside
from .block import Alone, Block, InputError, Item, Refusal, Transaction
from .formats import Commands
from .interrupt import Interrupt, StopReading
from .progress import Progress
from .source import Source
from .tally import ExitCode, Tally


class Pipeline(Protocol):
    """What the loader needs of a client's pipeline."""

    def command_as(self, callback: None, *args: Any) -> Any: ...

    def execute(self, raise_on_error: bool = True) -> list[Any]: ...

    def __len__(self) -> int: ...


class Session(Protocol):
    """What it needs of the connections, where the input holds whole commands."""

    def lease(self) -> Pipeline | None: ...

    def transaction(self) -> Pipeline: ...

    def check(self, databases: Iterable[bytes]) -> None: ...


class Loader:
    def __init__(
        self,
        pipeline: Pipeline,
        source: Source,
        aside: Aside | None,
        progress: Progress,
        interrupt: Interrupt,
        *,
        session: Session | None = None,
        pipeline_size: int,
        max_errors: int,
    ) -> None:
        self.tally = Tally()
        self._use(pipeline)
        self._session = session
        self._source = source
        self._aside = aside
        self._progress = progress
        self._interrupt = interrupt
        self._size = pipeline_size
        self._max_errors = max_errors
        self._queued: list[tuple[Sequence[int], Sequence[bytes]]] = []  # numbers, lines

    def run(self, records: Iterable[Item], commands: Commands) -> None:
        """Loads until the input ends or something stops it; the tally says which."""
        try:
            with _rare_garbage_collection():
                self._run(records, commands)
        except Exception as error:
            self._give_up(error)
        if self._interrupt.requested:
            self.tally.stop(ExitCode.INTERRUPTED, "interrupted")

    def _run(self, records: Iterable[Item], commands: Commands) -> None:
        tally = self.tally
        try:
            try:
                for item in records:
                    self._take(item, commands)
                    if self._stopping():
                        break
                    if self._queued and self._source.would_wait():
                        self._execute()
            except InputError as error:
                tally.stop(ExitCode.UNUSABLE, str(error))
            except StopReading:
                pass
            self._execute()
            self._heed_errors()
        except KeyboardInterrupt:
            self._abandon(RedisError("interrupted before the reply came"))
        except (DataError, RefusedError) as error:
            tally.stop(ExitCode.UNUSABLE, f"the commands cannot be sent: {message(error)}")
            self._abandon(error)
        except RedisError as error:
            tally.stop(ExitCode.LOST, f"the pipeline failed: {message(error)}")
            self._abandon(error)

    def _take(self, item: Item, commands: Commands) -> None:
        if isinstance(item, Block):
            self._feed(item, commands)
        elif isinstance(item, Refusal):
            self._refuse(item.number, item.reason, item.raw)
            self.tally.next_line = item.number + 1
        elif isinstance(item, Alone):
            self._execute()
            self._move()
            refused = self.tally.refused
            self._feed(item.block, commands)
            self._execute()
            if self.tally.refused > refused:
                self._stop_behind(item.block.numbers[0], item.block.rows[0])
        elif self._session is None:
            self._feed(item.block, commands)  # a dry run shows it as it stands
        else:
            self._execute()
            if not self._stopping():
                self._transact(item, self._session)

    def _heed_errors(self) -> None:
        if 0 < self._max_errors <= self.tally.refused:
            # How many there are in the end is not known yet: more may be queued.
            reason = f"--max-errors {self._max_errors:,} was reached"
            self.tally.stop(ExitCode.TOO_MANY_ERRORS, reason)

    def _stopping(self) -> bool:
        self._heed_errors()
        if self._aside is not None and self._aside.failed:
            return True
        return self._interrupt.requested or self.tally.exit_code is not None

    def _feed(self, block: Block, commands: Commands) -> None:
        at, end = 0, len(block)
        while at < end and not self._stopping():
            pipeline = self._pipeline
            before = len(pipeline)
            part = block.cut(at, min(at + STRIDE, at + self._size - before))
            bad: Exception | None = None
            try:
                # No Python code runs per line here; how far it got can be read off the pipeline.
                deque(starmap(self._add, commands.commands(part)), maxlen=0)
            except _REFUSABLE as error:
                bad = error
            finally:
                done = len(pipeline) - before
                self._queue(part if done == len(part) else part.cut(0, done))
            at += done
            if isinstance(bad, RefusedError):
                if not self._move():
                    self._stop_before(part.numbers[done], message(bad))
                continue
            if bad is not None:
                reason = commands.why(part.rows[done], bad)
                self._refuse(part.numbers[done], reason, part.raw[done])
                self.tally.next_line = _after(part.numbers[done], part.raw[done])
                at += 1
            if len(pipeline) >= self._size:
                self._execute()

    def _transact(self, item: Transaction, session: Session) -> None:
        block = item.block
        if not item.commands:
            self._queue(block)
            self._settle([None] * len(block))
            return
        try:
            session.check(item.databases)
            pipeline = session.transaction()
            for command in item.commands:
                pipeline.command_as(None, *command)
        except RefusedError as error:
            if self._move():
                self._transact(item, session)
            else:
                self._stop_before(block.numbers[0], message(error))
            return
        except ResponseError as error:
            self._stop_before(block.numbers[0], f"its SELECT would be refused: {message(error)}")
            return
        self._queue(block)
        try:
            with self._interrupt.allowed():
                replies = pipeline.execute(raise_on_error=False)
        except WatchError as error:
            replies = [error] * len(item.commands)
        except RedisError as error:
            # All of it or none.
            unsent = getattr(error, "not_applied", 0) == len(item.commands)
            error.replied, error.not_applied = 0, len(block) if unsent else 0
            raise
        # MULTI and EXEC have no replies of their own.
        bound = next((r for r in replies if isinstance(r, ExecAbortError | WatchError)), None)
        self._settle([bound, *replies, bound])
        self._progress.update(self.tally, self._source.done())
        for number, command, reply in zip(block.numbers[1:], item.commands, replies, strict=False):
            if isinstance(reply, Exception) and command[0].upper() in DECISIVE:
                self._stop_behind(number, command)

    def _move(self) -> bool:
        """Goes on over a connection of its own, which takes more commands. False if that is so already."""
        if self._session is None:
            return False
        self._execute()
        pipeline = self._session.lease()
        if pipeline is None:
            return False
        self._use(pipeline)
        return True

    def _use(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        # Nobody reads the replies, so they are not shaped as those of a command usually are.
        self._add = partial(pipeline.command_as, None)

    def _stop_before(self, number: int, reason: str) -> None:
        self.tally.next_line = number
        self.tally.stop(ExitCode.UNUSABLE, reason)

    def _stop_behind(self, number: int, command: Sequence[bytes]) -> None:
        name = command[0].decode("ascii", "replace").upper()
        reason = f"{name} (line {number:,}) was refused, and what follows depends on it"
        self.tally.stop(ExitCode.UNUSABLE, reason)

    def _queue(self, part: Block) -> None:
        if len(part):
            self._queued.append((part.numbers, part.raw))
            self.tally.lines += len(part)
            self.tally.next_line = _after(part.numbers[-1], part.raw[-1])

    def _execute(self) -> None:
        if self._queued:
            with self._interrupt.allowed():
                replies = self._pipeline.execute(raise_on_error=False)
            self._settle(replies)
            self._progress.update(self.tally, self._source.done())

    def _settle(self, replies: list[Any]) -> None:
        """Counts the lines that were answered, and takes them off the queue."""
        if any(issubclass(kind, Exception) for kind in set(map(type, replies))):
            for (number, line), reply in zip(self._lines(), replies, strict=False):
                if isinstance(reply, Exception):
                    self._count_refused(number, message(reply), line)
                else:
                    self.tally.accepted += 1
        else:
            self.tally.accepted += len(replies)
        self._queued = []

    def _abandon(self, error: BaseException) -> None:
        """Settles the queue after a failed pipeline, by what the exception knows. What it does
        not know about is unknown: nothing is called unsent without proof."""
        # The last of the replies may have been cut off in its middle: only `replied` of them count.
        replies = list(getattr(error, "replies", None) or [])[: getattr(error, "replied", 0)]
        not_applied = getattr(error, "not_applied", 0)
        pending = list(self._lines())
        first_unsent = max(len(pending) - not_applied, len(replies))
        self._settle(replies)
        for place, (number, line) in enumerate(pending[len(replies) :], len(replies)):
            if place < first_unsent:
                self.tally.unknown.add(number)
                self._set_aside(number, f"UNKNOWN {message(error)}", line)
            else:
                self.tally.not_applied.add(number)
                self._set_aside(number, f"NOT_APPLIED {message(error)}", line)

    def _give_up(self, error: Exception) -> None:
        """Settles the queue after an exception that nobody foresaw."""
        self.tally.fault = traceback.format_exc()
        reason = f"unexpected: {type(error).__name__}: {error}"
        self.tally.stop(ExitCode.UNEXPECTED, reason)
        if self.tally.open == len(self._pipeline):
            # It came from elsewhere: what is in the pipeline can still be known.
            with suppress(Exception, KeyboardInterrupt):
                try:
                    self._execute()
                except RedisError as lost:
                    self._abandon(lost)
        # Those that were settled come first.
        pending = list(self._lines())
        self._queued = []
        for number, line in pending[len(pending) - self.tally.open :]:
            self.tally.unknown.add(number)
            with suppress(Exception):
                self._set_aside(number, f"UNKNOWN {reason}", line)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        return chain.from_iterable(
            zip(numbers, lines, strict=True) for numbers, lines in self._queued
        )

    def _refuse(self, number: int, reason: str, line: bytes) -> None:
        self.tally.lines += 1
        self._count_refused(number, reason, line)

    def _count_refused(self, number: int, reason: str, line: bytes) -> None:
        self.tally.refused += 1
        self.tally.first_refusal = self.tally.first_refusal or f"line {number:,}: {reason}"
        self._set_aside(number, reason, line)

    def _set_aside(self, number: int, reason: str, line: bytes) -> None:
        if self._aside is not None:
            self._aside.write(number, reason, line)


def message(error: BaseException) -> str:
    """An error as the server worded it; exceptions drop the first word of some."""
    text = str(error) or type(error).__name__
    code = getattr(error, "status_code", None)
    return text if code is None or text.startswith(code) else f"{code} {text}"


@contextmanager
def _rare_garbage_collection() -> Iterator[None]:
    """A row is a list that dies soon; looking through them for cycles every 700 rows took a third
    of the loader's time. Refused lines make cycles (exceptions), so it is not switched off."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _after(number: int, raw: bytes) -> int:
    """The number of the line after a record, which in CSV may be several lines long."""
    return number + 1 + raw.count(b"\n")


# Commands on whose success the meaning of later ones depends.
DECISIVE = {b"SELECT", b"AUTH"}

# What can only come from the line itself: a missing field, an argument that cannot be sent.
_REFUSABLE = (LookupError, TypeError, ValueError, RecursionError, DataError, RefusedError)

# Lines handed to the pipeline in one go. A bad line costs at most one more pass over the rest of
# its stride; 256 makes both that and the fixed cost per stride disappear.
STRIDE = 256
