"""Byte-order marks at the start of a text: that of UTF-8 is taken off, those of UTF-16 and UTF-32 end the load."""

from __future__ import annotations

from .block import InputError

UTF_8 = b"\xef\xbb\xbf"
# Longer ones first: that of UTF-32 begins like one of UTF-16.
_OTHERS = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_ALL = (UTF_8, *_OTHERS)


def may_become_one(start: bytes) -> bool:
    """Whether more bytes are needed to tell."""
    return any(len(start) < len(mark) and mark.startswith(start) for mark in _ALL)


def without_mark(start: bytes) -> bytes:
    """The start of the input without its mark."""
    for mark, encoding in _OTHERS.items():
        if start.startswith(mark):
            raise InputError(
                f"the input is {encoding} text (it begins with the bytes {mark.hex(' ').upper()}): "
                f"convert it first, as with iconv -f {encoding} -t UTF-8"
            )
    return start.removeprefix(UTF_8)
