"""Telling what a signal handler raised from what the work itself raised, for the cffi backend.

Handlers run in the middle of any Python code: an exception that comes out of a codec may be the codec's, or it may be a
Ctrl-C that has nothing to do with the reply in hand. What belongs to the work is raised again when the work is done again;
what a handler raised is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: Of so many different exceptions in a row one has to be the work's own.
_ATTEMPTS = 4


def attempt_again(
    make: Callable[[], Any], seen: list[BaseException], foreign: list[BaseException]
) -> tuple[Any, BaseException | None]:
    """Tries until `make` succeeds or raises the same kind of exception twice: its value, or that exception.

    `seen` has what was raised before. Whatever was raised besides goes to `foreign`.
    """
    while True:
        try:
            value = make()
        except BaseException as error:
            kind = type(error)
            if len(seen) == _ATTEMPTS or any(type(other) is kind for other in seen):
                foreign += [other for other in seen if type(other) is not kind]
                return None, error
            seen.append(error)
        else:
            foreign += seen
            return value, None
