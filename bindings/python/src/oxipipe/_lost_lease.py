"""The error of a lease whose connection is lost, where the library is not asked for one."""

from __future__ import annotations

from oxipipe.exceptions import ConnectionError

_LOST = "the leased connection is lost, and with it what was set on it: close it and lease another"


def lost_lease() -> ConnectionError:
    error = ConnectionError(_LOST)
    error.status = -103  # OXP_ERR_DISCONNECTED
    return error
