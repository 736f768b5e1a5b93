"""Which keys are in an index."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from oxipipe.exceptions import DataError


class IndexType(Enum):
    """What documents are."""

    HASH = 1
    JSON = 2


class IndexDefinition:
    """Documents are the keys that begin with one of `prefix` and fit the expression `filter`.

    Their languages, scores and payloads are those given, or in the fields of those names.
    """

    def __init__(
        self,
        prefix: str | bytes | Iterable[str | bytes] = (),
        filter: str | None = None,
        language_field: str | None = None,
        language: str | None = None,
        score_field: str | None = None,
        score: float | None = 1.0,
        payload_field: str | None = None,
        index_type: IndexType | None = None,
    ) -> None:
        if index_type is not None and not isinstance(index_type, IndexType):
            raise DataError(f"index_type is an IndexType, and not {index_type!r}")
        prefixes = [prefix] if isinstance(prefix, (str, bytes)) else list(prefix)
        options = {
            "FILTER": filter,
            "LANGUAGE_FIELD": language_field,
            "LANGUAGE": language,
            "SCORE_FIELD": score_field,
            "SCORE": score,
            "PAYLOAD_FIELD": payload_field,
        }
        #: Words of FT.CREATE.
        self.args: list[Any] = [] if index_type is None else ["ON", index_type.name]
        self.args += ["PREFIX", len(prefixes), *prefixes] if prefixes and prefix else []
        for word, value in options.items():
            self.args += [] if value is None else [word, value]
