"""Commands on connection. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "CLIENT|GETNAME",
    shape="text",
    examples=["client_getname()"],
)
def client_getname() -> str | None:
    """Get the current connection name."""


@command(
    "CLIENT|ID",
    examples=["client_id()"],
)
def client_id() -> int:
    """Returns the client ID for the current connection."""


@command(
    "CLIENT|INFO",
    shape="server.client_info",
    examples=["client_info()"],
)
def client_info() -> dict[str, Any]:
    """Returns information about the current client connection."""


@command(
    "CLIENT|KILL {address}",
    shape="server.client_kill",
    examples=["client_kill('1.2.3.4:5')"],
)
def client_kill(address: str) -> bool:
    """Kill the connection of a client."""


@command(
    "CLIENT|NO-EVICT {mode}",
    shape="state",
    examples=["client_no_evict('ON')"],
)
def client_no_evict(mode: str) -> T:
    """Set client eviction mode for the current connection."""


@command(
    "CLIENT|SETNAME {name}",
    shape="ok",
    examples=["client_setname('x')"],
)
def client_setname(name: str) -> bool:
    """Set the current connection name."""


@command(
    "CLIENT|UNPAUSE",
    shape="state",
    examples=["client_unpause()"],
)
def client_unpause() -> T:
    """Resume processing of clients that were paused."""


@command(
    "ECHO {value}",
    examples=["echo('x')"],
)
def echo(value: EncodableT) -> T:
    """Echo the given string."""


@command(
    "PING",
    shape="pong",
    examples=["ping()"],
)
def ping() -> bool:
    """Ping the server."""


@command(
    "CLIENT|KILL [TYPE {_type}] [SKIPME {skipme:yes}] [ID {_id}] [ADDR {addr}] [LADDR {laddr}] [USER {user}] [MAXAGE {maxage}]",
    is_own_shape=True,
    needs="_id _type addr skipme laddr user maxage",
    examples=[
        "client_kill_filter(_id='999999999')",
        "client_kill_filter(_type='pubsub', skipme=True)",
    ],
)
def client_kill_filter(
    _id: int | str | None = None,
    _type: str | None = None,
    addr: str | None = None,
    skipme: bool | None = None,
    laddr: str | None = None,
    user: str | None = None,
    maxage: int | None = None,
) -> int:
    """Disconnect the clients that fit every filter given, and return their number."""


@command(
    "CLIENT|LIST",
    shape="server.client_list",
    examples=["client_list()", "client_list(_type='normal')"],
)
def client_list(
    _type: str | None = None, client_id: Sequence[EncodableT] = ()
) -> list[dict[str, str]]:
    """What the server knows about its clients: all, of one type, or by id."""
    kind = () if _type is None else (b"TYPE", word(_type))
    ids = (b"ID", *map(word, client_id)) if client_id else ()
    return [*kind, *ids]


@command(
    "CLIENT|PAUSE {timeout} !all?WRITE",
    shape="ok",
    examples=["client_pause(1)", "client_pause(1, all=False)"],
)
def client_pause(timeout: int, all: bool = True) -> bool:
    """Let the server ignore its clients, or only their writes, for `timeout` milliseconds."""


@command(
    "CLIENT|UNBLOCK {client_id} error?ERROR", shape="truth", examples=["client_unblock(999999999)"]
)
def client_unblock(client_id: int, error: bool = False) -> bool:
    """End the blocking call of another client, with an error if wanted; whether it was blocked."""
