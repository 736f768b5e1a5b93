"""What only the C backend can get wrong: references, the GIL, signals, building objects from parts.

What both backends share is tested elsewhere. The peer here is a scripted one, so that replies can be of any
kind and come in any pieces: `RESP <bytes>` is answered with these bytes, `HOLD` not before `peer.release`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import itertools
import math
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from support.pace import once_more_after_a_stall

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

pytestmark = pytest.mark.skipif(
    sys.implementation.name != "cpython", reason="CPython's limited API"
)


class ByWords:
    pass


class Undecoded:
    pass


class ReplyError(Exception):
    pass


class CallError(Exception):
    replies: list[Any]

    def __init__(self, status: int, outcome: int, message: str, *rest: int) -> None:
        super().__init__(message)
        self.status = status


class DataError(Exception):
    pass


class Peer:
    """Answers commands over a Unix socket, one thread per connection."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.piece = 1 << 20  #: replies are sent in pieces of so many bytes
        self.transaction = b"*2\r\n+OK\r\n+OK\r\n"  #: what EXEC is answered with
        self.seen: list[list[bytes]] = []
        self.holding = threading.Event()
        self.released = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def release(self) -> None:
        self.released.set()

    def close(self) -> None:
        self.release()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as commands, contextlib.suppress(OSError):
            while header := commands.readline():
                args = []
                for _ in range(int(header[1:])):
                    size = int(commands.readline()[1:])
                    args.append(commands.read(size + 2)[:-2])
                self.seen.append(args)
                reply = self._reply(args)
                for start in range(0, len(reply), self.piece):
                    connection.sendall(reply[start : start + self.piece])

    def _reply(self, args: list[bytes]) -> bytes:
        match args:
            case [b"RESP", reply]:
                return reply
            case [b"ECHO", value]:
                return b"$%d\r\n%s\r\n" % (len(value), value)
            case [b"ARGS", *values]:
                return b"*%d\r\n" % len(values) + b"".join(
                    b"$%d\r\n%s\r\n" % (len(value), value) for value in values
                )
            case [b"COMMAND", b"INFO", *names]:
                known = (b"*3\r\n$%d\r\n%s\r\n:-1\r\n*0\r\n" % (len(n), n) for n in names)
                return b"*%d\r\n" % len(names) + b"".join(known)
            case [b"EXEC"]:
                return self.transaction
            case [b"HOLD", *_]:
                self.holding.set()
                self.released.wait()
                return b"+late\r\n"
            case _:
                return b"+OK\r\n"


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    peer = Peer(tmp_path / "peer")
    yield peer
    peer.close()


@pytest.fixture
def fast() -> ModuleType:
    """A copy of the module with a configuration of its own, beside the package's."""
    spec = importlib.util.find_spec("oxipipe._core._fast")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def explode(reply: Any) -> Any:
        raise LookupError(reply)

    callbacks = {"OK?": lambda reply: reply in (b"OK", "OK"), "EXPLODE": explode}
    module.configure(
        reply_error=ReplyError,
        call_error=CallError,
        data_error=DataError,
        unsendable=lambda value: DataError(f"a {type(value).__name__}"),
        encoding_error=UnicodeEncodeError,
        decode_error=lambda cause: cause,
        resolve_callback=lambda name: callbacks.get(
            name.decode().upper() if isinstance(name, bytes) else name.upper()
        ),
        by_words=ByWords,
        undecoded=Undecoded,
        load_futures=lambda: (object, Exception, Exception),
    )
    return module


def open_client(fast: ModuleType, peer: Peer, **options: Any) -> Any:
    client = fast.ClientCore()
    client._open({"unix_path": str(peer.path), "protocol": "2", "timeout": "20", **options})
    return client


def open_pipeline(fast: ModuleType, client: Any, atomic: bool = False) -> Any:
    pipeline = fast.PipelineCore()
    pipeline._open(client, atomic)
    return pipeline


# Arguments


class Number(int):
    def __str__(self) -> str:
        return "not the value"


class Word(str):
    pass


@pytest.mark.parametrize(
    ("argument", "sent"),
    [
        (b"\x00\xff", b"\x00\xff"),
        ("", b""),
        ("é€😀", "é€😀".encode()),
        (Word("word"), b"word"),
        (0, b"0"),
        (-1, b"-1"),
        (2**63 - 1, b"9223372036854775807"),
        (-(2**63), b"-9223372036854775808"),
        (2**63, b"9223372036854775808"),
        (-(10**40), b"-1" + 40 * b"0"),
        (Number(7), b"7"),
        (1.0, b"1.0"),
        (0.1, b"0.1"),
        (-2.2250738585072014e-308, b"-2.2250738585072014e-308"),
        (math.inf, b"inf"),
        (bytearray(b"array"), b"array"),
        (memoryview(b"view"), b"view"),
        (memoryview(b"s-t-r-i-d-e")[::2], b"stride"),
        (memoryview(b""), b""),
    ],
)
def test_an_argument_arrives_as_its_bytes(
    fast: ModuleType, peer: Peer, argument: Any, sent: bytes
) -> None:
    client = open_client(fast, peer)
    assert client.command("ECHO", argument) == sent
    assert open_pipeline(fast, client).command("ECHO", argument)._execute() == ([sent], -1)


@pytest.mark.parametrize("count", [31, 32, 33, 5000])
def test_any_number_of_arguments(fast: ModuleType, peer: Peer, count: int) -> None:
    values = [(i, str(i), b"%d" % i, bytearray(b"%d" % i))[i % 4] for i in range(count)]
    expected = [b"%d" % i for i in range(count)]
    assert open_client(fast, peer).command("ARGS", *values) == expected


@pytest.mark.parametrize("argument", [True, None, [], (), {}, object(), 1j])
@pytest.mark.parametrize("extra", [0, 40])
def test_a_refused_argument_queues_nothing(
    fast: ModuleType, peer: Peer, argument: Any, extra: int
) -> None:
    client = open_client(fast, peer)
    pipeline = open_pipeline(fast, client)
    held = bytearray(b"held")
    for target in (client, pipeline):
        with pytest.raises(DataError) as raised:
            target.command("ECHO", held, 10**30, *range(extra), argument)
        assert str(raised.value) == f"a {type(argument).__name__}"
        held.append(1)  # no buffer is left exported
    assert len(pipeline) == 0
    assert peer.seen == []


def test_text_follows_the_encoding_but_command_names_do_not(fast: ModuleType, peer: Peer) -> None:
    client = open_client(fast, peer, encoding="utf-16-le")
    assert client.command("ECHO", "é") == b"\xe9\x00"
    with pytest.raises(UnicodeEncodeError):
        open_client(fast, peer, encoding="ascii").command("ECHO", "é")
    with pytest.raises(UnicodeEncodeError):
        open_client(fast, peer).command("ECHO", "\udcff")
    lenient = open_client(fast, peer, errors="surrogateescape", decode=True)
    assert lenient.command("ECHO", "\udcff") == "\udcff"
    assert lenient.command("RESP", b"$1\r\n\xfe\r\n") == "\udcfe"


# Replies

REPLIES: list[tuple[bytes, Any]] = [
    (b"_\r\n", None),
    (b"$-1\r\n", None),
    (b"*-1\r\n", None),
    (b"+status\r\n", b"status"),
    (b"=7\r\ntxt:abc\r\n", b"abc"),
    (b":-9223372036854775808\r\n", -(2**63)),
    (b",-1.5e3\r\n", -1500.0),
    (b",inf\r\n", math.inf),
    (b"#t\r\n", True),
    (b"(" + 100 * b"9" + b"\r\n", 10**100 - 1),
    (b"*0\r\n", []),
    (b"%0\r\n", {}),
    (b"~0\r\n", set()),
    (b"*3\r\n*0\r\n%0\r\n*1\r\n*0\r\n", [[], {}, [[]]]),
    (b"%2\r\n+a\r\n*2\r\n:1\r\n:2\r\n+b\r\n%1\r\n:1\r\n_\r\n", {b"a": [1, 2], b"b": {1: None}}),
    (b"%1\r\n*2\r\n:1\r\n:2\r\n+x\r\n", {(1, 2): b"x"}),
    (
        b"%3\r\n:0\r\n+a\r\n*1\r\n*0\r\n+b\r\n%0\r\n+c\r\n",
        [(0, b"a"), ([[]], b"b"), ({}, b"c")],
    ),
    (b"~3\r\n:1\r\n+a\r\n:1\r\n", {1, b"a"}),
    (b"~2\r\n:1\r\n*1\r\n:2\r\n", [1, [2]]),
    (b"|1\r\n+ttl\r\n:9\r\n+value\r\n", b"value"),
    (b"|1\r\n%1\r\n+a\r\n*1\r\n:1\r\n~1\r\n:1\r\n*1\r\n:7\r\n", [7]),
    (b"*2\r\n|1\r\n+a\r\n|1\r\n+b\r\n_\r\n+c\r\n:1\r\n:2\r\n", [1, 2]),
    (b"*1\r\n|0\r\n:1\r\n", [1]),
]


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
def test_replies_become_objects_however_they_arrive(
    fast: ModuleType, peer: Peer, piece: int
) -> None:
    peer.piece = piece
    client = open_client(fast, peer)
    for wire, value in REPLIES:
        reply = client.command("RESP", wire)
        assert reply == value
        assert type(reply) is type(value)
    pipeline = open_pipeline(fast, client)
    for wire, _ in REPLIES:
        pipeline.command("RESP", wire)
    assert pipeline._execute() == ([value for _, value in REPLIES], -1)


@pytest.mark.parametrize("piece", [11, 1 << 20])
def test_depth_costs_no_stack(fast: ModuleType, peer: Peer, piece: int) -> None:
    peer.piece = piece
    reply = open_client(fast, peer).command("RESP", 1000 * b"*1\r\n" + b":1\r\n")
    for _ in range(1000):
        (reply,) = reply
    assert reply == 1


def test_errors_are_raised_or_left_in_place(fast: ModuleType, peer: Peer) -> None:
    client = open_client(fast, peer)
    with pytest.raises(ReplyError, match="ERR bad \ufffd"):
        client.command("RESP", b"-ERR bad \xff\r\n")
    with pytest.raises(ReplyError, match="ERR long\nform"):
        client.command("RESP", b"!13\r\nERR long\nform\r\n")
    (inner,) = client.command("RESP", b"*1\r\n-ERR inner\r\n")
    assert isinstance(inner, ReplyError)
    pipeline = open_pipeline(fast, client)
    pipeline.command("PING").command("RESP", b"*1\r\n-ERR inner\r\n")
    pipeline.command("RESP", b"-ERR outer\r\n").command("RESP", b"-ERR again\r\n")
    replies, first_error = pipeline._execute()
    assert first_error == 2
    assert [str(replies[1][0]), *map(str, replies[2:])] == ["ERR inner", "ERR outer", "ERR again"]
    assert pipeline._command_name(2) == "RESP"


def test_a_reply_that_cannot_be_decoded_does_not_shift_the_others(
    fast: ModuleType, peer: Peer
) -> None:
    peer.piece = 3
    client = open_client(fast, peer, decode=True)
    pipeline = open_pipeline(fast, client)
    for turn in range(3):
        with pytest.raises(UnicodeDecodeError):
            client.command("RESP", b"*2\r\n$1\r\n\xff\r\n*1\r\n+rest\r\n")
        pipeline.command("ECHO", "a").command("RESP", b"$1\r\n\xff\r\n")
        for i in range(500):
            pipeline.command("ECHO", i)
        replies, first_error = pipeline._execute()
        assert first_error == 1
        assert isinstance(replies[1], UnicodeDecodeError)
        assert [replies[0], *replies[2:]] == ["a", *map(str, range(500))]
        assert len(pipeline) == 0
        assert client.command("ECHO", turn) == str(turn)


def test_a_declared_length_is_not_believed(fast: ModuleType, peer: Peer) -> None:
    client = open_client(fast, peer)
    for wire in (
        b"*4294967295\r\n:1\r\n",
        30 * b"*100000000\r\n",
        b"%2147483647\r\n",
        b"~99999999\r\n",
    ):
        with pytest.raises(CallError):
            client.command("RESP", wire + b"?no type\r\n")


def test_a_transaction_that_was_aborted_is_none(fast: ModuleType, peer: Peer) -> None:
    pipeline = open_pipeline(fast, open_client(fast, peer), atomic=True)
    assert pipeline._execute() == ([], -1)
    assert pipeline.command("PING").command("OK?")._execute() == ([b"OK", True], -1)
    peer.transaction = b"*-1\r\n"
    assert pipeline.command("PING").command("OK?")._execute() == (None, -1)
    peer.transaction = b"*1\r\n$-1\r\n"
    assert pipeline.command("GET")._execute() == ([None], -1)


# Callbacks


def test_callbacks_shape_replies_but_not_errors(fast: ModuleType, peer: Peer) -> None:
    client = open_client(fast, peer)
    assert client.command("OK?") is True
    assert client.command(b"ok?") is True
    assert client.command_as(len, "PING") == 2
    assert client.command_as(None, "OK?") == b"OK"
    with pytest.raises(LookupError):
        client.command("EXPLODE")
    with pytest.raises(ReplyError):
        client.command_as(pytest.fail, "RESP", b"-ERR\r\n")
    pipeline = open_pipeline(fast, client)
    pipeline.command("PING").command("OK?").command_as(len, "PING")
    pipeline.command_as(None, "OK?").command_as(pytest.fail, "RESP", b"-ERR x\r\n")
    replies, first_error = pipeline._execute()
    assert replies[:4] == [b"OK", True, 2, b"OK"]
    assert first_error == 4
    replies, first_error = (
        pipeline.command("PING").command("EXPLODE").command("RESP", b"-ERR x\r\n")._execute()
    )
    assert isinstance(replies[1], LookupError)
    assert first_error == 1


def test_a_callback_may_use_the_pipeline_again(fast: ModuleType, peer: Peer) -> None:
    pipeline = open_pipeline(fast, open_client(fast, peer))

    def again(reply: bytes) -> Any:
        return pipeline.command("ECHO", b"inner" + reply)._execute()

    replies, _ = pipeline.command("ECHO", 1).command_as(again, "ECHO", 2)._execute()
    assert replies == [b"1", ([b"inner2"], -1)]


def test_the_callback_cache_forgets(fast: ModuleType, peer: Peer) -> None:
    client = open_client(fast, peer)
    for i in range(5000):
        client.command_as(None, "PING") if i % 1000 else client.command(f"NAME{i}")
    pipeline = open_pipeline(fast, client, atomic=True)
    for i in range(5000):
        pipeline.command(f"NAME{i}")
    assert client.command("OK?") is True


# Calls: threads, signals, the end of the interpreter


def test_a_pipeline_in_use_says_so(fast: ModuleType, peer: Peer) -> None:
    pipeline = open_pipeline(fast, open_client(fast, peer))
    pipeline.command("HOLD").command("OK?")
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(pipeline._execute()))
    thread.start()
    assert peer.holding.wait(20)
    for misuse in (
        lambda: pipeline.command("PING"),
        lambda: pipeline.command_as(len, "PING"),
        pipeline._execute,
        pipeline.reset,
        lambda: pipeline._command_name(0),
    ):
        with pytest.raises(CallError) as raised:
            misuse()
        assert raised.value.status == -2
    peer.release()
    thread.join()
    assert results == [([b"late", True], -1)]
    assert pipeline.command("PING")._execute() == ([b"OK"], -1)


def test_other_threads_never_see_a_list_with_holes(fast: ModuleType, peer: Peer) -> None:
    client = open_client(fast, peer)
    pipeline = open_pipeline(fast, client)
    pipeline.command("RESP", b"*2\r\n:1\r\n:2\r\n").command("HOLD")
    thread = threading.Thread(target=pipeline._execute)
    thread.start()
    assert peer.holding.wait(20)
    # Reading a hole would crash; the marker makes sure that lists are looked at at all.
    marker = [object()]
    assert any(value is marker for value in gc.get_objects() if type(value) is list and value[-1:])
    peer.release()
    thread.join()


def test_many_threads_share_a_client(fast: ModuleType, peer: Peer) -> None:
    client = open_client(fast, peer)
    wrong: list[Any] = []

    def work(thread: int) -> None:
        pipeline = open_pipeline(fast, client)
        for i in range(100):
            value = b"%d-%d" % (thread, i)
            if client.command("ECHO", value) != value:
                wrong.append(value)
            if pipeline.command("ECHO", value).command("ECHO", i)._execute()[0] != [
                value,
                b"%d" % i,
            ]:
                wrong.append(value)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@contextlib.contextmanager
def alarm(handler: Any) -> Iterator[None]:
    old = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


@pytest.mark.parametrize("piped", [False, True])
def test_a_signal_handler_that_raises_ends_the_call(
    fast: ModuleType, peer: Peer, piped: bool
) -> None:
    client = open_client(fast, peer, timeout="0")
    pipeline = open_pipeline(fast, client)

    def handler(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    with alarm(handler), pytest.raises(KeyboardInterrupt):
        if piped:
            pipeline.command("PING").command("HOLD")._execute()
        else:
            client.command("HOLD")
    peer.release()
    assert client.command("ECHO", "next") == b"next"
    assert pipeline.command("ECHO", "next")._execute() == ([b"next"], -1)


def test_a_signal_handler_that_returns_changes_nothing(fast: ModuleType, peer: Peer) -> None:
    client = open_client(fast, peer, timeout="0")
    with alarm(lambda _number, _frame: peer.release()):
        assert client.command("HOLD") == b"late"


@once_more_after_a_stall
def test_what_arrived_before_a_failure_goes_with_it(fast: ModuleType, peer: Peer) -> None:
    pipeline = open_pipeline(fast, open_client(fast, peer, timeout="0.5"))
    pipeline.command("OK?").command("RESP", b"-ERR x\r\n").command("RESP", b"*3\r\n:1\r\n")
    with pytest.raises(CallError) as raised:
        pipeline.command("OK?")._execute()
    first, second = raised.value.replies
    assert first is True
    assert isinstance(second, ReplyError)
    pipeline = open_pipeline(fast, open_client(fast, peer))
    assert pipeline.command("PING")._execute() == ([b"OK"], -1)


@pytest.mark.parametrize("end", ["pass", "import os; os.fork() or sys.exit(0); os.wait()"])
def test_daemon_threads_do_not_spoil_the_end(peer: Peer, end: str) -> None:
    program = f"""
        import sys, threading
        from oxipipe._core import _fast
        _fast.configure(reply_error=Exception, call_error=lambda *a: Exception(a), data_error=TypeError, unsendable=TypeError,
                        encoding_error=UnicodeEncodeError, decode_error=lambda cause: cause,
                        resolve_callback=lambda name: None, by_words=type(...), undecoded=type(...),
                        load_futures=lambda: None)
        client = _fast.ClientCore()
        client._open({{"unix_path": {str(peer.path)!r}, "protocol": "2", "timeout": "0"}})
        started = threading.Barrier(4)
        def work(command):
            client.command("PING")
            started.wait()
            while True:
                client.command(*command)
        for command in [["ECHO", "x" * 100]] * 2 + [["PING"]]:
            threading.Thread(target=work, args=(command,), daemon=True).start()
        started.wait()
        for i in range(100):
            client.command("ECHO", i)
        {end}
    """
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)],
            timeout=300,
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")


# Lifetimes


def test_misuse_is_an_exception(fast: ModuleType, peer: Peer) -> None:
    client = fast.ClientCore()
    assert client.closed
    client.close()
    for call in (client._connect, client.command, client.command_as):
        with pytest.raises(RuntimeError, match="opened"):
            call()
    pipeline = fast.PipelineCore()
    for call in (pipeline._execute, pipeline.command, pipeline.command_as, pipeline.reset):
        with pytest.raises(RuntimeError, match="opened"):
            call()
    with pytest.raises(RuntimeError, match="opened"):
        pipeline._open(client, False)
    for wrong in ((), (client,), (None, False), (client, False, 1)):
        with pytest.raises(TypeError):
            pipeline._open(*wrong)
    for options, kind in (
        ({"port": "x"}, DataError),
        ({"port": "65536"}, DataError),
        ({"port": 1}, TypeError),
        ({"password": 12345}, TypeError),
        ({"username": "12345\0"}, DataError),
        ({"password": "12345\udcff"}, DataError),
        ({"password": None}, TypeError),
        ({"nonsense": "1"}, DataError),
        ({1: "1"}, TypeError),
        ({"url": "nonsense://"}, CallError),
        ({"encoding": 1}, TypeError),
    ):
        with pytest.raises(kind) as raised:
            client._open(options)
        assert "12345" not in str(raised.value)
    client._open({"unix_path": str(peer.path), "protocol": "2"})
    with pytest.raises(RuntimeError, match="already"):
        client._open({})
    assert client.command("ECHO", 1) == b"1"
    client.close()
    client.close()
    assert client.closed
    with pytest.raises(CallError):
        client.command("PING")


def test_cycles_are_collected(fast: ModuleType, peer: Peer) -> None:
    class Client(fast.ClientCore):  # type: ignore[name-defined,misc]
        pass

    class Pipeline(fast.PipelineCore):  # type: ignore[name-defined,misc]
        pass

    client, pipeline = Client(), Pipeline()
    client._open({"unix_path": str(peer.path), "protocol": "2"})
    pipeline._open(client, False)
    client.pipeline = pipeline
    pipeline.command_as(pipeline.command, "PING")
    gone = [weakref.ref(client), weakref.ref(pipeline)]
    del client, pipeline
    gc.collect()
    assert [reference() for reference in gone] == [None, None]


def test_nothing_leaks(fast: ModuleType, peer: Peer) -> None:
    """Every path in a loop; the number of allocated blocks must not follow the number of turns."""
    client = open_client(fast, peer, decode=True)
    pipeline = open_pipeline(fast, client)
    atomic = open_pipeline(fast, client, atomic=True)
    numbers = itertools.count()

    def turn() -> None:
        client.command("ECHO", next(numbers) + 10**30)
        client.command("ARGS", *range(40), bytearray(b"x"), memoryview(b"abcd")[::2], 1.5)
        for wire, _ in REPLIES:
            client.command("RESP", wire)
            pipeline.command("RESP", wire)
        pipeline.command("OK?").command("EXPLODE").command("RESP", b"-ERR\r\n").command_as(
            len, "PING"
        )
        pipeline._execute()
        pipeline.command("OK?").reset()
        for bad in (
            b"$1\r\n\xff\r\n",
            b"*2\r\n%1\r\n:1\r\n$1\r\n\xff\r\n:1\r\n",
            b"-ERR\r\n",
            b"*1\r\n?\r\n",
        ):
            with contextlib.suppress(UnicodeDecodeError, ReplyError, CallError):
                client.command("RESP", bad)
            with contextlib.suppress(UnicodeDecodeError, CallError):
                pipeline.command("OK?").command("RESP", bad).command(
                    "RESP", b"*1\r\n:1\r\n"
                )._execute()
        refusals: tuple[Any, ...] = ([], "\udc00")
        for refused in refusals:
            with contextlib.suppress(DataError, UnicodeEncodeError):
                pipeline.command("ECHO", 10**30, bytearray(b"x"), refused)
        with contextlib.suppress(LookupError):
            client.command("EXPLODE")
        atomic.command("PING").command("OK?")._execute()
        other = open_client(fast, peer)
        open_pipeline(fast, other).command("OK?").command_as(len, "PING")
        with contextlib.suppress(DataError):
            open_client(fast, peer, encoding="latin-1", port="-1")
        peer.seen.clear()

    def blocks_after(turns: int) -> int:
        for _ in range(turns):
            turn()
        gc.collect()
        return sys.getallocatedblocks()

    blocks_after(20)
    before = blocks_after(1)
    assert blocks_after(100) - before < 100


def test_buffers_and_arguments_survive_the_call(fast: ModuleType, peer: Peer) -> None:
    client = open_client(fast, peer, timeout="0")
    argument = bytearray(b"argument")
    thread = threading.Thread(target=client.command, args=("HOLD", argument))
    thread.start()
    assert peer.holding.wait(20)
    with pytest.raises(BufferError):
        argument.append(0)  # exported for as long as the library may read it
    peer.release()
    thread.join()
    argument.append(0)
    assert peer.seen[-1] == [b"HOLD", b"argument"]


def test_a_full_buffer_leaves_before_execute(fast: ModuleType, peer: Peer) -> None:
    client = open_client(fast, peer, eager_bytes="1000")
    # A name that the library has not asked the server about yet would keep the pipeline from starting early.
    peer.release()
    assert client.command("HOLD") == b"late"
    peer.holding.clear()
    peer.released.clear()
    pipeline = open_pipeline(fast, client)
    pipeline.command("HOLD")
    for i in range(200):
        pipeline.command("ECHO", i)
    assert peer.holding.wait(20)
    peer.release()
    assert pipeline._execute() == ([b"late", *(b"%d" % i for i in range(200))], -1)
