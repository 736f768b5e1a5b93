"""What leases of both kinds of client have in common: their classes, and the error of one whose connection is lost."""

from __future__ import annotations

from oxipipe.exceptions import ConnectionError

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any, TypeVar

    _Lease = TypeVar("_Lease")

_LOST = "the leased connection is lost, and with it what was set on it: close it and lease another"


def lost_lease() -> ConnectionError:
    """Where the library is not asked for it."""
    error = ConnectionError(_LOST)
    error.status = -103  # OXP_ERR_DISCONNECTED
    return error


def lease_class(kind: type[Any], lease: type[_Lease]) -> type[_Lease]:
    """The class of the leases of a client: both a `lease` and a `kind`, if that can be."""
    if issubclass(lease, kind):
        return lease
    if issubclass(kind, lease):
        return kind
    made: type[_Lease] | None = vars(kind).get("_leases")
    if made is None:
        from contextlib import suppress
        from types import new_class

        try:
            made = new_class(f"{kind.__name__}Lease", (lease, kind))
        except TypeError:  # it does not want subclasses, or wants to know more of them
            made = lease
        with suppress(TypeError, AttributeError):
            kind._leases = made
    return made
