"""What the commands on an index have in common."""

from __future__ import annotations

from oxipipe import _types as t
from oxipipe.commands.modules import Module
from oxipipe.commands.words import flat, word
from oxipipe.exceptions import DataError

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


class Index(Module):
    """Knows the name of an index, and makes words of what commands take."""

    def __init__(self, client: t.Any, index_name: str = "idx") -> None:
        super().__init__(client)
        self.index_name = index_name

    def _fields(self, fields: t.Field | t.Iterable[t.Field]) -> list[t.Any]:
        single: Any = fields
        several: Any = [fields] if hasattr(single, "redis_args") else fields
        return [word(part) for field in several for part in field.redis_args()]

    def _query(self, query: str | t.Query) -> list[t.Any]:
        if isinstance(query, str):
            return [word(query), b"DIALECT", 2, b"LIMIT", 0, 10]
        if not hasattr(query, "get_args"):
            raise DataError(f"a query is text or has get_args, and not {type(query).__name__}")
        return [word(part) for part in query.get_args()]

    def _params(self, params: t.Mapping[str, t.Any] | None) -> list[t.Any]:
        if not params:
            return []
        words = list(map(word, flat(params)))
        return [b"PARAMS", len(words), *words]
