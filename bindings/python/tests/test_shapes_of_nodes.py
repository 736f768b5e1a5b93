"""Shapes of what nodes of clusters, sentinels and others tell that are not there in tests: replies recorded with both protocols."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oxipipe.commands import shapes

callbacks = pytest.importorskip("redis._parsers.response_callbacks")
redis_cluster = pytest.importorskip("redis.cluster")

ME, OTHER = "8" * 40, "2" * 40
NODES = (
    f"{OTHER} 127.0.0.1:7816@17816,,shard-id=69bc slave {ME} 0 1795842509668 0 connected\n"
    f"{ME} 127.0.0.1:7813@17813,one.example myself,master - 0 0 3 connected 0-5460 5462 [5461->-{OTHER}] [77-<-{OTHER}]\n"
    f"{'7' * 40} :0@0 master,noaddr - 1795842505851 1795842505930 1 disconnected\n"
).encode()
STATE = {
    b"name": b"main",
    b"ip": b"127.0.0.1",
    b"port": b"7811",
    b"flags": b"s_down,master,disconnected",
    b"link-pending-commands": b"0",
    b"info-refresh": b"6820",
    b"last-ok-ping-reply": b"-1",
    b"role-reported": b"master",
    b"quorum": b"2",
    b"down-after-milliseconds": b"?",
}
LINK = {b"direction": b"to", b"node": OTHER.encode(), b"create-time": 5, b"events": b"r"}
SHARD = {
    b"slots": [0, 5460, 5462, 5462],
    b"nodes": [
        {b"id": ME.encode(), b"port": 7813, b"role": b"master", b"health": b"online"},
        {b"id": OTHER.encode(), b"port": 7816, b"role": b"replica", b"health": b"online"},
    ],
}
SLOTS = [
    [
        0,
        5460,
        [b"127.0.0.1", 7813, ME.encode(), []],
        [b"", 7816, OTHER.encode(), [b"hostname", b"x"]],
    ],
    [5462, 5462, [None, 7813, ME.encode(), []]],
]


def flattened(reply: Any) -> Any:
    """As RESP2 has it."""
    if isinstance(reply, dict):
        return [flattened(part) for item in reply.items() for part in item]
    return [flattened(part) for part in reply] if isinstance(reply, list) else reply


def decoded(reply: Any) -> Any:
    if isinstance(reply, dict):
        return {decoded(name): decoded(value) for name, value in reply.items()}
    if isinstance(reply, list):
        return [decoded(part) for part in reply]
    return reply.decode() if isinstance(reply, bytes) else reply


def shape(name: str) -> Callable[[Any], Any]:
    found: Callable[[Any], Any] | None = shapes.shape_of(name)
    assert found is not None
    return found


@pytest.mark.parametrize("is_decoded", [False, True])
@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("CLUSTER INFO", b"cluster_state:ok\r\ncluster_size:1\r\n"),
        ("CLUSTER NODES", NODES),
        ("CLUSTER REPLICAS", NODES.splitlines()[:1]),
        ("CLUSTER SLAVES", NODES.splitlines()[:1]),
        ("CLUSTER REPLICAS", []),
        ("CLUSTER LINKS", [LINK, LINK]),
        ("CLUSTER GETKEYSINSLOT", [b"a", b"\xc3\xa4"]),
        ("SENTINEL MASTER", STATE),
        ("SENTINEL MASTERS", [STATE, {**STATE, b"name": b"other"}]),
        ("SENTINEL SENTINELS", [{**STATE, b"flags": b"sentinel"}]),
        ("SENTINEL SLAVES", [{**STATE, b"flags": b"slave"}]),
        ("SENTINEL GET-MASTER-ADDR-BY-NAME", [b"127.0.0.1", b"7811"]),
        ("SENTINEL GET-MASTER-ADDR-BY-NAME", None),
        ("SENTINEL REMOVE", b"OK"),
        ("MODULE LIST", [{b"name": b"x", b"ver": 1, b"args": []}]),
        ("HOTKEYS GET", [{b"tracking-active": 1, b"by-cpu-time-us": [b"k", 3]}]),
        ("CLIENT TRACKINGINFO", {b"flags": [b"on", b"bcast"], b"redirect": 0, b"prefixes": [b"a"]}),
        ("MODULE LOAD", b"OK"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_as_redis_py(name: str, reply: Any, is_decoded: bool) -> None:
    reply = decoded(reply) if is_decoded else reply
    # What it makes of RESP3 by default; where that is nothing, what it makes of RESP2.
    theirs = callbacks.get_response_callbacks(None, True).get(name)
    expected = theirs(reply) if theirs else reply
    ours = shape(name)
    assert ours(reply) == expected
    assert ours(flattened(reply)) == expected
    assert type(ours(reply)) is type(expected)


def test_nodes_of_slots_have_hosts_and_ports() -> None:
    expected = redis_cluster.parse_cluster_slots(SLOTS)
    found = shape("CLUSTER SLOTS")(SLOTS)
    assert found == {**expected, (5462, 5462): {"primary": ("", 7813), "replicas": []}}
    assert found[0, 5460]["replicas"] == [("", 7816)]


def test_slots_of_shards_are_pairs() -> None:
    expected = redis_cluster.parse_cluster_shards(flattened([SHARD]))
    of_shards = shape("CLUSTER SHARDS")
    assert of_shards([SHARD]) == of_shards(flattened([SHARD])) == expected
    assert expected[0]["slots"] == [(0, 5460), (5462, 5462)]
    (named,) = of_shards([{**SHARD, b"id": b"x"}])
    assert named["id"] == b"x"


def test_what_only_newer_servers_tell() -> None:
    stats = [[0, {b"key-count": 3}], [7, {b"key-count": 1}]]
    for reply in (stats, flattened(stats)):
        assert shape("CLUSTER SLOT-STATS")(reply) == {0: {"key-count": 3}, 7: {"key-count": 1}}
    moves = [{b"operation": b"EXPORT", b"slot_ranges": b"1-2", b"create_time": 5}]
    for reply in (moves, flattened(moves)):
        told = [{"operation": "EXPORT", "slot_ranges": "1-2", "create_time": 5}]
        assert shape("CLUSTER GETSLOTMIGRATIONS")(reply) == told
    assert shape("CLUSTERSCAN")([b"0-{06S}-0", [b"k"]]) == ("0-{06S}-0", [b"k"])


def test_sentinels_answers_that_redis_py_takes_for_no() -> None:
    assert shape("SENTINEL CKQUORUM")(b"OK 2 usable Sentinels. Quorum can be reached") is True
    assert shape("SENTINEL RESET")(1) is True
    assert shape("SENTINEL RESET")(0) is False


def test_flags_from_a_set_are_in_the_servers_order() -> None:
    tracking = {b"flags": {b"noloop", b"on", b"bcast"}, b"redirect": 0, b"prefixes": []}
    assert shape("CLIENT TRACKINGINFO")(tracking)[1] == [b"on", b"bcast", b"noloop"]
    user = {
        b"flags": {b"nopass", b"on", b"sanitize-payload"},
        b"passwords": [],
        b"commands": b"-@all +get +@read",
        b"keys": b"~a %R~b",
        b"channels": b"",
        b"selectors": [{b"commands": b"-@all", b"keys": b"~c", b"channels": b""}],
    }
    of_users = shape("ACL GETUSER")
    assert of_users(user) == {
        "flags": ["on", "nopass", "sanitize-payload"],
        "passwords": [],
        "commands": ["+get"],
        "keys": ["~a", "%R~b"],
        "channels": [],
        "selectors": [["commands", "-@all", "keys", "~c", "channels", ""]],
        "categories": ["-@all", "+@read"],
        "enabled": True,
    }
    assert shape("COMMAND GETKEYSANDFLAGS")([[b"k", {b"update", b"OW"}]]) == [
        [b"k", [b"OW", b"update"]]
    ]


NAMES = [
    name
    for name in shapes._by_name.BY_NAME
    if name.partition(" ")[0]
    in (
        "ACL",
        "CLIENT",
        "CLUSTER",
        "CLUSTERSCAN",
        "COMMAND",
        "HELLO",
        "HOTKEYS",
        "LATENCY",
        "MODULE",
        "SENTINEL",
    )
]


@pytest.mark.parametrize("name", NAMES)
def test_null_stays_null(name: str) -> None:
    assert shape(name)(None) is None
