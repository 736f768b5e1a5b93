"""The contract between run.py and a client's worker: one process, one measurement, one JSON line.

A worker supplies a `Client`; everything that decides what is timed lives here, so that it is the
same for all of them. A repetition is timed from the first queued command to the last reply in the
caller's hands. Connecting, preparing field names, checking and freeing the replies are outside.
"""

from __future__ import annotations

import argparse
import functools
import importlib.metadata
import json
import platform
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from crew import Crew
from meter import Meter


class Client(Protocol):
    """What a worker implements of this, each method in the client's own natural way, is what its
    cases in plan.py ask for: `{op}_{task}` takes the fields and answers all replies."""

    def hset_pipeline(self, fields: Sequence[str]) -> Sequence[Any]: ...
    def hget_pipeline(self, fields: Sequence[str]) -> Sequence[Any]: ...
    def hset_calls(self, fields: Sequence[str]) -> Sequence[Any]: ...
    def hget_calls(self, fields: Sequence[str]) -> Sequence[Any]: ...
    def mixed_calls(self, keys: Sequence[str]) -> Sequence[Any]: ...

    # A number instead of replies says: so many, all of them known to be no errors.
    def hset_pool(self, fields: Sequence[str]) -> Sequence[Any] | int: ...
    def hget_pool(self, fields: Sequence[str]) -> Sequence[Any]: ...

    def many(self, words: Sequence[str], count: int) -> Sequence[Any]: ...
    def delete(self, key: str) -> object: ...
    def lrange(self, key: str) -> Any: ...
    def hgetall(self, key: str) -> Any: ...
    def mget(self, keys: Sequence[str]) -> Any: ...


def main(connect: Callable[[argparse.Namespace], Any], distributions: Sequence[str]) -> None:
    args = parse()
    client = connect(args)
    result: dict[str, Any] = {"versions": versions(distributions, client)}
    if args.task != "versions":
        prepare = {"reply": _reply, "threads": _threads, "servers": _servers}
        run, check = prepare.get(args.task, _commands)(args, client)
        result |= _measure(args, client, run, check)
    print(json.dumps(result))


def versions(distributions: Sequence[str], client: object = None) -> dict[str, str]:
    found = {"Python": platform.python_version()}
    found |= {name: importlib.metadata.version(name) for name in distributions}
    return found | getattr(client, "versions", {})


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=6379)
    parser.add_argument("--unix", action="append", help="socket paths, instead of host and port")
    parser.add_argument("--task", help="what plan.py says, or versions")
    parser.add_argument("--op", help="the command")
    parser.add_argument("--count", type=int, default=10_000, help="commands, or elements")
    parser.add_argument("--size", type=int, default=10_000, help="commands in a pipeline")
    parser.add_argument("--distinct", type=int, default=10_000, help="different fields")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tasks", type=int, default=1, help="asyncio tasks")
    parser.add_argument("--connections", type=int, default=10, help="of a pool")
    parser.add_argument("--window", type=int, help="of a pool: outstanding commands at most")
    parser.add_argument("--reps", type=int, default=1)
    parser.add_argument("--warm", type=int, default=0, help="untimed repetitions first")
    parser.add_argument("--fresh", action="store_true", help="delete the hash before each one")
    parser.add_argument("--server-pid", type=int, action="append")
    # What distinguishes two clients of one worker.
    parser.add_argument("--decode", action="store_true", help="decode_responses=True")
    parser.add_argument("--unnamed", action="store_true", help="command(...), no named methods")
    parser.add_argument("--spin-us", type=int, default=-1, help="-1: the client's default")
    parser.add_argument("--uvloop", action="store_true")
    parser.add_argument("--pure", action="store_true", help="without hiredis")
    parser.add_argument("--results", action="store_true", help="pool: the result of every future")
    parser.add_argument("--together", action="store_true", help="pool: not one call at a time")
    return parser.parse_args()


def field_names(args: argparse.Namespace) -> list[str]:
    """`count` of them, the first `distinct` different."""
    names = [f"word|{i}" for i in range(args.distinct)]
    return (names * (args.count // len(names) + 1))[: args.count]


def check_replies(args: argparse.Namespace, seen: int, replies: Sequence[Any]) -> None:
    """Ends the program unless all of HSET or HGET were answered, `replies` being the last ones."""
    good = (0, 1) if args.op == "hset" else (b"1", "1")
    wrong = [reply for reply in replies if reply not in good]
    if seen != args.count or wrong:
        sys.exit(f"{seen} replies to {args.count} commands, wrong ones: {wrong[:3]}")


def _commands(
    args: argparse.Namespace, client: Client
) -> tuple[Callable[[], list[Any]], Callable[[list[Any]], None]]:
    """HSET or HGET, `count` of them, in pipelines of `size` or one at a time."""
    fields = field_names(args)
    # A pool gets everything at once; what it makes of `size` is its own affair.
    size = args.size if args.task == "pipeline" else args.count
    batches = [fields[i : i + size] for i in range(0, args.count, size)]
    perform = getattr(client, f"{args.op}_{args.task}")

    def run() -> list[Any]:
        # Earlier replies are dropped as a real program would; only their number is kept.
        replies: Sequence[Any] = ()
        seen = 0
        for batch in batches:
            replies = perform(batch)
            if isinstance(replies, int):
                seen, replies = seen + replies, ()
            else:
                seen += len(replies)
        return [seen, replies]

    def check(outcome: list[Any]) -> None:
        check_replies(args, *outcome)

    return run, check


def _threads(
    args: argparse.Namespace, client: Client
) -> tuple[Callable[[], list[Any]], Callable[[list[Any]], None]]:
    """Each thread sets keys of its own and gets each right afterwards, one call at a time. The
    value is the key, so that a reply that went to the wrong thread is noticed."""
    each = args.count // args.threads // 2
    shares = [[f"word|{t}|{i}" for i in range(each)] for t in range(args.threads)]

    def check(outcome: list[Any]) -> None:
        for keys, replies in zip(shares, outcome, strict=True):
            wanted = [reply for key in keys for reply in (True, key.encode())]
            # OK to SET: some clients say True.
            found = [True if reply in ("OK", b"OK") else reply for reply in replies]
            if found != wanted:
                sys.exit(f"{len(replies)} replies, and not those that belong to the calls")

    return Crew([functools.partial(client.mixed_calls, keys) for keys in shares]).run, check


def _servers(
    args: argparse.Namespace, client: Client
) -> tuple[Callable[[], Sequence[Any]], Callable[[Sequence[Any]], None]]:
    """PING, SUNION or SINTER, evenly over the servers, until all replies are there."""
    words, size = {
        "ping": (["PING"], None),
        "sunion": (["SUNION", "set1", "set2"], 1_500),
        "sinter": (["SINTER", "left", "right"], 0),
    }[args.op]

    def check(replies: Sequence[Any]) -> None:
        if size is None:
            wrong = [r for r in replies if r not in (True, b"PONG", "PONG")]
        else:
            wrong = [len(r) for r in replies if len(set(r)) != size]
        if len(replies) != args.count or wrong:
            sys.exit(f"{len(replies)} replies to {args.count} commands, wrong ones: {wrong[:3]}")

    return lambda: client.many(words, args.count), check


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
    # Connects, so that no repetition does.
    if args.task == "servers":
        client.many(["ECHO", "connected"], len(args.unix))
    else:
        client.delete("nothing")
    for _ in range(args.warm):
        check(run())
    meter = Meter(args)
    for _ in range(args.reps):
        if args.fresh:
            client.delete("words")
        with meter:
            outcome = run()
        check(outcome)
        del outcome
    return meter.result(args.count)
