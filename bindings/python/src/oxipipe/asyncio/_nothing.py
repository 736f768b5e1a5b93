"""What is returned by methods that are over when they return, and are awaited all the same, as redis-py's have to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


class Nothing:
    """Awaited, it is None at once."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        return
        yield


NOTHING = Nothing()
