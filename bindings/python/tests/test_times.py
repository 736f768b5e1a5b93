"""Times are whole numbers, or objects of datetime; others are refused before anything is sent, as redis-py refuses some of them."""

from __future__ import annotations

from typing import Any

import pytest

import oxipipe
from oxipipe import DataError

WRONG: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("set", ("k", "v"), {"ex": 1.5}, "ex"),
    ("set", ("k", "v"), {"px": 1.5}, "px"),
    ("set", ("k", "v"), {"exat": 1.5}, "exat"),
    ("getex", ("k",), {"pxat": 1.5}, "pxat"),
    ("expire", ("k", 1.5), {}, "time"),
    ("pexpireat", ("k", 1e12), {}, "when"),
    ("setex", ("k", 1.5, "v"), {}, "time"),
    ("hexpire", ("h", 1.5, "f"), {}, "seconds"),
]


@pytest.mark.parametrize(("method", "args", "options", "name"), WRONG)
def test_a_float_is_no_time(
    r: oxipipe.Redis, method: str, args: Any, options: Any, name: str
) -> None:
    expected = (
        f"Invalid input of type: 'float'. It is the argument '{name}' of {method}\\(\\), which takes"
        " a whole number, or an object of datetime"
    )
    pipe = r.pipeline(transaction=False)
    for owner in (r, pipe):
        with pytest.raises(DataError, match=expected):
            getattr(owner, method)(*args, **options)
    assert len(pipe) == 0
