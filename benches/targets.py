"""The project's speed targets, checked against a run. A report, never a failing test: figures on
a busy machine prove nothing either way."""

from __future__ import annotations

from dataclasses import dataclass

from plan import SCALE
from summary import Results, Spread, format_ratio

IMPORT_MS = 10.0
WHEEL_MB = 3.0
FLAT = 1.3
PACKED_NS = 60.0
_BENCHMARKS = tuple(f"redis-benchmark-P{depth}" for depth in (100, 500, 10_000))

# case, ours, theirs, at least so many times faster, how the report calls it
_RATIOS: tuple[tuple[str, str, str | tuple[str, ...], float, str], ...] = (
    ("hset", "oxipipe", "redis-py", 7.0, "pipeline of 10,000 HSET, against redis-py + hiredis"),
    ("hset", "oxipipe", "glide-sync", 9.0, "... against valkey-glide-sync"),
    ("hset", "oxipipe", "credis", 2.0, "... against credis"),
    ("hset", "oxipipe", "hiredis-c", 1.3, "... against hiredis (C)"),
    ("hset", "oxipipe", _BENCHMARKS, 1.1, "... against redis-benchmark, best of three -P"),
    ("hset", "oxipipe-cffi", "redis-py", 3.0, "... cffi backend, against redis-py + hiredis"),
    ("hset", "oxipipe", "oxipipe-unnamed", 0.9, "named methods, against the same by command()"),
    ("hset", "oxipipe-cffi", "oxipipe-cffi-unnamed", 0.9, "... cffi backend"),
    ("hset-fresh", "oxipipe", "redis-py", 7.0, "the same into an empty hash, against redis-py"),
    ("hset-fresh", "oxipipe", "glide-sync", 9.0, "... against valkey-glide-sync"),
    ("hset-fresh", "oxipipe", "credis", 2.0, "... against credis"),
    ("hset-fresh", "oxipipe", "hiredis-c", 1.3, "... against hiredis (C)"),
    ("hset-fresh", "oxipipe", _BENCHMARKS, 1.1, "... against redis-benchmark, best of three -P"),
    ("hset-fresh", "oxipipe-cffi", "redis-py", 3.0, "... cffi backend, against redis-py"),
    ("call-apart", "oxipipe", "redis-py", 3.0, "one call at a time, against redis-py"),
    ("call-apart", "oxipipe-sleep", "redis-py", 1.15, "... without adaptive waiting (spin_us=0)"),
    ("call", "oxipipe", "redis-py", 3.0, "one call at a time, cores left to the scheduler"),
    ("call", "oxipipe-sleep", "redis-py", 1.15, "... without adaptive waiting (spin_us=0)"),
    ("hset", "oxipipe-c", "hiredis-c", 1.5, "C pipeline of 10,000 HSET, against hiredis"),
    ("hset-fresh", "oxipipe-c", "hiredis-c", 1.5, "... into an empty hash"),
    ("lrange", "oxipipe", "redis-py", 1.1, "LRANGE of 100,000, against redis-py + hiredis"),
    ("hgetall", "oxipipe", "redis-py", 1.1, "HGETALL of 100,000, against redis-py + hiredis"),
    ("mget", "oxipipe", "redis-py", 1.1, "MGET of 10,000 x 1 KiB, against redis-py + hiredis"),
    (
        "threads-16",
        "oxipipe",
        "glide-sync",
        3.0,
        "16 threads on one client, against valkey-glide-sync",
    ),
    ("threads-16", "oxipipe", "redis-py", 5.0, "... against redis-py + hiredis"),
    *(
        (
            f"c-threads-{width}",
            "oxipipe-threads-c",
            "hiredis-threads-c",
            bound,
            f"C threads on one client: {width}; against hiredis with a connection each",
        )
        for width, bound in ((1, 1.0), (2, 1.0), (4, 1.0), (8, 1.0), (64, 1.5))
    ),
    ("tasks-100", "oxipipe-async", "glide-async", 6.0, "100 tasks x 100, against valkey-glide"),
    ("tasks-100", "oxipipe-async", "redis-async", 18.0, "... against redis.asyncio + hiredis"),
    (
        "tasks-100",
        "oxipipe-async",
        "asyncio-limit",
        0.65,
        "... against the same tasks without any I/O",
    ),
    ("gather", "oxipipe-async", "glide-async", 6.0, "gather of 1,000, against valkey-glide"),
    (
        "async-pipeline",
        "oxipipe-async",
        "glide-async",
        8.0,
        "asyncio, pipeline of 10,000, against valkey-glide",
    ),
    ("pool-hset", "oxipipe-pool", "credis", 1.2, "pool of 10, 50,000 HSET, against credis"),
    ("pool-hset", "oxipipe-pool", "aredis", 20.0, "... against aredis, one at a time"),
    ("pool-hset", "oxipipe-pool", "aredis-tasks", 20.0, "... a task for each connection"),
    ("pool-hget", "oxipipe-pool", "credis", 1.2, "pool of 10, 50,000 HGET, against credis"),
    ("pool-hget", "oxipipe-pool", "aredis", 20.0, "... against aredis, one at a time"),
    ("pool-hget", "oxipipe-pool", "aredis-tasks", 20.0, "... a task for each connection"),
)
_SERVERS = (
    ("ping-1", "100,000 PING by futures, against redis-py + hiredis"),
    ("ping-2", "... over two servers"),
    ("sunion-1", "1,000 SUNION by futures, against redis-py + hiredis"),
    ("sunion-2", "... over two servers"),
)
_IDLE = (
    ("idle-oxipipe", "wakeups a second, idle clients"),
    ("idle-oxipipe-async", "... of asyncio"),
    ("idle-oxipipe-pool", "... pools"),
)


@dataclass(frozen=True)
class Verdict:
    name: str
    target: str
    measured: str
    passed: bool | None  # None: not measured in this run

    @property
    def word(self) -> str:
        return {True: "PASS", False: "MISS", None: "-"}[self.passed]


def check(results: Results) -> list[Verdict]:
    verdicts = []
    for case, ours, theirs, bound, name in _RATIOS:
        ratio = results.ratio(case, ours, theirs)
        verdicts.append(_verdict(name, f">= {bound:g}x", ratio, lambda m, b=bound: m >= b))
    flat = results.unevenness([f"scale-{size}" for size in SCALE], "oxipipe")
    name = "cost per command, pipelines of 100 to 1,000,000, largest / smallest"
    verdicts.append(_verdict(name, f"<= {FLAT:g}x", flat, lambda m: m <= FLAT))
    for case, name in _SERVERS:
        for what, ratio in (
            ("wall clock", results.ratio(case, "oxipipe-submit", "redis-py")),
            ("client CPU", results.cpu_ratio(case, "oxipipe-submit", "redis-py")),
        ):
            verdicts.append(_verdict(f"{name}, {what}", "> 1x", ratio, lambda m: m > 1))
    verdicts += [_idle(results, client, name) for client, name in _IDLE]
    return [*verdicts, _packed(results), _import(results), _wheel(results)]


def _verdict(name: str, target: str, ratio: Spread | None, good: object) -> Verdict:
    if ratio is None:
        return Verdict(name, target, "not measured", None)
    assert callable(good)
    return Verdict(name, target, format_ratio(ratio), bool(good(ratio.median)))


def _idle(results: Results, client: str, name: str) -> Verdict:
    wakeups = results.wakeups("idle", client)
    if wakeups is None:
        return Verdict(name, "0", "not measured", None)
    measured = f"{wakeups.median:.1f} ({wakeups.low:.1f}-{wakeups.high:.1f})"
    return Verdict(name, "0", measured, wakeups.median <= 0)


def _packed(results: Results) -> Verdict:
    name, target = "packed submission of 100 commands from C, each", f"<= {PACKED_NS:g} ns"
    rate = results.rate("submission", "oxipipe-packed-c")
    if rate is None:
        return Verdict(name, target, "not measured", None)
    ns = [1e9 / value for value in (rate.median, rate.high, rate.low)]
    measured = f"{ns[0]:.1f} ns ({ns[1]:.1f}-{ns[2]:.1f})"
    return Verdict(name, target, measured, ns[0] <= PACKED_NS)


def _import(results: Results) -> Verdict:
    name, target = "import oxipipe, beyond cffi's own", f"< {IMPORT_MS:g} ms"
    time = results.imports("oxipipe after cffi")
    if time is None:
        return Verdict(name, target, "not measured", None)
    measured = f"{time.median:.1f} ms ({time.low:.1f}-{time.high:.1f})"
    return Verdict(name, target, measured, time.median < IMPORT_MS)


def _wheel(results: Results) -> Verdict:
    name, target = "wheel size", f"< {WHEEL_MB:g} MB"
    size = results.data["wheel_bytes"]
    if not size:
        return Verdict(name, target, "no wheel found", None)
    return Verdict(name, target, f"{size / 1e6:.2f} MB", size / 1e6 < WHEEL_MB)
