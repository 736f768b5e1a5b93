"""The database that every example of a named command works on.

s = "text", n = "10", f = "1.5", h = {a: 1, b: 2}, one-field = {f: v}, l = [a, b, c, a], one = [x], t = {a, b}, u = {b},
z = {a: 1, b: 2.5, c: 3}, e = "x" expiring in 2100, and what the modules `data_of_*` say.
"""

from __future__ import annotations

import oxipipe
from support import data_of_servers_and_users, data_of_sets_and_places, data_of_streams_and_scripts


class Database:
    """That of one server, which nobody else uses."""

    def __init__(self, client: oxipipe.Redis) -> None:
        self.client = client
        self._has_vectors = bool(client.command("COMMAND", "INFO", "VADD"))
        # What the server finds while it looks for expired keys depends on when it does.
        client.command("DEBUG", "SET-ACTIVE-EXPIRE", 0)

    def fill(self) -> None:
        """Makes it as it is before each example."""
        # At once: that is several times as fast as one command after the other, and done tens of thousands of times.
        with self.client.pipeline(transaction=False) as pipe:
            pipe.flushall()
            pipe.mset({"s": "text", "n": 10, "f": 1.5})
            pipe.hset("h", mapping={"a": 1, "b": 2})
            pipe.hset("one-field", "f", "v")
            pipe.rpush("l", "a", "b", "c", "a")
            pipe.rpush("one", "x")
            pipe.sadd("t", "a", "b")
            pipe.sadd("u", "b")
            pipe.zadd("z", {"a": 1, "b": 2.5, "c": 3})
            pipe.set("e", "x", exat=4102444800)
            data_of_sets_and_places.fill(pipe)
            data_of_streams_and_scripts.fill(pipe)
            if self._has_vectors:
                data_of_streams_and_scripts.fill_vectors(pipe)
            data_of_servers_and_users.fill(pipe)
            *_, refusals = pipe.acl_log(1).execute()
        if not refusals:
            data_of_servers_and_users.be_refused(self.client)

    def wait_for_saving(self) -> None:
        saving = True
        while saving:
            state = self.client.info("persistence")
            saving = state["rdb_bgsave_in_progress"] or state["aof_rewrite_in_progress"]
