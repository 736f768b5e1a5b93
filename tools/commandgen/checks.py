"""Holds the entries to what servers say about their commands, and to redis-py's methods.

What is missing or other on purpose stands in `tools/commands/ledger.toml` with its reason, and nothing else does.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

from commandgen import entries as described
from commandgen.entries import GROUPS, Entry
from commandgen.servers import Command
from commandgen.template import Flag, Group, Literal, Part, Value, literals

LEDGER = GROUPS / "ledger.toml"


def against_servers(entries: list[Entry], described: list[list[Command]]) -> None:
    """Names, numbers of words and their tokens are the servers'; each command has a method, or a reason why not."""
    by_name: dict[str, list[Command]] = {}
    for command in (command for told in described for command in told):
        by_name.setdefault(command["name"], []).append(command)
    wrong = []
    for entry in entries:
        told = by_name.get(entry.command, [])
        if told:
            wrong += _arity(entry, told[-1]["arity"])
            wrong += _tokens(entry, told)
        elif not entry.redis and not entry.valkey:
            wrong.append(
                f"{entry.name}: no server told of {entry.command}; say since when there is one"
            )
    ledger = tomllib.loads(LEDGER.read_text())["commands"]
    named = {entry.command for entry in entries}
    containers = {name.partition("|")[0] for name in by_name if "|" in name}
    for name in sorted(by_name.keys() - named - ledger.keys() - containers):
        wrong.append(f"{name} has no method; describe it, or say in {LEDGER.name} why not")
    for name in ledger:
        if name in named or name not in by_name:
            wrong.append(
                f"{LEDGER.name} says why {name} has no method, which it has, or which nobody has"
            )
    _report(wrong)


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


def groups_against_redis_py(groups: list[described.Group]) -> None:
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


def _arity(entry: Entry, arity: int) -> list[str]:
    """The server counts the words of a command; negative means at least that many."""
    if entry.body:
        return []
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
            return (0, _MANY) if part.is_many or part.conversion == "flat" else (1, 1)
        case Group():
            return 0, sum(_count(inner)[1] for inner in part.parts)


def _tokens(entry: Entry, told: list[Command]) -> list[str]:
    """Words in capitals are among those that a server knows there, or newer than all of them."""
    known = {token for command in told for token in _known_tokens(command["arguments"])}
    words = [word for word in literals(entry.parts) if word not in known]
    return [
        f"{entry.name}: {word} is no word of {entry.command}"
        for word in words
        if word not in entry.newer
    ]


def _known_tokens(arguments: list[dict[str, Any]]) -> Iterator[str]:
    for argument in arguments:
        yield from argument.get("token", "").upper().split()
        yield from _known_tokens(argument.get("arguments", []))


def _report(wrong: Iterable[str]) -> None:
    if told := "\n".join(wrong):
        raise SystemExit(told)
