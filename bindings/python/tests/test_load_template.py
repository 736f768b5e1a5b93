"""Templates: splitting, placeholders, and what is said when a field is missing."""

from __future__ import annotations

from typing import Any

import pytest

from oxipipe.load.block import Block
from oxipipe.load.fields import Columns, Fields, Members, UsageError, WholeLine
from oxipipe.load.template import Template


def block(*rows: Any, raw: list[bytes] | None = None, first: int = 1) -> Block:
    lines = raw if raw is not None else [b"raw"] * len(rows)
    return Block(range(first, first + len(rows)), lines, rows)


def commands(template: str, fields: Fields, some: Block) -> list[tuple[Any, ...]]:
    return [tuple(command) for command in Template(template, fields).commands(some)]


def test_each_argument_of_each_line() -> None:
    rows = block([b"a", b"1"], [b"b", b"2", b"unused"])
    assert commands("HSET words {0} {1}", Columns(None), rows) == [
        (b"HSET", b"words", b"a", b"1"),
        (b"HSET", b"words", b"b", b"2"),
    ]


def test_values_are_never_split_again() -> None:
    row = block([b'two words "and \\ quotes', b"{0} %b"])
    assert commands("SET {0} {1}", Columns(None), row) == [
        (b"SET", b'two words "and \\ quotes', b"{0} %b")
    ]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("SET 'a b' \"c d\"", (b"SET", b"a b", b"c d")),
        (r"SET a\ b ''", (b"SET", b"a b", b"")),
        ("SET k:{0}:{1} x", (b"SET", b"k:\x00\xff:v", b"x")),
        ("SET {{0}} {{{0}}}", (b"SET", b"{0}", b"{\x00\xff}")),
        ("SET 100%{0}%b %d", (b"SET", b"100%\x00\xff%b", b"%d")),
        ("SET {line} {n}", (b"SET", b"raw", 7)),
        ("SET {n}:{line} {n}{n}", (b"SET", b"7:raw", b"77")),
        ("{1} {0}", (b"v", b"\x00\xff")),
        ("SET é {0}", (b"SET", "é".encode(), b"\x00\xff")),
        ("SET \udcff {0}", (b"SET", b"\xff", b"\x00\xff")),
        ("PING", (b"PING",)),
    ],
)
def test_quotes_braces_and_mixtures(template: str, expected: tuple[Any, ...]) -> None:
    assert commands(template, Columns(None), block([b"\x00\xff", b"v"], first=7)) == [expected]


@pytest.mark.parametrize(
    ("template", "fields", "reason"),
    [
        ("", WholeLine(), "no command"),
        ("  ", WholeLine(), "no command"),
        ("SET 'a", WholeLine(), "quote"),
        ("SET {0", WholeLine(), "lone {"),
        ("SET 0} x", WholeLine(), "lone }"),
        ("SET {} x", WholeLine(), "lone {"),
        ("SET {1} x", WholeLine(), "--format tsv"),
        ("SET {word} x", WholeLine(), "no named fields"),
        ("SET {word} x", Columns(None), "--header"),
        ("SET {word} x", Columns([b"id", b"name"]), "id, name"),
        ("SET {id} x", Columns([b"id", b"id"]), "2 columns"),
    ],
)
def test_a_template_that_cannot_work_is_refused_at_once(
    template: str, fields: Fields, reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        Template(template, fields)


def test_columns_by_name() -> None:
    header = Columns([b"id", "größe".encode(), b"n"])
    row = block([b"1", b"2", b"3"])
    assert commands("SET {id} {größe} {.n}", header, row) == [(b"SET", b"1", b"2", b"3")]


def test_a_column_or_what_the_template_has_itself() -> None:
    header = Columns([b"n", b"line", b"0", b"3", b":n"])
    row = block([b"a", b"b", b"c", b"d", b"e"], first=7)
    either: list[tuple[str, bytes, int | bytes]] = [
        ("n", b"a", 7),
        ("line", b"b", b"raw"),
        ("0", b"c", b"a"),
    ]
    for name, column, own in either:
        with pytest.raises(UsageError) as caught:
            Template(f"SET {{{name}}}", header)
        assert f"write {{:{name}}} or {{.{name}}}" in str(caught.value)
        made = commands(f"SET {{.{name}}} {{:{name}}} x{{:{name}}}", header, row)
        written = b"x%d" % own if isinstance(own, int) else b"x" + own
        assert made == [(b"SET", column, own, written)]
    # There is one meaning only.
    assert commands("{3} {:3} {.3} {.:n}", header, row) == [(b"d", b"d", b"d", b"e")]
    assert commands("{n} {:n} {:line}", WholeLine(), block(b"a")) == [(1, 1, b"raw")]


def test_a_key_or_what_the_template_has_itself() -> None:
    rows = block({"w": "a"}, {"w": "b", "n": 5}, {"w": "c"}, first=7)
    made = Template("SET {w} {n} x{n}", Members())
    each = made.commands(rows)
    assert tuple(next(each)) == (b"SET", b"a", 7, b"x7")
    with pytest.raises(ValueError, match="key of that name") as caught:
        next(each)
    assert "{n}: it may be the line's number or the key" in made.why(rows.rows[1], caught.value)
    assert commands("{.n} {:n} {:line}", Members(), rows.cut(1, 2)) == [(b"5", 8, b"raw")]
    # An array has no keys.
    assert commands("{line} {n}", Members(), block([1])) == [(b"raw", 1)]


def test_members_of_json() -> None:
    rows = block({"w": "é", "line": True, "0": "zero"})
    assert commands("SET {w} {.line} {.0}", Members(), rows) == [
        (b"SET", "é".encode(), b"true", b"zero")
    ]
    assert commands("SET {0} {1}", Members(), block(["a", [1]])) == [(b"SET", b"a", b"[1]")]


@pytest.mark.parametrize(
    ("template", "fields", "row", "reason"),
    [
        ("SET {0} {2}", Columns(None), [b"a", b"b"], "no column {2}: the line has 2 columns"),
        ("SET {0} {1}", Columns(None), [b"a"], "no column {1}: the line has 1 column"),
        ("SET {w}", Members(), {"x": "1"}, "no key {w} in the object"),
        ("SET {w}", Members(), {"w": None}, "{w}: null has no value to send"),
        ("SET {w}", Members(), ["a"], "{w} needs an object, and the line is an array"),
        ("SET {0}", Members(), {"w": "1"}, "{0} needs an array, and the line is an object"),
        ("SET {0}", Members(), {"0": "1"}, "object: write {.0} for the key"),
        ("SET {1}", Members(), ["a"], "no element {1}: the array has 1"),
        ("SET {w}", Members(), {"w": "\ud800"}, "{w} holds half a surrogate pair"),
    ],
)
def test_a_missing_field_is_named(template: str, fields: Fields, row: Any, reason: str) -> None:
    made = Template(template, fields)
    with pytest.raises((LookupError, TypeError, ValueError)) as caught:
        list(made.commands(block(row)))
    assert reason in made.why(row, caught.value)


def test_commands_before_a_bad_record_are_delivered() -> None:
    made = Template("SET {1}", Columns(None)).commands(block([b"a", b"1"], [b"b"], [b"c", b"3"]))
    assert tuple(next(made)) == (b"SET", b"1")
    with pytest.raises(IndexError):
        next(made)
