"""What is raised for an argument that cannot be sent, or of which no words can be made: it says which argument of the named method
that was.

Imported with the first such argument. Nothing is kept for it while arguments are as they should be: the method is found among
the callers, and the argument among its own.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from oxipipe.exceptions import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_NAMED = ("oxipipe.commands._table", "oxipipe.commands.modules.")
_SENDABLE = (bytes, str, int, float, bytearray, memoryview)
#: How deep lists of tuples and the like are looked into.
_DEPTH = 3


def error(value: object) -> DataError:
    """The exception for `value`, about which a back end asks while it is being called."""
    text = (
        f"Invalid input of type: '{type(value).__name__}'."
        " Convert to a bytes, string, int or float first."
    )
    method = _named_method(sys._getframe(1))
    place = None if method is None else _place(method, value)
    if method is not None and place is not None:
        text += f" It is {place} of {method.f_code.co_name}()."
    return DataError(text)


def refused(value: object, takes: str) -> DataError:
    """The exception for `value`, of which no word can be made, while a named method makes its words."""
    method = _named_method(sys._getframe(1))
    place = None if method is None else _place(method, value)
    if method is None or place is None:
        return DataError(f"{takes} was expected, and not a {type(value).__name__}")
    return _wrong(method, place, value, takes)


def misused(error: Exception) -> Exception:
    """The exception for what a named method could not make words of: that of the first argument which is not of its type.

    `error` itself if each is.
    """
    method = _named_method(sys._getframe(1))
    if method is not None:
        function = _function(method.f_locals.get("self"), method)
        hints = {} if function is None else get_type_hints(function)
        for name, argument in _given(method, error):
            if name in hints and not _fits(argument, hints[name]):
                takes = function.__annotations__[name].replace("t.", "")
                return _wrong(method, f"the argument {name!r}", argument, takes)
    return error


def _wrong(method: FrameType, place: str, value: object, takes: str) -> DataError:
    name, kind = method.f_code.co_name, type(value).__name__
    return DataError(
        f"Invalid input of type: '{kind}'. It is {place} of {name}(), which takes {takes}."
    )


def _fits(value: Any, hint: Any) -> bool:
    """Whether it can be that: parts of what has parts are not looked at."""
    kind, parts = get_origin(hint), get_args(hint)
    if kind in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if kind is Literal:
        return isinstance(value, (str, bytes))
    if kind is tuple:
        return isinstance(value, (tuple, list)) and (... in parts or len(value) == len(parts))
    if hint is Any or isinstance(hint, TypeVar):
        return True
    if hint is float:
        return isinstance(value, (int, float))
    if hint is str:
        return isinstance(value, (str, bytes))
    return isinstance(value, kind or hint)


def _named_method(frame: FrameType | None) -> FrameType | None:
    """The method that a program has called, if it is one of those with the names of commands."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        # What those of modules have in common is in modules of its own, whose names begin with a line.
        is_part = frame.f_code.co_name.startswith("<")  # such as <listcomp>
        if module.startswith(_NAMED) and not module.startswith(f"{_NAMED[1]}_") and not is_part:
            return frame
        if module.partition(".")[0] != "oxipipe":
            return None
        frame = frame.f_back
    return None


def _place(method: FrameType, value: object) -> str | None:
    """Which argument `value` is, or which has it in it."""
    given = dict(_given(method, value))
    for name, argument in given.items():
        if argument is value:
            return f"the argument {name!r}"
    for name, argument in given.items():
        if _has(argument, value, _DEPTH):
            return f"in the argument {name!r}"
    # It was in an iterator, which is used up; or it is None, as those that were left out.
    odd = [k for k, v in given.items() if v != () and not isinstance(v, _SENDABLE)]
    if len(odd) == 1:
        return f"in the argument {odd[0]!r}"
    names = method.f_code.co_varnames[1 : method.f_code.co_argcount]
    same = [name for name in names if method.f_locals.get(name) is value]
    return f"the argument {same[0]!r}" if same else None


def _given(method: FrameType, value: object) -> Iterator[tuple[str, Any]]:
    """The arguments that may have become words: not those left at their defaults, and no switches."""
    code, found = method.f_code, method.f_locals
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 0x04)  # *args
    defaults = _defaults(found.get("self"), method)
    for name in code.co_varnames[1:count]:
        argument, default = found.get(name), defaults.get(name, _given)
        is_switch = isinstance(default, bool) and isinstance(argument, bool)
        if argument is not default and not is_switch:
            yield name, argument


def _defaults(owner: object, method: FrameType) -> dict[str, Any]:
    code, function = method.f_code, _function(owner, method)
    if function is None:
        return {}
    values = function.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(values) : code.co_argcount]
    return {**dict(zip(names, values, strict=True)), **(function.__kwdefaults__ or {})}


def _function(owner: object, method: FrameType) -> Any:
    """What runs in the frame."""
    for kind in type(owner).__mro__:
        function: Any = vars(kind).get(method.f_code.co_name)
        if getattr(function, "__code__", None) is method.f_code:
            return function
    return None


def _has(argument: Any, value: object, depth: int) -> bool:
    if argument is value:
        return True
    if not depth:
        return False
    if isinstance(argument, Mapping):
        return any(_has(part, value, depth - 1) for item in argument.items() for part in item)
    if isinstance(argument, (list, tuple, set, frozenset)):
        return any(_has(part, value, depth - 1) for part in argument)
    return False
