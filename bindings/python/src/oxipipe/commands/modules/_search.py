"""What the commands on an index have in common."""

from __future__ import annotations

from oxipipe.commands.modules import Module
from oxipipe.commands.words import flat, word
from oxipipe.exceptions import DataError

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from oxipipe.commands.modules.taken import Field, Query


class Index(Module):
    """Knows the name of an index, and makes words of what commands take."""

    def __init__(self, client: Any, index_name: str = "idx") -> None:
        super().__init__(client)
        self.index_name = index_name

    def _fields(self, fields: Field | Iterable[Field]) -> list[Any]:
        single: Any = fields
        several: Any = [fields] if hasattr(single, "redis_args") else fields
        return [word(part) for field in several for part in field.redis_args()]

    def _query(self, query: str | Query) -> list[Any]:
        if isinstance(query, str):
            return [word(query), b"DIALECT", 2, b"LIMIT", 0, 10]
        if not hasattr(query, "get_args"):
            raise DataError(f"a query is text or has get_args, and not {type(query).__name__}")
        return [word(part) for part in query.get_args()]

    def _params(self, params: Mapping[str, Any] | None) -> list[Any]:
        if not params:
            return []
        words = list(map(word, flat(params)))
        return [b"PARAMS", len(words), *words]
