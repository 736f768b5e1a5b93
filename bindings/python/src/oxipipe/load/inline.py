r"""Inline command lines: words separated by blanks, in the quoting that Redis servers read.

In double quotes \xHH, \n, \r, \t, \b, \a, \\ and \" stand for bytes; in single quotes only \'.
"""

from __future__ import annotations

import re
from collections.abc import Sequence


def join_inline(arguments: Sequence[bytes]) -> bytes:
    return b" ".join(a if _BARE.fullmatch(a) else _quote(a) for a in arguments)


def split_inline(line: bytes) -> list[bytes] | None:
    """The arguments of a line; None if its quotes are unbalanced."""
    arguments = []
    at = 0
    line = line.strip(_BLANKS)
    while at < len(line):
        word = _WORD.match(line, at)
        if word is None:
            return None
        double, single, bare = word.group(1, 2, 3)
        if double is not None:
            arguments.append(_ESCAPE.sub(_unescape, double))
        elif single is not None:
            arguments.append(single.replace(b"\\'", b"'"))
        else:
            arguments.append(bare)
        at = word.end()
    return arguments


def _quote(argument: bytes) -> bytes:
    return b'"' + _SPECIAL.sub(lambda m: _ESCAPED.get(m[0], b"\\x%02x" % m[0][0]), argument) + b'"'


def _unescape(escape: re.Match[bytes]) -> bytes:
    if escape[1]:
        return bytes([int(escape[1], 16)])
    return _MEANING.get(escape[2], escape[2])


_BLANKS = b" \t\n\r\0"
_BARE = re.compile(rb"[A-Za-z0-9_.:@/+%-]+")
_WORD = re.compile(
    rb"""(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\'|\\)*)'|([^\s"']+))(?:\s+|$)""", re.DOTALL
)
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_SPECIAL = re.compile(rb"[^ !#-\[\]-~]")
_MEANING = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}
_ESCAPED = {b"\n": b"\\n", b"\r": b"\\r", b"\t": b"\\t", b"\b": b"\\b", b"\a": b"\\a"}
_ESCAPED |= {b'"': b'\\"', b"\\": b"\\\\"}
