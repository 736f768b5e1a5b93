"""The contract between run.py and a client's worker: one process, one measurement, one JSON line.

A worker supplies a `Client`; everything that decides what is timed lives here, so that it is the
same for all of them. A repetition is timed from the first queued command to the last reply in the
caller's hands. Connecting, preparing field names, checking and freeing the replies are outside.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol


class Client(Protocol):
    """What a worker implements, each method in the client's own natural way."""

    def hset_pipeline(self, fields: Sequence[str]) -> Sequence[Any]: ...
    def hget_pipeline(self, fields: Sequence[str]) -> Sequence[Any]: ...
    def hset_calls(self, fields: Sequence[str]) -> Sequence[Any]: ...
    def hget_calls(self, fields: Sequence[str]) -> Sequence[Any]: ...
    def delete(self, key: str) -> object: ...
    def lrange(self, key: str) -> Any: ...
    def hgetall(self, key: str) -> Any: ...
    def mget(self, keys: Sequence[str]) -> Any: ...


def main(connect: Callable[[argparse.Namespace], Client], distributions: Sequence[str]) -> None:
    args = _parse()
    versions = {"Python": platform.python_version()}
    versions |= {name: importlib.metadata.version(name) for name in distributions}
    client = connect(args)
    result: dict[str, Any] = {"versions": versions | getattr(client, "versions", {})}
    if args.task != "versions":
        run, check = _reply(args, client) if args.task == "reply" else _commands(args, client)
        result |= _measure(args, client, run, check)
    print(json.dumps(result))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=6379)
    parser.add_argument("--unix", help="socket path, instead of host and port")
    parser.add_argument("--task", choices=["pipeline", "calls", "reply", "versions"])
    parser.add_argument("--op", choices=["hset", "hget", "lrange", "hgetall", "mget"])
    parser.add_argument("--count", type=int, default=10_000, help="commands, or elements")
    parser.add_argument("--size", type=int, default=10_000, help="commands in a pipeline")
    parser.add_argument("--distinct", type=int, default=10_000, help="different fields")
    parser.add_argument("--reps", type=int, default=1)
    parser.add_argument("--warm", type=int, default=0, help="untimed repetitions first")
    parser.add_argument("--fresh", action="store_true", help="delete the hash before each one")
    parser.add_argument("--decode", action="store_true", help="decode_responses=True")
    parser.add_argument("--spin-us", type=int, default=-1, help="-1: the client's default")
    parser.add_argument("--server-pid", type=int, default=0)
    return parser.parse_args()


def _commands(
    args: argparse.Namespace, client: Client
) -> tuple[Callable[[], list[Any]], Callable[[list[Any]], None]]:
    """HSET or HGET, `count` of them, in pipelines of `size` or one at a time."""
    names = [f"word|{i}" for i in range(args.distinct)]
    fields = (names * (args.count // len(names) + 1))[: args.count]
    size = args.size if args.task == "pipeline" else args.count
    batches = [fields[i : i + size] for i in range(0, args.count, size)]
    perform = getattr(client, f"{args.op}_{args.task}")

    def run() -> list[Any]:
        # Earlier replies are dropped as a real program would; only their number is kept.
        replies: Sequence[Any] = ()
        seen = 0
        for batch in batches:
            replies = perform(batch)
            seen += len(replies)
        return [seen, replies]

    def check(outcome: list[Any]) -> None:
        seen, last = outcome
        good = (0, 1) if args.op == "hset" else (b"1", "1")
        wrong = [reply for reply in last if reply not in good]
        if seen != args.count or wrong:
            sys.exit(f"{seen} replies to {args.count} commands, wrong ones: {wrong[:3]}")

    return run, check


def _reply(
    args: argparse.Namespace, client: Client
) -> tuple[Callable[[], Any], Callable[[Any], None]]:
    """One command with a large reply; run.py has loaded the data."""
    count = args.count
    text: Callable[[str], object] = str if args.decode else str.encode

    def check_list(reply: Any) -> None:
        if len(reply) != count or reply[-1] != text(f"element|{count - 1}"):
            sys.exit(f"LRANGE: {len(reply)} elements")

    def check_hash(reply: Any) -> None:
        # A client that does not know the command's shape leaves the RESP2 list flat.
        pairs = (
            reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2], strict=True))
        )
        if len(pairs) != count or pairs[text("word|7")] != text("value|7"):
            sys.exit(f"HGETALL: {len(pairs)} pairs")

    def check_values(reply: Any) -> None:
        if len(reply) != count or any(len(value) != 1024 for value in reply):
            sys.exit(f"MGET: {len(reply)} values")

    if args.op == "lrange":
        return lambda: client.lrange("list"), check_list
    if args.op == "hgetall":
        return lambda: client.hgetall("hash"), check_hash
    keys = [f"key|{i}" for i in range(count)]
    return lambda: client.mget(keys), check_values


def _measure(
    args: argparse.Namespace,
    client: Client,
    run: Callable[[], Any],
    check: Callable[[Any], None],
) -> dict[str, Any]:
    client.delete("nothing")  # Connects, so that no repetition does.
    for _ in range(args.warm):
        check(run())
    seconds, cpu, server_cpu = [], [], []
    _reset_peak()
    before = _memory("VmRSS")
    for _ in range(args.reps):
        if args.fresh:
            client.delete("words")
        server_from, cpu_from, from_ = _server_cpu(args.server_pid), _cpu(), time.perf_counter()
        outcome = run()
        to, cpu_to, server_to = time.perf_counter(), _cpu(), _server_cpu(args.server_pid)
        check(outcome)
        del outcome
        seconds.append(to - from_)
        cpu.append(cpu_to - cpu_from)
        server_cpu.append(server_to - server_from)
    return {
        "count": args.count,
        "seconds": seconds,
        "cpu": cpu,
        "server_cpu": server_cpu,
        "rss_before_kb": before,
        "rss_peak_kb": _memory("VmHWM"),
    }


def _cpu() -> float:
    """User and system time of this process, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _server_cpu(pid: int) -> float:
    """Time the server's main thread has run, in the kernel's nanosecond count; 0 if not told."""
    if not pid:
        return 0.0
    with open(f"/proc/{pid}/schedstat") as file:
        return int(file.read().split()[0]) * 1e-9


def _memory(line: str) -> int:
    """A line of /proc/self/status, KiB. Not ru_maxrss: a child inherits that from its parent."""
    with open("/proc/self/status") as file:
        return next((int(text.split()[1]) for text in file if text.startswith(line)), 0)


def _reset_peak() -> None:
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass  # The peak then includes start-up, which is the same for everybody.
