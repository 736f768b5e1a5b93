"""From the nodes of replies to Python objects, for the cffi backend."""

from __future__ import annotations

from struct import Struct, pack, unpack

from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.hooks import hooks
from oxipipe._core.cffi.interrupts import attempt

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    from oxipipe._core.interface import Callback

_ATTRIBUTE = lib.OXP_TYPE_ATTRIBUTE
_BIG_NUMBER = lib.OXP_TYPE_BIG_NUMBER
_BOOLEAN = lib.OXP_TYPE_BOOLEAN
_DOUBLE = lib.OXP_TYPE_DOUBLE
_ERROR = lib.OXP_TYPE_ERROR
_INTEGER = lib.OXP_TYPE_INTEGER
_MAP = lib.OXP_TYPE_MAP
_NULL = lib.OXP_TYPE_NULL
_SET = lib.OXP_TYPE_SET
_STATUS = lib.OXP_TYPE_STATUS
_STRING = lib.OXP_TYPE_STRING
_TEXTS = frozenset((_STATUS, _STRING, lib.OXP_TYPE_VERBATIM))
_AGGREGATES = frozenset((lib.OXP_TYPE_ARRAY, _MAP, _SET, lib.OXP_TYPE_PUSH, _ATTRIBUTE))

#: The status QUEUED, as bytes and as text. Replies are these very objects, which no string that a program stored can be.
QUEUED = b"QUEUED"
QUEUED_TEXT = "QUEUED"

#: An `oxp_node`: type, len, value.
_NODE = Struct("=B3xIq")
#: Each node says where its text is; nobody says where the last one ends.
_ENDLESS = 1 << 62


class Decoder:
    """Builds the values that the nodes fed to it describe; a value may begin in one feed and end in another.

    `items` are the complete top-level values; one that cannot be told in Python has an exception in its place, as one that is
    an error of the server.
    """

    def __init__(
        self,
        decoding: tuple[str, str] | None,
        keeps_bytes: bool = False,
        undecoded: Collection[int] = (),
    ) -> None:
        self.items: list[Any] = []
        #: Which of the items tell of a reply that cannot be told.
        self.unreadable: set[int] = set()
        #: What takes the place of the top-level value in hand, whose rest is built for nobody.
        self._failure: Exception | None = None
        self._decoding = decoding
        #: What cannot be decoded stays bytes, instead of being a failure.
        self._keeps_bytes = keeps_bytes
        #: The places of items that nobody decodes.
        self._undecoded = undecoded
        # The innermost open aggregate, and those around it as (type, missing, children).
        self._children = self.items
        self._missing = -1  # of top-level values there is no end
        self._opened: list[tuple[int, int, list[Any]]] = []

    def feed(self, nodes: Any, count: int, text: Any) -> None:
        """Continues with `count` nodes whose texts are slices of `text`.

        Raises what signal handlers raise. What a codec raises concerns the reply in hand alone.
        """
        if not count:
            return
        raw = memoryview(ffi.buffer(nodes, count * _NODE.size))
        if not self._opened and raw[:: _NODE.size].tobytes().count(_INTEGER) == count:
            # What comes of most commands that write, at a tenth of the price.
            self.items += raw.cast("q")[1::2].tolist()
            return
        foreign: list[BaseException] = []
        data = ffi.buffer(text, _ENDLESS)
        plain = _STRING if self._decoding is None else None
        item: Any
        for kind, length, value in _NODE.iter_unpack(raw):
            if kind == plain:
                item = data[value : value + length]
            elif kind == _INTEGER:
                item = value
            elif kind not in _AGGREGATES:
                item = self._scalar(kind, length, value, data, foreign)
            elif length:
                self._opened.append((kind, self._missing, self._children))
                self._missing, self._children = length, []
                continue
            elif kind == _ATTRIBUTE:
                continue
            else:
                item = _aggregate(kind, [])
            self._children.append(item)
            self._missing -= 1
            if not self._missing or self._failure is not None:
                self._end()
        if foreign:
            raise foreign[0]

    def _end(self) -> None:
        """Ends the aggregates that are complete, and gives up the top-level value if it cannot be told."""
        while not self._missing:
            children = self._children
            kind, self._missing, self._children = self._opened.pop()
            if kind != _ATTRIBUTE:  # nobody asked for it, and it counts for nothing
                self._children.append(_aggregate(kind, children))
                self._missing -= 1
        if self._failure is not None and not self._opened:
            self.unreadable.add(len(self.items) - 1)
            self.items[-1], self._failure = self._failure, None

    def _scalar(
        self, kind: int, length: int, value: int, data: Any, foreign: list[BaseException]
    ) -> Any:
        """What the node comes to; None, and a failure of the whole reply, if it cannot be told."""
        try:
            return self._told(kind, length, value, data)
        except BaseException as error:
            result, own = attempt(lambda: self._told(kind, length, value, data), foreign, error)
        if own is None:
            return result
        if self._keeps_bytes and (kind in _TEXTS or kind == _BIG_NUMBER):
            return data[value : value + length]
        is_wanted = not any(kind == _ATTRIBUTE for kind, _, _ in self._opened)
        if self._failure is None and is_wanted:
            self._failure = hooks.decode_error(own)
        return None

    def _told(self, kind: int, length: int, value: int, data: Any) -> Any:
        if kind in _TEXTS:
            text = data[value : value + length]
            if kind == _STATUS and text == QUEUED:
                return QUEUED if self._decoding is None else QUEUED_TEXT
            if self._decoding is None or (self._undecoded and len(self.items) in self._undecoded):
                return text
            return str(text, *self._decoding)
        if kind == _NULL:
            return None
        if kind == _ERROR:
            return hooks.reply_error(data[value : value + length].decode("utf-8", "replace"))
        if kind == _DOUBLE:
            return unpack("=d", pack("=q", value))[0]
        if kind == _BOOLEAN:
            return bool(value)
        if kind == _BIG_NUMBER:
            return int(data[value : value + length])
        raise RuntimeError(f"liboxipipe knows a type of value ({kind}) that this package does not")


def value(reply: Any, decoding: tuple[str, str] | None, callback: Callback | None = None) -> Any:
    """What an `oxp_reply` to which `callback` will be applied says, or what it has to raise."""
    (item,) = _items(reply, decoding, 0, undecoded_one(callback))
    if isinstance(item, Exception):
        raise item
    return item


def elements(
    reply: Any, decoding: tuple[str, str] | None, undecoded: Collection[int]
) -> list[Any] | None:
    """The elements of an `oxp_reply`, each by itself, with an exception in the place of an error; None if it is null."""
    if lib.oxp_reply_type(reply) == lib.OXP_TYPE_ARRAY:
        return _items(reply, decoding, 1, undecoded)
    null: None = value(reply, decoding)
    return null


def shaped(callback: Callback | None, reply: Any) -> Any:
    """What `callback` makes of a reply, if there is one. QUEUED, which a lease gets in the place of a reply, stays as it is."""
    if callback is None or reply is QUEUED or reply is QUEUED_TEXT:
        return reply
    return callback(reply)


def undecoded(callbacks: Sequence[Callback | None]) -> Collection[int]:
    """The places of callbacks for replies that nobody decodes."""
    kind = hooks.undecoded
    return {place for place, callback in enumerate(callbacks) if type(callback) is kind}


def undecoded_one(callback: Callback | None) -> Collection[int]:
    """The same for the callback of a single command."""
    return (0,) if type(callback) is hooks.undecoded else ()


def _items(
    reply: Any, decoding: tuple[str, str] | None, first: int, undecoded: Collection[int]
) -> list[Any]:
    nodes, count = ffi.new("const oxp_node **"), ffi.new("size_t *")
    data, length = ffi.new("const uint8_t **"), ffi.new("size_t *")
    lib.oxp_reply_nodes(reply, nodes, count)
    lib.oxp_reply_bytes(reply, data, length)
    decoder = Decoder(decoding, undecoded=undecoded)
    decoder.feed(nodes[0] + first, count[0] - first, data[0])
    return decoder.items


def _aggregate(kind: int, children: list[Any]) -> Any:
    if kind == _MAP:
        return _map(children)
    if kind == _SET:
        try:
            return set(children)
        except TypeError:  # a member that is itself an aggregate
            return children
    return children


def _map(children: list[Any]) -> Any:
    keys, values = children[::2], children[1::2]
    try:
        return dict(zip(keys, values, strict=True))
    except TypeError:
        pass
    keys = [tuple(key) if isinstance(key, list) else key for key in keys]
    try:
        return dict(zip(keys, values, strict=True))
    except TypeError:
        return list(zip(keys, values, strict=True))
