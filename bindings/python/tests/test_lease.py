"""`Redis.lease`: a connection of one's own; and commands that wait on the server."""

from __future__ import annotations

import select
import selectors
import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.pace import LONG
from support.shapes import SHAPED

import oxipipe
from oxipipe import exceptions

if TYPE_CHECKING:
    from oxipipe import Redis, Server


def test_a_lease_watches_and_the_shared_connection_stays_as_it_was(r: Redis) -> None:
    with pytest.raises(oxipipe.RedisError, match="lease a connection of your own"):
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
        address = repr(r).split()[1]
        assert repr(mine) == f"<oxipipe.client.Lease {address}"


@pytest.mark.parametrize("decode", [False, True])
def test_what_is_queued_for_exec_has_no_shape_yet(server: Server, decode: bool) -> None:
    queued: Any = "QUEUED" if decode else b"QUEUED"
    with server.connect(decode_responses=decode) as r, r.lease() as mine:
        r.delete("n")
        mine.command("MULTI")
        assert {name: call(mine) for name, call in SHAPED.items()} == dict.fromkeys(SHAPED, queued)
        with mine.pipeline(transaction=False) as p:
            for call in SHAPED.values():
                call(p)
            assert p.execute() == [queued] * len(SHAPED)
        assert len(mine.command("EXEC")) == 2 * len(SHAPED)
        assert r.get("n") == ("3" if decode else b"3")
        assert mine.ping() is True
        # Many at once, and as one pipeline.
        with mine.pipeline(transaction=False) as p:
            p.command("MULTI")
            for _ in range(100):
                p.expire("n", 100)
            replies = p.command("EXEC").expire("n", 100).execute()
        assert replies[1:101] == [queued] * 100
        assert replies[101:] == [[1] * 100, True]


def test_what_a_program_stored_is_never_taken_for_queued(server: Server) -> None:
    for decode in (False, True):
        with server.connect(decode_responses=decode) as r, r.lease() as mine:
            for client in (r, mine):
                client.set("k", "QUEUED")
                assert client.command_as(len, "GET", "k") == 6
                with client.pipeline(transaction=False) as p:
                    p.command_as(len, "GET", "k").command_as(len, "MGET", *"k" * 20)
                    assert p.execute() == [6, 20]


def test_what_is_silenced_has_no_shape_either(server: Server) -> None:
    with server.connect() as r, r.lease() as mine:
        mine.command("CLIENT", "REPLY", "OFF")
        for name, call in SHAPED.items():
            if name != "shaped by the program":
                assert call(mine) is None, name


def test_iterating_over_keys_without_replies_says_so(server: Server) -> None:
    with server.connect() as r, r.lease() as mine:
        mine.command("CLIENT", "REPLY", "OFF")
        for iteration in (mine.scan_iter(), mine.hscan_iter("h")):
            with pytest.raises(oxipipe.RedisError, match="CLIENT REPLY"):
                next(iteration)
        mine.command("CLIENT", "REPLY", "ON")
        mine.command("MULTI")
        others: list[Any] = [mine.sscan_iter("s"), mine.zscan_iter("z")]
        for iteration in others:
            with pytest.raises(oxipipe.RedisError, match="EXEC"):
                next(iteration)


@pytest.mark.parametrize("decode", [False, True])
@pytest.mark.parametrize("protocol", [2, 3])
def test_ping_while_subscribed(server: Server, protocol: int, decode: bool) -> None:
    def read(*texts: str) -> list[Any]:
        return list(texts) if decode else [text.encode() for text in texts]

    with (
        server.connect(protocol=protocol, decode_responses=decode) as r,
        r.lease() as mine,
    ):
        (echoed,) = read("xx")
        assert mine.command("PING", "xx") == echoed
        mine.command("SUBSCRIBE", "a")
        assert mine.ping() is True
        assert mine.command("PING") is True
        # In RESP2 the server answers in the form of a message meanwhile.
        assert mine.command("PING", "xx") == (read("pong", "xx") if protocol == 2 else echoed)
        assert mine.command("RESET") == "RESET"


def test_an_event_loop_may_wait_for_the_descriptor_of_a_lease(server: Server) -> None:
    with server.connect() as r, r.lease() as mine:
        mine.command("SUBSCRIBE", "a")
        events = list(iter(lambda: mine.next_event(0), None))
        assert [event.kind for event in events if event] == ["up"]
        poll = select.poll()
        poll.register(mine, select.POLLIN)
        assert poll.poll(0) == []
        r.command("PUBLISH", "a", "one")
        assert poll.poll(LONG * 1000) == [(mine.fileno(), select.POLLIN)]
        event = mine.next_event(0)
        assert event is not None
        assert event.data == [b"message", b"a", b"one"]
        assert mine.next_event(0) is None
        assert poll.poll(0) == []
        # A lost connection is news as well.
        with selectors.DefaultSelector() as selector:
            selector.register(mine, selectors.EVENT_READ)
            r.command("CLIENT", "KILL", "TYPE", "pubsub")
            assert selector.select(LONG)
            event = mine.next_event(0)
            assert event is not None
            assert event.kind == "down"
        with pytest.raises(oxipipe.ConnectionError, match="lease another") as caught:
            mine.fileno()
        assert not isinstance(caught.value, oxipipe.ClosedError)
        assert caught.value.outcome is None


def test_a_closed_lease_has_no_descriptor(server: Server) -> None:
    with server.connect() as r, oxipipe.Pool.from_url(server.url, connections=1) as pool:
        for mine in (r.lease(), pool.lease()):
            with mine:
                assert mine.fileno() >= 0
            with pytest.raises(oxipipe.ClosedError) as caught:
                mine.fileno()
            assert caught.value.outcome is None
        # The shared connection is another one after a failure.
        assert not hasattr(r, "fileno")


def test_waiting_for_replicas_wants_the_connection_of_the_writes(r: Redis) -> None:
    with pytest.raises(oxipipe.RedisError, match=r"writes of its own connection.*; lease a"):
        r.wait(0, 1)
    with r.lease() as mine:
        mine.set("k", 1)
        assert mine.wait(0, 1) == 0


@pytest.mark.parametrize(
    "line",
    [
        "AUTH x",
        "HELLO 3",
        "SELECT 1",
        "RESET",
        "QUIT",
        "MULTI",
        "WATCH k",
        "WAIT 0 1",
        "MONITOR",
        "SUBSCRIBE c",
        "CLIENT REPLY OFF",
        "CLIENT SETNAME n",
        "CLIENT SETINFO LIB-NAME n",
        "SYNC",
    ],
)
def test_a_refusal_does_not_speak_of_c(server: Server, r: Redis, line: str) -> None:
    with oxipipe.Pool.from_url(server.url) as pool:
        for refuse in (r.command, r.pipeline().command, pool.command, pool.pipeline().command):
            with pytest.raises(oxipipe.RefusedError) as caught:
                refuse(*line.split())
            assert "oxp_" not in str(caught.value).lower()


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


class Prefixed(oxipipe.Redis):
    """A subclass as programs have them."""

    prefix = ""

    def __init__(self, *args: Any, prefix: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.prefix = prefix

    def get_mine(self, name: str) -> Any:
        return self.get(self.prefix + name)


class Closed(oxipipe.Redis):
    """One that cannot be a base."""

    def __init_subclass__(cls) -> None:
        raise TypeError("no subclasses")


def test_the_lease_of_a_subclass_is_one(server: Server, r: oxipipe.Redis) -> None:
    r.set("p:a", 1)
    with Prefixed(unix_socket_path=server.unix_socket_path, prefix="p:") as client:
        client.submit("PING").result()
        with client.lease() as mine, mine.lease() as another:
            for lease in (mine, another):
                assert isinstance(lease, oxipipe.client.Lease)
                assert isinstance(lease, Prefixed)
                assert lease.get_mine("a") == b"1"
                assert lease.fileno() >= 0
                with pytest.raises(exceptions.RefusedError):
                    lease.submit("PING")
            assert type(mine) is type(another)
        assert client.get_mine("a") == b"1"
    with Closed(unix_socket_path=server.unix_socket_path) as closed, closed.lease() as lease:
        assert lease.ping()
