"""The exception tree: redis-py's, and complete for the library's statuses."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import oxipipe
from oxipipe import event, exceptions

OUR_OWN = {
    "CancelledError",
    "ClosedError",
    "ConcurrentUseError",
    "DecodeError",
    "EncodingError",
    "ForkedError",
    "InternalError",
    "NoMemoryError",
    "OptionError",
    "QueueFullError",
    "RefusedError",
    "UnknownNameError",
    "UndecodableTextError",
}


def test_it_is_redis_pys_tree() -> None:
    theirs = pytest.importorskip("redis.exceptions")
    for name, kind in vars(theirs).items():
        if inspect.isclass(kind) and issubclass(kind, Exception):
            ours = getattr(exceptions, name)
            assert [base.__name__ for base in ours.__mro__] == [
                base.__name__ for base in kind.__mro__
            ]


def test_nothing_else_but_ours() -> None:
    theirs = pytest.importorskip("redis.exceptions")
    names = {name for name, kind in vars(exceptions).items() if inspect.isclass(kind)}
    assert names - set(vars(theirs)) == OUR_OWN


def test_every_status_of_the_header_has_a_class() -> None:
    header = Path(oxipipe.get_include(), "oxipipe/oxipipe.h").read_text()
    statuses = {int(number) for number in re.findall(r"#define OXP_ERR_\w+ \((-\d+)\)", header)}
    assert statuses == set(exceptions._BY_STATUS)
    outcomes = dict(re.findall(r"#define OXP_OUTCOME_(\w+) (\d+)", header))
    names = {int(number): name for name, number in outcomes.items()}
    assert {**names, 0: None} == exceptions._OUTCOMES


def test_unknown_statuses_belong_to_their_hundred() -> None:
    assert type(exceptions.call_error(-150, 0, "new")) is exceptions.ConnectionError
    assert type(exceptions.call_error(-599, 2, "new")) is exceptions.TimeoutError
    assert type(exceptions.call_error(-777, 0, "new")) is exceptions.RedisError
    error = exceptions.call_error(-103, 2, "gone", 104, 3, 2, 1)
    assert (error.status, error.outcome, error.errno) == (-103, "UNKNOWN", 104)
    assert (error.replied, error.unknown, error.not_applied) == (3, 2, 1)


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("ERR syntax error", "ResponseError", "syntax error"),
        ("WRONGTYPE Operation", "ResponseError", "WRONGTYPE Operation"),
        ("something else", "ResponseError", "something else"),
        ("", "ResponseError", ""),
        ("NOAUTH Authentication required.", "AuthenticationError", "Authentication required."),
        ("WRONGPASS invalid", "AuthenticationError", "invalid"),
        ("ERR max number of clients reached", "ConnectionError", "max number of clients reached"),
        ("ERR invalid password", "AuthenticationError", "invalid password"),
        ("LOADING Redis is loading", "BusyLoadingError", "Redis is loading"),
        ("NOSCRIPT No matching script", "NoScriptError", "No matching script"),
        ("EXECABORT Transaction discarded", "ExecAbortError", "Transaction discarded"),
        ("READONLY You can't write", "ReadOnlyError", "You can't write"),
        ("OOM command not allowed", "OutOfMemoryError", "command not allowed"),
        ("NOPERM no", "NoPermissionError", "no"),
        ("TRYAGAIN Multiple keys", "TryAgainError", "Multiple keys"),
        ("CLUSTERDOWN down", "ClusterDownError", "down"),
        ("MASTERDOWN down", "MasterDownError", "down"),
        ("CROSSSLOT Keys", "ClusterCrossSlotError", "Keys"),
        ("MOVED 3999 127.0.0.1:6381", "MovedError", "3999 127.0.0.1:6381"),
        ("ASK 3999 ::1:6381", "AskError", "3999 ::1:6381"),
        ("MOVED nonsense", "ResponseError", "MOVED nonsense"),
        ("MOVED x y:z", "ResponseError", "MOVED x y:z"),
    ],
)
def test_error_replies(text: str, name: str, message: str) -> None:
    error = exceptions.reply_error(text)
    assert (type(error).__name__, str(error), error.outcome) == (name, message, "REJECTED")


def test_redirections_are_taken_apart() -> None:
    error = exceptions.reply_error("MOVED 3999 ::1:6381")
    assert isinstance(error, exceptions.MovedError)
    assert (error.slot_id, error.host, error.port) == (3999, "::1", 6381)


def test_scripts_raise_what_redis_py_raises(r: oxipipe.Redis) -> None:
    with pytest.raises(exceptions.NoScriptError):
        r.command("EVALSHA", "f" * 40, 0)
    nested = r.command("EVAL", "return {1, redis.error_reply('ERR inside'), 2}", 0)
    assert isinstance(nested[1], exceptions.ResponseError)
    assert nested[::2] == [1, 2]


def test_every_kind_of_event_in_the_header_has_a_name() -> None:
    header = Path(oxipipe.get_include(), "oxipipe/oxipipe.h").read_text()
    kinds = {
        int(n): name.lower() for name, n in re.findall(r"#define OXP_EVENT_(\w+) (\d+)", header)
    }
    assert kinds == event._KINDS
    assert event.event_of((99, None, None, 0, None)).kind == "other"
