"""`oxipipe load` with the standard streams that other programs give it: not ready yet, closed, full."""

from __future__ import annotations

import array
import fcntl
import gzip
import io
import json
import os
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.loading import COMMAND, run, started
from support.pace import LONG, eventually

import oxipipe


@pytest.fixture(scope="module")
def server() -> Iterator[oxipipe.Server]:
    with oxipipe.Server() as server:
        yield server


@pytest.fixture
def redis(server: oxipipe.Server) -> Iterator[oxipipe.Redis]:
    with server.connect() as redis:
        redis.command("FLUSHALL")
        yield redis


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def pipe() -> Iterator[tuple[io.FileIO, io.FileIO]]:
    """A pipe whose ends do not block, as some programs hand them on."""
    reader, writer = (io.FileIO(end, mode) for end, mode in zip(os.pipe(), "rw", strict=True))
    with reader, writer:
        os.set_blocking(reader.fileno(), False)
        os.set_blocking(writer.fileno(), False)
        yield reader, writer


def waiting_in(pipe: io.FileIO) -> int:
    """How many bytes nobody has read yet."""
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


def set_each(url: str, *options: str) -> list[str]:
    return ["-", "--command", "SET {0} 1", "--url", url, *options]


@pytest.mark.parametrize("packed", [False, True])
def test_an_input_that_is_not_ready_is_not_at_its_end(
    server: oxipipe.Server, redis: oxipipe.Redis, pipe: tuple[io.FileIO, io.FileIO], packed: bool
) -> None:
    first, second = b"a\nb\n", b"c\nd\n"
    if packed:
        # Where a gzip file is cut does not matter, and its lines come when they can be told.
        whole = gzip.compress(first + second)
        first, second = whole[:11], whole[11:]
    reader, writer = pipe
    with started(*set_each(server.url, "--quiet"), stdin=reader) as loading:
        writer.write(first)
        eventually("the first part to be read", lambda: waiting_in(reader) == 0)
        if not packed:
            eventually("the first lines", lambda: redis.dbsize() == 2)
        reader.close()
        writer.write(second)
        writer.close()
        assert loading.wait(LONG) == 0
    assert sorted(redis.keys()) == [b"a", b"b", b"c", b"d"]


def test_an_input_that_comes_later_than_the_load(
    server: oxipipe.Server, redis: oxipipe.Redis, pipe: tuple[io.FileIO, io.FileIO]
) -> None:
    reader, writer = pipe

    def clients() -> int:
        return int(redis.info("clients")["connected_clients"])

    before = clients()
    with started(*set_each(server.url, "--quiet"), stdin=reader) as loading:
        reader.close()
        eventually("the load to begin", lambda: clients() > before)
        writer.write(b"a")
        writer.close()
        assert loading.wait(LONG) == 0
    assert redis.keys() == [b"a"]


@pytest.mark.parametrize("start", [b"\x1f", b"\xef", b"\xef\xbb", b"\xff", b""])
def test_what_the_first_bytes_mean_does_not_depend_on_when_they_come(
    server: oxipipe.Server, redis: oxipipe.Redis, pipe: tuple[io.FileIO, io.FileIO], start: bytes
) -> None:
    data = {b"\x1f": gzip.compress(b"a\n"), b"\xff": b"\xff\n"}.get(start, b"\xef\xbb\xbfa\n")
    reader, writer = pipe
    with started(*set_each(server.url, "--quiet"), stdin=reader) as loading:
        writer.write(start)
        eventually("the start to be read", lambda: waiting_in(reader) == 0)
        reader.close()
        writer.write(data[len(start) :])
        writer.close()
        assert loading.wait(LONG) == 0
    assert redis.keys() == [b"\xff" if start == b"\xff" else b"a"]


def without(*streams: str) -> list[str]:
    """The start of a command line whose command does not have these streams."""
    return ["sh", "-c", f'exec "$@" {" ".join(streams)}', "sh"]


def test_no_standard_input(server: oxipipe.Server) -> None:
    done = subprocess.run(
        [*without("<&-"), *COMMAND, *set_each(server.url)],
        capture_output=True,
        text=True,
        timeout=LONG,
    )
    assert done.returncode == 2
    assert "standard input is closed" in done.stderr
    assert "Traceback" not in done.stderr


LINES = "".join(f"key{n}\n" for n in range(1000)) + "refused by\nthe server\n"


@pytest.fixture
def unread() -> Iterator[int]:
    """The end of a pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@pytest.mark.parametrize("closed", ["stdout", "stderr", "both"])
@pytest.mark.parametrize("options", [[], ["--json"], ["--quiet"]])
def test_a_reader_that_has_gone_is_nothing_to_the_load(
    server: oxipipe.Server, redis: oxipipe.Redis, unread: int, closed: str, options: list[str]
) -> None:
    Path("f").write_text(LINES)
    redis.set("the", "text")
    layout = ["--format", "tsv", "--delimiter", " ", "--command", "INCR {0}"]
    done = subprocess.run(
        [*COMMAND, "f", *layout, "--url", server.url, *options],
        stdout=unread if closed in ("stdout", "both") else subprocess.PIPE,
        stderr=unread if closed in ("stderr", "both") else subprocess.PIPE,
        text=True,
        timeout=LONG,
    )
    # The exit code is that of the load.
    assert done.returncode == 1
    assert redis.dbsize() == 1002
    if closed == "stdout":
        assert "Traceback" not in done.stderr
        said = "oxipipe load: 1 of 1,002 lines were not accepted; they are in f.refused; the first to be refused: "
        assert said in done.stderr
    if closed == "stderr":
        assert bool(done.stdout) == (options != ["--quiet"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["load", "f", "--command", "SET {0} 1", "--dry-run"],
        ["load", "--help"],
        ["--help"],
        ["--version"],
    ],
)
def test_a_reader_that_has_gone_from_other_outputs(unread: int, arguments: list[str]) -> None:
    Path("f").write_text(LINES)
    done = subprocess.run(
        [*COMMAND[:-1], *arguments], stdout=unread, stderr=subprocess.PIPE, timeout=LONG
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_wrong_usage_that_nobody_reads(unread: int) -> None:
    done = subprocess.run([*COMMAND, "--no-such-option"], stderr=unread, timeout=LONG)
    assert done.returncode == 2


@pytest.mark.parametrize("streams", [[">&-"], ["2>&-"], [">&-", "2>&-"]])
def test_no_standard_output(
    server: oxipipe.Server, redis: oxipipe.Redis, streams: list[str]
) -> None:
    done = subprocess.run(
        [*without(*streams), *COMMAND, *set_each(server.url)], input=b"a\nb\n", timeout=LONG
    )
    assert done.returncode == 0
    assert redis.dbsize() == 2


def test_a_summary_that_cannot_be_written(server: oxipipe.Server, redis: oxipipe.Redis) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, *set_each(server.url)],
            input=b"a\n",
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=LONG,
        )
    assert done.returncode == 2
    assert done.stderr.startswith(b"oxipipe load: the summary could not be written: ")
    assert b"Traceback" not in done.stderr
    assert redis.keys() == [b"a"]


def test_an_output_without_room_is_waited_for(
    server: oxipipe.Server, redis: oxipipe.Redis, pipe: tuple[io.FileIO, io.FileIO]
) -> None:
    reader, writer = pipe
    filled = 0
    while written := writer.write(b" " * 4096):
        filled += written
    arguments = set_each(server.url, "--json")
    ends = {"stdin": subprocess.PIPE, "stdout": writer, "stderr": subprocess.PIPE}
    with started(*arguments, **ends) as loading:
        writer.close()
        assert loading.stdin and loading.stderr
        loading.stdin.write(b"a\n")
        loading.stdin.close()
        eventually("the line", lambda: redis.dbsize() == 1)
        os.set_blocking(reader.fileno(), True)
        text = reader.readall()
        said = loading.stderr.read()
        assert (loading.wait(LONG), said) == (0, b"")
    assert json.loads(text[filled:])["accepted"] == 1


@pytest.mark.parametrize("option", [[], ["-u"]])
def test_the_summary_is_the_same_whatever_python_does_with_its_streams(
    server: oxipipe.Server, redis: oxipipe.Redis, option: list[str]
) -> None:
    python, *command = COMMAND
    done = subprocess.run(
        [python, *option, *command, *set_each(server.url, "--json")],
        input=b"a\n",
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii:strict"},
        timeout=LONG,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["accepted"] == 1


def test_a_name_that_no_encoding_has(server: oxipipe.Server, redis: oxipipe.Redis) -> None:
    name = os.fsdecode(b"f\xff\xe9")
    Path(name).write_text("a b\n")
    done = run(name, "--command", "GET {line} {line}", "--url", server.url)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "1 of 1 lines were not accepted" in done.stderr
