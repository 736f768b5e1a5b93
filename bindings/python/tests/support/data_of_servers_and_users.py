"""What examples of commands on users, connections and servers need in the database of the parity test."""

from __future__ import annotations

import contextlib

import oxipipe


def fill(client: oxipipe.Redis | oxipipe.Pipeline) -> None:
    client.acl_deluser("ann", "bob")
    client.acl_setuser(
        "ann",
        enabled=True,
        nopass=True,
        categories=["+@read", "-@dangerous"],
        commands=["+set", "-get"],
        keys=["a*", "%R~b"],
        channels=["news", "x"],
        selectors=[("+get", "c*"), ("+set", "%W~d")],
    )


def be_refused(client: oxipipe.Redis) -> None:
    """Gives the log of refusals an entry."""
    with client.lease() as connection, contextlib.suppress(oxipipe.AuthenticationError):
        connection.auth("wrong", username="nobody")
