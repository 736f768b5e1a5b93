"""Commands of transactions, for leased connections. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command("WATCH {*names}", shape="ok", examples=["watch('s', 'n')"])
def watch(*names: KeyT) -> bool:
    """Let the next transaction of this connection fail if somebody changes one of these keys before. Needs a lease."""


@command("UNWATCH", shape="ok", examples=["unwatch()"])
def unwatch() -> bool:
    """Forget all watched keys of this connection. Needs a lease."""
