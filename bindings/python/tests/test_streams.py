"""What the parity test cannot compare of streams, because clocks are in it: the same without times, and all of what is claimed."""

from __future__ import annotations

from typing import Any

import pytest
from support import data_of_streams_and_scripts
from test_redis_py_parity import outcome

import oxipipe
from oxipipe.commands import shapes
from oxipipe.exceptions import DataError

redis = pytest.importorskip("redis")

#: What differs from one moment to the next.
TIMES = {"idle", "inactive", "time_since_delivered", "seen-time", "active-time"}
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("xinfo_consumers", ("x", "g"), {}),
    ("xinfo_stream", ("x",), {"full": True}),
    ("xpending_range", ("x", "g", "-", "+", 10), {}),
    ("xpending_range", ("x", "g", "-", "+", 10), {"idle": 0, "consumername": "c"}),
]


def timeless(told: Any) -> Any:
    """Without times, of which a list of what is pending has one at its next to last place."""
    if isinstance(told, dict):
        return {
            key: [entry[:-2] + entry[-1:] for entry in value]
            if key in ("pending", b"pending") and isinstance(value, list)
            else timeless(value)
            for key, value in told.items()
            if (key.decode() if isinstance(key, bytes) else key) not in TIMES
        }
    return [timeless(item) for item in told] if isinstance(told, list) else told


@pytest.mark.parametrize(("name", "args", "kwargs"), CALLS, ids=lambda value: str(value)[:30])
@pytest.mark.parametrize("decoded", [False, True])
@pytest.mark.parametrize("protocol", [2, 3])
def test_the_same_but_for_times(
    server: oxipipe.Server,
    protocol: int,
    decoded: bool,
    name: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    theirs = redis.Redis(unix_socket_path=server.unix_socket_path, decode_responses=decoded)
    with server.connect(protocol=protocol, decode_responses=decoded) as ours:
        ours.flushall()
        data_of_streams_and_scripts.fill(ours)
        told = getattr(ours, name)(*args, **kwargs)
        assert told
        assert timeless(told) == timeless(getattr(theirs, name)(*args, **kwargs))
    theirs.close()


def test_a_full_report_has_as_many_entries_as_wanted(server: oxipipe.Server) -> None:
    with server.connect() as client:
        client.flushall()
        data_of_streams_and_scripts.fill(client)
        assert list(client.xinfo_stream("x", full=True, count=2)["entries"]) == [b"1-1", b"1-2"]
        with pytest.raises(DataError, match="full"):
            client.xinfo_stream("x", count=2)


def test_claimed_entries_say_for_how_long_they_were_idle() -> None:
    shape = shapes.resolve_words(("XREADGROUP",))
    assert shape is not None
    entries = [[b"1-1", [b"a", b"1"], 7000, 2], [b"1-2", None, 0, 0]]
    expected = [[b"x", [(b"1-1", {b"a": b"1"}, 7000, 2), (b"1-2", {}, 0, 0)]]]
    assert shape([[b"x", entries]]) == shape({b"x": entries}) == expected


def test_the_last_id_can_be_set(server: oxipipe.Server) -> None:
    with server.connect() as client:
        client.flushall()
        client.xadd("x", {"a": 1}, id="1-1")
        assert client.xsetid("x", "9-9", entries_added=5, max_deleted_id="1-0") is True
        told = client.xinfo_stream("x")
        assert (told["last-generated-id"], told["entries-added"]) == (b"9-9", 5)
        assert outcome(client.xsetid, ("x", "0-1"), {})[0] == "ResponseError"


def test_ids_are_numbers_or_text(server: oxipipe.Server) -> None:
    with server.connect(encoding="utf-16") as client:
        client.flushall()
        assert client.xadd("x", {"ä": "ö"}, id="5-0", minid="1") == b"5-0"
        ((_, entries),) = client.xread({"x": 0})
        assert entries == [(b"5-0", {"ä".encode("utf-16"): "ö".encode("utf-16")})]
