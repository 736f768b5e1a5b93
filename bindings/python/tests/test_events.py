"""What connections have to tell besides replies (`next_event`, `events`): of leases, clients and pools that block."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.fake_server import Connection, FakeServer, handshake_reply
from support.pace import LONG

import oxipipe
from oxipipe import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxipipe import Redis, Server
    from oxipipe.typing import T

    Interrupted = Callable[[], object]


@pytest.fixture(params=[2, 3], ids=["resp2", "resp3"])
def protocol(request: pytest.FixtureRequest) -> int:
    version: int = request.param
    return version


def following(client: Redis[Any] | oxipipe.Pool[Any]) -> Event:
    event = client.next_event(LONG)
    assert event is not None
    return event


def leased(client: Redis[T] | oxipipe.Pool[T]) -> Redis[T]:
    """A lease that has told that it was made."""
    lease = client.lease()
    assert following(lease).kind == "up"
    return lease


def said(lease: Redis[Any], count: int) -> list[Any]:
    return [following(lease).data for _ in range(count)]


def test_subscriptions(server: Server, protocol: int) -> None:
    with server.connect(protocol=protocol) as r, r.lease() as mine:
        assert following(mine) == Event("up", None, mine_id(mine, protocol), 0, None)
        confirmed = [[b"subscribe", b"a", 1], [b"subscribe", b"b", 2]]
        assert mine.command("SUBSCRIBE", "a", "b") == confirmed
        assert mine.command("psubscribe", "a*") == [[b"psubscribe", b"a*", 3]]
        assert r.command("PUBLISH", "a", "one") == 2
        r.command("PUBLISH", "b", "two")
        first = following(mine)
        assert first.kind == "message"
        assert first == ("message", [b"message", b"a", b"one"], first.connection, 0, None)
        assert said(mine, 2) == [[b"pmessage", b"a*", b"a", b"one"], [b"message", b"b", b"two"]]
        assert mine.command("UNSUBSCRIBE", "b", "nosuch") == [
            [b"unsubscribe", b"b", 2],
            [b"unsubscribe", b"nosuch", 2],
        ]
        assert mine.command("UNSUBSCRIBE") == [[b"unsubscribe", b"a", 1]]
        assert mine.command("UNSUBSCRIBE") == [[b"unsubscribe", None, 1]]
        assert mine.command("PUNSUBSCRIBE") == [[b"punsubscribe", b"a*", 0]]
        assert mine.echo("like any other") == b"like any other"
        assert mine.next_event(0) is None


def mine_id(lease: Redis, protocol: int) -> int | None:
    return None if protocol == 2 else lease.client_id()


def test_a_refused_subscription_is_an_error(own_server: Server, protocol: int) -> None:
    with own_server.connect(protocol=protocol) as r, r.lease() as mine:
        r.command("ACL", "SETUSER", "default", "resetchannels", "&open*")
        for channels in (["closed"], ["open", "closed"], []):
            with pytest.raises(oxipipe.ResponseError):
                mine.command("SUBSCRIBE", *channels)
        assert mine.echo("next") == b"next"
        assert mine.command("SUBSCRIBE", "open") == [[b"subscribe", b"open", 1]]


def test_a_shared_connection_names_the_way(r: Redis) -> None:
    for command in ("SUBSCRIBE", "MONITOR"):
        with pytest.raises(oxipipe.RefusedError, match="lease"):
            r.command(command, "c")
    with r.lease() as mine, pytest.raises(oxipipe.RefusedError):
        mine.command("PSYNC", "?", "-1")


def test_monitor(server: Server, r: Redis, protocol: int) -> None:
    with server.connect(protocol=protocol) as client, leased(client) as mine:
        assert mine.command("MONITOR") == b"OK"
        r.set("watched", 1)
        while b'"watched"' not in (event := following(mine)).data:
            assert event.kind == "monitor"
        with pytest.raises(oxipipe.RefusedError):
            mine.get("k")
        mine.command("RESET")
        assert mine.echo("again") == b"again"


def test_without_replies(server: Server, r: Redis, protocol: int) -> None:
    with server.connect(protocol=protocol) as client, client.lease() as mine:
        assert mine.command("CLIENT", "REPLY", "OFF") is None
        assert mine.incr("n") is None
        # None is what each command has in the place of a reply, whatever its shape.
        for value in (
            mine.ping(),
            mine.set("s", 1),
            mine.mset({"t": 1}),
            mine.hgetall("h"),
            mine.smembers("m"),
            mine.exists("s"),
            mine.hexists("h", "f"),
            mine.scan(),
            mine.info(),
            mine.incrbyfloat("x", 1.5),
        ):
            assert value is None
        assert mine.command("CLIENT", "REPLY", "ON") == b"OK"
        assert mine.get("n") == b"1"
        assert mine.command("CLIENT", "REPLY", "SKIP") is None
        assert mine.incr("n") is None
        assert mine.get("n") == b"2"


def test_pushes(r: Redis) -> None:
    with leased(r) as mine:
        mine.command("CLIENT", "TRACKING", "ON")
        r.mset({"a": 1, "b": 2})
        assert mine.mget("a", "b") == [b"1", b"2"]
        assert mine.next_event(0) is None
        r.set("a", 3)
        r.set("b", 4)
        event = following(mine)
        number = mine.client_id()
        assert event == Event("push", [b"invalidate", [b"a"]], number, 0, None)
        assert said(mine, 1) == [[b"invalidate", [b"b"]]]
        mine.get("a")
        r.flushall()
        assert said(mine, 1) == [[b"invalidate", None]]


def test_text_where_replies_are(server: Server) -> None:
    with server.connect(decode_responses=True) as r, leased(r) as mine:
        assert mine.command("SUBSCRIBE", "ä") == [["subscribe", "ä", 1]]
        r.command("PUBLISH", "ä", "ö")
        r.command("PUBLISH", "ä", b"\xff")
        r.command("PUBLISH", "ä", "next")
        assert said(mine, 3) == [
            ["message", "ä", "ö"],
            ["message", "ä", b"\xff"],
            ["message", "ä", "next"],
        ]
        # A reply is an error then, as it is of other clients: whoever waits for it is there to hear that.
        with pytest.raises(UnicodeDecodeError):
            mine.echo(b"\xff")


def test_what_is_no_text_stays_bytes_and_ends_no_iteration(server: Server) -> None:
    with server.connect(decode_responses=True) as r, leased(r) as mine:
        mine.command("SUBSCRIBE", "a")
        for payload in (b"\xff", "last"):
            r.command("PUBLISH", "a", payload)
        seen = []
        for event in mine.events(LONG):
            seen.append(event.data[2])
            if event.data[2] == "last":
                break
        assert seen == [b"\xff", "last"]
        # Also among many.
        mine.command("CLIENT", "TRACKING", "ON", "BCAST")
        keys: list[Any] = [f"key:{n}" for n in range(20)] + [b"\xff:key"]
        r.command("MSET", *[part for key in keys for part in (key, 1)])
        invalid: set[Any] = set()
        while len(invalid) < len(keys):
            invalid.update(following(mine).data[1])
        assert invalid == set(keys)
    with (
        server.connect(decode_responses=True, encoding_errors="replace") as r,
        leased(r) as mine,
    ):
        mine.command("SUBSCRIBE", "a")
        r.command("PUBLISH", "a", b"\xff")
        assert said(mine, 1) == [["message", "a", "\ufffd"]]
    with (
        server.connect() as raw,
        server.connect(decode_responses=True, encoding="ascii") as r,
        leased(r) as mine,
    ):
        mine.command("PSUBSCRIBE", "*")
        raw.command("PUBLISH", "ä", "ö")
        assert said(mine, 1) == [["pmessage", "*", "ä".encode(), "ö".encode()]]


def test_connections_that_are_made_and_lost(server: Server, r: Redis) -> None:
    with server.connect() as client:
        assert client.next_event(0) is None  # nothing is connected for it
        number = client.client_id()
        assert following(client) == Event("up", None, number, 0, None)
        r.client_kill_filter(_id=number)
        event = following(client)
        assert (event.kind, event.connection, event.data) == ("down", number, None)
        assert isinstance(event.error, oxipipe.ConnectionError)
        client.ping()
        assert following(client).kind == "up"


def test_of_a_pool(server: Server, r: Redis) -> None:
    with oxipipe.Pool.from_url(server.url, connections=3) as pool:
        assert pool.next_event(0) is None
        pool.connect()
        ups = [following(pool) for _ in range(3)]
        assert {event.kind for event in ups} == {"up"}
        number = ups[0].connection
        r.client_kill_filter(_id=str(number))
        event = following(pool)
        assert (event.kind, event.connection) == ("down", number)
        assert isinstance(event.error, oxipipe.ConnectionError)
        with leased(pool) as mine:
            mine.command("SUBSCRIBE", "a")
            pool.command("PUBLISH", "a", "x").result()
            assert said(mine, 1) == [[b"message", b"a", b"x"]]
            assert mine.pipeline().set("k", 1).get("k").execute() == [True, b"1"]
            with pytest.raises(oxipipe.RefusedError, match="refused on a lease"):
                mine.submit("PING")
    with pytest.raises(oxipipe.ClosedError):
        mine.ping()
    with pytest.raises(oxipipe.ClosedError):
        pool.lease()


def test_a_pools_lease_reads_text_as_the_pool_does(server: Server) -> None:
    with oxipipe.Pool.from_url(server.url, decode_responses=True) as pool, pool.lease() as mine:
        mine.set("k", "ä")
        assert mine.get("k") == "ä"


def test_a_lost_lease_ends(r: Redis) -> None:
    with leased(r) as mine:
        mine.command("SUBSCRIBE", "a")
        r.command("PUBLISH", "a", "last")
        r.command("CLIENT", "KILL", "TYPE", "pubsub")
        seen = []
        with pytest.raises(oxipipe.ConnectionError, match="lease another") as caught:
            for event in mine.events():
                seen.append(event.kind)
        assert seen == ["message", "down"]
        assert not isinstance(caught.value, oxipipe.ClosedError)
        assert caught.value.outcome is None
        with pytest.raises(oxipipe.ConnectionError):
            mine.next_event(0)


def test_closing_ends_waits(server: Server) -> None:
    """The client's own, those of its leases and of a pool's."""
    client, pool = server.connect(), oxipipe.Pool.from_url(server.url, connections=1)
    client.ping()
    pool.connect()
    all_of_them = [client, pool, client.lease(), pool.lease()]
    ready = threading.Barrier(5)
    ends: list[Redis | oxipipe.Pool] = []

    def iterate(source: Redis | oxipipe.Pool) -> None:
        for event in source.events():
            assert event.kind == "up"
            ready.wait(LONG)
        with pytest.raises(oxipipe.ClosedError) as caught:
            source.next_event()
        assert caught.value.outcome is None
        ends.append(source)

    threads = [threading.Thread(target=iterate, args=(source,)) for source in all_of_them]
    for thread in threads:
        thread.start()
    ready.wait(LONG)
    client.close()
    pool.close()
    for thread in threads:
        thread.join(LONG)
    assert len(ends) == 4


def test_timeouts(r: Redis) -> None:
    with leased(r) as mine:
        assert mine.next_event(0) is None
        assert mine.next_event(0.0) is None
        began = time.monotonic()
        assert mine.next_event(0.3) is None
        assert time.monotonic() - began >= 0.3
        assert list(mine.events(0)) == []
        mine.command("SUBSCRIBE", "a")
        for n in range(3):
            r.command("PUBLISH", "a", n)
        assert [data[2] for data in said(mine, 3)] == [b"0", b"1", b"2"]
        assert list(mine.events(0.3)) == []
        r.command("PUBLISH", "a", "x")
        for no_limit in (None, float("inf"), 1e300):
            event = mine.next_event(no_limit)
            assert event is not None
            r.command("PUBLISH", "a", "x")


def test_bad_arguments(server: Server, r: Redis) -> None:
    pool = oxipipe.Pool.from_url(server.url)
    sources: list[Redis | oxipipe.Pool] = [r, pool]
    for source in sources:
        for wrong in (-1, -0.001, float("nan"), float("-inf")):
            with pytest.raises(ValueError, match="timeout is"):
                source.next_event(wrong)
            with pytest.raises(ValueError, match="timeout is"):
                source.events(wrong)
        for kind in ("1", b"1", [], object()):
            with pytest.raises(TypeError, match="timeout is a"):
                source.next_event(kind)  # type: ignore[arg-type]
            with pytest.raises(TypeError, match="timeout is a"):
                source.events(kind)  # type: ignore[arg-type]
    pool.close()


def test_before_the_constructor() -> None:
    unopened: Redis | oxipipe.Pool
    for unopened in (oxipipe.Redis.__new__(oxipipe.Redis), oxipipe.Pool.__new__(oxipipe.Pool)):
        with pytest.raises(RuntimeError):
            unopened.next_event(0)
        with pytest.raises(RuntimeError):
            next(unopened.events())


def flood(mine: Redis, publisher: Redis, count: int) -> list[tuple[int, int]]:
    """Publishes numbers, each with a payload, and takes events only then: the numbers seen, and what was dropped before each."""
    mine.command("SUBSCRIBE", "a")
    with publisher.pipeline(transaction=False) as p:
        for n in range(count):
            p.command("PUBLISH", "a", f"{n} {'x' * 1000}")
        p.execute()
    seen: list[tuple[int, int]] = []
    while not seen or seen[-1][0] < count - 1:
        event = following(mine)
        seen.append((int(event.data[2].split()[0]), event.dropped))
    return seen


def test_what_is_dropped_is_counted(server: Server, r: Redis) -> None:
    with server.connect(event_bytes=20_000) as client, leased(client) as mine:
        # Commands read what has come; nobody takes the events meanwhile.
        mine.command("SUBSCRIBE", "a")
        for n in range(100):
            r.command("PUBLISH", "a", f"{n} {'x' * 1000}")
        mine.command("UNSUBSCRIBE", "a")
        numbers, dropped = [], []
        while (event := mine.next_event(0)) is not None:
            numbers.append(int(event.data[2].split()[0]))
            dropped.append(event.dropped)
        assert numbers == list(range(100 - len(numbers), 100))
        assert 0 < len(numbers) < 20
        assert dropped == [100 - len(numbers)] + [0] * (len(numbers) - 1)


def test_where_reading_stops_nothing_is_dropped(server: Server, r: Redis) -> None:
    url = f"{server.url}?event_bytes=20000&event_overflow=stop_reading"
    for client in (
        oxipipe.from_url(url),
        server.connect(event_bytes=20_000, event_overflow="stop_reading"),
    ):
        with client, leased(client) as mine:
            assert flood(mine, r, 2000) == [(n, 0) for n in range(2000)]
            assert mine.echo("x") == b"x"


def test_options_that_do_not_fit(server: Server) -> None:
    for wrong in ("never", "", 1):
        with pytest.raises((TypeError, ValueError), match=r"^event_overflow .*drop_oldest"):
            server.connect(event_overflow=wrong)
    for number in (-1, 1.5, "many", [1]):
        with pytest.raises((TypeError, ValueError), match=r"^event_bytes .*a number of bytes"):
            server.connect(event_bytes=number)


def test_one_thread_waits_and_another_commands(r: Redis) -> None:
    with leased(r) as mine:
        seen: list[Any] = []

        def listen() -> None:
            for event in mine.events():
                seen.append(event.data[2])
                if len(seen) == 300:
                    return

        thread = threading.Thread(target=listen)
        thread.start()
        mine.command("SUBSCRIBE", "a")
        for n in range(300):
            assert mine.echo(str(n)) == b"%d" % n
            r.command("PUBLISH", "a", n)
        thread.join(LONG)
        assert seen == [b"%d" % n for n in range(300)]


def test_each_event_goes_to_one_of_the_threads_that_wait(r: Redis) -> None:
    with leased(r) as mine:
        mine.command("SUBSCRIBE", "a")
        seen: list[int] = []

        def take_one() -> None:
            seen.append(int(following(mine).data[2]))

        threads = [threading.Thread(target=take_one) for _ in range(8)]
        for thread in threads:
            thread.start()
        # In one write, so that they come in one batch: nobody may sleep beside an event.
        p = r.pipeline()
        for n in range(8):
            p.command("PUBLISH", "a", n)
        p.execute()
        for thread in threads:
            thread.join(LONG)
        assert sorted(seen) == list(range(8))


def test_a_short_wait_beside_a_long_one(r: Redis) -> None:
    with leased(r) as mine:
        events: list[Event] = []
        thread = threading.Thread(target=lambda: events.extend(mine.events()))
        thread.start()
        for _ in range(10):
            assert mine.next_event(0) is None
        assert mine.next_event(0.05) is None
        mine.close()
        thread.join(LONG)
        assert not thread.is_alive()
        assert events == []


def test_ctrl_c_ends_a_wait_and_no_event_is_lost(server: Server) -> None:
    program = textwrap.dedent(
        f"""
        import signal
        import oxipipe
        # Who was started in the background of a shell ignores it, and so would whom it starts.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        client = oxipipe.from_url("{server.url}")
        mine = client.lease()
        assert mine.next_event().kind == "up"
        mine.command("SUBSCRIBE", "ctrl-c")
        try:
            print("ready", flush=True)
            mine.next_event()
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        print(mine.next_event().data, flush=True)
        pool = oxipipe.Pool.from_url("{server.url}")
        try:
            print("ready", flush=True)
            pool.next_event()
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        pool.close()
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "interrupted\n"
        with server.connect() as r:
            r.command("PUBLISH", "ctrl-c", "kept")
        assert child.stdout.readline() == "[b'message', b'ctrl-c', b'kept']\n"
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "interrupted\n"
    assert child.returncode == 0


def test_a_signal_handler_runs_within_a_wait_that_goes_on(r: Redis) -> None:
    def handler(_number: int, _frame: object) -> None:
        # The same lease may be out of reach from here, but that must not stop the wait, nor take the event.
        with contextlib.suppress(oxipipe.ConcurrentUseError):
            assert mine.next_event(0) is None
        r.command("PUBLISH", "a", "x")

    with leased(r) as mine:
        mine.command("SUBSCRIBE", "a")
        before = signal.signal(signal.SIGALRM, handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            assert said(mine, 1) == [[b"message", b"a", b"x"]]
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def test_the_end_of_a_subscription_that_the_server_decided() -> None:
    def script(connection: Connection) -> None:
        for command in connection.commands():
            if command[0] == b"SSUBSCRIBE":
                connection.send(b">3\r\n$10\r\nssubscribe\r\n$1\r\ns\r\n:1\r\n")
                connection.send(b">3\r\n$12\r\nsunsubscribe\r\n$1\r\ns\r\n:0\r\n")
            else:
                connection.send(handshake_reply(command) or b"+PONG\r\n")

    with (
        FakeServer(script) as fake,
        oxipipe.Redis(unix_socket_path=fake.path) as r,
        leased(r) as mine,
    ):
        assert mine.command("SSUBSCRIBE", "s") == [[b"ssubscribe", b"s", 1]]
        event = following(mine)
        assert (event.kind, event.data) == ("subscription", [b"sunsubscribe", b"s", 0])


def test_a_child_process_waits_for_its_own(server: Server) -> None:
    program = textwrap.dedent(
        f"""
        import os, threading
        import oxipipe
        client = oxipipe.from_url("{server.url}")
        client.ping()
        assert client.next_event().kind == "up"
        is_there = threading.Event()
        def wait():
            is_there.set()
            client.next_event()
        threading.Thread(target=wait, daemon=True).start()
        is_there.wait()
        child = os.fork()
        if not child:
            assert client.next_event(0) is None
            client.ping()
            assert client.next_event().kind == "up"
            os._exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        client.close()
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, timeout=LONG * 2
    )
    assert done.stdout == "7\n"
