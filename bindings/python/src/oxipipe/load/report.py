"""The last words of a load: a table for people, an object for programs."""

from __future__ import annotations

import json
from pathlib import Path

from .tally import Tally


def as_text(tally: Tally, size: int, seconds: float, dry_run: bool = False) -> str:
    rows = [
        ("lines", f"{tally.lines:,}", ""),
        ("would send" if dry_run else "accepted", f"{tally.accepted:,}", ""),
        ("refused", f"{tally.refused:,}", ""),
        ("unknown", f"{tally.unknown.count:,}", f"sent, no answer: lines {tally.unknown}"),
        ("not applied", f"{tally.not_applied.count:,}", f"not sent: lines {tally.not_applied}"),
        ("bytes", f"{size:,}", ""),
        ("seconds", f"{seconds:.3f}", ""),
        ("lines/s", f"{rate(tally, seconds):,.0f}", ""),
    ]
    width = max(len(value) for _, value, _ in rows)
    return "\n".join(
        f"{name:<12} {value:>{width}}" + (f"  {note}" if note and value != "0" else "")
        for name, value, note in rows
    )


def complaints(tally: Tally, aside: Path | None, dry_run: bool = False) -> list[str]:
    """What did not go as asked, in a sentence each."""
    said = []
    if tally.exit_code is not None:
        said.append(f"stopped before line {tally.next_line:,}: {tally.reason}")
    elif tally.lines == 0:
        said.append("the input is empty: nothing was sent")
    failed = tally.lines - tally.accepted
    if failed:
        place = "" if aside is None else f"; they are in {aside}"
        fate = "would not be sent" if dry_run else "were not accepted"
        first = (
            f"; the first to be refused: {' '.join(tally.first_refusal.split())}"
            if tally.refused
            else ""
        )
        said.append(f"{failed:,} of {tally.lines:,} lines {fate}{place}{first}")
    return said


def as_json(tally: Tally, size: int, seconds: float, aside: Path | None) -> str:
    return json.dumps(
        {
            "lines": tally.lines,
            "accepted": tally.accepted,
            "refused": tally.refused,
            "unknown": tally.unknown.count,
            "unknown_lines": tally.unknown.ranges,
            "not_applied": tally.not_applied.count,
            "not_applied_lines": tally.not_applied.ranges,
            "next_line": tally.next_line,
            "bytes": size,
            "seconds": round(seconds, 6),
            "lines_per_second": round(rate(tally, seconds)),
            "refused_file": None if aside is None else str(aside),
            "exit_code": int(tally.code()),
            "reason": tally.reason,
        }
    )


def rate(tally: Tally, seconds: float) -> float:
    return tally.lines / seconds if seconds else 0.0
