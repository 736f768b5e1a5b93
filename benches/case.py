"""What a case and a group of cases are: the rows of the report, and how a worker is told of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

# How the worker is told the width of a case: of how many threads, tasks or connections it is.
_WIDTHS = {"threads": "--threads", "tasks": "--tasks", "pool": "--connections"}


class Amount(NamedTuple):
    """How much of a case one client does."""

    commands: int
    reps: int
    warm: int


@dataclass(frozen=True)
class Case:
    """One row: the same work for every client."""

    name: str
    title: str
    task: str
    op: str
    clients: tuple[str, ...]
    count: int
    size: int = 1
    distinct: int = 0
    reps: int = 1
    warm: int = 0
    fresh: bool = False
    unix: bool = False
    apart: bool = False  # server and client on different cores
    once: bool = False  # in the first round only: for memory, not for speed
    many: int = 0  # redis-benchmark's own count: it needs long runs, being timed in milliseconds
    width: int = 0  # threads, tasks or connections
    window: int = 0  # commands outstanding at most; 0: the client's default
    servers: int = 1
    ours: str = "oxipipe"  # whom the others are compared with
    # Commands that the server must have counted, with the part of `count` that each makes up.
    counted: Mapping[str, float] = field(default_factory=dict)
    # How many of the counted commands a client sends each server by itself, to connect.
    connecting: Mapping[str, int] = field(default_factory=dict)
    # Clients so slow that they do less: a rate needs no more.
    less: Mapping[str, Amount] = field(default_factory=dict)

    def arguments(self, client: str) -> list[str]:
        (count, reps, warm), size = self.amount(client), ["--size", str(self.size)]
        if client.startswith("redis-benchmark"):
            size = []  # Part of its name.
        arguments = ["--task", self.task, "--op", self.op, "--count", str(count), *size]
        arguments += ["--reps", str(reps), "--warm", str(warm)]
        arguments += ["--distinct", str(self.fields_of(client))]
        if self.width and self.task in _WIDTHS:
            arguments += [_WIDTHS[self.task], str(self.width)]
        if self.window:
            arguments += ["--window", str(self.window)]
        if self.fresh:
            arguments.append("--fresh")
        return arguments

    def amount(self, client: str) -> Amount:
        if client.startswith("redis-benchmark") and self.many:
            return Amount(self.many, 1, 0)
        return self.less.get(client, Amount(self.count, self.reps, self.warm))

    @property
    def fields(self) -> int:
        """Different fields of the hash."""
        return self.distinct or self.count

    def fields_of(self, client: str) -> int:
        """Those that the client writes or reads."""
        return self.less[client].commands if client in self.less else self.fields


@dataclass(frozen=True)
class Group:
    name: str
    title: str
    rounds: int
    cases: tuple[Case, ...] = field(default=())
