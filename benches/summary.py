"""From samples to medians, spreads and ratios; shared by the terminal table and the report.

A sample is what one worker process measured in one round. Its figure is the median of its
repetitions; a row's figure is the median over the rounds, with the smallest and largest beside it.
Ratios are taken round by round, between neighbours in time, and only then put in order.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any, NamedTuple


class Spread(NamedTuple):
    median: float
    low: float
    high: float


def spread(values: list[float]) -> Spread | None:
    return Spread(statistics.median(values), min(values), max(values)) if values else None


@dataclass(frozen=True)
class Results:
    """The JSON that run.py writes: "meta", "samples", "failures", "imports", "wheel_bytes"."""

    data: dict[str, Any]

    def rate(self, case: str, client: str) -> Spread | None:
        """Commands (or elements) a second."""
        return spread(list(self._rates(case, client).values()))

    def seconds(self, case: str, client: str) -> Spread | None:
        return spread(
            [statistics.median(s["seconds"]) for s in self._samples(case, client).values()]
        )

    def cpu_us(self, case: str, client: str, which: str = "cpu") -> float | None:
        """Microseconds of client ("cpu") or server ("server_cpu") time per command."""
        samples = self._samples(case, client).values()
        costs = [sum(s[which]) / len(s[which]) / s["count"] * 1e6 for s in samples]
        return statistics.median(costs) if costs else None

    def cpu_seconds(self, case: str, client: str) -> float | None:
        """Client CPU seconds of one repetition."""
        samples = self._samples(case, client).values()
        costs = [sum(s["cpu"]) / len(s["cpu"]) for s in samples]
        return statistics.median(costs) if costs else None

    def peak_mb(self, case: str, client: str) -> float | None:
        return self._memory(case, client, base="")

    def growth_mb(self, case: str, client: str) -> float | None:
        """Peak above what the process held when the measurement began."""
        return self._memory(case, client, base="rss_before_kb")

    def ratio(self, case: str, ours: str, theirs: str | tuple[str, ...]) -> Spread | None:
        """How many times faster `ours` is, against the best of `theirs` in each round."""
        names = (theirs,) if isinstance(theirs, str) else theirs
        peers = [self._rates(case, name) for name in names]
        ratios = []
        for number, rate in self._rates(case, ours).items():
            others = [peer[number] for peer in peers if number in peer]
            if others:
                ratios.append(rate / max(others))
        return spread(ratios)

    def cpu_ratio(self, case: str, ours: str, theirs: str) -> Spread | None:
        """How many times the CPU time of `ours` the client process of `theirs` takes."""
        own, peer = self._cpu_each(case, ours), self._cpu_each(case, theirs)
        return spread([peer[n] / own[n] for n in own if n in peer and own[n]])

    def wakeups(self, case: str, client: str) -> Spread | None:
        """Of an idle process, a second; its own sleep, which ends once, does not count."""
        samples = self._samples(case, client).values()
        return spread([(s["switches"] - 1) / s["seconds"][0] for s in samples])

    def cpu_share(self, case: str, client: str) -> float | None:
        """Client CPU seconds a second."""
        samples = self._samples(case, client).values()
        shares = [sum(s["cpu"]) / sum(s["seconds"]) for s in samples]
        return statistics.median(shares) if shares else None

    def threads(self, case: str, client: str) -> float | None:
        """Of an idle process."""
        counts = [s["threads"] for s in self._samples(case, client).values()]
        return statistics.median(counts) if counts else None

    def unevenness(self, cases: list[str], client: str) -> Spread | None:
        """Largest cost per command over the smallest, across cases, within each round."""
        rates = [self._rates(case, client) for case in cases]
        if not all(rates):
            return None
        rounds = set.intersection(*(set(r) for r in rates))
        return spread([max(r[n] for r in rates) / min(r[n] for r in rates) for n in rounds])

    def failures(self, case: str, client: str) -> list[str]:
        return [
            f["reason"]
            for f in self.data["failures"]
            if f["case"] == case and f["client"] == client
        ]

    def imports(self, name: str) -> Spread | None:
        """Milliseconds."""
        return spread([seconds * 1e3 for seconds in self.data["imports"].get(name, [])])

    def _samples(self, case: str, client: str) -> dict[int, dict[str, Any]]:
        """By round."""
        return {
            s["round"]: s
            for s in self.data["samples"]
            if s["case"] == case and s["client"] == client
        }

    def _rates(self, case: str, client: str) -> dict[int, float]:
        samples = self._samples(case, client)
        return {n: s["count"] / statistics.median(s["seconds"]) for n, s in samples.items()}

    def _cpu_each(self, case: str, client: str) -> dict[int, float]:
        samples = self._samples(case, client)
        return {n: sum(s["cpu"]) / len(s["cpu"]) / s["count"] for n, s in samples.items()}

    def _memory(self, case: str, client: str, base: str) -> float | None:
        samples = self._samples(case, client).values()
        sizes = [s["rss_peak_kb"] - (s[base] if base else 0) for s in samples if s["rss_peak_kb"]]
        return statistics.median(sizes) / 1024 if sizes else None


def format_rate(rate: float) -> str:
    """Three significant digits: the machine does not support more."""
    for unit, scale in (("M", 1e6), ("k", 1e3)):
        if rate >= scale:
            value = rate / scale
            return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f} {unit}/s"
    return f"{rate:.0f} /s"


def format_ratio(ratio: Spread) -> str:
    return f"{ratio.median:.2f}x ({ratio.low:.2f}-{ratio.high:.2f})"
