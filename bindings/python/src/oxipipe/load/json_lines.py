"""JSON lines: one object or array per line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from .block import Block, Refusal
from .fields import Number
from .lines import Lines

BOM = b"\xef\xbb\xbf"


def json_lines(lines: Lines) -> Iterator[Block | Refusal]:
    for first, some in lines:
        if first == 1:
            some[0] = some[0].removeprefix(BOM)
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
    return value


def _why(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not JSON: byte {error.start + 1} is not UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at character {error.pos + 1}"
    if isinstance(error, RecursionError):
        return "not taken: the JSON is nested too deeply"
    return f"not taken: {error}"


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# Numbers stay text: what the file says is what is sent.
_decode = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_constant).decode
