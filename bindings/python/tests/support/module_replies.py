"""What servers with modules answer, in both protocols: `RESP2` and `RESP3` as they come, and what is expected if that is not redis-py's.

No server here has modules. The replies are written by hand, after what redis-py's parsers take.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Say(str):
    """A simple string."""


class Map(list[Any]):
    """Pairs: a map of RESP3, a flat array in RESP2."""


#: A text, told from others for those who read this.
Json = str


def wire(reply: Any, protocol: int) -> bytes:
    """A reply as a server sends it."""
    if reply is None:
        return b"_\r\n" if protocol == 3 else b"$-1\r\n"
    if isinstance(reply, bool):
        return (b"#t\r\n" if reply else b"#f\r\n") if protocol == 3 else b":%d\r\n" % reply
    if isinstance(reply, Say):
        return b"+%s\r\n" % reply.encode()
    if isinstance(reply, int):
        return b":%d\r\n" % reply
    if isinstance(reply, float):
        told = b"nan" if reply != reply else f"{reply:.17g}".encode()
        return b",%s\r\n" % told if protocol == 3 else b"$%d\r\n%s\r\n" % (len(told), told)
    if isinstance(reply, Map):
        parts = b"".join(wire(part, protocol) for pair in reply for part in pair)
        count = len(reply)
        return (b"%%%d\r\n" % count if protocol == 3 else b"*%d\r\n" % (2 * count)) + parts
    if isinstance(reply, set):
        parts = b"".join(wire(part, protocol) for part in sorted(reply))
        return (b"~%d\r\n" if protocol == 3 else b"*%d\r\n") % len(reply) + parts
    if isinstance(reply, list):
        return b"*%d\r\n" % len(reply) + b"".join(wire(part, protocol) for part in reply)
    data = reply if isinstance(reply, bytes) else reply.encode()
    return b"$%d\r\n%s\r\n" % (len(data), data)


class Case:
    """A call and the reply to it: `resp2` and `resp3` where they differ in more than the words of the protocol.

    `ours` is what we give where redis-py's default client gives something else, by whether replies are decoded.
    """

    def __init__(
        self,
        module: str,
        call: str,
        resp2: Any,
        resp3: Any = ...,
        *,
        ours: Callable[[bool], Any] | None = None,
    ) -> None:
        self.module = module
        self.call = call
        self.resp2 = resp2
        self.resp3 = resp2 if resp3 is ... else resp3
        self.ours = ours

    def __repr__(self) -> str:
        return f"{self.module}.{self.call}"


OK = Say("OK")
JSON = [
    Case("json", "get('d')", Json('{"a": [1, null, "\\u00e9"]}')),
    Case("json", "get('d')", None),
    Case("json", "get('d')", "null", ours=lambda _: None),
    Case("json", "get('d')", '"null"'),
    Case("json", "get('d', '$.a')", Json("[[1, 2.5]]")),
    Case("json", "mget(['d', 'e'], '$.a')", ["[1]", None]),
    Case("json", "arrpop('d', '.a')", Json('{"a": 1}')),
    Case("json", "arrpop('d', '$.a')", [Json('{"a": 1}'), None, "null"]),
    Case("json", "arrappend('d', '.a', 1)", 3),
    Case("json", "arrappend('d', '$.a', 1)", [3, None]),
    Case("json", "arrlen('d')", None),
    Case("json", "set('d', '$', 1)", OK),
    Case("json", "set('d', '$', 1, nx=True)", None),
    Case("json", "merge('d', '$', {'a': None})", OK),
    Case("json", "mset([('d', '$', 1)])", OK),
    Case("json", "delete('d')", 2),
    Case("json", "clear('d')", 1),
    Case("json", "numincrby('d', '.n', 2)", Json("3"), [3]),
    Case("json", "numincrby('d', '.n', 0.5)", Json("3.5"), [3.5]),
    Case("json", "numincrby('d', '$.n', 2)", Json("[3]"), [3]),
    Case("json", "numincrby('d', '$..n', 2)", Json("[3,null,1.5]"), [3, None, 1.5]),
    Case("json", "nummultby('d', '.n', 2)", Json("4"), [4]),
    Case("json", "objkeys('d')", ["a", "b"]),
    Case("json", "objkeys('d')", ["null"], ours=lambda _: ["null"]),
    Case("json", "objkeys('d')", None),
    Case("json", "objkeys('d', '$.o')", [["a", "b"], None]),
    Case("json", "type('d')", "object", ["object"]),
    Case("json", "type('d', '$.a')", ["array"], [["array"]]),
    Case("json", "type('d', '$..a')", ["array", "integer"], [["array", "integer"]]),
    Case("json", "type('d', '$.none')", [], [[]]),
    Case("json", "type('none')", None, [None]),
    Case("json", "resp('d')", ["{", "a", 1]),
    Case(
        "json",
        "resp('d', '$.a')",
        [["[", 0.5, "null", None, ["{"]]],
        # redis-py leaves what is further in as it is.
        ours=lambda _: [["[", "0.5", "null", None, ["{"]]],
    ),
    Case("json", "toggle('d')", "true"),
    Case("json", "toggle('d')", "false"),
    Case("json", "toggle('d', '$.b')", [1, None, 0]),
    Case("json", "debug('MEMORY', 'd')", 24),
    Case("json", "debug('MEMORY', 'd', '$.a')", [24, 8]),
    Case("json", "debug('HELP')", ["one", "two"]),
    Case("json", "strlen('d')", 3),
]
BF_INFO = Map(
    [
        (Say("Capacity"), 100),
        (Say("Size"), 240),
        (Say("Number of filters"), 1),
        (Say("Number of items inserted"), 0),
        (Say("Expansion rate"), None),
    ]
)
CF_INFO = Map(
    [
        (Say("Size"), 1080),
        (Say("Number of buckets"), 512),
        (Say("Number of filters"), 1),
        (Say("Number of items inserted"), 0),
        (Say("Number of items deleted"), 0),
        (Say("Bucket size"), 2),
        (Say("Expansion rate"), 1),
        (Say("Max iterations"), 20),
    ]
)
TDIGEST_INFO = Map(
    [
        (Say("Compression"), 100),
        (Say("Capacity"), 610),
        (Say("Merged nodes"), 3),
        (Say("Unmerged nodes"), 2),
        (Say("Merged weight"), 120),
        (Say("Unmerged weight"), 1000),
        (Say("Observations"), 1120),
        (Say("Total compressions"), 8),
        (Say("Memory usage"), 9768),
    ]
)
BLOOM = [
    Case("bf", "create('b', 0.1, 10)", OK),
    Case("bf", "add('b', 'x')", True),
    Case("bf", "add('b', 'x')", False),
    Case("bf", "madd('b', 'x', 'y')", [True, False]),
    Case("bf", "insert('b', ['x', 'y'])", [True, False]),
    Case("bf", "exists('b', 'x')", False),
    Case("bf", "mexists('b', 'x', 'y')", [True, False]),
    Case("bf", "scandump('b', 0)", [1, b"\xff\x00\x01"]),
    Case("bf", "scandump('b', 1)", [0, b""]),
    Case("bf", "loadchunk('b', 1, b'')", OK),
    Case("bf", "info('b')", BF_INFO),
    Case("bf", "card('b')", 3),
    Case("cf", "create('c', 10)", OK),
    Case("cf", "add('c', 'x')", True),
    Case("cf", "addnx('c', 'x')", False),
    Case("cf", "insert('c', ['x', 'y', 'z'])", [True, False, -1]),
    Case("cf", "delete('c', 'x')", True),
    Case("cf", "count('c', 'x')", 2),
    Case("cf", "scandump('c', 0)", [1, b"\xff\x00\x01"], ours=lambda _: [1, b"\xff\x00\x01"]),
    Case("cf", "info('c')", CF_INFO),
    Case("cms", "initbydim('m', 10, 5)", OK),
    Case("cms", "incrby('m', ['x'], [2])", [2]),
    Case("cms", "query('m', 'x')", [2]),
    Case("cms", "merge('m', 1, ['n'])", OK),
    Case("cms", "info('m')", Map([(Say("width"), 10), (Say("depth"), 5), (Say("count"), 2)])),
    Case("topk", "reserve('k', 3, 8, 7, 0.9)", OK),
    # Names are names, also if they look like numbers.
    Case(
        "topk",
        "add('k', 'x', 'y')",
        [None, "z", "42", "1.5", "nan", "inf"],
        ours=lambda _: [None, "z", "42", "1.5", "nan", "inf"],
    ),
    Case("topk", "add('k', 'x')", ["null"], ours=lambda _: ["null"]),
    Case("topk", "incrby('k', ['x'], [2])", [None]),
    Case("topk", "query('k', 'x', 'y')", [True, False]),
    Case("topk", "count('k', 'x')", [3]),
    Case("topk", "list('k')", ["x", "42"], ours=lambda _: ["x", "42"]),
    Case("topk", "list('k', withcount=True)", ["x", 3, "y", 2]),
    Case(
        "topk",
        "info('k')",
        Map([(Say("k"), 3), (Say("width"), 8), (Say("depth"), 7), (Say("decay"), 0.9)]),
    ),
    Case("tdigest", "create('t')", OK),
    Case("tdigest", "reset('t')", OK),
    Case("tdigest", "add('t', [1])", OK),
    Case("tdigest", "merge('t', 1, 'u')", OK),
    Case("tdigest", "min('t')", 1.5),
    Case("tdigest", "max('t')", float("nan")),
    Case("tdigest", "quantile('t', 0.5)", [1.0, 2.5, float("inf")]),
    Case("tdigest", "cdf('t', 1)", [0.5]),
    Case("tdigest", "trimmed_mean('t', 0.1, 0.9)", 3.0),
    Case("tdigest", "rank('t', 1)", [-1, 3]),
    Case("tdigest", "byrank('t', 1)", [3.0, float("inf")]),
    Case("tdigest", "byrevrank('t', 1)", [3.0, float("-inf")]),
    Case("tdigest", "info('t')", TDIGEST_INFO),
]
#: Of a series, but for its labels and rules.
SERIES = [
    ("totalSamples", 3),
    ("memoryUsage", 4184),
    ("firstTimestamp", 1),
    ("lastTimestamp", 3),
    ("retentionTime", 0),
    ("chunkCount", 1),
    ("chunkSize", 4096),
    ("chunkType", "compressed"),
    ("duplicatePolicy", None),
]
TIMESERIES = [
    Case("ts", "create('s')", OK),
    Case("ts", "alter('s')", OK),
    Case("ts", "add('s', 1, 2)", 1),
    Case("ts", "madd([('s', 1, 2)])", [1, 2]),
    Case("ts", "incrby('s', 1)", 5),
    Case("ts", "delete('s', 0, 9)", 3),
    Case("ts", "createrule('s', 'd', 'avg', 100)", OK),
    Case("ts", "deleterule('s', 'd')", OK),
    Case("ts", "range('s', '-', '+')", [[1, Say("2.5")], [2, Say("3")]], [[1, 2.5], [2, 3.0]]),
    Case("ts", "range('s', '-', '+')", [[1, Say("nan"), Say("3")]], [[1, float("nan"), 3.0]]),
    Case("ts", "range('s', '-', '+')", []),
    Case("ts", "revrange('s', '-', '+')", [[1, Say("2.5")]], [[1, 2.5]]),
    Case("ts", "read('s', 0)", [[1, Say("2.5")]], [[1, 2.5]]),
    Case("ts", "read('s', 0)", None),
    Case("ts", "nrange(['s'], 0, 9)", [[1, [Say("2.5"), Say("nan")]]], [[1, [2.5, float("nan")]]]),
    Case("ts", "nrevrange(['s'], 0, 9)", []),
    Case("ts", "get('s')", [1, Say("2.5")], [1, 2.5]),
    Case("ts", "get('s')", []),
    Case(
        "ts",
        "mget(['a=b'])",
        [["u", [["a", "b"], ["c", None]], [1, Say("2.5")]], ["s", [], []]],
        Map([("u", [Map([("a", "b"), ("c", None)]), [1, 2.5]]), ("s", [Map(), []])]),
    ),
    Case("ts", "mget(['a=b'])", [], Map()),
    Case(
        "ts",
        "mrange('-', '+', ['a=b'])",
        [["u", [["a", "b"]], [[1, Say("2.5")], [2, Say("3")]]], ["s", [], []]],
        Map(
            [
                ("u", [Map([("a", "b")]), Map([("aggregators", [])]), [[1, 2.5], [2, 3.0]]]),
                ("s", [Map(), Map([("aggregators", [])]), []]),
            ]
        ),
    ),
    Case(
        "ts",
        "mrevrange('-', '+', ['a=b'], groupby='a', reduce='max')",
        [["a=b", [["a", "b"], ["__reducer__", "max"], ["__source__", "s,u"]], [[1, Say("2.5")]]]],
        Map(
            [
                (
                    "a=b",
                    [
                        Map([("a", "b"), ("__reducer__", "max"), ("__source__", "s,u")]),
                        Map([("reducers", ["max"])]),
                        Map([("sources", ["s", "u"])]),
                        [[1, 2.5]],
                    ],
                )
            ]
        ),
    ),
    Case("ts", "queryindex(['a=b'])", ["s"], {"s"}),
    Case("ts", "queryindex(['a=b'])", ["42"], {"42"}, ours=lambda _: ["42"]),
    Case("ts", "querylabels()", ["a", "c"], {"a", "c"}),
    Case("ts", "querylabels('a')", [], set()),
]


def results(*documents: Any, total: int | None = None, warnings: Any = ()) -> Map:
    """What FT.SEARCH and FT.AGGREGATE say in RESP3."""
    found = [
        Map(
            [
                *([("id", name)] if name else []),
                *([("score", score)] if score is not None else []),
                ("extra_attributes", Map(fields)),
                ("values", []),
            ]
        )
        for name, score, fields in documents
    ]
    return Map(
        [
            ("attributes", []),
            ("warning", list(warnings)),
            ("total_results", len(documents) if total is None else total),
            ("format", "STRING"),
            ("results", found),
        ]
    )


PROFILE = [("Type", "TEXT"), ("Time", "0.5"), ("Counter", 2)]
HYBRID_ROW = [("__key", "d:1"), ("__score", "0.5")]


def loaded(_decoded: bool) -> Any:
    """redis-py cannot, if it decodes replies."""
    from oxipipe.commands.shapes.search import Document

    return Document("d", a=b"\xff")


SEARCH = [
    Case("ft", "create_index(TextField('a'))", OK),
    Case("ft", "dropindex()", OK),
    Case(
        "ft",
        "search('hello')",
        [2, "d:1", ["a", "x", "id", "9"], "d:2", ["$", '{"b": 1}']],
        results(("d:1", None, [("a", "x"), ("id", "9")]), ("d:2", None, [("$", '{"b": 1}')])),
    ),
    Case("ft", "search('hello')", [0], results()),
    Case(
        "ft",
        "search(Query('hello').with_scores())",
        [7, "d:1", "0.5", ["a", "x"]],
        results(("d:1", 0.5, [("a", "x")]), total=7),
    ),
    Case("ft", "search(Query('*').no_content())", [1, "d:1"], results(("d:1", None, []))),
    Case(
        "ft",
        "search(Query('*').return_field('v', decode_field=False).return_field('w', encoding='latin-1'))",
        [1, "d:1", ["v", b"\xff\x00", "w", b"\xe9", "x", "y"]],
        results(("d:1", None, [("v", b"\xff\x00"), ("w", b"\xe9"), ("x", "y")])),
    ),
    Case("ft", "explain('hello')", "UNION {}"),
    Case(
        "ft",
        "aggregate(AggregateRequest('*'))",
        [2, ["a", "x", "n", "1"], ["a", "y", "n", "2"]],
        results((None, None, [("a", "x"), ("n", "1")]), (None, None, [("a", "y"), ("n", "2")])),
    ),
    Case(
        "ft",
        "aggregate(AggregateRequest('*').cursor(1))",
        [[1, ["a", "x"]], 77],
        [results((None, None, [("a", "x")])), 77],
    ),
    Case(
        "ft",
        "aggregate(Cursor(77))",
        [[1, ["a", "x"]], 0],
        [results((None, None, [("a", "x")])), 0],
    ),
    Case(
        "ft",
        "profile(Query('hello'))",
        [
            [1, "d:1", ["a", "x"]],
            [["Total profile time", "0.5"], ["Iterators", [p for i in PROFILE for p in i]]],
        ],
        Map(
            [
                ("Results", results(("d:1", None, [("a", "x")]))),
                ("Profile", Map([("Total profile time", "0.5"), ("Iterators", [Map(PROFILE)])])),
            ]
        ),
    ),
    Case(
        "ft",
        "hybrid_search(HYBRID)",
        [
            "total_results",
            1,
            "results",
            [[p for i in HYBRID_ROW for p in i]],
            "warnings",
            [],
            "execution_time",
            "0.5",
        ],
        Map(
            [
                ("total_results", 1),
                ("results", [Map(HYBRID_ROW)]),
                ("warnings", []),
                ("execution_time", 0.5),
            ]
        ),
    ),
    Case(
        "ft",
        "hybrid_search(HYBRID, cursor=CURSORS)",
        ["SEARCH", 5, "VSIM", 6],
        Map([("SEARCH", 5), ("VSIM", 6), ("warnings", [])]),
    ),
    Case(
        "ft",
        "spellcheck('helo wrld')",
        [["TERM", "helo", [["0.5", "hello"], ["0", "help"]]], ["TERM", "wrld", []]],
        Map(
            [
                (
                    "results",
                    Map([("helo", [Map([("hello", 0.5)]), Map([("help", 0.0)])]), ("wrld", [])]),
                )
            ]
        ),
    ),
    Case("ft", "dict_add('d', 'x')", 1),
    Case("ft", "dict_dump('d')", ["x"], {"x"}),
    Case(
        "ft",
        "config_get('*')",
        [["TIMEOUT", "500"], ["EXTLOAD", None]],
        Map([("TIMEOUT", "500"), ("EXTLOAD", None)]),
    ),
    Case("ft", "config_set('TIMEOUT', '1')", OK, ours=lambda _: True),
    Case("ft", "tagvals('a')", ["x"], {"x"}),
    Case("ft", "aliasadd('x')", OK),
    Case("ft", "aliaslist()", ["x", "y"], {"x", "y"}),
    Case("ft", "suglen('k')", 3),
    Case("ft", "sugget('k', 'x')", ["xa", "xb"]),
    Case("ft", "sugget('k', 'x')", []),
    Case("ft", "sugget('k', 'x')", None),
    Case("ft", "sugget('k', 'x', with_scores=True)", ["xa", "0.5"], ["xa", 0.5]),
    Case(
        "ft",
        "sugget('k', 'x', with_scores=True, with_payloads=True)",
        ["xa", "0.5", "p"],
        ["xa", 0.5, "p"],
    ),
    Case("ft", "synupdate('g', False, 'x')", OK),
    Case("ft", "syndump()", ["x", ["g", "h"]], Map([("x", ["g", "h"])])),
    Case(
        "ft",
        "info()",
        [
            *("index_name", "42", "index_options", ["NOFREQS"]),
            *("index_definition", ["key_type", "HASH", "prefixes", ["d:"], "default_score", "1"]),
            *(
                "attributes",
                [["identifier", "a", "attribute", "a", "type", "TEXT", "WEIGHT", "1", "SORTABLE"]],
            ),
            *("num_docs", "3", "inverted_sz_mb", "0.25"),
            *("gc_stats", ["bytes_collected", "0", "total_cycles", "1.5"]),
            *("Index Errors", ["indexing failures", 0, "last indexing error", "N/A"]),
        ],
        Map(
            [
                ("index_name", "42"),
                ("index_options", ["NOFREQS"]),
                (
                    "index_definition",
                    Map([("key_type", "HASH"), ("prefixes", ["d:"]), ("default_score", 1)]),
                ),
                (
                    "attributes",
                    [
                        Map(
                            [
                                ("identifier", "a"),
                                ("attribute", "a"),
                                ("type", "TEXT"),
                                ("WEIGHT", "1"),
                                ("flags", ["SORTABLE"]),
                            ]
                        )
                    ],
                ),
                ("num_docs", 3),
                ("inverted_sz_mb", 0.25),
                ("gc_stats", Map([("bytes_collected", 0), ("total_cycles", 1.5)])),
                ("Index Errors", Map([("indexing failures", 0), ("last indexing error", "N/A")])),
            ]
        ),
    ),
    Case("ft", "load_document('d')", Map([("a", "x"), ("id", "9")])),
    Case(
        "ft", "load_document('d', field_encodings={'a': None})", Map([("a", b"\xff")]), ours=loaded
    ),
]
REPLIES = [*JSON, *BLOOM, *TIMESERIES, *SEARCH]
