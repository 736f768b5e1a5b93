"""What the formats of `oxipipe load` take at most, as docs/load.md says. Sizes that would take long are made smaller."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.loading import load

import oxipipe
from oxipipe.load import csv_records, json_lines, lines, resp_commands, steps
from oxipipe.load.block import Block, InputError, Refusal
from oxipipe.load.formats import Format
from oxipipe.load.source import BLOCK, Source

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "load.md"
MIB = 1024 * 1024


def read(path: Path, data: bytes, layout: Format) -> tuple[list[Any], str]:
    """The rows and refused lines, and what ended the reading early."""
    path.write_bytes(data)
    found: list[Any] = []
    with Source(str(path)) as source:
        try:
            for item in layout.open(source, None if layout.name == "resp" else "PING")[0]:
                if isinstance(item, Block):
                    found += item.rows
                else:
                    found.append(item)
        except InputError as error:
            return found, str(error)
    return found, ""


def test_the_documentation_has_the_numbers_of_the_code() -> None:
    table = DOCUMENTATION.read_text()
    said = {
        "a line": lines.LONGEST // MIB,
        "a CSV record of several lines": csv_records.LONGEST_RECORD // MIB,
        "nested arrays and objects of JSON": json_lines.DEEPEST,
        "an inline command of RESP": resp_commands.LONGEST_LINE // 1024,
        "an argument of RESP": resp_commands.LONGEST_VALUE // MIB,
        "arguments of a RESP command": resp_commands.MOST_ARGUMENTS,
        "commands of a transaction": steps.MOST_QUEUED,
        "bytes of a transaction": steps.LARGEST_QUEUE // MIB,
    }
    for what, number in said.items():
        row = re.search(rf"^\| {what}\b[^|]*\| ([\d,]+)", table, re.MULTILINE)
        assert row, what
        assert int(row[1].replace(",", "")) == number, what


@pytest.mark.parametrize("name", ["lines", "tsv", "csv", "json"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\nnext\n"])
@pytest.mark.parametrize("size", [3 * BLOCK - 1, 3 * BLOCK, 3 * BLOCK + 1])
def test_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, end: bytes, size: int
) -> None:
    monkeypatch.setattr(lines, "LONGEST", 3 * BLOCK)
    line = b'["%b"]' % (b"x" * (size - 4))
    found, error = read(tmp_path / "f", line + end, Format(name))
    if size <= 3 * BLOCK:
        assert found and not error
    else:
        assert (found, error) == ([], "a line is longer than 196,608 bytes")


@pytest.mark.parametrize("name", ["tsv", "csv"])
def test_columns_have_no_limit(tmp_path: Path, name: str) -> None:
    row = [b"%d" % n for n in range(300_000)]
    data = (b"\t" if name == "tsv" else b",").join(row)
    assert read(tmp_path / "f", data, Format(name)) == ([row], "")


def test_a_csv_value_of_one_line_may_be_as_long_as_the_line(tmp_path: Path) -> None:
    value = b"x" * (csv_records.LONGEST_RECORD + 1)
    assert read(tmp_path / "f", b'"%b"' % value, Format("csv")) == ([[value]], "")


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_csv_record_of_several_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beyond: int
) -> None:
    monkeypatch.setattr(csv_records, "LONGEST_RECORD", 1000)
    # Without line ends.
    first, second = b'"' + b"x" * 499, b"y" * (499 + beyond) + b'"'
    found, error = read(tmp_path / "f", first + b"\n" + second + b"\n1\n", Format("csv"))
    assert not error
    assert found[-1] == [b"1"]
    if beyond:
        assert isinstance(found[0], Refusal)
        assert (found[0].raw, found[0].number) == (first, 1)
        assert "not closed within 1,000 bytes" in found[0].reason
    else:
        assert found[0] == [first[1:] + b"\n" + second[:-1]]


def test_members_of_json_have_no_limit(tmp_path: Path) -> None:
    ((row,), error) = read(tmp_path / "f", b"[%b1]" % (b"1," * 300_000), Format("json"))
    assert (len(row), error) == (300_001, "")


@pytest.mark.parametrize("opening", [b"[[", b'{"a":{"a":', b'[{"a":'])
@pytest.mark.parametrize("beyond", [0, 2, 100_000])
def test_nested_json(tmp_path: Path, opening: bytes, beyond: int) -> None:
    start = opening * ((json_lines.DEEPEST + beyond) // 2)
    closing = start.replace(b'"a":', b"").translate(bytes.maketrans(b"[{", b"]}"))
    found, error = read(tmp_path / "f", start + b"1" + closing[::-1] + b"\n{}\n", Format("json"))
    assert (len(found), found[1], error) == (2, {}, "")
    if beyond:
        assert isinstance(found[0], Refusal)
        assert f"nested more than {json_lines.DEEPEST} deep" in found[0].reason
    else:
        assert not isinstance(found[0], Refusal)


def test_nested_json_one_level_too_deep(tmp_path: Path) -> None:
    deep = json_lines.DEEPEST + 1
    found, _ = read(tmp_path / "f", b"[" * deep + b"]" * deep, Format("json"))
    assert isinstance(found[0], Refusal)


def test_the_deepest_json_can_be_sent(tmp_path: Path) -> None:
    deep = json_lines.DEEPEST - 1
    value = b"[" * deep + b"1.10" + b"]" * deep
    (tmp_path / "f").write_bytes(b'{"v":%b}' % value)
    with Source(str(tmp_path / "f")) as source:
        items, made = Format("json").open(source, "SET {v}")
        (block,) = items
        assert isinstance(block, Block)
        assert [tuple(command) for command in made.commands(block)] == [(b"SET", value)]


@pytest.mark.parametrize("beyond", [0, 1])
def test_an_inline_command(tmp_path: Path, beyond: int) -> None:
    size = resp_commands.LONGEST_LINE - len("ECHO \n") + beyond
    found, error = read(tmp_path / "f", b"ECHO %b\nPING\n" % (b"x" * size), Format("resp"))
    if beyond:
        assert found == []
        assert "a line is longer than 65,536 bytes" in error
    else:
        assert (found, error) == ([[b"ECHO", b"x" * size], [b"PING"]], "")


@pytest.mark.parametrize("beyond", [0, 1])
@pytest.mark.parametrize("head", [b"*%d\r\n", b"*1\r\n$%d\r\n"])
def test_lengths_in_resp(tmp_path: Path, head: bytes, beyond: int) -> None:
    most = resp_commands.MOST_ARGUMENTS if head == b"*%d\r\n" else resp_commands.LONGEST_VALUE
    found, error = read(tmp_path / "f", head % (most + beyond), Format("resp"))
    assert found == []
    assert ("more than any server takes" in error) == bool(beyond)


def test_arrays_in_resp_are_not_nested(tmp_path: Path) -> None:
    found, error = read(tmp_path / "f", b"*1\r\n*1\r\n$4\r\nPING\r\n", Format("resp"))
    assert found == []
    assert "where a length like $3 must be" in error


@pytest.mark.parametrize("beyond", [0, 1])
@pytest.mark.parametrize(("limit", "size"), [("MOST_QUEUED", 5), ("LARGEST_QUEUE", 18)])
def test_a_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, size: int, beyond: int
) -> None:
    monkeypatch.setattr(steps, limit, size - beyond)
    data = b"PING\nMULTI\nset\nset\nset\nEXEC\n"
    found, error = read(tmp_path / "f", data, Format("resp"))
    assert found[0] == [b"PING"]
    if beyond:
        assert len(found) == 1
        assert error.startswith("the transaction of command 2 is larger than")
    else:
        assert (len(found[1].block), error) == (5, "")


@pytest.mark.parametrize("apart", [False, True])
def test_a_value_that_the_server_does_not_take(tmp_path: Path, apart: bool) -> None:
    """The server hangs up, with or without a word that arrives: never is the line taken for accepted."""
    big = b"*2\r\n$4\r\nECHO\r\n$2000000\r\n%b\r\n" % (b"x" * 2_000_000)
    first = b"CLIENT NO-EVICT on\n" if apart else b"PING\n"
    (tmp_path / "f.resp").write_bytes(first + big + b"PING\n")
    with oxipipe.Server(proto_max_bulk_len="1mb") as server:
        summary = load(server, str(tmp_path / "f.resp"))
    assert summary["exit_code"] in (1, 3)
    rows = (tmp_path / "f.resp.refused").read_bytes().splitlines()
    assert 2 in [int(row.split(b"\t")[0]) for row in rows]
