"""Commands of Sentinel, which watches over servers. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "SENTINEL|CKQUORUM {new_master_name}",
    shape="sentinel.ckquorum",
    examples=["sentinel_ckquorum('m')"],
)
def sentinel_ckquorum(new_master_name: str) -> bool:
    """Whether there are enough sentinels to agree on a failover; an error says why not."""


@command(
    "SENTINEL|CONFIG GET {pattern}",
    shape="sentinel.config",
    examples=["sentinel_config_get('*')"],
)
def sentinel_config_get(pattern: str = "*") -> dict[str, str]:
    """What is configured for this sentinel itself."""


@command(
    "SENTINEL|CONFIG SET {name} {value}",
    shape="sentinel.config",
    examples=["sentinel_config_set('resolve-hostnames', 'no')"],
)
def sentinel_config_set(name: str, value: str) -> bool:
    """Configure this sentinel itself."""


@command(
    "SENTINEL|FAILOVER {new_master_name} coordinated?COORDINATED",
    shape="ok",
    examples=["sentinel_failover('m')", "sentinel_failover('m', coordinated=True)"],
)
def sentinel_failover(new_master_name: str, *, coordinated: bool = False) -> bool:
    """Let a replica of this master take over, without asking other sentinels; with `coordinated`, the master helps (Valkey 9)."""


@command(
    "SENTINEL|FLUSHCONFIG",
    shape="ok",
    examples=["sentinel_flushconfig()"],
)
def sentinel_flushconfig() -> bool:
    """Write the sentinel's configuration to its file, with all that it knows now."""


@command(
    "SENTINEL|GET-MASTER-ADDR-BY-NAME {service_name}",
    shape="sentinel.address",
    unlike="one sentinel answers: there are no replies of several to choose from",
    examples=["sentinel_get_master_addr_by_name('m')"],
)
def sentinel_get_master_addr_by_name(service_name: str) -> tuple[T, int] | None:
    """Host and port of the master of that name; None if the sentinel watches over none."""


@command(
    "SENTINEL|MASTER {service_name}",
    shape="sentinel.state",
    unlike="one sentinel answers: there are no replies of several to choose from",
    examples=["sentinel_master('m')"],
)
def sentinel_master(service_name: str) -> dict[str, str | int | bool]:
    """What the sentinel knows about a master; each of its flags is also a bool, such as "is_odown"."""


@command(
    "SENTINEL|MASTERS",
    shape="sentinel.states_by_name",
    examples=["sentinel_masters()"],
)
def sentinel_masters() -> dict[str, dict[str, str | int | bool]]:
    """What `sentinel_master` tells, of all masters, by their names."""


@command(
    "SENTINEL|MONITOR {name} {ip} {port} {quorum}",
    shape="ok",
    examples=["sentinel_monitor('m', '127.0.0.1', 1, 2)"],
)
def sentinel_monitor(name: str, ip: str, port: int, quorum: int) -> bool:
    """Watch over another master; `quorum` sentinels have to agree that it is down."""


@command("SENTINEL|MYID", examples=["sentinel_myid()"])
def sentinel_myid() -> T:
    """The id of the sentinel that answers."""


@command(
    "SENTINEL|REMOVE {name}",
    shape="ok",
    examples=["sentinel_remove('m')"],
)
def sentinel_remove(name: str) -> bool:
    """No longer watch over a master."""


@command(
    "SENTINEL|REPLICAS {service_name}",
    shape="sentinel.states",
    examples=["sentinel_replicas('m')"],
)
def sentinel_replicas(service_name: str) -> list[dict[str, str | int | bool]]:
    """What the sentinel knows about the replicas of a master."""


@command(
    "SENTINEL|RESET {pattern}",
    shape="truth",
    examples=["sentinel_reset('m*')"],
)
def sentinel_reset(pattern: str) -> bool:
    """Forget the state, replicas and sentinels of masters whose names match; whether there are any."""


@command(
    "SENTINEL|SENTINELS {service_name}",
    shape="sentinel.states",
    unlike="one sentinel answers: there are no replies of several to choose from",
    examples=["sentinel_sentinels('m')"],
)
def sentinel_sentinels(service_name: str) -> list[dict[str, str | int | bool]]:
    """What the sentinel knows about the others that watch over a master."""


@command(
    "SENTINEL|SET {name} {option} {value:word}",
    shape="ok",
    examples=["sentinel_set('m', 'quorum', 2)"],
)
def sentinel_set(name: str, option: str, value: EncodableT) -> bool:
    """Change an option of how a master is watched over."""


@command(
    "SENTINEL|SLAVES {service_name}",
    shape="sentinel.states",
    examples=["sentinel_slaves('m')"],
)
def sentinel_slaves(service_name: str) -> list[dict[str, str | int | bool]]:
    """As `sentinel_replicas`, by the command's old name."""


@command(
    "SENTINEL|GET-PRIMARY-ADDR-BY-NAME {service_name}",
    shape="sentinel.address",
    examples=["sentinel_get_primary_addr_by_name('m')"],
)
def sentinel_get_primary_addr_by_name(service_name: str) -> tuple[T, int] | None:
    """`sentinel_get_master_addr_by_name` by the name that Valkey has for it."""


@command(
    "SENTINEL|PRIMARIES",
    shape="sentinel.states_by_name",
    examples=["sentinel_primaries()"],
)
def sentinel_primaries() -> dict[str, dict[str, str | int | bool]]:
    """`sentinel_masters` by the name that Valkey has for it."""


@command(
    "SENTINEL|PRIMARY {service_name}",
    shape="sentinel.state",
    examples=["sentinel_primary('m')"],
)
def sentinel_primary(service_name: str) -> dict[str, str | int | bool]:
    """What the sentinel knows about a master; each of its flags is also a bool, such as "is_odown"."""
