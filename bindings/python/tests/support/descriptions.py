"""What is told of commands: `tools/commands`, as the generator of the methods reads it."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "tools"))

# The tools are no part of what is type-checked here.
_entries: Any = import_module("commandgen.entries")
_servers: Any = import_module("commandgen.servers")
_checks: Any = import_module("commandgen.checks")
_order: Any = import_module("commandgen.order")

_TOLD = _servers.read_all()
#: Descriptions of methods by their names.
ENTRIES: dict[str, Any] = {entry.name: entry for entry in _entries.read()}
#: Methods of commands that none of the servers has which tests run against.
UNSEEN = {
    name for name, entry in ENTRIES.items() if not any(t.is_of_tests for t, _ in entry.told(_TOLD))
}


def stand_as_told(entry: Any, words: list[str]) -> bool:
    """Whether the words of a command stand in the order in which somebody describes them."""
    described = [command["arguments"] for _, command in entry.told(_TOLD)]
    return bool(_order.is_as_told(words, described, _checks.added(entry, _TOLD)))
