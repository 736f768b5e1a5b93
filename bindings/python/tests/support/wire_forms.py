"""The forms of replies as servers send them: `[text ...]`, `{text: integer}`, `set of text`."""

from __future__ import annotations

import io
import socket
from dataclasses import dataclass, field
from typing import IO

_SIMPLE = {
    "+": "status",
    "-": "error",
    ":": "integer",
    ",": "double",
    "#": "boolean",
    "_": "nil",
    "(": "big number",
}
_BULK = {"$": "text", "=": "verbatim text"}
_ARRAY, _SET, _MAP, _PUSH = "*", "~", "%", ">"

#: A line of a page has room for so much. Of what is longer, the innermost is left out.
WIDTH = 150
_DEPTHS = (5, 4, 3, 2, 1)


@dataclass
class Reply:
    #: What it is, or of those with parts the byte that they begin with.
    kind: str
    parts: list[Reply] = field(default_factory=list)


def asked(path: str, protocol: int, words: list[bytes]) -> Reply:
    """The reply to one command on a connection of its own to the Unix socket."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        with sock.makefile("rb") as replies:
            for command in ([[b"HELLO", b"3"]] if protocol == 3 else []) + [words]:
                parts = [b"$%d\r\n%s\r\n" % (len(word), word) for word in command]
                sock.sendall(b"*%d\r\n%s" % (len(parts), b"".join(parts)))
                reply = read(replies)
            return reply


def parsed(wire: bytes) -> Reply:
    return read(io.BytesIO(wire))


def read(replies: IO[bytes]) -> Reply:
    line = replies.readline()
    kind, rest = chr(line[0]), line[1:-2]
    if kind in _SIMPLE:
        return Reply(_SIMPLE[kind])
    if int(rest) < 0:
        return Reply("nil")
    if kind in _BULK:
        replies.read(int(rest) + 2)
        return Reply(_BULK[kind])
    parts = [read(replies) for _ in range(int(rest) * (2 if kind == _MAP else 1))]
    # A push is nobody's reply.
    return read(replies) if kind == _PUSH else Reply(kind, parts)


def together(replies: list[Reply]) -> str:
    """That of the replies to several calls, without errors, and without nil and what is empty where there is more."""
    answers = [reply for reply in replies if reply.kind != "error"]
    full = [r for r in answers if r.kind != "nil" and (r.parts or len(r.kind) > 1)] or answers
    for depth in _DEPTHS:
        told = _either(full, depth)
        if len(told) <= WIDTH:
            break
    return told


def _either(replies: list[Reply], depth: int) -> str:
    return " | ".join(sorted({_form(reply, depth) for reply in replies}))


def _form(reply: Reply, depth: int) -> str:
    kind, parts = reply.kind, reply.parts
    inside = _either(parts, depth - 1) if depth else "..."
    if kind == _MAP:
        keys, values = parts[::2], parts[1::2]
        told = f"{_either(keys, depth - 1)}: {_either(values, depth - 1)}" if depth else "..."
        return f"{{{told}}}" if parts else "{}"
    if kind == _SET:
        return f"set of {inside}" if parts else "set"
    if kind != _ARRAY:
        return kind
    if not parts or not depth:
        return f"[{inside}]" if parts else "[]"
    # A few of different kinds are a record.
    if len({part.kind for part in parts}) > 1 and len(parts) <= 4:
        return f"[{', '.join(_form(part, depth - 1) for part in parts)}]"
    return f"[{inside} ...]"
