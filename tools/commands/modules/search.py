"""Commands on indexes. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821

from oxipipe.commands.modules.taken import (
    Aggregation,
    Arguments,
    Cursor,
    Definition,
    Field,
    Query,
    Suggested,
)
from oxipipe.commands.shapes.search import (
    AggregateResult,
    Document,
    HybridCursorResult,
    HybridResult,
    ProfileInformation,
    Result,
    Suggestion,
)


@group("ft", theirs="redis.commands.search.Search", base="oxipipe.commands.modules._search.Index")
class Search:
    """Commands on one index, and on the dictionaries and suggestions beside it.

    Queries, fields, aggregations and the like are objects that tell their words as redis-py's classes do, such as `Query` with
    `get_args` and `AggregateRequest` with `build_args`.
    """

    @command(
        "FT.CREATE",
        examples=[
            "create_index([TextField('a', weight=5.0), NumericField('b', sortable=True)])",
            "create_index(TextField('a'))",
            "create_index([TagField('a')], True, True, ['the', 'a'], IndexDefinition(prefix=['d:'], score=0.5))",
            "create_index([TagField('a')], stopwords=[], max_text_fields=True, temporary=60, no_highlight=True,"
            " no_term_frequencies=True, skip_initial_scan=True)",
        ],
    )
    def create_index(
        fields: Field | Iterable[Field],
        no_term_offsets: bool = False,
        no_field_flags: bool = False,
        stopwords: Sequence[str] | None = None,
        definition: Definition | None = None,
        max_text_fields: bool = False,
        temporary: int | None = None,
        no_highlight: bool = False,
        no_term_frequencies: bool = False,
        skip_initial_scan: bool = False,
    ) -> T:
        """Make the index, of one field or several, for the keys that `definition` tells.

        `temporary`: the index goes when nobody has used it for that many seconds. `stopwords` are not indexed. `no_`: what is left out
        of the index to make it smaller.
        """
        words = [self.index_name, *(map(word, definition.args) if definition is not None else ())]
        words += words_of(MAXTEXTFIELDS=max_text_fields)
        if temporary is not None:
            words += (b"TEMPORARY", temporary)
        words += words_of(NOOFFSETS=no_term_offsets, NOHL=no_highlight, NOFIELDS=no_field_flags)
        words += words_of(NOFREQS=no_term_frequencies, SKIPINITIALSCAN=skip_initial_scan)
        if stopwords is not None:
            words += (b"STOPWORDS", len(stopwords), *map(word, stopwords))
        return [*words, b"SCHEMA", *self._fields(fields)]

    @command(
        "FT.ALTER",
        examples=[
            "alter_schema_add(TextField('a'))",
            "alter_schema_add([TextField('a'), TagField('b')])",
        ],
    )
    def alter_schema_add(fields: Field | Iterable[Field]) -> T:
        """Add one field or several to the index."""
        return [self.index_name, b"SCHEMA", b"ADD", *self._fields(fields)]

    @command("FT.DROPINDEX", examples=["dropindex()", "dropindex(delete_documents=True)"])
    def dropindex(delete_documents: bool = False) -> T:
        """Remove the index, and also the documents in it if wanted."""
        return [self.index_name, *words_of(DD=delete_documents)]

    @command(
        "HGETALL",
        shape="search.loaded(id, field_encodings)",
        is_own_shape=True,
        examples=["load_document('d')", "load_document('d', field_encodings={'v': None})"],
    )
    def load_document(
        id: KeyT, field_encodings: Mapping[str, str | None] | None = None
    ) -> Document:
        """All fields of a document, which is a hash: text, or as `field_encodings` says, in which None is for bytes."""
        return [id]

    @command("FT.INFO", shape="search.info", examples=["info()"])
    def info() -> dict[str, Any]:
        """What the server tells of the index."""
        return [self.index_name]

    @command(
        "FT.SEARCH",
        shape="search.found(query)",
        is_own_shape=True,
        examples=[
            "search('hello')",
            "search(Query('@a:é').with_scores().paging(5, 10).return_fields('a'), {'v': b'\\xff', 'n': 1})",
            "search(Query('*').no_content().sort_by('a'), query_params={})",
        ],
    )
    def search(query: str | Query, query_params: Mapping[str, EncodableT] | None = None) -> Result:
        """The documents that fit a query, in which `$name` stands for a parameter."""
        return [self.index_name, *self._query(query), *self._params(query_params)]

    @command("FT.EXPLAIN", examples=["explain('hello')", "explain(Query('$a'), {'a': 1})"])
    def explain(query: str | Query, query_params: Mapping[str, EncodableT] | None = None) -> T:
        """How the server would execute a query, as text for people."""
        return [self.index_name, *self._query(query), *self._params(query_params)]

    @command(
        "FT.HYBRID",
        shape="search.hybrid(cursor, post_processing)",
        is_own_shape=True,
        returns_if={"cursor": "HybridCursorResult", "else": "HybridResult"},
        examples=[
            "hybrid_search(HYBRID)",
            "hybrid_search(HYBRID, COMBINED, PROCESSED, {'v': b'\\xff'}, 10, CURSORS)",
        ],
    )
    def hybrid_search(
        query: Query,
        combine_method: Query | None = None,
        post_processing: Arguments | None = None,
        params_substitution: Mapping[str, EncodableT] | None = None,
        timeout: int | None = None,
        cursor: Arguments | None = None,
    ) -> HybridResult | HybridCursorResult:
        """The documents that fit a query of words or are near to a vector; with a cursor, the numbers of two of them."""
        words = [self.index_name, *map(word, query.get_args())]
        if combine_method is not None:
            words += map(word, combine_method.get_args())
        if post_processing is not None:
            words += map(word, post_processing.build_args())
        words += self._params(params_substitution or None)
        if timeout:
            words += (b"TIMEOUT", timeout)
        if cursor is not None:
            words += map(word, cursor.build_args())
        return words

    @command(
        "FT.AGGREGATE",
        shape="search.aggregated(query)",
        is_own_shape=True,
        examples=[
            "aggregate(AggregateRequest('hello').group_by('@a', count().alias('n')).cursor(10, 5))",
            "aggregate(AggregateRequest('*').load('a').with_schema().verbatim(), {'v': 1})",
            "aggregate(Cursor(7))",
        ],
    )
    def aggregate(
        query: Aggregation | Cursor, query_params: Mapping[str, EncodableT] | None = None
    ) -> AggregateResult:
        """What is made of the documents that fit. The `cursor` of the result, if one was wanted, is given to get more."""
        if hasattr(query, "cid"):
            return self.command_as(
                find("search.aggregated")(query),
                "FT.CURSOR",
                b"READ",
                self.index_name,
                *map(word, query.build_args()),
                *self._params(query_params),
            )
        return [self.index_name, *map(word, query.build_args()), *self._params(query_params)]

    @command(
        "FT.PROFILE",
        shape="search.profiled(query)",
        is_own_shape=True,
        examples=[
            "profile(Query('hello'), query_params={'a': 1})",
            "profile(AggregateRequest('*'), limited=True)",
        ],
    )
    def profile(
        query: Query | Aggregation,
        limited: bool = False,
        query_params: Mapping[str, EncodableT] | None = None,
    ) -> tuple[Result | AggregateResult, ProfileInformation]:
        """The result of `search` or `aggregate`, and what took how long."""
        if hasattr(query, "get_args"):
            kind, words = b"SEARCH", [*self._query(query), *self._params(query_params)]
        else:
            kind, words = b"AGGREGATE", [*map(word, query.build_args())]
        return [self.index_name, kind, *words_of(LIMITED=limited), b"QUERY", *words]

    @command(
        "FT.SPELLCHECK",
        shape="search.corrections",
        examples=["spellcheck('helo')", "spellcheck('helo', distance=2, include='d', exclude='e')"],
    )
    def spellcheck(
        query: str,
        distance: int | None = None,
        include: str | None = None,
        exclude: str | None = None,
    ) -> dict[T, list[dict[str, str | T]]]:
        """For each word that is not in the index the ones like it, with their scores; also those of the dictionary `include`."""
        words = [self.index_name, word(query)]
        if distance:
            words += (b"DISTANCE", distance)
        if include:
            words += (b"TERMS", b"INCLUDE", word(include))
        if exclude:
            words += (b"TERMS", b"EXCLUDE", word(exclude))
        return words

    @command("FT.DICTADD {name:word} {*terms:word}", examples=["dict_add('d', 'x', 'y')"])
    def dict_add(name: str, *terms: str) -> int:
        """Add words to a dictionary; how many are new."""

    @command("FT.DICTDEL {name:word} {*terms:word}", examples=["dict_del('d', 'x', 'y')"])
    def dict_del(name: str, *terms: str) -> int:
        """Remove words from a dictionary; how many there were."""

    @command("FT.DICTDUMP {name:word}", shape="unordered", examples=["dict_dump('d')"])
    def dict_dump(name: str) -> list[T]:
        """All words of a dictionary."""

    @command(
        "FT.CONFIG|SET {option:word} {value:word}",
        shape="ok",
        examples=["config_set('TIMEOUT', '100')"],
    )
    def config_set(option: str, value: str) -> bool:
        """Set an option of the module."""

    @command("FT.CONFIG|GET {option:word}", shape="search.config", examples=["config_get('*')"])
    def config_get(option: str) -> dict[T, T | None]:
        """Options of the module, by name."""

    @command("FT.TAGVALS", shape="unordered", examples=["tagvals('a')"])
    def tagvals(tagfield: str) -> list[T]:
        """All values of a field of tags."""
        return [self.index_name, word(tagfield)]

    @command("FT.ALIASADD", examples=["aliasadd('x')"])
    def aliasadd(alias: KeyT) -> T:
        """Give the index another name."""
        return [alias, self.index_name]

    @command("FT.ALIASUPDATE", examples=["aliasupdate('x')"])
    def aliasupdate(alias: KeyT) -> T:
        """As `aliasadd`, also if it is the name of another index."""
        return [alias, self.index_name]

    @command("FT.ALIASDEL {alias}", examples=["aliasdel('x')"])
    def aliasdel(alias: KeyT) -> T:
        """Remove such a name."""

    @command("FT.ALIASLIST", shape="as_set", examples=["aliaslist()"])
    def aliaslist() -> set[T]:
        """The other names of the index."""
        return [self.index_name]

    @command(
        "FT.SUGADD",
        unlike="redis-py sends a pipeline if there are several suggestions",
        examples=[
            "sugadd('k', Suggestion('x', 0.5, 'y'), increment=True)",
            "sugadd('k', Suggestion('x'))",
        ],
    )
    def sugadd(key: KeyT, suggestion: Suggested, *, increment: bool = False) -> int:
        """Add a suggestion, or to its score; how many there are. Add several in a pipeline."""
        words = [key, word(suggestion.string), suggestion.score, *words_of(INCR=increment)]
        return [*words, *((b"PAYLOAD", word(suggestion.payload)) if suggestion.payload else ())]

    @command("FT.SUGLEN {key}", examples=["suglen('k')"])
    def suglen(key: KeyT) -> int:
        """How many suggestions there are."""

    @command("FT.SUGDEL {key} {string:word}", examples=["sugdel('k', 'x')"])
    def sugdel(key: KeyT, string: str) -> int:
        """Remove a suggestion; 1 if it was there."""

    @command(
        "FT.SUGGET {key} {prefix:word} MAX {num} fuzzy?FUZZY with_scores?WITHSCORES with_payloads?WITHPAYLOADS",
        shape="search.suggestions(with_scores, with_payloads)",
        is_own_shape=True,
        examples=[
            "sugget('k', 'x')",
            "sugget('k', 'x', True, 3, with_scores=True, with_payloads=True)",
        ],
    )
    def sugget(
        key: KeyT,
        prefix: str,
        fuzzy: bool = False,
        num: int = 10,
        with_scores: bool = False,
        with_payloads: bool = False,
    ) -> list[Suggestion]:
        """The suggestions that begin like that, the best first; also those nearly so with `fuzzy`."""

    @command(
        "FT.SYNUPDATE", examples=["synupdate('g', False, 'x', 'y')", "synupdate('g', True, 'x')"]
    )
    def synupdate(groupid: str, skipinitial: bool = False, *terms: str) -> T:
        """Add words to a group of synonyms. With `skipinitial` only for documents that come later."""
        words = [self.index_name, word(groupid), *words_of(SKIPINITIALSCAN=skipinitial)]
        return [*words, *map(word, terms)]

    @command("FT.SYNDUMP", shape="search.synonyms", examples=["syndump()"])
    def syndump() -> dict[str, list[str]]:
        """The groups of each word that has synonyms."""
        return [self.index_name]
