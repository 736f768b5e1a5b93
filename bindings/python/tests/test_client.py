"""`Redis`: making one, its life and its replies."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from support.pace import LONG, eventually

import oxipipe
from oxipipe import exceptions


def test_bytes_by_default_and_str_on_request(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    r.hset("h", mapping={"f": "Grüße", "g": b"2"})
    assert r.hgetall("h") == {b"f": "Grüße".encode(), b"g": b"2"}
    with server.connect(decode_responses=True) as text:
        assert text.hgetall("h") == {"f": "Grüße", "g": "2"}
        assert text.pipeline().hgetall("h").execute() == [{"f": "Grüße", "g": "2"}]
        assert text.pipeline(transaction=False).hgetall("h").execute() == [{"f": "Grüße", "g": "2"}]


def test_a_reply_that_cannot_be_decoded(server: oxipipe.Server, r: oxipipe.Redis) -> None:
    r.set("bad", b"\xff")
    with server.connect(decode_responses=True) as text:
        with pytest.raises(UnicodeDecodeError):
            text.get("bad")
        for transaction in (False, True):
            with pytest.raises(UnicodeDecodeError):
                text.pipeline(transaction).set("a", 1).get("bad").set("b", 2).execute()
        assert text.ping()
        assert text.mget("a", "b") == ["1", "2"]
    with server.connect(decode_responses=True, encoding_errors="replace") as lenient:
        assert lenient.get("bad") == "\ufffd"


@pytest.mark.parametrize("protocol", [2, 3])
def test_both_protocols(server: oxipipe.Server, protocol: int) -> None:
    with server.connect(protocol=protocol) as client:
        client.hset("h", "f", 1)
        assert client.hgetall("h") == {b"f": b"1"}
        client.zadd("z", {"m": 1.5})
        assert client.zscore("z", "m") == 1.5
        assert client.config_get("maxmemory") == {"maxmemory": "0"}
        assert client.client_info()["resp"] == str(protocol)


def test_tcp_and_its_names() -> None:
    with oxipipe.Server(tcp=True) as server:
        assert server.url == f"redis://127.0.0.1:{server.port}"
        for host in ("127.0.0.1", "localhost"):
            with oxipipe.Redis(host, server.port) as client:
                assert client.ping()
        url = server.url + "/3?socket_timeout=2&decode_responses=true"
        with oxipipe.Redis[str].from_url(url) as client:
            client.set("key", "v")
            assert client.get("key") == "v"
            assert client.client_info()["db"] == 3


def test_user_password_and_name() -> None:
    with oxipipe.Server(requirepass="se/cret@ 1") as server:
        with server.connect(client_name="tester", db=2) as client:
            assert client.client_getname() == "tester"
            assert client.client_info()["db"] == 2
        with server.connect(username="default", password="se/cret@ 1") as client:
            assert client.acl_whoami() == "default"
        for wrong in ("other", None):
            with server.connect(password=wrong) as client:
                with pytest.raises(exceptions.AuthenticationError) as caught:
                    client.set("key", 1)
                assert caught.value.outcome in ("NOT_APPLIED", "REJECTED")
                assert "se/cret" not in str(caught.value)
        url = f"unix://:se%2Fcret%40%201@{server.unix_socket_path}?db=2"
        with oxipipe.from_url(url) as client:
            assert client.ping()
            assert "se" not in repr(client).replace("server.sock", "")


def test_secrets_never_show() -> None:
    shown = [
        repr(oxipipe.Redis("example.org", 1, password="hunter2", username="me")),
        repr(oxipipe.from_url("redis://me:hunter2@example.org:1/2?password=hunter2")),
        repr(oxipipe.from_url("unix://me:hunter2@/tmp/s?db=1")),
    ]
    assert not any("hunter2" in text or "me" in text for text in shown), shown
    assert "example.org:1/2" in shown[1]
    for bad in ("redis://me:hunter2@host:port", "redis://me:hunter2@host/x", "htp://me:hunter2@h"):
        with pytest.raises((exceptions.RedisError, ValueError)) as caught:
            oxipipe.from_url(bad)
        assert "hunter2" not in str(caught.value)


def test_keywords_beside_a_url_are_for_what_it_leaves_out(server: oxipipe.Server) -> None:
    url = f"unix://{server.unix_socket_path}?client_name=url"
    with oxipipe.from_url(url, client_name="keyword", db=2, spin_us=0) as client:
        info = client.client_info()
        assert (info["name"], info["db"]) == ("url", 2)
    with pytest.raises(TypeError, match="nonsense"):
        oxipipe.from_url("redis://localhost", nonsense=1)  # type: ignore[call-overload]
    with pytest.raises(exceptions.DataError, match=r"unknown .*option"):
        oxipipe.from_url("redis://localhost?nonsense=1")


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ssl", True),
        ("connection_pool", object()),
        ("retry", object()),
        ("retry_on_timeout", True),
        ("max_connections", 10),
        ("credential_provider", object()),
        ("health_check_interval", 30),
        ("single_connection_client", True),
        ("socket_read_size", 4096),
        ("driver_info", object()),
        ("legacy_responses", False),
        ("maint_notifications_config", object()),
        ("oss_cluster_maint_notifications_handler", object()),
    ],
)
def test_what_is_not_there_says_so(keyword: str, value: Any) -> None:
    with pytest.raises(NotImplementedError, match=keyword):
        oxipipe.Redis(**{keyword: value})
    nothing: dict[str, Any] = {keyword: None}
    oxipipe.Redis(**nothing)  # redis-py's "not used" is no request


def test_a_time_that_is_no_number_is_named() -> None:
    wrong: dict[str, Any] = {"socket_timeout": "soon"}
    with pytest.raises(ValueError, match="socket_timeout is 'soon'"):
        oxipipe.Redis(**wrong)
    with pytest.raises(ValueError, match="socket_timeout is 'soon'"):
        oxipipe.from_url("redis://localhost", **wrong)


def test_redis_pys_defaults_pass() -> None:
    defaults: dict[str, Any] = {
        "retry_on_timeout": False,
        "health_check_interval": 0,
        "single_connection_client": False,
        "socket_read_size": 32768,
        "driver_info": None,
        "legacy_responses": True,
        "maint_notifications_config": None,
        "oss_cluster_maint_notifications_handler": None,
    }
    oxipipe.Redis(**defaults)
    oxipipe.Redis(socket_read_size=65536)  # type: ignore[call-overload]
    oxipipe.from_url("redis://localhost", **defaults)


def test_numbers_may_be_text_and_no_host_is_this_one() -> None:
    with oxipipe.Server(tcp=True) as server:
        with oxipipe.Redis(None, str(server.port), "3") as client:
            assert client.client_info()["db"] == 3
            assert repr(client).endswith(f" redis://localhost:{server.port}/3>")
        with oxipipe.from_url("redis://127.0.0.1", port=str(server.port), db="2") as client:
            assert client.client_info()["db"] == 2
    for name in ("port", "db"):
        with pytest.raises(ValueError, match=name):
            oxipipe.Redis(**{name: "x"})  # type: ignore[call-overload]
    oxipipe.Redis(db=None)


def test_redis_pys_options_of_a_url(server: oxipipe.Server) -> None:
    url = f"unix://{server.unix_socket_path}?socket_keepalive="
    for text in ("True", "false", "1", "0", "None"):
        unused = "&retry_on_timeout=False&health_check_interval=0"
        with oxipipe.from_url(f"{url}{text}{unused}&db=2") as client:
            assert client.client_info()["db"] == 2
    with pytest.raises(exceptions.DataError, match="socket_keepalive"):
        oxipipe.from_url(url + "maybe")
    for asked in ("retry_on_timeout=true", "health_check_interval=30"):
        with pytest.raises(NotImplementedError, match=asked.partition("=")[0]):
            oxipipe.from_url("redis://localhost?" + asked)


def test_every_option_that_the_docstring_names_is_one() -> None:
    values = {
        "client_info": "false",
        "client_name": "x",
        "client_no_evict": "true",
        "client_no_touch": "true",
        "decode_responses": "true",
        "encoding": "utf-8",
        "encoding_errors": "strict",
        "event_overflow": "stop_reading",
        "fail_fast": "true",
        "keepalive": "true",
        "password": "x",
        "protocol": "3",
        "retry": "reads",
        "socket_keepalive": "true",
        "username": "x",
        "retry_on_timeout": "no",
        "health_check_interval": "0",
    }
    _, _, text = (oxipipe.Redis.from_url.__doc__ or "").partition("The options are")
    names = re.findall(r"`(\w+)`", text)
    assert len(names) > 20
    for name in names:
        oxipipe.from_url(
            f"redis://localhost?{name}={values.get(name, '4096' if 'buf' in name else '100')}"
        )


def test_wrong_arguments_of_the_constructor() -> None:
    with pytest.raises(TypeError, match="hots"):
        oxipipe.Redis(hots="localhost")  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="socket_timeout"):
        oxipipe.Redis(socket_timeout=0)
    wrongs: list[dict[str, Any]] = [
        {"port": 70_000},
        {"port": "x"},
        {"db": -1},
        {"protocol": 4},
        {"spin_us": -1},
        {"client_name": "two words"},
        {"client_name": "a\0b"},
        {"host": "a\0b"},
        {"username": "a\0b", "password": "x"},
        {"unix_socket_path": "/" * 108},
        {"unix_socket_path": "/a\0b"},
    ]
    for wrong in wrongs:
        with pytest.raises((exceptions.DataError, OverflowError, TypeError, ValueError)):
            oxipipe.Redis(**wrong).connect()


def test_close_is_final_and_may_be_repeated(server: oxipipe.Server) -> None:
    client = server.connect()
    assert client.ping()
    assert not client.closed
    pipeline = client.pipeline(transaction=False).set("a", 1)
    client.close()
    client.close()
    assert client.closed
    for use in (client.ping, pipeline.execute, client.connect):
        with pytest.raises(exceptions.ConnectionError, match="closed") as caught:
            use()
        assert caught.value.outcome == "NOT_APPLIED"


def test_close_wakes_a_waiting_thread(server: oxipipe.Server) -> None:
    client, watcher = server.connect(socket_timeout=None), server.connect()
    caught: list[BaseException] = []

    def wait() -> None:
        try:
            client.blpop("never", 0)
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    while not any(c["cmd"] == "blpop" for c in watcher.client_list()):
        pass
    client.close()
    thread.join(LONG)
    assert not thread.is_alive()
    assert isinstance(caught[0], exceptions.ConnectionError)
    watcher.close()


def test_a_with_block_closes(server: oxipipe.Server) -> None:
    with server.connect() as client:
        client.ping()
    assert client.closed


def test_execute_command_is_redis_pys(r: oxipipe.Redis) -> None:
    assert r.execute_command("SET", "a", 1) is True
    assert r.execute_command("CONFIG GET", "maxmemory") == {"maxmemory": "0"}
    assert r.pipeline().execute_command("CLIENT GETNAME").execute() == [None]
    with r.lease() as mine:
        assert mine.execute_command("CLIENT SETNAME", "me") is True
        assert mine.execute_command("CLIENT GETNAME") == "me"


def test_iterators_walk_everything(r: oxipipe.Redis) -> None:
    names = {b"key%d" % n for n in range(500)}
    with r.pipeline(transaction=False) as pipeline:
        for n, name in enumerate(names):
            pipeline.set(name, 1).hset("hash", name, n).sadd("set", name).zadd("sorted", {name: n})
        pipeline.execute()
    assert set(r.scan_iter(match="key*", count=50)) == names
    assert set(r.scan_iter(_type="hash")) == {b"hash"}
    assert {field for field, _ in r.hscan_iter("hash", count=50)} == names
    assert set(r.sscan_iter("set")) == names
    assert {member for member, _ in r.zscan_iter("sorted")} == names
    cast = r.zscan_iter("sorted", "key7", None, lambda score: f"<{float(score)}>")
    assert list(cast) == [(b"key7", f"<{r.zscore('sorted', 'key7')}>")]
    assert list(r.scan_iter(match="nothing*")) == []


def test_many_threads_share_one_client(r: oxipipe.Redis) -> None:
    failures: list[object] = []

    def work(number: int) -> None:
        for n in range(200):
            value = f"{number}-{n}"
            if r.echo(value) != value.encode():
                failures.append(value)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_commands_that_would_disturb_others_are_refused(r: oxipipe.Redis) -> None:
    pipeline = r.pipeline(transaction=False).set("a", 1)
    for command in (
        ("SUBSCRIBE", "c"),
        ("subscribe", "c"),
        (b"MULTI",),
        ("SELECT", 1),
        ("MONITOR",),
        ("CLIENT", "REPLY", "OFF"),
        ("WATCH", "k"),
        ("QUIT",),
        ("readonly",),
        ("ASKING",),
        ("WAIT", 1, 0),
        ("CLIENT", "SETNAME", "me"),
        ("client", "no-evict", "on"),
        ("SCRIPT", "DEBUG", "YES"),
        ("REPLCONF", "ACK", 0),
    ):
        for call in (r.command, pipeline.command):
            with pytest.raises(exceptions.RefusedError) as caught:
                call(*command)
            assert caught.value.outcome == "NOT_APPLIED"
    assert pipeline.execute() == [True]
    assert r.ping()


def test_dead_objects_leave_no_connection_behind(own_server: oxipipe.Server) -> None:
    import gc

    watcher = own_server.connect()
    before = len(watcher.client_list())
    for _ in range(20):
        client = own_server.connect()
        client.pipeline(transaction=False).set("a", 1)
        client.ping()
    del client
    gc.collect()
    # The server notices a closed connection in its next turn.
    eventually("their end at the server", lambda: len(watcher.client_list()) == before)
