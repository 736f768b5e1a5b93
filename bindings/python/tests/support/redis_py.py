"""What redis-py's methods take: ours may take more."""

from __future__ import annotations

import inspect
from typing import Any

import pytest


def skip_unless_taken(method: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Skips the test where redis-py has no such method, or one that does not take these arguments or send anything."""
    if method is None:
        pytest.skip("redis-py has no such method")
    signature = inspect.signature(method)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    try:
        signature.replace(parameters=own).bind(*args, **kwargs)
    except TypeError:
        pytest.skip("redis-py's method does not take these arguments")
    if "NotImplementedError" in inspect.unwrap(method).__code__.co_names:
        pytest.skip("redis-py's method refuses to send it")
