"""The loader's book-keeping, with a scripted pipeline: every line ends in exactly one place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from oxipipe.exceptions import (
    ConnectionError,
    DataError,
    RefusedError,
    ResponseError,
    WatchError,
    reply_error,
)
from oxipipe.load.aside import Aside
from oxipipe.load.formats import Format
from oxipipe.load.interrupt import Interrupt
from oxipipe.load.lines import Separated
from oxipipe.load.loader import Loader
from oxipipe.load.progress import Silent
from oxipipe.load.source import Source
from oxipipe.load.tally import ExitCode, Lines, Tally

Reply = Callable[[tuple[Any, ...]], Any]


class Scripted:
    """A pipeline that answers each command with `reply(command)`, and fails as `fate` says."""

    def __init__(self, reply: Reply = lambda command: 1, fate: Exception | None = None) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self.sizes: list[int] = []
        self._reply = reply
        self._fate = fate
        self._queued: list[tuple[Any, ...]] = []

    def command_as(self, callback: None, *args: Any) -> None:
        if b"unsendable" in args:
            raise DataError("it cannot be sent")
        self._queued.append(args)

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        assert not raise_on_error
        queued, self._queued = self._queued, []
        self.sizes.append(len(queued))
        if self._fate is not None:
            raise self._fate
        self.sent += queued
        return [self._reply(command) for command in queued]

    def __len__(self) -> int:
        return len(self._queued)


class ScriptedSession:
    """A client's connections: a lease that goes to `leased`, and transactions that go to `atomic`."""

    def __init__(self, leased: Scripted | None = None, atomic: Scripted | None = None) -> None:
        self.leased = leased
        self.atomic = Scripted() if atomic is None else atomic
        self.checked: list[bytes] = []

    def lease(self) -> Scripted | None:
        leased, self.leased = self.leased, None
        return leased

    def transaction(self) -> Scripted:
        return self.atomic

    def check(self, databases: Iterable[bytes]) -> None:
        self.checked += databases


class Run:
    """One load of `data` through a scripted pipeline."""

    def __init__(
        self,
        directory: Path,
        data: bytes,
        pipeline: Scripted,
        *,
        layout: Format = Format("tsv"),  # noqa: B008 (immutable)
        template: str | None = "SET {0} {1}",
        pipeline_size: int = 10_000,
        max_errors: int = 0,
        stop_after: int | None = None,
        session: ScriptedSession | None = None,
    ) -> None:
        (directory / "input").write_bytes(data)
        with Source(str(directory / "input")) as source, Aside(directory / "aside") as aside:
            interrupt = Interrupt(lambda: source.reading)
            if stop_after is not None:
                execute = pipeline.execute

                def interrupting(raise_on_error: bool = True) -> list[Any]:
                    interrupt.requested = len(pipeline.sizes) + 1 >= stop_after
                    return execute(raise_on_error)

                pipeline.execute = interrupting  # type: ignore[method-assign]
            records, commands = layout.open(source, template)
            loader = Loader(
                pipeline,
                source,
                aside,
                Silent(),
                interrupt,
                session=session,
                pipeline_size=pipeline_size,
                max_errors=max_errors,
            )
            loader.run(records, commands)
        self.tally: Tally = loader.tally
        self.aside = b""
        if (directory / "aside").exists():
            self.aside = (directory / "aside").read_bytes()
        fates = self.tally.unknown.count + self.tally.not_applied.count
        assert self.tally.lines == self.tally.accepted + self.tally.refused + fates
        assert len(self.aside.splitlines()) == self.tally.lines - self.tally.accepted


def numbered(count: int) -> bytes:
    return b"".join(b"k%d\t%d\n" % (n, n) for n in range(1, count + 1))


def lost(replies: list[Any], unknown: int, not_applied: int) -> ConnectionError:
    error = ConnectionError("connection reset")
    error.replies, error.replied = replies, len(replies)
    error.unknown, error.not_applied = unknown, not_applied
    return error


@pytest.mark.parametrize("size", [1, 7, 255, 256, 257, 1000, 10_000])
def test_every_line_is_sent_once_in_order(tmp_path: Path, size: int) -> None:
    pipeline = Scripted()
    run = Run(tmp_path, numbered(1000), pipeline, pipeline_size=size)
    assert pipeline.sent == [(b"SET", b"k%d" % n, b"%d" % n) for n in range(1, 1001)]
    assert max(pipeline.sizes) <= size
    assert (run.tally.accepted, run.tally.code(), run.tally.next_line) == (1000, 0, 1001)
    assert not (tmp_path / "aside").exists()


def test_an_empty_input_sends_nothing(tmp_path: Path) -> None:
    pipeline = Scripted()
    run = Run(tmp_path, b"", pipeline)
    assert (pipeline.sizes, run.tally.lines, run.tally.code()) == ([], 0, 0)


@pytest.mark.parametrize("size", [1, 3, 10_000])
@pytest.mark.parametrize("bad", [{1}, {1000}, {500, 501, 502}, set(range(1, 1001))])
def test_refused_lines_keep_number_reason_and_text(
    tmp_path: Path, bad: set[int], size: int
) -> None:
    data = b"".join(b"only%d\n" % n if n in bad else b"k%d\t%d\n" % (n, n) for n in range(1, 1001))
    pipeline = Scripted()
    run = Run(tmp_path, data, pipeline, pipeline_size=size)
    assert [int(command[2]) for command in pipeline.sent] == [
        n for n in range(1, 1001) if n not in bad
    ]
    assert run.aside.splitlines() == [
        b"%d\tno column {1}: the line has 1 column\tonly%d" % (n, n) for n in sorted(bad)
    ]
    assert run.tally.code() == ExitCode.REFUSED


def test_error_replies_find_their_lines_among_refused_ones(tmp_path: Path) -> None:
    def reply(command: tuple[Any, ...]) -> Any:
        return reply_error("OOM not\tnow\r\n") if int(command[2]) % 3 == 0 else True

    lines = [b"x" if n % 5 == 0 else b"k\t%d" % n for n in range(1, 101)]
    run = Run(tmp_path, b"\n".join(lines), Scripted(reply), pipeline_size=7)
    expected = {
        n: b"%d\tno column {1}: the line has 1 column\tx" % n
        if n % 5 == 0
        else b"%d\tOOM not now\tk\t%d" % (n, n)
        for n in range(1, 101)
        if n % 5 == 0 or n % 3 == 0
    }
    assert sorted(run.aside.splitlines()) == sorted(expected.values())
    assert (run.tally.accepted, run.tally.refused) == (100 - len(expected), len(expected))


def test_an_argument_the_client_will_not_send_refuses_its_line(tmp_path: Path) -> None:
    run = Run(tmp_path, b"a\t1\nb\tunsendable\nc\t3\n", Scripted())
    assert run.aside == b"2\tit cannot be sent\tb\tunsendable\n"
    assert run.tally.accepted == 2


@pytest.mark.parametrize("allowed", [1, 2, 25])
def test_max_errors_stops_and_the_rest_is_not_dealt_with(tmp_path: Path, allowed: int) -> None:
    data = b"".join(b"bad\n" if n % 2 == 0 else b"k\t1\n" for n in range(1, 101))
    pipeline = Scripted()
    run = Run(tmp_path, data, pipeline, max_errors=allowed)
    assert run.tally.refused == allowed
    assert run.tally.code() == ExitCode.TOO_MANY_ERRORS
    assert run.tally.next_line == 2 * allowed + 1
    assert len(pipeline.sent) == allowed


def test_max_errors_counts_the_server_as_well(tmp_path: Path) -> None:
    pipeline = Scripted(lambda command: ResponseError("no"))
    run = Run(tmp_path, numbered(100), pipeline, pipeline_size=10, max_errors=15)
    assert (run.tally.refused, run.tally.next_line, len(pipeline.sizes)) == (20, 21, 2)
    assert run.tally.code() == ExitCode.TOO_MANY_ERRORS


def test_a_lost_connection_tells_three_fates_apart(tmp_path: Path) -> None:
    replies = [1, ResponseError("no"), 1, 1]
    fate = lost(replies, unknown=3, not_applied=3)
    run = Run(tmp_path, numbered(25), Scripted(fate=fate), pipeline_size=10)
    tally = run.tally
    assert (tally.lines, tally.accepted, tally.refused, tally.next_line) == (10, 3, 1, 11)
    assert (str(tally.unknown), str(tally.not_applied)) == ("5-7", "8-10")
    assert tally.code() == ExitCode.LOST
    rows = [row.split(b"\t", 2) for row in run.aside.splitlines()]
    assert [int(row[0]) for row in rows] == [2, 5, 6, 7, 8, 9, 10]
    assert [row[1].split()[0] for row in rows] == [b"no"] + [b"UNKNOWN"] * 3 + [b"NOT_APPLIED"] * 3
    assert b"\n".join(row[2] for row in rows[1:]) + b"\n" == numbered(10)[len(numbered(4)) :]


def test_what_the_exception_does_not_know_is_unknown(tmp_path: Path) -> None:
    run = Run(tmp_path, numbered(10), Scripted(fate=ConnectionError("gone")))
    assert (run.tally.unknown.count, run.tally.code()) == (10, ExitCode.LOST)
    run = Run(tmp_path, numbered(10), Scripted(fate=lost([1, 1], 1, 2)))
    assert (run.tally.accepted, run.tally.unknown.count, run.tally.not_applied.count) == (2, 6, 2)


def test_an_interrupt_finishes_what_is_queued(tmp_path: Path) -> None:
    run = Run(tmp_path, numbered(100), Scripted(), pipeline_size=10, stop_after=3)
    assert (run.tally.accepted, run.tally.next_line) == (30, 31)
    assert run.tally.code() == ExitCode.INTERRUPTED


def test_a_second_interrupt_leaves_unknown_lines(tmp_path: Path) -> None:
    class Impatient(Scripted):
        def execute(self, raise_on_error: bool = True) -> list[Any]:
            raise KeyboardInterrupt

    run = Run(tmp_path, numbered(100), Impatient(), pipeline_size=10, stop_after=1)
    assert run.tally.code() == ExitCode.INTERRUPTED
    assert (run.tally.unknown.count, run.tally.next_line) == (10, 11)


def test_unreadable_input_after_good_lines(tmp_path: Path) -> None:
    data = b"PING\r\nPING\r\n*1\r\n$4\r\nPINGPONG"
    run = Run(tmp_path, data, Scripted(), layout=Format("resp"), template=None)
    assert (run.tally.accepted, run.tally.code()) == (2, ExitCode.UNUSABLE)
    assert run.tally.reason.startswith("command 3, byte")


def test_refused_commands_of_a_resp_file_can_be_read_again(tmp_path: Path) -> None:
    data = b"*2\r\n$4\r\nECHO\r\n$5\r\na b\r\n\r\n"
    pipeline = Scripted(lambda command: ResponseError("no"))
    run = Run(tmp_path, data, pipeline, layout=Format("resp"), template=None)
    again = Scripted()
    line = run.aside.split(b"\t", 2)[2]
    Run(tmp_path, line, again, layout=Format("resp"), template=None)
    assert list(again.sent[0]) == [b"ECHO", b"a b\r\n"]


def test_line_numbers_after_records_of_several_lines(tmp_path: Path) -> None:
    data = b'a,"1\n2"\nb\nc,"3\n4"\n'
    run = Run(tmp_path, data, Scripted(), layout=Format("csv"))
    assert run.aside.startswith(b"3\t")
    assert run.tally.next_line == 6


def resp(directory: Path, pipeline: Scripted, *lines: bytes, **options: Any) -> Run:
    data = b"".join(line + b"\n" for line in lines)
    return Run(directory, data, pipeline, layout=Format("resp"), template=None, **options)


BLOCK = (b"SET a 1", b"MULTI", b"SET b 1", b"SET c 1", b"EXEC", b"SET d 1")


def test_a_transaction_is_executed_between_what_surrounds_it(tmp_path: Path) -> None:
    order: list[Any] = []

    def reply(command: tuple[Any, ...]) -> Any:
        order.append(command[1])
        return True

    session = ScriptedSession(atomic=Scripted(reply))
    run = resp(tmp_path, Scripted(reply), *BLOCK, session=session)
    assert order == [b"a", b"b", b"c", b"d"]
    assert (run.tally.accepted, run.tally.code(), run.tally.next_line) == (6, 0, 7)


@pytest.mark.parametrize("sent", [False, True])
def test_a_lost_connection_leaves_a_transaction_whole(tmp_path: Path, sent: bool) -> None:
    fate = lost([], unknown=2 if sent else 0, not_applied=0 if sent else 2)
    session = ScriptedSession(atomic=Scripted(fate=fate))
    run = resp(tmp_path, Scripted(), *BLOCK, session=session)
    tally = run.tally
    assert (tally.accepted, tally.code(), tally.next_line) == (1, ExitCode.LOST, 6)
    assert str(tally.unknown if sent else tally.not_applied) == "2-5"


def test_replies_of_a_transaction_that_came_before_the_loss_prove_nothing(tmp_path: Path) -> None:
    session = ScriptedSession(atomic=Scripted(fate=lost([1], unknown=0, not_applied=1)))
    run = resp(tmp_path, Scripted(), *BLOCK, session=session)
    assert (run.tally.accepted, str(run.tally.unknown)) == (1, "2-5")


def test_a_watched_key_refuses_the_whole(tmp_path: Path) -> None:
    session = ScriptedSession(atomic=Scripted(fate=WatchError("changed")))
    run = resp(tmp_path, Scripted(), *BLOCK, session=session)
    assert (run.tally.accepted, run.tally.refused, run.tally.code()) == (2, 4, 1)


def test_an_interrupt_before_a_transaction_leaves_it_to_the_next_run(tmp_path: Path) -> None:
    session = ScriptedSession()
    run = resp(tmp_path, Scripted(), *BLOCK, session=session, stop_after=1)
    assert (run.tally.lines, run.tally.next_line) == (1, 2)
    assert (run.tally.code(), session.atomic.sizes) == (ExitCode.INTERRUPTED, [])


class Particular(Scripted):
    """Refuses to take SELECT and WATCH, as a pipeline of a connection that others use does."""

    def command_as(self, callback: None, *args: Any) -> None:
        if args[0] in (b"SELECT", b"WATCH"):
            raise RefusedError(f"{args[0].decode()} is refused")
        super().command_as(callback, *args)


def test_what_is_refused_goes_over_a_lease_and_so_does_all_behind_it(tmp_path: Path) -> None:
    shared, leased = Particular(), Scripted()
    lines = (b"SET a 1", b"WATCH a", b"SET b 1", b"SELECT 1", b"SET c 1", b"SET d 1")
    run = resp(tmp_path, shared, *lines, session=ScriptedSession(leased))
    assert shared.sent == [(b"SET", b"a", b"1")]
    assert [command[1] for command in leased.sent] == [b"a", b"b", b"1", b"c", b"d"]
    # SELECT is answered before anything behind it leaves.
    assert leased.sizes == [2, 1, 2]
    assert (run.tally.accepted, run.tally.code()) == (6, 0)


def test_what_is_refused_everywhere_ends_the_load(tmp_path: Path) -> None:
    leased = Particular()
    lines = (b"SET a 1", b"WATCH a", b"SET b 1")
    run = resp(tmp_path, Particular(), *lines, session=ScriptedSession(leased))
    assert (run.tally.lines, run.tally.next_line, leased.sent) == (1, 2, [])
    assert (run.tally.code(), run.tally.reason) == (ExitCode.UNUSABLE, "WATCH is refused")


def test_the_databases_of_a_transaction_are_looked_at_first(tmp_path: Path) -> None:
    session = ScriptedSession()
    resp(tmp_path, Scripted(), b"MULTI", b"select 3", b"SET k 1", b"EXEC", session=session)
    assert session.checked == [b"3"]


class Unforeseen(Exception):
    pass


def broken_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading goes wrong after the first block of good lines."""
    rows = Separated.__iter__

    def broken(self: Separated) -> Iterator[Any]:
        yield next(rows(self))
        raise Unforeseen("in reading")

    monkeypatch.setattr(Separated, "__iter__", broken)


def test_an_unforeseen_exception_of_the_reader_executes_what_is_queued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_records(monkeypatch)
    pipeline = Scripted()
    run = Run(tmp_path, numbered(10), pipeline)
    assert (run.tally.accepted, len(pipeline.sent), run.tally.next_line) == (10, 10, 11)
    assert run.tally.code() == ExitCode.UNEXPECTED
    assert run.tally.reason == "unexpected: Unforeseen: in reading"
    assert "in broken" in run.tally.fault


def test_an_unforeseen_exception_and_then_a_lost_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_records(monkeypatch)
    run = Run(tmp_path, numbered(10), Scripted(fate=lost([1, 1, 1], unknown=2, not_applied=5)))
    assert (run.tally.accepted, run.tally.code()) == (3, ExitCode.UNEXPECTED)
    assert (str(run.tally.unknown), str(run.tally.not_applied)) == ("4-5", "6-10")


def test_after_an_unforeseen_exception_of_the_pipeline_its_lines_are_unknown(
    tmp_path: Path,
) -> None:
    run = Run(tmp_path, numbered(25), Scripted(fate=Unforeseen("inside")), pipeline_size=10)
    assert (run.tally.unknown.count, run.tally.next_line) == (10, 11)
    assert run.tally.code() == ExitCode.UNEXPECTED


def test_after_an_unforeseen_exception_no_line_is_counted_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Aside.write

    def broken(self: Aside, number: int, reason: str, line: bytes) -> None:
        write(self, number, reason, line)
        if number == 5:
            raise Unforeseen("in writing")

    monkeypatch.setattr(Aside, "write", broken)
    pipeline = Scripted(lambda command: ResponseError("no") if int(command[2]) % 5 == 0 else 1)
    run = Run(tmp_path, numbered(25), pipeline, pipeline_size=10)
    assert (run.tally.accepted, run.tally.refused, str(run.tally.unknown)) == (4, 1, "6-10")
    assert run.tally.code() == ExitCode.UNEXPECTED


def test_ranges() -> None:
    lines = Lines()
    for number in (1, 2, 3, 5, 1000, 1001):
        lines.add(number)
    assert (str(lines), lines.count) == ("1-3, 5, 1,000-1,001", 6)


def test_a_full_disk_stops_the_load_and_says_so(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    (tmp_path / "input").write_bytes(b"x\n" * 100_000)
    with Source(str(tmp_path / "input")) as source:
        aside = Aside(full)
        records, commands = Format("tsv").open(source, "SET {0} {1}")
        interrupt = Interrupt(lambda: False)
        loader = Loader(
            Scripted(), source, aside, Silent(), interrupt, pipeline_size=100, max_errors=0
        )
        loader.run(records, commands)
        aside.close()
    assert aside.failed
    assert loader.tally.refused < 100_000
    assert full.exists()
