"""Where decoders, logs and traces stand: what a client object may do besides calling.

An object that uses none of it pays nothing for it: hooks are methods of the object that hide those of its class, and are there
only from the first use on.
"""

from __future__ import annotations

from oxipipe import _types as t

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from oxipipe.hooks import Hooks


class Shaping:
    """Shapes of replies that are one object's own."""

    _hooks: t.Hooks | None = None

    if TYPE_CHECKING:

        def _hooked(self) -> t.Hooks: ...

    def set_response_callback(self, command: str, callback: t.Callback | None) -> None:
        """From now on, `callback` shapes the replies to this command, whatever asks for it; None leaves them as they come.

        "CONFIG GET" is that subcommand only; "CONFIG" is all subcommands that have no callback of their own here. Of this client,
        and of pipelines and leases that it makes from now on. Errors are not shaped. What is bytes by nature, such as what DUMP
        gives, is bytes for the callback, too.
        """
        if not isinstance(command, str):
            raise TypeError(f"command is a {type(command).__name__}; it must be a str")
        if not command.strip():
            raise ValueError("command is empty; it must be the name of one")
        if callback is not None and not callable(callback):
            raise TypeError(
                f"callback is a {type(callback).__name__}; it must be callable, or None"
            )
        self._hooked().put_shape(command, callback)

    @property
    def response_callbacks(self) -> t.ResponseCallbacks:
        """What shapes the replies, by the name of the command in any case; to set and to delete items is `set_response_callback`."""
        from oxipipe.response_callbacks import ResponseCallbacks

        return ResponseCallbacks(self)


class Hooked(Shaping):
    """`set_response_callback` and `on_call` of a client class; its other base is the back end's type."""

    def on_call(self, observer: t.Observer) -> t.Callable[[], None]:
        """From now on, calls `observer` with a `CallEvent` when a call has ended; returns what takes that back.

        Of this client, and of pipelines and leases that it makes from now on. The observer runs in the thread that made the call;
        where a call gives a future, in the one that decides it, which is the loop's own for asyncio. What it raises is logged.
        Of a pool, watching futures takes a thread (see `oxipipe.Future`).
        """
        if not callable(observer):
            raise TypeError(f"observer is a {type(observer).__name__}; it must be callable")
        hooks = self._hooked()
        hooks.observers += (observer,)

        def forget() -> None:
            rest = list(hooks.observers)
            if observer in rest:
                rest.remove(observer)
            hooks.observers = tuple(rest)

        return forget

    def _hooked(self) -> t.Hooks:
        if self._hooks is None:
            from oxipipe.hooks import Hooks

            self._use(Hooks())
        return self._hooks  # type: ignore[return-value]

    def _use(self, hooks: t.Hooks | None) -> None:
        """Lets this object have the hooks of the one that made it, or new ones."""
        if hooks is not None:
            from oxipipe.hooks import Hook

            self._hooks = hooks
            methods = ["command", "command_as"]
            if hasattr(type(self), "try_submit"):  # a pool; other clients leave `submit` to one
                methods += ["submit", "try_submit"]
            for method in methods:
                setattr(self, method, Hook(self, hooks, method))


class HookedPipeline(Shaping):
    """The hooks of a pipeline are those of its client: what is set on either is set on both."""

    #: The client, pool or lease.
    _owner: t.Any

    def _hook(self, owner: Hooked) -> None:
        """Makes this a pipeline of `owner`, with the hooks that it has."""
        self._owner = owner
        if owner._hooks is not None:
            self._hooked()

    def _hooked(self) -> t.Hooks:
        hooks: Hooks = self._owner._hooked()
        if self._hooks is None:
            from oxipipe.hooks import hook_pipeline

            self._hooks = hooks
            hook_pipeline(self, self._owner)
        return hooks
