"""`Pool` and the module's functions on top of it: replies, order, accounting, bounds, closing."""

from __future__ import annotations

import contextlib
import gc
import pickle
import resource
import subprocess
import sys
import textwrap
import threading
import warnings
import weakref
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Unpack

import pytest
from support.fake_server import Connection, FakeServer, answering, handshake_reply
from support.pace import eventually

import oxipipe
from oxipipe import _backend, default_pool, exceptions
from oxipipe._listening import Listening
from oxipipe.futures import Future
from oxipipe.pool import Lost
from oxipipe.typing import PoolOptions


@pytest.fixture
def pool(server: oxipipe.Server, r: oxipipe.Redis) -> Iterator[oxipipe.Pool]:
    with oxipipe.Pool.from_url(server.url) as pool:
        yield pool


@pytest.fixture(autouse=True)
def no_default_pool_stays() -> Iterator[None]:
    yield
    default_pool.set_pool(None)


def test_commands_return_futures_of_shaped_replies(pool: oxipipe.Pool) -> None:
    pool.flush()
    assert pool.set("a", "1").result() is True
    assert pool.get("a").result() == b"1"
    assert pool.hset("h", mapping={"x": 1, "y": 2}).result() == 2
    assert pool.hgetall("h").result() == {b"x": b"1", b"y": b"2"}
    assert pool.submit("GET", "a").result() == b"1"
    assert pool.command_as(None, "SET", "a", "2").result() == b"OK"
    assert pool.execute_command("CONFIG GET", "port").result() == {"port": "0"}
    assert isinstance(pool.info().result(), dict)
    big = pool.lrange(pool.rpush("l", *range(2000)).result() and "l", 0, -1).result()
    assert big == [b"%d" % n for n in range(2000)]


def test_decoding_and_encoding(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    with oxipipe.Pool.from_url(server.url, decode_responses=True, encoding="latin-1") as pool:
        assert pool.set("ä", "ö").result()
        assert pool.get("ä").result() == "ö"
        with pytest.raises(exceptions.EncodingError):
            pool.set("a", "€")
        with pytest.raises(exceptions.DataError):
            pool.set("a", None)  # type: ignore[call-overload]
        with pytest.raises(exceptions.DataError):
            pool.submit()
    assert r.get("ä".encode("latin-1")) == "ö".encode("latin-1")


def test_a_reply_that_cannot_be_decoded_fails_alone(
    server: oxipipe.Server, r: oxipipe.Redis
) -> None:
    r.set("a", b"\xff")
    with oxipipe.Pool.from_url(server.url, decode_responses=True, connections=1) as pool:
        written, bad, good = pool.set("b", "1"), pool.get("a"), pool.get("b")
        assert good.result() == "1"
        assert isinstance(bad.exception(), UnicodeDecodeError)
        assert written.result() is True
        assert pool.flush() == 3  # the server did what it was told


def test_constructor_and_url(server: oxipipe.Server) -> None:
    assert server.unix_socket_path is not None
    with oxipipe.Pool(unix_socket_path=str(server.unix_socket_path), connections=2) as pool:
        assert pool.connect() is pool
        assert pool.ping().result() is True
        assert pool.connections == 2
        assert str(server.unix_socket_path) in repr(pool)
    for bad in (
        {"connections": 0},
        {"connections": 10_001},
        {"queue_commands": -1},
        {"queue_bytes": -1},
    ):
        with pytest.raises(ValueError, match=next(iter(bad))):
            oxipipe.Pool(**bad)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"Pool\(\) got an unexpected keyword argument 'nonsense'"):
        oxipipe.Pool(nonsense=1)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(oxipipe.Pool())
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(oxipipe.Redis())


def test_connect_says_why_it_does_not_work(own_server: oxipipe.Server) -> None:
    own_server.kill()
    pool = oxipipe.Pool.from_url(own_server.url, connections=2)
    with pytest.raises(exceptions.ConnectionError):
        pool.connect()
    pool.close(0)


def test_flush_counts_what_succeeded(pool: oxipipe.Pool) -> None:
    assert pool.flush() == 0
    for n in range(1000):
        pool.hset("h", n, n)
    assert pool.flush() == 1000
    assert pool.flush() == 0
    assert pool.outstanding == 0


def test_flush_raises_the_first_failure_and_counts(pool: oxipipe.Pool, r: oxipipe.Redis) -> None:
    r.set("text", "x")
    for n in range(300):
        pool.hset("text" if n % 3 == 0 else "h", n, n)
    with pytest.raises(exceptions.ResponseError, match="WRONGTYPE") as caught:
        pool.flush()
    assert (caught.value.failed, caught.value.succeeded) == (100, 200)
    assert caught.value.outcome == "REJECTED"
    assert pool.flush() == 0


def test_accounting_is_exact_with_threads(pool: oxipipe.Pool, r: oxipipe.Redis) -> None:
    r.set("text", "x")
    totals = [0, 0]
    lock = threading.Lock()

    def work(number: int) -> None:
        for n in range(2000):
            pool.hset("text" if n % 10 == number else f"h{number}", n, n)
            if n % 500 == 499:
                try:
                    counts = pool.flush(), 0
                except exceptions.ResponseError as error:
                    counts = error.succeeded, error.failed
                with lock:
                    totals[0] += counts[0]
                    totals[1] += counts[1]

    run_threads(work, 4)
    assert totals == [4 * 1800, 4 * 200]
    assert sum(r.hlen(f"h{n}") for n in range(4)) == 4 * 1800


def test_commands_of_one_key_keep_their_order(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    with oxipipe.Pool.from_url(server.url, connections=10, key_affinity=True) as pool:
        for n in range(500):
            for key in range(20):
                pool.rpush(f"list{key}", n)
        assert pool.flush() == 10_000
    for key in range(20):
        assert r.lrange(f"list{key}", 0, -1) == [b"%d" % n for n in range(500)]


def test_one_connection_keeps_the_order(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    with oxipipe.Pool.from_url(server.url, connections=1) as pool:
        futures = [pool.incr("n") for _ in range(5000)]
        assert [future.result() for future in futures] == list(range(1, 5001))


def test_ordered_results(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    with oxipipe.Pool.from_url(server.url, connections=4, ordered=True) as pool:
        futures = []
        for n in range(400):
            if n % 50 == 0:
                futures.append(pool.command("DEBUG", "SLEEP", "0.005"))
            futures.append(pool.echo(n))
        place = {future: n for n, future in enumerate(futures)}
        came = [place[future] for future in pool.completed(futures)]
        assert came == list(range(len(futures)))


def test_completed_gives_each_future_once(pool: oxipipe.Pool) -> None:
    futures = [pool.echo(n) for n in range(1000)]
    futures[500].result()
    came = list(pool.completed(futures))
    assert len(came) == 1000
    assert set(came) == set(futures)
    assert sorted(int(future.result()) for future in came) == list(range(1000))
    assert list(pool.completed()) == []


def test_an_iteration_whose_futures_another_one_took(pool: oxipipe.Pool) -> None:
    waits = pool.command("BLPOP", "nobody else's", "0")
    first = pool.completed([pool.ping(), waits], timeout=30)
    next(first)
    second = pool.completed([waits], timeout=30)
    pool.command("RPUSH", "nobody else's", "x")
    assert list(second) == [waits]
    with pytest.raises(RuntimeError, match="another iteration"):
        list(first)


def test_completed_of_what_is_not_its_own(pool: oxipipe.Pool, server: oxipipe.Server) -> None:
    twice = pool.echo(1)
    assert list(pool.completed([twice, twice], timeout=10)) == [twice]
    with oxipipe.Pool.from_url(server.url) as other:
        futures = [pool.echo(1), other.command("BLPOP", "nobody", "0.01")]
        with pytest.raises(ValueError, match="another pool"):
            list(pool.completed(futures, timeout=10))
        assert futures[1].result() is None
        assert set(pool.completed(futures)) == set(futures)  # done is done


@pytest.mark.parametrize("forever", [None, float("inf"), float("nan"), 1e300, 2**70])
def test_time_without_end(server: oxipipe.Server, forever: float | None) -> None:
    pool = oxipipe.Pool.from_url(server.url, connections=1)
    assert pool.echo(1).result(forever) == b"1"
    assert pool.echo(1).exception(forever) is None
    pool.echo(1)
    assert pool.flush(forever) == 3
    assert len(list(pool.completed([pool.echo(1)], forever))) == 1
    pool.close()


def test_a_grace_without_end(server: oxipipe.Server) -> None:
    with oxipipe.Pool.from_url(server.url, grace=float("inf")) as pool:
        future = pool.echo(1)
    assert future.done()
    assert not oxipipe.Pool.from_url(server.url).close(2**70)


def test_completed_of_all_outstanding(own_server: oxipipe.Server) -> None:
    with oxipipe.Pool.from_url(own_server.url, connections=1) as pool:
        blocker = pool.command("DEBUG", "SLEEP", "0.1")
        futures = [pool.echo(n) for n in range(10)]
        assert list(pool.completed()) == [blocker, *futures]


def test_completed_of_what_nobody_else_keeps(own_server: oxipipe.Server) -> None:
    with oxipipe.Pool.from_url(own_server.url, connections=1) as pool:
        pool.command("DEBUG", "SLEEP", "0.1")
        for n in range(100):
            pool.submit("ECHO", n)
        outstanding = pool.outstanding
        replies = [future.result() for future in pool.completed()]
        assert len(replies) == outstanding
        assert replies[-100:] == [b"%d" % n for n in range(100)]


def test_completed_can_run_out_of_time() -> None:
    with silent_server() as server, new_pool(server) as pool:
        pool.echo(1)
        with pytest.raises(exceptions.TimeoutError) as caught:
            next(pool.completed(timeout=0.01))
        assert isinstance(caught.value, TimeoutError)
        pool.close(0)


def test_flush_can_run_out_of_time() -> None:
    with silent_server() as server, new_pool(server) as pool:
        future = pool.echo(1)
        with pytest.raises(exceptions.TimeoutError):
            pool.flush(0.01)
        assert not future.done()
        assert pool.outstanding == 1
        pool.close(0)


def test_wrong_times(pool: oxipipe.Pool) -> None:
    wrong: Any
    for wrong in ("1", [1]):
        for wait in (pool.flush, pool.echo(1).result, pool.echo(1).exception, pool.close):
            kind = type(wrong).__name__
            with pytest.raises(
                TypeError, match=rf"^\w+ is a {kind}; it must be a number of seconds"
            ):
                wait(wrong)
    for grace in (-1, float("nan")):
        with pytest.raises(ValueError, match="grace"):
            oxipipe.Pool(grace=grace)
        with pytest.raises(ValueError, match="grace"):
            pool.close(grace)
    assert pool.echo(1).result() == b"1"


def test_what_was_never_opened() -> None:
    pool: Any = oxipipe.Pool.__new__(oxipipe.Pool)
    for call in (pool.ping, pool.flush, pool.connect, lambda: pool._submit_pipeline(1, 2)):
        with pytest.raises(RuntimeError, match="not"):
            call()


def test_a_full_queue_makes_room_for_a_single_thread(
    server: oxipipe.Server, r: oxipipe.Redis
) -> None:
    with oxipipe.Pool.from_url(server.url, connections=2, queue_commands=10) as pool:
        futures = [pool.echo(n) for n in range(3000)]
        assert pool.outstanding <= 10
        assert [int(future.result()) for future in futures] == list(range(3000))
    with oxipipe.Pool.from_url(server.url, connections=2, queue_bytes=100_000) as pool:
        for _ in range(300):
            pool.set("a", b"x" * 10_000)
        assert pool.flush() == 300


def test_a_full_queue_times_out_without_queueing() -> None:
    with silent_server() as server, new_pool(server, queue_commands=5, socket_timeout=0.1) as pool:
        futures = []
        with pytest.raises(exceptions.TimeoutError) as caught:
            while True:
                futures.append(pool.echo(1))
        assert caught.value.outcome == "NOT_APPLIED"
        pool.close(0)
        assert all(future.done() for future in futures)


def test_try_submit_does_not_wait() -> None:
    with silent_server() as server, new_pool(server, queue_commands=5) as pool:
        futures = [pool.try_submit("ECHO", n) for n in range(5)]
        assert None not in futures
        assert pool.try_submit("ECHO", 6) is None
        assert pool.outstanding == 5
        pool.close(0)


def test_threads_share_a_full_queue(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    wrong: list[object] = []
    with oxipipe.Pool.from_url(server.url, connections=3, queue_commands=16) as pool:

        def work(number: int) -> None:
            for n in range(300):
                futures = [pool.echo(f"{number}-{n}-{k}") for k in range(8)]
                for k, future in enumerate(futures):
                    if future.result() != f"{number}-{n}-{k}".encode():
                        wrong.append((number, n, k))

        run_threads(work, 4)
    assert not wrong


def test_close_drains(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    pool = oxipipe.Pool.from_url(server.url)
    for n in range(5000):
        pool.hset("h", n, n)
    future = pool.get("nothing")
    lost = pool.close()
    assert lost == Lost(0, 0)
    assert not lost
    assert r.hlen("h") == 5000
    assert future.done()
    assert future.result() is None
    assert pool.closed
    assert pool.close() == Lost(0, 0)


def test_a_closed_pool_says_so(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    with oxipipe.Pool.from_url(server.url) as pool:
        future = pool.set("a", 1)
    uses = (
        lambda: pool.submit("PING"),
        lambda: pool.try_submit("PING"),
        pool.connect,
        pool.lease,
    )
    for use in uses:
        with pytest.raises(exceptions.ClosedError, match="the pool is closed") as caught:
            use()
        assert caught.value.outcome == "NOT_APPLIED"
    assert future.result() is True
    assert pool.flush() == 1


def test_hard_close_says_what_is_lost() -> None:
    with FakeServer(one_reply_then_silence) as server:
        pool = new_pool(server)
        first = pool.echo("first")
        sent = pool.echo("sent")
        assert first.result() == b"first"
        lost = pool.close(0)
        assert lost == Lost(0, 1)
        error = sent.exception(0)
        assert isinstance(error, exceptions.ClosedError)
        assert error.outcome == "UNKNOWN"
        assert pool.outstanding == 0
        with pytest.raises(exceptions.ClosedError, match="the pool is closed"):
            pool.flush()


def test_close_of_what_was_never_sent(own_server: oxipipe.Server) -> None:
    own_server.kill()
    pool = oxipipe.Pool.from_url(own_server.url, connections=2)
    futures = [pool.set(f"k{n}", n) for n in range(10)]
    lost = pool.close(0)
    outcomes = {future.outcome for future in futures}
    assert outcomes == {"NOT_APPLIED"}
    assert lost.unknown == 0


def test_leaving_a_block_reports_losses() -> None:
    with silent_server() as server:
        with pytest.raises(exceptions.ClosedError) as caught, new_pool(server, grace=0) as pool:
            future = pool.echo(1)
        assert caught.value.unknown + caught.value.not_applied == 1
        assert future.exception(0) is not None
        # What ended the block is more important.
        with pytest.raises(ZeroDivisionError), new_pool(server, grace=0) as pool:
            pool.echo(1)
            raise ZeroDivisionError


def test_close_from_another_thread_wakes_everybody() -> None:
    with silent_server() as server, new_pool(server, queue_commands=4) as pool:
        futures = [pool.echo(n) for n in range(4)]
        raised: list[object] = []
        ready = threading.Barrier(7)

        def wait(number: int) -> None:
            ready.wait()
            try:
                if number < 4:
                    futures[number].result()
                elif number == 4:
                    pool.flush()
                else:
                    pool.echo("one more")
            except exceptions.RedisError as error:
                raised.append(type(error))

        threads = [threading.Thread(target=wait, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        ready.wait()
        pool.close(0)
        for thread in threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in threads)
        assert set(raised) == {exceptions.ClosedError}
        assert len(raised) == 6


def test_a_dying_server_ends_everything_at_once(own_server: oxipipe.Server) -> None:
    with oxipipe.Pool.from_url(
        own_server.url, connections=3, socket_timeout=None, retry_reads=False
    ) as pool:
        pool.connect()
        futures: list[Future[Any]] = [pool.blpop(f"nothing{n}", 0) for n in range(3)]
        futures += [pool.incr("n") for _ in range(100)]
        own_server.kill()
        pool.close(0)
        outcomes = [future.outcome if future.exception() else "replied" for future in futures]
        assert set(outcomes) <= {"UNKNOWN", "NOT_APPLIED", "replied"}
        assert "replied" not in outcomes[:3]
        with contextlib.suppress(exceptions.RedisError):
            pool.flush()


def test_a_lost_connection_ends_its_futures() -> None:
    def script(connection: Connection) -> None:
        for command in connection.commands():
            reply = handshake_reply(command)
            if reply is None:
                return
            connection.send(reply)

    with FakeServer(script) as server, new_pool(server, connections=1) as pool:
        futures = [pool.incr("n") for _ in range(10)]
        errors = [future.exception() for future in futures]
        assert all(isinstance(error, exceptions.ConnectionError) for error in errors)
        assert {getattr(error, "outcome", None) for error in errors} <= {"UNKNOWN", "NOT_APPLIED"}
        with pytest.raises(exceptions.ConnectionError) as caught:
            pool.flush()
        assert (caught.value.failed, caught.value.succeeded) == (10, 0)


def test_dropped_futures_do_not_accumulate(pool: oxipipe.Pool) -> None:
    count = 1_000_000 if _backend.name == "fast" else 100_000
    # The memory of a full queue is kept for the next one.
    for n in range(count // 5):
        pool.submit("ECHO", n)
    pool.flush()
    gc.collect()
    objects, pages = len(gc.get_objects()), resident_bytes()
    for n in range(count):
        pool.submit("ECHO", n)
        assert pool.outstanding <= 10_000
    assert pool.flush() == count
    gc.collect()
    assert len(gc.get_objects()) - objects < 1000
    assert resident_bytes() - pages < 20_000_000


def test_accounting_is_exact_when_closed_under_load(own_server: oxipipe.Server) -> None:
    pool = oxipipe.Pool.from_url(own_server.url, connections=4).connect()
    kept: list[list[oxipipe.Future[int]]] = [[] for _ in range(4)]

    def work(number: int) -> None:
        while True:
            try:
                kept[number].append(pool.incr("n"))
            except exceptions.ClosedError:
                return

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    while sum(map(len, kept)) < 5000:
        pool.flush()
    lost = pool.close(0)
    for thread in threads:
        thread.join()
    outcomes = Counter(future.outcome for futures in kept for future in futures)
    assert outcomes.keys() <= {None, "UNKNOWN", "NOT_APPLIED"}
    assert (outcomes["UNKNOWN"], outcomes["NOT_APPLIED"]) == (lost.unknown, lost.not_applied)
    with own_server.connect() as r:
        applied = int(r.get("n") or 0)
    assert outcomes[None] <= applied <= outcomes[None] + outcomes["UNKNOWN"]
    try:
        succeeded, failed = pool.flush(), 0
    except exceptions.ClosedError as error:
        succeeded, failed = error.succeeded, error.failed
    flushed = sum(map(len, kept)) - succeeded - failed  # by the loop above
    assert flushed >= 0
    assert failed == lost.unknown + lost.not_applied


def test_a_dropped_pool_is_collected(server: oxipipe.Server) -> None:
    pool = oxipipe.Pool.from_url(server.url)
    pool.ping().result()
    weak = weakref.ref(pool)
    del pool
    gc.collect()
    assert weak() is None
    with silent_server() as silent:
        pool = new_pool(silent)
        pool.echo(1)
        weak = weakref.ref(pool)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del pool
            gc.collect()
        assert weak() is None
        assert [w.category for w in caught] == [ResourceWarning]


def test_a_future_keeps_its_pool(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    r.set("a", "1")
    future = oxipipe.Pool.from_url(server.url).get("a")
    gc.collect()
    assert future.pool is not None
    assert future.result() == b"1"
    assert future.pool is None


def test_what_needs_a_connection_of_its_own_is_refused_or_handled(pool: oxipipe.Pool) -> None:
    for command in ("SUBSCRIBE", "MULTI", "WATCH", "SELECT"):
        with pytest.raises(exceptions.RefusedError):
            pool.submit(command, "1")
    slow = pool.blpop("nothing", 0.2)
    assert pool.ping().result() is True
    assert slow.result() is None


def test_pipelines(pool: oxipipe.Pool, r: oxipipe.Redis) -> None:
    pipeline = pool.pipeline()
    first = pipeline.set("a", 1).hset("h", "x", 2).hgetall("h").execute()
    assert len(pipeline) == 0
    first.result()
    second = pipeline.get("a").lpush("a", 1).get("a").execute(raise_on_error=False)
    third = pipeline.get("a").command("LPUSH", "a", 1).execute()
    assert first.result() == [True, 1, {b"x": b"2"}]
    replies = second.result()
    assert (replies[0], replies[2]) == (b"1", b"1")
    assert isinstance(replies[1], exceptions.ResponseError)
    with pytest.raises(
        exceptions.ResponseError, match=r"Command # 2 \(LPUSH\) of pipeline"
    ) as caught:
        third.result()
    assert (caught.value.index, caught.value.command) == (1, "LPUSH")
    error = caught.value
    assert (error.replied, error.unknown, error.not_applied) == (2, 0, 0)
    assert caught.value.replies is not None
    assert caught.value.replies[0] == b"1"
    assert pipeline.execute().result() == []
    with pytest.raises(exceptions.ResponseError) as caught:
        pool.flush()
    assert (caught.value.failed, caught.value.succeeded) == (2, 6)
    with pipeline:
        pipeline.set("a", 2)
    assert len(pipeline) == 0
    assert "of 0 commands" in repr(pipeline)


def test_transactions(pool: oxipipe.Pool, r: oxipipe.Redis) -> None:
    pipeline = pool.pipeline(transaction=True)
    futures = [pipeline.incr("n").incr("n").execute() for _ in range(100)]
    pairs = sorted(future.result() for future in futures)
    assert pairs == [[n, n + 1] for n in range(1, 200, 2)]
    with pytest.raises(exceptions.ResponseError) as caught:
        pipeline.incr("n").command("NONSENSE").execute().result()
    assert (caught.value.index, caught.value.replied) == (1, 2)
    assert r.get("n") == b"200"


def test_a_pipeline_that_fails_says_how_far_it_came() -> None:
    with FakeServer(one_reply_then_silence) as server:
        pool = new_pool(server)
        future = pool.pipeline().echo("a").echo("b").execute()
        pool.close(0)
        error = future.exception()
        assert isinstance(error, exceptions.ClosedError)
        assert error.outcome in ("UNKNOWN", "NOT_APPLIED")
        assert error.replies in ([], [b"a"])
        assert error.replied + error.unknown + error.not_applied == 2
        with pytest.raises(exceptions.ClosedError):
            pool.pipeline().echo("a").execute()


def test_pipelines_wait_for_room(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    with oxipipe.Pool.from_url(server.url, connections=2, queue_commands=4) as pool:
        futures = []
        for n in range(200):
            pipeline = pool.pipeline()
            for k in range(10):
                pipeline.echo(n * 10 + k)
            futures.append(pipeline.execute())
        for n, future in enumerate(futures):
            assert [int(reply) for reply in future.result()] == list(range(n * 10, n * 10 + 10))


def test_an_idle_pool_sleeps(server: oxipipe.Server) -> None:
    with oxipipe.Pool.from_url(server.url, connections=5) as pool:
        pool.connect()
        pool.flush()
        # Nothing asks the pool for anything, so its thread is not scheduled however long this takes, once it sleeps.
        before: dict[str, int] = {}

        def others_worked_alone() -> bool:
            nonlocal before
            earlier, before = before, switches_of_pools()
            for _ in range(200):
                other.ping()
            return bool(before) and earlier == before == switches_of_pools()

        with server.connect() as other:
            eventually("the pool to fall asleep", others_worked_alone)


def test_the_default_pool(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    pool = oxipipe.connect_pool(server.url, pool=3)
    assert default_pool.get_pool() is pool
    assert pool.connections == 3
    for n in range(1000):
        oxipipe.phset("words", f"word|{n}", "1")
    assert oxipipe.flush() == 1000
    assert oxipipe.phset("words", "x", "y").result() == 1
    assert oxipipe.phget("words", "x").result() == b"y"
    assert oxipipe.phget("words", "none").result() is None
    r.set("text", "x")
    oxipipe.phset("text", "a", "b")
    with pytest.raises(exceptions.ResponseError) as caught:
        oxipipe.flush()
    assert caught.value.failed == 1
    pool.close()
    with pytest.raises(exceptions.ClosedError):
        oxipipe.phset("words", "a", "b")


def test_without_a_default_pool() -> None:
    for use in (
        lambda: oxipipe.phset("a", "b", "c"),
        lambda: oxipipe.phget("a", "b"),
        oxipipe.flush,
    ):
        with pytest.raises(oxipipe.RedisError, match="connect_pool") as caught:
            use()
        assert caught.value.outcome == "NOT_APPLIED"
    with pytest.raises(TypeError, match="one of"):
        oxipipe.connect_pool("localhost", url="redis://localhost")
    with pytest.raises(ValueError, match=r"redis://host:port"):
        oxipipe.connect_pool("host:6379")


def test_connect_pool_by_host_and_port() -> None:
    with oxipipe.Server(tcp=True) as server:
        assert server.port is not None
        assert oxipipe.connect_pool(host="127.0.0.1", port=server.port, pool=2).ping().result()
        default_pool.get_pool().close()


def test_submit_on_a_client(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    with server.connect(decode_responses=True) as client:
        futures = [client.submit("RPUSH", "l", n) for n in range(1000)]
        assert [future.result() for future in futures] == list(range(1, 1001))
        assert client.submit("SET", "a", "b").result() is True
        assert client.submit("GET", "a").result() == "b"
        # The client itself does not wait for what is under way.
        slow = client.submit("BLPOP", "nothing", "0.2")
        assert client.ping()
        assert not slow.done()
        for n in range(100):
            client.submit("HSET", "h", n, n)
    assert r.hlen("h") == 100
    assert slow.result() is None
    with pytest.raises(exceptions.ClosedError):
        client.submit("PING")
    unused = server.connect()
    unused.close()
    with pytest.raises(exceptions.ClosedError):
        unused.submit("PING")


def test_a_client_that_is_closed_while_it_begins_to_submit(
    server: oxipipe.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = server.connect()
    made: list[oxipipe.Pool] = []
    make = oxipipe.Pool._for_client

    def close_meanwhile(*args: Any) -> oxipipe.Pool:
        made.append(make(*args))
        client.close()
        return made[0]

    monkeypatch.setattr(oxipipe.Pool, "_for_client", close_meanwhile)
    with pytest.raises(exceptions.ClosedError):
        client.submit("PING")
    assert made[0].closed


def test_a_client_that_begins_to_submit_while_it_is_closed(
    server: oxipipe.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = server.connect()
    close = _backend.ClientCore.close

    def submit_before(self: Any) -> None:
        if not client.closed:
            client.submit("PING")
        close(self)

    # The last moment at which somebody else finds it open.
    monkeypatch.setattr(Listening, "close", submit_before, raising=False)
    client.close()
    assert client._submissions is not None
    assert client._submissions.closed


def test_submit_to_several_servers(server: oxipipe.Server, own_server: oxipipe.Server) -> None:
    with server.connect() as one, own_server.connect() as two:
        futures = [client.submit("ECHO", n) for n in range(200) for client in (one, two)]
        assert [int(future.result()) for future in futures] == [n // 2 for n in range(400)]


@pytest.mark.parametrize("end", ["", "import gc; gc.collect()", "del pool", "raise SystemExit(0)"])
def test_the_interpreter_ends_with_commands_outstanding(
    server: oxipipe.Server, r: oxipipe.Redis, end: str
) -> None:
    script = f"""
        import oxipipe, warnings
        warnings.simplefilter("ignore")
        pool = oxipipe.Pool.from_url({server.url!r})
        for n in range(3000):
            pool.hset("h", n, n)
        kept = [pool.echo(n) for n in range(100)]
        kept[0].add_done_callback(lambda future: None)
        blocked = pool.blpop("nothing", 0)
        blocked.add_done_callback(lambda future: None)
        pool._grace = 0.2
        {end}
    """
    done = python(script)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_interpreter_ends_while_threads_wait(server: oxipipe.Server) -> None:
    done = python(f"""
        import threading, oxipipe
        pool = oxipipe.Pool.from_url({server.url!r}, grace=0.1)
        blocked = pool.blpop("nothing", 0)
        started = threading.Barrier(4)
        def wait():
            started.wait()
            blocked.result()
        for _ in range(2):
            threading.Thread(target=wait, daemon=True).start()
        def submit():
            started.wait()
            while True:
                pool.echo("a").result()
        threading.Thread(target=submit, daemon=True).start()
        started.wait()
    """)
    assert done.returncode == 0
    assert "Fatal" not in done.stderr


@pytest.mark.parametrize("what", ["waits", "pipelines", "waits, after a fork"])
def test_the_interpreter_ends_while_clients_are_at_work(server: oxipipe.Server, what: str) -> None:
    work = (
        "r.blpop('none', 0)" if "waits" in what else "r.pipeline(False).get('x').get('y').execute()"
    )
    fork = "import os; os.fork() or sys.exit(0); os.wait()" if "fork" in what else ""
    for _ in range(5):
        done = python(f"""
            import sys, threading, oxipipe, warnings
            warnings.simplefilter("ignore")
            r = oxipipe.Redis.from_url({server.url!r})
            r.ping()
            started = threading.Barrier(5)
            def work():
                started.wait()
                while True:
                    {work}
            for _ in range(4):
                threading.Thread(target=work, daemon=True).start()
            started.wait()
            waiting = "waits" in {what!r}
            while waiting and sum(c["cmd"] == "blpop" for c in r.client_list()) < 4:
                pass
            {fork}
        """)
        assert (done.returncode, done.stderr) == (0, "")
        with server.connect() as r:
            r.client_kill_filter(_type="normal", skipme=True)


def test_what_is_not_flushed_has_time_at_exit(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    done = python(f"""
        import oxipipe
        oxipipe.connect_pool({server.url!r})
        for n in range(3000):
            oxipipe.phset("h", n, n)
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert r.hlen("h") == 3000


def python(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def new_pool(server: FakeServer, **options: Unpack[PoolOptions]) -> oxipipe.Pool:
    defaults: PoolOptions = {"connections": 1, "protocol": 2, "retry_reads": False}
    defaults.update(options)
    defaults["unix_socket_path"] = server.path
    return oxipipe.Pool(**defaults)


def silent_server() -> FakeServer:
    """Answers a handshake, and nothing else."""
    return FakeServer(answering(lambda _command: b""))


def one_reply_then_silence(connection: Connection) -> None:
    answered = False
    for command in connection.commands():
        reply = handshake_reply(command)
        if reply is None and not answered:
            answered = True
            reply = b"$%d\r\n%s\r\n" % (len(command[1]), command[1])
        if reply is not None:
            connection.send(reply)


def run_threads(work: object, count: int) -> None:
    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def switches_of_pools() -> dict[str, int]:
    """How often each pool's thread was scheduled because it wanted to be."""
    switches = {}
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if (task / "comm").read_text() == "oxipipe-pool\n":
                for line in (task / "status").read_text().splitlines():
                    if line.startswith("voluntary_ctxt_switches"):
                        switches[task.name] = int(line.split()[1])
    return switches
