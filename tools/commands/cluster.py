"""Commands of nodes of a cluster, which speak of and change the node that is asked. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command("ASKING", shape="ok", examples=["asking()"])
def asking() -> bool:
    """Let the next command on this connection use a slot that is being moved to this node."""


@command("CLUSTER", examples=["cluster('KEYSLOT', 'k')", "cluster('info')", "cluster('slots')"])
def cluster(cluster_arg: str, *args: EncodableT) -> Any:
    """Any subcommand of CLUSTER; the reply is as that of the method of its name."""
    return [word(cluster_arg.upper()), *map(word, args)]


@command(
    "CLUSTERSCAN {cursor} [MATCH {match}] [COUNT {count}] [TYPE {_type}] [SLOT {slot}]",
    shape="cluster.scan",
    examples=[
        "clusterscan()",
        "clusterscan('0-{06S}-0', match='a*', count=5, _type='hash', slot=3)",
    ],
)
def clusterscan(
    cursor: int | str = 0,
    match: PatternT | None = None,
    count: int | None = None,
    _type: str | None = None,
    slot: int | None = None,
) -> tuple[str, list[T]]:
    """Step over the keys of a whole cluster: the cursor for the next step, which may be one for another node, and some keys.

    The cursor "0" ends it.
    """


@command(
    "CLUSTER|ADDSLOTS {*slots}",
    shape="ok",
    unlike="there is only one node to ask",
    examples=["cluster_addslots(1, 2)"],
)
def cluster_addslots(*slots: int) -> bool:
    """Let this node serve slots that no node serves."""


@command(
    "CLUSTER|ADDSLOTSRANGE {*slots}",
    shape="ok",
    unlike="there is only one node to ask",
    examples=["cluster_addslotsrange(1, 5, 8, 9)"],
)
def cluster_addslotsrange(*slots: int) -> bool:
    """Let this node serve ranges of slots: first and last of each."""


@command(
    "CLUSTER|BUMPEPOCH", unlike="there is only one node to ask", examples=["cluster_bumpepoch()"]
)
def cluster_bumpepoch() -> T:
    """Advance this node's epoch without asking others; the text says which one it has now."""


@command("CLUSTER|CANCELSLOTMIGRATIONS", shape="ok", examples=["cluster_cancelslotmigrations()"])
def cluster_cancelslotmigrations() -> bool:
    """Give up all moves of slots away from this node."""


@command("CLUSTER|COUNT-FAILURE-REPORTS {node_id}", examples=["cluster_count_failure_report('x')"])
def cluster_count_failure_report(node_id: str) -> int:
    """How many nodes say of another one that it fails."""


@command("CLUSTER|COUNTKEYSINSLOT {slot_id}", examples=["cluster_countkeysinslot(1)"])
def cluster_countkeysinslot(slot_id: int) -> int:
    """How many keys of a slot this node has."""


@command("CLUSTER|DELSLOTS {*slots}", shape="ok", examples=["cluster_delslots(1, 2)"])
def cluster_delslots(*slots: int) -> bool:
    """Forget which nodes serve these slots."""


@command(
    "CLUSTER|DELSLOTSRANGE {*slots}", shape="ok", examples=["cluster_delslotsrange(1, 5, 8, 9)"]
)
def cluster_delslotsrange(*slots: int) -> bool:
    """Forget which nodes serve these ranges of slots: first and last of each."""


@command(
    "CLUSTER|FAILOVER [{option}]",
    shape="ok",
    unlike="there is only one node to ask",
    examples=["cluster_failover()", "cluster_failover('FORCE')"],
)
def cluster_failover(option: Literal["FORCE", "TAKEOVER"] | None = None) -> bool:
    """Let this replica take over from its master: FORCE, if that is down, and TAKEOVER, without the other masters' consent."""


@command(
    "CLUSTER|FLUSHSLOT {slot} asynchronous?ASYNC",
    shape="ok",
    examples=["cluster_flushslot(3)", "cluster_flushslot(3, asynchronous=True)"],
)
def cluster_flushslot(slot: int, asynchronous: bool = False) -> bool:
    """Delete every key of a slot."""


@command(
    "CLUSTER|FLUSHSLOTS",
    shape="ok",
    unlike="there is only one node to ask",
    examples=["cluster_flushslots()"],
)
def cluster_flushslots() -> bool:
    """Let this node, which has to be empty, serve no slots."""


@command("CLUSTER|FORGET {node_id}", shape="ok", examples=["cluster_forget('x')"])
def cluster_forget(node_id: str) -> bool:
    """Remove a node from those that this one knows."""


@command(
    "CLUSTER|GETKEYSINSLOT {slot} {num_keys}",
    shape="texts",
    examples=["cluster_get_keys_in_slot(1, 10)"],
)
def cluster_get_keys_in_slot(slot: int, num_keys: int) -> list[str]:
    """At most `num_keys` of the keys of a slot that this node has."""


@command("CLUSTER|GETSLOTMIGRATIONS", shape="dicts", examples=["cluster_getslotmigrations()"])
def cluster_getslotmigrations() -> list[dict[str, str | int]]:
    """The moves of slots to and from this node, under way or done lately."""


@command(
    "CLUSTER|INFO",
    shape="cluster.info",
    unlike="there is only one node to ask",
    examples=["cluster_info()"],
)
def cluster_info() -> dict[str, str]:
    """The state of the cluster as this node sees it."""


@command("CLUSTER|KEYSLOT {key}", examples=["cluster_keyslot('k')"])
def cluster_keyslot(key: KeyT) -> int:
    """The slot of a key."""


@command(
    "CLUSTER|LINKS",
    shape="cluster.links",
    unlike="there is only one node to ask",
    examples=["cluster_links()"],
)
def cluster_links() -> list[list[T | int]]:
    """The connections of this node to others and from them, each as a list of names and values."""


@command(
    "CLUSTER|MEET {host} {port} [{cluster_bus_port}]",
    shape="ok",
    unlike="there is only one node to ask",
    examples=["cluster_meet('127.0.0.1', 1)", "cluster_meet('127.0.0.1', 1, 2)"],
)
def cluster_meet(host: str, port: int, cluster_bus_port: int | None = None) -> bool:
    """Make another node known to this one, and so to its cluster."""


@command(
    "CLUSTER|MIGRATESLOTS",
    shape="ok",
    examples=["cluster_migrateslots('x', 1, 5, 8, 9)", "cluster_migrateslots('x', 1)"],
)
def cluster_migrateslots(node_id: str, *slots: int) -> bool:
    """Move ranges of slots, first and last of each, with all their keys to another node, in the background."""
    if not slots or len(slots) % 2:
        raise DataError(
            "cluster_migrateslots takes slots in pairs: the first and the last one of each range"
        )
    return [b"SLOTSRANGE", *slots, b"NODE", word(node_id)]


@command("CLUSTER|MYID", unlike="there is only one node to ask", examples=["cluster_myid()"])
def cluster_myid() -> T:
    """The id of this node."""


@command(
    "CLUSTER|MYSHARDID",
    shape="text",
    unlike="there is only one node to ask",
    examples=["cluster_myshardid()"],
)
def cluster_myshardid() -> str:
    """The id of this node's shard: the master and its replicas."""


@command("CLUSTER|NODES", shape="cluster.nodes", examples=["cluster_nodes()"])
def cluster_nodes() -> dict[str, dict[str, Any]]:
    """The nodes that this one knows, by host and port.

    Of each there are "node_id", "hostname", "flags", "master_id", "last_ping_sent", "last_pong_rcvd" and "epoch" as texts,
    "connected" as a bool, "slots" as lists of one slot or two, the first and the last, and "migrations" as dicts.
    """


@command(
    "CLUSTER|REPLICAS {node_id}",
    shape="cluster.nodes",
    unlike="there is only one node to ask",
    examples=["cluster_replicas('x')"],
)
def cluster_replicas(node_id: str) -> dict[str, dict[str, Any]]:
    """The replicas of a node, in the shape of `cluster_nodes`."""


@command(
    "CLUSTER|REPLICATE",
    shape="ok",
    unlike="there is only one node to ask",
    examples=["cluster_replicate('x')", "cluster_replicate(None)"],
)
def cluster_replicate(node_id: str | None) -> bool:
    """Make this node a replica of another one, or, with None, which only Valkey knows, of none."""
    return [b"NO", b"ONE"] if node_id is None else [word(node_id)]


@command(
    "CLUSTER|RESET soft?SOFT:HARD",
    shape="ok",
    unlike="there is only one node to ask",
    examples=["cluster_reset()", "cluster_reset(soft=False)"],
)
def cluster_reset(soft: bool = True) -> bool:
    """Let this node forget all others, its slots, and if not `soft` its id and epoch."""


@command(
    "CLUSTER|SAVECONFIG",
    shape="ok",
    unlike="there is only one node to ask",
    examples=["cluster_save_config()"],
)
def cluster_save_config() -> bool:
    """Write what this node knows about the cluster to its file."""


@command(
    "CLUSTER|SET-CONFIG-EPOCH {epoch}",
    shape="ok",
    unlike="there is only one node to ask",
    examples=["cluster_set_config_epoch(1)"],
)
def cluster_set_config_epoch(epoch: int) -> bool:
    """Give a new node its first epoch."""


@command(
    "CLUSTER|SETSLOT",
    shape="ok",
    unlike="there is only one node to ask",
    examples=[
        "cluster_setslot('x', 1, 'NODE')",
        "cluster_setslot('x', 1, 'migrating', timeout=10)",
        "cluster_setslot('x', 1, 'STABLE')",
    ],
)
def cluster_setslot(node_id: str, slot_id: int, state: str, timeout: int | None = None) -> bool:
    """Give a slot to a node (NODE), or say that it is moving to it (MIGRATING) or from it (IMPORTING).

    Valkey waits up to `timeout` milliseconds for its replicas.
    """
    if state.upper() not in ("IMPORTING", "MIGRATING", "NODE"):
        raise DataError(
            "cluster_setslot takes IMPORTING, MIGRATING or NODE as state; for STABLE there is cluster_setslot_stable"
        )
    waiting = () if timeout is None else (b"TIMEOUT", timeout)
    return [slot_id, word(state), word(node_id), *waiting]


@command("CLUSTER|SETSLOT {slot_id} STABLE", shape="ok", examples=["cluster_setslot_stable(1)"])
def cluster_setslot_stable(slot_id: int) -> bool:
    """No longer move a slot."""


@command(
    "CLUSTER|SHARDS",
    shape="cluster.shards",
    unlike="there is only one node to ask",
    examples=["cluster_shards()"],
)
def cluster_shards() -> list[dict[str, Any]]:
    """The shards of the cluster: "slots" are the first and last of each range, "nodes" dicts of what is known of each node."""


@command(
    "CLUSTER|SLOT-STATS",
    shape="cluster.slot_stats",
    one_of="start_slot orderby",
    needs="start_slot orderby",
    examples=[
        "cluster_slot_stats(0, 5)",
        "cluster_slot_stats(orderby='key-count')",
        "cluster_slot_stats(orderby='key-count', limit=3, order='ASC')",
        "cluster_slot_stats(0)",
        "cluster_slot_stats(0, 5, limit=1)",
    ],
)
def cluster_slot_stats(
    start_slot: int | None = None,
    end_slot: int | None = None,
    orderby: str | None = None,
    limit: int | None = None,
    order: Literal["ASC", "DESC"] | None = None,
) -> dict[int, dict[str, int]]:
    """How much slots of this node are used, by slot: those of a range, or `limit` of those with most (or least) of what `orderby` names."""
    if orderby is None:
        if end_slot is None or limit is not None or order is not None:
            raise DataError(
                "cluster_slot_stats takes start_slot with end_slot, and limit and order with orderby"
            )
        return [b"SLOTSRANGE", start_slot, end_slot]
    if end_slot is not None:
        raise DataError("cluster_slot_stats takes end_slot with start_slot")
    limited = () if limit is None else (b"LIMIT", limit)
    return [b"ORDERBY", word(orderby), *limited, *(() if order is None else (word(order),))]


@command(
    "CLUSTER|SLOTS",
    shape="cluster.slots",
    unlike="there is only one node to ask",
    examples=["cluster_slots()"],
)
def cluster_slots() -> dict[tuple[int, int], dict[str, tuple[str, int] | list[tuple[str, int]]]]:
    """Which nodes serve which slots, by the first and last of a range: host and port of the "primary", and of each of "replicas"."""


@command("READONLY", shape="ok", examples=["readonly()"])
def readonly() -> bool:
    """Let this connection read from a replica of a cluster, which may lag behind."""


@command("READWRITE", shape="ok", examples=["readwrite()"])
def readwrite() -> bool:
    """Take `readonly` back."""


@command(
    "CLUSTER|MIGRATION",
    shape="cluster.migrations",
    examples=["cluster_migration_cancel()", "cluster_migration_cancel('id')"],
)
def cluster_migration_cancel(task_id: str | None = None) -> int:
    """End one move of slots to or from this node, or all; how many that were."""
    return [b"CANCEL", *((b"ALL",) if task_id is None else (b"ID", task_id))]


@command(
    "CLUSTER|MIGRATION IMPORT {*slots}",
    needs="slots",
    shape="cluster.migrations",
    examples=["cluster_migration_import(0, 1000, 2000, 3000)"],
)
def cluster_migration_import(*slots: int) -> T:
    """Move slots to this node with all their keys, from a first to a last one, and so on; the id of the task."""


@command(
    "CLUSTER|MIGRATION",
    shape="cluster.migrations",
    examples=["cluster_migration_status()", "cluster_migration_status('id')"],
)
def cluster_migration_status(task_id: str | None = None) -> list[dict[T, Any]]:
    """What becomes of one move of slots to or from this node, or of all."""
    return [b"STATUS", *((b"ALL",) if task_id is None else (b"ID", task_id))]
