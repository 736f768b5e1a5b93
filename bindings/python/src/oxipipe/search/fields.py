"""Fields of an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oxipipe.exceptions import DataError

#: The languages that sounds are known of.
_PHONETIC = ("dm:en", "dm:fr", "dm:pt", "dm:es")
_VECTORS = ("FLAT", "HNSW", "SVS-VAMANA")


class Field:
    """A field called `name` in documents, and `as_name` in queries; what follows is what kind it is.

    `sortable`: results can be sorted by it. `no_index`: it cannot be searched for, only sorted by. `index_missing`, `index_empty`:
    documents can be found that have none, or an empty one.
    """

    def __init__(
        self,
        name: str,
        args: Sequence[Any] = (),
        sortable: bool = False,
        no_index: bool = False,
        index_missing: bool = False,
        index_empty: bool = False,
        as_name: str | None = None,
    ) -> None:
        if no_index and not sortable:
            raise DataError(f"the field {name!r} takes no_index only with sortable")
        self.name = name
        self.as_name = as_name
        self._kind = list(args)
        switches = {
            "NOINDEX": no_index,
            "INDEXMISSING": index_missing,
            "INDEXEMPTY": index_empty,
            "SORTABLE": sortable,
        }
        self._options = [word for word, is_on in switches.items() if is_on]

    def redis_args(self) -> list[Any]:
        """The words of the field in FT.CREATE and FT.ALTER."""
        alias = ["AS", self.as_name] if self.as_name else []
        return [self.name, *alias, *self._kind, *self._options]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {' '.join(map(str, self.redis_args()))}>"


class TextField(Field):
    """Text, whose words count `weight` times in scores.

    `no_stem`: words are not reduced to their stems. `phonetic_matcher`: words that sound alike fit, as "dm:en" says of English.
    `withsuffixtrie`: ends of words are found faster.
    """

    def __init__(
        self,
        name: str,
        weight: float = 1.0,
        no_stem: bool = False,
        phonetic_matcher: str | None = None,
        withsuffixtrie: bool = False,
        **options: Any,
    ) -> None:
        if phonetic_matcher and phonetic_matcher not in _PHONETIC:
            raise DataError(
                f"phonetic_matcher is one of {', '.join(_PHONETIC)}, and not {phonetic_matcher!r}"
            )
        kind = ["TEXT", "WEIGHT", weight]
        kind += ["NOSTEM"] if no_stem else []
        kind += ["PHONETIC", phonetic_matcher] if phonetic_matcher else []
        super().__init__(name, [*kind, *(["WITHSUFFIXTRIE"] if withsuffixtrie else [])], **options)


class NumericField(Field):
    """Numbers."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, ["NUMERIC"], **options)


class GeoField(Field):
    """Places: longitude and latitude."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, ["GEO"], **options)


class GeoShapeField(Field):
    """Shapes in the well-known text format, in a plane ("FLAT") or on the globe ("SPHERICAL")."""

    SPHERICAL = "SPHERICAL"
    FLAT = "FLAT"

    def __init__(self, name: str, coord_system: str | None = None, **options: Any) -> None:
        super().__init__(name, ["GEOSHAPE", *([coord_system] if coord_system else [])], **options)


class TagField(Field):
    """Tags with `separator` between them."""

    def __init__(
        self,
        name: str,
        separator: str = ",",
        case_sensitive: bool = False,
        withsuffixtrie: bool = False,
        **options: Any,
    ) -> None:
        kind = ["TAG", "SEPARATOR", separator]
        kind += ["CASESENSITIVE"] if case_sensitive else []
        super().__init__(name, [*kind, *(["WITHSUFFIXTRIE"] if withsuffixtrie else [])], **options)


class VectorField(Field):
    """Vectors, searched by `algorithm`: "FLAT", "HNSW" or "SVS-VAMANA", with its `attributes`, such as TYPE, DIM, DISTANCE_METRIC."""

    def __init__(
        self, name: str, algorithm: str, attributes: Mapping[str, Any], **options: Any
    ) -> None:
        for option in ("sortable", "no_index"):
            if options.get(option):
                raise DataError(f"a field of vectors does not take {option}")
        if algorithm.upper() not in _VECTORS:
            raise DataError(f"algorithm is one of {', '.join(_VECTORS)}, and not {algorithm!r}")
        words = [part for item in attributes.items() for part in item]
        super().__init__(name, ["VECTOR", algorithm, len(words), *words], **options)
