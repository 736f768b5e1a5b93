"""What `docs/commands` prints of examples is what servers answer: each is run again.

The pages are read as they are, whatever made them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import recording

PAGES = sorted((Path(__file__).resolve().parents[2] / "docs/commands").glob("*.md"))
CALL = re.compile(r">>> (?:r|lease)\.(.*?)(?:  # (.*))?")


@dataclass
class Method:
    """One section of a page."""

    name: str
    #: Its command, as servers spell it.
    command: str
    #: What stands there of replies on the wire.
    wire: list[str]
    lines: list[str]

    @property
    def calls(self) -> list[str]:
        """Those of the method's own name, as examples have them, but for what a script answered."""
        group = self.name.rpartition(".")[0] + "."
        return [
            call.removeprefix(group)
            for call, mark in _calls(self.lines)
            if mark != recording.SCRIPTED
        ]


def methods(page: Path) -> Iterator[Method]:
    for section in page.read_text().split("\n## ")[1:]:
        name = section.partition("\n")[0]
        command = re.search(r"^`([A-Z][^`a-z]*)`[;.]", section, re.MULTILINE)
        examples = re.search(r"^```pycon\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
        wire = re.search(r"^On the wire: RESP2 `([^`]*)`, RESP3 `([^`]*)`", section, re.MULTILINE)
        assert command and examples, name
        yield Method(
            name,
            command[1].replace(" ", "|"),
            list(wire.groups()) if wire else [],
            examples[1].splitlines(),
        )


def _calls(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if found := CALL.fullmatch(line):
            yield found[1], found[2] or ""


def lasting(lines: list[str]) -> list[str]:
    """Without what varies."""
    kept, is_kept = [], True
    for line in lines:
        if line.startswith(">>> "):
            is_kept = f"# {recording.VARIES}" not in line
            kept.append(line)
        elif is_kept:
            kept.append(line)
    return kept


ALL = [(page, method) for page in PAGES for method in methods(page)]
OF_SERVERS = [method for _, method in ALL if "()." not in method.name]
OF_MODULES = [method for _, method in ALL if "()." in method.name]


@pytest.fixture(scope="module")
def recorder() -> Iterator[recording.Recorder]:
    with recording.Recorder() as recorder:
        yield recorder


@pytest.mark.parametrize("method", OF_SERVERS, ids=lambda method: method.name)
def test_servers_answer_so(recorder: recording.Recorder, method: Method) -> None:
    told = [line for call in method.calls for line in recorder.printed(method.command, call)]
    assert lasting(told) == lasting(method.lines)
    if method.name not in recording.VARYING:
        assert recorder.wire(method.command, method.calls) == method.wire


def test_commands_of_modules_are_sent_and_answered_so() -> None:
    called = [(method.name.partition("()."), method.calls) for method in OF_MODULES]
    told = recording.of_modules((accessor, name, calls) for (accessor, _, name), calls in called)
    for method in OF_MODULES:
        fresh = told[method.name]
        lines = [line for example in fresh["examples"].values() for line in example]
        assert lines + fresh["scripted"] == method.lines
        assert fresh["wire"] == method.wire


def test_every_method_is_there() -> None:
    from oxipipe.commands._table import Commands
    from oxipipe.commands.untyped import Untyped

    named = {name for name in vars(Commands) if not name.startswith("_")} - set(vars(Untyped))
    assert {method.name for method in OF_SERVERS} == named
