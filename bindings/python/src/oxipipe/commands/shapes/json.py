"""Shapes of replies to commands on JSON documents.

Documents come as JSON text. Paths of the older kind, which do not begin with "$", name one place and give one value; others give a
list with one for each place. RESP3 has lists for both: whether it is one value then shows in the words of the command.
"""

from __future__ import annotations

from json import JSONDecoder

from oxipipe.commands.shapes.common import text, unless_null

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Decoded:
    """A shape that reads JSON: with the decoder of the standard library, or another one."""

    __slots__ = ("_decoder", "_shape")

    def __init__(self, shape: Callable[[Any, Any], Any], decoder: Any = None) -> None:
        self._shape = shape
        self._decoder = decoder or STANDARD

    def __call__(self, reply: Any) -> Any:
        return None if reply is None else self._shape(reply, self._decoder)

    def by(self, decoder: Any) -> Decoded:
        return Decoded(self._shape, decoder)


STANDARD = JSONDecoder()


@Decoded
def document(reply: Any, decoder: Any) -> Any:
    """One document; of several, which come with paths of the newer kind, their texts."""
    if isinstance(reply, list):
        # redis-py leaves them as they are, but for null.
        return [None if text(value) == "null" else text(value) for value in reply]
    return decoder.decode(text(reply)) if isinstance(reply, (bytes, str)) else reply


@Decoded
def documents(reply: Any, decoder: Any) -> list[Any]:
    return [None if value is None else decoder.decode(text(value)) for value in reply]


def numbers(words: tuple[Any, ...]) -> Decoded:
    """JSON.NUMINCRBY: the new number, or those at each place."""
    return _NUMBERS if _is_dollar(words) else _NUMBER


@Decoded
def _numbers(reply: Any, decoder: Any) -> Any:
    return decoder.decode(text(reply)) if isinstance(reply, (bytes, str)) else reply


@Decoded
def _number(reply: Any, decoder: Any) -> Any:
    found = _numbers.by(decoder)(reply)
    return found[0] if isinstance(found, list) and len(found) == 1 else found


_NUMBERS, _NUMBER = _numbers, _number


@unless_null
def keys(reply: Any) -> Any:
    """Those of an object as text; of several, lists as they come."""
    return [text(key) for key in reply] if isinstance(reply, list) else text(reply)


def types(words: tuple[Any, ...]) -> Callable[[Any], Any]:
    """JSON.TYPE: the name of a type, or those at each place."""
    return _types if _is_dollar(words) else _type


@unless_null
def _types(reply: Any) -> Any:
    if isinstance(reply, list) and len(reply) == 1 and not isinstance(reply[0], (bytes, str)):
        return reply[0]  # RESP3 has it once more in a list
    return reply


@unless_null
def _type(reply: Any) -> Any:
    return reply[0] if isinstance(reply, list) and len(reply) == 1 else reply


@unless_null
def resp(reply: Any) -> Any:
    """Objects and arrays as lists that begin with their brackets; texts and fractions as text, in all depths."""
    if isinstance(reply, list):
        return [resp(value) for value in reply]
    return str(reply) if isinstance(reply, float) else text(reply)


@unless_null
def toggled(reply: Any) -> Any:
    """The new value, or 0 and 1 at each place."""
    if isinstance(reply, (bytes, str)):
        return text(reply) == "true"
    return reply


def _is_dollar(words: tuple[Any, ...]) -> bool:
    return len(words) > 2 and str(text(words[2])).startswith("$")
