"""Iterations over keys, fields and members with `async for`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxipipe import _types as t
from oxipipe.commands.iterations import page

if TYPE_CHECKING:
    from typing import overload

    from oxipipe.commands._table import AsyncCommands
    from oxipipe.typing import T
else:
    T = None

    class AsyncCommands:
        """Another base has them."""

        __class_getitem__ = classmethod(type(list[int]))


class Iterations(AsyncCommands[T]):
    """Of clients and views of them."""

    async def scan_iter(
        self,
        match: t.PatternT | None = None,
        count: int | None = None,
        _type: str | None = None,
    ) -> t.AsyncGenerator[t.T, None]:
        """All keys of the database. A key that comes or goes meanwhile may or may not be among them."""
        cursor = -1
        while cursor:
            cursor, keys = page(await self.scan(max(cursor, 0), match, count, _type))
            for key in keys:
                yield key

    if TYPE_CHECKING:

        @overload
        def hscan_iter(
            self,
            name: t.KeyT,
            match: t.PatternT | None = None,
            count: int | None = None,
            no_values: t.Literal[False] | None = None,
        ) -> t.AsyncGenerator[tuple[t.T, t.T], None]: ...
        @overload
        def hscan_iter(
            self,
            name: t.KeyT,
            match: t.PatternT | None = None,
            count: int | None = None,
            *,
            no_values: t.Literal[True],
        ) -> t.AsyncGenerator[t.T, None]: ...
        @overload
        def hscan_iter(
            self,
            name: t.KeyT,
            match: t.PatternT | None = None,
            count: int | None = None,
            *,
            no_values: bool | None,
        ) -> t.AsyncGenerator[t.T, None] | t.AsyncGenerator[tuple[t.T, t.T], None]: ...

    async def hscan_iter(
        self,
        name: t.KeyT,
        match: t.PatternT | None = None,
        count: int | None = None,
        no_values: bool | None = None,
    ) -> t.AsyncGenerator[t.Any, None]:
        """All (field, value) pairs of a hash, or only the fields."""
        cursor = -1
        while cursor:
            cursor, fields = page(await self.hscan(name, max(cursor, 0), match, count, no_values))
            for item in fields if no_values else fields.items():
                yield item

    async def sscan_iter(
        self, name: t.KeyT, match: t.PatternT | None = None, count: int | None = None
    ) -> t.AsyncGenerator[t.T, None]:
        """All members of a set."""
        cursor = -1
        while cursor:
            cursor, members = page(await self.sscan(name, max(cursor, 0), match, count))
            for member in members:
                yield member

    if TYPE_CHECKING:

        @overload
        def zscan_iter(
            self,
            name: t.KeyT,
            match: t.PatternT | None = None,
            count: int | None = None,
            *,
            score_cast_func: t.Callable[[t.Any], t.S],
        ) -> t.AsyncGenerator[tuple[t.T, t.S], None]: ...
        @overload
        def zscan_iter(
            self,
            name: t.KeyT,
            match: t.PatternT | None,
            count: int | None,
            score_cast_func: t.Callable[[t.Any], t.S],
        ) -> t.AsyncGenerator[tuple[t.T, t.S], None]: ...
        @overload
        def zscan_iter(
            self,
            name: t.KeyT,
            match: t.PatternT | None = None,
            count: int | None = None,
            score_cast_func: type[float] = float,
        ) -> t.AsyncGenerator[tuple[t.T, float], None]: ...

    async def zscan_iter(
        self,
        name: t.KeyT,
        match: t.PatternT | None = None,
        count: int | None = None,
        score_cast_func: t.Callable[[t.Any], t.Any] = float,
    ) -> t.AsyncGenerator[tuple[t.T, t.Any], None]:
        """All (member, score) pairs of a sorted set, with what `score_cast_func` makes of scores."""
        cursor = -1
        while cursor:
            cursor, members = page(
                await self.zscan(name, max(cursor, 0), match, count, score_cast_func)
            )
            for member in members:
                yield member
