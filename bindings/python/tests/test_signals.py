"""Ctrl-C and other signals during a call: the handler runs at once, and no reply is ever shifted."""

from __future__ import annotations

import contextlib
import gc
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.fake_server import Connection, FakeServer, handshake_reply
from support.pace import LONG, once_more_after_a_stall

import oxipipe
from oxipipe import exceptions


class Interruption(Exception):
    pass


@contextlib.contextmanager
def alarm(after: float, handler: Callable[[int, object], object]) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, after)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def interrupt(_number: int, _frame: object) -> None:
    raise Interruption


class SlowToGreet(FakeServer):
    """Accepts connections, and says nothing on them before it is told to."""

    def __init__(self) -> None:
        self.greets = threading.Event()
        super().__init__(self._serve_slowly)

    def _serve_slowly(self, connection: Connection) -> None:
        for command in connection.commands():
            self.greets.wait()
            reply = handshake_reply(command) or b"$%d\r\n%s\r\n" % (len(command[-1]), command[-1])
            with contextlib.suppress(OSError):  # who was interrupted has gone
                connection.send(reply)


def fill(pipeline: Any) -> None:
    while True:
        pipeline.echo("x" * 1000)


CONNECTING: dict[str, Callable[[oxipipe.Redis, oxipipe.Pool], object]] = {
    "connect": lambda r, _: r.connect(),
    "command": lambda r, _: r.echo("a"),
    "shaped command": lambda r, _: r.command_as(len, "ECHO", "a"),
    "blocking command": lambda r, _: r.blpop("l", 0),
    "confirmed command": lambda r, _: r.lease().command("SUBSCRIBE", "a"),
    "iterator": lambda r, _: list(r.scan_iter()),
    "lease": lambda r, _: r.lease(),
    "pipeline": lambda r, _: r.pipeline(transaction=False).echo("a").execute(),
    "transaction": lambda r, _: r.pipeline().echo("a").execute(),
    "pipeline that is filled": lambda r, _: fill(r.pipeline(transaction=False)),
    "submission of a client": lambda r, _: r.submit("ECHO", "a").result(),
    "pool's connect": lambda _, p: p.connect(),
    "pool's lease": lambda _, p: p.lease(),
    "pool's future": lambda _, p: p.echo("a").result(),
    "pool's pipeline": lambda _, p: p.pipeline().echo("a").execute().result(),
    "pool's flush": lambda _, p: (p.echo("a"), p.flush()),
    "pool's completed": lambda _, p: (p.echo("a"), list(p.completed())),
    "full queue": lambda _, p: fill(p),
}


@pytest.mark.parametrize("name", CONNECTING)
def test_an_exception_ends_a_call_that_is_connecting(name: str) -> None:
    with (
        SlowToGreet() as server,
        oxipipe.Redis(unix_socket_path=server.path, protocol=2, socket_timeout=None) as client,
        oxipipe.Pool(
            unix_socket_path=server.path,
            protocol=2,
            connections=1,
            queue_commands=50,
            socket_timeout=None,
            socket_connect_timeout=None,
            grace=LONG,
        ) as pool,
    ):
        for _ in range(2):
            with alarm(0.2, interrupt), pytest.raises(Interruption):
                CONNECTING[name](client, pool)
        server.greets.set()
        assert client.echo("after") == b"after"
        assert client.pipeline(False).echo("x").echo("y").execute() == [b"x", b"y"]
        assert pool.echo("after").result(LONG) == b"after"
        pool.flush(LONG)


@pytest.mark.parametrize("size", [10, 1000, 100_000])
def test_an_exception_while_an_addition_is_connecting_loses_no_command(size: int) -> None:
    """The pipeline knows of each command whether it has it, also of the one that was being added."""
    with (
        SlowToGreet() as server,
        oxipipe.Redis(unix_socket_path=server.path, protocol=2, socket_timeout=None) as client,
    ):
        pipeline, added = client.pipeline(transaction=False), 0
        with alarm(0.2, interrupt), pytest.raises(Interruption):
            while True:
                pipeline.command_as(
                    lambda reply: int(reply[:8]), "ECHO", f"{added:08}" + "x" * size
                )
                added += 1
        assert len(pipeline) in (added, added + 1)
        added = len(pipeline)
        pipeline.echo("last")
        server.greets.set()
        assert pipeline.execute() == [*range(added), b"last"]


BLOCKING: list[tuple[str, Callable[[oxipipe.Redis], object]]] = [
    ("sleep", lambda r: r.command("DEBUG", "SLEEP", "1")),
    ("blpop", lambda r: r.blpop("nothing", 3)),
    (
        "pipeline",
        lambda r: (
            r.pipeline(transaction=False)
            .echo("a")
            .command("DEBUG", "SLEEP", "1")
            .echo("b")
            .execute()
        ),
    ),
    (
        "transaction",
        lambda r: r.pipeline().echo("a").command("DEBUG", "SLEEP", "1").echo("b").execute(),
    ),
]


@pytest.mark.parametrize("call", [call for _, call in BLOCKING], ids=[name for name, _ in BLOCKING])
@once_more_after_a_stall
def test_an_exception_ends_the_call_at_once(
    own_server: oxipipe.Server, call: Callable[[oxipipe.Redis], object]
) -> None:
    client = own_server.connect(socket_timeout=LONG)
    client.ping()
    for _ in range(2):
        began = time.monotonic()
        with alarm(0.2, interrupt), pytest.raises(Interruption):
            call(client)
        assert time.monotonic() - began < 0.9
        for n in range(3):
            assert client.echo(f"after{n}") == b"after%d" % n
    assert client.pipeline().echo("x").echo("y").execute() == [b"x", b"y"]


def test_a_pipeline_is_usable_after_it(own_server: oxipipe.Server) -> None:
    client = own_server.connect(socket_timeout=LONG)
    pipeline = client.pipeline(transaction=False)
    pipeline.command("DEBUG", "SLEEP", "1").echo("lost")
    with alarm(0.2, interrupt), pytest.raises(Interruption):
        pipeline.execute()
    assert len(pipeline) == 0
    assert pipeline.echo("found").execute() == [b"found"]


@once_more_after_a_stall
def test_a_handler_that_returns_does_not_end_it(own_server: oxipipe.Server) -> None:
    client = own_server.connect(socket_timeout=LONG)
    times: list[float] = []
    began = time.monotonic()
    with alarm(0.1, lambda *_: times.append(time.monotonic() - began)):
        assert client.command("DEBUG", "SLEEP", "0.6") == b"OK"
    assert len(times) == 1
    assert times[0] < 0.5, "the handler ran during the call, not after it"
    assert client.echo("next") == b"next"


def test_a_handler_may_use_another_client(
    server: oxipipe.Server, own_server: oxipipe.Server
) -> None:
    client, other = own_server.connect(socket_timeout=LONG), server.connect()
    seen: list[object] = []
    with alarm(0.1, lambda *_: seen.append(other.echo("from the handler"))):
        client.command("DEBUG", "SLEEP", "0.4")
    assert seen == [b"from the handler"]
    other.close()


def test_only_the_main_thread_is_interrupted(own_server: oxipipe.Server) -> None:
    waiting, main = own_server.connect(socket_timeout=LONG), own_server.connect(socket_timeout=LONG)
    replies: list[object] = []
    thread = threading.Thread(target=lambda: replies.append(waiting.blpop("list", 0)))
    thread.start()
    while not any(c["cmd"] == "blpop" for c in main.client_list()):
        pass
    with alarm(0.2, interrupt), pytest.raises(Interruption):
        main.blpop("nothing", 3)
    main.rpush("list", "x")
    thread.join(LONG)
    assert replies == [(b"list", b"x")]


@pytest.fixture
def no_strangers_finalizers() -> Iterator[None]:
    """What a handler raises inside a finalizer is lost, so none of other tests' garbage may run one now."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_strangers_finalizers")
def test_many_interruptions_never_shift_replies(own_server: oxipipe.Server) -> None:
    """Signals at any moment: while a pipeline is being filled, sent, answered and turned into objects."""
    client = own_server.connect(socket_timeout=LONG)
    pipeline = client.pipeline(transaction=False)

    def round_trip(n: int) -> None:
        for k in range(2000):
            pipeline.echo(f"{n}-{k}")
        assert pipeline.execute() == [f"{n}-{k}".encode() for k in range(2000)]

    durations = []
    for _ in range(5):
        began = time.perf_counter()
        round_trip(-1)
        durations.append(time.perf_counter() - began)
    duration = min(durations)  # the others may have had to wait for a processor
    interrupted = 0
    for n in range(200):
        try:
            with alarm(max(1e-6, duration * (n % 50) / 50), interrupt):
                round_trip(n)
        except Interruption:
            interrupted += 1
            pipeline.reset()
        assert client.echo(f"check{n}") == b"check%d" % n
    assert interrupted > 20


def test_ctrl_c(server: oxipipe.Server) -> None:
    """As a user sees it: a KeyboardInterrupt out of the call, and a program that can go on."""
    program = textwrap.dedent(
        f"""
        import signal
        import oxipipe
        # Who was started in the background of a shell ignores it, and so would whom it starts.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        client = oxipipe.from_url("{server.url}", socket_timeout=None)
        client.ping()
        print("ready", flush=True)
        try:
            client.blpop("never", 0)
        except KeyboardInterrupt:
            print("interrupted", client.echo("fine"), flush=True)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        with server.connect() as watcher:
            while not any(c["cmd"] == "blpop" for c in watcher.client_list()):
                pass
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "interrupted b'fine'\n"
    assert child.returncode == 0


@once_more_after_a_stall
def test_a_timeout_leaves_the_connection_usable(own_server: oxipipe.Server) -> None:
    client = own_server.connect(socket_timeout=0.4)
    client.ping()
    number = client.client_id()
    with pytest.raises(exceptions.TimeoutError) as caught:
        client.command("DEBUG", "SLEEP", "0.8")
    assert caught.value.outcome == "UNKNOWN"
    patient = own_server.connect(socket_timeout=LONG)
    patient.ping()  # answered when the sleep is over
    assert client.echo("mine") == b"mine"
    assert client.client_id() in (number, number + 1, number + 2)
