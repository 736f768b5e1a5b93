"""The types in the signatures of named commands, for who asks `typing.get_type_hints` about them."""

from __future__ import annotations

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


class _Types:
    """`oxipipe.typing`, imported when somebody looks into it, because that costs more than this package; and what modules take."""

    def __getattr__(self, name: str) -> Any:
        import oxipipe.commands.modules.taken
        import oxipipe.typing

        found = getattr(oxipipe.typing, name, None)
        return found or getattr(oxipipe.commands.modules.taken, name)


t = _Types()
