"""Who is measured: how each client's worker is started, and whether it can be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plan_concurrent import IDLE_OF_EACH

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
    packages: str = ""  # an environment whose packages it sees besides those of its own
    is_limit: bool = False  # speaks to no server

    def run(self, arguments: list[str]) -> Any:
        """One measurement in a process of its own; what it printed, as JSON."""
        environment = dict(os.environ)
        if self.backend:
            environment["OXIPIPE_BACKEND"] = self.backend
        if self.packages:
            environment["PYTHONPATH"] = os.pathsep.join(map(str, self._packages()))
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
        if self.packages and not self._packages():
            return f"no {self.packages}"
        return ""

    def _packages(self) -> list[Path]:
        return list((BENCH / "venvs" / self.packages).glob("lib/python3*/site-packages"))


def python_of(environment: str) -> str:
    """The interpreter of a peer's environment under .bench/, or of ours."""
    base = ROOT / ".venv" if environment == "oxipipe" else BENCH / "venvs" / environment
    return str(base / "bin" / "python")


def _python(
    name: str,
    title: str,
    environment: str,
    worker: str,
    *options: str,
    backend: str = "",
    packages: str = "",
) -> Client:
    command = (python_of(environment), str(WORKERS / worker), *options)
    return Client(name, title, command, backend, packages)


def _uvloop(name: str, title: str, environment: str, worker: str, backend: str = "") -> Client:
    return _python(
        f"{name}-uvloop",
        f"{title}, uvloop",
        environment,
        worker,
        "--uvloop",
        backend=backend,
        packages="uvloop",
    )


def _limit(name: str, title: str, worker: str) -> Client:
    client = (
        _uvloop("", title, "oxipipe", worker)
        if name.endswith("uvloop")
        else _python(name, title, "oxipipe", worker)
    )
    return replace(client, name=name, title=title, is_limit=True)


def _benchmark(depth: int, connections: int = 1) -> Client:
    name, title = f"redis-benchmark-P{depth}", f"redis-benchmark -P {depth}"
    options = ["--size", str(depth)]
    if connections > 1:
        name, title = f"{name}-c{connections}", f"{title} -c {connections}"
        options += ["--connections", str(connections)]
    worker = str(WORKERS / "redis_benchmark.py")
    return Client(name, title, (sys.executable, worker, *options))


_OURS = ("oxipipe", "oxipipe_client.py")
_OURS_ASYNC = ("oxipipe", "oxipipe_async.py")
_OURS_POOL = ("oxipipe", "oxipipe_pool.py")
_REDIS_PY = ("redis-py", "redis_py_client.py")
_REDIS_ASYNC = ("redis-py", "redis_py_async.py")
_GLIDE_ASYNC = ("glide-async", "glide_async.py")
_AREDIS = ("aredis", "aredis_client.py")
_ASYNCIO_REDIS = ("asyncio-redis", "asyncio_redis_client.py")


def _program(name: str, title: str, program: str, *options: str) -> Client:
    return Client(name, title, (str(BENCH / "bin" / program), *options))


def _idle(name: str, title: str, environment: str, **backend: str) -> Client:
    options = ("--kind", name, "--clients", str(IDLE_OF_EACH))
    return _python(f"idle-{name}", title, environment, "idle.py", *options, **backend)


CLIENTS = {
    client.name: client
    for client in (
        _python("oxipipe", "oxipipe", *_OURS, backend="fast"),
        _python("oxipipe-cffi", "oxipipe, cffi backend", *_OURS, backend="cffi"),
        _python("oxipipe-sleep", "oxipipe, spin_us=0", *_OURS, "--spin-us", "0", backend="fast"),
        _python("oxipipe-unnamed", "oxipipe, command()", *_OURS, "--unnamed", backend="fast"),
        _python("oxipipe-cffi-unnamed", "..., cffi backend", *_OURS, "--unnamed", backend="cffi"),
        _python("oxipipe-decode", "oxipipe, to str", *_OURS, "--decode", backend="fast"),
        _python("redis-py", "redis-py + hiredis", *_REDIS_PY),
        _python("redis-py-decode", "redis-py + hiredis, to str", *_REDIS_PY, "--decode"),
        _python("credis", "credis", "credis", "credis_client.py"),
        _python("glide-sync", "valkey-glide-sync", "glide-sync", "glide_client.py"),
        _program("oxipipe-c", "oxipipe (C)", "oxipipe"),
        _program("oxipipe-c-sleep", "oxipipe (C), spin_us=0", "oxipipe", "--spin-us", "0"),
        _program("hiredis-c", "hiredis (C)", "hiredis"),
        _program("oxipipe-threads-c", "oxipipe (C), one client", "oxipipe_threads"),
        _program("hiredis-threads-c", "hiredis (C), a connection each", "hiredis_threads"),
        _program("oxipipe-packed-c", "oxipipe (C), one call for all", "oxipipe_submit", "--packed"),
        _program("oxipipe-submit-c", "oxipipe (C), a call each", "oxipipe_submit"),
        _program("hiredis-submit-c", "hiredis (C)", "hiredis_submit"),
        _program("oxipipe-pool-c", "oxipipe (C), pool", "oxipipe_pool"),
        _python("oxipipe-async", "oxipipe.asyncio", *_OURS_ASYNC, backend="fast"),
        _python("oxipipe-async-cffi", "oxipipe.asyncio, cffi", *_OURS_ASYNC, backend="cffi"),
        _uvloop("oxipipe-async", "oxipipe.asyncio", *_OURS_ASYNC, backend="fast"),
        _python("redis-async", "redis.asyncio + hiredis", *_REDIS_ASYNC),
        _uvloop("redis-async", "redis.asyncio + hiredis", *_REDIS_ASYNC),
        _python("glide-async", "valkey-glide", *_GLIDE_ASYNC),
        _uvloop("glide-async", "valkey-glide", *_GLIDE_ASYNC),
        _python("coredis", "coredis", "coredis", "coredis_client.py"),
        _limit("asyncio-limit", "asyncio alone, without any I/O", "asyncio_limit.py"),
        _limit("asyncio-limit-uvloop", "uvloop alone, without any I/O", "asyncio_limit.py"),
        _python("oxipipe-pool", "oxipipe, pool", *_OURS_POOL, backend="fast"),
        _python(
            "oxipipe-pool-results",
            "oxipipe, pool, each result",
            *_OURS_POOL,
            "--results",
            backend="fast",
        ),
        _python("oxipipe-pool-cffi", "oxipipe, pool, cffi backend", *_OURS_POOL, backend="cffi"),
        _python("aredis", "aredis, one at a time", *_AREDIS),
        _python("aredis-tasks", "aredis, a task per connection", *_AREDIS, "--together"),
        _python("asyncio-redis", "asyncio-redis, one at a time", *_ASYNCIO_REDIS),
        _python(
            "asyncio-redis-tasks",
            "asyncio-redis, a task per connection",
            *_ASYNCIO_REDIS,
            "--together",
        ),
        _python(
            "oxipipe-submit", "oxipipe, submit", "oxipipe", "oxipipe_submit.py", backend="fast"
        ),
        _python(
            "oxipipe-pypredis",
            "oxipipe.compat.pypredis",
            "oxipipe",
            "oxipipe_pypredis.py",
            backend="fast",
        ),
        _python("redis-py-pure", "redis-py", "redis-py-pure", "redis_py_client.py", "--pure"),
        _idle("nothing", "no client", "oxipipe"),
        _idle("oxipipe", "oxipipe.Redis", "oxipipe", backend="fast"),
        _idle("oxipipe-async", "oxipipe.asyncio.Redis", "oxipipe", backend="fast"),
        _idle("oxipipe-pool", "oxipipe.Pool of 4", "oxipipe", backend="fast"),
        _idle("glide-sync", "valkey-glide-sync", "glide-sync"),
        _idle("glide-async", "valkey-glide", "glide-async"),
        _idle("redis-async", "redis.asyncio", "redis-py"),
        _benchmark(1),
        _benchmark(100),
        _benchmark(500),
        _benchmark(10_000),
        _benchmark(500, connections=50),
    )
}
