"""Runs the benchmarks: rounds interleaved over the clients, every write verified on the server.

Started by run.sh, which first prepares the peers. Results go to benches/results/ as JSON; a full
run also renders docs/benchmarks.md from them.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import machine
import plan
import report
import server as servers
from case import Case, Group
from clients import CLIENTS, ROOT, WORKERS, Client, WorkerFailed, python_of
from plan_concurrent import DISJOINT
from summary import Results

RESULTS = Path(__file__).resolve().parent / "results"
WHEELS = ("dist", "bindings/python/dist", "target/wheels")


def main() -> int:
    args = _parse()
    every = plan.groups(args.quick) + plan.optional_groups(args.quick)
    if args.list:
        for group in every:
            print(f"{group.name:10} {group.title}")
        return 0
    groups = _selected(args, every)
    # Leave through the context managers, so that the server goes away too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    run = Run(args.rounds)
    run.meta |= machine.describe() | {"quick": args.quick, "load_before": machine.load()}
    if run.meta["load_before"] > 0.5:
        _say(f"the machine is not quiet (load {run.meta['load_before']:.2f}): do not trust this")
    started, stolen = time.monotonic(), machine.stolen()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(servers.running())
        run.meta["redis-server"] = server.probe.server_version()
        run.find_clients(groups, server)
        for group in groups:
            with contextlib.ExitStack() as more:
                several = max((case.servers for case in group.cases), default=1)
                others = [more.enter_context(servers.running()) for _ in range(several - 1)]
                run.measure(group, [server, *others])
    run.meta["minutes"] = round((time.monotonic() - started) / 60, 1)
    run.meta["stolen_seconds"] = round(machine.stolen() - stolen, 1)
    run.data["wheel_bytes"] = _wheel_bytes()
    path = run.save()
    results = Results(run.data)
    print(report.for_terminal(results, every))
    _say(f"{run.meta['minutes']} minutes; {path.relative_to(ROOT)}")
    complete = not args.quick and not args.only and "oxipipe" in run.available
    if args.docs or (complete and not args.no_docs):
        report.render(results, every)
        _say("docs/benchmarks.md written")
    return 1 if run.data["failures"] else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benches/run.sh", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and commands")
    parser.add_argument("--only", default="", help="groups, comma-separated (see --list)")
    parser.add_argument("--rounds", type=int, default=0, help="rounds of every group")
    parser.add_argument("--docs", action="store_true", help="render docs/benchmarks.md anyhow")
    parser.add_argument("--no-docs", action="store_true", help="never render it")
    parser.add_argument("--list", action="store_true", help="list the groups and stop")
    return parser.parse_args()


def _selected(args: argparse.Namespace, every: list[Group]) -> list[Group]:
    if not args.only:
        return plan.groups(args.quick)
    names = args.only.split(",")
    unknown = set(names) - {group.name for group in every}
    if unknown:
        _say(f"no such group: {', '.join(sorted(unknown))} (see --list)")
        raise SystemExit(2)
    return [group for group in every if group.name in names]


class Run:
    """Collects the samples of one run."""

    def __init__(self, rounds: int) -> None:
        self.meta: dict[str, Any] = {
            "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "versions": {},
            "missing": {},
            "rounds": {},
        }
        self.data: dict[str, Any] = {
            "meta": self.meta,
            "samples": [],
            "failures": [],
            "imports": {},
            "wheel_bytes": 0,
        }
        self.available: set[str] = set()
        self._rounds = rounds

    def find_clients(self, groups: list[Group], server: servers.Server) -> None:
        """Leaves out, by name and reason, whoever cannot be measured."""
        wanted = {name for group in groups for case in group.cases for name in case.clients}
        for name in sorted(wanted):
            client = CLIENTS[name]
            reason = client.missing()
            if not reason:
                try:
                    arguments = ["--task", "versions", "--port", str(server.port)]
                    self.meta["versions"][name] = client.run(arguments)["versions"]
                    self.available.add(name)
                except WorkerFailed as failure:
                    reason = str(failure)
            if reason:
                self.meta["missing"][name] = reason
                _say(f"without {name}: {reason}")

    def measure(self, group: Group, several: list[servers.Server]) -> None:
        rounds = self._rounds or group.rounds
        self.meta["rounds"][group.name] = rounds
        for number in range(rounds):
            _say(f"{group.name}: round {number + 1} of {rounds}")
            if group.name == "import":
                self._import_times(first=number == 0)
            for case in group.cases:
                if number and case.once:
                    continue
                used = several[: case.servers]
                for server in used:
                    _load(case, server)
                for name in case.clients:
                    if name in self.available:
                        self._measure_one(case, CLIENTS[name], number, used)
                for server in used:
                    server.probe.flush()

    def _measure_one(
        self, case: Case, client: Client, number: int, used: list[servers.Server]
    ) -> None:
        first = used[0]
        arguments = [*case.arguments(client.name), "--port", str(first.port)]
        for server in used:
            arguments += ["--server-pid", str(server.pid)]
            if case.unix:
                arguments += ["--unix", server.unix]
            if case.counted:
                server.probe.forget_counts()
        identity = {"case": case.name, "client": client.name, "round": number}
        try:
            with machine.apart(first.pid) if case.apart else contextlib.nullcontext():
                sample = client.run(arguments)
            _verify(case, client, used)
        except WorkerFailed as failure:
            _say(f"{case.name}, {client.name}: {failure}")
            self.data["failures"].append(identity | {"reason": str(failure)})
            return
        finally:
            if case.op in ("hset", "mix"):
                first.probe.flush()
        del sample["versions"]
        self.data["samples"].append(identity | sample)

    def _import_times(self, first: bool) -> None:
        """Each in a new process; the very first run of each only warms the caches."""
        for name, environment, modules, backend in (
            ("oxipipe", "oxipipe", ["oxipipe"], "fast"),
            ("oxipipe, cffi backend", "oxipipe", ["oxipipe"], "cffi"),
            # _cffi_backend is all that a compiled cffi module needs at run time, and less than
            # `import cffi`: the stricter reading of "beyond cffi's own".
            ("oxipipe after cffi", "oxipipe", ["_cffi_backend", "oxipipe"], "fast"),
            ("oxipipe after cffi, cffi backend", "oxipipe", ["_cffi_backend", "oxipipe"], "cffi"),
            ("redis-py", "redis-py", ["redis"], ""),
            ("credis", "credis", ["credis"], ""),
            ("glide_sync", "glide-sync", ["glide_sync"], ""),
        ):
            python = python_of(environment)
            worker = Client(name, name, (python, str(WORKERS / "import_time.py")), backend)
            if worker.missing():
                continue
            try:
                for _ in range(2 if first else 1):
                    times = worker.run(modules)
            except WorkerFailed as failure:
                if first:
                    _say(f"import {name}: {failure}")
                    self.meta["missing"][f"import {name}"] = str(failure)
                continue
            assert isinstance(times, list)
            self.data["imports"].setdefault(name, []).append(times[-1])

    def save(self) -> Path:
        RESULTS.mkdir(exist_ok=True)
        stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S")
        path = RESULTS / f"{stamp}.json"
        path.write_text(json.dumps(self.data, indent=1))
        (RESULTS / "latest.json").write_text(json.dumps(self.data, indent=1))
        return path


def _load(case: Case, server: servers.Server) -> None:
    """What a reading case reads. Writing cases start from an empty server."""
    probe = server.probe
    probe.flush()
    if case.op == "hget":
        probe.load_words("words", (f"word|{i}" for i in range(case.fields)))
        if any(name.startswith("redis-benchmark") for name in case.clients):
            names = (f"word|{i:0{plan.PADDED}}" for i in range(case.fields))
            probe.load_words("padded", names)
    elif case.op == "lrange":
        probe.load_list("list", (f"element|{i}" for i in range(case.count)))
    elif case.op == "hgetall":
        probe.load_hash("hash", ((f"word|{i}", f"value|{i}") for i in range(case.count)))
    elif case.op == "sunion":
        # The sets of pypredis's own benchmark: 1,500 members together.
        probe.load_set("set1", range(1_000))
        probe.load_set("set2", range(500, 1_500))
    elif case.op == "sinter":
        probe.load_set("left", range(DISJOINT))
        probe.load_set("right", range(DISJOINT, 2 * DISJOINT))
    elif case.op == "mget":
        probe.load_strings((f"key|{i}", f"{i:0>1024}") for i in range(case.count))


def _verify(case: Case, client: Client, used: list[servers.Server]) -> None:
    """The servers have what the client says it wrote (HGET: still have what was loaded), and have
    run each command exactly as often as it was asked for."""
    if client.is_limit:
        return
    if case.op == "hset":
        # redis-benchmark draws its fields at random: a few may never come up.
        wanted = case.fields_of(client.name)
        least = wanted * 0.99 if client.name.startswith("redis-benchmark") else wanted
        found = used[0].probe.hlen("words")
        if not least <= found <= wanted:
            raise WorkerFailed(f"the hash has {found} fields instead of {wanted}")
    elif case.op == "hget":
        found = used[0].probe.hlen("words")
        if found != case.fields:
            raise WorkerFailed(f"the hash has {found} fields instead of {case.fields}")
    amount = case.amount(client.name)
    for server in used:
        counts = server.probe.command_counts() if case.counted else {}
        for command, part in case.counted.items():
            asked = round(part * amount.commands) * (amount.reps + amount.warm) // len(used)
            asked += case.connecting.get(client.name, 0)
            if counts.get(command, 0) != asked:
                ran = counts.get(command, 0)
                raise WorkerFailed(f"the server ran {command} {ran} times instead of {asked}")


def _wheel_bytes() -> int:
    wheels = [path for place in WHEELS for path in (ROOT / place).glob("oxipipe-*.whl")]
    return max(wheels, key=lambda path: path.stat().st_mtime).stat().st_size if wheels else 0


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
