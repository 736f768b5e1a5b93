"""Shapes of what nodes tell of their cluster."""

from __future__ import annotations

from oxipipe.commands.shapes.common import flat, lines, pairs, text, unless_null

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


@unless_null
def info(reply: Any) -> dict[str, str]:
    fields = (line.partition(":") for line in lines(reply))
    return {name: value for name, _, value in fields}


@unless_null
def nodes(reply: Any) -> dict[str, dict[str, Any]]:
    """A node for each line, which may be an element of its own."""
    told = lines(reply) if isinstance(reply, (bytes, str)) else map(text, reply)
    return dict(_node(line) for line in told)


@unless_null
def slots(reply: Any) -> dict[tuple[int, int], dict[str, Any]]:
    return {
        (first, last): {"primary": _address(primary), "replicas": [*map(_address, replicas)]}
        for first, last, primary, *replicas in reply
    }


@unless_null
def shards(reply: Any) -> list[dict[str, Any]]:
    return [_shard(shard) for shard in reply]


@unless_null
def links(reply: Any) -> list[list[Any]]:
    return [flat(link) for link in reply]


@unless_null
def slot_stats(reply: Any) -> dict[int, dict[str, int]]:
    return {slot: {text(k): v for k, v in pairs(stats).items()} for slot, stats in reply}


def migrations(reply: Any) -> Any:
    """Of CLUSTER MIGRATION, which tells of several, makes one and gives its name, or says how many it ended."""
    return [pairs(task) for task in reply] if isinstance(reply, list) else reply


@unless_null
def scan(reply: Any) -> tuple[str, list[Any]]:
    return text(reply[0]), reply[1]


def _node(line: str) -> tuple[str, dict[str, Any]]:
    number, address, flags, master, ping, pong, epoch, link, *served = line.split(" ")
    address, _, names = address.partition("@")
    # The port of the bus, the name of the host if it has one, and further fields.
    hostname = names.split(",")[1] if "," in names else ""
    node = {
        "node_id": number,
        "hostname": hostname,
        "flags": flags,
        "master_id": master,
        "last_ping_sent": ping,
        "last_pong_rcvd": pong,
        "epoch": epoch,
        "slots": [slots.split("-") for slots in served if not slots.startswith("[")],
        "migrations": [_migration(slots) for slots in served if slots.startswith("[")],
        "connected": link == "connected",
    }
    return address, node


def _migration(told: str) -> dict[str, str]:
    arrow, state = ("->-", "migrating") if "->-" in told else ("-<-", "importing")
    slot, _, node = told[1:-1].partition(arrow)
    return {"slot": slot, "node_id": node, "state": state}


def _address(node: Any) -> tuple[str, int]:
    # A node that does not know its own host gives none.
    return text(node[0]) or "", node[1]


def _shard(reply: Any) -> dict[str, Any]:
    shard = {text(name): value for name, value in pairs(reply).items()}
    bounds = iter(shard["slots"])
    return {
        **shard,
        "slots": [*zip(bounds, bounds, strict=True)],
        "nodes": [pairs(node) for node in shard["nodes"]],
    }
