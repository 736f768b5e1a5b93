"""Tasks that wait for a reply go on as if their loop had resumed them."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from support.loops import LOOPS

import oxipipe
from oxipipe import _core, exceptions
from oxipipe.asyncio import Redis

Run = Callable[[Coroutine[Any, Any, Any]], Any]
where = contextvars.ContextVar("where", default="nowhere")


@pytest.fixture
def client(server: oxipipe.Server, r: oxipipe.Redis) -> Redis:
    return Redis(unix_socket_path=server.unix_socket_path)


@pytest.fixture(params=list(LOOPS.values()), ids=list(LOOPS))
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner.run


def test_each_task_in_its_own_context(client: Redis, run: Run) -> None:
    async def one(name: str) -> None:
        where.set(name)
        for _ in range(20):
            assert await client.echo(name) == name.encode()
            assert where.get() == name
            task = asyncio.current_task()
            assert task is not None
            assert task.get_name() == name

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for name in "abcdefgh":
                group.create_task(one(name), name=name)
        assert where.get() == "nowhere"

    run(main())


def test_in_the_order_of_their_replies(client: Redis, run: Run) -> None:
    order: list[int] = []

    async def one(number: int) -> None:
        assert await client.echo(str(number)) == str(number).encode()
        order.append(number)

    async def main() -> None:
        await client.ping()
        await asyncio.gather(*(one(number) for number in range(300)))

    run(main())
    assert order == list(range(300))


@pytest.mark.skipif(_core.name == "cffi", reason="leaves all of it to the loop")
def test_no_handle_of_the_loop_is_made_for_a_reply(client: Redis) -> None:
    class Loop(asyncio.SelectorEventLoop):
        handles = 0

        def call_soon(self, *args: Any, **keywords: Any) -> Any:  # type: ignore[override]
            self.handles += 1
            return super().call_soon(*args, **keywords)

    async def one() -> None:
        for _ in range(100):
            await client.ping()

    async def handles(tasks: int, loop: Loop) -> int:
        before = loop.handles
        await asyncio.gather(*(one() for _ in range(tasks)))
        return loop.handles - before

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Loop)
        await client.ping()
        assert await handles(10, loop) < 100
        # A loop that is being debugged tells how long each callback took: there each task has its own.
        loop.set_debug(True)
        assert await handles(10, loop) >= 1000

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(main())


def test_callbacks_are_called_in_their_order(client: Redis, run: Run) -> None:
    order: list[str] = []

    async def main() -> None:
        future = client.ping()

        async def waits() -> None:
            await future
            order.append("task")

        task = asyncio.create_task(waits())
        future.add_done_callback(lambda _: order.append("before"))
        await asyncio.sleep(0)
        future.add_done_callback(lambda _: order.append("after"))
        await task

    run(main())
    assert order == ["before", "task", "after"]


def test_other_tasks_and_timers_have_their_turns(client: Redis, run: Run) -> None:
    """A task that never waits for anything else does not keep the loop to itself."""

    async def endless() -> None:
        while True:
            await client.ping()

    async def main() -> None:
        tasks = [asyncio.create_task(endless()) for _ in range(3)]
        for _ in range(100):
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all(task.cancelled() for task in tasks)
        assert await client.ping() is True

    run(main())


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_costs_nobody_his_reply(
    client: Redis, raised: type[BaseException]
) -> None:
    async def ends() -> None:
        await client.ping()
        raise raised

    async def echo(number: int) -> bytes:
        reply: bytes = await client.echo(str(number))
        return reply

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(client.connect())
        tasks = [loop.create_task(coroutine) for coroutine in (echo(1), ends(), echo(2))]
        with pytest.raises(raised):
            loop.run_until_complete(asyncio.wait(tasks))
        loop.run_until_complete(asyncio.wait(tasks))
        assert (tasks[0].result(), tasks[2].result()) == (b"1", b"2")
        assert isinstance(tasks[1].exception(), raised)
        loop.run_until_complete(client.aclose())
    finally:
        loop.close()


def test_a_task_closes_the_client_while_others_wait(client: Redis, run: Run) -> None:
    """All of them are told within the close, and the client can be used again."""

    async def main() -> None:
        await client.ping()
        calls = [client.ping() for _ in range(10)]
        never = client.blpop("nothing", 0)

        async def closes() -> None:
            assert await calls[4] is True
            client.close()
            assert all(call.done() for call in calls)
            assert never.done()

        await closes()
        assert await asyncio.gather(*calls) == [True] * 10
        with pytest.raises(exceptions.ClosedError):
            await never
        assert await client.ping() is True
        await client.aclose()

    run(main())


def test_a_task_starts_thousands_of_others(client: Redis, run: Run) -> None:
    async def spawns(depth: int) -> int:
        assert await client.ping() is True
        if depth == 0:
            return 1
        both = await asyncio.gather(spawns(depth - 1), spawns(depth - 1))
        return sum(both)

    assert run(spawns(11)) == 2048


def test_no_loop_runs_in_the_threads_and_children_of_a_task(client: Redis, run: Run) -> None:
    """Of which each has to be told so, although the task runs within a call of the client's own."""

    def attempt(said: list[str]) -> None:
        try:
            client.get("k")
        except RuntimeError as error:
            said.append(str(error))

    async def main() -> None:
        await client.ping()
        said: list[str] = []
        thread = threading.Thread(target=attempt, args=(said,))
        thread.start()
        thread.join()
        child = os.fork()
        if child == 0:
            attempt(said)
            os._exit(len(said))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
        assert "no event loop is running" in said[0]
        assert await client.ping() is True

    run(main())


def test_several_clients_of_one_task(server: oxipipe.Server, client: Redis, run: Run) -> None:
    async def main() -> None:
        async with Redis(unix_socket_path=server.unix_socket_path) as other:
            for number in range(50):
                assert await client.incr("n") == 2 * number + 1
                assert await other.incr("n") == 2 * number + 2

    run(main())


def test_an_exception_that_no_future_takes(client: Redis, run: Run) -> None:
    def stops(_reply: object) -> None:
        raise StopIteration

    async def main() -> None:
        calls = [client.echo("a"), client.command_as(stops, "ECHO", "b"), client.echo("c")]
        first, second, third = await asyncio.gather(*calls, return_exceptions=True)
        assert (first, third) == (b"a", b"c")
        assert isinstance(second, (TypeError, RuntimeError))
        assert "StopIteration" in str(second)

    run(main())
