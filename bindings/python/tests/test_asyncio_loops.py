"""Loops: several in one thread and in several threads, closed ones, and clients that nobody holds any more."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from support.loops import LOOPS

import oxipipe
from oxipipe import exceptions
from oxipipe.asyncio import Redis

Run = Callable[[Coroutine[Any, Any, Any]], Any]
each_loop = pytest.mark.parametrize("factory", LOOPS.values(), ids=LOOPS)


@pytest.fixture
def client(server: oxipipe.Server, r: oxipipe.Redis) -> Redis:
    return Redis(unix_socket_path=server.unix_socket_path)


def run_in(factory: Any, coroutine: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(coroutine)


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_one_loop_after_another(client: Redis) -> None:
    async def main() -> int:
        await client.incr("n")
        return await client.client_id()

    identities = [run_in(factory, main()) for factory in [*LOOPS.values(), *LOOPS.values()]]
    assert len(set(identities)) == len(identities)


def test_loops_in_several_threads(client: Redis) -> None:
    failures: list[BaseException] = []

    async def main(name: str) -> None:
        for number in range(200):
            tokens = [f"{name}-{number}-{i}".encode() for i in range(5)]
            assert await asyncio.gather(*map(client.echo, tokens)) == tokens

    def thread(name: str, factory: Any) -> None:
        try:
            run_in(factory, main(name))
        except BaseException as error:
            failures.append(error)

    threads = [
        threading.Thread(target=thread, args=(f"{kind}{i}", factory))
        for i in range(3)
        for kind, factory in LOOPS.items()
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not failures


@each_loop
def test_a_closed_loop_leaves_nothing(client: Redis, factory: Any) -> None:
    descriptors: list[int] = []
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []
    calls: list[weakref.ref[asyncio.Future[Any]]] = []

    async def main() -> None:
        await client.set("k", 1)
        (binding,) = client._bindings.values()
        descriptors.append(binding._descriptor)
        loops.append(weakref.ref(asyncio.get_running_loop()))
        calls.append(weakref.ref(client.blpop("l", 0)))
        calls.append(weakref.ref(client.get("k")))

    run_in(factory, main())
    assert not is_open(descriptors[0])
    gc.collect()
    assert [call() for call in calls] == [None, None]
    assert loops[0]() is None
    run_in(factory, main())


@each_loop
def test_a_call_of_a_closed_loop(client: Redis, factory: Any) -> None:
    """Its future stays as it is; the client goes on elsewhere."""
    pending: list[asyncio.Future[Any]] = []

    async def leave() -> None:
        pending.append(client.blpop("l", 0))

    async def main() -> None:
        assert await client.echo("x") == b"x"

    run_in(factory, leave())
    run_in(factory, main())
    assert not pending[0].done()


def test_a_loop_that_runs_again(run: Run, client: Redis) -> None:
    async def call() -> list[asyncio.Future[Any]]:
        return [client.incr("n")]

    async def wait(handle: asyncio.Future[Any]) -> Any:
        return await handle

    assert run(wait(run(call())[0])) == 1
    assert run(wait(run(call())[0])) == 2


def test_a_collected_client_answers_what_was_asked(run: Run, server: oxipipe.Server) -> None:
    async def main() -> None:
        client = Redis(unix_socket_path=server.unix_socket_path)
        call = client.echo("x")
        (binding,) = client._bindings.values()
        descriptor = binding._descriptor
        gone = weakref.ref(client)
        del client
        gc.collect()
        assert gone() is None
        assert await call == b"x"
        while len(binding) or binding.loop is not None:
            await asyncio.sleep(0)
        assert not is_open(descriptor)

    run(main())


def test_a_collected_idle_client(run: Run, server: oxipipe.Server) -> None:
    async def main() -> None:
        client = Redis(unix_socket_path=server.unix_socket_path)
        await client.echo("x")
        (binding,) = client._bindings.values()
        del client
        gc.collect()
        while binding.loop is not None:
            await asyncio.sleep(0)
        assert not is_open(binding._descriptor)

    run(main())


def test_close_from_another_thread(run: Run, client: Redis) -> None:
    async def main() -> None:
        await client.connect()
        call = client.blpop("l", 0)
        await client.get("k")
        await asyncio.to_thread(client.close)
        with pytest.raises(exceptions.ClosedError):
            await call
        assert client.closed
        assert await client.get("k") is None

    run(main())


def test_close_between_runs(run: Run, client: Redis) -> None:
    pending: list[asyncio.Future[Any]] = []

    async def ask() -> None:
        pending.append(client.blpop("l", 0))

    async def main() -> None:
        with pytest.raises(exceptions.ClosedError):
            await pending[0]

    run(ask())
    client.close()
    run(main())


def test_an_idle_client_wakes_nobody(client: Redis) -> None:
    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        await asyncio.gather(*(client.incr("n") for _ in range(10)))
        (binding,) = client._bindings.values()
        timers = [handle for handle in loop._scheduled if not handle.cancelled()]
        assert len(timers) <= 1
        # The one that looks after deadlines finds nobody waiting, and is the last.
        binding._on_timer()
        assert [h for h in loop._scheduled if not h.cancelled()] == timers

    asyncio.run(main())


def test_one_timer_for_all_calls(client: Redis) -> None:
    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        for _ in range(100):
            await client.incr("n")
        assert len(loop._scheduled) <= 3

    asyncio.run(main())


@each_loop
def test_the_interpreter_ends_with_calls_pending(server: oxipipe.Server, factory: Any) -> None:
    program = """
import asyncio, sys, gc
from oxipipe.asyncio import Redis
if sys.argv[2] != "asyncio":
    import uvloop as asyncio_
else:
    asyncio_ = asyncio
client = Redis(unix_socket_path=sys.argv[1])
loop = asyncio_.new_event_loop()
async def main():
    global calls
    await client.set("k", 1)
    calls = [client.blpop("l", 0), client.get("k"), client.pipeline().get("k").execute()]
loop.run_until_complete(main())
class Late:
    def __del__(self):
        try:
            client.get("k")
        except RuntimeError:
            pass
late = Late()
"""
    name = "asyncio" if factory is None else "uvloop"
    done = subprocess.run(
        [sys.executable, "-c", program, server.unix_socket_path, name],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_same_loop_in_a_forked_child(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    """It is the parent's, which has its connection in it; all of that is let alone, to the end of the child."""
    program = """
import asyncio, gc, os, sys
import oxipipe
from oxipipe.asyncio import Redis
client = Redis(unix_socket_path=sys.argv[1])
loop = asyncio.new_event_loop()
async def identity(client):
    return await client.client_id()
first = loop.run_until_complete(identity(client))
child = os.fork()
if child == 0:
    try:
        loop.run_until_complete(identity(client))
    except oxipipe.ForkedError as error:
        assert error.outcome == "NOT_APPLIED", error.outcome
        print("ForkedError", flush=True)
    other = asyncio.new_event_loop()
    assert other.run_until_complete(identity(client)) != first
    other.close()
    del client
    gc.collect()
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
assert loop.run_until_complete(identity(client)) == first
client.close()
loop.close()
print("same")
"""
    done = subprocess.run(
        [sys.executable, "-c", program, server.unix_socket_path],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stderr == ""
    assert done.stdout == "ForkedError\nsame\n"


def test_in_a_forked_child(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    """The loop of the parent does not run there. A loop of the child has a connection of its own."""
    client = Redis(unix_socket_path=server.unix_socket_path)

    async def in_child() -> int:
        return await client.client_id()

    async def main() -> None:
        identity = await client.client_id()
        waiting = client.blpop("l", 0)
        await client.get("k")
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            said = "nothing"
            try:
                client.get("k")
            except RuntimeError as error:
                said = str(error)
            other = 0
            try:
                other = asyncio.new_event_loop().run_until_complete(in_child())
            except BaseException as error:
                said = repr(error)
            os.write(writing, f"{other} {said}".encode())
            os._exit(0)
        os.close(writing)
        with open(reading) as pipe:
            number, _, said = (await asyncio.to_thread(pipe.read)).partition(" ")
        os.waitpid(child, 0)
        assert "no event loop is running" in said
        assert int(number) not in (0, identity)
        # The parent's connection has noticed nothing.
        assert await client.client_id() == identity
        await client.rpush("l", "x")
        assert await waiting == (b"l", b"x")

    asyncio.run(main())
