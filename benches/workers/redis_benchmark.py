"""redis-benchmark with the closest command line it can do, reported like any other worker.

Three differences, all in its favour or neutral: its fields are random and zero-padded to twelve
digits instead of counted up, it neither keeps nor looks at replies, and it counts whole
milliseconds, so short runs are repeated and added up.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
from pathlib import Path


def main() -> None:
    args = _parse()
    versions = {"redis-benchmark": _version()}
    if args.task == "versions":
        print(json.dumps({"versions": versions}))
        return
    command = ["redis-benchmark", "-h", args.host, "-p", str(args.port), "--csv"]
    command += ["-c", str(args.connections), "-P", str(args.size if args.task == "pipeline" else 1)]
    command += ["-n", str(args.count)]
    field = "word|__rand_int__"
    if args.fresh:
        # Practically never the same field twice: each command inserts.
        command += ["-r", "1000000000", "HSET", "words", field, "1"]
    elif args.op == "hset":
        command += ["-r", str(args.distinct), "HSET", "words", field, "1"]
    else:
        command += ["-r", str(args.distinct), "HGET", "padded", field]
    seconds = cpu = server_cpu = 0.0
    for _ in range(args.warm + args.reps):
        if args.fresh:
            delete = ["redis-cli", "-h", args.host, "-p", str(args.port), "DEL", "words"]
            subprocess.run(delete, check=True, capture_output=True)
        before, server_before = _cpu(), _server_cpu(args.server_pid)
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        if args.warm:
            args.warm -= 1
            continue
        seconds += args.count / _rate(done.stdout)
        cpu += _cpu() - before
        server_cpu += _server_cpu(args.server_pid) - server_before
    result = {
        "count": args.count,
        "seconds": [seconds / args.reps],
        "cpu": [cpu / args.reps],
        "server_cpu": [server_cpu / args.reps],
        "rss_before_kb": 0,
        "rss_peak_kb": 0,
        "versions": versions,
    }
    print(json.dumps(result))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=6379)
    parser.add_argument("--task", choices=["pipeline", "calls", "versions"])
    parser.add_argument("--op", choices=["hset", "hget"])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=10_000, help="-P")
    parser.add_argument("--connections", type=int, default=1, help="-c")
    parser.add_argument("--distinct", type=int, default=10_000, help="-r")
    parser.add_argument("--reps", type=int, default=1)
    parser.add_argument("--warm", type=int, default=0)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--server-pid", type=int, default=0)
    return parser.parse_args()


def _rate(output: str) -> float:
    rows = [row for row in csv.reader(output.splitlines()) if len(row) > 1]
    if len(rows) != 2 or rows[0][1] != "rps":
        sys.exit(f"redis-benchmark said: {output[:200]}")
    return float(rows[1][1])


def _version() -> str:
    line = subprocess.run(["redis-benchmark", "--version"], check=True, capture_output=True)
    return line.stdout.decode().split()[1]


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _server_cpu(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) * 1e-9 if pid else 0.0


if __name__ == "__main__":
    main()
