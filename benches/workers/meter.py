"""What every repetition is measured with: wall clock, CPU of both sides, memory of ours."""

from __future__ import annotations

import argparse
import resource
import time
from typing import Any, Self


class Meter:
    """Measures what runs inside `with meter:`, any number of times."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._servers = args.server_pid or []
        self._seconds: list[float] = []
        self._cpu: list[float] = []
        self._server_cpu: list[float] = []
        _reset_peak()
        self._before = _memory("VmRSS")
        self._from = (0.0, 0.0, 0.0)

    def __enter__(self) -> Self:
        self._from = (_server_cpu(self._servers), cpu(), time.perf_counter())
        return self

    def __exit__(self, *_: object) -> None:
        to, cpu_to, server_to = time.perf_counter(), cpu(), _server_cpu(self._servers)
        server_from, cpu_from, from_ = self._from
        self._seconds.append(to - from_)
        self._cpu.append(cpu_to - cpu_from)
        self._server_cpu.append(server_to - server_from)

    def result(self, count: int) -> dict[str, Any]:
        """The figures, for repetitions of `count` commands each."""
        return {
            "count": count,
            "seconds": self._seconds,
            "cpu": self._cpu,
            "server_cpu": self._server_cpu,
            "rss_before_kb": self._before,
            "rss_peak_kb": _memory("VmHWM"),
        }


def cpu() -> float:
    """User and system time of this process, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _server_cpu(pids: list[int]) -> float:
    """Time the servers' main threads have run, in the kernel's nanosecond count."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/schedstat") as file:
            total += int(file.read().split()[0])
    return total * 1e-9


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
