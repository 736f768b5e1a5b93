"""From Python arguments to bytes, and what the cffi backend knows about commands by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxipipe._core._ffi import lib
from oxipipe._core.cffi.call import hooks

if TYPE_CHECKING:
    from typing import Any

    from oxipipe._core.interface import Callback

#: Names seen are remembered, but a program that makes up names does not fill the memory.
_MOST_NAMES = 4096


def encode(args: tuple[Any, ...], encoding: str, errors: str) -> list[bytes]:
    """The arguments as bytes; a DataError if one of them cannot be sent."""
    if not args:
        raise hooks.data_error("a command needs at least its name")
    # Command names are ASCII whatever the encoding of the data is.
    encoded = [_encode(args[0], "utf-8", "strict")]
    encoded += [a if type(a) is bytes else _encode(a, encoding, errors) for a in args[1:]]
    return encoded


def keeps_ascii(encoding: str, errors: str) -> bool:
    """Whether ASCII text is the same bytes in `encoding`."""
    ascii_bytes = bytes(range(128))
    try:
        return ascii_bytes.decode("ascii").encode(encoding, errors) == ascii_bytes
    except UnicodeError:
        return False


def callback(args: tuple[Any, ...]) -> Callback | None:
    """The callback of the command `args`."""
    if not args:
        return None
    try:
        return callbacks[args[0]]
    except KeyError:
        if len(callbacks) >= _MOST_NAMES:
            callbacks.clear()
        found = callbacks[args[0]] = hooks.resolve_callback(args[0])
        return found
    except TypeError:  # a bytearray cannot be a key
        return hooks.resolve_callback(args[0])


def traits(name: bytes) -> int:
    """What the library says of a command's name: a sum of `OXP_COMMAND_` numbers."""
    found = _traits.get(name)
    if found is None:
        if len(_traits) >= _MOST_NAMES:
            _traits.clear()
        found = _traits[name] = lib.oxp_command_traits(name, len(name))
    return found


def may_be_refused(name: bytes) -> bool:
    """Whether the library may refuse the command, and should be asked at once.

    In a slab its refusal would come late, and take the others with it.
    """
    if traits(name) & lib.OXP_COMMAND_MAY_BE_REFUSED:
        return True
    if len(never_refused) >= _MOST_NAMES:
        never_refused.clear()
    never_refused.add(name.decode("latin-1"))
    return False


def _encode(value: Any, encoding: str, errors: str) -> bytes:
    if isinstance(value, str):
        try:
            return value.encode(encoding, errors)
        except UnicodeEncodeError as error:
            raise hooks.encoding_error(*error.args) from None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return b"%d" % value
    if isinstance(value, float):
        return repr(value).encode()
    kind = type(value).__name__
    raise hooks.data_error(
        f"Invalid input of type: '{kind}'. Convert to a bytes, string, int or float first."
    )


_traits: dict[bytes, int] = {}
#: Command name as given -> callback.
callbacks: dict[Any, Callback | None] = {}
#: Names of commands, as given, that `may_be_refused` has been asked about and has said no.
never_refused: set[str] = set()
