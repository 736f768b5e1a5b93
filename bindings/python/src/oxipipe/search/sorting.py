"""By what results are sorted."""

from __future__ import annotations

from typing import ClassVar


class SortDirection:
    """Sorted by a field, in one direction."""

    DIRSTRING: ClassVar[str]

    def __init__(self, field: str) -> None:
        self.field = field


class Asc(SortDirection):
    """The least first."""

    DIRSTRING = "ASC"


class Desc(SortDirection):
    """The greatest first."""

    DIRSTRING = "DESC"


class SortbyField:
    """Sorted by a field, for queries."""

    def __init__(self, field: str, asc: bool = True) -> None:
        #: Words of a command.
        self.args = [field, "ASC" if asc else "DESC"]


def sorted_by(fields: tuple[str | SortDirection, ...]) -> list[str]:
    """The words for fields; those without a direction leave it to the server."""
    words = []
    for field in fields:
        words += [field.field, field.DIRSTRING] if isinstance(field, SortDirection) else [field]
    return words
