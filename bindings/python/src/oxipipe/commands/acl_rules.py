"""The rules of a user in the words of ACL SETUSER."""

from __future__ import annotations

from oxipipe.commands.words import listed, word
from oxipipe.exceptions import DataError

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from oxipipe.typing import KeyT


def rules(
    nopass: bool,
    passwords: str | Iterable[str] | None,
    hashed_passwords: str | Iterable[str] | None,
    categories: Iterable[str] | None,
    commands: Iterable[str] | None,
    keys: Iterable[KeyT] | None,
    channels: Iterable[KeyT] | None,
    selectors: Iterable[tuple[str, KeyT]] | None,
) -> Iterator[Any]:
    if nopass and (passwords or hashed_passwords):
        raise DataError("acl_setuser takes either nopass, or passwords and hashed_passwords")
    yield from (_signed(p, b">", b"<", "passwords") for p in listed(passwords or ()))
    yield from (_signed(p, b"#", b"!", "hashed_passwords") for p in listed(hashed_passwords or ()))
    if nopass:
        yield b"nopass"
    for category in categories or ():
        name = _signed(category, b"+", b"-", "categories")
        yield name if name[1:2] == b"@" else name[:1] + b"@" + name[1:]
    yield from (_signed(command, b"+", b"-", "commands") for command in commands or ())
    yield from (_pattern(key) for key in keys or ())
    yield from (b"&" + _bytes(channel) for channel in channels or ())
    for command, key in selectors or ():
        yield b"(%b %b)" % (_signed(command, b"+", b"-", "selectors"), _pattern(key))


def _signed(rule: Any, plus: bytes, minus: bytes, name: str) -> bytes:
    """What follows the rule's sign, behind the one that ACL SETUSER has for it there."""
    text = _bytes(rule)
    sign = {b"+": plus, b"-": minus}.get(text[:1])
    if sign is None:
        raise DataError(f"acl_setuser takes {name} with + or - before them")
    return sign + text[1:]


def _pattern(key: Any) -> bytes:
    text = _bytes(key)
    return text if text[:1] in (b"%", b"~") else b"~" + text


def _bytes(value: Any) -> bytes:
    return bytes(word(str(value) if isinstance(value, (int, float)) else value))
