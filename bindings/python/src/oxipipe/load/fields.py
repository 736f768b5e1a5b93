"""How a placeholder finds its value in one record: one class per shape of record.

`column` and `named` are asked once, when the template is compiled, and return a function from a
row to its value. What such a function raises, `why` turns into words for the refused line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Protocol

Getter = Callable[[Any], bytes]


class UsageError(ValueError):
    """The template or an option cannot work, whatever the input holds."""


class Fields(Protocol):
    def column(self, index: int) -> Getter: ...

    def named(self, name: str) -> Getter: ...

    def why(self, row: Any, key: int | str, error: Exception) -> str: ...


class WholeLine:
    """A plain line: one field, the line itself."""

    def column(self, index: int) -> Getter:
        if index:
            raise UsageError(
                f"{{{index}}}: a plain line has only {{0}}, the line itself; "
                "for columns say --format tsv or --format csv"
            )
        return bytes

    def named(self, name: str) -> Getter:
        raise UsageError(f"{{{name}}}: plain lines have no named fields")

    def why(self, row: Any, key: int | str, error: Exception) -> str:
        return str(error)


class Columns:
    """A line split into columns (TSV, CSV), named by the header line if there is one."""

    def __init__(self, header: Sequence[bytes] | None) -> None:
        self._header = header

    def column(self, index: int) -> Getter:
        return itemgetter(index)

    def named(self, name: str) -> Getter:
        if self._header is None:
            raise UsageError(f"{{{name}}}: columns have names only with --header")
        found = [i for i, title in enumerate(self._header) if title == encoded(name)]
        if len(found) != 1:
            titles = ", ".join(title.decode("utf-8", "replace") for title in self._header)
            times = "no column" if not found else f"{len(found)} columns"
            raise UsageError(f"{{{name}}}: {times} of that name in the header: {titles}")
        return itemgetter(found[0])

    def why(self, row: Any, key: int | str, error: Exception) -> str:
        if not isinstance(error, IndexError):
            return str(error)
        plural = "" if len(row) == 1 else "s"
        return f"no column {{{key}}}: the line has {len(row)} column{plural}"


class Members:
    """A JSON value: an object (fields by name) or an array (fields by position)."""

    def column(self, index: int) -> Getter:
        return lambda row: text(row[index])

    def named(self, name: str) -> Getter:
        return lambda row: text(row[name])

    def why(self, row: Any, key: int | str, error: Exception) -> str:
        if isinstance(error, KeyError | TypeError):
            if isinstance(row, dict) and isinstance(key, str):
                return f"no key {{{key}}} in the object"
            if isinstance(row, dict):
                return f"{{{key}}} needs an array, and the line is an object"
            return f"{{{key}}} needs an object, and the line is an array"
        if isinstance(error, IndexError):
            return f"no element {{{key}}}: the array has {len(row)}"
        if isinstance(error, UnicodeEncodeError):
            return f"{{{key}}} holds half a surrogate pair, which is not text"
        return f"{{{key}}}: {error}"


class Number(str):
    """A JSON number, kept as it was written: no digit is lost on the way to the server."""

    __slots__ = ()


def text(value: Any) -> bytes:
    """The bytes that stand for a JSON value: strings bare, everything else as JSON text."""
    if isinstance(value, str):
        return value.encode()
    if value is None:
        raise ValueError("null has no value to send")
    return _compact(value).encode()


def _compact(value: Any) -> str:
    if isinstance(value, Number):
        return value
    if isinstance(value, dict):
        return "{" + ",".join(f"{_compact(k)}:{_compact(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def encoded(argument: str) -> bytes:
    """Text from the command line as the bytes that were typed."""
    return argument.encode("utf-8", "surrogateescape")
