"""JSON lines: one object or array per line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from .block import Block, Refusal
from .fields import Number
from .lines import Lines

# How deep arrays and objects may be nested. Python gives up somewhere beyond, depending on its
# version and on who calls; this is the same everywhere.
DEEPEST = 200


def json_lines(lines: Lines) -> Iterator[Block | Refusal]:
    for first, some in lines:
        try:
            # Almost every block of almost every file: one comprehension, no line looked at alone.
            yield Block(range(first, first + len(some)), some, [_parse(line) for line in some])
        except (ValueError, RecursionError):
            yield from _one_by_one(first, some)


def _one_by_one(first: int, lines: list[bytes]) -> Iterator[Block | Refusal]:
    for number, line in enumerate(lines, first):
        try:
            yield Block((number,), (line,), (_parse(line),))
        except (ValueError, RecursionError) as error:
            yield Refusal(number, line, _why(error))


def _parse(line: bytes) -> Any:
    value = _decode(line.decode())
    if not isinstance(value, dict | list):
        raise ValueError("neither an object nor an array")
    # Each level takes two brackets.
    if len(line) > 2 * DEEPEST and _is_deeper(value, DEEPEST):
        raise RecursionError
    return value


def _is_deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        level = [value for some in inner for value in some if isinstance(value, dict | list)]
        if not level:
            return False
    return True


def _why(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not JSON: byte {error.start + 1} is not UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at character {error.pos + 1}"
    if isinstance(error, RecursionError):
        return f"not taken: arrays and objects are nested more than {DEEPEST} deep"
    return f"not taken: {error}"


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# Numbers stay text: what the file says is what is sent.
_decode = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_constant).decode
