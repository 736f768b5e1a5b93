"""What is built of `oxipipe.search` says the same words as what is built in the same way of redis-py's classes."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from test_command_words import Ours, encoded

from oxipipe import search as ours
from oxipipe.commands.modules import taken
from oxipipe.commands.shapes import find
from oxipipe.exceptions import DataError

pytest.importorskip("redis")

# redis-py marks new classes as experimental.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def _theirs() -> Any:
    from redis.commands.search import (
        aggregation,
        field,
        hybrid_query,
        index_definition,
        query,
        reducers,
        suggestion,
    )

    modules = (aggregation, field, hybrid_query, index_definition, query, suggestion)
    names = {k: v for module in modules for k, v in vars(module).items()}
    return SimpleNamespace(**{**names, "reducers": reducers})


theirs = _theirs()

Build = Callable[[Any], Any]


def words(made: Any) -> list[bytes]:
    for name in ("redis_args", "get_args", "build_args"):
        if hasattr(made, name):
            return encoded(tuple(getattr(made, name)()))
    return encoded(tuple(made.args))


def subsets(steps: list[Build], most: int) -> Iterator[tuple[Build, ...]]:
    for count in range(most + 1):
        yield from itertools.permutations(steps, count)


def same(build: Build) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert words(build(ours)) == words(build(theirs))


OPTIONS: list[dict[str, Any]] = [
    {"sortable": True},
    {"no_index": True, "sortable": True},
    {"index_missing": True},
    {"index_empty": True},
    {"as_name": "alias"},
]


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("TextField", {"weight": 5.0}),
        ("TextField", {"no_stem": True, "withsuffixtrie": True}),
        ("TextField", {"phonetic_matcher": "dm:en"}),
        ("NumericField", {}),
        ("GeoField", {}),
        ("GeoShapeField", {}),
        ("GeoShapeField", {"coord_system": "FLAT"}),
        ("TagField", {}),
        ("TagField", {"separator": ";", "case_sensitive": True, "withsuffixtrie": True}),
        ("VectorField", {"algorithm": "hnsw", "attributes": {"TYPE": "FLOAT32", "DIM": 2}}),
    ],
)
def test_fields(kind: str, own: dict[str, Any]) -> None:
    of_vectors = [each for each in OPTIONS if "sortable" not in each]
    options = of_vectors if kind == "VectorField" else OPTIONS
    for count in range(len(options) + 1):
        for chosen in itertools.combinations(options, count):
            given = {k: v for each in chosen for k, v in each.items()}
            same(lambda of, given=given: getattr(of, kind)("name", **own, **given))  # type: ignore[misc]


def test_definitions() -> None:
    values: dict[str, list[Any]] = {
        "prefix": [[], ["a:", "b:"], ("a:",)],
        "filter": [None, "@x==1"],
        "language_field": [None, "l"],
        "language": [None, "german"],
        "score_field": [None, "s"],
        "score": [1.0, None, 0.5],
        "payload_field": [None, "p"],
    }
    for chosen in itertools.product(*values.values()):
        given = dict(zip(values, chosen, strict=True))
        for kind in ("", "HASH", "JSON"):
            same(
                lambda of, given=given, kind=kind: of.IndexDefinition(  # type: ignore[misc]
                    **given, **({"index_type": of.IndexType[kind]} if kind else {})
                )
            )


QUERIES: list[Build] = [
    lambda q: q.no_content(),
    lambda q: q.with_scores().with_payloads(),
    lambda q: q.verbatim().no_stopwords().in_order(),
    lambda q: q.paging(5, 7),
    lambda q: q.limit_ids("a", "b"),
    lambda q: q.limit_fields("f", "g"),
    lambda q: q.return_fields("a", "b"),
    lambda q: q.return_field("a", "b", decode_field=False).return_field("c", encoding="latin-1"),
    lambda q: q.slop(0).timeout(100).scorer("BM25STD"),
    lambda q: q.sort_by("a", asc=False),
    lambda q: q.language("german").expander("x"),
    lambda q: q.dialect(0),
    lambda q: q.summarize(),
    lambda q: q.summarize("a", 5, 2, "..").highlight("a", ("<b>", "</b>")),
    lambda q: q.highlight(["a", "b"]).summarize(["a", "b"], num_frags=0),
]


def applied(made: Any, steps: tuple[Build, ...]) -> Any:
    for step in steps:
        assert step(made) is made
    return made


def test_queries() -> None:
    for steps in subsets(QUERIES, 3):
        made = [applied(of.Query("hello @a:é"), steps) for of in (ours, theirs)]
        assert words(made[0]) == words(made[1])
        assert made[0]._return_fields_decode_as == made[1]._return_fields_decode_as
        assert made[0].query_string() == "hello @a:é"


def test_filters() -> None:
    for flags in itertools.product((True, False), repeat=2):
        same(lambda of, flags=flags: of.NumericFilter("n", 1, of.NumericFilter.INF, *flags))  # type: ignore[misc]
    for unit in ("METERS", "MILES"):
        same(lambda of, unit=unit: of.GeoFilter("g", 1.5, 2, 3, getattr(of.GeoFilter, unit)))  # type: ignore[misc]
    same(lambda of: of.GeoFilter("g", 1.5, 2, 3))
    same(lambda of: of.HybridFilter("@a:[1 2]"))
    same(
        lambda of: (
            of.Query("x")
            .add_filter(of.NumericFilter("n", 1, 2))
            .add_filter(of.GeoFilter("g", 1, 2, 3))
        )
    )


REDUCERS: list[Build] = [
    lambda of: of.reducers.count(),
    lambda of: of.reducers.count().alias("n"),
    *(
        lambda of, name=name: getattr(of.reducers, name)("@f").alias(of.FIELDNAME)
        for name in "sum min max avg tolist count_distinct count_distinctish stddev".split()
    ),
    lambda of: of.reducers.quantile("@f", 0.5).alias("q"),
    lambda of: of.reducers.first_value("@f"),
    lambda of: of.reducers.first_value("@f", of.Desc).alias(of.FIELDNAME),
    lambda of: of.reducers.first_value("@f", of.Asc("@a"), of.Desc("@b")),
    lambda of: of.reducers.random_sample("@f", 3),
    lambda of: of.reducers.collect(),
    lambda of: of.reducers.collect("a", distinct=True, sort_by=of.Desc("a"), limit=(0, 3)),
    lambda of: of.reducers.collect(["a", "@b"], sort_by=[of.Asc("@a"), of.Desc("b")]).alias("c"),
]


def test_reducers() -> None:
    for few in subsets(REDUCERS, 2):
        same(
            lambda of, few=few: of.AggregateRequest().group_by("@g", *(each(of) for each in few))  # type: ignore[misc]
        )


AGGREGATIONS: list[Callable[[Any, Any], Any]] = [
    lambda of, r: r.load("@a", "@b"),
    lambda of, r: r.load(),
    lambda of, r: r.group_by(["@a", "@b"], of.reducers.count()),
    lambda of, r: r.group_by([]),
    lambda of, r: r.apply(x="sqrt(@a)", y="1"),
    lambda of, r: r.limit(0, 0),
    lambda of, r: r.limit(2, 3),
    lambda of, r: r.sort_by("@a", of.Desc("@b"), max=10),
    lambda of, r: r.sort_by(of.Asc("@b")),
    lambda of, r: r.filter("@a > 1").filter(["@b > 1", "@c > 1"]),
    lambda of, r: r.with_schema().verbatim(),
    lambda of, r: r.add_scores().scorer("BM25STD"),
    lambda of, r: r.scorer(""),
    lambda of, r: r.cursor(),
    lambda of, r: r.cursor(10, 5),
    lambda of, r: r.dialect(0),
]


def test_aggregations() -> None:
    for count in range(4):
        for steps in itertools.permutations(AGGREGATIONS, count):
            made = []
            for of in (ours, theirs):
                request = of.AggregateRequest("@a:b")
                for step in steps:
                    assert step(of, request) is request
                made.append(words(request))
            assert made[0] == made[1]
    same(lambda of: of.AggregateRequest())
    assert ours.AggregateRequest().cursor(max_idle=0.25).build_args()[3:6] == [
        "WITHCURSOR",
        "MAXIDLE",
        "250",
    ]
    for idle, rows in itertools.product((0, 100), (0, 5)):
        cursors: list[Any] = [of.Cursor(7) for of in (ours, theirs)]
        for cursor in cursors:
            cursor.max_idle, cursor.count = idle, rows
        assert words(cursors[0]) == words(cursors[1])


def test_hybrid_queries() -> None:
    same(lambda of: of.HybridSearchQuery("hello"))
    same(lambda of: of.HybridSearchQuery("hello", "BM25STD", "s"))
    same(lambda of: of.HybridSearchQuery("hello").scorer("TFIDF").yield_score_as("s"))
    for method, parameters in (
        ("KNN", {"K": 3, "EF_RUNTIME": 10}),
        ("RANGE", {"RADIUS": 0.5}),
        ("KNN", {}),
    ):
        same(
            lambda of, m=method, p=parameters: (  # type: ignore[misc]
                of.HybridVsimQuery(
                    "@v", b"\xff\x00", of.VectorSearchMethods[m], p, yield_score_as="s"
                )
            )
        )
        same(
            lambda of, m=method, p=parameters: (  # type: ignore[misc]
                of.HybridVsimQuery("@v", "$v")
                .vsim_method_params(of.VectorSearchMethods[m], **p)
                .filter(of.HybridFilter("@a:b"))
                .yield_score_as("s")
            )
        )
    same(lambda of: of.HybridQuery(of.HybridSearchQuery("x"), of.HybridVsimQuery("@v", b"\0")))
    for name in ("RRF", "LINEAR"):
        same(lambda of, n=name: of.CombineResultsMethod(of.CombinationMethods[n]))  # type: ignore[misc]
        same(
            lambda of, n=name: (  # type: ignore[misc]
                of.CombineResultsMethod(of.CombinationMethods[n], WINDOW=3, CONSTANT=0.5)
            )
        )
    for count, idle in itertools.product((0, 5), (0, 10)):
        same(lambda of, c=count, i=idle: of.HybridCursorQuery(c, i))  # type: ignore[misc]


PROCESSING: list[Callable[[Any, Any], Any]] = [
    lambda of, p: p.load(),
    lambda of, p: p.load("@a", "@b AS c"),
    lambda of, p: p.load("@d AS e", "@f", decode_field=True, encoding="latin-1"),
    lambda of, p: p.group_by("@a", of.reducers.count().alias("n")),
    lambda of, p: p.group_by(["@a", "@b"]),
    lambda of, p: p.apply(x="@a + 1"),
    lambda of, p: p.sort_by(of.SortbyField("@a"), of.SortbyField("@b", asc=False)),
    lambda of, p: p.filter(of.HybridFilter("@x > 1")),
    lambda of, p: p.limit(0, 5),
]


def test_what_is_made_of_hybrid_results() -> None:
    for count in range(4):
        for steps in itertools.permutations(PROCESSING, count):
            made: list[Any] = []
            for of in (ours, theirs):
                processing = of.HybridPostProcessingConfig()
                for step in steps:
                    assert step(of, processing) is processing
                made.append(processing)
            assert words(made[0]) == words(made[1])
            assert made[0]._return_fields_decode_as == made[1]._return_fields_decode_as


def test_loaded_fields_are_decoded_if_that_is_wanted() -> None:
    processing = (
        ours.HybridPostProcessingConfig().load("@a", "@b AS c", decode_field=True).load("@d")
    )
    item = [b"a", b"x", b"c", b"\xc3\xa9", b"d", b"\xff", b"e", b"y"]
    shaped = find("search.hybrid")(None, processing)([b"total_results", 1, b"results", [item]])
    assert shaped.results == [{"a": "x", "c": "é", "d": b"\xff", "e": b"y"}]


def test_commands_take_them() -> None:
    def sent(of: Any) -> list[list[bytes]]:
        ft: Any = Ours().ft("index")
        vector = of.HybridVsimQuery("@v", b"\xff")
        return [
            encoded(each)
            for each in (
                ft.create_index(
                    [of.TextField("a"), of.TagField("b")],
                    definition=of.IndexDefinition(["a:"], index_type=of.IndexType.JSON),
                ),
                ft.alter_schema_add(of.NumericField("c")),
                ft.search(of.Query("x").paging(0, 5), {"v": b"\xff"}),
                ft.explain(of.Query("x")),
                ft.aggregate(of.AggregateRequest("x").load()),
                ft.aggregate(of.Cursor(3)),
                ft.profile(of.Query("x")),
                ft.profile(of.AggregateRequest()),
                ft.sugadd("k", of.Suggestion("x", 0.5, "y")),
                ft.hybrid_search(
                    of.HybridQuery(of.HybridSearchQuery("x"), vector),
                    of.CombineResultsMethod(of.CombinationMethods.RRF, WINDOW=3),
                    of.HybridPostProcessingConfig().load("@a"),
                    cursor=of.HybridCursorQuery(5),
                ),
            )
        ]

    assert sent(ours) == sent(theirs)


def test_they_are_what_commands_say_that_they_take() -> None:
    field: taken.Field = ours.TextField("a")
    query: taken.Query = ours.Query("x")
    aggregation: taken.Aggregation = ours.AggregateRequest()
    cursor: taken.Cursor = ours.Cursor(1)
    definition: taken.Definition = ours.IndexDefinition()
    suggestion: taken.Suggested = ours.Suggestion("x")
    assert isinstance(field, taken.Field) and isinstance(query, taken.Query)
    assert isinstance(aggregation, taken.Arguments) and isinstance(cursor, taken.Cursor)
    assert isinstance(definition, taken.Definition) and isinstance(suggestion, taken.Suggested)


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda: ours.NumericField("a", no_index=True), "no_index"),
        (lambda: ours.TextField("a", phonetic_matcher="dm:xx"), "phonetic_matcher"),
        (lambda: ours.VectorField("a", "nearest", {}), "algorithm"),
        (lambda: ours.VectorField("a", "FLAT", {}, sortable=True), "sortable"),
        (lambda: ours.IndexDefinition(index_type="HASH"), "index_type"),  # type: ignore[arg-type]
        (lambda: ours.Query("x").add_filter("y"), "flt"),  # type: ignore[arg-type]
        (lambda: ours.reducers.count().alias(ours.FIELDNAME), "alias"),
        (lambda: ours.reducers.collect([]), "fields"),
        (lambda: ours.reducers.collect(" "), "fields"),
        (lambda: ours.reducers.collect(sort_by=[]), "sort_by"),
    ],
)
def test_what_cannot_be_is_refused(build: Callable[[], object], name: str) -> None:
    with pytest.raises(DataError, match=name):
        build()


def test_all_names_exist() -> None:
    assert all(getattr(ours, name) is not None for name in ours.__all__)
    assert "Text" in repr(ours.TextField("a"))
    assert repr(ours.FIELDNAME) == "FIELDNAME"
