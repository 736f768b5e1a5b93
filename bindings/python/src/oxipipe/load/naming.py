"""What a file's name says about its content. The one place that looks at suffixes, in any spelling."""

from __future__ import annotations

_FORMATS = {
    "tsv": "tsv",
    "tab": "tsv",
    "csv": "csv",
    "json": "json",
    "jsonl": "json",
    "ndjson": "json",
    "resp": "resp",
    "aof": "resp",
}


def is_packed(path: str) -> bool:
    """Whether the name ends in .gz."""
    return _split(path)[1] == "gz"


def format_of(path: str) -> str:
    """The format the name speaks for, with or without .gz behind it; plain lines if it speaks for none."""
    name, suffix = _split(path)
    if suffix == "gz":
        suffix = _split(name)[1]
    return _FORMATS.get(suffix, "lines")


def _split(path: str) -> tuple[str, str]:
    """The path without its last suffix, and that suffix in lower case; it is empty if there is none."""
    name, dot, suffix = path.rpartition(".")
    return (name, suffix.lower()) if dot else (path, "")
