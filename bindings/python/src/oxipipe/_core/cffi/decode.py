"""From the nodes of replies to Python objects, for the cffi backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.attempt import attempt_again

if TYPE_CHECKING:
    from typing import Any

    from oxipipe._core.cffi.call import Hooks
    from oxipipe._core.interface import Callback

NULL = lib.OXP_TYPE_NULL
STATUS = lib.OXP_TYPE_STATUS
ERROR = lib.OXP_TYPE_ERROR
INTEGER = lib.OXP_TYPE_INTEGER
STRING = lib.OXP_TYPE_STRING
DOUBLE = lib.OXP_TYPE_DOUBLE
BOOLEAN = lib.OXP_TYPE_BOOLEAN
BIG_NUMBER = lib.OXP_TYPE_BIG_NUMBER
VERBATIM = lib.OXP_TYPE_VERBATIM
ARRAY = lib.OXP_TYPE_ARRAY
MAP = lib.OXP_TYPE_MAP
SET = lib.OXP_TYPE_SET
PUSH = lib.OXP_TYPE_PUSH
ATTRIBUTE = lib.OXP_TYPE_ATTRIBUTE

_TEXTS = frozenset((STATUS, STRING, VERBATIM))
#: The status QUEUED, as bytes and as text. Replies are these very objects, which no string that a program stored can be.
QUEUED = b"QUEUED"
QUEUED_TEXT = "QUEUED"
_AGGREGATES = frozenset((ARRAY, MAP, SET, PUSH, ATTRIBUTE))
#: From this many equal nodes on, looking for them costs less than it saves.
_RUN = 8


class Decoder:
    """Builds the values that the nodes fed to it describe; a value may begin in one feed and end in another.

    `items` are the complete top-level values; one that cannot be told in Python has an exception in its place, as one that is
    an error of the server. Runs of integers and of strings, which make up nearly all large
    replies, are converted by list operations instead of node by node.
    """

    __slots__ = (
        "_children",
        "_decoding",
        "_doubts",
        "_failure",
        "_hooks",
        "_keeps_bytes",
        "_missing",
        "_opened",
        "items",
        "unreadable",
    )

    def __init__(
        self,
        decoding: tuple[str, str] | None,
        hooks: Hooks,
        keeps_bytes: bool = False,
    ) -> None:
        self.items: list[Any] = []
        #: Which of the items tell of a reply that cannot be told.
        self.unreadable: set[int] = set()
        #: What takes the place of the top-level value in hand, whose rest is built for nobody.
        self._failure: Exception | None = None
        #: What was raised and may have been a signal handler's; what remains of it was.
        self._doubts: list[BaseException] = []
        self._decoding = decoding
        #: What cannot be decoded stays bytes, instead of being a failure.
        self._keeps_bytes = keeps_bytes
        self._hooks = hooks
        # The innermost open aggregate, and those around it as (type, missing, children).
        self._children = self.items
        self._missing = -1  # at top level there is no end
        self._opened: list[tuple[int, int, list[Any]]] = []

    def feed(self, nodes: Any, count: int, data: Any) -> None:
        """Continues with `count` nodes whose texts are slices of `data`.

        Raises what signal handlers raise. What a codec raises concerns the reply in hand alone.
        """
        self._feed(memoryview(ffi.buffer(nodes, count * 16)), count, data)
        if self._doubts:
            raise self._doubts.pop(0)

    def _feed(self, raw: memoryview, count: int, data: Any) -> None:
        kinds = bytes(raw[::16])
        lens = raw.cast("I")[1::4]
        values = raw.cast("q")[1::2]
        i = self._run(0, kinds, values, lens, raw, data)
        while i < count:
            kind = kinds[i]
            if kind in _AGGREGATES:
                length = lens[i]
                i += 1
                if length:
                    self._opened.append((kind, self._missing, self._children))
                    self._missing, self._children = length, []
                    i = self._run(i, kinds, values, lens, raw, data)
                elif kind != ATTRIBUTE:
                    self._add(_aggregate(kind, []))
                continue
            value: Any
            if kind == INTEGER:
                value = values[i]
            elif kind == STRING and self._decoding is None:
                offset = values[i]
                value = data[offset : offset + lens[i]]
            elif kind == NULL:
                value = None
            else:
                try:
                    value = self._value(kind, i, values[i], lens[i], raw, data)
                except BaseException as error:
                    value = self._value_again(error, kind, i, values[i], lens[i], raw, data)
            self._add(value)
            i += 1

    def _value(self, kind: int, i: int, value: int, length: int, raw: memoryview, data: Any) -> Any:
        if kind not in _TEXTS:
            return self._rare(kind, i, value, length, raw, data)
        text = data[value : value + length]
        if kind == STATUS and text == QUEUED:
            return QUEUED if self._decoding is None else QUEUED_TEXT
        return text if self._decoding is None else str(text, *self._decoding)

    def _value_again(
        self,
        error: BaseException,
        kind: int,
        i: int,
        value: int,
        length: int,
        raw: memoryview,
        data: Any,
    ) -> Any:
        """What the node comes to after all; None, and a failure of the whole reply, if it does not."""
        seen = [*self._doubts, error]
        self._doubts = []
        result, own = attempt_again(
            lambda: self._value(kind, i, value, length, raw, data), seen, self._doubts
        )
        if own is None:
            return result
        if self._keeps_bytes and (kind in _TEXTS or kind == BIG_NUMBER):
            return data[value : value + length]
        is_wanted = not any(kind == ATTRIBUTE for kind, _, _ in self._opened)
        if self._failure is None and is_wanted:
            self._failure = self._hooks.decode_error(own)
        return None

    def _run(
        self, i: int, kinds: bytes, values: memoryview, lens: memoryview, raw: memoryview, data: Any
    ) -> int:
        """Converts the equal nodes from `i` on at one stroke if there are many; the index behind them."""
        end = len(kinds) if self._missing < 0 else min(len(kinds), i + self._missing)
        if end - i < _RUN:
            return i
        kind = kinds[i]
        if kinds.count(kind, i, end) != end - i:
            return i
        run: list[Any]
        if kind == INTEGER:
            run = values[i:end].tolist()
        elif kind in _TEXTS:
            lengths = lens[i:end].tolist()
            if kind == STATUS and len(QUEUED) in lengths:
                return i  # it may be among them
            spans = zip(values[i:end].tolist(), lengths, strict=True)
            if self._decoding is None:
                run = [data[offset : offset + length] for offset, length in spans]
            else:
                encoding, errors = self._decoding
                try:
                    run = [
                        str(data[offset : offset + length], encoding, errors)
                        for offset, length in spans
                    ]
                except BaseException as error:
                    self._doubts.append(error)  # one by one it turns out whose it is
                    return i
        elif kind == DOUBLE:
            run = raw.cast("d")[1::2][i:end].tolist()
        else:
            return i
        self._children += run
        if self._missing > 0:
            self._missing -= len(run)
            self._close()
        return end

    def _add(self, value: Any) -> None:
        self._children.append(value)
        if self._missing > 0:
            self._missing -= 1
            self._close()
        elif self._failure is not None:
            self._fail()

    def _fail(self) -> None:
        """The top-level value that is complete now is one that cannot be told."""
        self.unreadable.add(len(self.items) - 1)
        self.items[-1], self._failure = self._failure, None

    def _close(self) -> None:
        """Ends the aggregates that are complete."""
        while not self._missing:
            children = self._children
            kind, self._missing, self._children = self._opened.pop()
            if kind != ATTRIBUTE:  # nobody asked for it, and it counts for nothing
                self._children.append(_aggregate(kind, children))
                if self._missing > 0:
                    self._missing -= 1
                elif self._failure is not None:
                    self._fail()

    def _rare(self, kind: int, i: int, value: int, length: int, raw: memoryview, data: Any) -> Any:
        if kind == ERROR:
            return self._hooks.reply_error(data[value : value + length].decode("utf-8", "replace"))
        if kind == DOUBLE:
            return raw.cast("d")[2 * i + 1]
        if kind == BOOLEAN:
            return bool(value)
        if kind == BIG_NUMBER:
            return int(data[value : value + length])
        raise RuntimeError(f"liboxipipe knows a type of value ({kind}) that this package does not")


def shaped(callback: Callback, reply: Any) -> Any:
    """What `callback` makes of a reply. QUEUED, which a lease gets in the place of a reply, stays as it is."""
    return reply if reply is QUEUED or reply is QUEUED_TEXT else callback(reply)


def _aggregate(kind: int, children: list[Any]) -> Any:
    if kind == MAP:
        return _map(children)
    if kind == SET:
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
