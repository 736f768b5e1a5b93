"""Draws the report's plots as SVG. Reads the results as JSON from standard input, is run by
report.py in the environment that has matplotlib, and prints "section TAB file TAB title" lines.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import plan
from case import Case
from clients import CLIENTS
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from summary import Results, Spread

_COLOURS = {
    "oxipipe": "#c0392b",
    "oxipipe-cffi": "#e08e79",
    "oxipipe-sleep": "#e08e79",
    "oxipipe-c": "#8e2a20",
    "oxipipe-c-sleep": "#b5655c",
    "redis-py": "#2980b9",
    "credis": "#27ae60",
    "glide-sync": "#8e6bbf",
    "hiredis-c": "#7f8c8d",
    "oxipipe-threads-c": "#8e2a20",
    "hiredis-threads-c": "#7f8c8d",
    "oxipipe-async": "#c0392b",
    "oxipipe-async-cffi": "#e08e79",
    "oxipipe-async-uvloop": "#8e2a20",
    "redis-async": "#2980b9",
    "redis-async-uvloop": "#7fb3d5",
    "glide-async": "#8e6bbf",
    "glide-async-uvloop": "#c1afdb",
    "coredis": "#d4ac0d",
    "oxipipe-pool": "#c0392b",
    "oxipipe-pool-results": "#e08e79",
    "oxipipe-pool-cffi": "#e08e79",
    "oxipipe-pool-c": "#8e2a20",
    "aredis": "#16a085",
    "aredis-tasks": "#16a085",
}
_OTHER = "#b8bfc2"
_MARKS = {
    "oxipipe-sleep": "v",
    "oxipipe-pool-c": "v",
    "redis-py": "s",
    "redis-async": "s",
    "hiredis-threads-c": "s",
    "credis": "^",
    "aredis-tasks": "^",
    "glide-sync": "D",
    "glide-async": "D",
}


_CURVES = (
    ("threads-curve", "SET and GET by Python threads on one client", "threads"),
    ("threads-c", "HGET by C threads", "threads"),
    ("asyncio-curve", "HSET by asyncio tasks", "tasks"),
    ("pool-curve", "HSET through a pool, with a barrier at the end", "connections"),
)


class Plots:
    def __init__(self, results: Results, folder: Path) -> None:
        self.results = results
        self.folder = folder
        self.groups = {g.name: g for g in plan.groups(results.data["meta"]["quick"])}

    def draw(self) -> None:
        for case in (*self.groups["pipeline"].cases, *self.groups["calls"].cases):
            section = "calls" if case.task == "calls" else "pipeline"
            self._bars(section, case)
        self._lines("scale", "Cost per command, HSET with oxipipe", self._scale)
        for op in ("hset", "hget"):
            self._lines(
                "sizes", f"{op.upper()}: all commands, by pipeline size", self._sizes(op), op
            )
            self._lines("totals", f"{op.upper()} in pipelines of 100", self._totals(op), op)
        for case in self.groups["single"].cases:
            self._bars("single", case)
        for name in ("threads", "asyncio", "pool"):
            for case in self.groups[name].cases:
                self._bars(name, case)
        for name, title, what in _CURVES:
            self._lines(name, title, self._curve(name, what))

    def _bars(self, section: str, case: Case) -> None:
        found = [(name, self.results.rate(case.name, name)) for name in case.clients]
        rates = [(name, rate) for name, rate in found if rate is not None]
        if not rates:
            return
        figure, axes = plt.subplots(figsize=(7, 0.36 * len(rates) + 1.1))
        values = [rate.median / 1e3 for _, rate in rates]
        errors = [
            [(rate.median - rate.low) / 1e3 for _, rate in rates],
            [(rate.high - rate.median) / 1e3 for _, rate in rates],
        ]
        colours = [_COLOURS.get(name, _OTHER) for name, _ in rates]
        labels = [CLIENTS[name].title for name, _ in rates]
        axes.barh(labels, values, xerr=errors, color=colours, error_kw={"elinewidth": 1})
        axes.invert_yaxis()
        axes.set_xlabel("thousand commands a second (line: smallest to largest round)")
        self._save(section, case.name, case.title[:1].upper() + case.title[1:], figure, axes)

    def _lines(
        self, section: str, title: str, draw: Callable[[Axes], bool], suffix: str = ""
    ) -> None:
        figure, axes = plt.subplots(figsize=(7, 3.6))
        axes.grid(True, alpha=0.3)
        if draw(axes):
            axes.set_ylim(bottom=0)
            self._save(section, f"{section}-{suffix}" if suffix else section, title, figure, axes)
        plt.close(figure)

    def _scale(self, axes: Axes) -> bool:
        found = [(s, self.results.rate(f"scale-{s}", "oxipipe")) for s in plan.SCALE]
        points = [
            (size, Spread(1e9 / rate.median, 1e9 / rate.high, 1e9 / rate.low))
            for size, rate in found
            if rate
        ]
        axes.set_xscale("log")
        axes.set_xlabel("commands in the pipeline")
        axes.set_ylabel("nanoseconds per command")
        return self._line(axes, "oxipipe", points)

    def _sizes(self, op: str) -> Callable[[Axes], bool]:
        def draw(axes: Axes) -> bool:
            cases = [c for c in self.groups["sizes"].cases if c.op == op]
            axes.set_xscale("log")
            axes.set_xlabel("commands in a pipeline")
            axes.set_ylabel(f"seconds for {cases[0].count:,} commands")
            return self._all(axes, [(c.size, c) for c in cases])

        return draw

    def _totals(self, op: str) -> Callable[[Axes], bool]:
        def draw(axes: Axes) -> bool:
            cases = [c for c in self.groups["totals"].cases if c.op == op]
            axes.set_xlabel("commands")
            axes.set_ylabel("seconds")
            return self._all(axes, [(c.count, c) for c in cases])

        return draw

    def _curve(self, group: str, what: str) -> Callable[[Axes], bool]:
        """Throughput by the number of those that call at the same time."""

        def draw(axes: Axes) -> bool:
            cases = self.groups[group].cases
            axes.set_xscale("log")
            axes.set_xticks([case.width for case in cases], [f"{c.width:,}" for c in cases])
            axes.minorticks_off()
            axes.set_xlabel(what)
            axes.set_ylabel("thousand commands a second")
            drawn = False
            for name in dict.fromkeys(name for case in cases for name in case.clients):
                found = [(case.width, self.results.rate(case.name, name)) for case in cases]
                points = [(x, Spread(*(y / 1e3 for y in rate))) for x, rate in found if rate]
                drawn |= self._line(axes, name, points)
            return drawn

        return draw

    def _all(self, axes: Axes, cases: list[tuple[int, Case]]) -> bool:
        drawn = False
        for name in plan.WORKLOAD_CLIENTS:
            found = [(x, self.results.seconds(case.name, name)) for x, case in cases]
            drawn |= self._line(axes, name, [(x, time) for x, time in found if time])
        return drawn

    def _line(self, axes: Axes, name: str, points: list[tuple[int, Spread]]) -> bool:
        if not points:
            return False
        errors = [[y.median - y.low for _, y in points], [y.high - y.median for _, y in points]]
        axes.errorbar(
            [x for x, _ in points],
            [y.median for _, y in points],
            yerr=errors,
            label=CLIENTS[name].title,
            color=_COLOURS[name],
            marker=_MARKS.get(name, "o"),
            markersize=4,
            capsize=2,
        )
        axes.legend(frameon=False)
        return True

    def _save(self, section: str, name: str, title: str, figure: Figure, axes: Axes) -> None:
        axes.set_title(title, fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        figure.tight_layout()
        figure.savefig(self.folder / f"{name}.svg", metadata={"Date": None})
        plt.close(figure)
        print(section, f"{name}.svg", title, sep="\t")


def main() -> None:
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "oxipipe"  # The same figures give the same file.
    matplotlib.rcParams["svg.fonttype"] = "none"  # Text as text: a quarter of the size.
    matplotlib.rcParams["font.size"] = 9
    Plots(Results(json.load(sys.stdin)), Path(sys.argv[1])).draw()


if __name__ == "__main__":
    main()
