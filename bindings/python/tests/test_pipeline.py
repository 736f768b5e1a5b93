"""`Pipeline`: redis-py's behaviour, errors in their places, and use and reuse in every order."""

from __future__ import annotations

import signal
import threading

import pytest

import oxipipe
from oxipipe import Pipeline, ResponseError, _backend, exceptions

both_kinds = pytest.mark.parametrize("transaction", [False, True])


@both_kinds
def test_commands_chain_and_replies_come_in_order(r: oxipipe.Redis, transaction: bool) -> None:
    pipeline = r.pipeline(transaction)
    replies = pipeline.set("a", 1).incr("a", 5).command("APPEND", "a", "0").hgetall("none").get("a")
    assert replies is pipeline
    assert pipeline.execute() == [True, 6, 2, {}, b"60"]


def test_a_transaction_is_the_default(r: oxipipe.Redis) -> None:
    assert r.pipeline().transaction
    assert not r.pipeline(transaction=False).transaction
    assert r.pipeline(True, "hint").shard_hint == "hint"
    before = r.info("commandstats").get("cmdstat_exec", {"calls": 0})["calls"]
    r.pipeline().set("a", 1).execute()
    r.pipeline(transaction=False).set("a", 1).execute()
    assert r.info("commandstats")["cmdstat_exec"]["calls"] == before + 1


@both_kinds
def test_length_and_truth(r: oxipipe.Redis, transaction: bool) -> None:
    pipeline = r.pipeline(transaction)
    assert len(pipeline) == 0
    assert pipeline
    pipeline.set("a", 1).get("a")
    assert len(pipeline) == 2
    pipeline.execute()
    assert len(pipeline) == 0


@both_kinds
def test_nothing_to_execute(r: oxipipe.Redis, transaction: bool) -> None:
    assert r.pipeline(transaction).execute() == []
    with r.pipeline(transaction) as pipeline:
        assert pipeline.execute() == []
        pipeline.ping().execute()
        assert pipeline.execute() == []


@both_kinds
def test_reset_forgets(r: oxipipe.Redis, transaction: bool) -> None:
    pipeline = r.pipeline(transaction)
    pipeline.get("a").get("b").reset()
    assert len(pipeline) == 0
    assert pipeline.execute() == []
    assert pipeline.set("a", 1).execute() == [True]
    with pipeline:
        pipeline.set("b", 1)
    assert len(pipeline) == 0
    assert pipeline.get("a").execute() == [b"1"]


def test_reset_of_a_transaction_sends_nothing(r: oxipipe.Redis) -> None:
    pipeline = r.pipeline()
    for n in range(5000):
        pipeline.set(f"key{n}", "x" * 50)
    pipeline.reset()
    assert r.dbsize() == 0


@both_kinds
def test_the_first_error_is_raised(r: oxipipe.Redis, transaction: bool) -> None:
    pipeline = (
        r.pipeline(transaction).set("text", "x").hset("text", "f", 1).incr("text").get("text")
    )
    with pytest.raises(ResponseError) as caught:
        pipeline.execute()
    error = caught.value
    assert str(error) == (
        "Command # 2 (HSET) of pipeline caused error: "
        "WRONGTYPE Operation against a key holding the wrong kind of value"
    )
    assert (error.index, error.command, error.outcome) == (1, "HSET", "REJECTED")
    # Of the others, too, it is known what became of them: they were answered.
    assert (error.replied, error.unknown, error.not_applied) == (4, 0, 0)
    assert error.status_code == "WRONGTYPE"
    assert error.replies is not None
    assert error.replies[0] is True
    assert error.replies[1] is error
    assert error.replies[3] == b"x"


@both_kinds
def test_errors_in_their_places(r: oxipipe.Redis, transaction: bool) -> None:
    pipeline = (
        r.pipeline(transaction).set("text", "x").hset("text", "f", 1).incr("text").get("text")
    )
    replies = pipeline.execute(raise_on_error=False)
    assert replies[0] is True
    assert replies[3] == b"x"
    assert [type(reply) for reply in replies[1:3]] == [ResponseError, ResponseError]
    assert replies[1].outcome == "REJECTED"
    assert str(replies[2]) == "value is not an integer or out of range"


@both_kinds
def test_a_pipeline_goes_on_after_an_error(r: oxipipe.Redis, transaction: bool) -> None:
    pipeline = r.pipeline(transaction)
    for _ in range(3):
        with pytest.raises(ResponseError):
            pipeline.set("text", "x").incr("text").execute()
        assert len(pipeline) == 0
        assert pipeline.get("text").execute() == [b"x"]


def test_unknown_commands_and_wrong_arity(r: oxipipe.Redis) -> None:
    with pytest.raises(ResponseError, match="unknown command"):
        r.command("NO-SUCH-COMMAND", 1)
    with pytest.raises(ResponseError, match="wrong number of arguments"):
        r.command("GET")
    pipeline = r.pipeline(transaction=False).set("a", 1).command("NOPE").command("GET").get("a")
    replies = pipeline.execute(raise_on_error=False)
    assert replies[0] is True
    assert replies[3] == b"1"
    assert "unknown command" in str(replies[1])
    assert "wrong number of arguments" in str(replies[2])
    with pytest.raises(
        ResponseError, match=r"Command # 2 \(NOPE\) of pipeline caused error: unknown"
    ):
        pipeline.set("a", 1).command("NOPE").execute()


def test_a_transaction_with_an_invalid_command_is_refused_as_a_whole(r: oxipipe.Redis) -> None:
    pipeline = r.pipeline().set("a", 1).command("NOPE").set("b", 2)
    with pytest.raises(ResponseError, match=r"Command # 2 \(NOPE\)") as caught:
        pipeline.execute()
    assert caught.value.index == 1
    error = caught.value
    assert (error.replied, error.unknown, error.not_applied) == (3, 0, 0)
    replies = pipeline.set("a", 1).command("NOPE").execute(raise_on_error=False)
    assert isinstance(replies[0], exceptions.ExecAbortError)
    assert r.dbsize() == 0


def test_a_transaction_is_one(r: oxipipe.Redis, server: oxipipe.Server) -> None:
    """Another client never sees it half done."""
    r.mset({"a": 0, "b": 0})
    stop, torn = threading.Event(), []

    def watch() -> None:
        with server.connect() as watcher:
            while not stop.is_set():
                a, b = watcher.mget("a", "b")
                if a != b:
                    torn.append((a, b))

    thread = threading.Thread(target=watch)
    thread.start()
    pipeline = r.pipeline()
    for _ in range(300):
        pipeline.incr("a").incr("b").execute()
    stop.set()
    thread.join()
    assert not torn


@pytest.mark.parametrize("transaction", [False, True])
def test_many_commands_of_every_size(r: oxipipe.Redis, transaction: bool) -> None:
    sizes = [0, 1, 100, 16_383, 16_384, 16_385, 32_768, 65_536, 300_000]
    pipeline = r.pipeline(transaction)
    for n in range(200):
        pipeline.set(f"key{n}", b"\xff" * sizes[n % len(sizes)]).strlen(f"key{n}")
    replies = pipeline.execute()
    assert replies[::2] == [True] * 200
    assert replies[1::2] == [sizes[n % len(sizes)] for n in range(200)]


def test_a_hundred_thousand(r: oxipipe.Redis) -> None:
    pipeline = r.pipeline(transaction=False)
    for n in range(100_000):
        pipeline.hset("hash", f"field{n}", n)
    assert pipeline.execute() == [1] * 100_000
    assert r.hgetall("hash") == {b"field%d" % n: b"%d" % n for n in range(100_000)}
    for n in range(100_000):
        pipeline.hget("hash", f"field{n}")
    assert pipeline.execute() == [b"%d" % n for n in range(100_000)]


def test_replies_of_every_kind_between_each_other(r: oxipipe.Redis) -> None:
    r.hset("h", mapping={f"f{n}": n for n in range(100)})
    r.rpush("l", *range(1000))
    expected: list[object] = [
        {b"f%d" % n: b"%d" % n for n in range(100)},
        [b"%d" % n for n in range(1000)],
        None,
        7,
        set(),
        True,
    ]
    pipeline = r.pipeline(transaction=False)
    for _ in range(300):
        pipeline.hgetall("h").lrange("l", 0, -1).get("none").command("STRLEN", "seven")
        pipeline.smembers("none").set("seven", "1234567")
    replies = pipeline.set("seven", "1234567").execute()
    assert replies[6:-1] == expected * 299


def test_two_pipelines_and_single_calls_interleave(r: oxipipe.Redis) -> None:
    """Sending starts while commands are added, and must not mix with what others send."""
    first, second = r.pipeline(transaction=False), r.pipeline(transaction=False)
    for n in range(3000):
        first.echo(f"first{n}")
        second.echo(f"second{n}")
        if n % 100 == 0:
            assert r.echo(f"single{n}") == b"single%d" % n
    assert second.execute() == [b"second%d" % n for n in range(3000)]
    assert first.execute() == [b"first%d" % n for n in range(3000)]


def test_a_dropped_pipeline_does_not_shift_replies(r: oxipipe.Redis) -> None:
    for _ in range(5):
        pipeline = r.pipeline(transaction=False)
        for n in range(2000):
            pipeline.echo("x" * 50 + str(n))
        del pipeline
        assert r.echo("mine") == b"mine"


@both_kinds
def test_two_threads_on_one_pipeline(r: oxipipe.Redis, transaction: bool) -> None:
    """Each command is added or answered with an error; nothing is lost or torn."""
    pipeline = r.pipeline(transaction)
    added, refused = [0] * 4, [0] * 4

    def add(number: int) -> None:
        for n in range(3000):
            try:
                pipeline.rpush("list", f"{number}-{n}")
                added[number] += 1
            except exceptions.ConcurrentUseError as error:
                assert error.outcome == "NOT_APPLIED"
                refused[number] += 1

    threads = [threading.Thread(target=add, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(added) + sum(refused) == 12_000
    assert len(pipeline) == sum(added)
    assert pipeline.execute() == list(range(1, sum(added) + 1))
    assert r.llen("list") == sum(added)


def test_a_pipeline_in_use_says_so(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    pipeline = r.pipeline(transaction=False).command("BLPOP", "gate", 10)
    thread = threading.Thread(target=pipeline.execute)
    thread.start()
    with server.connect() as other:
        while not any(c["cmd"] == "blpop" for c in other.client_list()):
            pass
        for use in (pipeline.execute, pipeline.ping):
            with pytest.raises((exceptions.ConcurrentUseError, oxipipe.RedisError)):
                use()
        other.rpush("gate", "open")
    thread.join(5)
    assert not thread.is_alive()
    assert pipeline.ping().execute() == [True]


def test_a_signal_handler_cannot_use_what_its_thread_executes(
    server: oxipipe.Server, r: oxipipe.Redis
) -> None:
    """What it added would belong neither to this execution nor to the next."""
    errors: list[exceptions.RedisError] = []

    def handler(*_: object) -> None:
        for use in (lambda: pipeline.ping(), lambda: pipeline.get("x" * 50_000), pipeline.execute):
            try:
                use()
            except exceptions.RedisError as error:
                errors.append(error)
        other.rpush("gate", "open")

    def interrupt() -> None:
        while not any(c["cmd"] == "blpop" for c in other.client_list()):
            pass
        signal.pthread_kill(mine, signal.SIGALRM)

    mine, other = threading.get_ident(), server.connect()
    pipeline = r.pipeline(transaction=False).command("BLPOP", "gate", 10)
    before = signal.signal(signal.SIGALRM, handler)
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        assert pipeline.execute() == [(b"gate", b"open")]
    finally:
        thread.join()
        signal.signal(signal.SIGALRM, before)
        other.close()
    assert [type(error) for error in errors] == [exceptions.ConcurrentUseError] * 3
    assert pipeline.ping().execute() == [True]


def test_a_pipeline_in_use_cannot_be_reset(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    """The error is the reset's own, not what an earlier call left behind."""
    pipeline = r.pipeline(transaction=False).command("BLPOP", "gate", 10)
    thread = threading.Thread(target=pipeline.execute)
    thread.start()
    with server.connect() as other:
        while not any(c["cmd"] == "blpop" for c in other.client_list()):
            pass
        with pytest.raises(exceptions.DataError, match=r"unknown .*option"):
            oxipipe.from_url("redis://localhost?nonsense=1")
        with pytest.raises(exceptions.ConcurrentUseError) as caught:
            pipeline.reset()
        other.rpush("gate", "open")
    thread.join(5)
    assert str(caught.value) == "the pipeline is in use by another thread"
    assert caught.value.outcome == "NOT_APPLIED"
    assert (caught.value.replied, caught.value.unknown, caught.value.not_applied) == (0, 0, 0)
    pipeline.reset()
    assert pipeline.ping().execute() == [True]


@pytest.mark.skipif(_backend.name != "cffi", reason="about the cffi backend's calls")
def test_a_call_without_an_error_object_fails_with_its_status() -> None:
    from oxipipe._core.cffi.call import check

    with pytest.raises(exceptions.ConcurrentUseError) as caught:
        check(-2)
    # It takes no error object because it sends nothing: there is no command to have an outcome.
    assert str(caught.value) == "OXP_ERR_BUSY"
    assert caught.value.outcome is None


def test_it_passes_from_thread_to_thread(r: oxipipe.Redis) -> None:
    pipeline = r.pipeline(transaction=False).set("a", 1)
    replies: list[object] = []
    thread = threading.Thread(target=lambda: replies.extend(pipeline.execute()))
    thread.start()
    thread.join()
    assert replies == [True]


def test_repr(r: oxipipe.Redis) -> None:
    assert repr(r.pipeline().ping()) == "<oxipipe.pipeline.Pipeline transaction of 1 command>"
    assert isinstance(r.pipeline(), Pipeline)


@both_kinds
def test_a_callback_that_raises_leaves_its_exception_in_its_place(
    r: oxipipe.Redis, transaction: bool
) -> None:
    def refuse(_reply: object) -> None:
        raise ValueError("not like this")

    pipeline = r.pipeline(transaction)
    pipeline.command_as(None, "ECHO", "a").command_as(refuse, "ECHO", "b").command("ECHO", "c")
    first, second, third = pipeline.execute(raise_on_error=False)
    assert (first, third) == (b"a", b"c")
    assert isinstance(second, ValueError)
    assert r.get("none") is None


def test_names_of_commands_that_are_not_there(r: oxipipe.Redis) -> None:
    pipeline = r.pipeline(transaction=False).get("a")
    pipeline.execute()
    assert pipeline._command_name(0) == "GET"
    with pytest.raises(IndexError):
        pipeline._command_name(1)
