"""Commands on bits. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "BITCOUNT {key} [{start}] [{end}] [{mode}]",
    examples=["bitcount('s')", "bitcount('s', 0, 1)", "bitcount('s', 0, 1, 'BIT')"],
)
def bitcount(
    key: KeyT, start: int | None = None, end: int | None = None, mode: str | None = None
) -> int:
    """Count set bits in a string."""


@command(
    "BITOP {operation} {dest} {*keys}",
    examples=["bitop('AND', 'd', 's', 'n')"],
)
def bitop(operation: str, dest: KeyT, *keys: KeyT) -> int:
    """Perform bitwise operations between strings."""


@command(
    "GETBIT {name} {offset}",
    examples=["getbit('s', 1)"],
)
def getbit(name: KeyT, offset: int) -> int:
    """Returns the bit value at offset in the string value stored at key."""


@command(
    "SETBIT {name} {offset} {value}",
    examples=["setbit('s', 1, 0)"],
)
def setbit(name: KeyT, offset: int, value: int) -> int:
    """Sets or clears the bit at offset in the string value stored at key."""
