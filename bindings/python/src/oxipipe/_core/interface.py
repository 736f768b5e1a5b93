"""The contract of both back ends: what they offer to the package, and what they ask of the classes that derive from theirs.

`_fast` (C, in `accelerator/`) and `cffi` each have a class for each of the first six protocols here, with these members and no
others; tests/test_interface.py holds both to it. Other classes of the same back end are Any here. Clients, pipelines, pools and futures of the package derive from these classes.

Threads: a `ClientCore`, a `PoolCore` and a `FutureCore` may be used by any number of threads at once; a `PipelineCore` by one at
a time; an `AsyncCore` and a `BindingCore` by the thread of their loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections import deque
    from typing import Self

#: Shapes a reply.
Callback = Callable[[Any], Any]
#: protocol, name, version, role, mode, connection_id
ServerFields = tuple[int, str | None, str | None, str | None, str | None, int | None]
#: Makes the result of a pipeline whose replies (None: its transaction was not executed) are not as they should be; the number
#: is the place of the first error, or -1.
Finish = Callable[[Any, list[Any] | None, int], list[Any]]
#: condition, waiters and done callbacks of a `concurrent.futures.Future`
Watch = tuple[Any, list[Any], list[Any]]


class Configure(Protocol):
    """`configure` of both: hands them what they need of the package, before anything else is called."""

    def __call__(
        self,
        *,
        #: What the server's error reply becomes.
        reply_error: Callable[[str], Exception],
        #: status, outcome, message, os_code, replied, unknown, not_applied; the last four may be left out.
        call_error: Callable[..., Exception],
        data_error: type[Exception],
        #: What is raised for an argument of a command that cannot be sent, before anything of it is.
        unsendable: Callable[[object], Exception],
        encoding_error: type[UnicodeEncodeError],
        #: What a reply becomes that cannot be told in Python, because of that exception.
        decode_error: Callable[[BaseException], Exception],
        #: The shape of the replies to a command, by its first word as it was given.
        resolve_callback: Callable[[object], Callback | None],
        #: What that gives where the first word does not tell: called with all of them, it gives the shape.
        by_words: type[Any],
        #: What shapes are whose replies stay bytes, whatever a client does with others.
        undecoded: type[Any],
        #: The class on top of `FutureCore`, and what makes the errors of a cancelled one and of a wait whose time ran out. Called
        #: for the first future: importing what it takes is not cheap.
        load_futures: Callable[
            [], tuple[type[Any], Callable[[], Exception], Callable[[], Exception]]
        ],
    ) -> None: ...


class ConfigureAsyncio(Protocol):
    """`configure_asyncio` of both: what they need of asyncio, before the first `AsyncCore`."""

    def __call__(
        self,
        *,
        get_running_loop: Callable[[], AbstractEventLoop],
        future: type[Future[Any]],
        invalid_state_error: type[Exception],
    ) -> None: ...


class NamedMethod(Protocol):
    """`named_method` of both: what a class gets in the place of a function that is the method of a command."""

    def __call__(
        self,
        function: Callable[..., Any],
        command: str,
        words: int,
        has_more: bool,
        last: object,
        whole: int,
        /,
    ) -> Callable[..., Any]:
        """Called with exactly so many arguments (or more), by their places and none of them None, the function is known to
        give `self.command(command, *arguments)` if they are text, bytes and numbers, and those with a bit in `whole` are int; `last`,
        unless it is None, is the last argument if one is missing. A back end may do that without calling it, or return the
        function."""


class ClientCore(Protocol):
    """Under `oxipipe.Redis`: one client of the library."""

    def _open(self, options: dict[str, Any], /) -> None:
        """Options are `url`, `encoding`, `errors`, `decode`, and the library's, which are text. Connects nothing."""

    def _open_lease(self, lender: Any, /) -> None:
        """`lender`: a `ClientCore` or a `PoolCore`."""

    def _connect(self) -> None: ...
    def command(self, *args: Any) -> Any: ...
    def command_as(self, callback: Callback | None, /, *args: Any) -> Any: ...
    def _server(self) -> ServerFields | None: ...
    def _next_events(self, sink: deque[Any], milliseconds: int | None, /) -> None:
        """Appends (kind, connection, dropped, message, reason) of each event."""

    def _descriptor(self) -> int: ...
    def close(self) -> None: ...
    @property
    def closed(self) -> bool: ...


class PipelineCore(Protocol):
    """Under all pipelines: gathers commands, and shapes their replies. Who executes it is its owner's business."""

    def _open(self, client: Any, atomic: bool, /) -> None:
        """`client`: a `ClientCore`, an `AsyncCore` or a `PoolCore`."""

    def command(self, *args: Any) -> Self: ...
    def command_as(self, callback: Callback | None, /, *args: Any) -> Self: ...
    def _execute(self) -> tuple[list[Any] | None, int]:
        """Of a client that blocks: the replies, and the place of the first error, or -1."""

    def _take(self) -> Any:
        """Moves the commands into a `PipelineCore` of their own, for `_submit_pipeline` of a loop or a pool."""

    def _finished(
        self, replies: list[Any], failure: Exception | None, finish: Finish, /
    ) -> list[Any]:
        """What is to be returned, or raised, for replies that came to the owner."""

    def _command_name(self, index: int, /) -> str: ...
    def reset(self) -> Any: ...
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...


class AsyncCore(Protocol):
    """Under `oxipipe.asyncio.Redis`: options, and the binding of the loop that used it last."""

    def _open(self, options: dict[str, Any], is_lease: bool, /) -> None:
        """Options as of a client; `is_lease`: its bindings are leases."""

    def command(self, *args: Any) -> Future[Any]: ...
    def command_as(self, callback: Callback | None, /, *args: Any) -> Future[Any]: ...
    def _binding(self) -> Any:
        """The `BindingCore` of the running loop, made by `_bind` if need be."""

    def _close(self) -> None: ...
    @property
    def closed(self) -> bool: ...


class BindingCore(Protocol):
    """Under `oxipipe.asyncio._binding.Binding`: what a client has in one loop."""

    def _open(
        self,
        client: Any,
        loop: AbstractEventLoop,
        plain: bool,
        lender: Any,
        /,
    ) -> int:
        """The descriptor to watch. `client`: an `AsyncCore`; `lender`: a `BindingCore` for a lease, or None. `plain`: the loop's futures are asyncio's own."""

    def _submit_pipeline(self, sent: Any, finish: Finish, /) -> Future[list[Any]]: ...
    def _next_events(self, sink: deque[Any], /) -> None: ...
    def _listen(self, whether: bool, /) -> None: ...
    def _process(self) -> None: ...
    def _on_timer(self) -> None: ...
    def _abandon(self, token: int, /) -> None: ...
    def _close(self) -> None: ...
    def _release(self) -> None: ...
    def _orphan(self) -> None: ...
    def _server(self) -> ServerFields | None: ...
    @property
    def _resolving(self) -> bool: ...
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...


class PoolCore(Protocol):
    """Under `oxipipe.Pool`: one pool of the library, and the futures of what it has outstanding."""

    def _open(self, options: dict[str, Any], connections: int, timeout: float | None, /) -> None:
        """`timeout`: how many seconds a submission waits for room; None for as long as it takes."""

    def _connect(self) -> None: ...
    def command(self, *args: Any) -> Any: ...
    def command_as(self, callback: Callback | None, /, *args: Any) -> Any: ...
    def submit(self, *args: Any) -> Any: ...
    def try_submit(self, *args: Any) -> Any: ...
    def _submit_pipeline(self, sent: Any, callback: Callback, /) -> Any: ...
    def _answered(self, value: Any, /) -> Any: ...
    def _flush(self, timeout: float | None = None) -> tuple[int, int, Any] | None: ...
    def _close(self, milliseconds: int, /) -> tuple[int, int]: ...
    def _collect_observed(self) -> None: ...
    def _deliver_to(self, sink: list[Any], /) -> int: ...
    def _server(self) -> ServerFields | None: ...
    def _next_events(self, sink: deque[Any], milliseconds: int | None, /) -> None: ...
    def _wait_for(self, sink: list[Any], timeout: float | None, /) -> bool: ...
    @property
    def closed(self) -> bool: ...
    @property
    def outstanding(self) -> int: ...


class FutureCore(Protocol):
    """Under `oxipipe.futures.Future`: the reply to one submission of a pool."""

    def result(self, timeout: float | None = None) -> Any: ...
    def exception(self, timeout: float | None = None) -> Any: ...
    def done(self) -> bool: ...
    def cancelled(self) -> bool: ...
    def cancel(self) -> bool: ...
    def _watch(self) -> Watch: ...
    def _settle(self) -> None: ...
    def _deliver_to(self, sink: list[Any], /) -> None: ...
    @property
    def _pool(self) -> Any: ...


class OnAsyncCore(Protocol):
    """What a class that derives from `AsyncCore` has to have."""

    def _bind(self, loop: AbstractEventLoop, /) -> Any:
        """The `BindingCore` of that loop; a new one, if it has none."""


class OnBindingCore(Protocol):
    """What a class that derives from `BindingCore` has to have."""

    def _hear(self) -> None:
        """There may be events; called only while `_listen(True)`."""

    def _arm(self, delay: float, /) -> None:
        """`_on_timer` is to be called in so many seconds, and not when it was to be before."""

    def _lets_resume(self) -> bool:
        """Whether a task that waits for a future may be resumed within `_process`, instead of by the loop's next turn: there is a turn,
        and no task runs. A back end need not ask."""

    def _watch(self, future: Future[Any], token: int, /) -> None:
        """`_abandon(token)` is to be called when the future is cancelled."""

    def _detach(self) -> None:
        """The end: the descriptor is not to be watched any more."""


class OnPoolCore(Protocol):
    """What a class that derives from `PoolCore` has to have."""

    def _start_collector(self) -> None:
        """A thread is to call `_collect_observed`."""


class OnFutureCore(Protocol):
    """What a class that derives from `FutureCore` has to have."""

    @staticmethod
    def _new_watch() -> Watch: ...
    def _publish(self) -> None:
        """Tells everybody who watches that it is decided."""
