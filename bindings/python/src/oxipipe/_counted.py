"""Numbers of things, in messages for people."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """`number` of what `noun` names one of."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
