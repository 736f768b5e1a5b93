"""What servers answer to the examples of named commands, as `docs/commands` prints it.

Two servers are asked, of packages that `requirements-test.txt` names: first Redis, and Valkey about what only that has. What only a
node of a cluster answers is asked of one that has all slots. Where no server has a command, the words that are sent are printed.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import oxipipe
from oxipipe.commands._table import Commands
from support import command_cases, module_arguments, printing, wire_forms
from support.database import Database
from support.module_replies import REPLIES, wire
from support.scripted import Scripted, call
from support.servers import executables

#: The servers' versions, as the pages give them, and what `servers` calls them.
VERSIONS = {"Redis 8.2.3": "redis-8.2", "Valkey 9.1.2": "valkey-9.1"}
#: One at a time.
SAVING = ("BGREWRITEAOF", "BGSAVE", "SAVE")
#: After these there is no reply.
SILENT = ("client_reply('OFF')", "client_reply('SKIP')")
#: Where the reply is another one each time, or depends on the machine, its form is printed.
VARYING = frozenset(
    (
        "acl_cat acl_genpass acl_log bgrewriteaof bgsave client_id client_info client_list cluster_info cluster_links cluster_myid cluster_myshardid"
        " cluster_nodes cluster_shards cluster_slots command_docs command_info command_list commandlog_get commandlog_len config_get"
        " debug_object function_dump function_list hello hrandfield info keys lastsave latency_histogram lolwut memory_malloc_stats"
        " memory_stats randomkey save scan slowlog_get slowlog_len spop srandmember time ttl pttl vrandmember zrandmember"
    ).split()
)
VARYING_CALLS = ("cluster('slots')", "info('keyspace')")
#: What is said of a call behind it.
VARIES, OF_A_CLUSTER, SENT, SCRIPTED = "varies", "of a cluster", "sends ", "scripted"


def name_of(example: str) -> str:
    return example.partition("(")[0]


class Recorder:
    """The servers, and what they answer."""

    def __init__(self) -> None:
        # A moment in the examples is one in this time zone.
        os.environ["TZ"] = "UTC"
        time.tzset()
        self._open: list[Any] = []
        self._servers: dict[str, tuple[oxipipe.Server, Database]] = {}
        for version in VERSIONS:
            # As in the test of parity: the slow log has entries, and nobody waits for long.
            server = oxipipe.Server(
                executable=_executable(version), slowlog_log_slower_than=0, hz=100
            )
            client = server.connect()
            self._servers[version] = server, Database(client)
            self._open += [server, client]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in reversed(self._open):
            each.close()

    def printed(self, command: str, example: str) -> list[str]:
        """The lines of one example: the call, and what it gives."""
        marks = []
        with self._ready(command) as (version, server):
            if server is None:
                try:
                    return [f">>> r.{example}  # {SENT}{printing.words(sent(example))}"]
                except oxipipe.DataError as error:
                    return [f">>> r.{example}", *printing.raised(error)]
            with server.connect() as client:
                owner, reply = _called(client, example)
            if isinstance(reply, Exception):
                lines = printing.raised(reply)
            elif name_of(example) in VARYING or example in VARYING_CALLS:
                marks.append(VARIES)
                lines = printing.form(reply)
            else:
                lines = printing.shown(reply)
        if _is_of_a_cluster(command):
            marks.append(OF_A_CLUSTER)
        if version != next(iter(VERSIONS)):
            marks.append(version)
        mark = f"  # {', '.join(marks)}" if marks else ""
        return [f">>> {owner}.{example}{mark}", *([] if reply is None else lines)]

    def wire(self, command: str, examples: list[str]) -> list[str]:
        """The form of the replies as the server sends them, with RESP2 and with RESP3; none if they are the same."""
        told = [self._forms(command, examples, protocol) for protocol in (2, 3)]
        return [] if told[0] == told[1] else told

    def _forms(self, command: str, examples: list[str], protocol: int) -> str:
        replies = []
        for example in examples:
            try:
                words = sent(example)
            except oxipipe.DataError:
                continue
            with self._ready(command) as (_, server):
                if server is not None and example not in SILENT:
                    replies.append(wire_forms.asked(server.unix_socket_path, protocol, words))
        return wire_forms.together(replies)

    @contextmanager
    def _ready(self, command: str) -> Iterator[tuple[str, oxipipe.Server | None]]:
        """The first server that has a command, with its database as before each example."""
        for version, (server, database) in self._servers.items():
            if not database.client.command_info(command.lower()):
                continue
            if _is_of_a_cluster(command):
                with _node(version) as node:
                    yield version, node
            else:
                database.fill()
                if command in SAVING:
                    database.wait_for_saving()
                yield version, server
            return
        yield "", None


def of_servers(methods: Iterable[tuple[str, str, list[str]]]) -> dict[str, Any]:
    """By method: the lines of each example, and the forms on the wire. Each is given with its command, as servers spell it."""
    with Recorder() as recorder:
        return {
            name: {
                "examples": {example: recorder.printed(command, example) for example in examples},
                "wire": recorder.wire(command, examples),
            }
            for name, command, examples in methods
        }


def of_modules(methods: Iterable[tuple[str, str, list[str]]]) -> dict[str, Any]:
    """The same of commands of modules, which no server here has, and what a script answered. Each is given with the client's method."""
    server = Scripted()
    with server.server, oxipipe.Redis(unix_socket_path=server.server.path) as client:
        return {
            f"{accessor}().{name}": {
                "examples": {example: _of_module(accessor, example) for example in examples},
                **_scripted(server, client, accessor, name),
            }
            for accessor, name, examples in methods
        }


def _of_module(accessor: str, example: str) -> list[str]:
    whole = f"{accessor}().{example}"
    try:
        return [f">>> r.{whole}  # {SENT}{printing.words(sent(whole))}"]
    except oxipipe.DataError as error:
        return [f">>> r.{whole}", *printing.raised(error)]


def _scripted(server: Scripted, client: oxipipe.Redis, accessor: str, name: str) -> dict[str, Any]:
    cases = [c for c in REPLIES if c.module == accessor and name_of(c.call) == name]
    lines = []
    for case in cases:
        server.answer(case.resp2, case.resp3)
        lines.append(f">>> r.{accessor}().{case.call}  # {SCRIPTED}")
        reply = call(client, case)
        lines += [] if reply is None else printing.shown(reply)
    told = [
        wire_forms.together([wire_forms.parsed(wire(reply, protocol)) for reply in replies])
        for protocol, replies in ((2, [c.resp2 for c in cases]), (3, [c.resp3 for c in cases]))
    ]
    return {"scripted": lines, "wire": [] if told[0] == told[1] else told}


def _executable(version: str) -> str:
    found = executables()[VERSIONS[version]]
    assert found is not None
    return found


def _is_of_a_cluster(command: str) -> bool:
    return command.startswith("CLUSTER") or command in ("ASKING", "READONLY", "READWRITE")


@contextmanager
def _node(version: str) -> Iterator[oxipipe.Server]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        bus = probe.getsockname()[1]
    options: dict[str, Any] = {"cluster_enabled": "yes", "cluster_port": bus}
    with oxipipe.Server(executable=_executable(version), tcp=True, **options) as node:
        with node.connect() as client:
            client.command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        yield node


def _called(client: oxipipe.Redis, example: str) -> tuple[str, Any]:
    """Whose method was called, `r` or a lease of it, and its reply or the error that it raised."""
    if example in SILENT:
        return "lease", None
    try:
        return "r", _call(client, example)
    except oxipipe.RefusedError:
        pass
    except oxipipe.RedisError as error:
        return "r", error
    with client.lease() as lease:
        try:
            return "lease", _call(lease, example)
        except oxipipe.RedisError as error:
            return "lease", error


def sent(example: str) -> list[bytes]:
    """The words that a method sends."""
    return [_encoded(word) for word in _call(_Words(), example)]


def _encoded(word: Any) -> bytes:
    return bytes(word) if isinstance(word, (bytes, bytearray, memoryview)) else str(word).encode()


class _Words(Commands[Any]):
    """What named methods ask of a client."""

    def command(self, *args: Any) -> Any:
        return args

    def command_as(self, _callback: Any, *args: Any) -> Any:
        return args


def _call(owner: Any, example: str) -> Any:
    names = {**vars(module_arguments), **vars(command_cases), "owner": owner}
    return eval(f"owner.{example}", names)
