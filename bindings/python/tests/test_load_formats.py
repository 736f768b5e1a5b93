"""Formats: from the bytes of a file to records, in whatever pieces the bytes arrive."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from oxipipe.load import csv_records, resp_commands
from oxipipe.load.block import Block, InputError, Refusal
from oxipipe.load.fields import UsageError
from oxipipe.load.formats import Format
from oxipipe.load.inline import join_inline, split_inline
from oxipipe.load.naming import format_of, is_packed
from oxipipe.load.source import Source


class Pieces(Source):
    """A source whose reads end at every `size` bytes."""

    def __init__(self, path: Path, size: int) -> None:
        super().__init__(str(path))
        self._piece = size

    def read(self, most: int = 1 << 16) -> bytes:
        return super().read(min(most, self._piece))


def records(path: Path, layout: Format, size: int = 1 << 16) -> list[Block | Refusal]:
    """Every record alone, as a block of one."""
    template = None if layout.name == "resp" else "PING"
    with Pieces(path, size) as source:
        found: list[Block | Refusal] = []
        for item in layout.open(source, template)[0]:
            if isinstance(item, Block):
                found += [item.cut(i, i + 1) for i in range(len(item))]
            else:
                assert isinstance(item, Refusal)
                found.append(item)
        return found


def rows(path: Path, layout: Format, size: int = 1 << 16) -> list[tuple[int, Any]]:
    """(line number, row), or (line number, the refused line)."""
    return [
        (item.numbers[0], item.rows[0]) if isinstance(item, Block) else (item.number, item.raw)
        for item in records(path, layout, size)
    ]


def until_error(path: Path, layout: Format) -> tuple[list[Any], str]:
    """The rows before the input turns out unreadable, and what is said then."""
    read = []
    with Source(str(path)) as source:
        try:
            for item in layout.open(source, None if layout.name == "resp" else "PING")[0]:
                assert isinstance(item, Block)
                read += list(item.rows)
        except InputError as error:
            return read, str(error)
    pytest.fail("the input was read to its end")


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


SIZES = [1, 2, 3, 7, 1 << 16]


@pytest.mark.parametrize("size", SIZES)
def test_lines_are_kept_byte_for_byte(tmp_path: Path, size: int) -> None:
    path = write(tmp_path / "f", b"a\r\n\n\x00\xff \tb\nlast")
    assert rows(path, Format("lines"), size) == [
        (1, b"a\r"),
        (2, b""),
        (3, b"\x00\xff \tb"),
        (4, b"last"),
    ]
    assert rows(path, Format("lines", crlf=True), size)[0] == (1, b"a")


@pytest.mark.parametrize("data", [b"", b"\n", b"a", b"a\n", b"a\n\n"])
def test_the_number_of_lines_is_what_an_editor_shows(tmp_path: Path, data: bytes) -> None:
    expected = data.decode().splitlines()
    assert len(rows(write(tmp_path / "f", data), Format("lines"))) == len(expected)


@pytest.mark.parametrize("size", SIZES)
def test_tsv(tmp_path: Path, size: int) -> None:
    path = write(tmp_path / "f", b'"a"\t1\n\nb\t\t')
    expected = [(1, [b'"a"', b"1"]), (2, [b""]), (3, [b"b", b"", b""])]
    assert rows(path, Format("tsv"), size) == expected
    assert rows(path, Format("tsv", header=True), size) == expected[1:]
    assert rows(path, Format("tsv", delimiter=b'"'), size)[0] == (1, [b"", b"a", b"\t1"])


@pytest.mark.parametrize("size", SIZES)
def test_csv(tmp_path: Path, size: int) -> None:
    path = write(
        tmp_path / "f",
        b'"id",name\r\n1,"a,""b"""\r\n2,"two\r\nlines"\r\n\r\n3,\xff"x\n4,",\n\n"\n5,',
    )
    expected = [
        (1, [b"id", b"name"]),
        (2, [b"1", b'a,"b"']),
        (3, [b"2", b"two\r\nlines"]),
        (5, [b""]),
        (6, [b"3", b'\xff"x']),
        (7, [b"4", b",\n\n"]),
        (10, [b"5", b""]),
    ]
    assert rows(path, Format("csv"), size) == expected
    assert rows(path, Format("csv", header=True), size) == expected[1:]
    with_lines = records(path, Format("csv"), size)[2]
    assert isinstance(with_lines, Block)
    assert with_lines.raw[0] == b'2,"two\r\nlines"'


@pytest.mark.parametrize("size", SIZES)
def test_a_broken_csv_record_costs_its_own_line_only(tmp_path: Path, size: int) -> None:
    path = write(tmp_path / "f", b'1,"x"y\n2,ok\n3,"open\n4,"ok"\n5,"never\n6,ok\n')
    found = records(path, Format("csv"), size)
    assert [item.number for item in found if isinstance(item, Refusal)] == [1, 3, 5]
    assert [item.numbers[0] for item in found if isinstance(item, Block)] == [2, 4, 6]
    reasons = [item.reason for item in found if isinstance(item, Refusal)]
    assert reasons[0].startswith("not CSV: ',' expected")
    assert reasons[2] == "not CSV: its quote is never closed"


def test_an_open_quote_does_not_swallow_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_records, "LONGEST_RECORD", 1000)
    path = write(tmp_path / "f", b'1,"open\n' + b"2,plain\n" * 5000)
    found = rows(path, Format("csv"), 512)
    assert found[0] == (1, b'1,"open')
    assert found[-1] == (5001, [b"2", b"plain"])
    assert len(found) == 5001


def test_csv_reads_what_pythons_csv_writes(tmp_path: Path) -> None:
    choose = random.Random(1)
    table = [
        ["".join(choose.choices('ab,"\n\xe9 ', k=choose.randrange(6))) for _ in range(3)]
        for _ in range(3000)
    ]
    out = io.StringIO()
    csv.writer(out).writerows(table)
    path = write(tmp_path / "f", out.getvalue().encode("latin-1"))
    read = [[field.decode("latin-1") for field in row] for _, row in rows(path, Format("csv"), 999)]
    assert read == table


@pytest.mark.parametrize("size", SIZES)
def test_json_lines(tmp_path: Path, size: int) -> None:
    lines = [
        b'{"w": "a\\u00e9"}\r',
        b"[1.10, 12345678901234567890]",
        b"",
        b"{",
        b'"text"',
        b'{"w": NaN}',
        b'{"w": "\xff"}',
        b"[" * 100_000,
        b"{}",
    ]
    found = records(write(tmp_path / "f", b"\n".join(lines)), Format("json"), max(size, 1000))
    good = {item.numbers[0]: item.rows[0] for item in found if isinstance(item, Block)}
    assert good == {1: {"w": "aé"}, 2: ["1.10", "12345678901234567890"], 9: {}}
    bad = {item.number: item.reason for item in found if isinstance(item, Refusal)}
    assert bad[3] == bad[3] == "not JSON: Expecting value at character 1"
    assert bad[4].startswith("not JSON: Expecting property name")
    assert bad[5] == "not taken: neither an object nor an array"
    assert bad[6] == "not taken: NaN is not JSON"
    assert bad[7] == "not JSON: byte 8 is not UTF-8"
    assert "deep" in bad[8]


def test_json_values_are_sent_as_they_are_written(tmp_path: Path) -> None:
    value = '{"a":[1.10,-0,1E400,true,null,"\\"é\\n"],"b":{}}'
    path = write(tmp_path / "f", b'{"v":%b}' % value.encode())
    with Source(str(path)) as source:
        items, made = Format("json").open(source, "SET {v}")
        (block,) = items
        assert isinstance(block, Block)
        ((_, sent),) = made.commands(block)
    assert sent.decode() == value
    assert json.loads(sent)["a"][5] == '"é\n'


RESP = b"*2\r\n$3\r\nSET\r\n$6\r\na\r\nb\xff\n\r\n*1\r\n$4\r\nPING\r\n"


@pytest.mark.parametrize("size", SIZES)
def test_resp(tmp_path: Path, size: int) -> None:
    inline = b"set k \"a b\\x00\\n\" 'it\\'s'\r\n\r\nping\n"
    path = write(tmp_path / "f", RESP + inline + RESP * 1000 + b"ping")
    first = [
        (1, [b"SET", b"a\r\nb\xff\n"]),
        (2, [b"PING"]),
        (3, [b"set", b"k", b"a b\0\n", b"it's"]),
        (4, [b"ping"]),
    ]
    found = rows(path, Format("resp"), size)
    assert found[:4] == first
    assert found[4:6] == [(5, first[0][1]), (6, first[1][1])]
    assert found[-1] == (2005, [b"ping"])


@pytest.mark.parametrize("cut", range(1, len(RESP)))
def test_resp_that_ends_too_early(tmp_path: Path, cut: int) -> None:
    whole = b"*2\r\n$3\r\nSET\r\n$6\r\na\r\nb\xff\n\r\n"
    path = write(tmp_path / "f", RESP[:cut])
    if cut in (len(whole), len(RESP)):
        assert rows(path, Format("resp"))
    else:
        with pytest.raises(InputError, match=r"^command [12], byte"):
            rows(path, Format("resp"))


@pytest.mark.parametrize(
    "broken",
    [
        b"*2\r\n$3\r\nSET\r\n$2\r\nabc\r\n",
        b"*2\r\n$3\r\nSET\r\n$4\r\nabc\r\n",
        b"*x\r\n",
        b"*-1\r\n",
        b"*0\r\n",
        b"*1\r\n:1\r\n",
        b"*1\r\n$99999999999\r\n",
        b"*99999999999999999999\r\n",
        b'set "a\r\n',
        b"set " + b"x" * resp_commands.LONGEST_LINE,
    ],
)
def test_broken_resp_ends_the_reading(tmp_path: Path, broken: bytes) -> None:
    path = write(tmp_path / "f", RESP + broken + RESP)
    read, error = until_error(path, Format("resp"))
    assert read == [[b"SET", b"a\r\nb\xff\n"], [b"PING"]]
    assert error.startswith("command 3, byte")


@pytest.mark.parametrize("size", SIZES)
def test_the_annotations_of_an_aof_are_no_commands(tmp_path: Path, size: int) -> None:
    path = write(tmp_path / "f", b"#TS:1700000000\r\n" + RESP + b"#TS:1700000001\r\nping\r\n")
    assert [number for number, _ in rows(path, Format("resp"), size)] == [1, 2, 3]


@pytest.mark.parametrize("start", [b"REDIS0011\xfa\tredis-ver\x057.2.4", b"VALKEY080\xfa\t"])
@pytest.mark.parametrize("rest", [b"", b"\n", b"x" * 100_000])
def test_an_rdb_file_is_told_from_commands(tmp_path: Path, start: bytes, rest: bytes) -> None:
    read, error = until_error(write(tmp_path / "f", start + rest + RESP), Format("resp"))
    assert read == []
    assert "an RDB file" in error


MARK = b"\xef\xbb\xbf"
TEXTS = [
    (Format("lines"), b"a\nb\n", [(1, b"a"), (2, b"b")]),
    (Format("tsv"), b"a\tb", [(1, [b"a", b"b"])]),
    (Format("csv"), b'"a",b', [(1, [b"a", b"b"])]),
    (Format("json"), b'["a"]\n{}', [(1, ["a"]), (2, {})]),
    (Format("resp"), RESP, [(1, [b"SET", b"a\r\nb\xff\n"]), (2, [b"PING"])]),
    (Format("resp"), b"ping", [(1, [b"ping"])]),
]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("layout", "data", "expected"), TEXTS)
def test_a_byte_order_mark_is_taken_off(
    tmp_path: Path, layout: Format, data: bytes, expected: list[Any], size: int, packed: bool
) -> None:
    path = tmp_path / ("f.gz" if packed else "f")
    path.write_bytes(gzip.compress(MARK + data) if packed else MARK + data)
    assert rows(path, layout, size) == expected


@pytest.mark.parametrize("name", ["tsv", "csv"])
def test_a_byte_order_mark_is_not_part_of_the_first_columns_name(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "f", MARK + b"id\n1\n")
    with Source(str(path)) as source:
        Format(name, header=True).open(source, "SET {id} 1")


def test_one_mark_is_taken_off_at_the_start_and_no_other(tmp_path: Path) -> None:
    path = write(tmp_path / "f", MARK + MARK + b"a\n" + MARK + b"b")
    assert rows(path, Format("lines")) == [(1, MARK + b"a"), (2, MARK + b"b")]
    assert rows(write(tmp_path / "mark", MARK), Format("lines")) == []
    for part in (MARK[:1], MARK[:2], MARK[:2] + b"x"):
        assert rows(write(tmp_path / "part", part), Format("lines")) == [(1, part)]


@pytest.mark.parametrize("layout", [layout for layout, _, _ in TEXTS])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_other_encodings_are_refused_by_their_marks(
    tmp_path: Path, layout: Format, encoding: str
) -> None:
    path = write(tmp_path / "f", "\ufeffa\tb\n".encode(encoding))
    read, error = until_error(path, layout)
    assert read == []
    assert f"the input is {encoding[:6].upper()} text" in error
    assert "iconv" in error


def test_inline_lines_there_and_back() -> None:
    choose = random.Random(2)
    for _ in range(2000):
        arguments = [
            bytes(choose.choices(b"ab \"'\\\r\n\t\0\xff{x", k=choose.randrange(8)))
            for _ in range(choose.randrange(1, 5))
        ]
        line = join_inline(arguments)
        assert b"\n" not in line
        assert split_inline(line) == arguments


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("words.tsv", "tsv"),
        ("words.TAB.gz", "tsv"),
        ("a.b.csv", "csv"),
        ("x.jsonl.gz", "json"),
        ("x.ndjson", "json"),
        ("x.json", "json"),
        ("x.resp", "resp"),
        ("x.txt", "lines"),
        ("words", "lines"),
        ("csv", "lines"),
        ("-", "lines"),
        ("", "lines"),
        ("f.gz", "lines"),
        ("f.csv.gz.gz", "lines"),
        ("dir.csv/words", "lines"),
        ("words.Csv", "csv"),
        ("words.CSV.Gz", "csv"),
        ("words.Json", "json"),
        ("words.JSONL.GZ", "json"),
        ("words.NDJson", "json"),
        ("words.RESP", "resp"),
        ("appendonly.aof", "resp"),
        ("appendonly.AOF.gz", "resp"),
    ],
)
def test_the_format_by_the_name(name: str, expected: str) -> None:
    assert format_of(name) == expected


@pytest.mark.parametrize("name", ["f.gz", "f.GZ", "f.csv.Gz", ".gz"])
def test_a_packed_file_by_the_name(name: str) -> None:
    assert is_packed(name)


@pytest.mark.parametrize("name", ["f", "gz", "f.gzip", "f.gz.csv", "dir.gz/f", ""])
def test_a_plain_file_by_the_name(name: str) -> None:
    assert not is_packed(name)


@pytest.mark.parametrize("size", [3, 1 << 16])
def test_gzip(tmp_path: Path, size: int) -> None:
    path = tmp_path / "f.tsv.gz"
    path.write_bytes(gzip.compress(b"a\t1\n") + gzip.compress(b"b\t2\n"))
    assert rows(path, Format("tsv"), size) == [(1, [b"a", b"1"]), (2, [b"b", b"2"])]


def test_broken_gzip_is_an_error_after_what_could_be_read(tmp_path: Path) -> None:
    lines = b"".join(b"%d\n" % n for n in range(200_000))
    path = write(tmp_path / "f.gz", gzip.compress(lines)[:-50_000])
    read, error = until_error(path, Format("lines"))
    assert read == [b"%d" % n for n in range(len(read))]
    assert 0 < len(read) < 200_000
    assert error.startswith("reading failed after")
    with pytest.raises(InputError, match="gzip"):
        rows(write(tmp_path / "plain.gz", b"plain text\n"), Format("lines"))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Format("json", header=True),
        lambda: Format("lines", delimiter=b","),
        lambda: Format("csv", delimiter=b",,"),
        lambda: Format("tsv", delimiter=b"\n"),
        lambda: Format("tsv", delimiter=b""),
    ],
)
def test_options_that_do_not_fit_the_format(make: Any) -> None:
    with pytest.raises(UsageError):
        make()


def test_progress_is_known_for_files_and_unknown_for_pipes(tmp_path: Path) -> None:
    with Source(str(write(tmp_path / "f", b"x" * 1000))) as source:
        assert source.done() == 0.0
        assert not source.would_wait()
        source.read()
        assert source.done() == 1.0
        assert source.bytes == 1000
    os.mkfifo(tmp_path / "pipe")
    writer = os.open(tmp_path / "pipe", os.O_RDWR)
    with Source(str(tmp_path / "pipe")) as source:
        assert source.done() is None
        assert source.would_wait()
        os.write(writer, b"line\n")
        assert not source.would_wait()
        assert source.read() == b"line\n"
    os.close(writer)
