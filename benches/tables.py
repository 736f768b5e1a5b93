"""Rows of text as a Markdown table or lined up for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

Row = tuple[str, ...]


def table(header: Row, rows: Iterable[Row]) -> str:
    # A bar inside a cell, as in word|<n>, would end it.
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(
        "| " + " | ".join(c.replace("|", "\\|") for c in line) + " |" for line in lines
    )


def aligned(rows: list[Row]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
