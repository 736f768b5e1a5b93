"""Replies to commands of modules against redis-py's: the same bytes from a server that is a script, in both protocols.

The reference is redis-py's client as it is by default, which speaks RESP3 and gives what it always gave. What we give is the same with
either protocol.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from json import JSONDecoder
from typing import Any

import pytest
from support.module_replies import REPLIES, SERIES, Case, Map
from support.scripted import Scripted, call

import oxipipe
import oxipipe.asyncio
from oxipipe.asyncio import Redis as AsyncRedis

redis = pytest.importorskip("redis")

# redis-py marks old commands as deprecated, and new ones as experimental.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


@pytest.fixture(scope="module")
def scripted() -> Iterator[Scripted]:
    scripted = Scripted()
    with scripted.server:
        yield scripted


def typed(reply: Any) -> Any:
    """With the types of all parts; objects by their attributes, as far as both have them."""
    if isinstance(reply, dict):
        return "dict", {typed(key): typed(value) for key, value in reply.items()}
    if isinstance(reply, (list, tuple)):
        return type(reply).__name__, [typed(value) for value in reply]
    if isinstance(reply, set):
        return "set", sorted(map(repr, reply))
    if type(reply).__module__.startswith(("redis.", "oxipipe.")):
        own = {name: value for name, value in vars(reply).items() if name not in CLOCKS}
        return type(reply).__name__, typed(own)
    return type(reply).__name__, repr(reply)


#: How long a call took.
CLOCKS = ("duration",)

CASES = pytest.mark.parametrize("case", REPLIES, ids=repr)
DECODED = pytest.mark.parametrize("decoded", [False, True], ids=["bytes", "decoded"])


def expected(scripted: Scripted, case: Case, decoded: bool) -> Any:
    if case.ours is not None:
        return typed(case.ours(decoded))
    theirs = redis.Redis(unix_socket_path=scripted.server.path, decode_responses=decoded)
    try:
        return typed(call(theirs, case))
    finally:
        theirs.close()


@CASES
@DECODED
def test_same_reply(scripted: Scripted, case: Case, decoded: bool) -> None:
    scripted.answer(case.resp2, case.resp3)
    wanted = expected(scripted, case, decoded)
    for protocol in (2, 3):
        with oxipipe.Redis(
            unix_socket_path=scripted.server.path, protocol=protocol, decode_responses=decoded
        ) as ours:
            assert typed(call(ours, case)) == wanted, f"RESP{protocol}"
            pipeline = ours.pipeline(transaction=False)
            assert call(pipeline, case) is pipeline
            assert typed(pipeline.execute()) == ("list", [wanted])


@pytest.mark.parametrize("protocol", [2, 3])
def test_every_colour(scripted: Scripted, protocol: int) -> None:
    (case,) = (one for one in REPLIES if repr(one) == "json.numincrby('d', '$..n', 2)")
    scripted.answer(case.resp2, case.resp3)
    path = scripted.server.path

    async def in_loop() -> list[Any]:
        async with AsyncRedis(unix_socket_path=path, protocol=protocol) as client:
            pipeline = client.pipeline(transaction=False)
            call(pipeline, case)
            async with client.lease() as lease:
                leased = await call(lease, case)
            coroutine = asyncio.create_task(call(client.coro, case))
            return [await call(client, case), await coroutine, leased, *(await pipeline.execute())]

    assert asyncio.run(in_loop()) == [[3, None, 1.5]] * 4
    with oxipipe.Pool(unix_socket_path=path, protocol=protocol) as pool:
        future = call(pool, case)
        assert future.result() == [3, None, 1.5]


def test_a_decoder_is_that_of_one_object(scripted: Scripted) -> None:
    (case,) = (one for one in REPLIES if repr(one) == "json.get('d', '$.a')")
    scripted.answer(case.resp2, case.resp3)

    class Floats(JSONDecoder):
        def __init__(self) -> None:
            super().__init__(parse_int=float, parse_float=lambda text: text)

    with oxipipe.Redis(unix_socket_path=scripted.server.path) as client:
        mine = client.json(decoder=Floats())
        assert typed(mine.get("d")) == typed([[1.0, "2.5"]])
        assert typed(client.json().get("d")) == typed([[1, 2.5]])
        assert typed(client.command("json.get", "d")) == typed([[1, 2.5]])
        assert client.pipeline(False).json(decoder=Floats()).get("d").execute() == [[[1.0, "2.5"]]]


def test_an_encoder_writes_values() -> None:
    from test_command_words import Ours

    class Upper:
        def encode(self, value: Any) -> str:
            return str(value).upper()

    words: Any = Ours().json(encoder=Upper()).set("d", "$", "x")
    assert words == ("JSON.SET", "d", b"$", b"X")


@DECODED
def test_what_is_told_of_a_series(scripted: Scripted, decoded: bool) -> None:
    """redis-py finds nothing in RESP3's map if it is not decoded; what it makes of RESP2 is what is compared."""
    labels, rules = [["a", "b"]], [["d", 100, "AVG", 0]]
    resp2 = Map([*SERIES, ("labels", labels), ("rules", rules)])
    resp3 = Map([*SERIES, ("labels", Map([("a", "b")])), ("rules", Map([("d", [100, "AVG", 0])]))])
    case = Case("ts", "info('s')", resp2, resp3)
    scripted.answer(case.resp2, case.resp3)
    options: dict[str, Any] = {
        "unix_socket_path": scripted.server.path,
        "decode_responses": decoded,
    }
    theirs = redis.Redis(protocol=2, **options)
    expected = call(theirs, case)
    theirs.close()
    for protocol in (2, 3):
        with oxipipe.Redis(protocol=protocol, **options) as client:
            ours = call(client, case)
            for name, value in vars(expected).items():
                assert typed(getattr(ours, name)) == typed(value), name
            assert ours["totalSamples"] == ours.get("total_samples") == 3
            assert ours.get("none") is None


def test_nothing_of_modules_is_imported_before_it_is_asked_for() -> None:
    program = """
import sys, oxipipe
from oxipipe.commands import shapes
def loaded(): return sorted(name for name in sys.modules if name.startswith(OURS))
OURS = ("oxipipe.commands.modules", "oxipipe.commands.shapes._of_modules", "oxipipe.commands.shapes.json", "json")
shapes.resolve("GET"), shapes.resolve("CONFIG"), shapes.resolve("NOTHING.SUCH")
assert loaded() == [], loaded()
assert shapes.resolve(b"json.get") is not None
assert loaded()[-1] == "oxipipe.commands.shapes.json" and "oxipipe.commands.modules" not in loaded()
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_all_words_tell_the_shape_where_the_first_does_not() -> None:
    from oxipipe.commands.shapes import find, resolve_words

    assert resolve_words(("ft.config", "get", "*")) is find("search.config")
    assert resolve_words((b"FT.CONFIG", b"SET", "a", "b")) is find("ok")
    assert resolve_words(("FT.CONFIG", "HELP")) is None
    one, many = (resolve_words(("JSON.TYPE", "d", path)) for path in (".a", b"$.a"))
    assert one is not None and many is not None and one is not many
    assert resolve_words(("JSON.TYPE", "d")) is one
