"""What is measured: groups of cases, each case one row of the report for several clients."""

from __future__ import annotations

from dataclasses import replace

import plan_concurrent
from case import Case, Group

PEERS = ("redis-py", "credis", "glide-sync")
PIPELINE_CLIENTS = (
    "oxipipe",
    "oxipipe-unnamed",
    "oxipipe-cffi",
    "oxipipe-cffi-unnamed",
    *PEERS,
    "oxipipe-c",
    "hiredis-c",
    "redis-benchmark-P100",
    "redis-benchmark-P500",
    "redis-benchmark-P10000",
    "redis-benchmark-P500-c50",
)
CALL_CLIENTS = (
    "oxipipe",
    "oxipipe-sleep",
    "oxipipe-cffi",
    *PEERS,
    "oxipipe-c",
    "oxipipe-c-sleep",
    "hiredis-c",
    "redis-benchmark-P1",
)
REPLY_CLIENTS = (
    "oxipipe",
    "oxipipe-cffi",
    *PEERS,
    "oxipipe-decode",
    "redis-py-decode",
)
WORKLOAD_CLIENTS = ("oxipipe", *PEERS)
PADDED = 12  # Digits that redis-benchmark fills in for __rand_int__.


def groups(quick: bool) -> list[Group]:
    return [
        _pipeline(quick),
        _calls(quick),
        _replies(quick),
        _scale(quick),
        _memory(),
        Group("import", "Import time and wheel size", 5 if quick else 15),
        _sizes(quick),
        _totals(quick),
        _single(quick),
        *plan_concurrent.groups(quick),
    ]


def optional_groups(quick: bool) -> list[Group]:
    """Measured only when asked for with --only."""
    return [_unix(quick)]


def _pipeline(quick: bool) -> Group:
    reps, many = (7, 200_000) if quick else (15, 500_000)
    overwrite = Case(
        "hset",
        "pipeline of 10,000 HSET, fields exist",
        "pipeline",
        "hset",
        PIPELINE_CLIENTS,
        10_000,
        10_000,
        reps=reps,
        warm=2,
        many=many,
    )
    one_connection = PIPELINE_CLIENTS[:-1]
    insert = replace(
        overwrite,
        name="hset-fresh",
        title="pipeline of 10,000 HSET into an empty hash",
        clients=one_connection,
        fresh=True,
        many=0,
    )
    read = replace(
        overwrite,
        name="hget",
        title="pipeline of 10,000 HGET",
        op="hget",
        clients=one_connection,
    )
    cases = (overwrite, insert, read)
    return Group("pipeline", "Pipelines of 10,000", 3 if quick else 7, cases)


def _calls(quick: bool) -> Group:
    count = 3_000 if quick else 5_000
    apart = Case(
        "call-apart",
        "HSET, one call at a time, server on a core of its own",
        "calls",
        "hset",
        CALL_CLIENTS,
        count,
        distinct=1_000,
        reps=2,
        apart=True,
        many=count * 3,
    )
    free = replace(
        apart,
        name="call",
        title="HSET, one call at a time, cores left to the scheduler",
        apart=False,
    )
    return Group("calls", "One call at a time", 3 if quick else 7, (apart, free))


def _replies(quick: bool) -> Group:
    reps = 7 if quick else 15
    cases = tuple(
        Case(op, title, "reply", op, REPLY_CLIENTS, count, reps=reps, warm=2)
        for op, title, count in (
            ("lrange", "LRANGE of 100,000 short strings", 100_000),
            ("hgetall", "HGETALL of 100,000 fields", 100_000),
            ("mget", "MGET of 10,000 values of 1 KiB", 10_000),
        )
    )
    return Group("replies", "Large replies", 3 if quick else 5, cases)


SCALE = (100, 1_000, 10_000, 100_000, 1_000_000)


def _scale(quick: bool) -> Group:
    # The fields repeat every 10,000, so that the server does the same work at every size and the
    # row shows what the client adds.
    cases = tuple(
        Case(
            f"scale-{size}",
            f"pipeline of {size:,} HSET",
            "pipeline",
            "hset",
            ("oxipipe",),
            max(size, 100_000),
            size,
            distinct=10_000,
            reps=2 if size == SCALE[-1] else 5,
            warm=1,
        )
        for size in SCALE
    )
    return Group("scale", "Cost per command by pipeline size", 3 if quick else 5, cases)


def _memory() -> Group:
    case = Case(
        "million",
        "one pipeline of 1,000,000 HSET",
        "pipeline",
        "hset",
        ("oxipipe", "oxipipe-cffi", *PEERS, "oxipipe-c", "hiredis-c"),
        1_000_000,
        1_000_000,
        distinct=10_000,
        once=True,
    )
    return Group("memory", "Memory of one pipeline of 1,000,000", 1, (case,))


def _sizes(quick: bool) -> Group:
    total = 100_000 if quick else 500_000
    hset = (
        (100, 1_000, 10_000, 100_000)
        if quick
        else (100, 500, 1_000, 5_000, 10_000, 50_000, 100_000)
    )
    hget = (100, 10_000) if quick else (100, 10_000, 100_000)
    cases = tuple(
        Case(
            f"sizes-{op}-{size}",
            f"{total:,} {op.upper()} in pipelines of {size:,}",
            "pipeline",
            op,
            WORKLOAD_CLIENTS,
            total,
            size,
        )
        for op, sizes in (("hset", hset), ("hget", hget))
        for size in sizes
    )
    return Group("sizes", "Workload: pipeline size", 2 if quick else 5, cases)


def _totals(quick: bool) -> Group:
    totals = (1_000, 100_000) if quick else (1_000, 10_000, 25_000, 50_000, 100_000)
    cases = tuple(
        Case(
            f"totals-{op}-{total}",
            f"{total:,} {op.upper()} in pipelines of 100",
            "pipeline",
            op,
            WORKLOAD_CLIENTS,
            total,
            100,
        )
        for op in ("hset", "hget")
        for total in totals
    )
    return Group("totals", "Workload: number of commands", 2 if quick else 5, cases)


def _single(quick: bool) -> Group:
    count = 3_000 if quick else 10_000
    cases = tuple(
        Case(
            f"single-{op}",
            f"{count:,} {op.upper()}, one call at a time",
            "calls",
            op,
            (*WORKLOAD_CLIENTS, "oxipipe-sleep"),
            count,
        )
        for op in ("hset", "hget")
    )
    return Group("single", "Workload: single calls", 2 if quick else 5, cases)


def _unix(quick: bool) -> Group:
    case = Case(
        "unix-hset",
        "pipeline of 10,000 HSET over a Unix socket",
        "pipeline",
        "hset",
        ("oxipipe", "redis-py", "credis"),
        10_000,
        10_000,
        reps=15,
        warm=2,
        unix=True,
    )
    return Group("unix", "Unix socket", 3 if quick else 7, (case,))
