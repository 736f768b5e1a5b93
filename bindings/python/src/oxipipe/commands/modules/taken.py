"""What commands of modules take besides what all commands take: the types, also at run time, of objects of whoever's classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Encoder(Protocol):
    """As `json.JSONEncoder`."""

    def encode(self, o: Any, /) -> str | bytes: ...


@runtime_checkable
class Decoder(Protocol):
    """As `json.JSONDecoder`."""

    def decode(self, s: str, /) -> Any: ...


@runtime_checkable
class Query(Protocol):
    """As `oxipipe.search.Query` and redis-py's, and others of their classes."""

    def get_args(self) -> Sequence[Any]: ...


@runtime_checkable
class Arguments(Protocol):
    """As `oxipipe.search.AggregateRequest` and redis-py's, and others of their classes."""

    def build_args(self) -> Sequence[Any]: ...


Aggregation = Arguments


@runtime_checkable
class Cursor(Protocol):
    """As `oxipipe.search.Cursor` and redis-py's."""

    cid: int

    def build_args(self) -> Sequence[Any]: ...


@runtime_checkable
class Field(Protocol):
    """As `oxipipe.search.TextField` and redis-py's, and their kin."""

    def redis_args(self) -> Sequence[Any]: ...


@runtime_checkable
class Definition(Protocol):
    """As `oxipipe.search.IndexDefinition` and redis-py's."""

    @property
    def args(self) -> Sequence[Any]: ...


@runtime_checkable
class Suggested(Protocol):
    """As `oxipipe.search.Suggestion` and redis-py's."""

    string: Any
    score: float
    payload: Any
