"""A private redis-server for one benchmark run, and the harness's own way of talking to it.

The harness loads and verifies data over a socket of its own, so that no measured client has a say
in whether its work was really done.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

_HSET_BATCH = 1_000


@dataclass(frozen=True)
class Server:
    port: int
    unix: str
    pid: int
    probe: Probe


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Starts a server on a free loopback port and a Unix socket, without persistence."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        unix = f"{directory}/socket"
        process, port = _start(directory, unix)
        try:
            with socket.create_connection(("127.0.0.1", port)) as sock:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                yield Server(port, unix, process.pid, Probe(sock))
        finally:
            process.terminate()
            process.wait()


def _start(directory: str, unix: str) -> tuple[subprocess.Popen[str], int]:
    for _ in range(5):  # Another process may take the free port before the server does.
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port: int = sock.getsockname()[1]
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1"]
        command += ["--unixsocket", unix, "--dir", directory, "--save", "", "--appendonly", "no"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            if "Ready to accept connections" in line or "ready to accept connections at" in line:
                # The log goes on being read, or the server would block on a full pipe.
                threading.Thread(target=process.stdout.read, daemon=True).start()
                return process, port
        process.wait()
    raise RuntimeError("redis-server does not start")


class Probe:
    """A few commands over one socket: integers and status replies are all it needs."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._replies: BinaryIO = sock.makefile("rb")

    def flush(self) -> None:
        self._run([("FLUSHALL", "SYNC")])

    def hlen(self, key: str) -> int:
        return self._run([("HLEN", key)])[0]

    def forget_counts(self) -> None:
        """command_counts starts at zero again."""
        self._run([("CONFIG", "RESETSTAT")])

    def command_counts(self) -> dict[str, int]:
        """How often the server has run each command, names in lower case."""
        lines = [line for line in self._info("commandstats") if line.startswith("cmdstat_")]
        # cmdstat_get:calls=21,usec=...
        return {
            line[len("cmdstat_") : line.index(":")]: int(line.split("=")[1].split(",")[0])
            for line in lines
        }

    def load_words(self, key: str, fields: Iterable[str]) -> None:
        """Field -> "1" for each field: what the HGET rows read."""
        self.load_hash(key, ((field, "1") for field in fields))

    def load_hash(self, key: str, pairs: Iterable[tuple[str, str]]) -> None:
        flat = [text for pair in pairs for text in pair]
        step = 2 * _HSET_BATCH
        self._run(("HSET", key, *flat[i : i + step]) for i in range(0, len(flat), step))

    def load_list(self, key: str, elements: Iterable[str]) -> None:
        flat = list(elements)
        step = _HSET_BATCH
        self._run(("RPUSH", key, *flat[i : i + step]) for i in range(0, len(flat), step))

    def load_strings(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._run(("SET", key, value) for key, value in pairs)

    def load_set(self, key: str, members: Iterable[int]) -> None:
        self._run([("SADD", key, *map(str, members))])

    def server_version(self) -> str:
        found = [line for line in self._info("server") if line.startswith("redis_version")]
        return found[0].split(":")[1]

    def _info(self, section: str) -> list[str]:
        self._sock.sendall(_encode(("INFO", section)))
        length = int(self._line()[1:])
        return self._replies.read(length + 2).decode().splitlines()

    def _run(self, commands: Iterable[tuple[str, ...]]) -> list[int]:
        results = []
        for command in commands:
            self._sock.sendall(_encode(command))
            line = self._line()
            if line[:1] not in b":+":
                raise RuntimeError(f"{command[0]}: {line!r}")
            results.append(int(line[1:]) if line[:1] == b":" else 0)
        return results

    def _line(self) -> bytes:
        return self._replies.readline()[:-2]


def _encode(command: tuple[str, ...]) -> bytes:
    parts = [f"*{len(command)}\r\n"]
    parts += [f"${len(text)}\r\n{text}\r\n" for text in command]
    return "".join(parts).encode("ascii")
