"""How a placeholder finds its value in one record: one class per shape of record.

`column` and `named` are asked once, when the template is compiled, and return a function from a
row to its value. What such a function raises, `why` turns into words for the refused line.

A name that means something of the template's own, too, is never guessed at: `mistakable` raises if a
field certainly has it, and where that differs from row to row returns what raises at a row that has it.
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

    def mistakable(self, name: str) -> Callable[[Any], object] | None: ...

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

    def mistakable(self, name: str) -> None:
        return None

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

    def mistakable(self, name: str) -> None:
        for place, title in enumerate(self._header or ()):
            if title == encoded(name) and str(place) != name:
                raise UsageError(f"{{{name}}}: {_both(name, 'column')}")

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

    def mistakable(self, name: str) -> Callable[[Any], object] | None:
        if name.isdecimal():  # of an object, never a place
            return None

        def refuse(row: Any) -> None:
            if isinstance(row, dict) and name in row:
                raise ValueError(_both(name, "key"))

        return refuse

    def why(self, row: Any, key: int | str, error: Exception) -> str:
        if isinstance(error, KeyError | TypeError):
            if isinstance(row, dict) and isinstance(key, str):
                return f"no key {{{key}}} in the object"
            if isinstance(row, dict):
                named = f": write {{.{key}}} for the key" if str(key) in row else ""
                return f"{{{key}}} needs an array, and the line is an object{named}"
            return f"{{{key}}} needs an object, and the line is an array"
        if isinstance(error, IndexError):
            return f"no element {{{key}}}: the array has {len(row)}"
        if isinstance(error, UnicodeEncodeError):
            return f"{{{key}}} holds half a surrogate pair, which is not text"
        return f"{{{key}}}: {error}"


def _both(name: str, field: str) -> str:
    """What is wrong with a placeholder that has two meanings."""
    own = _OWN_MEANING.get(name, f"what stands at place {name}")
    return f"it may be {own} or the {field} of that name: write {{:{name}}} or {{.{name}}}"


_OWN_MEANING = {"line": "the whole line", "n": "the line's number"}


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
