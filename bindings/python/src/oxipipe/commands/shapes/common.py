"""Shapes of more than one group of commands."""

from __future__ import annotations

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Callback = Callable[[Any], Any]


def unless_null(function: Callback) -> Callback:
    """`function`, for what is not null."""

    def shape(reply: Any) -> Any:
        return None if reply is None else function(reply)

    return shape


@unless_null
def nothing(_reply: Any) -> list[Any]:
    """An empty list, whatever the reply is."""
    return []


def text(value: Any) -> Any:
    """`value` as str if it is bytes; anything else as it is."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def state(reply: Any) -> Any:
    """A state such as "OK", or a word of the server's, as it comes; a view's decoder is for what programs store."""
    return reply


@unless_null
def texts(reply: Any) -> list[Any]:
    return [text(value) for value in reply]


def ok(reply: Any) -> bool | None:
    return None if reply is None else text(reply) == "OK"


def truth(reply: Any) -> bool | None:
    return None if reply is None else bool(reply)


@unless_null
def number(reply: Any) -> float:
    return float(reply)


def set_result(reply: Any) -> Any:
    # With GET the reply is the old value, which passes.
    return True if reply in (b"OK", "OK") else reply


def always_true(reply: Any) -> bool | None:
    return None if reply is None else True


def pong(reply: Any) -> Any:
    # With a text among its arguments PING answers that.
    return True if reply in _PONGS else reply


def float_or_none(reply: Any) -> float | None:
    return None if reply is None else float(reply)


@unless_null
def floats(reply: Any) -> list[float | None]:
    return [float_or_none(value) for value in reply]


def count_or_score(reply: Any) -> Any:
    # ZADD answers a number of members, with INCR a score.
    return reply if reply is None or isinstance(reply, int) else float(reply)


def as_set(reply: Any) -> set[Any] | None:
    return reply if reply is None or isinstance(reply, set) else set(reply)


def tuple_or_none(reply: Any) -> tuple[Any, ...] | None:
    return tuple(reply) if reply else None


def pairs(reply: Any) -> Any:
    """A map as a dict, from RESP2's flat list too."""
    if reply is None or isinstance(reply, dict):
        return reply
    items = iter(reply)
    return dict(zip(items, items, strict=True))


@unless_null
def dicts(reply: Any) -> list[dict[str, Any]]:
    return [{text(key): text(value) for key, value in pairs(item).items()} for item in reply]


def flat(reply: Any) -> Any:
    """RESP3's list of pairs, or map, as RESP2's flat list."""
    if isinstance(reply, dict):
        return [part for item in reply.items() for part in item]
    if reply and isinstance(reply, list) and isinstance(reply[0], list):
        return [part for item in reply for part in item]
    return reply


def scored(reply: Any, cast: Callable[[Any], Any] = float) -> Any:
    """Members with scores as a list of (member, score)."""
    if not reply:
        return reply
    items = iter(flat(reply))
    return [(member, score(raw, cast)) for member, raw in zip(items, items, strict=True)]


def nested_scored(reply: Any) -> Any:
    # Without knowing whether scores were asked for: only RESP3 shows it, by nesting.
    return scored(reply) if reply and isinstance(reply[0], list) else reply


def popped_score(reply: Any) -> Any:
    return (reply[0], reply[1], float(reply[2])) if reply else None


@unless_null
def scan(reply: Any) -> tuple[int, list[Any]]:
    return int(reply[0]), reply[1]


@unless_null
def hscan(reply: Any) -> tuple[int, dict[Any, Any]]:
    return int(reply[0]), pairs(reply[1])


@unless_null
def zscan(reply: Any) -> tuple[int, list[Any]]:
    return int(reply[0]), scored(reply[1])


@unless_null
def bools(reply: Any) -> list[bool]:
    return [bool(value) for value in reply]


def lines(reply: Any) -> list[str]:
    """Those of a text. Only servers' line ends are one: str.splitlines() knows others, which names and paths may have."""
    return [line for line in text(reply).replace("\r\n", "\n").split("\n") if line]


def unordered(reply: Any) -> Any:
    # RESP3 gives a set where RESP2 gives an array; redis-py gives a list for both.
    return list(reply) if isinstance(reply, set) else reply


def in_order(reply: Any, order: dict[str, int]) -> list[Any]:
    """Flags as a list. RESP3 gives a set where RESP2 gives an array, in the server's order: that is kept as far as it is known."""
    if not isinstance(reply, set):
        return list(reply)
    return sorted(reply, key=lambda flag: (order.get(text(flag), len(order)), text(flag)))


def ranks(names: str) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(names.split())}


def score(told: Any, cast: Callable[[Any], Any]) -> Any:
    if cast is float:
        return float(told)
    # Callers' functions were written for the bytes that RESP2 delivers.
    return cast(f"{told:.17g}".encode() if isinstance(told, float) else told)


#: The array is that of a connection which is subscribed, in RESP2.
_PONGS: tuple[Any, ...] = (b"PONG", "PONG", [b"pong", b""], ["pong", ""])
