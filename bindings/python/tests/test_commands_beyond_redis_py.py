"""Commands that redis-py does not send: their replies are the same with both protocols, alone and in pipelines, and what shapes say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support import data_of_servers_and_users
from support.command_cases import CASES

import oxipipe

redis = pytest.importorskip("redis")

NAMES = (
    "cluster_ clusterscan command_docs command_info commandlog_ failover latency_ memory_doctor sentinel_"
).split()
#: Their replies are other ones each time.
EVER_NEW = ("commandlog_get", "latency_histogram")
OWN = [case for case in CASES if case[0].startswith(tuple(NAMES)) and case[0] not in EVER_NEW]


@pytest.fixture(scope="module")
def server() -> Iterator[oxipipe.Server]:
    with oxipipe.Server(slowlog_log_slower_than=0) as server:
        yield server


def outcome(call: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return call(*args, **kwargs)
    except oxipipe.RedisError as error:
        return type(error), str(error)


@pytest.mark.parametrize(("name", "args", "kwargs"), OWN, ids=lambda value: str(value)[:30])
def test_replies_are_the_same_with_both_protocols(
    server: oxipipe.Server, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    with server.connect(protocol=2) as old, server.connect(protocol=3) as new:
        expected = outcome(getattr(old, name), *args, **kwargs)
        assert outcome(getattr(new, name), *args, **kwargs) == expected
        if isinstance(expected, tuple) and expected[0] is oxipipe.DataError:
            return
        pipeline = getattr(new.pipeline(transaction=False), name)(*args, **kwargs)
        (reply,) = pipeline.execute(raise_on_error=False)
        is_error = isinstance(reply, Exception)
        assert ((type(reply), str(reply)) if is_error else reply) == expected


@pytest.mark.parametrize("protocol", [2, 3])
class TestReplies:
    def test_commands_are_described_as_redis_py_does(
        self, server: oxipipe.Server, protocol: int
    ) -> None:
        with (
            redis.Redis(unix_socket_path=server.unix_socket_path, protocol=2) as theirs,
            server.connect(protocol=protocol) as client,
        ):
            expected = theirs.command()
            ours = client.command("COMMAND")
            assert ours == client.command_info()
            assert ours.keys() == expected.keys()
            for name, facts in expected.items():
                for key in facts.keys() - {"tips", "key_specifications", "subcommands"}:
                    assert ours[name][key] == facts[key]
                assert ours[name]["tips"] == sorted(facts["tips"])
            (specification,) = ours["get"]["key_specifications"]
            assert specification[b"flags"] == [b"RO", b"access"]
            assert specification[b"find_keys"][b"spec"][b"keystep"] == 1
            (sub,) = [s for s in ours["xinfo"]["subcommands"] if s[0] == b"xinfo|stream"]
            assert sub[2] == [b"readonly"]

    def test_documentation_is_text(self, server: oxipipe.Server, protocol: int) -> None:
        with server.connect(protocol=protocol) as client:
            docs = client.command_docs("config")["config"]
            assert docs["subcommands"]["config|set"]["arguments"][0]["flags"] == ["multiple"]
            assert client.command_docs("none") == {}

    def test_histograms_have_numbers(self, server: oxipipe.Server, protocol: int) -> None:
        with server.connect(protocol=protocol) as client:
            client.set("k", 1)
            told = client.latency_histogram("set")["set"]
            histogram = told["histogram_usec"]
            assert isinstance(histogram, dict)
            assert told["calls"] == sum(dict(sorted(histogram.items())[-1:]).values())
            assert all(isinstance(bound, int) for bound in histogram)

    def test_the_greeting_has_numbers_and_texts(
        self, server: oxipipe.Server, protocol: int
    ) -> None:
        with server.connect(protocol=protocol) as client, client.lease() as lease:
            told = lease.hello(protocol)
            assert told["proto"] == protocol and isinstance(told["id"], int)
            assert told["server"] in ("redis", "valkey") and told["role"] == "master"
            assert isinstance(told["modules"], list)

    def test_refusals_are_recorded(self, server: oxipipe.Server, protocol: int) -> None:
        with server.connect(protocol=protocol) as client:
            data_of_servers_and_users.be_refused(client)
            entry = client.acl_log()[0]
            assert entry["reason"] == "auth" and entry["username"] == "nobody"
            client_info = entry["client-info"]
            assert isinstance(client_info, dict) and client_info["db"] == 0
            assert isinstance(entry["age-seconds"], float)
            assert client.acl_log_reset() is True
            assert client.acl_log() == []


def test_what_changes_a_connection_works_on_ones_own(server: oxipipe.Server) -> None:
    with server.connect() as client, client.lease() as lease:
        assert lease.client_tracking_on(optin=True) == b"OK"
        assert lease.client_caching() is True
        assert lease.client_trackinginfo()[:2] == ["flags", [b"on", b"optin", b"caching-yes"]]
        assert lease.client_tracking_off() == b"OK"
        if has(client, "client|no-touch"):
            assert lease.client_no_touch("ON") == b"OK"
        assert lease.select(1) is True
        assert lease.client_info()["db"] == 1
        with pytest.raises(oxipipe.AuthenticationError):
            lease.auth("wrong", username="nobody")
        assert lease.client_reply("ON") == b"OK"
        assert lease.reset() == "RESET"
        assert lease.client_info()["db"] == 0
        assert lease.quit() is True


def has(client: oxipipe.Redis, name: str) -> bool:
    return bool(client.command_info(name))


def test_a_server_that_ends_does_not_answer() -> None:
    with (
        oxipipe.Server() as server,
        server.connect() as client,
        pytest.raises(oxipipe.ConnectionError),
    ):
        client.shutdown(nosave=True)


def test_the_log_of_commands() -> None:
    with oxipipe.Server() as server, server.connect() as client:
        if not has(client, "commandlog"):
            pytest.skip("the server has none")
        client.config_set("commandlog-request-larger-than", 10)
        client.set("k", b"\xff" * 20)
        call = client.commandlog_get(1, "large-request")[0]
        assert call["command"] == b"SET k " + b"\xff" * 20
        assert isinstance(call["value"], int) and call["value"] > 20
        assert client.commandlog_len("large-request") >= 1
        assert client.commandlog_reset("large-request") is True


def knows(client: oxipipe.Redis[Any], name: str, word: str) -> bool:
    """Whether the server has this word of a command."""
    return f"'{word}'" in str(client.command_docs(name))


class TestWordsThatRedisPyDoesNotSend:
    def test_places_within_a_polygon(self, server: oxipipe.Server) -> None:
        with server.connect(decode_responses=True) as client:
            if not knows(client, "geosearch", "BYPOLYGON"):
                pytest.skip("the server has no polygons")
            client.delete("g")
            client.geoadd("g", [13.4, 38.1, "in", 15.0, 37.5, "also", 2.3, 48.9, "out"])
            corners = [(10.0, 30.0), (20.0, 30.0), (20.0, 40.0), (10.0, 40.0)]
            assert sorted(client.geosearch("g", polygon=corners)) == ["also", "in"]
            assert client.geosearchstore("d", "g", polygon=corners, count=1) == 1

    def test_fields_of_a_hash_that_is_there_or_not(self, server: oxipipe.Server) -> None:
        with server.connect() as client:
            if not knows(client, "hsetex", "NX"):
                pytest.skip("the server does not ask whether the hash is there")
            client.delete("new")
            assert client.hsetex("new", "a", 1, xx=True) == 0
            assert client.hsetex("new", "a", 1, nx=True, ex=100) == 1
            assert client.hsetex("new", "a", 2, nx=True) == 0
            assert client.hget("new", "a") == b"1"

    def test_the_last_id_of_a_group(self, server: oxipipe.Server) -> None:
        with server.connect() as client:
            client.delete("x")
            client.xadd("x", {"a": 1}, id="1-1")
            client.xgroup_create("x", "g", 0)
            client.xreadgroup("g", "one", {"x": ">"})
            assert client.xclaim("x", "g", "two", 0, ["1-1"], lastid="7-7") != []
            assert client.xinfo_groups("x")[0]["last-delivered-id"] == b"7-7"

    def test_members_without_scores(self, server: oxipipe.Server) -> None:
        with server.connect() as client:
            if not knows(client, "zscan", "NOSCORES"):
                pytest.skip("the server always tells scores")
            client.delete("z")
            client.zadd("z", {"a": 1, "b": 2, "c": 3})
            assert client.zscan("z", noscores=True) == (0, [b"a", b"b", b"c"])
            assert client.command("ZSCAN", "z", 0, "noscores") == (0, [b"a", b"b", b"c"])
            assert client.zscan("z", match="NOSCORES") == (0, [])

    def test_a_save_that_is_not_under_way(self, server: oxipipe.Server) -> None:
        with server.connect() as client:
            if not knows(client, "bgsave", "CANCEL"):
                pytest.skip("the server ends no save")
            with pytest.raises(oxipipe.ResponseError):
                client.bgsave(cancel=True)
