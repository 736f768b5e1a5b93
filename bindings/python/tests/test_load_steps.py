"""Commands in a file that change what later ones mean: carried out where they stand, or the load ends there."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.loading import commands, load, resp, run, started
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


def content(server: oxipipe.Server) -> dict[int, dict[bytes, bytes | None]]:
    """The strings of each database that has any."""
    found = {}
    for number in range(16):
        with server.connect(db=number) as redis:
            if keys := redis.keys():
                found[number] = {key: redis.get(key) for key in sorted(keys)}
    return found


def refused() -> dict[int, str]:
    """The reasons of refused lines by their numbers."""
    rows = Path("f.resp.refused").read_text().splitlines()
    return {int(number): reason for number, reason, _ in (row.split("\t", 2) for row in rows)}


def test_every_command_goes_to_its_own_database(
    server: oxipipe.Server, redis: oxipipe.Redis
) -> None:
    lines = ("SELECT 0", "SET k zero", "select 5", "SET k five", "SET l five", "SELECT 0")
    Path("f.resp").write_bytes(commands(*lines) + b"SET l zero\r\nselect 7\r\nset k seven\r\n")
    summary = load(server, "f.resp")
    assert (summary["exit_code"], summary["accepted"], summary["said"]) == (0, 9, "")
    assert content(server) == {
        0: {b"k": b"zero", b"l": b"zero"},
        5: {b"k": b"five", b"l": b"five"},
        7: {b"k": b"seven"},
    }


@pytest.mark.parametrize("size", ["1", "3", "10000"])
def test_databases_of_many_commands(
    server: oxipipe.Server, redis: oxipipe.Redis, size: str
) -> None:
    data = b"".join(
        commands(f"SELECT {n % 16}", *(f"SET k{m} {n}" for m in range(300))) for n in range(20)
    )
    Path("f.resp").write_bytes(data)
    summary = load(server, "f.resp", "--pipeline-size", size)
    assert (summary["exit_code"], summary["accepted"]) == (0, 20 * 301)
    last = {n % 16: n for n in range(20)}
    keys = sorted(b"k%d" % m for m in range(300))
    assert content(server) == {n: dict.fromkeys(keys, b"%d" % last[n]) for n in range(16)}


def test_the_database_of_the_url_counts_until_the_first_select(
    server: oxipipe.Server, redis: oxipipe.Redis
) -> None:
    Path("f.resp").write_bytes(
        commands("SET k 3", "CLIENT SETNAME me", "SET l 3", "SELECT 0", "SET k 0")
    )
    done = run("f.resp", "--url", server.url + "?db=3")
    assert done.returncode == 0, done.stderr
    assert content(server) == {0: {b"k": b"0"}, 3: {b"k": b"3", b"l": b"3"}}


@pytest.mark.parametrize("line", ["SELECT 99", "SELECT", "AUTH nobody wrong"])
def test_a_select_that_the_server_refuses_ends_the_load(
    server: oxipipe.Server, redis: oxipipe.Redis, line: str
) -> None:
    Path("f.resp").write_bytes(commands("SET a 1", line, "SET b 1"))
    summary = load(server, "f.resp")
    assert (summary["exit_code"], summary["accepted"], summary["refused"]) == (2, 1, 1)
    assert summary["next_line"] == 3
    assert f"{line.split()[0]} (line 2) was refused" in summary["said"]
    assert list(refused()) == [2]
    assert content(server) == {0: {b"a": b"1"}}


@pytest.mark.parametrize("line", ["SELECT 5", "MULTI", "RESET", "WATCH a", "CLIENT REPLY OFF"])
def test_lines_that_hold_such_commands_in_another_format_end_the_load(
    server: oxipipe.Server, redis: oxipipe.Redis, line: str
) -> None:
    words = [*line.split(), "", ""][:3]
    template = "{0} {1} {2}" if len(line.split()) == 3 else "{0} {1}"
    if line in ("MULTI", "RESET"):
        template = "{0}"
    Path("f.tsv").write_text("DBSIZE\t1\n" + "\t".join(words) + "\nDBSIZE\t1\n")
    summary = load(server, "f.tsv", "--command", template)
    assert (summary["exit_code"], summary["lines"], summary["next_line"]) == (2, 1, 2)
    assert "is refused on a shared connection" in summary["said"]


@pytest.mark.parametrize(
    "line", ["SUBSCRIBE c", "MONITOR", "RESET", "HELLO 3", "CLIENT REPLY OFF", "QUIT", "SYNC"]
)
def test_what_has_no_place_in_a_pipeline_ends_the_load(
    server: oxipipe.Server, redis: oxipipe.Redis, line: str
) -> None:
    Path("f.resp").write_bytes(commands("SET a 1", line, "SET b 1"))
    summary = load(server, "f.resp")
    assert (summary["exit_code"], summary["lines"], summary["next_line"]) == (2, 1, 2)
    assert " ".join(line.split()[:-1] if len(line.split()) > 1 else [line]) in summary["said"]
    assert content(server) == {0: {b"a": b"1"}}


def test_what_needs_a_connection_apart_gets_one(
    server: oxipipe.Server, redis: oxipipe.Redis
) -> None:
    lines = ["SET a 1", "CLIENT SETNAME me", "SET b 1", "WATCH x", "UNWATCH", "WAIT 0 1", "SET c 1"]
    Path("f.resp").write_bytes(commands(*lines))
    summary = load(server, "f.resp")
    assert (summary["exit_code"], summary["accepted"]) == (0, len(lines))
    assert content(server) == {0: {b"a": b"1", b"b": b"1", b"c": b"1"}}


def test_a_transaction_is_one(server: oxipipe.Server, redis: oxipipe.Redis) -> None:
    Path("f.resp").write_bytes(
        commands("SET a 1", "MULTI", "INCR a", "INCR a", "EXEC", "INCR a", "multi", "exec")
    )
    before = redis.info("commandstats").get("cmdstat_exec", {"calls": 0})["calls"]
    summary = load(server, "f.resp")
    assert (summary["exit_code"], summary["accepted"]) == (0, 8)
    assert content(server) == {0: {b"a": b"4"}}
    assert redis.info("commandstats")["cmdstat_exec"]["calls"] == before + 1


def test_a_command_that_fails_in_a_transaction_is_refused_alone(
    server: oxipipe.Server, redis: oxipipe.Redis
) -> None:
    Path("f.resp").write_bytes(
        commands("MULTI", "SET a text", "INCR a", "SET b 1", "EXEC", "SET c 1")
    )
    summary = load(server, "f.resp")
    assert (summary["exit_code"], summary["accepted"], summary["refused"]) == (1, 5, 1)
    assert refused() == {3: "ERR value is not an integer or out of range"}
    assert content(server) == {0: {b"a": b"text", b"b": b"1", b"c": b"1"}}


def test_a_transaction_that_the_server_refuses_is_refused_as_a_whole(
    server: oxipipe.Server, redis: oxipipe.Redis
) -> None:
    Path("f.resp").write_bytes(commands("MULTI", "SET a 1", "NOSUCH", "EXEC", "SET b 1"))
    summary = load(server, "f.resp")
    assert (summary["exit_code"], summary["accepted"], summary["refused"]) == (1, 1, 4)
    reasons = refused()
    assert reasons.pop(3).startswith("ERR unknown command")
    assert all(reason.startswith("EXECABORT") for reason in reasons.values())
    assert content(server) == {0: {b"b": b"1"}}


def test_a_transaction_that_a_watched_key_stops_is_refused_as_a_whole(
    server: oxipipe.Server, redis: oxipipe.Redis
) -> None:
    Path("f.resp").write_bytes(
        commands("WATCH a", "SET a 1", "MULTI", "SET b 1", "EXEC", "SET c 1")
    )
    summary = load(server, "f.resp")
    assert (summary["exit_code"], summary["accepted"], summary["refused"]) == (1, 3, 3)
    assert refused() == dict.fromkeys((3, 4, 5), "Watched variable changed.")
    assert content(server) == {0: {b"a": b"1", b"c": b"1"}}


def test_a_discarded_transaction_does_nothing(server: oxipipe.Server, redis: oxipipe.Redis) -> None:
    Path("f.resp").write_bytes(commands("MULTI", "SET a 1", "SELECT 5", "DISCARD", "SET b 1"))
    summary = load(server, "f.resp")
    assert (summary["exit_code"], summary["accepted"]) == (0, 5)
    assert content(server) == {0: {b"b": b"1"}}


def test_databases_inside_a_transaction(server: oxipipe.Server, redis: oxipipe.Redis) -> None:
    Path("f.resp").write_bytes(
        commands("SET a 0", "MULTI", "SET b 0", "SELECT 5", "SET b 5", "EXEC", "SET c 5")
        + commands("MULTI", "SELECT 6", "SET a 6", "SELECT 0", "EXEC", "SET c 0")
    )
    summary = load(server, "f.resp")
    assert (summary["exit_code"], summary["accepted"]) == (0, 13)
    assert content(server) == {
        0: {b"a": b"0", b"b": b"0", b"c": b"0"},
        5: {b"b": b"5", b"c": b"5"},
        6: {b"a": b"6"},
    }


def test_a_transaction_with_a_database_that_is_not_there_ends_the_load(
    server: oxipipe.Server, redis: oxipipe.Redis
) -> None:
    Path("f.resp").write_bytes(
        commands("SET a 0", "MULTI", "SET b 0", "SELECT 99", "SET b 99", "EXEC", "SET c 99")
    )
    summary = load(server, "f.resp")
    assert (summary["exit_code"], summary["lines"], summary["next_line"]) == (2, 1, 2)
    assert "its SELECT would be refused: ERR DB index is out of range" in summary["said"]
    assert content(server) == {0: {b"a": b"0"}}


@pytest.mark.parametrize("how", ["NOSUCH", "WATCHED"])
def test_a_refused_transaction_with_a_select_ends_the_load(
    server: oxipipe.Server, redis: oxipipe.Redis, how: str
) -> None:
    lines = ["WATCH a", "SET a 1"] if how == "WATCHED" else ["SET a 1"]
    at = len(lines) + 1
    lines += ["MULTI", "SELECT 5", "SET b 5", "NOSUCH" if how == "NOSUCH" else "SET c 5", "EXEC"]
    Path("f.resp").write_bytes(commands(*lines, "SET d 5"))
    summary = load(server, "f.resp")
    assert (summary["exit_code"], summary["refused"]) == (2, 5)
    assert summary["next_line"] == at + 5
    assert f"SELECT (line {at + 1}) was refused" in summary["said"]
    assert content(server) == {0: {b"a": b"1"}}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["MULTI", "SET b 1"], "the MULTI of command 2 has no EXEC"),
        (["MULTI"], "the MULTI of command 2 has no EXEC"),
        (["MULTI", "SET b 1", "MULTI", "EXEC"], "command 4: MULTI inside a transaction"),
        (["MULTI x", "EXEC"], "command 2: MULTI takes no arguments"),
        (["MULTI", "SET b 1", "EXEC now"], "command 4: EXEC takes no arguments"),
        (["EXEC", "SET b 1"], "command 2: EXEC without MULTI"),
        (["DISCARD", "SET b 1"], "command 2: DISCARD without MULTI"),
        (["MULTI", "SET b 1", "WATCH a", "EXEC"], "WATCH is refused in an atomic pipeline"),
        (["MULTI", "SET b 1", "QUIT", "EXEC"], "QUIT is refused in an atomic pipeline"),
        (["MULTI", "SET b 1", "SUBSCRIBE c", "EXEC"], "SUBSCRIBE is refused in"),
    ],
)
def test_a_transaction_that_cannot_be_carried_out_as_it_stands_ends_the_load(
    server: oxipipe.Server, redis: oxipipe.Redis, lines: list[str], said: str
) -> None:
    Path("f.resp").write_bytes(commands("SET a 1", *lines))
    summary = load(server, "f.resp")
    assert (summary["exit_code"], summary["lines"], summary["next_line"]) == (2, 1, 2)
    assert said in summary["said"]
    assert content(server) == {0: {b"a": b"1"}}


def test_a_dry_run_shows_such_commands_as_they_stand() -> None:
    Path("f.resp").write_bytes(commands("SELECT 5", "SET a 1", "MULTI", "SET b 1", "EXEC"))
    done = run("f.resp", "--dry-run", "--url", "unix:///no/such/socket")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:5] == ["SELECT 5", "SET a 1", "MULTI", "SET b 1", "EXEC"]


def test_what_comes_before_a_transaction_does_not_wait_for_its_end(
    server: oxipipe.Server, redis: oxipipe.Redis
) -> None:
    arguments = ["-", "--format", "resp", "--url", server.url, "--quiet"]
    with started(*arguments, stdin=subprocess.PIPE) as loading:
        assert loading.stdin
        loading.stdin.write(commands("SET a 1", "MULTI", "SET b 1"))
        loading.stdin.flush()
        eventually("the command before MULTI", lambda: redis.get("a") == b"1")
        assert redis.get("b") is None
        loading.stdin.write(commands("SET b 2", "EXEC", "SET c 1"))
        loading.stdin.close()
        assert loading.wait(LONG) == 0
    assert content(server) == {0: {b"a": b"1", b"b": b"2", b"c": b"1"}}


def test_what_a_server_has_written_itself(server: oxipipe.Server, redis: oxipipe.Redis) -> None:
    config: dict[str, Any] = {"aof_use_rdb_preamble": "no", "appendfsync": "always"}
    with oxipipe.Server(appendonly="yes", **config) as writer:
        with writer.connect() as client, client.lease() as mine:
            client.set("k", "zero")
            client.set("gone", "soon", ex=100_000)
            for line in ("SELECT 5", "SET k five", "MULTI", "SET l five", "SELECT 6", "SET k six"):
                mine.command(*line.split())
            mine.command("EXEC")
            mine.command("SET", "m", b"six\r\n\xff")
            client.delete("gone")
            client.mset({"a": "0", "b": "0"})
        expected = content(writer)
        files = sorted(Path(writer.directory).rglob("*.aof"))
        data = b"".join(path.read_bytes() for path in files)
    assert resp("MULTI") in data
    Path("appendonly.AOF").write_bytes(data)
    summary = load(server, "appendonly.AOF")
    assert (summary["exit_code"], summary["said"]) == (0, "")
    assert content(server) == expected
    assert set(expected) == {0, 5, 6}
