"""Commands on connection. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "CLIENT|GETNAME",
    shape="text",
    examples=["client_getname()"],
)
def client_getname() -> str | None:
    """The name of this connection; None if it has none."""


@command(
    "CLIENT|ID",
    examples=["client_id()"],
)
def client_id() -> int:
    """The id of this connection, which is never used again."""


@command(
    "CLIENT|INFO",
    shape="server.client_info",
    examples=["client_info()"],
)
def client_info() -> dict[str, str | int]:
    """What the server knows about this connection; numbers are int."""


@command(
    "CLIENT|KILL {address}",
    shape="server.client_kill",
    examples=["client_kill('1.2.3.4:5')"],
)
def client_kill(address: str) -> bool:
    """Disconnect the client with that address, "host:port"."""


@command(
    "CLIENT|NO-EVICT {mode}",
    shape="state",
    examples=["client_no_evict('ON')"],
)
def client_no_evict(mode: str) -> T:
    """Whether this connection is spared when clients have to go because they take too much memory: ON or OFF."""


@command(
    "CLIENT|SETNAME {name}",
    shape="ok",
    examples=["client_setname('x')"],
)
def client_setname(name: str) -> bool:
    """Give this connection a name, which `client_list` tells."""


@command(
    "CLIENT|UNPAUSE",
    shape="state",
    examples=["client_unpause()"],
)
def client_unpause() -> T:
    """End what `client_pause` began."""


@command(
    "ECHO {value}",
    examples=["echo('x')"],
)
def echo(value: EncodableT) -> T:
    """The same value, from the server."""


@command(
    "PING",
    shape="pong",
    examples=["ping()"],
)
def ping() -> bool:
    """Whether the server answers."""


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


@command(
    "AUTH [{username}] {password}",
    shape="truth",
    examples=["auth('secret')", "auth('secret', username='ann')", "auth('secret', 'ann')"],
)
def auth(password: str, username: str | None = None) -> bool:
    """Log this connection in, as the default user or another one."""


@command(
    "CLIENT|CACHING caching?YES:NO",
    shape="ok",
    examples=["client_caching()", "client_caching(False)"],
)
def client_caching(caching: bool = True) -> bool:
    """Whether keys of the next command on this connection are tracked, after `client_tracking` with `optin` or `optout`."""


@command("CLIENT|CAPA {*capabilities}", shape="ok", examples=["client_capa('redirect')"])
def client_capa(*capabilities: str) -> bool:
    """Say what the client is able to do, such as to follow redirections to the primary."""


@command("CLIENT|GETREDIR", examples=["client_getredir()"])
def client_getredir() -> int:
    """The id of the client that gets this one's messages of tracking; 0 if none does, and -1 without tracking."""


@command(
    "CLIENT|IMPORT-SOURCE enabled?ON:OFF",
    shape="ok",
    examples=["client_import_source()", "client_import_source(False)"],
)
def client_import_source(enabled: bool = True) -> bool:
    """Whether this connection imports data into a server in import mode, and so sees keys that have expired."""


@command("CLIENT|NO-TOUCH {mode}", examples=["client_no_touch('ON')"])
def client_no_touch(mode: str) -> T:
    """Whether commands on this connection leave alone when a key was last used: ON or OFF."""


@command(
    "CLIENT|REPLY {reply}",
    examples=["client_reply('ON')", "client_reply('OFF')", "client_reply('SKIP')"],
)
def client_reply(reply: Literal["ON", "OFF", "SKIP"]) -> T | None:
    """Whether commands on this connection are answered; SKIP is for the next one only. None if this one is not."""


@command("CLIENT|SETINFO {attr} {value}", shape="ok", examples=["client_setinfo('LIB-NAME', 'x')"])
def client_setinfo(attr: str, value: str) -> bool:
    """Tell the server the name (LIB-NAME) or the version (LIB-VER) of the client's library."""


@command(
    "CLIENT|TRACKING",
    one_of="bcast optin optout",
    examples=[
        "client_tracking()",
        "client_tracking(False)",
        "client_tracking(clientid=1, optin=True, noloop=True)",
        "client_tracking(prefix=['a', b'b'], bcast=True)",
        "client_tracking(prefix=['a'])",
        "client_tracking(optout=True)",
    ],
)
def client_tracking(
    on: bool = True,
    clientid: int | None = None,
    prefix: Sequence[KeyT] = (),
    bcast: bool = False,
    optin: bool = False,
    optout: bool = False,
    noloop: bool = False,
) -> T:
    """Switch messages about keys that this connection has read, when others change them, on or off.

    `clientid` is the client that gets the messages; `bcast` is for keys with one of the prefixes, read or not; with `optin` only what
    `client_caching` says is tracked, with `optout` all but that; `noloop` leaves out what the connection itself changes.
    """
    if prefix and not bcast:
        raise DataError("client_tracking takes prefix only with bcast")
    redirect = () if clientid is None else (b"REDIRECT", clientid)
    prefixes = [part for start in prefix for part in (b"PREFIX", start)]
    switches = words_of(BCAST=bcast, OPTIN=optin, OPTOUT=optout, NOLOOP=noloop)
    return [on_or_off(on), *redirect, *prefixes, *switches]


@command(
    "CLIENT|TRACKING",
    one_of="bcast optin optout",
    examples=[
        "client_tracking_on()",
        "client_tracking_on(clientid=1, optin=True, noloop=True)",
        "client_tracking_on(prefix=['a', b'b'], bcast=True)",
        "client_tracking_on(prefix=['a'])",
        "client_tracking_on(optout=True)",
    ],
)
def client_tracking_on(
    clientid: int | None = None,
    prefix: Sequence[KeyT] = (),
    bcast: bool = False,
    optin: bool = False,
    optout: bool = False,
    noloop: bool = False,
) -> T:
    """`client_tracking`, on."""
    if prefix and not bcast:
        raise DataError("client_tracking_on takes prefix only with bcast")
    redirect = () if clientid is None else (b"REDIRECT", clientid)
    prefixes = [part for start in prefix for part in (b"PREFIX", start)]
    switches = words_of(BCAST=bcast, OPTIN=optin, OPTOUT=optout, NOLOOP=noloop)
    return [b"ON", *redirect, *prefixes, *switches]


@command(
    "CLIENT|TRACKING",
    one_of="bcast optin optout",
    examples=[
        "client_tracking_off()",
        "client_tracking_off(clientid=1, optin=True, noloop=True)",
        "client_tracking_off(prefix=['a', b'b'], bcast=True)",
        "client_tracking_off(prefix=['a'])",
        "client_tracking_off(optout=True)",
    ],
)
def client_tracking_off(
    clientid: int | None = None,
    prefix: Sequence[KeyT] = (),
    bcast: bool = False,
    optin: bool = False,
    optout: bool = False,
    noloop: bool = False,
) -> T:
    """`client_tracking`, off."""
    if prefix and not bcast:
        raise DataError("client_tracking_off takes prefix only with bcast")
    redirect = () if clientid is None else (b"REDIRECT", clientid)
    prefixes = [part for start in prefix for part in (b"PREFIX", start)]
    switches = words_of(BCAST=bcast, OPTIN=optin, OPTOUT=optout, NOLOOP=noloop)
    return [b"OFF", *redirect, *prefixes, *switches]


@command(
    "CLIENT|TRACKINGINFO", shape="connection.tracking_info", examples=["client_trackinginfo()"]
)
def client_trackinginfo() -> list[str | int | list[T]]:
    """What `client_tracking` has set up, as a list: "flags", a list of them, "redirect", a client's id, "prefixes", and a list of them."""


@command(
    "CLIENT|KILL [TYPE {_type}] [SKIPME {skipme:yes}] [ID {_id}] [ADDR {addr}] [LADDR {laddr}] [USER {user}] [MAXAGE {maxage}] [NAME {name}] [IDLE {idle}] [FLAGS {flags}] [LIB-NAME {lib_name}] [LIB-VER {lib_ver}] [DB {db}] [CAPA {capa}] [IP {ip}] [NOT-TYPE {not_type}] [NOT-ID {*not_id}] [NOT-USER {not_user}] [NOT-ADDR {not_addr}] [NOT-LADDR {not_laddr}] [NOT-NAME {not_name}] [NOT-FLAGS {not_flags}] [NOT-LIB-NAME {not_lib_name}] [NOT-LIB-VER {not_lib_ver}] [NOT-DB {not_db}] [NOT-CAPA {not_capa}] [NOT-IP {not_ip}]",
    is_own_shape=True,
    needs="_id _type addr skipme laddr user maxage name idle flags lib_name lib_ver db capa ip not_type not_id not_user not_addr not_laddr not_name not_flags not_lib_name not_lib_ver not_db not_capa not_ip",
    examples=[
        "client_kill_filter(_id='999999999')",
        "client_kill_filter(_type='pubsub', skipme=True)",
        "client_kill_filter(_type='pubsub', skipme=False, user='none')",
        "client_kill_filter(addr='1.2.3.4:5', laddr='1.2.3.4:6', maxage=1000000)",
        "client_kill_filter(name='none', not_id=[1, 2], not_type='replica')",
        "client_kill_filter()",
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
    *,
    name: str | None = None,
    idle: int | None = None,
    flags: str | None = None,
    lib_name: str | None = None,
    lib_ver: str | None = None,
    db: int | None = None,
    capa: str | None = None,
    ip: str | None = None,
    not_type: str | None = None,
    not_id: Sequence[int] = (),
    not_user: str | None = None,
    not_addr: str | None = None,
    not_laddr: str | None = None,
    not_name: str | None = None,
    not_flags: str | None = None,
    not_lib_name: str | None = None,
    not_lib_ver: str | None = None,
    not_db: int | None = None,
    not_capa: str | None = None,
    not_ip: str | None = None,
) -> int:
    """Disconnect the clients that fit every filter given, and return their number. What only has a name is Valkey's alone."""


@command(
    "CLIENT|LIST [TYPE {_type}] [ID {*client_id}] [USER {user}] [ADDR {addr}] [LADDR {laddr}] [MAXAGE {maxage}] [NAME {name}] [IDLE {idle}] [FLAGS {flags}] [LIB-NAME {lib_name}] [LIB-VER {lib_ver}] [DB {db}] [CAPA {capa}] [IP {ip}] [SKIPME {skipme:yes}] [NOT-TYPE {not_type}] [NOT-ID {*not_id}] [NOT-USER {not_user}] [NOT-ADDR {not_addr}] [NOT-LADDR {not_laddr}] [NOT-NAME {not_name}] [NOT-FLAGS {not_flags}] [NOT-LIB-NAME {not_lib_name}] [NOT-LIB-VER {not_lib_ver}] [NOT-DB {not_db}] [NOT-CAPA {not_capa}] [NOT-IP {not_ip}]",
    shape="server.client_list",
    examples=[
        "client_list()",
        "client_list(_type='normal')",
        "client_list(client_id=[1, '2'])",
        "client_list('replica', [1])",
        "client_list(user='none', skipme=False, not_id=[1], maxage=1)",
    ],
)
def client_list(
    _type: str | None = None,
    client_id: Sequence[EncodableT] = (),
    *,
    user: str | None = None,
    addr: str | None = None,
    laddr: str | None = None,
    maxage: int | None = None,
    skipme: bool | None = None,
    name: str | None = None,
    idle: int | None = None,
    flags: str | None = None,
    lib_name: str | None = None,
    lib_ver: str | None = None,
    db: int | None = None,
    capa: str | None = None,
    ip: str | None = None,
    not_type: str | None = None,
    not_id: Sequence[int] = (),
    not_user: str | None = None,
    not_addr: str | None = None,
    not_laddr: str | None = None,
    not_name: str | None = None,
    not_flags: str | None = None,
    not_lib_name: str | None = None,
    not_lib_ver: str | None = None,
    not_db: int | None = None,
    not_capa: str | None = None,
    not_ip: str | None = None,
) -> list[dict[str, str]]:
    """What the server knows about its clients: all, or those that fit every filter. What only has a name is Valkey's alone."""


@command(
    "HELLO",
    shape="connection.hello",
    examples=[
        "hello()",
        "hello(3, username='default', password='x', setname='y')",
        "hello(username='default', password='x')",
        "hello(3, username='default')",
    ],
)
def hello(
    protover: int | None = None,
    username: str | None = None,
    password: str | None = None,
    setname: str | None = None,
) -> dict[str, Any]:
    """Agree on the version of the protocol, log in and name the connection, all at once; what the server says of itself.

    "proto" and "id" are int, "modules" is a list of dicts, and all else is str.
    """
    if (username is None) is not (password is None):
        raise DataError("hello takes username and password together")
    if protover is None and (username is not None or setname is not None):
        raise DataError("hello takes username, password and setname only with protover")
    version = () if protover is None else (protover,)
    login = () if username is None else (b"AUTH", word(username), word(password))
    return [*version, *login, *(() if setname is None else (b"SETNAME", word(setname)))]


@command("QUIT", shape="ok", examples=["quit()"])
def quit() -> bool:
    """Let the server end this connection."""


@command("RESET", shape="text", examples=["reset()"])
def reset() -> str:
    """Take back what was set on this connection: login, database, tracking, subscriptions, a transaction."""


@command("SELECT {index}", shape="ok", examples=["select(1)"])
def select(index: int) -> bool:
    """Change the database of this connection."""
