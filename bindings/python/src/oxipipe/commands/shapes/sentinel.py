"""Shapes of what Sentinel tells."""

from __future__ import annotations

from oxipipe.commands.shapes.common import ok, pairs, text, unless_null

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


@unless_null
def state(reply: Any) -> dict[str, Any]:
    """What is known about one server: numbers as int, and each flag as a bool too."""
    told = {text(name): text(value) for name, value in pairs(reply).items()}
    for name in _NUMBERS & told.keys():
        if told[name].lstrip("-").isdecimal():
            told[name] = int(told[name])
    flags = told.get("flags", "").split(",")
    told.update({f"is_{name}": flag in flags for name, flag in _FLAGS.items()})
    return told


@unless_null
def states(reply: Any) -> list[dict[str, Any]]:
    return [state(one) for one in reply]


@unless_null
def states_by_name(reply: Any) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in states(reply)}


def address(reply: Any) -> tuple[Any, int] | None:
    return (reply[0], int(reply[1])) if reply else None


@unless_null
def ckquorum(reply: Any) -> bool:
    # It goes on to say how many sentinels there are.
    return bool(text(reply).partition(" ")[0] == "OK")


@unless_null
def config(reply: Any) -> Any:
    if isinstance(reply, (bytes, str)):
        return ok(reply)
    return {text(name): text(value) for name, value in pairs(reply).items()}


_NUMBERS = frozenset(
    (
        "can-failover-its-master config-epoch down-after-milliseconds failover-timeout info-refresh last-hello-message"
        " last-ok-ping-reply last-ping-reply last-ping-sent master-link-down-time master-port num-other-sentinels"
        " num-slaves o-down-time parallel-syncs pending-commands port quorum role-reported-time s-down-time"
        " slave-priority slave-repl-offset voted-leader-epoch"
    ).split()
)
_FLAGS = {
    "master": "master",
    "slave": "slave",
    "sdown": "s_down",
    "odown": "o_down",
    "sentinel": "sentinel",
    "disconnected": "disconnected",
    "master_down": "master_down",
}
