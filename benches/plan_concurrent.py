"""What is measured of the ways to wait: threads, event loops, pools, futures, and idling."""

from __future__ import annotations

from dataclasses import replace

from case import Amount, Case, Group

THREADS = (1, 2, 4, 8, 16, 32, 64, 128)
TASKS = (1, 3, 10, 30, 100, 300, 1_000)
CONNECTIONS = (1, 2, 4, 8, 16, 32, 64)

THREAD_CLIENTS = ("oxipipe", "redis-py", "glide-sync")
C_THREAD_CLIENTS = ("oxipipe-threads-c", "hiredis-threads-c")
ASYNC_CLIENTS = ("oxipipe-async", "glide-async", "redis-async")
LIMITS = ("asyncio-limit", "asyncio-limit-uvloop")
UVLOOP_CLIENTS = ("oxipipe-async-uvloop", "glide-async-uvloop", "redis-async-uvloop")
POOL_CLIENTS = (
    "oxipipe-pool",
    "oxipipe-pool-results",
    "oxipipe-pool-cffi",
    "oxipipe-pool-c",
    "credis",
    "aredis",
    "aredis-tasks",
    "asyncio-redis",
    "asyncio-redis-tasks",
)
SUBMISSION_CLIENTS = ("oxipipe-packed-c", "oxipipe-submit-c", "hiredis-submit-c")
SERVER_CLIENTS = ("oxipipe-submit", "oxipipe-pypredis", "redis-py", "redis-py-pure")
IDLE_CLIENTS = (
    "idle-nothing",
    "idle-oxipipe",
    "idle-oxipipe-async",
    "idle-oxipipe-pool",
    "idle-glide-sync",
    "idle-glide-async",
    "idle-redis-async",
)
WINDOWS = (10, 1_000)
IDLE_OF_EACH = 4
IDLE_SECONDS = 4
MEMBERS = 1_500  # of SUNION set1 set2
DISJOINT = 100_000  # members in each set of SINTER left right
CREDIS_PIPELINE = 100

_SETS_AND_GETS = {"set": 0.5, "get": 0.5}


def groups(quick: bool) -> list[Group]:
    return [
        _threads(quick),
        _thread_curve(quick),
        _c_threads(quick),
        _asyncio(quick),
        _task_curve(quick),
        _submission(quick),
        _pool(quick),
        _pool_curve(quick),
        _servers(quick),
        _idle(quick),
    ]


def _threads(quick: bool) -> Group:
    case = Case(
        "threads-16",
        "SET and GET, single calls by 16 threads on one client",
        "threads",
        "mix",
        ("oxipipe", "oxipipe-cffi", "redis-py", "glide-sync"),
        3_200 if quick else 8_000,
        reps=2 if quick else 3,
        warm=1,
        width=16,
        counted=_SETS_AND_GETS,
    )
    return Group("threads", "Threads on one client", 3 if quick else 5, (case,))


def _thread_curve(quick: bool) -> Group:
    def case(width: int) -> Case:
        # Two commands at least for each thread.
        count = _shared(2_048 if quick else 4_096, 2 * width)
        return Case(
            f"threads-curve-{width}",
            f"SET and GET, threads on one client: {width}",
            "threads",
            "mix",
            THREAD_CLIENTS,
            count,
            reps=3,
            warm=1,
            width=width,
            counted=_SETS_AND_GETS,
            less={"redis-py": Amount(count, 1, 1)},
        )

    cases = tuple(map(case, THREADS))
    return Group("threads-curve", "Python threads, 1 to 128", 1 if quick else 3, cases)


def _c_threads(quick: bool) -> Group:
    cases = tuple(
        Case(
            f"c-threads-{width}",
            f"HGET, C threads: {width}",
            "threads",
            "hget",
            C_THREAD_CLIENTS,
            _shared((4_000 if width < 8 else 12_000) * (1 if quick else 2), width),
            distinct=1_000,
            reps=2,
            warm=1,
            width=width,
            ours="oxipipe-threads-c",
            counted={"hget": 1.0},
        )
        for width in THREADS
    )
    return Group("threads-c", "C threads, 1 to 128", 3 if quick else 5, cases)


def _asyncio(quick: bool) -> Group:
    clients = (
        "oxipipe-async",
        "oxipipe-async-cffi",
        "glide-async",
        "redis-async",
        "coredis",
    )
    tasks = Case(
        "tasks-100",
        "100 tasks, each 100 HSET one after the other",
        "tasks",
        "hset",
        (*clients, *UVLOOP_CLIENTS, *LIMITS),
        10_000,
        reps=3,
        warm=1,
        width=100,
        ours="oxipipe-async",
        counted={"hset": 1.0},
        less={
            "redis-async": Amount(10_000, 1, 1),
            "redis-async-uvloop": Amount(10_000, 1, 1),
            "coredis": Amount(2_000, 1, 1),
        },
    )
    gather = replace(
        tasks,
        name="gather",
        title="gather of 1,000 HSET, ten times",
        task="gather",
        clients=clients,
        size=1_000,
        width=0,
    )
    pipeline = replace(
        gather,
        name="async-pipeline",
        title="pipeline of 10,000 HSET, asyncio",
        task="pipeline",
        clients=(*clients, *UVLOOP_CLIENTS),
        size=10_000,
        reps=3 if quick else 5,
        less={},
    )
    calls = replace(
        gather,
        name="async-calls",
        title="HSET one at a time, asyncio",
        task="calls",
        clients=clients,
        count=1_000 if quick else 2_000,
        size=1,
        reps=2,
        less={},
    )
    cases = (tasks, gather, pipeline, calls)
    return Group("asyncio", "asyncio", 2 if quick else 5, cases)


def _task_curve(quick: bool) -> Group:
    most = 3_000 if quick else 10_000

    def case(width: int) -> Case:
        count = _shared(min(most, 2_000 * width), width)
        return Case(
            f"tasks-curve-{width}",
            f"HSET by asyncio tasks: {width:,}",
            "tasks",
            "hset",
            ASYNC_CLIENTS,
            count,
            reps=3,
            warm=1,
            width=width,
            ours="oxipipe-async",
            counted={"hset": 1.0},
            less={"redis-async": Amount(count, 1, 1)},
        )

    cases = tuple(map(case, TASKS))
    return Group("asyncio-curve", "asyncio tasks, 1 to 1,000", 1 if quick else 3, cases)


def _pool(quick: bool) -> Group:
    # Those that wait for each reply would take most of the time of the whole run.
    less = Amount(2_000 if quick else 5_000, 1, 0)
    slow = ("aredis", "aredis-tasks", "asyncio-redis", "asyncio-redis-tasks")
    cases = tuple(
        Case(
            f"pool-{op}",
            f"50,000 {op.upper()} through a pool of 10",
            "pool",
            op,
            # Getting a value means asking its future: there is no other way.
            tuple(n for n in POOL_CLIENTS if op == "hset" or n != "oxipipe-pool-results"),
            50_000,
            CREDIS_PIPELINE,
            reps=2 if quick else 3,
            warm=1,
            width=10,
            ours="oxipipe-pool",
            counted={op: 1.0},
            less=dict.fromkeys(slow, less),
        )
        for op in ("hset", "hget")
    )
    windows = tuple(
        replace(
            cases[0],
            name=f"pool-window-{window}",
            title=f"{cases[0].title}, at most {window:,} outstanding",
            clients=("oxipipe-pool", "oxipipe-pool-c"),
            window=window,
        )
        for window in WINDOWS
    )
    return Group("pool", "Pool of connections", 3 if quick else 5, (*cases, *windows))


def _submission(quick: bool) -> Group:
    case = Case(
        "submission",
        "HGET handed to an event-loop client, 100 at a time",
        "submission",
        "hget",
        SUBMISSION_CLIENTS,
        20_000 if quick else 100_000,
        100,
        distinct=1_000,
        reps=3,
        warm=1,
        ours="oxipipe-packed-c",
        counted={"hget": 1.0},
    )
    return Group("submission", "Submission from C", 3 if quick else 5, (case,))


def _pool_curve(quick: bool) -> Group:
    count = 10_000 if quick else 50_000
    cases = tuple(
        Case(
            f"pool-curve-{width}",
            f"{count:,} HSET, connections of the pool: {width}",
            "pool",
            "hset",
            ("oxipipe-pool", "oxipipe-pool-c", "aredis-tasks"),
            count,
            CREDIS_PIPELINE,
            reps=2,
            warm=1,
            width=width,
            ours="oxipipe-pool",
            counted={"hset": 1.0},
            less={"aredis-tasks": Amount(5_000, 1, 0)},
        )
        for width in CONNECTIONS
    )
    return Group("pool-curve", "Pool, 1 to 64 connections", 1 if quick else 3, cases)


def _servers(quick: bool) -> Group:
    cases = tuple(
        Case(
            f"{op}-{servers}",
            f"{count:,} {work}, {'one server' if servers == 1 else 'two servers'}",
            "servers",
            op,
            SERVER_CLIENTS,
            count,
            servers=servers,
            unix=True,
            ours="oxipipe-submit",
            counted={op: 1.0},
            connecting={"oxipipe-pypredis": 1} if op == "ping" else {},
        )
        for op, count, work in (
            ("ping", 20_000 if quick else 100_000, "PING"),
            ("sunion", 200 if quick else 1_000, f"SUNION of {MEMBERS:,} members"),
            ("sinter", 10 if quick else 20, f"SINTER of two disjoint sets of {DISJOINT:,}"),
        )
        for servers in (1, 2)
    )
    return Group("servers", "Futures, one and two servers", 2 if quick else 5, cases)


def _idle(quick: bool) -> Group:
    case = Case(
        "idle",
        f"{IDLE_OF_EACH} connected clients, idle",
        "idle",
        "none",
        IDLE_CLIENTS,
        1 if quick else IDLE_SECONDS,
        ours="idle-oxipipe",
    )
    return Group("idle", "Idle clients", 1 if quick else 2, (case,))


def _shared(count: int, width: int) -> int:
    """About `count`, but as much for each of `width`."""
    return max(count // width, 1) * width
