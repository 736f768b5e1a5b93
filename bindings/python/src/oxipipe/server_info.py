"""`ServerInfo`: who is at the other end of a connection."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What the server said of itself when a connection was made: `server` of the clients, leases and pools.

    All but `protocol` is None where the connection was not greeted with HELLO: with `protocol=2`, and behind some proxies.
    """

    #: Version of RESP that the connection speaks: 2 or 3.
    protocol: int
    #: What it calls itself, such as "redis" or "valkey".
    name: str | None = None
    #: Its version, such as "7.0.15".
    version: str | None = None
    #: "master", "replica", ... when the connection was made.
    role: str | None = None
    #: "standalone", "cluster" or "sentinel".
    mode: str | None = None
    #: The number by which the server knows the connection, as CLIENT ID gives it.
    connection_id: int | None = None
