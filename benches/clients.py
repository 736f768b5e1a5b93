"""Who is measured: how each client's worker is started, and whether it can be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WORKERS = Path(__file__).resolve().parent / "workers"
BENCH = ROOT / ".bench"
TIMEOUT = 180  # Seconds for one worker; far above the slowest measurement.


class WorkerFailed(Exception):
    """A worker ended with an error, said nonsense, or did not end."""


@dataclass(frozen=True)
class Client:
    name: str
    title: str
    command: tuple[str, ...]
    backend: str = ""

    def run(self, arguments: list[str]) -> Any:
        """One measurement in a process of its own; what it printed, as JSON."""
        environment = dict(os.environ)
        if self.backend:
            environment["OXIPIPE_BACKEND"] = self.backend
        try:
            done = subprocess.run(
                [*self.command, *arguments],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=TIMEOUT,
            )
        except subprocess.TimeoutExpired:
            raise WorkerFailed(f"did not end within {TIMEOUT} s") from None
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            raise WorkerFailed(lines[-1])
        try:
            return json.loads(done.stdout.strip().splitlines()[-1])
        except (IndexError, json.JSONDecodeError):
            raise WorkerFailed(f"said {done.stdout[:100]!r}") from None

    def missing(self) -> str:
        """Why the client cannot be measured; empty if it can."""
        program = Path(self.command[0])
        if not program.exists():
            return "not built" if self.name.startswith("oxipipe") else "not installed"
        return ""


def python_of(environment: str) -> str:
    """The interpreter of a peer's environment under .bench/, or of ours."""
    base = ROOT / ".venv" if environment == "oxipipe" else BENCH / "venvs" / environment
    return str(base / "bin" / "python")


def _python(
    name: str, title: str, environment: str, worker: str, *options: str, backend: str = ""
) -> Client:
    command = (python_of(environment), str(WORKERS / worker), *options)
    return Client(name, title, command, backend)


def _benchmark(depth: int, connections: int = 1) -> Client:
    name, title = f"redis-benchmark-P{depth}", f"redis-benchmark -P {depth}"
    options = ["--size", str(depth)]
    if connections > 1:
        name, title = f"{name}-c{connections}", f"{title} -c {connections}"
        options += ["--connections", str(connections)]
    worker = str(WORKERS / "redis_benchmark.py")
    return Client(name, title, (sys.executable, worker, *options))


_OURS = ("oxipipe", "oxipipe_client.py")
_REDIS_PY = ("redis-py", "redis_py_client.py")

CLIENTS = {
    client.name: client
    for client in (
        _python("oxipipe", "oxipipe", *_OURS, backend="fast"),
        _python("oxipipe-cffi", "oxipipe, cffi backend", *_OURS, backend="cffi"),
        _python("oxipipe-sleep", "oxipipe, spin_us=0", *_OURS, "--spin-us", "0", backend="fast"),
        _python("oxipipe-decode", "oxipipe, to str", *_OURS, "--decode", backend="fast"),
        _python("redis-py", "redis-py + hiredis", *_REDIS_PY),
        _python("redis-py-decode", "redis-py + hiredis, to str", *_REDIS_PY, "--decode"),
        _python("credis", "credis", "credis", "credis_client.py"),
        _python("glide-sync", "valkey-glide-sync", "glide-sync", "glide_client.py"),
        Client("oxipipe-c", "oxipipe (C)", (str(BENCH / "bin" / "oxipipe"),)),
        Client(
            "oxipipe-c-sleep",
            "oxipipe (C), spin_us=0",
            (str(BENCH / "bin" / "oxipipe"), "--spin-us", "0"),
        ),
        Client("hiredis-c", "hiredis (C)", (str(BENCH / "bin" / "hiredis"),)),
        _benchmark(1),
        _benchmark(100),
        _benchmark(500),
        _benchmark(10_000),
        _benchmark(500, connections=50),
    )
}
