"""Holds the entries to what servers say about their commands, and to redis-py's methods.

What is missing or other on purpose stands in `tools/commands/ledger.toml` with its reason, and nothing else does.
"""

from __future__ import annotations

import ast
import fnmatch
import importlib
import inspect
import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

from commandgen import entries as described_entries
from commandgen import order
from commandgen.entries import GROUPS, Entry
from commandgen.servers import Command, Told
from commandgen.template import SEVERAL, Flag, Group, Literal, Part, Value, literals

LEDGER = GROUPS / "ledger.toml"


def against_servers(entries: list[Entry], told: list[Told]) -> None:
    """Names, words, their number and order are as described; each command has a method, or a reason why not.

    Of commands that no server of the tests has, the ledger says so.
    """
    ledger = tomllib.loads(LEDGER.read_text())
    wrong = []
    for entry in entries:
        described = [command for _, command in entry.told(told)]
        if described:
            wrong += _arity(entry, described)
            wrong += _tokens(entry, described, told)
            wrong += _order(entry, described, told)
        else:
            wrong.append(f"{entry.name}: nobody tells of {entry.command}")
    named = {entry.command for entry in entries} | {
        command["name"] for entry in entries for _, command in entry.told(told)
    }
    everything = {command["name"] for one in told for command in one.commands}
    containers = {name.partition("|")[0] for name in everything if "|" in name}
    wrong += _named(
        ledger["commands"], everything - named - containers, "has no method; describe it, or say"
    )
    unseen = {e.command for e in entries if not any(one.is_of_tests for one, _ in e.told(told))}
    wrong += _named(ledger["unseen"], unseen, "is on no server of the tests; say")
    _report(wrong)


def against_any(entries: list[Entry], groups: list[described_entries.Group]) -> None:
    """What is returned has a type, or the ledger says why a part of it is Any. It calls methods of modules "json.get"."""
    methods = {entry.name: entry for entry in entries}
    methods |= {f"{g.accessor}.{e.name}": e for g in groups if not g.of for e in g.entries}
    names = {
        name
        for name, entry in methods.items()
        if re.search(r"\bAny\b", " ".join([entry.returns, *entry.returns_if.values()]))
    }
    reasons = tomllib.loads(LEDGER.read_text())["any"]
    _report(list(_named(reasons, names, "returns Any; say")))


def _named(reasons: dict[str, str], names: set[str], fault: str) -> Iterator[str]:
    """The ledger has a reason for each of them and for no other. "X*" stands for all that begin so."""
    patterns = dict.fromkeys(reasons, False)
    for name in sorted(names):
        fitting = [pattern for pattern in patterns if fnmatch.fnmatchcase(name, pattern)]
        if not fitting:
            yield f"{name} {fault} in {LEDGER.name} why"
        patterns.update(dict.fromkeys(fitting, True))
    for pattern, is_needed in patterns.items():
        if not is_needed:
            yield f"{LEDGER.name} has {pattern} without need"


def against_redis_py(entries: list[Entry]) -> None:
    """Methods have redis-py's names, and its arguments in its order with its defaults; ours may take more."""
    import redis

    theirs = dict(_redis_py_methods())
    ours = {entry.name: entry for entry in entries}
    ledger = tomllib.loads(LEDGER.read_text())["redis-py"]
    wrong = []
    for name in sorted(theirs.keys() - ours.keys() - ledger.keys()):
        wrong.append(
            f"redis-py {redis.__version__} has {name}; describe it, or say in {LEDGER.name} why not"
        )
    for name in ledger:
        if name in ours or name not in theirs:
            wrong.append(
                f"{LEDGER.name} says why there is no {name}, but there is, or redis-py has none"
            )
    for name in theirs.keys() & ours.keys():
        wrong += _differs(ours[name], theirs[name])
    _report(wrong)


def groups_against_redis_py(groups: list[described_entries.Group]) -> None:
    """As `against_redis_py`, for the classes of modules. The ledger calls methods "json.set_path"."""
    ledger = dict(tomllib.loads(LEDGER.read_text())["modules"])
    wrong = []
    for group in groups:
        module, _, name = group.theirs.rpartition(".")
        kind = getattr(importlib.import_module(module), name)
        ours = {entry.name: entry for entry in group.entries}
        theirs = {
            method: function
            for base in kind.__mro__
            if base.__name__.endswith("Commands")
            for method, function in vars(base).items()
            if not method.startswith("_") and inspect.isfunction(function)
        }
        for method, function in theirs.items():
            spelled = f"{group.accessor}.{method}"
            if (method in ours) is (spelled in ledger):
                wrong.append(f"{spelled}: describe it, or say in {LEDGER.name} why not; not both")
            ledger.pop(spelled, None)
            if method in ours:
                wrong += _differs(ours[method], function)
    wrong += [
        f"{LEDGER.name} says why there is no {name}, which redis-py has not" for name in ledger
    ]
    _report(wrong)


def _differs(entry: Entry, theirs: Any) -> list[str]:
    mine, other = list(_own_parameters(entry)), list(_parameters(theirs))
    if (mine[: len(other)] == other) is not bool(entry.unlike):
        return []
    said = f"which it is not: {entry.unlike}" if entry.unlike else f"{other}\nbut here {mine}"
    return [f"{entry.name}: redis-py's signature is {said}"]


def _redis_py_methods() -> Iterator[tuple[str, Any]]:
    from redis.commands import cluster, core, sentinel

    # Last what counts: cluster clients change the signatures of a few.
    for module in (cluster, sentinel, core):
        for name, kind in vars(module).items():
            if (
                inspect.isclass(kind)
                and kind.__module__ == module.__name__
                and name.endswith("Commands")
                and not name.startswith("Async")
            ):
                for method, function in vars(kind).items():
                    if not method.startswith("_") and callable(function):
                        yield method, function


def _parameters(function: Any) -> Iterator[tuple[str, str, str]]:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    for parameter in parameters:
        if parameter.kind is parameter.VAR_KEYWORD:
            continue  # options of its own `execute_command`
        yield _facts(parameter)


def _own_parameters(entry: Entry) -> Iterator[tuple[str, str, str]]:
    source = f"def f({ast.unparse(_plain(entry.signature))}): 0"
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    for parameter in inspect.signature(namespace["f"]).parameters.values():
        yield _facts(parameter)


def _facts(parameter: inspect.Parameter) -> tuple[str, str, str]:
    """The name and the default as far as callers see them."""
    name = "" if parameter.kind is parameter.VAR_POSITIONAL else parameter.name
    default = "" if parameter.default is parameter.empty else repr(parameter.default)
    same = {"[]": "()", "{}": "()"}
    return name, parameter.kind.name, same.get(default, default.removeprefix("b"))


def _plain(arguments: ast.arguments) -> ast.arguments:
    copy = ast.parse(f"def f({ast.unparse(arguments)}): 0").body[0]
    assert isinstance(copy, ast.FunctionDef)
    for node in ast.walk(copy.args):
        if isinstance(node, ast.arg):
            node.annotation = None
    return copy.args


def _arity(entry: Entry, described: list[Command]) -> list[str]:
    """The number of words, with the command's own; below 0, that many or more. It is as the newest server has it."""
    if entry.body:
        return []
    arity = described[-1]["arity"]
    least, most = len(entry.words), len(entry.words)
    for part in entry.parts:
        few, many = _count(part)
        least, most = least + few, most + many
    fits = least == most == arity if arity > 0 else most >= -arity
    return (
        []
        if fits
        else [f"{entry.name} has {least} to {most} words, and {entry.command} an arity of {arity}"]
    )


_MANY = 1 << 16


def _count(part: Part) -> tuple[int, int]:
    match part:
        case Literal():
            return 1, 1
        case Flag():
            return (1, 1) if part.false else (0, 1)
        case Value():
            return (0, _MANY) if part.is_many or part.conversion in SEVERAL else (1, 1)
        case Group():
            return 0, sum(_count(inner)[1] for inner in part.parts)


def _tokens(entry: Entry, described: list[Command], told: list[Told]) -> list[str]:
    """Words in capitals are among those that somebody knows there. Of commands of modules nobody may have told them."""
    known = {t for c in described for t in _known_tokens(c["arguments"])}
    known |= {t for arguments in added(entry, told) for t in _known_tokens(arguments)}
    if not known and "." in entry.command:
        return []
    return [
        f"{entry.name}: {word} is no word of {entry.command}"
        for word in _words(entry)
        if word.isupper() and word not in known
    ]


def _order(entry: Entry, described: list[Command], told: list[Told]) -> list[str]:
    """Words stand as somebody has them, or the entry says why not. Those of bodies are held to it by a test."""
    if entry.body:
        return []
    words = list(literals(entry.parts))
    if order.is_as_told(words, [c["arguments"] for c in described], added(entry, told)):
        return [f"{entry.name} gives a reason for an order that is kept"] if entry.order else []
    return [] if entry.order else [f"{entry.name}: nobody has {' '.join(words)} in this order"]


def added(entry: Entry, told: list[Told]) -> list[list[dict[str, Any]]]:
    """Arguments that are published of a command which servers describe without them."""
    commands = (command for one in told for command in one.commands)
    return [c["adds"] for c in commands if c["name"] == entry.command and "adds" in c]


def _words(entry: Entry) -> Iterator[str]:
    """Those that a template has, and the constants of a body that look like some."""
    yield from literals(entry.parts)
    for node in (node for statement in entry.body for node in ast.walk(statement)):
        if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
            yield node.value.decode()
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "words_of":
            yield from (keyword.arg for keyword in node.keywords if keyword.arg)


def _known_tokens(arguments: list[dict[str, Any]]) -> Iterator[str]:
    for argument in arguments:
        yield from argument.get("token", "").upper().split()
        yield from _known_tokens(argument.get("arguments", []))


def _report(wrong: Iterable[str]) -> None:
    if told := "\n".join(wrong):
        raise SystemExit(told)
