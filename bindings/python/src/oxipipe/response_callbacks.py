"""`ResponseCallbacks`: redis-py's `response_callbacks` of a client. Imported when a program first asks for one."""

from __future__ import annotations

from collections.abc import MutableMapping

from oxipipe import _types as t
from oxipipe.commands.shapes import names_with_shapes, resolve_words


class ResponseCallbacks(MutableMapping[str, "t.Callback"]):
    """What shapes the replies of one client, by the name of the command in any case: "GET", "CONFIG GET".

    To set one is `set_response_callback`; to delete one leaves replies as they come. A callback is called with the reply alone.
    "CONFIG" is there when it was set, and then stands for each subcommand that has no callback of its own.
    """

    def __init__(self, owner: t.Shaping) -> None:
        self._owner = owner

    def __getitem__(self, name: str) -> t.Callback:
        words = tuple(name.split()) if isinstance(name, str) else ()
        found: t.Callback | None = resolve_words(words)
        if hooks := self._owner._hooks:
            found = hooks.shapes.get(hooks.name_of(words), found)
        if found is None:
            raise KeyError(name)
        return found

    def __setitem__(self, name: str, callback: t.Callback) -> None:
        if not callable(callback):
            raise TypeError(f"callback is a {type(callback).__name__}; it must be callable")
        self._owner.set_response_callback(name, callback)

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self._owner.set_response_callback(name, None)

    def __iter__(self) -> t.Iterator[str]:
        names = dict.fromkeys(names_with_shapes())
        if hooks := self._owner._hooks:
            names.update(dict.fromkeys(hooks.shapes))
        return (name for name in names if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._owner!r}>"
