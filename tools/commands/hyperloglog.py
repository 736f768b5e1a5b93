"""Commands on HyperLogLogs. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "PFADD {name} {*values}", examples=["pfadd('p', 'x', 'y')", "pfadd('p', 'a')", "pfadd('d')"]
)
def pfadd(name: KeyT, *values: FieldT) -> int:
    """Count more values; 1 if that changed the estimate, or made the key."""


@command(
    "PFCOUNT {*sources}", examples=["pfcount('p')", "pfcount('p', 'q', 'none')", "pfcount('s')"]
)
def pfcount(*sources: KeyT) -> int:
    """About how many different values were counted in all of the keys together."""


@command(
    "PFMERGE {dest} {*sources}", shape="ok", examples=["pfmerge('d', 'p', 'q')", "pfmerge('d')"]
)
def pfmerge(dest: KeyT, *sources: KeyT) -> bool:
    """Add what several keys have counted to `dest`."""
