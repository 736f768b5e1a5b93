"""Shapes of what servers tell of their users."""

from __future__ import annotations

from oxipipe.commands.shapes.common import in_order, ok, pairs, ranks, text, unless_null
from oxipipe.commands.shapes.server import client_info

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


@unless_null
def user(reply: Any) -> dict[str, Any]:
    rules = {text(name): value for name, value in pairs(reply).items()}
    # What only some servers have stays as they tell it.
    told = {name: _several(v) if name in _LISTS else v for name, v in rules.items()}
    if "selectors" in told:
        told["selectors"] = [_selector(selector) for selector in rules["selectors"]]
    commands = text(rules["commands"]).split(" ")
    told["commands"] = [rule for rule in commands if "@" not in rule]
    told["categories"] = [rule for rule in commands if "@" in rule]
    told["enabled"] = "on" in told["flags"]
    return told


@unless_null
def log(reply: Any) -> Any:
    return [_refusal(entry) for entry in reply] if isinstance(reply, list) else ok(reply)


def _several(value: Any) -> list[Any]:
    """A list of texts, from one with spaces between them too."""
    if isinstance(value, (bytes, str)):
        return text(value).split(" ") if value else []
    return [text(one) for one in in_order(value, _FLAGS)]


def _selector(selector: Any) -> list[Any]:
    return [text(part) for item in pairs(selector).items() for part in item]


def _refusal(entry: Any) -> dict[str, Any]:
    told = {text(name): text(value) for name, value in pairs(entry).items()}
    told["client-info"] = client_info(told.get("client-info", ""))
    told["age-seconds"] = float(told["age-seconds"])
    return told


_FLAGS = ranks(
    "on off allkeys allchannels allcommands nopass skip-sanitize-payload sanitize-payload"
)
_LISTS = frozenset("flags passwords keys channels".split())
