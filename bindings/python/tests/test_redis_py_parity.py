"""Every named command against redis-py: same call, same database, same reply of the same type.

Each case is run with both protocols, decoded and not, alone and in a pipeline, in a thread and in an event loop. The
cases are the examples of the descriptions of commands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from support.command_cases import CASES
from support.database import Database
from support.loops import Blocking
from support.redis_py import skip_unless_taken
from support.servers import executables

import oxipipe
import oxipipe.asyncio

redis = pytest.importorskip("redis")

# Replies that are never the same twice, or depend on who asks and when: only their shape is compared, with these arguments.
BY_SHAPE: dict[str, tuple[Any, ...]] = {
    "acl_genpass": (),
    "acl_log": (),
    "bgrewriteaof": (),
    "bgsave": (),
    "client_id": (),
    "client_info": (),
    "client_list": (),
    "debug_object": ("h",),
    "info": (),
    "lolwut": (),
    "memory_malloc_stats": (),
    "memory_stats": (),
    "randomkey": (),
    "save": (),
    "slowlog_get": (),
    "time": (),
}

# redis-py marks old commands as deprecated, and warns of new ones.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Call to experimental:UserWarning"),
]


def outcome(call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the call gave: the reply with its types, or the class and the text of the exception."""
    try:
        return typed(call(*args, **kwargs))
    except (oxipipe.RedisError, redis.RedisError) as error:
        # The wording of a DataError is each library's own.
        text = "" if type(error).__name__ == "DataError" else str(error)
        return type(error).__name__, text


def typed(reply: Any) -> Any:
    if isinstance(reply, dict):
        return "dict", {typed(key): typed(value) for key, value in reply.items()}
    if isinstance(reply, (list, tuple)):
        return type(reply).__name__, [typed(value) for value in reply]
    if isinstance(reply, set):
        return "set", sorted(map(repr, reply))
    return type(reply).__name__, reply


SERVERS = executables()
HERE = [(2, False, False), (3, False, False), (3, True, False), (3, False, True)]
#: The server, and whether the client speaks RESP2 or RESP3, decodes and is one for loops: all of it here, the rest on newer servers.
WAYS = [(name, *way) for name in SERVERS for way in (HERE if name == "here" else HERE[:2])]


@pytest.fixture(
    scope="module",
    params=WAYS,
    ids=[
        f"{name}-{'asyncio' if in_loop else 'decoded' if decoded else f'resp{protocol}'}"
        for name, protocol, decoded, in_loop in WAYS
    ],
)
def clients(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Any, Database]]:
    name, protocol, decoded, in_loop = request.param
    # CONFIG REWRITE needs a file; it is refused alike without one. The server looks `hz` times a second whose time to wait is over.
    with oxipipe.Server(executable=SERVERS[name], slowlog_log_slower_than=0, hz=100) as server:
        theirs = redis.Redis(unix_socket_path=server.unix_socket_path, decode_responses=decoded)
        with (
            server.connect(protocol=protocol, decode_responses=decoded) as ours,
            server.connect() as filler,
            asyncio.Runner() as runner,
        ):
            database = Database(filler)
            if in_loop:
                client = oxipipe.asyncio.Redis(unix_socket_path=server.unix_socket_path)
                yield Blocking(client, runner), theirs, database
            else:
                yield ours, theirs, database
        theirs.close()


#: Refused on a shared connection, here or there; `test_command_words` has them.
#: What redis-py has no one answer to: it fails where there is no such set, and how a vector is stored is text there only if it decodes.
#: `test_vectors` has them.
OTHER_THERE = [
    ("vsim", ("none", "a"), {"with_scores": True}),
    ("vemb", ("v", "a"), {"raw": True}),
]
UNANSWERED = frozenset(
    (
        "asking auth client_caching client_capa client_import_source client_no_evict client_no_touch client_reply client_setinfo"
        " client_setname client_tracking client_tracking_off client_tracking_on hello quit readonly readwrite reset select unwatch wait waitaof watch"
    ).split()
)
ANSWERED = [
    (name, args, kwargs)
    for name, args, kwargs in CASES
    if name not in UNANSWERED
    and (name not in BY_SHAPE or (name == "info" and args))
    and (name, args, kwargs) not in OTHER_THERE
]

#: Methods that redis-py has not, and its method that gives the same.
ALIKE = {"georadius_ro": "georadius", "georadiusbymember_ro": "georadiusbymember"}
#: redis-py gives scores there as bytes also where it decodes replies. Here all text is decoded alike, as with its RESP2.
SCORES_AS_TEXT = frozenset(("bzmpop", "zdiff", "zmpop", "zrandmember"))


def decoded(told: Any) -> Any:
    """What was typed, with str for bytes."""
    if told[0] == "list":
        return "list", [decoded(value) for value in told[1]]
    return ("str", told[1].decode()) if told[0] == "bytes" else told


@pytest.mark.parametrize(("name", "args", "kwargs"), ANSWERED, ids=lambda value: str(value)[:30])
def test_same_reply(
    clients: tuple[Any, Any, Database], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    ours, theirs, database = clients
    called = ALIKE.get(name, name)
    method = getattr(theirs, called, None) or getattr(theirs.vset(), called, None)
    skip_unless_taken(method, args, kwargs)
    database.fill()
    expected = outcome(method, args, kwargs)
    if name in SCORES_AS_TEXT and theirs.get_encoder().decode_responses:
        expected = decoded(expected)
    database.fill()
    assert outcome(getattr(ours, name), args, kwargs) == expected
    if expected[0] == "DataError":
        return
    for transaction in (False, True):
        if transaction and expected[0].endswith("Error"):
            continue
        database.fill()
        pipeline = getattr(ours.pipeline(transaction), name)(*args, **kwargs)
        (reply,) = pipeline.execute(raise_on_error=False)
        if isinstance(reply, Exception):
            assert (type(reply).__name__, str(reply)) == expected
        else:
            assert typed(reply) == expected


def shape(reply: Any) -> Any:
    if isinstance(reply, dict):
        return "dict", sorted(map(str, reply)) and {type(key).__name__ for key in reply}
    if isinstance(reply, list):
        return "list", shape(reply[0]) if reply else None
    if isinstance(reply, tuple):
        return "tuple", [shape(value) for value in reply]
    return type(reply).__name__


@pytest.mark.parametrize("name", sorted(BY_SHAPE))
def test_same_shape(clients: tuple[Any, Any, Database], name: str) -> None:
    ours, theirs, database = clients
    database.fill()
    database.wait_for_saving()
    expected = getattr(theirs, name)(*BY_SHAPE[name])
    database.wait_for_saving()
    reply = getattr(ours, name)(*BY_SHAPE[name])
    assert shape(reply) == shape(expected)
    if isinstance(expected, list):
        reply, expected = reply[0], expected[0]
        assert set(reply) == set(expected)
    if isinstance(expected, dict):
        same = set(reply) & set(expected)  # some appear and vanish with the server's state
        assert len(same) > 4
        assert {key: shape(reply[key]) for key in same} == {
            key: shape(expected[key]) for key in same
        }
