"""What the iterations over keys and fields have in common, in both colours."""

from __future__ import annotations

from oxipipe.exceptions import RedisError

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


def page(reply: Any) -> tuple[int, Any]:
    """The next cursor, and what one SCAN or one of its kin has found."""
    if isinstance(reply, tuple):
        return reply
    if reply is None:
        raise RedisError(
            "an iteration needs replies, and CLIENT REPLY has silenced them on this lease"
        )
    raise RedisError("an iteration needs replies, and between MULTI and EXEC there are none")
