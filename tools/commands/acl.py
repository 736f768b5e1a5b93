"""Commands on users and what they may do. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "ACL|CAT [{category}]",
    shape="texts",
    examples=["acl_cat()", "acl_cat('scripting')", "acl_cat('none')"],
)
def acl_cat(category: str | None = None) -> list[str]:
    """The categories of commands, or the commands of one."""


@command(
    "ACL|DELUSER {*username}",
    examples=["acl_deluser('ann')", "acl_deluser('ann', 'none')", "acl_deluser('default')"],
)
def acl_deluser(*username: str) -> int:
    """Delete users, and end their connections; how many there were."""


@command(
    "ACL|DRYRUN {username} {*args:word}",
    examples=["acl_dryrun('default', 'SET', 'k', 'v')", "acl_dryrun('ann', 'SET', 'k', 'v')"],
)
def acl_dryrun(username: str, *args: EncodableT) -> T:
    """Whether a user might run a command, without running it: OK, or the reason why not."""


@command(
    "ACL|GENPASS",
    shape="text",
    examples=["acl_genpass()", "acl_genpass(64)", "acl_genpass(5000)", "acl_genpass('x')"],
)
def acl_genpass(bits: int | None = None) -> str:
    """A password that nobody can guess, in hexadecimal digits: of 256 bits, or as many as are asked for, at most 4096."""
    if bits is None:
        return []
    if not str(bits).isdecimal() or int(bits) > 4096:
        raise DataError("acl_genpass takes bits from 0 to 4096")
    return [int(bits)]


@command(
    "ACL|GETUSER {username}",
    shape="acl.user",
    examples=["acl_getuser('default')", "acl_getuser('ann')", "acl_getuser('none')"],
)
def acl_getuser(username: str) -> dict[str, Any] | None:
    """The rules of a user, by their kinds; None if there is no such user.

    "flags", "passwords", "commands", "categories", "keys" and "channels" are lists of str, and "selectors" is one of such lists;
    "enabled" is bool. What only some servers tell is there as they tell it.
    """


@command("ACL|HELP", shape="texts", examples=["acl_help()"])
def acl_help() -> list[str]:
    """What the server says about the subcommands of ACL, in lines."""


@command("ACL|LIST", shape="texts", examples=["acl_list()"])
def acl_list() -> list[str]:
    """The rules of all users, each as the line that a file of users would have."""


@command("ACL|LOAD", shape="ok", examples=["acl_load()"])
def acl_load() -> bool:
    """Replace all users by those in the server's file of users."""


@command("ACL|LOG [{count}]", shape="acl.log", examples=["acl_log()", "acl_log(1)"])
def acl_log(count: int | None = None) -> list[dict[str, int | float | str | dict[str, str | int]]]:
    """The latest refusals, newest first: commands, keys and logins. "client-info" is a dict, as `client_info` has it."""


@command("ACL|LOG RESET", shape="acl.log", examples=["acl_log_reset()"])
def acl_log_reset() -> bool:
    """Forget all refusals that were recorded."""


@command("ACL|SAVE", shape="ok", examples=["acl_save()"])
def acl_save() -> bool:
    """Write all users to the server's file of users."""


@command(
    "ACL|SETUSER",
    shape="ok",
    examples=[
        "acl_setuser('bob')",
        "acl_setuser('ann', enabled=True, nopass=True, reset=True, commands=['+get', b'-set'])",
        "acl_setuser('bob', passwords=['+one', '-two'], hashed_passwords='-' + 64 * 'a')",
        "acl_setuser('bob', passwords='+one', categories=['+@read', '-@write', '+hash', '-list'])",
        "acl_setuser('bob', keys=['a*', '~b', '%R~c', b'd'], channels=['news', b'x'])",
        "acl_setuser('bob', selectors=[('+get', 'a*'), (b'-set', '%W~b')])",
        "acl_setuser('bob', reset_keys=True, reset_channels=True, reset_passwords=True)",
        "acl_setuser('bob', nopass=True, passwords='+one')",
        "acl_setuser('bob', passwords='one')",
        "acl_setuser('bob', hashed_passwords=['one'])",
        "acl_setuser('bob', categories=['one'])",
        "acl_setuser('bob', commands=['one'])",
        "acl_setuser('bob', selectors=[('get', 'a')])",
    ],
)
def acl_setuser(
    username: str,
    enabled: bool = False,
    nopass: bool = False,
    passwords: str | Iterable[str] | None = None,
    hashed_passwords: str | Iterable[str] | None = None,
    categories: Iterable[str] | None = None,
    commands: Iterable[str] | None = None,
    keys: Iterable[KeyT] | None = None,
    channels: Iterable[KeyT] | None = None,
    selectors: Iterable[tuple[str, KeyT]] | None = None,
    reset: bool = False,
    reset_keys: bool = False,
    reset_channels: bool = False,
    reset_passwords: bool = False,
) -> bool:
    """Create a user, or change one.

    Passwords, categories and commands begin with + to be added, and with - to be taken away; what a `selector` allows besides is a
    command with such a sign, and a pattern of keys. A user that is not `enabled` here is switched off.
    """
    from oxipipe.commands.acl_rules import rules

    return [
        word(username),
        *words_of(
            reset=reset,
            resetkeys=reset_keys,
            resetchannels=reset_channels,
            resetpass=reset_passwords,
        ),
        b"on" if enabled else b"off",
        *rules(
            nopass, passwords, hashed_passwords, categories, commands, keys, channels, selectors
        ),
    ]


@command("ACL|USERS", shape="texts", examples=["acl_users()"])
def acl_users() -> list[str]:
    """The names of all users."""


@command("ACL|WHOAMI", shape="text", examples=["acl_whoami()"])
def acl_whoami() -> str:
    """The name of the user that this connection is logged in as."""
