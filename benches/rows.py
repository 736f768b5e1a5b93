"""What stands in the tables, for the terminal and for the page alike."""

from __future__ import annotations

from case import Case, Group
from clients import CLIENTS
from plan_concurrent import IDLE_CLIENTS
from summary import Results, format_rate, format_ratio
from tables import Row, table

HEADER = (
    "client",
    "rate (min-max)",
    "oxipipe is faster",
    "client CPU us",
    "server CPU us",
    "peak MB",
)
# Groups whose cases differ only in how many threads, tasks or connections there are.
_CURVES = {
    "threads-curve": "Threads",
    "threads-c": "Threads",
    "asyncio-curve": "Tasks",
    "pool-curve": "Connections",
}


def case_rows(results: Results, case: Case) -> list[Row]:
    """One row per client; the second cell is empty if it was not measured."""
    rows: list[Row] = []
    for name in case.clients:
        rate = results.rate(case.name, name)
        if rate is None:
            reasons = results.failures(case.name, name)
            rows.append((CLIENTS[name].title, "failed" if reasons else "", "", "", "", ""))
            continue
        # C programs are compared with our C library, Python clients with our Python package.
        ours = {"hiredis-c": "oxipipe-c", "redis-py-decode": "oxipipe-decode"}.get(name, case.ours)
        ratio = None if name.startswith("oxipipe") else results.ratio(case.name, ours, name)
        peak = results.peak_mb(case.name, name)
        rows.append(
            (
                CLIENTS[name].title,
                f"{format_rate(rate.median)} ({format_rate(rate.low)}-{format_rate(rate.high)})",
                format_ratio(ratio) if ratio else "",
                f"{results.cpu_us(case.name, name) or 0:.2f}",
                f"{results.cpu_us(case.name, name, 'server_cpu') or 0:.2f}",
                f"{peak:.0f}" if peak else "",
            )
        )
    return rows


def case_table(results: Results, case: Case) -> str:
    """Markdown; empty if nobody was measured."""
    header = (
        "Client",
        "Rate (min-max)",
        "oxipipe is faster by",
        "Client CPU, µs each",
        "Server CPU, µs each",
        "Peak memory, MB",
    )
    rows = [row for row in case_rows(results, case) if row[1]]
    return table(header, rows) if rows else ""


def group_rows(results: Results, group: Group) -> tuple[Row, list[Row]] | None:
    """Header and rows of a group that has one table for all its cases; None: a table for each."""
    if group.name in _CURVES:
        return _curve(results, group)
    if group.name == "servers":
        return _servers(results, group)
    if group.name == "idle":
        return _idle(results, group.cases[0])
    return None


def _curve(results: Results, group: Group) -> tuple[Row, list[Row]]:
    clients = _measured(results, group)
    header = (_CURVES[group.name], *(CLIENTS[name].title for name in clients))
    rows = []
    for case in group.cases:
        cells = [f"{case.width:,}"]
        for name in clients:
            rate, peak = results.rate(case.name, name), results.peak_mb(case.name, name)
            if rate is None:
                cells.append("failed" if results.failures(case.name, name) else "")
                continue
            own = name.startswith("oxipipe")
            ratio = None if own else results.ratio(case.name, case.ours, name)
            faster = f", {ratio.median:.2f}x" if ratio else ""
            cpu = results.cpu_us(case.name, name) or 0
            cells.append(
                f"{format_rate(rate.median)} ({format_rate(rate.low)}-{format_rate(rate.high)})"
                f"{faster}, CPU {cpu:.1f} µs, {peak or 0:.0f} MB"
            )
        rows.append(tuple(cells))
    return header, rows if clients else []


def _servers(results: Results, group: Group) -> tuple[Row, list[Row]]:
    header = (
        "Work",
        "Client",
        "Seconds (min-max)",
        "CPU seconds",
        "Peak memory, MB",
        "oxipipe is faster by",
        "... in CPU time by",
    )
    rows: list[Row] = []
    for case in group.cases:
        for name in _measured(results, group):
            time = results.seconds(case.name, name)
            if time is None:
                if results.failures(case.name, name):
                    rows.append((case.title, CLIENTS[name].title, "failed", "", "", "", ""))
                continue
            own = name.startswith("oxipipe")
            ratio = None if own else results.ratio(case.name, case.ours, name)
            cpu = None if own else results.cpu_ratio(case.name, case.ours, name)
            rows.append(
                (
                    case.title,
                    CLIENTS[name].title,
                    f"{time.median:.3f} ({time.low:.3f}-{time.high:.3f})",
                    f"{results.cpu_seconds(case.name, name) or 0:.3f}",
                    f"{results.peak_mb(case.name, name) or 0:.0f}",
                    format_ratio(ratio) if ratio else "",
                    format_ratio(cpu) if cpu else "",
                )
            )
    return header, rows


def _idle(results: Results, case: Case) -> tuple[Row, list[Row]]:
    header = ("Clients", "Wakeups a second (min-max)", "CPU, ms a second", "Threads", "MB")
    rows: list[Row] = []
    for name in IDLE_CLIENTS:
        wakeups, cpu = results.wakeups(case.name, name), results.cpu_share(case.name, name)
        if wakeups is None or cpu is None:
            if results.failures(case.name, name):
                rows.append((CLIENTS[name].title, "failed", "", "", ""))
            continue
        rows.append(
            (
                CLIENTS[name].title,
                f"{wakeups.median:.1f} ({wakeups.low:.1f}-{wakeups.high:.1f})",
                f"{cpu * 1e3:.2f}",
                f"{results.threads(case.name, name) or 0:.0f}",
                f"{results.peak_mb(case.name, name) or 0:.0f}",
            )
        )
    return header, rows


def _measured(results: Results, group: Group) -> list[str]:
    names = dict.fromkeys(name for case in group.cases for name in case.clients)
    return [n for n in names if any(results.seconds(c.name, n) for c in group.cases)]
