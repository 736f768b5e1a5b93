"""What may be an argument, how it travels, and that nothing is sent or queued when one may not."""

from __future__ import annotations

import decimal
import pickle
from typing import Any

import pytest

import oxipipe
from oxipipe import DataError, exceptions

GOOD = [
    (b"\x00\xff\r\n", b"\x00\xff\r\n"),
    (b"", b""),
    ("", b""),
    ("text", b"text"),
    ("Grüße 🐍", "Grüße 🐍".encode()),
    (0, b"0"),
    (-7, b"-7"),
    (2**64, b"18446744073709551616"),
    (-(2**63), b"-9223372036854775808"),
    (1.5, b"1.5"),
    (0.1, b"0.1"),
    (1e300, b"1e+300"),
    (float("inf"), b"inf"),
    (bytearray(b"ba"), b"ba"),
    (memoryview(b"view"), b"view"),
    (memoryview(b"a-b-c-")[::2], b"abc"),
]

BAD = [True, False, None, [], (), {}, {"a"}, object(), 1j, decimal.Decimal(1), DataError, range(3)]


class Name(str):
    """As django-redis' keys are."""


class Blob(bytes):
    pass


class Number(int):
    pass


@pytest.mark.parametrize(("value", "wire"), GOOD, ids=lambda value: repr(value)[:20])
def test_values_travel_unchanged(r: oxipipe.Redis, value: Any, wire: bytes) -> None:
    assert r.echo(value) == wire
    assert r.pipeline(transaction=False).echo(value).execute() == [wire]
    assert r.pipeline().echo(value).execute() == [wire]


@pytest.mark.parametrize(
    ("value", "wire"), [(Name("key"), b"key"), (Blob(b"blob"), b"blob"), (Number(3), b"3")]
)
def test_subclasses_are_what_they_derive_from(r: oxipipe.Redis, value: Any, wire: bytes) -> None:
    assert r.echo(value) == wire
    assert r.pipeline(transaction=False).echo(value).execute() == [wire]


@pytest.mark.parametrize("value", BAD, ids=repr)
def test_other_types_are_refused_before_anything_is_sent(r: oxipipe.Redis, value: Any) -> None:
    with pytest.raises(DataError, match="Invalid input of type") as caught:
        r.set("key", value)
    assert type(value).__name__ in str(caught.value)
    assert caught.value.outcome == "NOT_APPLIED"
    assert r.exists("key") == 0
    with pytest.raises(DataError):
        r.command(value)
    with pytest.raises(DataError):
        r.command_as(None, "SET", value, "x")


@pytest.mark.parametrize("transaction", [False, True])
@pytest.mark.parametrize("value", BAD, ids=repr)
def test_a_pipeline_keeps_what_it_had(r: oxipipe.Redis, value: Any, transaction: bool) -> None:
    pipeline = r.pipeline(transaction).set("before", 1)
    with pytest.raises(DataError, match="Invalid input of type"):
        pipeline.hset("hash", "field", value)
    assert len(pipeline) == 1
    pipeline.set("after", 2)
    assert pipeline.execute() == [True, True]
    assert sorted(r.keys()) == [b"after", b"before"]


def test_a_command_needs_a_name(r: oxipipe.Redis) -> None:
    pipeline = r.pipeline(transaction=False)
    for call in (r.command, r.execute_command, pipeline.command):
        with pytest.raises(DataError):
            call()
        with pytest.raises(DataError):
            call("")
    assert len(pipeline) == 0
    assert r.ping()


def test_text_that_cannot_be_encoded(r: oxipipe.Redis) -> None:
    """It is both a DataError and the UnicodeEncodeError that it always was."""
    pipeline = r.pipeline(transaction=False).set("a", 1)
    for call in (r.set, pipeline.set):
        with pytest.raises(DataError) as caught:
            call("key", "x\ud800")
        error: Any = caught.value
        assert type(error) is exceptions.EncodingError
        assert isinstance(error, UnicodeEncodeError)
        assert error.outcome == "NOT_APPLIED"
        assert (error.encoding, error.object, error.start) == ("utf-8", "x\ud800", 1)
        assert str(error).startswith("'utf-8' codec can't encode")
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
    with pytest.raises(exceptions.EncodingError):
        r.command("\ud800")
    assert pipeline.execute() == [True]
    assert r.exists("key") == 0


def test_text_that_another_encoding_does_not_have(server: oxipipe.Server) -> None:
    with server.connect(encoding="ascii") as client:
        for call in (client.set, client.pipeline().set):
            with pytest.raises(exceptions.EncodingError, match="ascii"):
                call("key", "é")


def test_names_of_commands_in_any_spelling_and_type(r: oxipipe.Redis) -> None:
    for name in ("set", "SET", "Set", b"SET", b"set", bytearray(b"SeT"), memoryview(b"set")):
        assert r.command(name, "key", 1) is True
        assert r.pipeline(transaction=False).command(name, "key", 1).execute() == [True]


def test_encodings(server: oxipipe.Server) -> None:
    with server.connect(encoding="latin-1") as latin, server.connect() as plain:
        latin.set("key", "é")
        assert plain.get("key") == b"\xe9"
    with server.connect(encoding="utf-16-le", decode_responses=True) as wide:
        # The name of the command is an argument like the others, in every encoding.
        wide.command(b"SET", b"key", "é")
        assert wide.command(b"GET", b"key") == "é"
        pipeline = wide.pipeline(transaction=False).command(b"SET", b"key", "ab")
        assert pipeline.command(b"GET", b"key").execute()[1] == "ab"
    with server.connect(encoding="ascii", encoding_errors="replace") as lossy:
        lossy.set("key", "é")
        assert lossy.get("key") == b"?"
    with pytest.raises(LookupError):
        server.connect(encoding="no-such-encoding")
