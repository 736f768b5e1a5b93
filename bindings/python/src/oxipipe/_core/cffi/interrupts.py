"""Living with signal handlers that raise, for the cffi backend.

Handlers run between any two lines of Python, but never inside of a function that is written in C. What they raise may come out
of any work that was going on: a codec's exception may be the codec's, or a Ctrl-C that has nothing to do with the reply in hand.
"""

from __future__ import annotations

from itertools import compress, starmap, tee

from oxipipe._core._ffi import lib

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    _T = TypeVar("_T")

#: Of so many different exceptions in a row one has to be the work's own.
_ATTEMPTS = 4


def call_then(
    function: Callable[..., int],
    arguments: tuple[Any, ...],
    effect: Callable[..., object],
    *on: Any,
) -> int:
    """Calls the library, and if that says OXP_OK, `effect(*on)`: both or neither, if `effect` is written in C."""
    statuses, seen = tee(starmap(function, (arguments,)))
    list(starmap(effect, compress((on,), map(lib.OXP_OK.__eq__, seen))))
    return next(statuses)


def surely(work: Callable[[], _T], clean: Callable[[], object]) -> _T:
    """Does `work`, and cleans up whatever is raised meanwhile; twice, in case that it is raised in the first cleaning."""
    try:
        try:
            return work()
        finally:
            clean()
    finally:
        clean()


def attempt(
    make: Callable[[], Any], foreign: list[BaseException], first: BaseException | None = None
) -> tuple[Any, BaseException | None]:
    """Tries until `make` succeeds or raises the same kind of exception twice: its value, or that exception, which is its own.

    Whatever was raised besides goes to `foreign`. `first` is what was raised in a first attempt.
    """
    seen = [] if first is None else [first]
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
