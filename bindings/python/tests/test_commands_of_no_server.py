"""Commands that no server here has: the words of those that redis-py does not send either, and the replies of all, from a script.

The forms of the replies are those that `tools/commands/published` and `ledger.toml` name the sources of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from support.command_cases import AGGREGATE, LATER, PREDICATE
from support.descriptions import UNSEEN
from support.module_replies import Map, Say
from support.scripted import Scripted
from test_command_words import Ours, encoded

import oxipipe
import oxipipe.asyncio
from oxipipe.typing import HotkeysMetricsTypes

redis = pytest.importorskip("redis")

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Call to experimental:UserWarning"),
]

WORDS = {
    "backup_abort()": "BACKUP ABORT",
    "backup_cleanup()": "BACKUP CLEANUP",
    "backup_list()": "BACKUP LIST",
    "backup_seal()": "BACKUP SEAL",
    "backup_start()": "BACKUP START",
    "backup_status()": "BACKUP STATUS",
    "bitrangeintarray('k', 0, -1)": "BITRANGEINTARRAY k 0 -1",
    "bitrangeintarray('k', 0, 9, 'BIT', limit=3, zeros=True)": "BITRANGEINTARRAY k 0 9 BIT LIMIT 3 ZEROS",
    "bless_clear('k')": "BLESS CLEAR k NO-EVICT",
    "bless_get('k')": "BLESS GET k",
    "bless_scan()": "BLESS SCAN 0 NO-EVICT",
    "bless_scan(7, count=5)": "BLESS SCAN 7 NO-EVICT COUNT 5",
    "bless_set('k')": "BLESS SET k NO-EVICT",
    "bzmove('a', 'b', 'MAX', 0.5, count=2)": "BZMOVE a b MAX 0.5 COUNT 2",
    "cluster_migration_cancel()": "CLUSTER MIGRATION CANCEL ALL",
    "cluster_migration_cancel('i')": "CLUSTER MIGRATION CANCEL ID i",
    "cluster_migration_import(0, 1, 5, 9)": "CLUSTER MIGRATION IMPORT 0 1 5 9",
    "cluster_migration_status()": "CLUSTER MIGRATION STATUS ALL",
    "cluster_migration_status('i')": "CLUSTER MIGRATION STATUS ID i",
    "saddex('k', 'a', 'b')": "SADDEX k MEMBERS 2 a b",
    "saddex('k', 'a', mnx=True, ex=5)": "SADDEX k MNX EX 5 MEMBERS 1 a",
    "saddex('k', 'a', mxx=True, px=5)": "SADDEX k MXX PX 5 MEMBERS 1 a",
    "saddex('k', 'a', exat=5)": "SADDEX k EXAT 5 MEMBERS 1 a",
    "saddex('k', 'a', pxat=5)": "SADDEX k PXAT 5 MEMBERS 1 a",
    "saddex('k', 'a', keepttl=True)": "SADDEX k KEEPTTL MEMBERS 1 a",
    "sentinel_config_get()": "SENTINEL CONFIG GET *",
    "sentinel_config_set('a', 'b')": "SENTINEL CONFIG SET a b",
    "sentinel_get_primary_addr_by_name('m')": "SENTINEL GET-PRIMARY-ADDR-BY-NAME m",
    "sentinel_myid()": "SENTINEL MYID",
    "sentinel_primaries()": "SENTINEL PRIMARIES",
    "sentinel_primary('m')": "SENTINEL PRIMARY m",
    "sentinel_replicas('m')": "SENTINEL REPLICAS m",
    "sexpire('k', 5, 'a', 'b', nx=True)": "SEXPIRE k 5 NX MEMBERS 2 a b",
    "spexpire('k', 5, 'a', xx=True)": "SPEXPIRE k 5 XX MEMBERS 1 a",
    "sexpireat('k', 5, 'a', gt=True)": "SEXPIREAT k 5 GT MEMBERS 1 a",
    "spexpireat('k', 5, 'a', lt=True)": "SPEXPIREAT k 5 LT MEMBERS 1 a",
    "sexpiretime('k', 'a', 'b')": "SEXPIRETIME k MEMBERS 2 a b",
    "spexpiretime('k', 'a')": "SPEXPIRETIME k MEMBERS 1 a",
    "spersist('k', 'a')": "SPERSIST k MEMBERS 1 a",
    "sttl('k', 'a')": "STTL k MEMBERS 1 a",
    "spttl('k', 'a')": "SPTTL k MEMBERS 1 a",
    "zmove('a', 'b', 'MIN')": "ZMOVE a b MIN",
    "zmove('a', 'b', min=1, max='(3', count=2)": "ZMOVE a b BYSCORE 1 (3 COUNT 2",
    "zmovemember('a', 'b', 'm', 'n', nx=True)": "ZMOVEMEMBER a b NX MEMBERS 2 m n",
    "zmovemember('a', 'b', 'm', xx=True)": "ZMOVEMEMBER a b XX MEMBERS 1 m",
}

OK = Say("OK")
TASK = Map([("id", "i"), ("slots", "0-5"), ("state", "completed"), ("retries", 0)])
MASTER = Map(
    [("name", "m"), ("ip", "127.0.0.1"), ("port", "1"), ("flags", "master"), ("quorum", "2")]
)
HOT = [Map([("tracking-active", 1), ("by-cpu-time-us", ["k", 3])])]
INFO = Map([("count", 2), ("len", 8), ("avg-dense-fill", 0.5)])

#: The call, the server's reply, and what becomes of it: where that is `...`, the reply as it comes.
REPLIES: list[tuple[str, Any, Any]] = [
    ("arcount('k')", 2, ...),
    ("ardel('k', 0)", 1, ...),
    ("ardelrange('k', (0, 9))", 1, ...),
    ("arget('k', 0)", "a", ...),
    ("arget('k', 0)", None, ...),
    ("argetrange('k', 0, 1)", ["a", None], ...),
    ("argrep('k', 0, 9, [(PREDICATE.EXACT, 'a')])", [0, 7], ...),
    ("argrep('k', 0, 9, [(PREDICATE.EXACT, 'a')], withvalues=True)", [[0, "a"]], ...),
    ("arinfo('k')", INFO, {"count": 2, "len": 8, "avg-dense-fill": 0.5}),
    ("arinsert('k', 'a')", 3, ...),
    ("arlastitems('k', 2)", ["a", None], ...),
    ("arlen('k')", 8, ...),
    ("armget('k', 0, 9)", ["a", None], ...),
    ("armset('k', {0: 'a'})", 1, ...),
    ("arnext('k')", 4, ...),
    ("arnext('k')", None, ...),
    ("arop('k', 0, 9, AGGREGATE.SUM)", "1.5", ...),
    ("arop('k', 0, 9, AGGREGATE.MATCH, 'a')", 2, ...),
    ("arring('k', 3, 'a')", 0, ...),
    ("arscan('k', 0, 9)", [[0, "a"], [7, "b"]], ...),
    ("arseek('k', 7)", 1, ...),
    ("arset('k', 0, 'a')", 1, ...),
    ("backup_abort()", OK, True),
    ("backup_cleanup()", OK, True),
    ("backup_list()", ["/a", "/b"], ...),
    ("backup_seal()", OK, True),
    ("backup_start()", OK, True),
    (
        "backup_status()",
        Map([("state", "idle"), ("start_time", 0)]),
        {b"state": b"idle", b"start_time": 0},
    ),
    ("bitrangeintarray('k', 0, -1)", [1, 9], ...),
    ("bless_clear('k')", 1, True),
    ("bless_get('k')", ["NO-EVICT"], ...),
    ("bless_get('k')", [], ...),
    ("bless_scan()", ["7", ["k"]], (7, [b"k"])),
    ("bless_set('k')", 0, False),
    ("blmovem('a', 'b', 1)", ["x"], ...),
    ("blmovem('a', 'b', 1)", None, ...),
    ("bzmove('a', 'b', 'MIN', 1)", None, ...),
    ("cluster_migration_cancel()", 2, ...),
    ("cluster_migration_import(0, 5)", "i", ...),
    (
        "cluster_migration_status()",
        [TASK],
        [{b"id": b"i", b"slots": b"0-5", b"state": b"completed", b"retries": 0}],
    ),
    ("delex('k')", 1, ...),
    ("digest('k')", "b6acb9d84a38ff74", ...),
    ("digest('k')", None, ...),
    ("hotkeys_get()", HOT, [{b"tracking-active": 1, b"by-cpu-time-us": [b"k", 3]}]),
    ("hotkeys_get()", None, ...),
    ("hotkeys_reset()", OK, b"OK"),
    ("hotkeys_start([HotkeysMetricsTypes.CPU])", OK, b"OK"),
    ("hotkeys_stop()", OK, b"OK"),
    ("increx('k')", [5, 1], ...),
    ("increx('k', byfloat=0.5)", [1.5, 0.5], [1.5, 0.5]),
    ("lmovem('a', 'b')", ["x"], ...),
    ("lmovem('a', 'b')", None, ...),
    ("saddex('k', 'a')", 1, ...),
    ("sdiffcard(1, ['k'])", 2, ...),
    ("sentinel_ckquorum('m')", Say("OK 1 usable Sentinels"), True),
    ("sentinel_config_get('*')", Map([("announce-port", "0")]), {"announce-port": "0"}),
    ("sentinel_config_set('announce-port', '0')", OK, True),
    ("sentinel_failover('m')", OK, True),
    ("sentinel_flushconfig()", OK, True),
    ("sentinel_get_master_addr_by_name('m')", ["127.0.0.1", "1"], (b"127.0.0.1", 1)),
    ("sentinel_get_primary_addr_by_name('m')", ["127.0.0.1", "1"], (b"127.0.0.1", 1)),
    ("sentinel_master('m')", MASTER, {"name": "m", "port": 1, "quorum": 2, "is_master": True}),
    ("sentinel_primary('m')", MASTER, {"name": "m", "port": 1, "quorum": 2, "is_master": True}),
    ("sentinel_masters()['m']", [MASTER], {"name": "m", "port": 1, "quorum": 2, "is_master": True}),
    ("sentinel_primaries()['m']", [MASTER], {"name": "m", "port": 1, "is_sdown": False}),
    ("sentinel_monitor('m', '127.0.0.1', 1, 2)", OK, True),
    ("sentinel_myid()", "i", ...),
    ("sentinel_remove('m')", OK, True),
    ("sentinel_replicas('m')[0]", [MASTER], {"name": "m", "port": 1}),
    ("sentinel_reset('*')", 1, True),
    ("sentinel_sentinels('m')[0]", [MASTER], {"name": "m", "port": 1}),
    ("sentinel_set('m', 'quorum', 2)", OK, True),
    ("sentinel_slaves('m')[0]", [MASTER], {"name": "m", "port": 1}),
    *((f"{name}('k', 5, 'a', 'b')", [1, -2], ...) for name in ("sexpire", "spexpire")),
    *((f"{name}('k', LATER, 'a')", [2], ...) for name in ("sexpireat", "spexpireat")),
    *(
        (f"{name}('k', 'a', 'b')", [5, -1], ...)
        for name in ("sexpiretime", "spexpiretime", "sttl", "spttl", "spersist")
    ),
    ("sunioncard(1, ['k'])", 2, ...),
    ("vrange('k', '-', '+')", ["a", "b"], ...),
    ("xcfgset('k', 100)", OK, b"OK"),
    ("xnack('k', 'g', 'FAIL', '1-1')", 1, ...),
    ("zmove('a', 'b', 'MIN')", [["m", 1.5]], ...),
    ("zmove('a', 'b', 'MIN')", None, ...),
    ("zmovemember('a', 'b', 'm')", ["m"], ...),
]
NAMES = {
    "AGGREGATE": AGGREGATE,
    "HotkeysMetricsTypes": HotkeysMetricsTypes,
    "LATER": LATER,
    "PREDICATE": PREDICATE,
}


def call(client: Any, line: str) -> Any:
    return eval(f"client.{line}", {**NAMES, "client": client})


def method(line: str) -> str:
    return line.partition("(")[0]


@pytest.mark.parametrize(("line", "words"), WORDS.items())
def test_words(line: str, words: str) -> None:
    assert encoded(call(Ours(), line)) == words.encode().split()


def test_what_no_server_has_is_compared() -> None:
    assert {method(line) for line, _, _ in REPLIES} == UNSEEN
    of_redis_py = {name for name in UNSEEN if hasattr(redis.Redis, name) or name == "vrange"}
    assert UNSEEN - of_redis_py == {method(line) for line in WORDS}


@pytest.fixture(scope="module")
def scripted() -> Iterator[Scripted]:
    scripted = Scripted()
    with scripted.server:
        yield scripted


def raw(reply: Any, protocol: int) -> Any:
    """As it is without a shape."""
    if isinstance(reply, float) and protocol == 2:
        return f"{reply:.17g}".encode()
    if isinstance(reply, list):
        return [raw(part, protocol) for part in reply]
    return reply.encode() if isinstance(reply, str) else reply


def is_as(reply: Any, wanted: Any) -> bool:
    """Equal, or of long descriptions these parts; the types are the same, too."""
    if isinstance(wanted, dict):
        return all(is_as(reply[key], value) for key, value in wanted.items())
    return type(reply) is type(wanted) and reply == wanted


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize(("line", "reply", "expected"), REPLIES, ids=lambda value: str(value)[:40])
def test_replies(scripted: Scripted, line: str, reply: Any, expected: Any, protocol: int) -> None:
    scripted.answer(reply, reply)
    wanted = raw(reply, protocol) if expected is ... else expected
    path = scripted.server.path
    with oxipipe.Redis(unix_socket_path=path, protocol=protocol) as client:
        assert is_as(call(client, line), wanted)
        if line.endswith(")"):
            pipeline = client.pipeline(transaction=False)
            assert call(pipeline, line) is pipeline
            (piped,) = pipeline.execute()
            assert is_as(piped, wanted)

            async def in_loop() -> Any:
                async with oxipipe.asyncio.Redis(
                    unix_socket_path=path, protocol=protocol
                ) as loop_client:
                    return await call(loop_client, line)

            assert is_as(asyncio.run(in_loop()), wanted)
            with oxipipe.Pool(unix_socket_path=path, protocol=protocol) as pool:
                assert is_as(call(pool, line).result(), wanted)
