"""What a figure is worth nothing without: the machine, and whether it was quiet."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def describe() -> dict[str, Any]:
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "kernel": platform.release().split("-")[0],
        "virtual": "hypervisor" in Path("/proc/cpuinfo").read_text(),
        "commit": _commit(),
    }


def load() -> float:
    """The one-minute load average."""
    return os.getloadavg()[0]


@contextlib.contextmanager
def apart(server: int) -> Iterator[None]:
    """Keeps the server on the first core and the clients, which inherit from us, on the others."""
    every = os.sched_getaffinity(0)
    first, *rest = sorted(every)
    if not rest:
        yield
        return
    os.sched_setaffinity(server, {first})
    os.sched_setaffinity(0, rest)
    try:
        yield
    finally:
        os.sched_setaffinity(0, every)
        os.sched_setaffinity(server, every)


def stolen() -> float:
    """Seconds of CPU that the hypervisor has given to others since boot, all cores."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()
    return int(fields[8]) / os.sysconf("SC_CLK_TCK")


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _commit() -> str:
    """The commit measured, with a mark if the tree differs from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=10"]
    try:
        done = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip()
