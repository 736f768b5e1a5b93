"""Commands on JSON documents. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@group("json", theirs="redis.commands.json.JSON", base="oxipipe.commands.modules._json.Documents")
class JSON:
    """Commands on JSON documents.

    A path says which places in a document are meant: "$.a.b" for all that fit, of which replies are lists, or ".a.b" for one. It may be
    text or an object whose text it is. Values are written as JSON by the encoder, and read by the decoder.
    """

    @command(
        "JSON.ARRAPPEND {name} {path:path} {*args:json}",
        examples=["arrappend('d', '$.a', 1, {'x': None})", "arrappend('d', Path('.a'), 'é')"],
    )
    def arrappend(name: KeyT, path: object = ".", *args: Any) -> int | list[int | None] | None:
        """Append values to an array, and return how long it is then."""

    @command(
        "JSON.ARRINDEX",
        examples=[
            "arrindex('d', '$.a', 1)",
            "arrindex('d', '.a', 'x', 1)",
            "arrindex('d', '.a', 'x', 1, -1)",
        ],
    )
    def arrindex(
        name: KeyT, path: object, scalar: Any, start: int | None = None, stop: int | None = None
    ) -> int | list[int | None] | None:
        """The first place of a value in an array, -1 if it is not there; from `start`, and before `stop`."""
        if start is None and stop is not None:
            raise DataError("arrindex takes stop only with start")
        places = [place for place in (start, stop) if place is not None]
        return [name, path_word(path), self._encode(scalar), *places]

    @command(
        "JSON.ARRINSERT {name} {path:path} {index} {*args:json}",
        examples=["arrinsert('d', '$.a', 0, 1, 'x')"],
    )
    def arrinsert(
        name: KeyT, path: object, index: int, *args: Any
    ) -> int | list[int | None] | None:
        """Insert values into an array before `index`, and return how long it is then."""

    @command("JSON.ARRLEN {name} {path:path}", examples=["arrlen('d')", "arrlen('d', Path('$.a'))"])
    def arrlen(name: KeyT, path: object = ".") -> int | list[int | None] | None:
        """How long an array is."""

    @command(
        "JSON.ARRPOP {name} {path:path} {index}",
        shape="json.document",
        examples=["arrpop('d', '.a')", "arrpop('d', '$.a', 0)"],
    )
    def arrpop(name: KeyT, path: object = ".", index: int = -1) -> Any:
        """Take a value out of an array and return it; with a path of the newer kind, a list of JSON texts."""

    @command(
        "JSON.ARRTRIM {name} {path:path} {start} {stop}", examples=["arrtrim('d', '$.a', 0, 1)"]
    )
    def arrtrim(name: KeyT, path: object, start: int, stop: int) -> int | list[int | None] | None:
        """Keep of an array only what is from `start` to `stop`, and return how long it is then."""

    @command("JSON.CLEAR {name} {path:path}", examples=["clear('d')", "clear('d', '$.a')"])
    def clear(name: KeyT, path: object = ".") -> int:
        """Empty arrays and objects and set numbers to 0; how many there were."""

    @command(
        "JSON.DEBUG",
        shape="json.document",
        examples=["debug('MEMORY', 'd')", "debug('MEMORY', 'd', '$.a')", "debug('HELP')"],
    )
    def debug(
        subcommand: str, key: KeyT | None = None, path: object = "."
    ) -> int | list[int] | list[str] | None:
        """MEMORY: how many bytes a value takes. HELP: lines about this command."""
        if subcommand not in ("MEMORY", "HELP"):
            raise DataError("the subcommand of debug is MEMORY or HELP")
        if subcommand == "HELP":
            return [b"HELP"]
        if key is None:
            raise DataError("debug needs key")
        return [b"MEMORY", key, path_word(path)]

    @command("JSON.DEL {key} {path:path}", examples=["delete('d')", "delete('d', '$.a')"])
    def delete(key: KeyT, path: object = ".") -> int:
        """Remove values; how many there were."""

    @command("JSON.DEL {key} {path:path}", examples=["forget('d', '$.a')"])
    def forget(key: KeyT, path: object = ".") -> int:
        """As `delete`."""

    @command(
        "JSON.GET",
        shape="json.document",
        examples=[
            "get('d')",
            "get('d', '$.a')",
            "get('d', Path('.a'), '.b', no_escape=True)",
            "get('d', no_escape=True)",
        ],
    )
    def get(name: KeyT, *args: object, no_escape: bool | None = False) -> Any:
        """The document, or what is at a path; of several paths, a dict by path. None if there is no such key.

        With `no_escape` the server sends characters as they are, and not escaped.
        """
        paths = [path_word(path) for path in args] or [b"."]
        return [name, *([b"noescape"] if no_escape else []), *paths]

    @command(
        "JSON.MERGE",
        shape="ok",
        examples=["merge('d', '$', {'a': None})", "merge('d', '$', {b'a': 1}, decode_keys=True)"],
    )
    def merge(name: KeyT, path: object, obj: Any, decode_keys: bool | None = False) -> bool:
        """Change values as `obj` says: null removes what has its key. With `decode_keys` its keys may be bytes."""
        return [name, path_word(path), self._document(obj, decode_keys)]

    @command(
        "JSON.MGET {*keys} {path:path}",
        shape="json.documents",
        examples=["mget(['d', 'e'], '$.a')", "mget(('d',), Path('.'))"],
    )
    def mget(keys: KeysT, path: object) -> list[Any]:
        """What is at a path in each of several documents."""

    @command(
        "JSON.MSET", shape="ok", examples=["mset([('d', '$', {'a': 1}), ('e', Path('.'), None)])"]
    )
    def mset(triplets: Iterable[tuple[KeyT, object, Any]]) -> bool:
        """Set values in several documents: a key, a path and a value for each."""
        return [
            part
            for key, path, obj in triplets
            for part in (key, path_word(path), self._encode(obj))
        ]

    @command(
        "JSON.NUMINCRBY {name} {path:path} {number:json}",
        shape="words:json.numbers",
        examples=["numincrby('d', '$.n', 2)", "numincrby('d', Path('.n'), 0.5)"],
    )
    def numincrby(
        name: KeyT, path: object, number: float
    ) -> int | float | list[int | float | None] | None:
        """Add to a number, and return the sum."""

    @command(
        "JSON.NUMMULTBY {name} {path:path} {number:json}",
        shape="words:json.numbers",
        examples=["nummultby('d', '$.n', 2)", "nummultby('d', '.n', 0.5)"],
    )
    def nummultby(
        name: KeyT, path: object, number: float
    ) -> int | float | list[int | float | None] | None:
        """Multiply a number, and return the product."""

    @command(
        "JSON.OBJKEYS {name} {path:path}",
        shape="json.keys",
        examples=["objkeys('d')", "objkeys('d', '$.o')"],
    )
    def objkeys(name: KeyT, path: object = ".") -> list[str] | list[list[T] | None] | None:
        """The keys of an object."""

    @command("JSON.OBJLEN {name} {path:path}", examples=["objlen('d')", "objlen('d', '$.o')"])
    def objlen(name: KeyT, path: object = ".") -> int | list[int | None] | None:
        """How many keys an object has."""

    @command(
        "JSON.RESP {name} {path:path}",
        shape="json.resp",
        examples=["resp('d')", "resp('d', '$.a')"],
    )
    def resp(name: KeyT, path: object = ".") -> Any:
        """A value in the protocol's own types: objects and arrays are lists that begin with "{" or "[", fractions are text."""

    @command(
        "JSON.SET",
        shape="ok",
        one_of="nx xx",
        examples=[
            "set('d', '$', {'a': [1, 'é']})",
            "set('d', Path('.a'), None, nx=True)",
            "set('d', '$.a', 1, xx=True)",
            "set('d', '$', {b'a': 1}, decode_keys=True)",
            "set('d', '$', [0.5], fpha='bf16')",
            "set('d', '$', [0.5], fpha='FP8')",
        ],
    )
    def set(
        name: KeyT,
        path: object,
        obj: Any,
        nx: bool | None = False,
        xx: bool | None = False,
        decode_keys: bool | None = False,
        fpha: str | None = None,
    ) -> bool | None:
        """Set a value; None if a condition prevented it: `nx` that there is none, `xx` that there is one.

        With `decode_keys` the keys of `obj` may be bytes. `fpha` says how the server keeps arrays of floats: BF16, FP16, FP32 or FP64.
        """
        words = [name, path_word(path), self._document(obj, decode_keys)]
        words += words_of(NX=nx, XX=xx)
        if fpha is not None:
            words += (b"FPHA", self._float_kind(fpha))
        return words

    @command(
        "JSON.SET",
        shape="ok",
        name="set_file",
        one_of="nx xx",
        examples=["set_file('d', '$', FILE)", "set_file('d', '.', FILE, xx=True, fpha='FP32')"],
    )
    def set_file(
        name: KeyT,
        path: object,
        file_name: str,
        nx: bool | None = False,
        xx: bool | None = False,
        decode_keys: bool | None = False,
        fpha: str | None = None,
    ) -> bool | None:
        """As `set`, with what is in a file of JSON, which is read at once."""
        words = [name, path_word(path), self._content(file_name)]
        words += words_of(NX=nx, XX=xx)
        if fpha is not None:
            words += (b"FPHA", self._float_kind(fpha))
        return words

    @command(
        "JSON.STRAPPEND {name} {path:path} {value:json}",
        examples=["strappend('d', 'x')", "strappend('d', 'é', '$.s')"],
    )
    def strappend(name: KeyT, value: str, path: object = ".") -> int | list[int | None] | None:
        """Append to a string, and return how long it is then."""

    @command("JSON.STRLEN {name} [{path:path}]", examples=["strlen('d')", "strlen('d', '$.s')"])
    def strlen(name: KeyT, path: object | None = None) -> int | list[int | None] | None:
        """How long a string is."""

    @command(
        "JSON.TOGGLE {name} {path:path}",
        shape="json.toggled",
        examples=["toggle('d')", "toggle('d', '$.b')"],
    )
    def toggle(name: KeyT, path: object = ".") -> bool | list[int | None] | None:
        """Turn true into false and false into true, and return the new value; 0 or 1 with a path of the newer kind."""

    @command(
        "JSON.TYPE {name} {path:path}",
        shape="words:json.types",
        examples=["type('d')", "type('d', '$.a')"],
    )
    def type(name: KeyT, path: object = ".") -> T | list[T] | None:
        """The name of the type of a value."""
