"""The types in signatures, for who asks `typing.get_type_hints` about them: `_hints`, which is not imported before that."""

from __future__ import annotations

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from oxipipe._hints import *  # noqa: F403 - its names are all that this has


def __getattr__(name: str) -> object:
    from oxipipe import _hints

    return getattr(_hints, name)
