"""The backend for every Python: cffi's API mode (`_ffi`) and Python code. `_fast` is the same in C.

A cffi call costs several times what it costs to append to a list, so a pipeline gathers commands and hands
them over in slabs, and replies come back as tapes of nodes (see `oxp_node` in the header) that `Decoder` turns into
objects. cffi releases the GIL around every call.
"""

from __future__ import annotations

from _thread import allocate_lock, get_ident
from array import array
from typing import TYPE_CHECKING

from oxipipe._cffi_decode import Decoder
from oxipipe._ffi import ffi, lib

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

    from oxipipe._callbacks import Callback

#: A pipeline hands its commands over when their arguments come to this many bytes.
SLAB_BYTES = 32 * 1024

# Set by `configure`.
_reply_error: Callable[[str], Exception]
_call_error: Callable[..., Exception]
_data_error: type[Exception]
_resolve_callback: Callable[[object], Callback | None]


def configure(
    *,
    reply_error: Callable[[str], Exception],
    call_error: Callable[..., Exception],
    data_error: type[Exception],
    resolve_callback: Callable[[object], Callback | None],
) -> None:
    """Tells the backend how the package makes exceptions and finds callbacks."""
    global _reply_error, _call_error, _data_error, _resolve_callback
    _reply_error, _call_error = reply_error, call_error
    _data_error, _resolve_callback = data_error, resolve_callback


class ClientCore:
    """One client of the library. `Redis` derives from it."""

    _handle: Any = None
    _encoding = "utf-8"
    _errors = "strict"
    _decode = False

    def _open(self, options: dict[str, Any]) -> None:
        self._encoding = options.pop("encoding", "utf-8")
        self._errors = options.pop("errors", "strict")
        self._decode = options.pop("decode", False)
        with _idle_call() as call:
            handle = _new_options(options.pop("url", None), call)
            for name, value in options.items():
                _set_option(handle, name, value)
            lib.oxp_options_set_interrupt(handle, lib.oxp_py_interrupt, ffi.NULL, ffi.NULL)
            out = ffi.new("oxp_client **")
            call.check(lib.oxp_client_new(handle, out, call.error))
            self._handle = ffi.gc(out[0], lib.oxp_client_free)

    def _connect(self) -> None:
        with _idle_call() as call:
            call.check(lib.oxp_client_connect(self._opened(), call.error))

    def command(self, *args: Any) -> Any:
        """Sends one command, waits for the reply and returns it; an error reply is raised."""
        return self.command_as(_callback(args[0]) if args else None, *args)

    def command_as(self, callback: Callback | None, *args: Any) -> Any:
        """As `command`, with the reply shaped by `callback` instead of the command's own."""
        encoded = _encode(args, self._encoding, self._errors)
        reply = self._call(encoded)
        if isinstance(reply, Exception):
            raise reply
        return reply if callback is None else callback(reply)

    def close(self) -> None:
        """Closes the connection for good. Calls that wait in other threads end with an error."""
        if self._handle is not None:
            lib.oxp_client_close(self._handle)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return bool(lib.oxp_client_is_closed(self._opened()))

    def _call(self, encoded: list[bytes]) -> Any:
        slab = b"".join(encoded)
        lens = ffi.from_buffer("uint32_t[]", array("I", map(len, encoded)))
        client = self._opened()
        with _idle_call() as call:
            status = lib.oxp_client_command_packed(
                client, slab, len(slab), lens, len(encoded), call.reply, call.error
            )
            return call.result(status, self._decoding())

    def _decoding(self) -> tuple[str, str] | None:
        return (self._encoding, self._errors) if self._decode else None

    def _opened(self) -> Any:
        if self._handle is None:
            raise RuntimeError("__init__ of the client did not run")
        return self._handle


class PipelineCore:
    """One pipeline of the library. `Pipeline` derives from it."""

    _handle: Any = None

    def _open(self, client: ClientCore, atomic: bool) -> None:
        self._client = client
        self._encoding, self._errors = client._encoding, client._errors
        self._atomic = atomic
        create = lib.oxp_pipeline_new_atomic if atomic else lib.oxp_pipeline_new
        with _idle_call() as call:
            out = ffi.new("oxp_pipeline **")
            call.check(create(client._opened(), out, call.error))
            self._handle = ffi.gc(out[0], lib.oxp_pipeline_free)
        self._forget()

    def command(self, *args: Any) -> Self:
        """Adds one command; returns the pipeline."""
        return self.command_as(_callback(args[0]) if args else None, *args)

    def command_as(self, callback: Callback | None, *args: Any) -> Self:
        """As `command`, with the reply shaped by `callback` instead of the command's own."""
        encoded = _encode(args, self._encoding, self._errors)
        self._enter()
        try:
            alone = _goes_alone(encoded[0])
            if alone:
                self._hand_over()
            self._slab += encoded
            self._argcs.append(len(encoded))
            self._slab_bytes += sum(map(len, encoded))
            if alone or self._slab_bytes > SLAB_BYTES:
                self._hand_over()
            if callback is not None:
                self._callbacks[self._length] = callback
            self._length += 1
        finally:
            self._in_use.release()
        return self

    def _execute(self) -> tuple[list[Any] | None, int]:
        self._enter()
        try:
            self._hand_over()
            callbacks = self._callbacks
            replies = self._execute_whole() if self._atomic else self._execute_stream()
        finally:
            self._forget_commands()
            self._in_use.release()
        if replies is None:
            return None, -1
        first_error = next((i for i, r in enumerate(replies) if isinstance(r, Exception)), -1)
        for index, callback in callbacks.items():
            if first_error < 0 or not isinstance(replies[index], Exception):
                replies[index] = callback(replies[index])
        return replies, first_error

    def _execute_stream(self) -> list[Any]:
        decoder = Decoder(self._client._decoding(), _reply_error)
        handle = ffi.new_handle(decoder)
        with _idle_call() as call:
            status = lib.oxp_pipeline_execute_stream(
                self._handle, lib.oxp_py_part, handle, call.error
            )
            call.check(status, decoder.items)
        if decoder.failure is not None:
            raise decoder.failure
        return decoder.items

    def _execute_whole(self) -> list[Any] | None:
        # The reply to EXEC comes as a whole anyway, and only this way tells null from empty.
        with _idle_call() as call:
            status = lib.oxp_pipeline_execute(self._handle, call.reply, call.error)
            replies: list[Any] | None = call.result(status, self._client._decoding(), [])
            return replies

    def _command_name(self, index: int) -> str:
        name, length = ffi.new("const uint8_t **"), ffi.new("size_t *")
        if lib.oxp_pipeline_command_name(self._handle, index, name, length) < 0:
            return ""
        return ffi.buffer(name[0], length[0])[:].decode("utf-8", "replace")

    def reset(self) -> None:
        """Forgets the commands that were added. What was already sent cannot be called back."""
        # A lock of its own: the old one stays locked if a signal handler raised at the wrong moment.
        lib.oxp_pipeline_reset(self._handle)
        self._forget()

    def __len__(self) -> int:
        return self._length

    def __bool__(self) -> bool:
        return True

    def _enter(self) -> None:
        if not self._in_use.acquire(False):
            raise _call_error(-2, 1, "the pipeline is in use by another thread")

    def _hand_over(self) -> None:
        """Gives the gathered commands to the library, which may send them at once."""
        if not self._argcs:
            return
        slab, lens = b"".join(self._slab), array("I", map(len, self._slab))
        argcs = array("I", self._argcs)
        self._slab, self._argcs, self._slab_bytes = [], [], 0
        with _idle_call() as call:
            call.check(
                lib.oxp_pipeline_add_packed(
                    self._handle,
                    slab,
                    len(slab),
                    ffi.from_buffer("uint32_t[]", lens),
                    len(lens),
                    ffi.from_buffer("uint32_t[]", argcs),
                    len(argcs),
                    call.error,
                )
            )

    def _forget(self) -> None:
        self._in_use = allocate_lock()
        self._forget_commands()

    def _forget_commands(self) -> None:
        self._slab: list[bytes] = []
        self._argcs: list[int] = []
        self._slab_bytes = 0
        self._length = 0
        self._callbacks: dict[int, Callback] = {}


class _Call:
    """Memory for the outcome of one call of the library; reused, because making it costs as much as a call."""

    __slots__ = ("bytes", "count", "error", "len", "nodes", "reply")

    def __init__(self) -> None:
        out = ffi.new("oxp_error **")
        if lib.oxp_error_new(out) < 0:
            raise MemoryError("no memory for an error object")
        self.error = ffi.gc(out[0], lib.oxp_error_free)
        self.reply = ffi.new("oxp_reply **")
        self.nodes, self.count = ffi.new("const oxp_node **"), ffi.new("size_t *")
        self.bytes, self.len = ffi.new("const uint8_t **"), ffi.new("size_t *")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self.reply[0]:
            lib.oxp_reply_free(self.reply[0])
            self.reply[0] = ffi.NULL
        _idle_calls.append(self)

    def check(self, status: int, replies: list[Any] | None = None) -> None:
        """Raises what a call that ended with `status` has to raise."""
        if _raised:
            # What a signal handler raised stopped the call, and says more than the call's own error.
            raised = _raised.pop(get_ident(), None)
            if raised is not None:
                raise raised
        if status < 0:
            error = self._exception(status)
            error.replies = replies  # type: ignore[attr-defined]
            raise error

    def result(
        self, status: int, decoding: tuple[str, str] | None, replies: list[Any] | None = None
    ) -> Any:
        """The reply of a call that ended with `status`, or what it has to raise."""
        self.check(status, replies)
        reply = self.reply[0]
        lib.oxp_reply_nodes(reply, self.nodes, self.count)
        lib.oxp_reply_bytes(reply, self.bytes, self.len)
        decoder = Decoder(decoding, _reply_error)
        decoder.feed(self.nodes[0], self.count[0], ffi.buffer(self.bytes[0], self.len[0]))
        if decoder.failure is not None:
            raise decoder.failure
        return decoder.items[0]

    def _exception(self, status: int) -> Exception:
        error = self.error
        lib.oxp_error_message(error, self.bytes, self.len)
        message = ffi.buffer(self.bytes[0], self.len[0])[:].decode("utf-8", "replace")
        replied, unknown, not_applied = (ffi.new("uint64_t *") for _ in range(3))
        lib.oxp_error_progress(error, replied, unknown, not_applied)
        return _call_error(
            status,
            lib.oxp_error_outcome(error),
            message,
            lib.oxp_error_os_code(error),
            replied[0],
            unknown[0],
            not_applied[0],
        )


def _idle_call() -> _Call:
    try:
        return _idle_calls.pop()
    except IndexError:
        return _Call()


def _remember(_type: object, exception: BaseException, _traceback: object) -> None:
    _raised[get_ident()] = exception


@ffi.def_extern(error=1, onerror=_remember)  # type: ignore[untyped-decorator]
def oxp_py_interrupt(_user_data: Any) -> int:
    """Called in long waits: that Python code runs at all is what lets signal handlers run."""
    return 0


@ffi.def_extern(error=1, onerror=_remember)  # type: ignore[untyped-decorator]
def oxp_py_part(user_data: Any, nodes: Any, count: int, data: Any) -> int:
    """Called with each part of the replies to a pipeline."""
    ffi.from_handle(user_data).feed(nodes, count, ffi.buffer(data, _end_of_text(nodes, count)))
    return 0


def _end_of_text(nodes: Any, count: int) -> int:
    """How many bytes the nodes refer to: the texts lie in their order."""
    for index in range(count - 1, -1, -1):
        node = nodes[index]
        if node.type in _TEXT_TYPES:
            return int(node.value + node.len)
    return 0


def _encode(args: tuple[Any, ...], encoding: str, errors: str) -> list[bytes]:
    if not args:
        raise _data_error("a command needs at least its name")
    if encoding == "utf-8" and errors == "strict":
        # encode() without arguments is the faster call for what nearly everybody uses.
        return [
            a.encode()
            if type(a) is str
            else a
            if type(a) is bytes
            else _encode_other(a, encoding, errors)
            for a in args
        ]
    return [_encode_other(a, encoding, errors) for a in args]


def _encode_other(value: Any, encoding: str, errors: str) -> bytes:
    if isinstance(value, str):
        return value.encode(encoding, errors)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return b"%d" % value
    if isinstance(value, float):
        return repr(value).encode()
    kind = type(value).__name__
    raise _data_error(
        f"Invalid input of type: '{kind}'. Convert to a bytes, string, int or float first."
    )


def _callback(name: Any) -> Callback | None:
    try:
        return _callbacks[name]
    except KeyError:
        if len(_callbacks) >= 4096:
            _callbacks.clear()
        callback = _callbacks[name] = _resolve_callback(name)
        return callback
    except TypeError:  # a bytearray cannot be a key
        return _resolve_callback(name)


def _goes_alone(name: bytes) -> bool:
    """Whether the library may refuse the command, and should be asked at once.

    In a slab its refusal would come late, and take the others with it."""
    try:
        return _alone[name]
    except KeyError:
        if len(_alone) >= 4096:
            _alone.clear()
        alone = _alone[name] = not name or name.upper() in _REFUSABLE
        return alone


def _new_options(url: str | None, call: _Call) -> Any:
    out = ffi.new("oxp_options **")
    if url is None:
        call.check(lib.oxp_options_new(out))
    else:
        encoded = url.encode()
        call.check(lib.oxp_options_from_url(encoded, len(encoded), out, call.error))
    return ffi.gc(out[0], lib.oxp_options_free)


def _set_option(options: Any, name: str, value: Any) -> None:
    setter = getattr(lib, f"oxp_options_set_{name}")
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    try:
        if isinstance(value, bytes):
            status = setter(options, value, len(value))
        elif isinstance(value, tuple):
            status = setter(options, *value)
        else:
            status = setter(options, value)
    except (OverflowError, TypeError) as error:
        raise _data_error(f"option {name}: {error}") from None
    if status < 0:
        raise _data_error(f"option {name} cannot be {value!r}")


_idle_calls: list[_Call] = []
#: What signal handlers raised inside a call, by thread; `_Call.check` raises it behind the call.
_raised: dict[int, BaseException] = {}
_callbacks: dict[Any, Callback | None] = {}
_alone: dict[bytes, bool] = {}
_REFUSABLE = frozenset(
    b"AUTH CLIENT DISCARD EXEC HELLO MONITOR MULTI PSUBSCRIBE PSYNC PUNSUBSCRIBE RESET SELECT SSUBSCRIBE"
    b" SUBSCRIBE SUNSUBSCRIBE SYNC UNSUBSCRIBE UNWATCH WATCH".split()
)
_TEXT_TYPES = frozenset(
    (
        lib.OXP_TYPE_STATUS,
        lib.OXP_TYPE_ERROR,
        lib.OXP_TYPE_STRING,
        lib.OXP_TYPE_BIG_NUMBER,
        lib.OXP_TYPE_VERBATIM,
    )
)
