"""The base of all pipelines for the cffi backend: gathers commands, and shapes their replies."""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Collection, Sequence
from typing import Any, Self

from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.args import packed
from oxipipe._core.cffi.call import check, checked, text_of
from oxipipe._core.cffi.decode import Decoder, elements, shaped, undecoded
from oxipipe._core.cffi.handle import Handle
from oxipipe._core.cffi.hooks import hooks
from oxipipe._core.cffi.interrupts import call_then, surely
from oxipipe._core.interface import Callback, Finish

TYPE_CHECKING = False  # that of `typing` costs more than this package


#: A pipeline hands its commands over when their arguments come to this many bytes: a call costs several times what it costs to
#: append to a list.
SLAB_BYTES = 32 * 1024
_MAY_BE_REFUSED = lib.OXP_COMMAND_MAY_BE_REFUSED


class PipelineCore:
    """One pipeline of the library. The two classes `Pipeline` derive from it."""

    _handle: Any = None
    #: Of each command that was added, what shapes its reply; with its encoded arguments as long as the library does not have it.
    _added: list[Any]
    #: How large those are, more or less: what a signal handler or another thread does to this number makes no difference.
    _bytes: int
    #: Also a signal handler of the thread that executes it has to leave it alone.
    _is_executing = False

    def _open(self, client: Any, atomic: bool) -> None:
        self._client, self._codec, self._atomic = client, client._codec, atomic
        self._handle = client._new_pipeline(atomic)
        #: The thread that uses it, if one does.
        self._user: dict[None, int] = {}
        self._forget()

    def command(self, *args: Any) -> Self:
        """Adds one command; returns the pipeline."""
        callback, traits, command, size = self._codec.read(args)
        return self._add(callback, traits, command, size)

    def command_as(self, callback: Callback | None, *args: Any) -> Self:
        """As `command`, with the reply shaped by `callback` instead of the command's own."""
        _, traits, command, size = self._codec.read(args)
        return self._add(callback, traits, command, size)

    def _add(
        self, callback: Callback | None, traits: int, command: Sequence[str], size: int
    ) -> Self:
        # What the library may refuse goes alone, so that a refusal comes at once and takes no other command with it.
        is_alone = traits & _MAY_BE_REFUSED or size > SLAB_BYTES
        if is_alone or self._bytes > SLAB_BYTES or self._user:
            self._enter()
            try:
                self._hand_over()
                if is_alone:
                    self._give([(command, callback)], 0)
                    return self
            finally:
                self._leave()
        # All of it by one call: it cannot be torn, neither by a signal handler nor by another thread, and needs no `_enter`, which
        # would be a fifth of what a command costs.
        self._added.append((command, callback))
        self._bytes += size
        return self

    def _execute(self) -> tuple[list[Any] | None, int]:
        self._enter()
        callbacks = self._added
        try:
            replies = surely(self._replies, self._end)
        except BaseException as error:
            _shape(getattr(error, "replies", None) or [], callbacks)
            raise
        return replies, -1 if replies is None else _shape(replies, callbacks)

    def _replies(self) -> list[Any] | None:
        self._is_executing = True
        self._hand_over()
        return self._execute_whole() if self._atomic else self._execute_stream()

    def _take(self) -> PipelineCore:
        """Moves the commands into a new pipeline and returns that."""
        self._enter()
        return surely(self._moved, self._end)

    def _moved(self) -> PipelineCore:
        self._hand_over()
        sent = PipelineCore()
        sent._open(self._client, self._atomic)
        sent._added = self._added
        sent._handle, self._handle = self._handle, sent._handle
        return sent

    def _end(self) -> None:
        """What was handed over and not executed must not be there for the commands to come."""
        if lib.oxp_pipeline_len(self._handle.raw):
            lib.oxp_pipeline_reset(self._handle.raw)
        self._is_executing = False
        self._forget()
        self._leave()

    def _finished(self, replies: list[Any], failure: Exception | None, finish: Finish) -> list[Any]:
        """What is to be returned or raised for replies that came to its owner."""
        first_error = _shape(replies, self._added)
        if failure is not None:
            failure.replies = replies  # type: ignore[attr-defined]
            raise failure
        if self._atomic and not replies:
            return finish(self, None, first_error)
        return replies if first_error < 0 else finish(self, replies, first_error)

    def _command_name(self, index: int) -> str:
        name = text_of(lib.oxp_pipeline_command_name, self._handle.raw, index)
        if name is None:
            raise IndexError("the pipeline has no such command")
        return name

    def reset(self) -> None:
        """Forgets the commands that were added. What was already sent cannot be called back."""
        self._enter()
        try:
            self._bytes = 0
            check(call_then(lib.oxp_pipeline_reset, (self._handle.raw,), self._added.clear))
        finally:
            self._leave()

    def __len__(self) -> int:
        return len(self._added)

    def __bool__(self) -> bool:
        return True

    def _enter(self) -> None:
        # This thread has it already if a signal handler raised before it left, and within what it does here.
        me = get_ident()
        if self._user.setdefault(None, me) != me or self._is_executing:
            raise _used_by_another_thread()

    def _leave(self) -> None:
        self._user.clear()

    def _hand_over(self) -> None:
        """Gives the gathered commands to the library, which may send them at once."""
        self._bytes = 0
        commands = self._added[lib.oxp_pipeline_len(self._handle.raw) :]
        if commands:
            self._give(commands, len(commands))

    def _give(self, commands: list[tuple[Sequence[str], Callback | None]], count: int) -> None:
        """Hands commands over, in the place of the first `count` that the library does not have."""
        place = lib.oxp_pipeline_len(self._handle.raw)
        callbacks = [callback for _, callback in commands]
        then = self._added.__setitem__, slice(place, place + count), callbacks
        arguments = packed([command for command, _ in commands])
        checked(lib.oxp_pipeline_add_packed, self._handle.raw, *arguments, then=then)

    def _execute_stream(self) -> list[Any]:
        decoder = Decoder(self._codec.decoding, undecoded=self._undecoded())
        handle = ffi.new_handle(decoder)
        part = ffi.addressof(lib, "oxp_py_gated_part")
        execute = lib.oxp_pipeline_execute_stream
        checked(execute, self._handle.raw, part, handle, replies=decoder.items)
        return decoder.items

    def _execute_whole(self) -> list[Any] | None:
        # The reply to EXEC comes as a whole anyway, and only this way tells null from empty.
        reply = Handle("reply")
        checked(lib.oxp_pipeline_execute, self._handle.raw, reply.out, replies=[])
        return elements(reply.raw, self._codec.decoding, self._undecoded())

    def _undecoded(self) -> Collection[int]:
        """The places of replies that nobody decodes, in a client that decodes others."""
        return () if self._codec.decoding is None else undecoded(self._added)

    def _forget(self) -> None:
        self._added, self._bytes = [], 0


def _shape(replies: list[Any], callbacks: list[Callback | None]) -> int:
    """Applies the callbacks to the replies that are there. The index of the first exception, or -1."""
    errors: list[int] = []
    if any(issubclass(kind, Exception) for kind in set(map(type, replies))):  # seldom, and quicker
        errors = [index for index, reply in enumerate(replies) if isinstance(reply, Exception)]
    shapes = [(index, callback) for index, callback in enumerate(callbacks) if callback is not None]
    for index, callback in shapes:
        if index >= len(replies) or isinstance(replies[index], Exception):
            continue
        try:
            replies[index] = shaped(callback, replies[index])
        except Exception as error:
            replies[index] = error
            errors.append(index)
    return min(errors, default=-1)


def _used_by_another_thread() -> Exception:
    message = "the pipeline is in use by another thread"
    return hooks.call_error(lib.OXP_ERR_BUSY, lib.OXP_OUTCOME_NOT_APPLIED, message)
