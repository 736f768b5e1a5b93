"""From Python arguments to what is sent, and what the cffi backend knows about commands by their names."""

from __future__ import annotations

from array import array
from itertools import chain

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

    def read(self, args: tuple[Any, ...]) -> tuple[Callback | None, int, Sequence[str], int]:
        """Of the command `args`: its callback, its traits, what is sent, and how many bytes that is. A DataError if it cannot be.

        The traits are what the library says of its name, a sum of `OXP_COMMAND_` numbers; what is sent are the arguments as
        text in which each character stands for one byte.
        """
        try:
            # ASCII text is such text already, and joining is the quickest way to learn that all of them are.
            joined = "".join(args)
            if joined.isascii() and self._keeps_ascii:
                callback, traits = _plain[args[0]]
                return callback, traits, args, len(joined)
        except (LookupError, TypeError):
            pass
        if not args:
            raise hooks.data_error("a command needs at least its name")
        encoding, errors = self._encoding, self._errors
        encoded = [_encode(args[0], "utf-8", "strict")]
        encoded += [_encode(arg, encoding, errors) for arg in args[1:]]
        command = [arg.decode("latin-1") for arg in encoded]
        return *_known(args, encoded[0]), command, sum(map(len, command))


def packed(commands: Sequence[Sequence[str]]) -> tuple[Any, ...]:
    """The encoded arguments of commands as the library takes them: all as one, their lengths, and how many each command has."""
    args = list(chain.from_iterable(commands))
    slab = "".join(args).encode("latin-1")
    return slab, len(slab), *_counts(args), *_counts(commands)


def _counts(things: Sequence[Sequence[Any]]) -> tuple[Any, int]:
    # From a list, an array is made at a quarter of the price.
    return ffi.from_buffer("uint32_t[]", array("I", list(map(len, things)))), len(things)


#: What is known of names, as they were given, that tell all of it.
_plain: dict[Any, tuple[Callback | None, int]] = {}


def _known(args: tuple[Any, ...], name: bytes) -> tuple[Callback | None, int]:
    given = args[0]
    if isinstance(given, (str, bytes)) and given in _plain:
        return _plain[given]
    traits = int(lib.oxp_command_traits(name, len(name)))
    callback: Any = hooks.resolve_callback(given)
    if type(callback) is hooks.by_words:
        return callback(*args), traits
    if isinstance(given, (str, bytes)):
        if len(_plain) >= _MOST_NAMES:
            _plain.clear()
        _plain[given] = callback, traits
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
    raise hooks.unsendable(value)
