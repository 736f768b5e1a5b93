"""`make demo`: loads a real word list into a private server, reads every word back, compares with redis-py.

Three things happen, and each can fail the demonstration:

1. `oxipipe load` pumps the list into the server, as a user would run it.
2. Every word is read back through a pipeline and compared, and the server's count too.
3. The same Python program writes and reads the list through oxipipe and through redis-py, in turns, on the
   same server; what it reads is compared again. Medians are printed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import oxipipe

LISTS = [
    Path("/usr/share/dict/american-english"),
    Path("/usr/share/dict/words"),
    Path("/usr/share/dict/american-english-huge"),
    Path("/usr/share/dict/web2"),
]
ENOUGH = 100_000
PIPELINE = 10_000
ROUNDS = 5


def main() -> int:
    path = word_list()
    words = path.read_bytes().splitlines()
    with oxipipe.Server(tcp=True) as server:
        print(f"{len(words):,} words from {path}, into a private {describe(server)}\n")
        load(path, server.url)
        with server.connect(port=server.port) as redis:
            verify(redis, words)
        compare(server, words)
    return 0


def word_list() -> Path:
    for path in LISTS:
        if path.exists() and path.read_bytes().count(b"\n") >= ENOUGH:
            return path
    sys.exit(
        f"no word list of at least {ENOUGH:,} words found: install one (Debian: apt install wamerican)"
    )


def describe(server: oxipipe.Server) -> str:
    with server.connect() as redis:
        info = redis.info("server")
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']} at {server.url}"
    return f"Redis {info['redis_version']} at {server.url}"


def load(path: Path, url: str) -> None:
    arguments = ["load", str(path), "--url", url, "--command", "HSET words {line} {n}"]
    print("$ oxipipe " + " ".join(f"'{a}'" if " " in a else a for a in arguments), flush=True)
    done = subprocess.run([sys.executable, "-m", "oxipipe", *arguments], check=False)
    if done.returncode != 0:
        sys.exit(f"oxipipe load ended with {done.returncode}")


def verify(redis: oxipipe.Redis, words: list[bytes]) -> None:
    """Every word must have its line number, and there must be no other."""
    expected = {word: b"%d" % number for number, word in enumerate(words, 1)}
    check(read(redis, list(expected)), list(expected.values()))
    if redis.hlen("words") != len(expected):
        sys.exit(f"the server counts {redis.hlen('words'):,} words instead of {len(expected):,}")
    print(f"\nread back and verified: {len(expected):,} words, each with its line number\n")


def compare(server: oxipipe.Server, words: list[bytes]) -> None:
    try:
        import hiredis
        import redis
    except ImportError as error:
        print(f"no comparison with redis-py: {error}. To have it: pip install redis hiredis")
        return
    clients: dict[str, Any] = {
        "redis-py": redis.Redis(port=server.port),
        "oxipipe": server.connect(port=server.port),
    }
    numbers = [b"%d" % number for number in range(1, len(words) + 1)]
    tasks: dict[str, Callable[[Any], list[Any]]] = {
        "write (HSET)": lambda client: write(client, words),
        "read (HGET)": lambda client: read(client, words),
    }
    seconds: dict[tuple[str, str], list[float]] = {(t, c): [] for t in tasks for c in clients}
    for _ in range(ROUNDS):
        for name, client in clients.items():
            client.delete("words")
            for task, perform in tasks.items():
                start = time.perf_counter()
                replies = perform(client)
                seconds[task, name].append(time.perf_counter() - start)
                check(replies, [1] * len(words) if "write" in task else numbers)
    for client in clients.values():
        client.close()

    print(
        f"the same program on the same server, pipelines of {PIPELINE:,}, median of {ROUNDS} "
        f"rounds in turns\n(redis-py {redis.__version__} with hiredis {hiredis.__version__}, "
        f"oxipipe {oxipipe.__version__}, {os.cpu_count()} CPUs)\n"
    )
    print(f"{'':14}{'redis-py+hiredis':>20}{'oxipipe':>20}{'ratio':>8}")
    for task in tasks:
        peer, ours = (median(seconds[task, name]) for name in clients)
        rates = "".join(f"{len(words) / spent:>12,.0f} words/s" for spent in (peer, ours))
        print(f"{task:14}{rates}{peer / ours:>7.1f}x")


def write(client: Any, words: list[bytes]) -> list[Any]:
    replies = []
    with client.pipeline(transaction=False) as pipeline:
        for number, word in enumerate(words, 1):
            pipeline.hset("words", word, number)
            if number % PIPELINE == 0:
                replies += pipeline.execute()
        replies += pipeline.execute()
    return replies


def read(client: Any, words: list[bytes]) -> list[Any]:
    replies = []
    with client.pipeline(transaction=False) as pipeline:
        for number, word in enumerate(words, 1):
            pipeline.hget("words", word)
            if number % PIPELINE == 0:
                replies += pipeline.execute()
        replies += pipeline.execute()
    return replies


def check(replies: list[Any], expected: list[Any]) -> None:
    if replies != expected:
        wrong = [
            i for i, pair in enumerate(zip(replies, expected, strict=False)) if pair[0] != pair[1]
        ]
        sys.exit(
            f"verification failed: {len(replies):,} replies for {len(expected):,} commands, "
            f"{len(wrong):,} of them wrong"
        )


if __name__ == "__main__":
    sys.exit(main())
