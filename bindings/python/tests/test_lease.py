"""`Redis.lease`: a connection of one's own; and commands that wait on the server."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

import oxipipe

if TYPE_CHECKING:
    from oxipipe import Redis, Server


def test_a_lease_watches_and_the_shared_connection_stays_as_it_was(r: Redis) -> None:
    with pytest.raises(oxipipe.RedisError, match=r"lease\(\) of the client"):
        r.command("WATCH", "stock")
    with r.lease() as mine:
        assert mine.command("WATCH", "stock") is True
        r.set("stock", 1)
        with mine.pipeline() as p:
            p.set("stock", 2)
            with pytest.raises(oxipipe.WatchError) as caught:
                p.execute()
            error = caught.value
            assert (error.replied, error.unknown, error.not_applied) == (0, 0, 1)
        assert mine.command("UNWATCH") is True
        assert mine.command("SELECT", 1) is True
        mine.set("only here", 1)
    assert mine.closed
    assert r.get("only here") is None
    assert r.get("stock") == b"1"


def test_a_lease_reads_text_as_its_client_does(server: Server) -> None:
    with server.connect(decode_responses=True) as r, r.lease() as mine:
        mine.set("k", "ä")
        assert mine.get("k") == "ä"
        assert repr(mine) == repr(r)


def test_waiting_for_replicas_wants_the_connection_of_the_writes(r: Redis) -> None:
    with pytest.raises(oxipipe.RedisError, match=r"writes of its own connection.*lease\(\)"):
        r.wait(0, 1)
    with r.lease() as mine:
        mine.set("k", 1)
        assert mine.wait(0, 1) == 0


def test_what_is_set_on_one_connection_only_is_set_on_a_lease_or_by_an_option(r: Redis) -> None:
    with pytest.raises(oxipipe.RefusedError, match=r"set client_name .*which lasts"):
        r.client_setname("me")
    with pytest.raises(oxipipe.RefusedError, match=r"set client_no_evict .*which lasts"):
        r.client_no_evict("ON")
    with r.lease() as mine:
        assert mine.client_setname("me") is True
        assert mine.client_no_evict("ON") == b"OK"
        assert mine.client_getname() in (b"me", "me")
    with r.lease() as other:
        assert other.client_getname() is None


def test_a_lost_lease_stays_lost_and_says_so(r: Redis) -> None:
    mine = r.lease()
    r.client_kill_filter(_id=mine.client_id())
    with pytest.raises(oxipipe.ConnectionError, match="lease another") as caught:
        mine.ping()
    assert caught.value.outcome == "NOT_APPLIED"


def test_replication_is_refused_on_a_lease_too(r: Redis) -> None:
    with r.lease() as mine:
        for client in (r, mine):
            for command in ("PSYNC", "SYNC", "REPLCONF"):
                with pytest.raises(oxipipe.RefusedError, match="refused on every connection"):
                    client.command(command, "c")


def test_a_lease_refuses_what_would_use_another_connection(r: Redis) -> None:
    with r.lease() as mine:
        with pytest.raises(oxipipe.RefusedError, match="refused on a lease"):
            mine.submit("PING")
        with mine.lease() as other:
            assert other.client_id() != mine.client_id()


def test_a_blocking_command_delays_no_other_thread(r: Redis) -> None:
    popped = []
    thread = threading.Thread(target=lambda: popped.append(r.blpop("list", 0)))
    thread.start()
    while r.info("clients")["blocked_clients"] == 0:
        pass
    assert [r.incr("n") for _ in range(100)] == list(range(1, 101))
    r.rpush("list", "x")
    thread.join(20)
    assert popped == [(b"list", b"x")]


def test_closing_ends_a_lease_and_a_blocked_call(server: Server, r: Redis) -> None:
    client = server.connect()
    lease = client.lease()
    failures = []

    def wait() -> None:
        try:
            client.blpop("nothing", 0)
        except oxipipe.RedisError as error:
            failures.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    while r.info("clients")["blocked_clients"] == 0:
        pass
    client.close()
    thread.join(20)
    assert not thread.is_alive()
    assert len(failures) == 1
    with pytest.raises(oxipipe.RedisError, match="closed"):
        lease.ping()
