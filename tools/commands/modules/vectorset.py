"""What redis-py has behind `vset()`. What a class says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@group("vset", theirs="redis.commands.vectorset.VectorSet", of="vectors")
class VectorSet:
    """Commands on sets of vectors: those that clients have as methods of their own, too."""
