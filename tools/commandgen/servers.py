"""What is told of commands: by live servers, whose answers are kept in `tools/commands/servers/`, and elsewhere of what none has."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMANDS = Path(__file__).resolve().parent.parent / "commands"
SERVERS = COMMANDS / "servers"
#: The server whose description is kept whole. Of newer ones there is what it does not have, or has otherwise.
DESCRIPTION = SERVERS / "redis-7.0.15.json"
NEWER = [path for path in sorted(SERVERS.glob("*.json")) if path != DESCRIPTION]
#: What servers have told that tests do not run against, one with modules and Sentinels, of commands that those of the tests lack.
BESIDE = sorted(SERVERS.glob("beside/*.json"))
#: Of commands that no server here has, what those who make them have published. Each says in "source" where.
PUBLISHED = sorted(COMMANDS.glob("published/*.json"))
KEYS_ASKED = SERVERS / "keys-asked.txt"
KEYS_ANSWERED = SERVERS / "keys-answered.tsv"

Command = dict[str, Any]


@dataclass
class Told:
    """What one server has told, or what is published of one."""

    #: Its product and version, with a dash between.
    name: str
    #: Published ones have a "source", and of commands that servers here have only "adds": arguments that are newer than those.
    commands: list[Command]

    #: Whether tests run against that server.
    is_of_tests: bool = False

    @property
    def product(self) -> str:
        return self.name.partition("-")[0].capitalize()

    @property
    def version(self) -> str:
        return self.name.split("-")[1]


def read() -> list[list[Command]]:
    """What each server has told, the oldest first."""
    commands = json.loads(DESCRIPTION.read_text())
    asked = [line.partition("\t")[0] for line in KEYS_ANSWERED.read_text().splitlines()]
    if asked != key_questions(commands):
        raise SystemExit(f"{KEYS_ANSWERED.name} answers other questions: run --describe")
    return [commands, *(json.loads(path.read_text()) for path in NEWER)]


def read_all() -> list[Told]:
    """What everybody has told: the servers of the tests first, then those beside, at last what is published."""
    of_tests = zip([DESCRIPTION, *NEWER], read(), strict=True)
    told = [Told(path.stem, commands, is_of_tests=True) for path, commands in of_tests]
    told += [Told(path.stem, json.loads(path.read_text())) for path in BESIDE]
    known = {command["name"] for one in told for command in one.commands}
    for path in PUBLISHED:
        commands = json.loads(path.read_text())
        _check_published(path.name, commands, known)
        told.append(Told(path.stem, commands))
    return told


def _check_published(source: str, commands: list[Command], known: set[str]) -> None:
    """A server's own word goes before all others: what is published must not say the same again, nor leave out who says it."""
    names = [command["name"] for command in commands]
    for command in commands:
        name = command["name"]
        if (name in known) is not ("adds" in command) or names.count(name) > 1:
            raise SystemExit(f"{source}: {name} is told by a server, or not, or stands there twice")
        if not command.get("source"):
            raise SystemExit(f"{source}: nothing says who tells of {name}")


def merged(told: list[Told]) -> list[Command]:
    """All commands, sorted by name; of what several have told, the first one's word counts."""
    by_name: dict[str, Command] = {}
    for command in (command for one in told for command in one.commands if "adds" not in command):
        by_name.setdefault(command["name"], command)
    return [by_name[name] for name in sorted(by_name, key=str.encode)]


def refresh(socket: str) -> None:
    """Takes a new description from the server that is described as a whole."""
    commands = describe(socket)
    DESCRIPTION.write_text(one_a_line(commands))
    KEYS_ANSWERED.write_text(answers(socket, key_questions(commands)))


def refresh_newer(socket: str) -> None:
    """Takes a new description from a newer server, of what the oldest one does not have or has otherwise."""
    path = SERVERS / f"{_product(socket)}.json"
    oldest = {command["name"]: command for command in json.loads(DESCRIPTION.read_text())}
    path.write_text(one_a_line([c for c in describe(socket) if c != oldest.get(c["name"])]))


def refresh_beside(socket: str) -> None:
    """Takes the commands of another server, such as one with modules or a Sentinel, that those of the tests do not have."""
    path = SERVERS / f"beside/{_product(socket)}.json"
    known = {command["name"] for commands in read() for command in commands}
    path.parent.mkdir(exist_ok=True)
    path.write_text(one_a_line([c for c in describe(socket) if c["name"] not in known]))


def _product(socket: str) -> str:
    """The name of the server and its version."""
    info = subprocess.run(
        ["redis-cli", "-s", socket, "INFO", "server"], check=True, capture_output=True, text=True
    )
    told = dict(line.split(":", 1) for line in info.stdout.splitlines() if ":" in line)
    product = "valkey" if "valkey_version" in told else "redis"
    mode = "-sentinel" if told.get("server_mode", told.get("redis_mode")) == "sentinel" else ""
    return f"{product}-{told.get('valkey_version', told['redis_version'])}{mode}"


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
        "complexity": docs.get("complexity", ""),
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
