"""Views of clients, pipelines and pools: the same commands, with arguments encoded and replies decoded by functions of the caller's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxipipe import _types as t
from oxipipe.commands._table import Commands
from oxipipe.commands.iterations import Iterations
from oxipipe.commands.shapes import Undecoded, find, resolve_words
from oxipipe.commands.untyped import KEEP

if TYPE_CHECKING:
    from oxipipe.typing import T
else:
    T = None


class Viewing:
    """How the commands of a view reach its owner."""

    _owner: t.Any
    _decoder: t.Any
    _encoder: t.Any

    def __init__(self, owner: t.Any, decoder: t.Any, encoder: t.Any) -> None:
        if isinstance(owner, Viewing):
            decoder = owner._decoder if decoder is KEEP else decoder
            encoder = owner._encoder if encoder is None else encoder
            owner = owner._owner
        for name, function in (("decoder", decoder), ("encoder", encoder)):
            if function is not None and function is not KEEP and not callable(function):
                raise TypeError(f"{name} is a {type(function).__name__}; it must be callable")
        self._owner, self._decoder, self._encoder = owner, decoder, encoder

    def command(self, *args: t.Any) -> t.Any:
        """As of the owner."""
        return self.command_as(resolve_words(args), *args)

    def command_as(self, callback: t.Callback | None, *args: t.Any) -> t.Any:
        """As of the owner."""
        if self._encoder is not None:
            args = tuple(arg if _can_be_sent(arg) else self._encoder(arg) for arg in args)
        if self._decoder is KEEP or callback is find("state"):
            return self._given(self._owner.command_as(callback, *args))
        if self._decoder is None:
            return self._given(self._owner.command_as(Undecoded(callback), *args))
        shape = Undecoded(_then(callback, self._decoder))
        return self._given(self._owner.command_as(shape, *args))

    def __repr__(self) -> str:
        return f"<view of {self._owner!r}>"

    def _given(self, result: t.Any) -> t.Any:
        """Of a pipeline that gives itself, the view of it."""
        return self if result is self._owner else result


class View(Viewing, Iterations[T], Commands[T]):
    """Of what blocks, of pipelines and pools; iterations only of the first."""


def _then(shape: t.Callback | None, decoder: t.Callable[[bytes], t.Any]) -> t.Callback:
    if isinstance(shape, Undecoded):  # bytes by nature
        return shape

    def shaped(reply: t.Any) -> t.Any:
        return decoded(reply if shape is None else shape(reply), decoder)

    return shaped


def decoded(reply: t.Any, decoder: t.Callable[[bytes], t.Any]) -> t.Any:
    """The reply with what `decoder` makes of the bytes in it."""
    if isinstance(reply, bytes):
        return decoder(reply)
    if isinstance(reply, list):
        return [decoded(item, decoder) for item in reply]
    if isinstance(reply, tuple):
        return tuple(decoded(item, decoder) for item in reply)
    if isinstance(reply, dict):
        return {decoded(key, decoder): decoded(value, decoder) for key, value in reply.items()}
    if isinstance(reply, set):
        members = [decoded(item, decoder) for item in reply]
        try:
            return set(members)
        except TypeError:  # what `decoder` makes cannot be in a set
            return members
    return reply


def _can_be_sent(argument: t.Any) -> bool:
    sent = (bytes, str, int, float, bytearray, memoryview)
    return isinstance(argument, sent) and not isinstance(argument, bool)
