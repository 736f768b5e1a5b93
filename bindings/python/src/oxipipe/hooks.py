"""What one client object does besides calling: shapes of replies that are its own, and telling of each call.

Imported when the first object wants one, see `oxipipe._hooked`.
"""

from __future__ import annotations

from time import perf_counter
from typing import NamedTuple

from oxipipe import _types as t
from oxipipe.commands.shapes import ShapedName, Undecoded, resolve_words, word


class CallEvent(NamedTuple):
    """A call that has ended."""

    #: The command's name in upper case, or "PIPELINE".
    name: str
    #: How many commands it was.
    commands: int
    #: Of the client, without user and password: "redis://localhost:6379/0".
    address: str
    #: Seconds from the call to its end; for what gives a future, to when that was decided.
    duration: float
    #: What was raised; None if there was a result.
    error: BaseException | None

    @property
    def outcome(self) -> str | None:
        """What became of the commands of a call without a result, as `outcome` of the exceptions; None if there is one."""
        return getattr(self.error, "outcome", None)


class Hooks:
    """Those of one client, and of the pipelines and leases that it makes."""

    def __init__(self) -> None:
        #: By the command's name in upper case, of one word or two; None leaves a reply as it comes.
        self.shapes: dict[str, t.Callback | None] = {}
        #: The first words of those of two.
        self.containers: set[str] = set()
        self.observers: tuple[t.Observer, ...] = ()

    def put_shape(self, command: str, callback: t.Callback | None) -> None:
        container, *subcommand = words = command.upper().split()
        if subcommand:
            self.containers.add(container)
        self.shapes[" ".join(words)] = callback

    def shape_of(self, words: tuple[t.Any, ...], own: t.Callback | None) -> t.Callback | None:
        """What is to shape the reply to a command that otherwise has the shape `own`."""
        name = self.name_of(words)
        if name not in self.shapes:
            return own
        callback = self.shapes[name]
        return Undecoded(callback) if isinstance(resolve_words(words), Undecoded) else callback

    def name_of(self, words: tuple[t.Any, ...]) -> str:
        """Under which a shape for the command would be among these."""
        name = _name(words)
        if name in self.containers and len(words) > 1:
            subcommand = f"{name} {word(words[1])}"
            return subcommand if subcommand in self.shapes else name
        return name

    def tell(
        self, name: str, commands: int, address: str, start: float, error: BaseException | None
    ) -> None:
        """Calls the observers. What they raise is logged: the call has its own end."""
        event = CallEvent(name, commands, address, perf_counter() - start, error)
        for observer in self.observers:
            try:
                observer(event)
            except Exception:
                import logging

                logging.getLogger("oxipipe").exception("exception calling observer %r", observer)


class Hook:
    """In the place of a method that sends one command."""

    def __init__(self, client: t.Any, hooks: Hooks, method: str) -> None:
        self.client, self.hooks = client, hooks
        self.is_shaped, self.may_wait = method == "command_as", method != "try_submit"
        self.plain = getattr(type(client), method).__get__(client)
        self.shaping = type(client).command_as.__get__(client)

    def __call__(self, *args: t.Any) -> t.Any:
        callback, words = (args[0], args[1:]) if self.is_shaped else (_OWN, args)
        name = _name(words)
        hooks = self.hooks
        start = perf_counter()
        try:
            shape = hooks.shape_of(words, callback) if hooks.shapes else callback
            if shape is _OWN:
                result = self.plain(*words)
            elif self.may_wait:
                result = self.shaping(shape, *words)
            else:
                result = self.plain(ShapedName(name.encode(), shape), *words[1:])
        except BaseException as error:
            hooks.tell(name, 1, self.client._address, start, error)
            raise
        if result is None and not self.may_wait:  # there was no room for it
            return None
        return _told(hooks, name, 1, self.client._address, start, result)


def hook_pipeline(pipeline: t.Any, client: t.Any) -> None:
    """Lets a pipeline have the hooks of its client, which has some."""
    hooks: Hooks = client._hooks
    command = type(pipeline).command.__get__(pipeline)
    command_as = type(pipeline).command_as.__get__(pipeline)
    execute = type(pipeline).execute.__get__(pipeline)

    def hooked_command(*args: t.Any) -> t.Any:
        shape = hooks.shape_of(args, _OWN)
        return command(*args) if shape is _OWN else command_as(shape, *args)

    def hooked_command_as(callback: t.Callback | None, *args: t.Any) -> t.Any:
        return command_as(hooks.shape_of(args, callback), *args)

    def hooked_execute(*args: t.Any, **kwargs: t.Any) -> t.Any:
        count, address = len(pipeline), client._address
        start = perf_counter()
        try:
            result = execute(*args, **kwargs)
        except BaseException as error:
            hooks.tell("PIPELINE", count, address, start, error)
            raise
        return _told(hooks, "PIPELINE", count, address, start, result)

    for method, hooked in (
        ("command", hooked_command),
        ("command_as", hooked_command_as),
        ("execute", hooked_execute),
    ):
        setattr(pipeline, method, hooked)


def _told(
    hooks: Hooks, name: str, commands: int, address: str, start: float, result: t.Any
) -> t.Any:
    """The result, when the observers know of it; those of a future when it is decided."""
    if not hooks.observers:
        return result
    watch = getattr(result, "add_done_callback", None)
    if watch is None:
        hooks.tell(name, commands, address, start, None)
        return result

    def decided(future: t.Any) -> None:
        try:
            error = future.exception()
        except BaseException as cancelled:
            error = cancelled
        hooks.tell(name, commands, address, start, error)

    watch(decided)
    return result


def _OWN(reply: t.Any) -> t.Any:
    """In the place of the shape that a back end finds by itself."""
    return reply


def _name(args: tuple[t.Any, ...]) -> str:
    if not args:
        return ""
    name = args[0]
    if isinstance(name, (bytes, bytearray, memoryview)):
        name = bytes(name).decode("latin-1")
    # Whether it can be a name at all is not judged here.
    return str(name).upper()
