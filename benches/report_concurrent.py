"""The report's part about threads, event loops, pools, futures and idling."""

from __future__ import annotations

import plan_concurrent as plan
from case import Group
from rows import case_table, group_rows
from summary import Results
from tables import sentence, table

Plots = dict[str, list[str]]

_TEXTS = {
    "threads": """
All threads call one client object, each SET and GET of keys of its own in turn, one call at a time;
every GET has to answer the very value that its thread has set. The threads stand ready when the
clock starts, and it stops when the last of them is done. redis-py gives each thread a connection
of its pool (whose limit of 100 is raised where there are more threads); oxipipe and
valkey-glide-sync share what connections they have.
""",
    "threads-curve": """
The same with 1 to 128 threads. Here and in the other tables of this kind: commands a second with the
smallest and largest, how many times faster oxipipe is, client CPU time of a command, peak memory.
""",
    "threads-c": """
`HGET` by C threads, one call at a time, the calls divided among the threads: oxipipe with one client
for all of them, hiredis with a connection for each, which it needs. Starting the threads is part of
the time.
""",
    "asyncio": """
One event loop. "Tasks" await each call before the next; "gather" awaits 1,000 calls at a time;
oxipipe, valkey-glide and coredis put concurrent calls on a shared connection, redis.asyncio gives
each a connection (its limit of 100 is raised for the gather), which are open before the clock
starts. valkey-glide's request timeout of 250 ms is raised. coredis, being slow, does a fifth of the
concurrent calls. The rows with uvloop run the same on that event loop.
""",
    "asyncio-curve": """
`HSET` by 1 to 1,000 tasks.
""",
    "submission": """
Only the handing over of commands is timed, not what it takes to answer them: for other languages it is
what a call into the library costs. The CPU times are those of all of it. hiredis: `redisAppendCommandArgv`.
""",
    "pool": f"""
50,000 commands handed to a pool of 10 connections, until a final barrier says that all were
executed and none failed. oxipipe: `phset` and `flush`, the futures not looked at; "each result"
asks every future for its result, as all HGET rows do. In C the replies of HGET are looked at as they
come. credis: one connection, pipelines of {plan.CREDIS_PIPELINE}, as its pool needs gevent. aredis
and asyncio-redis: a pool of 10, first one call at a time, as in the benchmark that started this
comparison (nine connections are then idle), then with a task for each connection (aredis refuses
more calls than it has connections). These two do 5,000 commands, their rate being the same. aredis
does not run on this Python: the harness drops an argument that it passes and asyncio no longer takes.

The last two tables bound what may be outstanding: a full pool makes the next command wait.
""",
    "pool-curve": """
50,000 HSET and the barrier (aredis: 5,000, a task for each connection) with 1 to 64 connections.
The server is a single thread: more connections do not make it faster.
""",
    "servers": f"""
The workload of pypredis's own benchmark: 100,000 `PING` and 1,000 `SUNION set1 set2` of
{plan.MEMBERS:,} members, over Unix sockets, all replies kept until the last one is there; and a few
`SINTER` of big disjoint sets, which are nothing but work for the servers. oxipipe:
a future for each command, by `submit` of a client for each server or by the event loop of
`oxipipe.compat.pypredis`; with two servers the commands alternate. redis-py: one pipeline, with two
servers one pipeline after the other. Wall-clock seconds with the smallest and largest, then client
CPU seconds; the last columns are the ratios of both to redis-py with hiredis.
""",
    "idle": f"""
A process with {plan.IDLE_OF_EACH} clients that have answered a PING, doing nothing for
{plan.IDLE_SECONDS} seconds. Every time a thread wakes up and goes back to sleep the kernel counts a
voluntary context switch. One of them is the sleep of the process itself, as the first row shows, and
is taken off here.
""",
}


def sections(results: Results, groups: dict[str, Group], plots: Plots) -> list[str]:
    parts = []
    for name, text in _TEXTS.items():
        group = groups[name]
        tables = _tables(results, group)
        if tables:
            level = "###" if name.endswith("-curve") else "##"
            parts += [f"{level} {group.title}", text, *plots.get(name, []), *tables]
    return parts


def _tables(results: Results, group: Group) -> list[str]:
    found = group_rows(results, group)
    if found is not None:
        return [table(*found)] if found[1] else []
    parts = []
    for case in group.cases:
        rows = case_table(results, case)
        if rows:
            parts += [f"### {sentence(case.title)}", rows]
    return parts
