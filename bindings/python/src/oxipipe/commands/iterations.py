"""Iterations over keys, fields and members, as redis-py has them: one SCAN or one of its kin after the other."""

from __future__ import annotations

from oxipipe import _types as t
from oxipipe.exceptions import RedisError

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import overload

    from oxipipe.commands._table import Commands
    from oxipipe.typing import T
else:
    T = None

    class Commands:
        """Another base has them."""

        __class_getitem__ = classmethod(type(list[int]))


class Iterations(Commands[T]):
    """Of what blocks: clients, and views of them."""

    def scan_iter(
        self,
        match: t.PatternT | None = None,
        count: int | None = None,
        _type: str | None = None,
    ) -> t.Iterator[t.T]:
        """All keys of the database. A key that comes or goes meanwhile may or may not be among them."""
        cursor = -1
        while cursor:
            cursor, keys = page(self.scan(max(cursor, 0), match, count, _type))
            yield from keys

    if TYPE_CHECKING:

        @overload
        def hscan_iter(
            self,
            name: t.KeyT,
            match: t.PatternT | None = None,
            count: int | None = None,
            no_values: t.Literal[False] | None = None,
        ) -> t.Iterator[tuple[t.T, t.T]]: ...
        @overload
        def hscan_iter(
            self,
            name: t.KeyT,
            match: t.PatternT | None = None,
            count: int | None = None,
            *,
            no_values: t.Literal[True],
        ) -> t.Iterator[t.T]: ...
        @overload
        def hscan_iter(
            self,
            name: t.KeyT,
            match: t.PatternT | None = None,
            count: int | None = None,
            *,
            no_values: bool | None,
        ) -> t.Iterator[t.T] | t.Iterator[tuple[t.T, t.T]]: ...

    def hscan_iter(
        self,
        name: t.KeyT,
        match: t.PatternT | None = None,
        count: int | None = None,
        no_values: bool | None = None,
    ) -> t.Iterator[t.Any]:
        """All (field, value) pairs of a hash, or only the fields."""
        cursor = -1
        while cursor:
            cursor, fields = page(self.hscan(name, max(cursor, 0), match, count, no_values))
            yield from fields if no_values else fields.items()

    def sscan_iter(
        self, name: t.KeyT, match: t.PatternT | None = None, count: int | None = None
    ) -> t.Iterator[t.T]:
        """All members of a set."""
        cursor = -1
        while cursor:
            cursor, members = page(self.sscan(name, max(cursor, 0), match, count))
            yield from members

    if TYPE_CHECKING:

        @overload
        def zscan_iter(
            self,
            name: t.KeyT,
            match: t.PatternT | None = None,
            count: int | None = None,
            *,
            score_cast_func: t.Callable[[t.Any], t.S],
        ) -> t.Iterator[tuple[t.T, t.S]]: ...
        @overload
        def zscan_iter(
            self,
            name: t.KeyT,
            match: t.PatternT | None,
            count: int | None,
            score_cast_func: t.Callable[[t.Any], t.S],
        ) -> t.Iterator[tuple[t.T, t.S]]: ...
        @overload
        def zscan_iter(
            self,
            name: t.KeyT,
            match: t.PatternT | None = None,
            count: int | None = None,
            score_cast_func: type[float] = float,
        ) -> t.Iterator[tuple[t.T, float]]: ...

    def zscan_iter(
        self,
        name: t.KeyT,
        match: t.PatternT | None = None,
        count: int | None = None,
        score_cast_func: t.Callable[[t.Any], t.Any] = float,
    ) -> t.Iterator[tuple[t.T, t.Any]]:
        """All (member, score) pairs of a sorted set, with what `score_cast_func` makes of scores."""
        cursor = -1
        while cursor:
            cursor, members = page(self.zscan(name, max(cursor, 0), match, count, score_cast_func))
            yield from members


def page(reply: t.Any) -> tuple[int, t.Any]:
    """The next cursor, and what one SCAN or one of its kin has found."""
    if isinstance(reply, tuple):
        return reply
    if reply is None:
        raise RedisError(
            "an iteration needs replies, and CLIENT REPLY has silenced them on this lease"
        )
    raise RedisError("an iteration needs replies, and between MULTI and EXEC there are none")
