"""The rooms of the package: who may import whom, in Python and in the accelerator's C."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import oxipipe

PACKAGE = Path(oxipipe.__file__).parent
ACCELERATOR = Path(__file__).resolve().parent.parent / "accelerator"


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ["oxipipe", *path.relative_to(PACKAGE).with_suffix("").parts]
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(name: str, path: Path, *, at_run_time: bool) -> set[str]:
    """The modules of the package that this one imports, at its top or inside of functions."""
    found: set[str] = set()
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]

    def visit(node: ast.AST, is_typing: bool) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            # With "or" the condition says when it happens at run time, too.
            is_typing_only = isinstance(node.test, ast.Name)
            for child in node.body:
                visit(child, is_typing or is_typing_only)
            for child in node.orelse:
                visit(child, is_typing)
            return
        if is_typing and at_run_time:
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names if alias.name.startswith("oxipipe"))
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*up, base] if base else up)
            if base.split(".")[0] == "oxipipe":
                for alias in node.names:
                    whole = f"{base}.{alias.name}"
                    found.add(whole if whole in NAMES else base)
        for inner in ast.iter_child_nodes(node):
            visit(inner, is_typing)

    visit(ast.parse(path.read_text()), False)
    return found - {name}


NAMES = {name for name, _ in modules()}


def test_the_core_knows_nothing_of_the_package() -> None:
    for name, path in modules():
        if name.startswith("oxipipe._core"):
            for other in imports(name, path, at_run_time=False):
                assert other.startswith("oxipipe._core"), f"{name} imports {other}"


def test_commands_know_no_client() -> None:
    clients = ("oxipipe.client", "oxipipe.pool", "oxipipe.pipeline", "oxipipe.asyncio")
    for name, path in modules():
        if name.startswith("oxipipe.commands"):
            for other in imports(name, path, at_run_time=False):
                assert not other.startswith(clients), f"{name} imports {other}"


def test_nobody_imports_what_stands_in_for_others() -> None:
    for name, path in modules():
        if not name.startswith("oxipipe.compat"):
            for other in imports(name, path, at_run_time=False):
                assert not other.startswith("oxipipe.compat"), f"{name} imports {other}"


def test_rooms_that_only_their_own_door_opens() -> None:
    """A program that blocks does not pay for asyncio, and none but the command for loading files."""
    doors = {
        "oxipipe.asyncio": {"oxipipe._core.loop", "oxipipe._hints"},
        "oxipipe.load": {"oxipipe.cli"},
    }
    for room, may in doors.items():
        for name, path in modules():
            if not name.startswith(room) and name not in may:
                for other in imports(name, path, at_run_time=False):
                    assert not f"{other}.".startswith(f"{room}."), f"{name} imports {other}"


def test_modules_do_not_need_each_other_to_be_imported() -> None:
    """What is imported inside of a function is there when it is called; at the top, there are no circles."""
    graph: dict[str, set[str]] = {}
    for name, path in modules():
        tree = ast.parse(path.read_text())
        top = ast.Module([n for n in tree.body if not isinstance(n, ast.FunctionDef)], [])
        for node in ast.walk(top):
            if isinstance(node, ast.ClassDef):
                node.body = [n for n in node.body if not isinstance(n, ast.FunctionDef)] or [
                    ast.Pass()
                ]
        source = ast.unparse(ast.fix_missing_locations(top))
        copy = _Text(source, path.name)
        graph[name] = imports(name, copy, at_run_time=True)  # type: ignore[arg-type]
    # The package itself imports its parts, which is no need of theirs.
    graph.pop("oxipipe")
    assert not (circle := _circle(graph)), " -> ".join(circle)


def test_no_two_c_files_include_each_other() -> None:
    graph: dict[str, set[str]] = {}
    for path in sorted(ACCELERATOR.rglob("*.[ch]")):
        stem = str(path.relative_to(ACCELERATOR).with_suffix(""))
        names = re.findall(r'^#include "([\w/]+)\.h"', path.read_text(), flags=re.MULTILINE)
        graph.setdefault(stem, set()).update(set(names) - {stem})
    assert len(graph) > 10
    assert not (circle := _circle(graph)), " -> ".join(circle)


class _Text:
    """A file that is not there."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name

    def read_text(self) -> str:
        return self.text


def _circle(graph: dict[str, set[str]]) -> list[str]:
    """Names that lead from one back to itself; none if there is no such way."""
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for other in sorted(graph.get(name, ())):
            if circle := walk(other, [*way, name]):
                return circle
        done.add(name)
        return []

    for name in sorted(graph):
        if circle := walk(name, []):
            return circle
    return []
