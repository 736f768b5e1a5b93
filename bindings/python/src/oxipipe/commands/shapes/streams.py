"""Shapes of streams: what they have in them, and what servers tell of them."""

from __future__ import annotations

from oxipipe.commands.shapes.common import flat, pairs, text, unless_null

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


@unless_null
def entries(reply: Any) -> list[Any]:
    """Entries as (ID, fields); IDs alone, of which XCLAIM gives a list if asked to, pass."""
    return [_entry(item) for item in reply]


@unless_null
def autoclaimed(reply: Any) -> list[Any]:
    start, claimed, *deleted = reply
    return [start, entries(claimed), *deleted]


@unless_null
def autoclaimed_ids(reply: Any) -> Any:
    return reply[1]


def by_stream(reply: Any) -> list[Any]:
    """Entries of several streams: a map in RESP3, pairs in RESP2, null if there are none."""
    items = iter(flat(reply or ()))
    return [[name, entries(found)] for name, found in zip(items, items, strict=True)]


@unless_null
def named(reply: Any) -> list[dict[str, Any]]:
    return [_named(item) for item in reply]


@unless_null
def info(reply: Any) -> dict[str, Any]:
    told = _named(reply)
    if "entries" in told:  # the full one
        told["entries"] = {entry: _fields(fields) for entry, fields in told["entries"]}
        told["groups"] = [_group(group) for group in told["groups"]]
        return told
    for name in ("first-entry", "last-entry"):
        if name in told:
            told[name] = _entry(told[name]) if told[name] else told[name]
    return told


@unless_null
def pending(reply: Any) -> Any:
    """A summary begins with a number; otherwise it is a list of entries."""
    if not reply or isinstance(reply[0], list):
        return [dict(zip(_PENDING, entry, strict=True)) for entry in reply]
    count, lowest, highest, consumers = reply
    whose = [{"name": name, "pending": int(number)} for name, number in consumers or ()]
    return {"pending": count, "min": lowest, "max": highest, "consumers": whose}


def _entry(item: Any) -> Any:
    if item is None:  # deleted, in the words of servers before 7.0
        return None, None
    if not isinstance(item, list):
        return item
    # What was claimed says besides for how long it was idle and how often it was delivered.
    return item[0], _fields(item[1]), *item[2:]


def _fields(fields: Any) -> Any:
    return {} if fields is None else pairs(fields)


def _named(item: Any) -> dict[str, Any]:
    return {text(key): value for key, value in pairs(item).items()}


def _group(item: Any) -> dict[str, Any]:
    group = _named(item)
    # Their names are not text by redis-py's measure, whatever those of groups are.
    group["consumers"] = [pairs(consumer) for consumer in group["consumers"]]
    return group


_PENDING = "message_id", "consumer", "time_since_delivered", "times_delivered"
