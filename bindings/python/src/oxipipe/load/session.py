"""The connections of a load of commands: the client's own, and one apart once a command needs that."""

from __future__ import annotations

from collections.abc import Iterable

from ..client import Lease, Redis
from ..pipeline import Pipeline


class Session:
    """A lease is not made again when it is lost, so it comes no earlier than needed; and from then on everything goes
    over it, because it is not as other connections are."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._lease: Lease | None = None
        self._known: set[bytes] = set()

    def lease(self) -> Pipeline | None:
        """The pipeline for all that follows; None if there is a lease already."""
        if self._lease is not None:
            return None
        self._lease = self._client.lease()  # the client closes it
        return self._lease.pipeline(transaction=False)

    def transaction(self) -> Pipeline:
        client = self._client if self._lease is None else self._lease
        return client.pipeline(transaction=True)

    def check(self, databases: Iterable[bytes]) -> None:
        """Raises what the server says to a database that it does not have. In a transaction its refusal would come too
        late, with what follows carried out in another one."""
        unknown = [number for number in databases if number not in self._known]
        if unknown:
            with self._client.lease() as probe:
                for number in unknown:
                    probe.command("SELECT", number)
                    self._known.add(number)
