"""Locks: redis-py's behaviour, beside redis-py itself, in both colours; interruptions, and locks that renew themselves."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from support.interrupts import everywhere
from support.pace import LONG, eventually, once_more_after_a_stall

import oxipipe
import oxipipe.asyncio
from oxipipe import LockError, LockNotOwnedError, locks
from oxipipe.asyncio import locks as asyncio_locks

if TYPE_CHECKING:
    from oxipipe import Redis, Server

redis = pytest.importorskip("redis")

#: Of a lock that is not to run out, and whose renewal is not due, within a test.
MINUTES = 1000.0
#: Between attempts: often, because nothing else tells when the lock is free.
OFTEN = 0.001


class Waiting:
    """A lock of asyncio as one that blocks."""

    def __init__(self, lock: Any, runner: asyncio.Runner) -> None:
        self._lock, self._runner = lock, runner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._lock, name)
        if not callable(found):
            return found
        return lambda *args, **options: self._runner.run(found(*args, **options))

    def __enter__(self) -> Waiting:
        self._runner.run(self._lock.__aenter__())
        return self

    def __exit__(self, *exception: object) -> None:
        self._runner.run(self._lock.__aexit__(*exception))


Make = Callable[..., Any]


@pytest.fixture(params=["oxipipe", "oxipipe.asyncio", "redis", "redis.asyncio"])
def library(request: pytest.FixtureRequest) -> str:
    """What has to behave alike."""
    name: str = request.param
    return name


@pytest.fixture(params=[{}, {"decode_responses": True}, {"protocol": 2}], ids=str)
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    given: dict[str, Any] = request.param
    return given


def making(library: str, server: Server, **options: Any) -> Iterator[Make]:
    """Yields what makes a lock of that library, which blocks."""
    options["unix_socket_path"] = server.unix_socket_path
    if library == "oxipipe":
        with oxipipe.Redis(**options) as client:
            yield client.lock
    elif library == "redis":
        with redis.Redis(**options) as theirs:
            yield theirs.lock
    else:
        module = oxipipe.asyncio if library == "oxipipe.asyncio" else redis.asyncio
        with asyncio.Runner() as runner:

            async def made() -> Any:
                return module.Redis(**options)

            of_asyncio = runner.run(made())
            yield lambda *a, **o: Waiting(of_asyncio.lock(*a, **o), runner)
            runner.run(of_asyncio.aclose())


@pytest.fixture
def make(r: Redis, server: Server, library: str, options: dict[str, Any]) -> Iterator[Make]:
    yield from making(library, server, **options)


@pytest.fixture(params=["oxipipe", "oxipipe.asyncio"])
def ours(request: pytest.FixtureRequest, r: Redis, server: Server) -> Iterator[Make]:
    yield from making(request.param, server)


def test_held_released_and_held_again(make: Make, r: Redis) -> None:
    lock, other = make("l"), make("l")
    assert (lock.locked(), lock.owned()) == (False, False)
    assert lock.acquire() is True
    assert (lock.locked(), lock.owned()) == (True, True)
    assert (other.locked(), other.owned()) == (True, False)
    assert r.pttl("l") == -1
    assert other.acquire(blocking=False) is False
    assert lock.acquire(blocking=False) is False  # not reentrant
    lock.release()
    assert not r.exists("l")
    assert other.acquire(blocking=False) is True
    with pytest.raises(ValueError) as caught:
        lock.release()
    assert type(caught.value).__name__ == "LockError"
    other.release()


def test_a_token_of_ones_own(make: Make, r: Redis) -> None:
    for token in ("tökén", b"\xff\x00"):
        lock = make("l")
        assert lock.acquire(token=token)
        assert r.get("l") == (token.encode() if isinstance(token, str) else token)
        if isinstance(token, str):  # redis-py cannot decode the other
            assert lock.owned()
        lock.release()
    assert not r.exists("l")


def test_attempts_end(make: Make, r: Redis) -> None:
    r.set("l", "somebody's")
    for lock in (make("l", blocking=False), make("l", blocking_timeout=0.01, sleep=OFTEN)):
        assert lock.acquire() is False
        with pytest.raises(ValueError), lock:
            raise AssertionError("not held")
    assert make("l", sleep=MINUTES).acquire(blocking_timeout=1) is False  # at once
    assert r.get("l") == b"somebody's"


def test_time_to_live(make: Make, r: Redis) -> None:
    lock = make("l", timeout=100.5)
    lock.acquire()
    assert 90_000 < r.pttl("l") <= 100_500
    assert lock.extend(100) is True
    assert 190_000 < r.pttl("l") <= 200_500
    assert lock.extend(300.25, replace_ttl=True) is True
    assert 290_000 < r.pttl("l") <= 300_250
    assert lock.reacquire() is True
    assert 90_000 < r.pttl("l") <= 100_500
    r.persist("l")
    with pytest.raises(ValueError) as caught:
        lock.extend(1)
    assert type(caught.value).__name__ == "LockNotOwnedError"
    lock.release()


def test_there_is_no_time_without_a_lock_or_a_timeout(make: Make) -> None:
    lock = make("l", timeout=MINUTES)
    for call in (lambda: lock.extend(1), lock.reacquire, lock.release):
        with pytest.raises(ValueError) as caught:
            call()
        assert type(caught.value).__name__ == "LockError"
    endless = make("l")
    with endless:
        for call in (lambda: endless.extend(1), endless.reacquire):
            with pytest.raises(ValueError) as caught:
                call()
            assert type(caught.value).__name__ == "LockError"


@pytest.mark.parametrize("taken", [None, "by somebody else"])
def test_what_was_lost_is_not_ours(make: Make, r: Redis, taken: str | None) -> None:
    lock = make("l", timeout=MINUTES)
    lock.acquire()
    r.delete("l")
    if taken:
        r.set("l", taken)
    assert not lock.owned()
    for call in (lambda: lock.extend(1), lock.reacquire, lock.release):
        with pytest.raises(ValueError) as caught:
            call()
        assert type(caught.value).__name__ == "LockNotOwnedError"
    with pytest.raises(ValueError) as caught:
        lock.release()
    assert type(caught.value).__name__ == "LockError"
    assert r.get("l") == (taken and taken.encode())


def test_it_runs_out(make: Make, r: Redis) -> None:
    first, second = make("l", timeout=0.05), make("l", sleep=OFTEN)
    first.acquire()
    assert second.acquire(blocking_timeout=LONG)
    with pytest.raises(ValueError):
        first.release()
    second.release()


def test_the_end_of_a_block(
    make: Make, library: str, r: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ValueError), make("l"):
        r.delete("l")
    caplog.set_level(logging.WARNING)
    with make("l", raise_on_release_error=False):
        r.delete("l")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    with pytest.raises(ZeroDivisionError), make("l"):
        assert r.exists("l")
        raise ZeroDivisionError
    assert not r.exists("l")


@pytest.mark.parametrize("theirs", ["redis", "redis.asyncio"])
def test_the_libraries_respect_each_other(ours: Make, server: Server, theirs: str) -> None:
    for make in making(theirs, server):
        for mine, other in ((ours("l"), make("l")), (make("l"), ours("l"))):
            with mine:
                assert other.locked()
                assert not other.owned()
                assert not other.acquire(blocking=False)
            with other:
                assert not mine.acquire(blocking=False)


def test_signatures() -> None:
    for mine, theirs in (
        (oxipipe.Redis, redis.Redis),
        (oxipipe.asyncio.Redis, redis.asyncio.Redis),
    ):
        expected = [(p.name, p.default) for p in parameters(theirs.lock)]
        assert [(p.name, p.default) for p in parameters(mine.lock)] == [*expected, ("renew", False)]
    colours: list[tuple[Any, Any]] = [(locks, redis.lock), (asyncio_locks, redis.asyncio.lock)]
    for module, of_redis in colours:
        for name in ("acquire", "release", "extend", "reacquire", "locked", "owned"):
            of_mine, of_theirs = (parameters(getattr(of.Lock, name)) for of in (module, of_redis))
            assert [(p.name, p.default) for p in of_mine if p.kind != p.KEYWORD_ONLY] == [
                (p.name, p.default) for p in of_theirs
            ]


def parameters(function: Any) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())


def test_a_class_of_ones_own(r: Redis) -> None:
    class Mine(locks.Lock):
        pass

    lock = r.lock("l", lock_class=Mine)
    assert type(lock) is Mine
    theirs = r.lock("l", 5, lock_class=lambda client, name, **options: (client, name, options))  # type: ignore[arg-type]
    assert theirs == (  # type: ignore[comparison-overlap]
        r,
        "l",
        {
            "timeout": 5,
            "sleep": 0.1,
            "blocking": True,
            "blocking_timeout": None,
            "thread_local": True,
            "raise_on_release_error": True,
        },
    )


def test_errors_name_the_lock(ours: Make) -> None:
    with pytest.raises(LockError) as caught:
        ours("mine").release()
    assert caught.value.lock_name == "mine"
    with pytest.raises(oxipipe.DataError, match="renew needs a timeout"):
        ours("l", renew=True)


def test_names_and_tokens_in_any_encoding(server: Server, r: Redis) -> None:
    with server.connect(encoding="utf-16-le", decode_responses=True) as client:
        with client.lock("ß", timeout=MINUTES) as lock:
            assert lock.owned()
            assert lock.reacquire()
            assert r.exists("ß".encode("utf-16-le"))
        for of in (client, client.lease()):
            lock = of.lock(b"l")
            lock.acquire(token="ß")
            assert r.get("l") == "ß".encode("utf-16-le")
            assert lock.owned()
            lock.release()


@pytest.mark.parametrize("colour", ["oxipipe", "oxipipe.asyncio"])
def test_scripts_are_sent_again_when_the_server_lost_them(colour: str, own_server: Server) -> None:
    for make in making(colour, own_server):
        lock = make("l", timeout=MINUTES)
        with own_server.connect() as client:
            with lock:
                client.command("SCRIPT", "FLUSH")
                lock.reacquire()
                client.command("SCRIPT", "FLUSH")
                lock.extend(1)
                client.command("SCRIPT", "FLUSH")
            lock.acquire()
            own_server.restart()
            with pytest.raises(LockNotOwnedError):
                lock.release()
            with lock:
                assert client.get("l") is not None


def test_threads_count(r: Redis) -> None:
    lock = r.lock("l", sleep=OFTEN)  # for each thread its own
    counted = 0

    def count() -> None:
        nonlocal counted
        for _ in range(20):
            with lock:
                before = counted
                r.ping()  # lets others run
                counted = before + 1

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == 160
    assert not r.exists("l")


def test_threads_that_share_a_token_count(r: Redis) -> None:
    lock = r.lock("l", sleep=OFTEN, thread_local=False)
    counted = 0

    def count() -> None:
        nonlocal counted
        for _ in range(20):
            with lock:
                before = counted
                r.ping()
                counted = before + 1

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == 80


@pytest.mark.parametrize("shared", [True, False])
def test_tasks_count(server: Server, r: Redis, run: Any, shared: bool) -> None:
    counted = 0

    async def count(client: oxipipe.asyncio.Redis, lock: asyncio_locks.Lock) -> None:
        nonlocal counted
        for _ in range(10):
            async with lock:
                before = counted
                await client.ping()
                counted = before + 1

    async def main() -> None:
        async with oxipipe.asyncio.Redis.from_url(server.url) as client:
            one = client.lock("l", sleep=OFTEN)
            async with asyncio.TaskGroup() as group:
                for _ in range(8):
                    group.create_task(
                        count(client, one if shared else client.lock("l", sleep=OFTEN))
                    )

    run(main())
    assert counted == 80
    assert not r.exists("l")


def in_thread(action: Callable[[], object]) -> Any:
    results: list[object] = []

    def work() -> None:
        try:
            results.append(action())
        except LockError as error:
            results.append(type(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return results[0]


def test_a_token_is_the_threads_own_or_everybodys(r: Redis) -> None:
    own = r.lock("l")
    own.acquire()
    assert in_thread(own.owned) is False
    assert in_thread(own.release) is LockError
    own.release()
    shared = r.lock("l", thread_local=False)
    shared.acquire()
    assert in_thread(shared.owned) is True
    assert in_thread(shared.release) is None
    assert not r.exists("l")


def test_interrupted_anywhere_nothing_stays(r: Redis) -> None:
    lock = r.lock("l")

    def attempt() -> None:
        try:
            lock.acquire(blocking_timeout=LONG)
        finally:
            sys.settrace(None)
            with contextlib.suppress(LockError):
                lock.release()

    def check(number: int) -> None:
        assert not r.exists("l"), number

    # In a thread, because CPython 3.11 leaves an exception behind when tracing interrupts the end of a handler.
    assert in_thread(lambda: everywhere(attempt, check)) > 10


def test_an_interrupted_wait_holds_nothing(server: Server, r: Redis) -> None:
    program = f"""
import oxipipe
with oxipipe.Redis(unix_socket_path={server.unix_socket_path!r}) as r:
    try:
        print("waiting", flush=True)
        with r.lock("l", sleep=0.001):
            print("held")
    except KeyboardInterrupt:
        print("interrupted", r.get("l"))
"""
    r.set("l", "x")
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout
    assert child.stdout.readline() == "waiting\n"
    before = attempts(r)
    eventually("attempts", lambda: attempts(r) > before + 2)
    child.send_signal(signal.SIGINT)
    assert child.communicate()[0] == "interrupted b'x'\n"


def attempts(r: Redis) -> int:
    calls: int = r.info("commandstats")["cmdstat_set"]["calls"]
    return calls


def test_cancelled_tasks_leave_nothing(server: Server, r: Redis, run: Any) -> None:
    async def hold(client: oxipipe.asyncio.Redis) -> None:
        async with client.lock("l"):
            await client.ping()

    async def hold_by_hand(client: oxipipe.asyncio.Redis) -> None:
        lock = client.lock("l")
        try:
            await lock.acquire()
        finally:
            with contextlib.suppress(LockError):
                try:
                    await lock.release()
                except asyncio.CancelledError:
                    await lock.release()
                    raise

    async def main() -> None:
        async with oxipipe.asyncio.Redis.from_url(server.url) as client:
            await client.ping()
            for holder in (hold, hold_by_hand):
                for turns in range(12):
                    task = asyncio.create_task(holder(client))
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                    assert await client.get("l") is None

    run(main())


def test_a_release_that_failed_may_be_repeated(ours: Make, r: Redis) -> None:
    lock = ours("l")
    lock.acquire()
    value = r.get("l")
    r.delete("l")
    r.rpush("l", "no string")
    with pytest.raises(oxipipe.ResponseError):
        lock.release()
    r.set("l", value or b"")
    lock.release()
    assert not r.exists("l")


def test_a_child_has_what_its_parent_holds(r: Redis) -> None:
    lock = r.lock("l", timeout=MINUTES, renew=True)
    lock.acquire()
    threads = threading.active_count()
    child = os.fork()
    if child == 0:
        signal.alarm(100)
        good = lock.owned() and not lock.lost and threading.active_count() == 1
        lock.release()  # does not wait for a thread that is not there
        os._exit(0 if good and not r.exists("l") else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert threading.active_count() == threads
    with pytest.raises(LockNotOwnedError):
        lock.release()


# Renewal


@once_more_after_a_stall
def test_it_is_renewed_until_released(r: Redis) -> None:
    lock = r.lock("l", timeout=1.5, renew=True)
    with lock:
        r.pexpire("l", 1_000)
        eventually("renewal", lambda: r.pttl("l") > 1_100)
        r.pexpire("l", 1_000)
        eventually("another one", lambda: r.pttl("l") > 1_100)
        assert not lock.lost
        thread = renewal_thread()
        assert thread and thread.daemon
    thread.join(LONG)
    assert not thread.is_alive()
    assert not lock.lost
    assert not r.exists("l")


def renewal_thread() -> threading.Thread | None:
    return next((t for t in threading.enumerate() if t.name == "oxipipe lock renewal"), None)


def test_its_holder_finds_out_that_it_was_taken(r: Redis) -> None:
    lock = r.lock("l", timeout=0.3, renew=True)
    lock.acquire()
    r.set("l", "somebody's")
    eventually("loss", lambda: lock.lost)
    with pytest.raises(LockNotOwnedError):
        lock.release()
    assert lock.lost
    assert r.get("l") == b"somebody's"
    r.delete("l")
    lock.timeout = MINUTES
    with lock:
        assert not lock.lost


def test_its_holder_finds_out_that_it_could_not_be_renewed(own_server: Server) -> None:
    with own_server.connect() as client:
        lock = client.lock("l", timeout=0.3, renew=True)
        lock.acquire()
        os.kill(own_server.pid, signal.SIGSTOP)
        try:
            # The thread is stuck in a call all the time.
            eventually("loss", lambda: lock.lost)
        finally:
            os.kill(own_server.pid, signal.SIGCONT)
        with pytest.raises(LockNotOwnedError):
            lock.release()
        assert not client.exists("l")


def test_a_lock_that_nobody_has_runs_out(r: Redis) -> None:
    r.lock("l", timeout=0.2, renew=True).acquire()
    gc.collect()  # for interpreters that do not count references
    eventually("its end", lambda: not r.exists("l"))
    eventually("the end of the thread", lambda: renewal_thread() is None)


@once_more_after_a_stall
def test_tasks_renew(server: Server, r: Redis, run: Any) -> None:
    async def until(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(LONG):
            while not condition():
                await asyncio.sleep(OFTEN)

    async def main() -> None:
        async with oxipipe.asyncio.Redis.from_url(server.url) as client:
            lock = client.lock("l", timeout=1.5, renew=True)
            tasks = asyncio.all_tasks()
            async with lock:
                r.pexpire("l", 1_000)
                await until(lambda: r.pttl("l") > 1_100)
                assert not lock.lost
                (renewal,) = asyncio.all_tasks() - tasks
            await until(renewal.done)
            assert not lock.lost

            await lock.acquire()
            r.delete("l")
            await until(lambda: lock.lost)
            with pytest.raises(LockNotOwnedError):
                await lock.release()

            # Nobody runs the loop: it is known to be lost all the same.
            lock.timeout = 0.2
            await lock.acquire()
            time.sleep(0.25)
            assert lock.lost
            with pytest.raises(LockNotOwnedError):
                await lock.release()

    run(main())


def test_renewal_keeps_no_process_alive(server: Server, r: Redis) -> None:
    blocking = f"""
import oxipipe
r = oxipipe.Redis(unix_socket_path={server.unix_socket_path!r})
lock = r.lock("l", timeout=0.02, renew=True)
lock.acquire()
"""
    of_asyncio = f"""
import asyncio
from oxipipe.asyncio import Redis
async def main():
    r = Redis(unix_socket_path={server.unix_socket_path!r})
    global lock
    lock = r.lock("l", timeout=1000, renew=True)
    await lock.acquire()
asyncio.run(main())
"""
    for program in (blocking, of_asyncio):
        r.delete("l")
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            capture_output=True,
            text=True,
            timeout=LONG,
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_it_is_not_imported_before_it_is_used() -> None:
    program = "import sys, oxipipe, oxipipe.asyncio; print([m for m in sys.modules if 'locks' in m and 'oxipipe' in m])"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "[]\n"
