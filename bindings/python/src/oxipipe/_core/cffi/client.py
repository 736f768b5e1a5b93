"""The backend for every Python: cffi's API mode (`_ffi`) and Python code. `_fast` is the same in C.

A cffi call costs several times what it costs to append to a list, so a pipeline gathers commands and hands
them over in slabs, and replies come back as tapes of nodes (see `oxp_node` in the header) that `Decoder` turns into
objects. cffi releases the GIL around every call.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.args import callback as callback_of
from oxipipe._core.cffi.args import callbacks, encode, keeps_ascii, may_be_refused, never_refused
from oxipipe._core.cffi.call import gated_part, hooks, idle_call, new_options, server_fields
from oxipipe._core.cffi.decode import QUEUED, QUEUED_TEXT, Decoder, shaped
from oxipipe._core.cffi.events import FOREVER, take_events
from oxipipe._core.cffi.future import FutureCore
from oxipipe._core.cffi.pool import PoolCore

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterable
    from typing import Any, Self

    from oxipipe._core.cffi.loop import AsyncCore
    from oxipipe._core.interface import Callback, Finish, ServerFields

__all__ = ["ClientCore", "FutureCore", "PipelineCore", "PoolCore", "configure"]

#: A pipeline hands its commands over when their arguments come to this many bytes.
SLAB_BYTES = 32 * 1024


def configure(
    *,
    reply_error: Callable[[str], Exception],
    call_error: Callable[..., Exception],
    data_error: type[Exception],
    encoding_error: type[UnicodeEncodeError],
    decode_error: Callable[[BaseException], Exception],
    resolve_callback: Callable[[object], Callback | None],
    load_futures: Callable[[], tuple[type[Any], Callable[[], Exception], Callable[[], Exception]]],
) -> None:
    """See `oxipipe._core.interface.Configure`."""
    hooks.reply_error, hooks.call_error = reply_error, call_error
    hooks.data_error, hooks.encoding_error = data_error, encoding_error
    hooks.decode_error = decode_error
    hooks.resolve_callback, hooks.load_futures = resolve_callback, load_futures


class ClientCore:
    """One client of the library. `Redis` derives from it."""

    _handle: Any = None

    def _open(self, options: dict[str, Any]) -> None:
        options = dict(options)
        self._encoding: str = options.pop("encoding", "utf-8")
        self._errors: str = options.pop("errors", "strict")
        decode = options.pop("decode", False)
        self._decoding = (self._encoding, self._errors) if decode else None
        out = ffi.new("oxp_client **")
        with idle_call() as call:
            call.check(lib.oxp_client_open(new_options(options), out, call.error))
        self._handle = ffi.gc(out[0], lib.oxp_client_free)

    def _open_lease(self, lender: ClientCore | PoolCore, /) -> None:
        lend = lib.oxp_client_lease if isinstance(lender, ClientCore) else lib.oxp_pool_lease
        handle = lender._opened()
        self._encoding, self._errors = lender._encoding, lender._errors
        self._decoding = lender._decoding
        out = ffi.new("oxp_client **")
        with idle_call() as call:
            call.check(lend(handle, out, call.error))
        self._handle = ffi.gc(out[0], lib.oxp_client_free)

    def _connect(self) -> None:
        with idle_call() as call:
            call.check(lib.oxp_client_connect(self._opened(), call.error))

    def command(self, *args: Any) -> Any:
        """Sends one command, waits for the reply and returns it; an error reply is raised."""
        return self._call(callback_of(args), args)

    def command_as(self, callback: Callback | None, *args: Any) -> Any:
        """As `command`, with the reply shaped by `callback` instead of the command's own."""
        return self._call(callback, args)

    def _call(self, callback: Callback | None, args: tuple[Any, ...]) -> Any:
        encoded = encode(args, self._encoding, self._errors)
        slab = b"".join(encoded)
        lens = ffi.from_buffer("uint32_t[]", array("I", map(len, encoded)))
        with idle_call() as call:
            status = lib.oxp_client_command_packed(
                self._opened(), slab, len(slab), lens, len(encoded), call.reply, call.error
            )
            reply = call.result(status, self._decoding)
        if isinstance(reply, Exception):
            raise reply
        return reply if callback is None else shaped(callback, reply)

    def _server(self) -> ServerFields | None:
        """What the server said of itself: the arguments of ServerInfo."""
        return server_fields(lib.oxp_client_server, self._opened())

    def _next_events(self, sink: deque[Any], milliseconds: int | None, /) -> None:
        """Waits for events, at most so long, and appends them to a deque."""
        timeout = (FOREVER if milliseconds is None else milliseconds,)
        take_events(lib.oxp_client_next_events, self._opened(), timeout, sink, self._decoding)

    def _descriptor(self) -> int:
        """That of the socket; -1 without a connection."""
        return int(lib.oxp_client_fd(self._opened()))

    def close(self) -> None:
        """Closes the connection for good. Calls that wait in other threads end with an error."""
        if self._handle is not None:
            lib.oxp_client_close(self._handle)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return bool(lib.oxp_client_is_closed(self._opened()))

    def _new_pipeline(self, atomic: bool) -> Any:
        create = lib.oxp_pipeline_new_atomic if atomic else lib.oxp_pipeline_new
        out = ffi.new("oxp_pipeline **")
        with idle_call() as call:
            call.check(create(self._opened(), out, call.error))
        return ffi.gc(out[0], lib.oxp_pipeline_free)

    def _opened(self) -> Any:
        if self._handle is None:
            raise RuntimeError("__init__ of the client did not run")
        return self._handle


class PipelineCore:
    """One pipeline of the library. The two classes `Pipeline` derive from it."""

    _handle: Any = None
    #: Commands not yet handed over: all arguments, how many each command has, and how many bytes. The
    #: arguments are text in which each character stands for one byte, which ASCII text is already.
    _slab: list[str]
    _argcs: list[int]
    _slab_bytes: int
    _length: int
    #: Of the commands whose replies have one: by place.
    _callbacks: dict[int, Callback]
    #: One element, which the thread that uses the pipeline takes: half the price of a lock.
    _token: list[None]

    def _open(self, client: ClientCore | AsyncCore | PoolCore, atomic: bool) -> None:
        self._client = client
        self._encoding, self._errors = client._encoding, client._errors
        self._ascii_as_is = keeps_ascii(self._encoding, self._errors)
        self._decoding = client._decoding
        self._atomic = atomic
        self._handle = client._new_pipeline(atomic)
        self._forget()
        self._token = [None]

    def command(self, *args: Any) -> Self:
        """Adds one command; returns the pipeline."""
        try:
            callback = callbacks[args[0]]
        except (KeyError, IndexError, TypeError):
            callback = callback_of(args)
        return self._add(callback, args)

    def command_as(self, callback: Callback | None, *args: Any) -> Self:
        """As `command`, with the reply shaped by `callback` instead of the command's own."""
        return self._add(callback, args)

    def _add(self, callback: Callback | None, args: tuple[Any, ...]) -> Self:
        try:
            # Joining is the quickest way to learn that all are str, whether ASCII, and how long.
            joined = "".join(args)
            size = len(joined)
            as_is = joined.isascii() and self._ascii_as_is and args[0] in never_refused
        except (TypeError, IndexError):
            as_is = False
        if not as_is:
            encoded = encode(args, self._encoding, self._errors)
            size = sum(map(len, encoded))
        count = (len(args),)
        self._enter()
        try:
            if not as_is and (size > SLAB_BYTES or may_be_refused(encoded[0])):
                self._hand_over()
                try:
                    self._give(b"".join(encoded), map(len, encoded), count)
                finally:
                    self._length = lib.oxp_pipeline_len(self._handle)
                if callback is not None:
                    self._callbacks[self._length - 1] = callback
            else:
                arguments = args if as_is else tuple(map(_one_byte_each, encoded))
                # No calls in these lines: a signal handler cannot raise between them and tear a command.
                if callback is not None:
                    self._callbacks[self._length] = callback
                self._slab += arguments
                self._argcs += count
                self._slab_bytes += size
                self._length += 1
                if self._slab_bytes > SLAB_BYTES:
                    self._hand_over()
        finally:
            self._token.append(None)
        return self

    def _execute(self) -> tuple[list[Any] | None, int]:
        self._enter()
        callbacks = self._callbacks
        try:
            self._hand_over()
            replies = self._execute_whole() if self._atomic else self._execute_stream()
        except BaseException as error:
            lib.oxp_pipeline_reset(self._handle)
            _shape(getattr(error, "replies", None) or [], callbacks)
            raise
        finally:
            self._forget()
            self._token.append(None)
        if replies is None:
            return None, -1
        return replies, _shape(replies, callbacks)

    def _take(self) -> PipelineCore:
        """Moves the commands into a new pipeline and returns that."""
        self._enter()
        try:
            self._hand_over()
            sent = PipelineCore()
            sent._client, sent._atomic, sent._callbacks = (
                self._client,
                self._atomic,
                self._callbacks,
            )
            sent._length = self._length
            fresh = self._client._new_pipeline(self._atomic)
            sent._handle, self._handle = self._handle, fresh
        except BaseException:
            # What was handed over must not be there for the commands to come.
            lib.oxp_pipeline_reset(self._handle)
            raise
        finally:
            self._forget()
            self._token.append(None)
        return sent

    def _finished(self, replies: list[Any], failure: Exception | None, finish: Finish) -> list[Any]:
        """What is to be returned or raised for replies that came to its owner."""
        first_error = _shape(replies, self._callbacks)
        if failure is not None:
            failure.replies = replies  # type: ignore[attr-defined]
            raise failure
        if self._atomic and not replies:
            return finish(self, None, first_error)
        return replies if first_error < 0 else finish(self, replies, first_error)

    def _command_name(self, index: int) -> str:
        name, length = ffi.new("const uint8_t **"), ffi.new("size_t *")
        if lib.oxp_pipeline_command_name(self._handle, index, name, length) < 0:
            raise IndexError("the pipeline has no such command")
        return str(ffi.buffer(name[0], length[0])[:], "utf-8", "replace")

    def reset(self) -> None:
        """Forgets the commands that were added. What was already sent cannot be called back."""
        with idle_call() as call:
            status = lib.oxp_pipeline_reset(self._handle)
            if status == lib.OXP_ERR_BUSY:
                raise _in_use()
            call.check_bare(status)
        self._forget()
        # The token is lost if a signal handler raised in the moment after it was taken.
        self._token = [None]

    def __len__(self) -> int:
        return self._length

    def __bool__(self) -> bool:
        return True

    def _enter(self) -> None:
        try:
            self._token.pop()
        except IndexError:
            raise _in_use() from None

    def _hand_over(self) -> None:
        """Gives the gathered commands to the library, which may send them at once."""
        if not self._argcs:
            return
        slab = self._slab
        try:
            self._give("".join(slab).encode("latin-1"), map(len, slab), self._argcs)
        finally:
            # A signal handler may have raised before the library had them, or after.
            if lib.oxp_pipeline_len(self._handle) == self._length:
                self._slab, self._argcs, self._slab_bytes = [], [], 0

    def _give(self, slab: bytes, lens: Iterable[int], argcs: Iterable[int]) -> None:
        all_lens, all_argcs = array("I", lens), array("I", argcs)
        with idle_call() as call:
            status = lib.oxp_pipeline_add_packed(
                self._handle,
                slab,
                len(slab),
                ffi.from_buffer("uint32_t[]", all_lens),
                len(all_lens),
                ffi.from_buffer("uint32_t[]", all_argcs),
                len(all_argcs),
                call.error,
            )
            call.check(status)

    def _execute_stream(self) -> list[Any]:
        decoder = Decoder(self._decoding, hooks)
        handle = ffi.new_handle(decoder)
        with idle_call() as call:
            status = lib.oxp_pipeline_execute_stream(self._handle, gated_part, handle, call.error)
            call.check(status, decoder.items)
        return decoder.items

    def _execute_whole(self) -> list[Any] | None:
        # The reply to EXEC comes as a whole anyway, and only this way tells null from empty.
        with idle_call() as call:
            status = lib.oxp_pipeline_execute(self._handle, call.reply, call.error)
            return call.results(status, self._decoding)

    def _forget(self) -> None:
        self._slab, self._argcs, self._slab_bytes = [], [], 0
        self._length = 0
        self._callbacks = {}


def _shape(replies: list[Any], callbacks: dict[int, Callback]) -> int:
    """Applies the callbacks to the replies that are there. The index of the first exception, or -1."""
    first_error = next((i for i, r in enumerate(replies) if isinstance(r, Exception)), -1)
    count = len(replies)
    for index, callback in callbacks.items():
        if index >= count:
            continue
        reply = replies[index]
        # As `shaped`, without the price of a call for each.
        if reply is not QUEUED and reply is not QUEUED_TEXT and not isinstance(reply, Exception):
            try:
                replies[index] = callback(reply)
            except Exception as error:
                replies[index] = error
                if first_error < 0 or index < first_error:
                    first_error = index
    return first_error


def _in_use() -> Exception:
    return hooks.call_error(
        lib.OXP_ERR_BUSY, lib.OXP_OUTCOME_NOT_APPLIED, "the pipeline is in use by another thread"
    )


def _one_byte_each(argument: bytes) -> str:
    return argument.decode("latin-1")
