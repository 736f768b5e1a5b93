"""From Python arguments to what is sent, and what the cffi backend knows about commands by their names."""

from __future__ import annotations

from array import array

from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.hooks import hooks

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from oxipipe._core.interface import Callback

#: Names seen are remembered, but a program that makes up names does not fill the memory.
_MOST_NAMES = 4096


class Codec:
    """What a client does with text: how it encodes arguments, and whether it decodes replies."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Takes its own out of the options of a client."""
        self._encoding: str = options.pop("encoding", "utf-8")
        self._errors: str = options.pop("errors", "strict")
        #: How to decode replies; None if they stay bytes.
        self.decoding = (self._encoding, self._errors) if options.pop("decode", False) else None
        text = bytes(range(128))
        try:
            self._keeps_ascii = text.decode("ascii").encode(self._encoding, self._errors) == text
        except UnicodeError:
            self._keeps_ascii = False

    def encode(self, args: tuple[Any, ...]) -> tuple[Sequence[str], int]:
        """The arguments as text in which each character stands for one byte, and how many they are.

        A DataError if one of them cannot be sent. ASCII text is such text already, and joining is the quickest way to learn that
        all of them are.
        """
        try:
            joined = "".join(args)
            if joined and joined.isascii() and self._keeps_ascii:
                return args, len(joined)
        except TypeError:
            pass
        if not args:
            raise hooks.data_error("a command needs at least its name")
        encoding, errors = self._encoding, self._errors
        encoded = [_encode(args[0], "utf-8", "strict")]
        encoded += [_encode(arg, encoding, errors) for arg in args[1:]]
        return [arg.decode("latin-1") for arg in encoded], sum(map(len, encoded))


def packed(args: Sequence[str], argcs: Sequence[int]) -> tuple[Any, ...]:
    """Encoded arguments of several commands, and how many each has, as the library takes them: with all their lengths."""
    slab = "".join(args).encode("latin-1")
    lens = array("I", map(len, args))
    counts = ffi.from_buffer("uint32_t[]", array("I", argcs))
    return slab, len(slab), ffi.from_buffer("uint32_t[]", lens), len(lens), counts, len(argcs)


def known(args: tuple[Any, ...]) -> tuple[Callback | None, int]:
    """Of the command `args`: its callback, and what the library says of its name, a sum of `OXP_COMMAND_` numbers."""
    if not args:
        return None, 0
    try:
        found = _plain.get(args[0])
    except TypeError:  # a bytearray cannot be a key
        found = None
    return found or _told(args)


#: What is known of names that tell all of it.
_plain: dict[Any, tuple[Callback | None, int]] = {}


def _told(args: tuple[Any, ...]) -> tuple[Callback | None, int]:
    name = args[0]
    # Command names are ASCII whatever the encoding of the data is.
    encoded = _encode(name, "utf-8", "strict")
    traits = int(lib.oxp_command_traits(encoded, len(encoded)))
    callback: Any = hooks.resolve_callback(name)
    if type(callback) is hooks.by_words:
        return callback(*args), traits
    if isinstance(name, (str, bytes)):
        if len(_plain) >= _MOST_NAMES:
            _plain.clear()
        _plain[name] = callback, traits
    return callback, traits


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
