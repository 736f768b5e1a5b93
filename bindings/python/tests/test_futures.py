"""`Future`: the interface of concurrent.futures, who waits for whom, cancellation, and processes that fork."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import logging
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.fake_server import Connection, FakeServer, handshake_reply
from support.pace import LONG, eventually

import oxipipe
from oxipipe import exceptions


@pytest.fixture
def pool(server: oxipipe.Server, r: oxipipe.Redis) -> Iterator[oxipipe.Pool]:
    with oxipipe.Pool.from_url(server.url, connections=3) as pool:
        yield pool
        assert not collectors(), "a thread for watched futures outlived them"


class Gate:
    """A server that answers ECHO only once it is opened, and lets nobody in before if it `is_shut`."""

    def __init__(self, is_shut: bool = False) -> None:
        self.is_shut = is_shut
        self.opened = threading.Event()
        self.received = threading.Semaphore(0)
        self.server = FakeServer(self._script)

    def _script(self, connection: Connection) -> None:
        for command in connection.commands():
            reply = handshake_reply(command)
            if self.is_shut:
                self.opened.wait()
            if reply is None:
                self.received.release()
                self.opened.wait()
                reply = b"$%d\r\n%s\r\n" % (len(command[1]), command[1])
            connection.send(reply)

    def pool(self, **options: Any) -> oxipipe.Pool:
        options = {"connections": 1, "protocol": 2, **options}
        return oxipipe.Pool(unix_socket_path=self.server.path, **options)

    def __enter__(self) -> Gate:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.opened.set()
        self.server.__exit__()


@pytest.fixture
def gate() -> Iterator[Gate]:
    with Gate() as gate:
        yield gate


def test_it_is_a_future_of_the_standard_library(pool: oxipipe.Pool) -> None:
    future = pool.echo("a")
    assert isinstance(future, concurrent.futures.Future)
    assert type(future) is oxipipe.Future
    assert future.result(30) == b"a"
    assert future.result() == b"a"
    assert future.exception() is None
    assert future.outcome is None
    assert (future.done(), future.running(), future.cancelled(), future.cancel()) == (
        True,
        False,
        False,
        False,
    )
    assert "done" in repr(future)


def test_an_error_reply(pool: oxipipe.Pool) -> None:
    future = pool.submit("NONSENSE", 1)
    error = future.exception(timeout=30)
    assert isinstance(error, exceptions.ResponseError)
    assert future.outcome == error.outcome == "REJECTED"
    for _ in range(2):
        with pytest.raises(exceptions.ResponseError, match="unknown command") as caught:
            future.result()
        assert caught.value is error


def test_only_pools_make_and_decide_futures(pool: oxipipe.Pool) -> None:
    with pytest.raises(TypeError, match="cannot create"):
        oxipipe.Future()
    future = pool.echo("a")
    changes: list[Callable[[], object]] = [
        lambda: future.set_result(b"b"),
        lambda: future.set_exception(ValueError()),
        future.set_running_or_notify_cancel,
    ]
    for change in changes:
        with pytest.raises(RuntimeError, match="only the pool"):
            change()
    assert future.result() == b"a"


def test_arguments_are_checked(pool: oxipipe.Pool) -> None:
    future = pool.echo("a")
    for bad in ((1, 2), ("soon",)):
        with pytest.raises(TypeError):
            future.result(*bad)
    with pytest.raises(TypeError):
        future.exception(seconds=1)  # type: ignore[call-arg]


def test_a_timeout_concerns_the_wait_alone(gate: Gate) -> None:
    with gate.pool() as pool:
        future = pool.echo("a")
        for wait in (future.result, future.exception):
            with pytest.raises(TimeoutError) as caught:
                wait(0.01)
            assert isinstance(caught.value, exceptions.TimeoutError)
            with pytest.raises(concurrent.futures.TimeoutError):
                wait(timeout=0)
        assert not future.done()
        assert future.running()
        assert "running" in repr(future)
        gate.opened.set()
        assert future.result(30) == b"a"
    assert gate.server.connections == 1


def test_no_thread_without_watchers(pool: oxipipe.Pool) -> None:
    futures = [pool.echo(n) for n in range(1000)]
    assert [int(future.result()) for future in futures] == list(range(1000))
    assert not collectors()


def test_wait(pool: oxipipe.Pool) -> None:
    futures = [pool.echo(n) for n in range(1000)]
    done, not_done = concurrent.futures.wait(futures, timeout=30)
    assert (done, not_done) == (set(futures), set())
    done, not_done = concurrent.futures.wait(futures, timeout=30)
    assert (done, not_done) == (set(futures), set())


def test_wait_for_the_first(gate: Gate, pool: oxipipe.Pool) -> None:
    with gate.pool() as slow:
        held = slow.echo("held")
        quick = pool.echo("quick")
        done, not_done = concurrent.futures.wait(
            [held, quick], timeout=30, return_when=concurrent.futures.FIRST_COMPLETED
        )
        assert (done, not_done) == ({quick}, {held})
        failed = pool.submit("NONSENSE")
        done, not_done = concurrent.futures.wait(
            [held, failed], timeout=30, return_when=concurrent.futures.FIRST_EXCEPTION
        )
        assert (done, not_done) == ({failed}, {held})
        assert concurrent.futures.wait([held], timeout=0.01).not_done == {held}
        gate.opened.set()
        assert held.result() == b"held"
        wait_for_collectors()


def test_as_completed(pool: oxipipe.Pool) -> None:
    for _ in range(20):
        futures = [pool.echo(n) for n in range(200)]
        came = list(concurrent.futures.as_completed(futures, timeout=30))
        assert sorted(int(future.result()) for future in came) == list(range(200))
    wait_for_collectors()


def test_together_with_an_executor(pool: oxipipe.Pool) -> None:
    with concurrent.futures.ThreadPoolExecutor(4) as executor:
        mixed: list[concurrent.futures.Future[Any]] = []
        for n in range(100):
            mixed += [pool.echo(n), executor.submit(int, n), executor.submit(pool.echo(n).result)]
        assert sum(int(f.result()) for f in concurrent.futures.as_completed(mixed)) == 3 * 4950
    wait_for_collectors()


def test_callbacks(pool: oxipipe.Pool) -> None:
    seen: list[object] = []
    everything = threading.Event()

    def note(future: concurrent.futures.Future[Any]) -> None:
        assert future.done()
        seen.append(future.result())
        if len(seen) == 201:
            everything.set()

    futures = [pool.echo(n) for n in range(100)]
    for future in futures:
        future.add_done_callback(note)
        future.add_done_callback(note)
    pool.echo("dropped").add_done_callback(note)
    assert everything.wait(30)
    assert sorted(seen) == sorted([b"%d" % n for n in range(100)] * 2 + [b"dropped"])  # type: ignore[type-var]
    futures[0].add_done_callback(note)
    assert len(seen) == 202
    wait_for_collectors()


def test_a_callback_may_use_the_pool(pool: oxipipe.Pool) -> None:
    results: list[object] = []
    finished = threading.Event()

    def go_on(future: concurrent.futures.Future[Any]) -> None:
        n = int(future.result())
        results.append(pool.echo(f"inside{n}").result(30))
        if n == 0:
            finished.set()
        else:
            pool.echo(n - 1).add_done_callback(go_on)

    pool.echo(20).add_done_callback(go_on)
    assert finished.wait(30)
    assert len(results) == 21
    wait_for_collectors()


def test_a_callback_may_wait_for_another_watched_future(pool: oxipipe.Pool) -> None:
    results: list[object] = []
    finished = threading.Event()
    futures = [pool.echo(n) for n in range(50)]

    def wait_for_the_last(_future: concurrent.futures.Future[Any]) -> None:
        results.append(futures[-1].result(30))
        if len(results) == 49:
            finished.set()

    futures[-1].add_done_callback(lambda _future: None)
    for future in futures[:-1]:
        future.add_done_callback(wait_for_the_last)
    assert futures[-1].result(30) == b"49"
    assert finished.wait(30)
    assert results == [b"49"] * 49
    wait_for_collectors()


def test_a_callback_that_raises_is_logged(
    pool: oxipipe.Pool, caplog: pytest.LogCaptureFixture
) -> None:
    called = threading.Event()

    def fail(_future: object) -> None:
        raise ValueError("from the callback")

    future = pool.echo("a")
    with caplog.at_level(logging.ERROR, "concurrent.futures"):
        future.add_done_callback(fail)
        future.add_done_callback(lambda _future: called.set())
        assert called.wait(30)
        wait_for_collectors()
        future.add_done_callback(fail)
    assert [record.message.split(" for")[0] for record in caplog.records] == [
        "exception calling callback"
    ] * 2


def test_a_callback_that_exits_ends_nobody_elses_wait(
    pool: oxipipe.Pool, r: oxipipe.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    called = threading.Event()
    first, second = pool.blpop("first", 0), pool.blpop("second", 0)
    first.add_done_callback(lambda _future: sys.exit("from the callback"))
    second.add_done_callback(lambda _future: called.set())
    with caplog.at_level(logging.CRITICAL, "concurrent.futures"):
        r.rpush("first", 1)
        assert concurrent.futures.wait([first], 30).done
        r.rpush("second", 2)
        assert called.wait(30)
        wait_for_collectors()
    assert "callbacks of" in caplog.text


def test_asyncio_can_wrap_it(pool: oxipipe.Pool) -> None:
    async def work(number: int) -> list[bytes]:
        return [await asyncio.wrap_future(pool.echo(f"{number}-{n}")) for n in range(20)]

    async def main() -> None:
        results = await asyncio.gather(*(work(number) for number in range(20)))
        assert results == [[f"{number}-{n}".encode() for n in range(20)] for number in range(20)]
        with pytest.raises(exceptions.ResponseError):
            await asyncio.wrap_future(pool.submit("NONSENSE"))

    asyncio.run(asyncio.wait_for(main(), 30))
    wait_for_collectors()


def test_many_threads_wait(pool: oxipipe.Pool) -> None:
    wrong: list[object] = []

    def work(number: int) -> None:
        mix = random.Random(number)
        for n in range(100):
            futures = [pool.echo(f"{number}-{n}-{k}") for k in range(10)]
            mix.shuffle(futures)
            if n % 10 == number % 10:
                concurrent.futures.wait(futures[:5])
            wrong.extend(
                f for f in futures if not f.result(30).startswith(f"{number}-{n}-".encode())
            )

    run_threads(work, 12)
    assert not wrong
    wait_for_collectors()


def test_threads_wait_for_one_future(gate: Gate) -> None:
    with gate.pool() as pool:
        future = pool.echo("a")
        results: list[object] = []
        threads = [
            threading.Thread(target=lambda: results.append(future.result())) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        gate.opened.set()
        for thread in threads:
            thread.join(30)
        assert results == [b"a"] * 8


def test_threads_that_ask_at_once_get_the_same_object(pool: oxipipe.Pool) -> None:
    rounds, threads = 200, 4
    futures = [pool.command_as(lambda reply: [reply], "ECHO", n) for n in range(rounds)]
    pool.flush()
    together = threading.Barrier(threads)

    def ask(_number: int) -> list[Any]:
        got = []
        for future in futures:
            together.wait()
            got.append(future.result())
        return got

    with concurrent.futures.ThreadPoolExecutor(threads) as executor:
        first, *others = executor.map(ask, range(threads))
    assert first == [[b"%d" % n] for n in range(rounds)]
    for other in others:
        assert all(mine is its for mine, its in zip(first, other, strict=True))


def test_a_waiting_thread_that_leaves_hands_over(gate: Gate) -> None:
    with gate.pool() as pool:
        first, second = pool.echo("first"), pool.echo("second")
        gate.received.acquire()
        results: list[object] = []

        def give_up() -> None:
            with pytest.raises(TimeoutError):
                first.result(0.05)
            results.append("gave up")

        leaver = threading.Thread(target=give_up)
        stayer = threading.Thread(target=lambda: results.append(second.result()))
        leaver.start()
        stayer.start()
        leaver.join(30)
        gate.opened.set()
        stayer.join(30)
        assert results == ["gave up", b"second"]


def test_completed_waits_for_what_is_just_being_told(
    pool: oxipipe.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reply is there, so nothing is outstanding any more; but the thread that has it has yet to tell who watches the future."""
    telling, may_tell, publish = threading.Event(), threading.Event(), oxipipe.Future._publish

    def late(future: oxipipe.Future[Any]) -> None:
        telling.set()
        assert may_tell.wait(LONG)
        publish(future)

    monkeypatch.setattr(oxipipe.Future, "_publish", late)
    future = pool.echo("a")
    future.add_done_callback(lambda _future: None)
    assert telling.wait(LONG)
    assert pool.outstanding == 0
    with pytest.raises(exceptions.TimeoutError):
        next(pool.completed([future], 0.01))
    may_tell.set()
    assert list(pool.completed([future], LONG)) == [future]


def test_who_tells_of_a_future_cannot_wait_for_it(
    pool: oxipipe.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a signal handler might."""
    errors: list[BaseException | None] = []
    told, publish = threading.Event(), oxipipe.Future._publish

    def after_waiting(future: oxipipe.Future[Any]) -> None:
        for wait in (future.result, lambda _timeout: list(pool.completed([future], LONG))):
            try:
                wait(LONG)
            except exceptions.ConcurrentUseError as error:
                errors.append(error)
        publish(future)
        told.set()

    monkeypatch.setattr(oxipipe.Future, "_publish", after_waiting)
    future = pool.echo("a")
    future.add_done_callback(lambda _future: None)
    assert told.wait(LONG)
    assert len(errors) == 2
    assert future.result() == b"a"


def test_a_callback_may_wait_for_others_that_were_decided_with_its_own() -> None:
    came: list[oxipipe.Future[Any]] = []
    with Gate() as gate, gate.pool() as pool:
        futures = [pool.echo(n) for n in range(3)]
        futures[0].add_done_callback(lambda _future: came.extend(pool.completed(futures, LONG)))
        for future in futures[1:]:
            future.add_done_callback(lambda _future: None)
        gate.opened.set()
        eventually("the end of the callback", lambda: len(came) == 3)
    assert set(came) == set(futures)


def test_control_c_while_waiting(own_server: oxipipe.Server) -> None:
    class Interruption(Exception):
        pass

    def interrupt(_number: int, _frame: object) -> None:
        raise Interruption

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with oxipipe.Pool.from_url(own_server.url, connections=2) as pool:
            slow = pool.command("DEBUG", "SLEEP", "0.5")
            other = threading.Thread(target=slow.result)
            for wait in (slow.result, pool.flush):
                signal.setitimer(signal.ITIMER_REAL, 0.05)
                with pytest.raises(Interruption):
                    wait()
            # Now another thread pulls, and this one waits for it.
            other.start()
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(Interruption):
                slow.result()
            assert slow.result() == b"OK"
            other.join(30)
            assert pool.echo("a").result() == b"a"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_cancel_before_it_is_sent() -> None:
    with Gate(is_shut=True) as gate, gate.pool() as pool:
        first, future, last = pool.echo("first"), pool.echo("never"), pool.echo("last")
        assert future.cancel() is True
        assert (future.done(), future.cancelled(), future.running()) == (True, True, False)
        assert future.cancel() is True
        assert future.outcome == "NOT_APPLIED"
        for wait in (future.result, future.exception):
            with pytest.raises(concurrent.futures.CancelledError) as caught:
                wait()
            assert isinstance(caught.value, exceptions.CancelledError)
        assert concurrent.futures.wait([future]).done == {future}
        assert pool.outstanding == 2
        gate.opened.set()
        assert (first.result(), last.result()) == (b"first", b"last")
        assert pool.flush() == 2


def test_cancel_tells_the_watchers() -> None:
    with Gate(is_shut=True) as gate, gate.pool() as pool:
        futures = [pool.echo(n) for n in range(10)]
        called: list[object] = []
        for future in futures:
            future.add_done_callback(called.append)
        for future in futures:
            assert future.cancel()
        assert called == futures
        assert concurrent.futures.wait(futures).done == set(futures)
        wait_for_collectors()
        gate.opened.set()


def test_what_is_sent_cannot_be_cancelled(gate: Gate) -> None:
    with gate.pool() as pool:
        future = pool.echo("a")
        gate.received.acquire()
        assert future.cancel() is False
        assert not future.cancelled()
        gate.opened.set()
        assert future.result() == b"a"
        assert future.cancel() is False


def test_a_hundred_thousand_random_cancellations(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    mix = random.Random(3)
    cancelled = 0
    with oxipipe.Pool.from_url(server.url, connections=4) as pool, server.connect() as other:
        pool.connect()
        before = other.info("stats")["total_connections_received"]
        for start in range(0, 100_000, 500):
            futures = [pool.echo(n) for n in range(start, start + 500)]
            for future in mix.sample(futures, 250):
                future.cancel()
            for n, future in zip(range(start, start + 500), futures, strict=True):
                if future.cancelled():
                    cancelled += 1
                    assert future.outcome == "NOT_APPLIED"
                else:
                    assert future.result() == b"%d" % n
        assert pool.flush() == 100_000 - cancelled
        assert other.info("stats")["total_connections_received"] == before


def test_a_future_of_a_closed_pool(gate: Gate) -> None:
    pool = gate.pool()
    future = pool.echo("a")
    called: list[object] = []
    future.add_done_callback(called.append)
    pool.close(0)
    assert isinstance(future.exception(), exceptions.ClosedError)
    wait_for_collectors()
    assert called == [future]
    assert future.cancel() is False


def test_attributes_weak_references_and_cycles(pool: oxipipe.Pool) -> None:
    future = pool.echo("a")
    future.note = future  # type: ignore[attr-defined]
    assert hash(future) == hash(future)
    assert future.result() == b"a"
    weak = weakref.ref(future)
    del future
    gc.collect()
    assert weak() is None


def test_the_callback_of_a_command_runs_once_and_only_when_asked(pool: oxipipe.Pool) -> None:
    calls: list[object] = []

    def shape(reply: object) -> object:
        calls.append(reply)
        return [reply]

    kept = pool.command_as(shape, "ECHO", "kept")
    pool.command_as(shape, "ECHO", "dropped")
    pool.flush()
    assert calls == []
    assert kept.result() is kept.result()
    assert calls == [b"kept"]
    failing = pool.command_as(lambda _reply: 1 // 0, "ECHO", "a")
    assert isinstance(failing.exception(), ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        failing.result()


# -- what a wait says of the command ---------------------------------------------------------------------------


def test_a_wait_that_ends_says_nothing_of_the_command(gate: Gate) -> None:
    with gate.pool() as pool:
        future = pool.echo("a")
        waits: list[Callable[[], object]] = [
            lambda: future.result(0.001),
            lambda: future.exception(0.001),
            lambda: pool.flush(0.001),
            lambda: list(pool.completed([future], 0.001)),
        ]
        for wait in waits:
            with pytest.raises(exceptions.TimeoutError) as caught:
                wait()
            assert caught.value.outcome is None
        gate.opened.set()
        assert future.result() == b"a"


def test_a_nested_wait_is_refused_and_its_command_goes_on(
    server: oxipipe.Server, r: oxipipe.Redis
) -> None:
    """A signal handler, in a thread that is waiting for the same pool."""
    errors: list[exceptions.RedisError] = []
    futures: list[oxipipe.Future[Any]] = []

    def handler(*_: object) -> None:
        future = used.incr("n")
        futures.append(future)
        waits: list[Callable[[], object]] = [
            future.result,
            future.exception,
            used.flush,
            lambda: list(used.completed([future])),
        ]
        for wait in waits:
            try:
                wait()
            except exceptions.RedisError as error:
                errors.append(error)
        r.rpush("list", "x")

    with oxipipe.Pool.from_url(server.url, connections=1) as used:
        before = signal.signal(signal.SIGALRM, handler)
        try:
            popped = used.submit("BLPOP", "list", 30)
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            assert popped.result() == (b"list", b"x")
        finally:
            signal.signal(signal.SIGALRM, before)
        assert [type(error) for error in errors] == [exceptions.ConcurrentUseError] * 4
        assert [error.outcome for error in errors] == [None] * 4
        assert [future.result() for future in futures] == [1]


def test_a_nested_submission_to_a_full_queue_is_not_applied(
    server: oxipipe.Server, r: oxipipe.Redis
) -> None:
    errors: list[exceptions.RedisError] = []

    def handler(*_: object) -> None:
        try:
            used.incr("n")
        except exceptions.RedisError as error:
            errors.append(error)
        r.rpush("list", "x")

    with oxipipe.Pool.from_url(server.url, connections=1, queue_commands=1) as used:
        before = signal.signal(signal.SIGALRM, handler)
        try:
            popped = used.submit("BLPOP", "list", 30)
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            assert popped.result() == (b"list", b"x")
        finally:
            signal.signal(signal.SIGALRM, before)
    assert [(type(error), error.outcome) for error in errors] == [
        (exceptions.ConcurrentUseError, "NOT_APPLIED")
    ]
    assert r.get("n") is None


# -- processes -----------------------------------------------------------------------------------------------


def in_child(work: Callable[[], object]) -> None:
    """Runs `work` in a forked child, and fails if it does not return something true."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if work() else 1
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_forked_child_makes_the_pool_anew(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    with oxipipe.Pool.from_url(server.url, connections=2) as pool:
        futures = [pool.echo(n) for n in range(100)]
        in_child(lambda: pool.echo("child").result() == b"child")
        in_child(lambda: pool.flush() == 0 and pool.outstanding == 0)
        assert [int(future.result()) for future in futures] == list(range(100))
        assert pool.echo("parent").result() == b"parent"


def test_a_future_of_the_parent_fails_in_the_child(gate: Gate) -> None:
    with gate.pool() as pool:
        future = pool.echo("a")
        watched = pool.echo("b")
        called = threading.Event()
        watched.add_done_callback(lambda _future: called.set())

        def child() -> bool:
            errors = [future.exception(), watched.exception()]
            return (
                all(
                    isinstance(error, exceptions.ForkedError) and error.outcome == "UNKNOWN"
                    for error in errors
                )
                and not called.is_set()
            )

        in_child(child)
        in_child(lambda: future.cancel() is False)
        gate.opened.set()
        assert future.result() == b"a"
        assert called.wait(30)
        assert watched.result() == b"b"


def test_a_child_may_be_the_end_of_a_pool_that_only_futures_keep(server: oxipipe.Server) -> None:
    """Whichever way the child comes to it."""
    ways: list[Callable[[oxipipe.Future[Any]], object]] = [
        lambda future: future.exception(),
        lambda future: concurrent.futures.wait([future], 30),
        lambda future: future.add_done_callback(lambda _future: None),
        lambda future: future.cancel(),
        lambda future: list(concurrent.futures.as_completed([future], 30)),
    ]
    for way in ways:
        with Gate() as gate:
            pool = gate.pool()
            futures = [pool.echo(n) for n in range(3)]
            del pool

            def child(futures: Any = futures, way: Any = way) -> bool:
                way(futures[1])
                return all(isinstance(f.exception(), exceptions.ForkedError) for f in futures)

            in_child(child)
            gate.opened.set()
            assert futures[2].result() == b"2"


def test_prefork(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    """Workers of a server that was loaded, and used the pool, before they were forked; all at work at once."""
    with oxipipe.Pool.from_url(server.url, connections=3) as pool:
        unused = oxipipe.Pool.from_url(server.url, connections=2)
        pool.set("ready", 1).result()
        workers = []
        for number in range(4):
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    for n in range(500):
                        pool.hset(f"h{number}", n, n)
                        unused.incr("n")
                    futures = [pool.echo(f"{number}-{n}") for n in range(100)]
                    replies = [future.result() for future in futures]
                    flushed = pool.flush(), unused.flush()
                    if flushed == (600, 500) and replies == [
                        b"%d-%d" % (number, n) for n in range(100)
                    ]:
                        code = 0
                finally:
                    os._exit(code)
            workers.append(pid)
        for n in range(500):
            pool.hset("parent", n, n)
        assert pool.flush() == 501
        for pid in workers:
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        unused.close()
    assert [r.hlen(f"h{number}") for number in range(4)] == [500] * 4
    assert r.get("n") == b"2000"


def test_fork_with_threads_at_work(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    stop = threading.Event()
    with oxipipe.Pool.from_url(server.url, connections=3) as pool:

        def work() -> None:
            while not stop.is_set():
                futures = [pool.echo(n) for n in range(50)]
                concurrent.futures.wait(futures[:10])
                assert [int(future.result()) for future in futures] == list(range(50))

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(10):
                in_child(
                    lambda: (
                        [pool.echo(n).result() for n in range(20)] == [b"%d" % n for n in range(20)]
                    )
                )
        finally:
            stop.set()
            for thread in threads:
                thread.join(30)


def test_submit_on_a_client_after_a_fork(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    with server.connect() as client:
        assert client.submit("ECHO", "a").result() == b"a"
        in_child(lambda: client.submit("ECHO", "b").result() == b"b" and client.ping())
        assert client.submit("ECHO", "c").result() == b"c"


def test_a_closed_pool_stays_closed_in_a_child(server: oxipipe.Server) -> None:
    pool = oxipipe.Pool.from_url(server.url)
    pool.close()

    def child() -> bool:
        with pytest.raises(exceptions.ClosedError):
            pool.echo("a")
        return True

    in_child(child)


def work_in_a_process(url: str, number: int) -> bytes:
    with oxipipe.Pool.from_url(url, connections=2) as pool:
        reply: bytes = pool.echo(number).result()
        return reply


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_multiprocessing(server: oxipipe.Server, r: oxipipe.Redis, method: str) -> None:
    with oxipipe.Pool.from_url(server.url, connections=2) as pool:
        pool.echo("parent").result()
        with multiprocessing.get_context(method).Pool(2) as processes:
            results = processes.starmap(work_in_a_process, [(server.url, n) for n in range(6)])
        assert results == [b"%d" % n for n in range(6)]
        assert pool.echo("parent").result() == b"parent"


def test_a_child_may_end_the_ordinary_way(server: oxipipe.Server) -> None:
    script = f"""
        import os, sys, oxipipe
        pool = oxipipe.Pool.from_url({server.url!r})
        future = pool.blpop("nothing", 0)
        future.add_done_callback(lambda future: None)
        pool._grace = 0.1
        pid = os.fork()
        if pid == 0:
            assert pool.echo("child").result() == b"child"
            sys.exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    """
    done = subprocess.run(
        # From 3.12 on, Python warns of threads that a child does not have.
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def collectors() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "oxipipe-futures"]


def wait_for_collectors() -> None:
    """They end once nothing is watched any more."""
    for thread in collectors():
        thread.join(30)
    assert not collectors()


def run_threads(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
