"""`oxipipe load` as a user runs it, on a real server: formats, exit codes, what is printed and kept."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.loading import load, run

import oxipipe
from oxipipe import cli
from oxipipe.load import job
from oxipipe.load.loader import Loader

WORDS = [b"word%d" % n for n in range(1, 25_001)]


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


def test_a_word_list(server: oxipipe.Server, redis: oxipipe.Redis) -> None:
    Path("words").write_bytes(b"\n".join(WORDS) + b"\n")
    summary = load(server, "words", "--command", "HSET words {line} {n}")
    assert (summary["exit_code"], summary["accepted"], summary["said"]) == (0, len(WORDS), "")
    assert summary["bytes"] == Path("words").stat().st_size
    assert redis.hgetall("words") == {word: b"%d" % n for n, word in enumerate(WORDS, 1)}
    assert sorted(os.listdir()) == ["words"]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("name", "options", "data"),
    [
        ("f.tsv", ["--command", "HSET h {0} {1}"], b"a\t1\nb \xff\t2\n"),
        ("f.tsv", ["--command", "HSET h {k} {v}", "--header"], b"k\tv\na\t1\nb \xff\t2"),
        ("f.csv", ["--command", "HSET h {0} {1}"], b'a,1\r\n"b \xff",2\r\n'),
        ("f.csv", ["--command", "HSET h {0} {1}", "--delimiter", ";"], b'a;1\n"b \xff";2\n'),
        ("f.jsonl", ["--command", "HSET h {k} {v}"], b'{"k":"a","v":1}\n{"k":"b \\udcff","v":2}'),
        ("f.txt", ["--command", "HSET h {line} {n}"], b"a\nb \xff\n"),
        ("f.txt", ["--command", "HSET h {0} {1}", "--format", "tsv"], b"a\t1\nb \xff\t2\n"),
        (
            "f.resp",
            [],
            b"*4\r\n$4\r\nHSET\r\n$1\r\nh\r\n$1\r\na\r\n$1\r\n1\r\nHSET h 'b \xff' \"2\"\r\n",
        ),
    ],
)
def test_every_format(
    server: oxipipe.Server,
    redis: oxipipe.Redis,
    name: str,
    options: list[str],
    data: bytes,
    packed: bool,
) -> None:
    if packed:
        name, data = name + ".gz", gzip.compress(data)
    Path(name).write_bytes(data)
    summary = load(server, name, *options)
    if "jsonl" in name:
        # Half a surrogate pair is the one thing JSON can say that is no text.
        assert (summary["accepted"], summary["refused"]) == (1, 1)
        assert redis.hgetall("h") == {b"a": b"1"}
    else:
        assert (summary["exit_code"], summary["accepted"]) == (0, 2)
        assert redis.hgetall("h") == {b"a": b"1", b"b \xff": b"2"}


@pytest.mark.parametrize("packed", [False, True])
def test_standard_input(server: oxipipe.Server, redis: oxipipe.Redis, packed: bool) -> None:
    data = b"".join(b"%b\t1\n" % word for word in WORDS)
    stdin = gzip.compress(data) if packed else data
    arguments = ["-", "--format", "tsv", "--command", "HSET words {0} {1}"]
    summary = load(server, *arguments, stdin=stdin)
    assert (summary["exit_code"], summary["accepted"]) == (0, len(WORDS))
    assert redis.hlen("words") == len(WORDS)


def test_exit_0_and_a_word_about_an_empty_file(server: oxipipe.Server) -> None:
    Path("empty").touch()
    summary = load(server, "empty", "--command", "SET {line} 1")
    assert (summary["exit_code"], summary["lines"]) == (0, 0)
    assert "the input is empty" in summary["said"]


def test_exit_1_for_refused_lines_which_are_kept(
    server: oxipipe.Server, redis: oxipipe.Redis
) -> None:
    redis.set("text", "x")
    Path("f.tsv").write_bytes(b"a\t1\nbroken\ntext\t2\n\nb\tx\n")
    summary = load(server, "f.tsv", "--command", "INCRBY {0} {1}")
    assert (summary["exit_code"], summary["accepted"], summary["refused"]) == (1, 1, 4)
    assert summary["refused_file"] == "f.tsv.refused"
    assert Path("f.tsv.refused").read_bytes().splitlines() == [
        b"2\tno column {1}: the line has 1 column\tbroken",
        b"4\tno column {1}: the line has 1 column\t",
        b"3\tERR value is not an integer or out of range\ttext\t2",
        b"5\tERR value is not an integer or out of range\tb\tx",
    ]
    # Mended lines can be loaded again; a run without refusals leaves no file.
    redis.delete("text")
    again = b"text\t2\n"
    summary = load(server, "-", "--format", "tsv", "--command", "INCRBY {0} {1}", stdin=again)
    assert (summary["exit_code"], redis.get("text")) == (0, b"2")
    Path("f.tsv").write_bytes(b"a\t1\n")
    load(server, "f.tsv", "--command", "INCRBY {0} {1}")
    assert not Path("f.tsv.refused").exists()


def test_refused_lines_go_where_they_are_told(server: oxipipe.Server) -> None:
    summary = load(server, "-", "--command", "NOSUCH {line}", "--refused", "kept", stdin=b"a\nb\n")
    assert (summary["exit_code"], summary["refused_file"]) == (1, "kept")
    assert [row.split(b"\t")[2] for row in Path("kept").read_bytes().splitlines()] == [b"a", b"b"]
    assert b"unknown command" in Path("kept").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing", "--command", "PING"], "missing"),
        ([".", "--command", "PING"], "directory"),
        (["f", "--command", "SET 'a"], "--command: no closing quote"),
        (["f", "--command", "SET {1}"], "--format"),
        (["f", "--command", ""], "--command: there is no command in it"),
        (["f"], "--command is needed"),
        (["f", "--command", "SET {x}", "--format", "csv"], "--header"),
        (["f", "--command", "SET {x}", "--format", "csv", "--header"], "no column of that name"),
        (["f", "--command", "PING", "--header"], "--header"),
        (["f", "--command", "PING", "--format", "resp"], "no --command"),
        (["f", "--command", "PING", "--format", "xml"], "invalid choice"),
        (["f", "--command", "PING", "--pipeline-size", "0"], "at least 1"),
        (["f", "--command", "PING", "--timeout", "-1"], "seconds"),
        (["f", "--command", "PING", "--pipeline-size", "abc"], "'abc' is not a whole number"),
        (["f", "--command", "PING", "--max-errors", "abc"], "'abc' is not a whole number"),
        (["f", "--command", "PING", "--timeout", "abc"], "must be a number of seconds"),
        (["f", "--command", "PING", "--refused", "f"], "another file"),
        (["f", "--command", "PING", "--refused", "no/such/place"], "no/such/place"),
        (["f", "--command", "PING", "--url", "http://localhost"], "--url: unknown URL scheme"),
        ([], "FILE"),
    ],
)
def test_exit_2_for_what_cannot_work(
    server: oxipipe.Server, redis: oxipipe.Redis, arguments: list[str], said: str
) -> None:
    Path("f").write_bytes(b"a\nb\n")
    url = [] if "--url" in arguments else ["--url", server.url]
    done = run(*arguments, *url)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert redis.dbsize() == 0


def test_exit_2_when_the_input_breaks_off_after_what_could_be_read(
    server: oxipipe.Server, redis: oxipipe.Redis
) -> None:
    Path("f.resp").write_bytes(b"SET a 1\r\nSET b 2\r\n*1\r\n$4\r\nPINGS\r\nSET c 3\r\n")
    summary = load(server, "f.resp")
    assert (summary["exit_code"], summary["accepted"]) == (2, 2)
    assert "command 3, byte 26" in summary["said"]
    assert redis.dbsize() == 2


def test_exit_3_without_a_server() -> None:
    Path("f").write_bytes(b"a\n")
    done = run("f", "--command", "PING", "--url", "unix:///no/such/socket")
    assert (done.returncode, done.stdout) == (3, "")
    assert "no connection" in done.stderr
    assert not Path("f.refused").exists()


def test_exit_4_after_max_errors(server: oxipipe.Server, redis: oxipipe.Redis) -> None:
    Path("f.tsv").write_bytes(b"a\t1\nbad\nbad\nbad\nb\t2\n")
    command = ["--command", "SET {0} {1}"]
    summary = load(server, "f.tsv", *command, "--max-errors", "2")
    assert (summary["exit_code"], summary["lines"], summary["next_line"]) == (4, 3, 4)
    assert redis.keys() == [b"a"]
    summary = load(server, "f.tsv", *command, "--max-errors", "4")
    assert (summary["exit_code"], summary["refused"]) == (1, 3)


@pytest.mark.parametrize("line", [b"bad\n", b"a\tno number\n"])  # refused by the loader, the server
@pytest.mark.parametrize("lines", [2, 3])
def test_what_is_said_of_max_errors_agrees_with_the_counts(
    server: oxipipe.Server, redis: oxipipe.Redis, line: bytes, lines: int
) -> None:
    # Whether there are more lines makes no difference.
    Path("f.tsv").write_bytes(line * lines)
    command = ["--command", "INCRBY {0} {1}", "--pipeline-size", "2", "--max-errors", "2"]
    summary = load(server, "f.tsv", *command)
    assert (summary["exit_code"], summary["refused"], summary["next_line"]) == (4, 2, 3)
    assert summary["reason"] == "--max-errors 2 was reached"
    assert "stopped before line 3: --max-errors 2 was reached\n" in summary["said"]
    assert (
        "2 of 2 lines were not accepted; they are in f.tsv.refused; the first to be refused: line 1: "
        in summary["said"]
    )


def test_lines_that_were_queued_when_max_errors_was_reached(
    server: oxipipe.Server, redis: oxipipe.Redis
) -> None:
    Path("f.tsv").write_bytes(b"a\tno number\nbad\nb\t1\n")
    summary = load(server, "f.tsv", "--command", "INCRBY {0} {1}", "--max-errors", "1")
    assert (summary["exit_code"], summary["refused"], summary["next_line"]) == (4, 2, 3)
    assert "--max-errors 1 was reached" in summary["said"]
    assert "2 of 2 lines" in summary["said"]


def test_exit_5_for_what_nobody_foresaw_with_the_tally(
    server: oxipipe.Server,
    redis: oxipipe.Redis,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def broken(self: Loader, number: int, reason: str, line: bytes) -> None:
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr(Loader, "_refuse", broken)
    Path("f.tsv").write_bytes(b"a\t1\nbad\nb\t2\n")
    arguments = ["load", "f.tsv", "--command", "SET {0} {1}", "--url", server.url, "--json"]
    assert cli.main(arguments) == 5
    out, said = capfd.readouterr()
    summary = json.loads(out)
    assert (summary["exit_code"], summary["lines"], summary["accepted"]) == (5, 1, 1)
    assert summary["next_line"] == 2
    assert "unexpected: ZeroDivisionError: nobody foresaw this" in said
    assert "in broken" in said
    assert redis.keys() == [b"a"]


def test_exit_5_before_there_is_a_tally(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr(job, "Format", broken)
    assert cli.main(["load", "f", "--command", "PING"]) == 5
    out, said = capfd.readouterr()
    assert out == ""
    assert said.endswith("oxipipe load: unexpected: ZeroDivisionError: nobody foresaw this\n")


def test_a_full_server_refuses_lines_and_none_is_lost(server: oxipipe.Server) -> None:
    with server.connect() as redis:
        redis.command("FLUSHALL")
        used = int(redis.info("memory")["used_memory"])
        redis.config_set("maxmemory", used + 2_000_000)
        redis.config_set("maxmemory-policy", "noeviction")
        try:
            rows = [b"key%d\t%b" % (n, b"x" * 1000) for n in range(10_000)]
            Path("f.tsv").write_bytes(b"\n".join(rows) + b"\n")
            summary = load(server, "f.tsv", "--command", "SET {0} {1}")
            assert summary["exit_code"] == 1
            assert 0 < summary["accepted"] < len(rows)
            assert redis.dbsize() == summary["accepted"]
        finally:
            redis.config_set("maxmemory", 0)
    kept = Path("f.tsv.refused").read_bytes().splitlines()
    assert len(kept) == summary["refused"]
    for row in kept:
        number, reason, line = row.split(b"\t", 2)
        assert reason.startswith(b"OOM command not allowed")
        assert line == rows[int(number) - 1]


def test_a_dry_run_reads_everything_and_touches_no_server() -> None:
    Path("f.csv").write_bytes(b"".join(b'k%d,"a\tb"\n' % n for n in range(100)) + b"bad\n")
    arguments = ["f.csv", "--command", "SET {0} {1}", "--url", "unix:///no/such/socket"]
    done = run(*arguments, "--dry-run")
    assert done.returncode == 1
    assert done.stdout.splitlines()[:2] == ['SET k0 "a\\tb"', 'SET k1 "a\\tb"']
    assert done.stdout.count("SET") == 5
    assert "101" in done.stdout
    assert "1 of 101 lines would not be sent" in done.stderr
    table = done.stdout.splitlines()[5:]
    assert [line.rsplit(None, 1) for line in table[:3]] == [
        ["lines", "101"],
        ["would send", "100"],
        ["refused", "1"],
    ]
    assert "accepted" not in done.stdout + done.stderr
    assert os.listdir() == ["f.csv"]
    done = run(*arguments, "--dry-run", "--json")
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["accepted"], summary["refused"]) == (100, 1)


def test_the_summary_for_people(server: oxipipe.Server) -> None:
    Path("f").write_bytes(b"a\nb\n")
    done = run("f", "--command", "PING", "--url", server.url)
    assert done.returncode == 0
    table = dict(line.split(None, 1) for line in done.stdout.splitlines())
    assert (table["lines"], table["accepted"], table["refused"]) == ("2", "2", "0")
    done = run("f", "--command", "PING", "--url", server.url, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_password_comes_from_the_environment(server: oxipipe.Server) -> None:
    Path("f").write_bytes(b"a\n")
    with server.connect() as redis:
        redis.config_set("requirepass", "se cret")
        try:
            arguments = ["f", "--command", "SET {line} 1", "--url", server.url]
            assert run(*arguments, OXIPIPE_PASSWORD="se cret").returncode == 0
            done = run(*arguments, OXIPIPE_PASSWORD="wrong secret")
            assert done.returncode == 3
            assert "secret" not in done.stderr
        finally:
            redis.config_set("requirepass", "")


@pytest.mark.parametrize("suffix", ["TSV", "Tsv", "tsv.GZ", "TSV.Gz"])
def test_suffixes_in_any_spelling(
    server: oxipipe.Server, redis: oxipipe.Redis, suffix: str
) -> None:
    data = b"a\t1\n"
    name = f"f.{suffix}"
    Path(name).write_bytes(gzip.compress(data) if "gz" in suffix.lower() else data)
    assert load(server, name, "--command", "SET {0} {1}")["exit_code"] == 0
    assert redis.get("a") == b"1"


def test_a_header_that_is_no_csv_is_said(server: oxipipe.Server) -> None:
    Path("f.csv").write_bytes(b'"id\n1\n')
    done = run("f.csv", "--header", "--command", "SET {id} 1", "--url", server.url)
    assert done.returncode == 2
    assert "the header line is broken" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_url_can_come_from_the_environment(
    server: oxipipe.Server, redis: oxipipe.Redis
) -> None:
    Path("f").write_bytes(b"a\n")
    assert run("f", "--command", "SET {line} 1", OXIPIPE_URL=server.url).returncode == 0
    assert redis.get("a") == b"1"


def test_a_version_and_help() -> None:
    for arguments in (["--version"], ["--help"], ["load", "--help"]):
        done = subprocess.run(
            [sys.executable, "-m", "oxipipe", *arguments],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0
        assert "oxipipe" in done.stdout
