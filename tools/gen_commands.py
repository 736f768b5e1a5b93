#!/usr/bin/env python3
"""Generates the command tables from a real server's own description of its commands.

    tools/gen_commands.py                   writes src/command/table.rs and the Python command methods
    tools/gen_commands.py --check           writes nothing; exit status 1 if a generated file is stale
    tools/gen_commands.py --describe SOCKET takes a new description from the server on that Unix socket
    tools/gen_commands.py --newer SOCKET    takes the commands that only that newer server has

Inputs, all committed: `tools/commands/redis-*.json` (what COMMAND and COMMAND DOCS said, trimmed), beside it what a
newer server has on top (`valkey-*.json`), and for the Python methods `tools/commands/signatures.pyi` (redis-py's
signatures of the regular commands) and the package's `commands/by_hand.py` (the irregular ones, of which only the
types are taken). The output is committed too, so that neither a build nor a package needs this program or a server.

--describe also asks that server where the keys of many commands are, of those in `tools/commands/keys-asked.txt` and
of one or two made up for each other. A test of the Rust table holds it to the answers, `keys-answered.tsv`.
"""

from __future__ import annotations

import argparse
import ast
import functools
import json
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DESCRIPTION = ROOT / "tools/commands/redis-7.0.15.json"
NEWER = ROOT / "tools/commands/valkey-9.1.2.json"
KEYS_ASKED = ROOT / "tools/commands/keys-asked.txt"
KEYS_ANSWERED = ROOT / "tools/commands/keys-answered.tsv"
SIGNATURES = ROOT / "tools/commands/signatures.pyi"
PACKAGE = ROOT / "bindings/python/src/oxipipe"
TABLE = ROOT / "src/command/table.rs"
METHODS = PACKAGE / "commands/_table.py"
STUBS = PACKAGE / "commands/_table.pyi"
WRITTEN = PACKAGE / "commands/by_hand.py"
CALLBACKS = PACKAGE / "commands/shapes.py"

# Server flag -> constant in src/command/mod.rs. Flags that the client does not act upon stay out of the table.
FLAGS = {
    "readonly": "READONLY",
    "write": "WRITE",
    "blocking": "BLOCKING",
    "pubsub": "PUBSUB",
    "admin": "ADMIN",
    "noscript": "NOSCRIPT",
    "fast": "FAST",
    "no_multi": "NO_MULTI",
}

# What the client does about a command besides sending it: a constant of `Rule` in src/command/admission.rs, which says
# why. Container commands get theirs by themselves.
RULES = {
    "Login": "AUTH",
    "Hello": "HELLO",
    "Database": "SELECT",
    "Reset": "RESET",
    "Quit": "QUIT",
    "Transaction": "MULTI EXEC DISCARD",
    "Lease": "WATCH UNWATCH READONLY READWRITE ASKING CLIENT|TRACKING CLIENT|CACHING CLIENT|CAPA CLIENT|IMPORT-SOURCE"
    " SCRIPT|DEBUG",
    "ClientName": "CLIENT|SETNAME",
    "LibraryName": "CLIENT|SETINFO",
    "NoEvict": "CLIENT|NO-EVICT",
    "NoTouch": "CLIENT|NO-TOUCH",
    "Monitor": "MONITOR",
    "Subscription": "SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE",
    "Replies": "CLIENT|REPLY",
    "Replication": "SYNC PSYNC REPLCONF",
    "CountsWrites": "WAIT WAITAOF",
    "SecondsLast": "BLPOP BRPOP BRPOPLPUSH BLMOVE BZPOPMIN BZPOPMAX",
    "SecondsFirst": "BLMPOP BZMPOP",
    "BlockOption": "XREAD XREADGROUP",
    "EndsAnother": "SCRIPT|KILL FUNCTION|KILL CLIENT|KILL CLIENT|UNBLOCK CLIENT|UNPAUSE FAILOVER SHUTDOWN",
}

Command = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only report stale files")
    parser.add_argument("--describe", metavar="SOCKET", help="refresh the description first")
    parser.add_argument("--newer", metavar="SOCKET", help="refresh that of newer commands first")
    options = parser.parse_args()
    if options.describe:
        commands = describe(options.describe)
        DESCRIPTION.write_text(one_a_line(commands))
        KEYS_ANSWERED.write_text(answers(options.describe, key_questions(commands)))
    commands = json.loads(DESCRIPTION.read_text())
    if options.newer:
        known = {command["name"] for command in commands}
        newer = [c for c in describe(options.newer) if c["name"] not in known]
        NEWER.write_text(one_a_line(newer))
    methods = regular_methods({command["name"]: command for command in commands})
    asked = [line.partition("\t")[0] for line in KEYS_ANSWERED.read_text().splitlines()]
    if asked != key_questions(commands):
        raise SystemExit(f"{KEYS_ANSWERED.name} answers other questions: run --describe")
    commands = sorted(
        commands + json.loads(NEWER.read_text()), key=lambda command: command["name"].encode()
    )
    outputs = {
        TABLE: rust_table(commands),
        METHODS: python_methods(methods),
        STUBS: python_stubs(methods, written_methods()),
    }
    stale = [
        path for path, text in outputs.items() if not path.exists() or path.read_text() != text
    ]
    for path in stale:
        if options.check:
            print(f"{path.relative_to(ROOT)} is stale: run tools/gen_commands.py", file=sys.stderr)
        else:
            path.write_text(outputs[path])
    return 1 if options.check and stale else 0


def rust_table(commands: list[Command]) -> str:
    """The table the Rust core looks commands up in, sorted by name."""
    sources = f"tools/commands/{DESCRIPTION.name} and {NEWER.name}"
    rules = rules_by_name(commands)
    return "\n".join(
        [
            f"// Generated by tools/gen_commands.py from {sources}. Do not edit.",
            "",
            "//! Every command of the described servers with what the client acts upon.",
            "",
            "use super::keys::{counted, range, word};",
            "use super::{CommandInfo, Flags, PLAIN, RequestPolicy, ResponsePolicy, Rule};",
            "",
            '/// Sorted by name in byte order; a subcommand is spelled "CONTAINER|SUBCOMMAND".',
            "#[rustfmt::skip]",
            "pub(crate) static COMMANDS: &[CommandInfo] = &[",
            *(f"    CommandInfo {{ {rust_row(command, rules)} }}," for command in commands),
            "];",
            "",
        ]
    )


def rust_row(command: Command, rules: dict[str, str]) -> str:
    name = command["name"]
    fields = [f'name: "{name}"']
    flags = [f"Flags::{FLAGS[flag]}" for flag in command["flags"] if flag in FLAGS]
    if flags:
        fields.append(f"flags: {' | '.join(flags)}")
    if name in rules:
        fields.append(f"rule: Rule::{rules[name]}")
    if specs := key_specs(command):
        fields.append(f"keys: &[{', '.join(specs)}]")
    for tip in command["tips"]:
        kind, _, policy = tip.partition(":")
        camel = "".join(word.capitalize() for word in policy.split("_"))
        if kind == "request_policy":
            fields.append(f"request: RequestPolicy::{camel}")
        elif kind == "response_policy":
            fields.append(f"response: ResponsePolicy::{camel}")
    return ", ".join([*fields, "..PLAIN"])


def rules_by_name(commands: list[Command]) -> dict[str, str]:
    """The rule of each command that has one."""
    names = {command["name"] for command in commands}
    rules = {name.partition("|")[0]: "Container" for name in names if "|" in name}
    for rule, listed in RULES.items():
        for name in listed.split():
            if name not in names or name in rules:
                raise SystemExit(f"RULES: {name} is in no description, or stands there twice")
            rules[name] = rule
    for command in commands:
        if "blocking" in command["flags"] and command["name"] not in rules:
            raise SystemExit(f"RULES: nothing says how long {command['name']} blocks")
    return rules


def key_specs(command: Command) -> list[str]:
    """Where the keys stand, as calls of the functions in src/command/keys.rs."""
    specs = []
    arguments = command["arguments"]
    for spec in command["key_specs"]:
        begin, find = spec["begin_search"], spec["find_keys"]
        match kind_of(spec):
            case ("index", "range"):
                at = begin["spec"]["index"]
                last, step, limit = find["spec"].values()
                if limit:
                    raise SystemExit(f"{command['name']}: a limit without a word before the keys")
                specs.append(f"range({at}, {last}, {step})")
                # Of "key or empty string", the latter says that the keys stand elsewhere.
                if at <= len(arguments) and stands_for_no_key(arguments[at - 1]):
                    specs[-1] += ".unless_empty()"
            case ("index", "keynum") if find["spec"]["firstkey"] == 1:
                at = begin["spec"]["index"] + find["spec"]["keynumidx"]
                specs.append(f"counted({at}, {find['spec']['keystep']})")
            case ("keyword", "range"):
                last, step, limit = find["spec"].values()
                found = f"{last}, {step}, {limit}"
                specs.append(behind_word(begin["spec"]["keyword"], found, arguments))
            case ("unknown", "unknown"):
                pass
            case kind:
                raise SystemExit(f"{command['name']}: keys given by {kind} are not provided for")
    # Of SORT's destination only the documentation says which word stands before it.
    if any(kind_of(spec)[0] == "unknown" for spec in command["key_specs"]):
        for argument in arguments:
            if argument["type"] == "key" and "token" in argument:
                specs.append(behind_word(argument["token"], "0, 1, 0", arguments))
    return specs


def behind_word(word: str, found: str, arguments: list[dict[str, Any]]) -> str:
    start = 1 + sum("token" not in a and not is_optional(a) for a in arguments)
    # Values of other options may look like the word that is searched.
    options = ", ".join(
        f'("{token}", {values})' for token, values in valued(arguments) if token != word
    )
    return f'word("{word}", {start}, {found}, &[{options}])'


def is_optional(argument: dict[str, Any]) -> bool:
    return "optional" in argument.get("flags", [])


def stands_for_no_key(argument: dict[str, Any]) -> bool:
    return any(alternative.get("token") == "" for alternative in argument.get("arguments", []))


def valued(arguments: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """The words that say what the next ones are, and how many those are."""
    found = []
    for argument in arguments:
        children = argument.get("arguments", [])
        if argument.get("token") and argument["type"] != "pure-token":
            values = sum("token" not in child for child in children) if children else 1
            found.append((argument["token"], values))
        elif argument["type"] in ("block", "oneof"):
            found += valued(children)
    return found


# Methods whose name is not that of the command.
IRREGULAR_NAMES = {"client_no_evict": "CLIENT NO-EVICT", "delete": "DEL"}


@dataclass
class Method:
    """One regular method of the Python classes."""

    name: str
    wire: list[str]
    arguments: ast.arguments
    returns: str
    summary: str

    def parameters(self) -> str:
        return ", ".join(filter(None, ["self", ast.unparse(self.arguments)]))


def regular_methods(described: dict[str, Command]) -> list[Method]:
    methods = []
    for node in ast.parse(SIGNATURES.read_text()).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        command = IRREGULAR_NAMES.get(node.name, node.name.upper().replace("_", " "))
        description = described[command.replace(" ", "|")]
        check_arity(node, command, description["arity"])
        summary = description["summary"].strip().rstrip(".") + "."
        methods.append(
            Method(node.name, command.split(), node.args, ast.unparse(node.returns), summary)
        )
    return methods


def check_arity(node: ast.FunctionDef, command: str, arity: int) -> None:
    """The server counts the words of a command; negative means at least that many."""
    words = len(command.split()) + len(node.args.args)
    optional = sum(is_none(default) for default in node.args.defaults)
    fits = words == arity if arity > 0 else node.args.vararg or words >= -arity
    if (arity > 0 and (optional or node.args.vararg)) or not fits:
        raise SystemExit(f"{SIGNATURES.name}: {node.name} does not fit {command}, arity {arity}")


def python_methods(methods: list[Method]) -> str:
    lines = [
        GENERATED.format(source=SIGNATURES.name),
        '"""The regular named commands. Their types are in `_table.pyi`, their replies\' shapes in `shapes`."""',
        "",
        "from oxipipe.commands.shapes import BY_NAME",
        "from oxipipe.commands.by_hand import WrittenCommands, _listed, _word",
        "",
        "",
        "class Commands(WrittenCommands):",
        '    """Every named command; mixed into `Redis`, `Pipeline` and `Pool`."""',
    ]
    for method in methods:
        plain = ast.parse(f"def f({ast.unparse(method.arguments)}): 0").body[0].args
        for argument in [*plain.args, *filter(None, [plain.vararg])]:
            argument.annotation = None
        parameters = ", ".join(filter(None, ["self", ast.unparse(plain)]))
        lines += ["", f"    def {method.name}({parameters}):", f'        """{method.summary}"""']
        lines += [f"        {line}" for line in method_body(method)]
    aliases = "AsyncCommands = CoroutineCommands = PipelineCommands = PoolCommands = Commands"
    return "\n".join([*lines, "", "", aliases, ""])


def method_body(method: Method) -> list[str]:
    # The back ends encode all text but the first one as the client's `encoding` says.
    words = [f'"{method.wire[0]}"', *(f'b"{word}"' for word in method.wire[1:])]
    arguments = method.arguments
    defaults = [None] * (len(arguments.args) - len(arguments.defaults)) + arguments.defaults
    lines = []
    rest = ""
    if vararg := arguments.vararg:
        rest = f"*map(_word, {vararg.arg})" if is_word(method, vararg) else f"*{vararg.arg}"
    optional = [
        a.arg for a, default in zip(arguments.args, defaults, strict=True) if is_none(default)
    ]
    for argument in arguments.args:
        if ast.unparse(argument.annotation) == "KeysT":
            words.append(f"*_listed({argument.arg}, {arguments.vararg.arg})")
            rest = ""
        elif argument.arg not in optional:
            words.append(sent(method, argument))
    words += filter(None, [rest])
    send = "self.command("
    if len(method.wire) > 1:
        # It spares the back end a look at the second word.
        name = " ".join(method.wire)
        send = (
            f'self.command_as(BY_NAME["{name}"], '
            if name in callback_names()
            else "self.command_as(None, "
        )
    if not optional:
        return [f"return {send}{', '.join(words)})"]
    lines = [f"args = [{', '.join(words)}]"]
    for argument in arguments.args:
        if argument.arg in optional:
            lines += [
                f"if {argument.arg} is not None:",
                f"    args.append({sent(method, argument)})",
            ]
    return [*lines, f"return {send}*args)"]


def sent(method: Method, argument: ast.arg) -> str:
    return f"_word({argument.arg})" if is_word(method, argument) else argument.arg


def is_word(method: Method, argument: ast.arg) -> bool:
    """Whether its text is for the server to understand, and none that a program stores."""
    types = ast.unparse(argument.annotation).split(" | ")
    return bool({"str", "BoundT"} & set(types)) or (
        len(method.wire) > 1 and bool({"KeyT", "EncodableT", "PatternT"} & set(types))
    )


def python_stubs(methods: list[Method], written: list[ast.FunctionDef]) -> str:
    lines = [
        GENERATED.format(source=f"{SIGNATURES.name} and {WRITTEN.name}"),
        "import asyncio",
        "import builtins",
        "from collections.abc import Callable, Coroutine, Mapping, Sequence",
        "from datetime import datetime",
        "from typing import Any, Self",
        "",
        "from oxipipe.commands.shapes import Callback",
        "from oxipipe.commands.by_hand import WrittenCommands",
        "from oxipipe.futures import Future",
        "from oxipipe.typing import AbsExpiryT, BoundT, EncodableT, ExpiryT, FieldT, KeysT, KeyT, PatternT",
        "",
        "class Commands(WrittenCommands):",
        *(f"    def {m.name}({m.parameters()}) -> {m.returns}: ..." for m in methods),
        "",
        "class PipelineCommands:",
        "    def command(self, *args: Any) -> Self: ...",
        "    def command_as(self, callback: Callback | None, *args: Any) -> Self: ...",
        *(
            f"    def {f.name}({ast.unparse(f.args)}) -> Self: ..."
            for f in written
            if f.name not in ("command", "command_as")
        ),
        *(f"    def {m.name}({m.parameters()}) -> Self: ..." for m in methods),
        "",
        "class AsyncCommands:",
        *(
            f"    def {f.name}({ast.unparse(f.args)}) -> asyncio.Future[{beside_set(ast.unparse(f.returns))}]: ..."
            for f in written
        ),
        *(
            f"    def {m.name}({m.parameters()}) -> asyncio.Future[{beside_set(m.returns)}]: ..."
            for m in methods
        ),
        "",
        "class CoroutineCommands:",
        *(
            f"    def {f.name}({ast.unparse(f.args)}) -> Coroutine[Any, Any, {beside_set(ast.unparse(f.returns))}]: ..."
            for f in written
        ),
        *(
            f"    def {m.name}({m.parameters()}) -> Coroutine[Any, Any, {beside_set(m.returns)}]: ..."
            for m in methods
        ),
        "",
        "class PoolCommands:",
        *(
            f"    def {f.name}({ast.unparse(f.args)}) -> Future[{beside_set(ast.unparse(f.returns))}]: ..."
            for f in written
        ),
        *(
            f"    def {m.name}({m.parameters()}) -> Future[{beside_set(m.returns)}]: ..."
            for m in methods
        ),
        "",
    ]
    return "\n".join(lines)


def beside_set(annotation: str) -> str:
    """The type in a class that has a method called `set`."""
    return annotation.replace("set[", "builtins.set[")


def written_methods() -> list[ast.FunctionDef]:
    (written,) = (n for n in ast.parse(WRITTEN.read_text()).body if isinstance(n, ast.ClassDef))
    return [
        n for n in written.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")
    ]


@functools.cache
def callback_names() -> frozenset[str]:
    namespace: dict[str, Any] = {}
    exec(compile(CALLBACKS.read_text(), CALLBACKS, "exec"), namespace)
    return frozenset(namespace["BY_NAME"])


def is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


GENERATED = "# Generated by tools/gen_commands.py from {source}. Do not edit.\n"


def describe(socket: str) -> list[Command]:
    """COMMAND and COMMAND DOCS of a live server, merged and trimmed."""
    docs = ask(socket, "COMMAND", "DOCS")
    commands: list[Command] = []
    for entry in ask(socket, "COMMAND"):
        own_docs = docs[entry[0]]
        commands.append(trimmed(entry, own_docs))
        for subentry in entry[9]:
            commands.append(trimmed(subentry, own_docs.get("subcommands", {}).get(subentry[0], {})))
    return sorted(commands, key=lambda command: command["name"].encode())


def one_a_line(commands: list[Command]) -> str:
    return "[\n" + ",\n".join(json.dumps(command) for command in commands) + "\n]\n"


def ask(socket: str, *command: str) -> Any:
    # -3: only RESP3 replies keep the difference between maps and arrays.
    run = ["redis-cli", "-3", "-s", socket, "--json", *command]
    answer = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    if answer.startswith("error:"):
        return [] if "has no key arguments" in answer else None
    return json.loads(answer)


def trimmed(entry: list[Any], docs: dict[str, Any]) -> Command:
    policies = ("request_policy:", "response_policy:")
    return {
        "name": entry[0].upper(),
        "arity": entry[1],
        "flags": sorted(entry[2]),
        "key_specs": [
            {part: spec[part] for part in ("flags", "begin_search", "find_keys")}
            for spec in entry[8]
        ],
        "tips": sorted(tip for tip in entry[7] if tip.startswith(policies)),
        "group": docs.get("group", ""),
        "since": docs.get("since", ""),
        "summary": docs.get("summary", ""),
        "arguments": [trimmed_argument(argument) for argument in docs.get("arguments", [])],
    }


def key_questions(commands: list[Command]) -> list[str]:
    """The commands of which the server is asked where their keys are: those written, and made up ones of all others."""
    written = [line for line in KEYS_ASKED.read_text().splitlines() if line and line[0] != "#"]
    made_up = []
    for command in commands:
        if any(kind_of(spec) != ("index", "range") for spec in command["key_specs"]):
            continue  # words made up are no numbers of keys
        words = command["name"].split("|")
        fewest = abs(command["arity"]) - len(words)
        for more in (0, 3) if command["arity"] < 0 else (0,):
            rest = [f"w{number + 1}" for number in range(fewest + more)]
            made_up.append(" ".join([*words, *rest]))
    return written + made_up


def kind_of(spec: dict[str, Any]) -> tuple[str, str]:
    return spec["begin_search"]["type"], spec["find_keys"]["type"]


def answers(socket: str, questions: list[str]) -> str:
    """Each question, a tab, and the keys with spaces between them; "!" where the server takes it for no valid command."""
    lines = []
    for question in questions:
        keys = ask(socket, "COMMAND", "GETKEYS", *shlex.split(question))
        lines.append(
            f"{question}\t{'!' if keys is None else ' '.join(key or EMPTY for key in keys)}"
        )
    return "\n".join(lines) + "\n"


EMPTY = "''"


def trimmed_argument(argument: dict[str, Any]) -> dict[str, Any]:
    kept = {
        key: argument[key] for key in ("name", "type", "token", "flags", "since") if key in argument
    }
    if "arguments" in argument:
        kept["arguments"] = [trimmed_argument(child) for child in argument["arguments"]]
    return kept


if __name__ == "__main__":
    sys.exit(main())
