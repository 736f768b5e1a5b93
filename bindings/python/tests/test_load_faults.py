"""`oxipipe load` when things go wrong on the way, and how much memory it takes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import termios
import threading
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from support.pace import LONG, eventually

import oxipipe

LINES = 50_000


@pytest.fixture
def server() -> Iterator[oxipipe.Server]:
    with oxipipe.Server() as server:
        yield server


class Loading:
    """`oxipipe load -` in a process of its own, fed by the test, or by a file."""

    def __init__(
        self, url: str, directory: Path, *arguments: str, stdin: IO[bytes] | None = None
    ) -> None:
        command = [sys.executable, "-m", "oxipipe", "load", "-", "--command", "HSET h {line} {n}"]
        self.process = subprocess.Popen(
            [*command, "--url", url, "--json", *arguments],
            stdin=stdin or subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=directory,
        )
        self._directory = directory
        self.written = 0

    def write(self, count: int) -> None:
        assert self.process.stdin
        first = self.written + 1
        self.written += count
        lines = b"".join(b"word%d\n" % n for n in range(first, self.written + 1))
        try:
            self.process.stdin.write(lines)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it stopped before it had read everything, which the tests expect

    def has_read_everything(self) -> bool:
        assert self.process.stdin
        waiting = array("i", [0])
        fcntl.ioctl(self.process.stdin, termios.FIONREAD, waiting)
        return waiting[0] == 0

    def end(self) -> dict[str, Any]:
        """Waits for the process; its summary, checked against the lines it set aside."""
        try:
            out, said = self.process.communicate(timeout=LONG)
        except BrokenPipeError:
            out, said = self.process.communicate(timeout=LONG)
        assert out, said
        summary: dict[str, Any] = json.loads(out)
        assert self.process.returncode == summary["exit_code"], said
        fates = ("accepted", "refused", "unknown", "not_applied")
        assert summary["lines"] == sum(summary[fate] for fate in fates)
        assert summary["next_line"] == summary["lines"] + 1
        aside: dict[str, list[int]] = {"UNKNOWN": [], "NOT_APPLIED": []}
        kept = self._directory / "stdin.refused"
        for row in kept.read_text().splitlines() if kept.exists() else []:
            number, reason, line = row.split("\t", 2)
            assert line == f"word{number}"
            aside[reason.split()[0]].append(int(number))
        for fate, numbers in (("unknown", "UNKNOWN"), ("not_applied", "NOT_APPLIED")):
            ranges = [range(first, last + 1) for first, last in summary[f"{fate}_lines"]]
            assert [number for some in ranges for number in some] == aside[numbers]
            assert len(aside[numbers]) == summary[fate]
        return summary | {"said": said.decode()}


def test_a_killed_server_leaves_no_line_without_a_fate(
    server: oxipipe.Server, tmp_path: Path
) -> None:
    loading = Loading(server.url, tmp_path, "--pipeline-size", "1000")
    with server.connect() as redis:
        loading.write(LINES)
        eventually("the load to come so far", lambda: redis.hlen("h") >= 1000)
    server.kill()
    loading.write(LINES)
    summary = loading.end()
    assert summary["exit_code"] == 3
    assert summary["unknown"] + summary["not_applied"] > 0
    assert summary["accepted"] < 2 * LINES
    assert "the pipeline failed" in summary["said"]


def test_a_stopped_server_runs_into_the_timeout(server: oxipipe.Server, tmp_path: Path) -> None:
    loading = Loading(server.url, tmp_path, "--pipeline-size", "1000", "--timeout", "2")
    with server.connect() as redis:
        loading.write(3000)
        eventually("the load to come so far", lambda: redis.hlen("h") == 3000)
    os.kill(server.pid, signal.SIGSTOP)
    try:
        loading.write(1000)
        summary = loading.end()
    finally:
        os.kill(server.pid, signal.SIGCONT)
    # All 3,000 were applied; replies that the server had not sent when it was stopped are unknown here.
    assert summary["exit_code"] == 3
    assert 2000 <= summary["accepted"] <= 3000
    assert summary["accepted"] + summary["unknown"] + summary["not_applied"] == 4000


class Miser:
    """A server that answers `answered` commands of the load, then says no more, and reads on."""

    def __init__(self, path: Path, answered: int) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._left = answered
        self.url = f"unix://{path}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._thread.join(LONG)

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        self._listener.close()  # so that a second connection is refused, not left waiting
        with connection, connection.makefile("rb") as requests:
            while (head := requests.readline())[:1] == b"*":
                words = [self._word(requests) for _ in range(int(head[1:]))]
                if words[0] == b"HELLO":
                    connection.sendall(b"-ERR unknown command\r\n")
                elif words[0] == b"PING":
                    connection.sendall(b"+PONG\r\n")
                elif words[0] != b"HSET":
                    connection.sendall(b"+OK\r\n")
                elif self._left:
                    self._left -= 1
                    connection.sendall(b":1\r\n")
                    if not self._left:
                        connection.shutdown(socket.SHUT_WR)

    @staticmethod
    def _word(requests: Any) -> bytes:
        size = int(requests.readline()[1:])
        word: bytes = requests.read(size + 2)[:size]
        return word


@pytest.mark.parametrize("answered", [1, 999, 1000, 1001, 2500])
def test_exactly_the_answered_lines_are_accepted(tmp_path: Path, answered: int) -> None:
    miser = Miser(tmp_path / "socket", answered)
    loading = Loading(miser.url, tmp_path, "--pipeline-size", "1000", "--timeout", "2")
    loading.write(3000)
    summary = loading.end()
    miser.close()
    assert (summary["exit_code"], summary["accepted"]) == (3, answered)
    lost = summary["unknown_lines"] + summary["not_applied_lines"]
    assert lost[0][0] == answered + 1


def test_ctrl_c_while_waiting_for_input(server: oxipipe.Server, tmp_path: Path) -> None:
    loading = Loading(server.url, tmp_path)
    loading.write(25_000)
    with server.connect() as redis:
        # That all of them arrive although the input is still open: nothing lingers in a pipeline.
        eventually("the load to come so far", lambda: redis.hlen("h") == 25_000)
        loading.process.send_signal(signal.SIGINT)
        summary = loading.end()
        assert redis.hlen("h") == 25_000
    assert (summary["exit_code"], summary["accepted"], summary["unknown"]) == (130, 25_000, 0)
    assert "interrupted" in summary["said"]


def test_ctrl_c_while_loading(server: oxipipe.Server, tmp_path: Path) -> None:
    (tmp_path / "words").write_bytes(b"".join(b"word%d\n" % n for n in range(1, 2_000_001)))
    with (tmp_path / "words").open("rb") as words:
        loading = Loading(server.url, tmp_path, "--pipeline-size", "500", stdin=words)
    with server.connect() as redis:
        eventually("the load to come so far", lambda: redis.hlen("h") > 1000)
        loading.process.send_signal(signal.SIGTERM)
        summary = loading.end()
        assert summary["exit_code"] == 130
        assert summary["unknown"] == summary["not_applied"] == 0
        assert redis.hlen("h") == summary["accepted"] < 2_000_000


def test_ctrl_c_twice_gives_up_on_a_silent_server(server: oxipipe.Server, tmp_path: Path) -> None:
    with server.connect() as redis:

        def greetings() -> int:
            return int(redis.info("commandstats")["cmdstat_hello"]["calls"])

        before = greetings()
        loading = Loading(server.url, tmp_path, "--timeout", "0")
        # Once the server has told of the greeting, it has answered it: replies leave in the order of their commands.
        eventually("the load to come so far", lambda: greetings() > before)
    os.kill(server.pid, signal.SIGSTOP)
    try:
        loading.write(1000)
        eventually("the load to come so far", loading.has_read_everything)
        while loading.process.poll() is None:
            # Two signals that arrive together count as one; then it takes another round.
            loading.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                loading.process.wait(1)
    finally:
        os.kill(server.pid, signal.SIGCONT)
    summary = loading.end()
    # How many were queued when the first signal came is a matter of microseconds.
    assert summary["exit_code"] == 130
    assert summary["unknown"] == summary["lines"] <= 1000


MEASURED = """
import resource, sys
from oxipipe.cli import main
code = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def peak(url: str, lines: int, directory: Path, row: bytes, *arguments: str) -> int:
    """The largest memory, in KiB, of a load of `lines` lines from a pipe."""
    # On a busy machine a pipeline may take longer than the usual deadline.
    patient = f"{url}?timeout={LONG}"
    command = [sys.executable, "-c", MEASURED, "load", "-", "--url", patient, "--quiet", *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=directory
    ) as process:
        assert process.stdin
        ended_early = False
        try:
            for first in range(0, lines, 1000):
                process.stdin.write(b"".join(row % n for n in range(first, first + 1000)))
        except BrokenPipeError:
            ended_early = True
        said = process.communicate(timeout=LONG)[1]
    assert process.returncode in (0, 1) and not ended_early, said
    return int(said.splitlines()[-1])


@pytest.mark.parametrize(
    ("arguments", "row"),
    [
        (["--format", "tsv", "--command", "SET key {1}"], b"word%d\t1\n"),
        (["--format", "csv", "--command", "SET key {0}"], b'"w""%d"\n'),
        # Every line refused, by us and by the server: what is set aside must not pile up either.
        (["--format", "tsv", "--command", "SET key {1}"], b"word%d\n"),
        (["--format", "lines", "--command", "NOSUCH {line}"], b"word%d\n"),
    ],
)
def test_memory_does_not_grow_with_the_input(
    server: oxipipe.Server, tmp_path: Path, arguments: list[str], row: bytes
) -> None:
    small = peak(server.url, 50_000, tmp_path, row, *arguments)
    # So many that one object of bytes kept of each line would be twice what is allowed for.
    large = peak(server.url, 400_000, tmp_path, row, *arguments)
    assert large < small + 8 * 1024
