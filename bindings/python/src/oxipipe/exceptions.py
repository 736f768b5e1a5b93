"""Every exception of the package, under redis-py's names and in redis-py's hierarchy.

Two additions. Every exception has an `outcome` that says what became of the command:

* `"NOT_APPLIED"`: the server certainly did not execute it, so it may be sent again;
* `"UNKNOWN"`: it may or may not have been executed;
* `"REJECTED"`: the server answered with an error;
* `None`: the question does not arise.

And an exception from a failed call (rather than from an error reply) carries `status` (the C status code),
and for pipelines how many commands met which fate (`replied`, `unknown`, `not_applied`) and the `replies`
that had arrived.

As in redis-py, `ConnectionError` and `TimeoutError` here are not the builtins of the same names.
"""

from __future__ import annotations

from oxipipe import _types as t


class RedisError(Exception):
    """Base of everything the package raises on behalf of a server or a connection."""

    outcome: str | None = None
    #: First word of the server's error reply ("WRONGTYPE", "MOVED", ...), None for other errors.
    status_code: str | None = None
    #: Status code of the failed C call (`OXP_ERR_*`), 0 if no call failed.
    status: int = 0
    #: errno of the failed system call, 0 if there was none.
    errno: int = 0
    #: Commands of the failed pipeline that were answered / may have been executed / were not executed.
    replied: int = 0
    unknown: int = 0
    not_applied: int = 0
    #: Replies of the pipeline that arrived before it failed, in order; error replies in place.
    replies: list[t.Any] | None = None
    #: Raised by a pool's `flush`: how many commands failed and succeeded since the last one.
    failed: int = 0
    succeeded: int = 0
    #: Place in its pipeline (from 0) and name of the command that this error reply answers; `outcome` is of that one alone.
    index: int | None = None
    command: str | None = None

    def __init__(self, *args: object, status_code: str | None = None) -> None:
        super().__init__(*args)
        if status_code is not None:
            self.status_code = status_code


class ConnectionError(RedisError):
    """The connection could not be made, or was lost."""


class TimeoutError(RedisError):
    """The deadline of the call passed."""


class AuthenticationError(ConnectionError):
    """Wrong or missing user name or password."""


class AuthorizationError(ConnectionError):
    """The user may not do that."""


class BusyLoadingError(ConnectionError):
    """The server is still loading its data set."""


class MaxConnectionsError(ConnectionError):
    """The pool has as many connections as it may have."""


class ExternalAuthProviderError(ConnectionError):
    """The server's external authentication provider failed."""


class ClosedError(ConnectionError):
    """The client was closed before or during the call."""

    outcome: str | None = "NOT_APPLIED"


class NoMemoryError(RedisError, MemoryError):
    """This process has no memory for what the server sent. (`OutOfMemoryError` is the server's own want of it.)"""


class InvalidResponse(RedisError):
    """What the peer sent is not RESP, or breaks a limit."""


class DecodeError(RedisError, ValueError):
    """A reply came, but it cannot be told in Python, such as an integer of more digits than `int` takes.

    It concerns that reply alone; the server has executed the command. In a pipeline it stands in the reply's place. What was
    raised is the `__cause__`.
    """

    outcome = "UNKNOWN"
    #: Where it stands in a pipeline, for the message.
    _place = ""

    def __str__(self) -> str:
        return self._place + super().__str__()


class UndecodableTextError(DecodeError, UnicodeDecodeError):
    """A reply has text that the client's encoding does not."""


class ResponseError(RedisError):
    """The server answered with an error."""


class DataError(RedisError):
    """An argument cannot be sent. Nothing was sent or queued."""

    outcome = "NOT_APPLIED"


class EncodingError(DataError, UnicodeEncodeError):
    """A text argument has characters that the client's encoding does not."""


class OptionError(DataError, ValueError):
    """A value that an argument of a client's constructor, or an option of its URL, does not take."""


class UnknownNameError(OptionError, LookupError):
    """The name of an encoding, or of a handler of its errors, that Python does not know."""


class PubSubError(RedisError):
    """Misuse of a subscription."""


class WatchError(RedisError):
    """A watched key changed, so the transaction was not executed."""


class ConcurrentUseError(RedisError):
    """A pipeline was used by two threads at once, or a client from within its own callback."""

    outcome = "NOT_APPLIED"


class RefusedError(RedisError):
    """The command would disturb other users of the shared connection and was not sent."""

    outcome = "NOT_APPLIED"


class ForkedError(ConnectionError):
    """The command was submitted by the parent process, and only the parent hears of it."""

    outcome = "UNKNOWN"


class QueueFullError(RedisError):
    """The bound on commands that wait is reached. Nothing was queued."""

    outcome = "NOT_APPLIED"


class CancelledError(RedisError):
    """The caller stopped the call while it was waiting."""


class InternalError(RedisError):
    """A defect in the library, contained; the object that raised it must not be used any longer."""


class NoScriptError(ResponseError):
    """EVALSHA of a script the server does not have."""


class OutOfMemoryError(ResponseError):
    """The server has reached maxmemory and may not evict."""


class ExecAbortError(ResponseError):
    """EXEC was refused because a command of the transaction was."""


class ReadOnlyError(ResponseError):
    """A write to a read-only replica."""


class NoPermissionError(ResponseError):
    """The ACL forbids the command, the key or the channel."""


class ModuleError(ResponseError):
    """A module could not be loaded or unloaded."""


class NoSuchFieldsetError(ResponseError):
    """HIMPORT SET named a fieldset that this connection has not prepared."""


class AuthenticationWrongNumberOfArgsError(ResponseError):
    """AUTH with the wrong number of arguments, as servers before 6.0 answer a user name."""


class TryAgainError(ResponseError):
    """Several keys of one command are being moved to another node at this moment."""


class ClusterCrossSlotError(ResponseError):
    """The keys of one command belong to different slots."""


class AskError(ResponseError):
    """The slot is being moved; this one command belongs to the node named here."""

    def __init__(self, resp: str, status_code: str | None = None) -> None:
        super().__init__(resp, status_code=status_code)
        self.message = resp
        slot, address = resp.split(" ")
        self.host, port = address.rsplit(":", 1)
        self.slot_id, self.port = int(slot), int(port)
        self.node_addr = self.host, self.port


class MovedError(AskError):
    """The slot belongs to the node named here."""


class LockError(RedisError, ValueError):
    """A lock could not be acquired or released."""

    def __init__(self, message: str | None = None, lock_name: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.lock_name = lock_name


class LockNotOwnedError(LockError):
    """The lock is not, or no longer, ours."""


class ChildDeadlockedError(Exception):
    """A child process waits for a lock that its parent held at the fork."""


class RedisClusterException(Exception):
    """Base of errors of the cluster client itself."""


class SlotNotCoveredError(RedisClusterException):
    """No known node serves the slot."""


class CrossSlotTransactionError(RedisClusterException):
    """The keys of one transaction belong to different slots."""


class InvalidPipelineStack(RedisClusterException):
    """The number of replies of a cluster pipeline is not the number of commands."""


class IncorrectPolicyType(Exception):
    """An unknown routing policy."""


class ClusterError(RedisError):
    """The cluster could not execute the command however often it was tried."""


class ClusterDownError(ClusterError, ResponseError):
    """The cluster is down, or does not serve the slot."""


class MasterDownError(ClusterDownError):
    """The replica has lost its master and may not serve stale data."""


def reply_error(text: str) -> RedisError:
    """The exception for an error reply of the server."""
    code, _, message = text.partition(" ")
    kind = _BY_PREFIX.get(code)
    if kind is None:
        kind = _BY_MESSAGE.get(message, ResponseError) if code == "ERR" else ResponseError
        # redis-py strips a prefix that it knows, and keeps one that it does not.
        message = message if code == "ERR" else text
    try:
        error = kind(message, status_code=code if code.isupper() else None)
    except ValueError:  # a redirection that does not say where to
        error = ResponseError(text, status_code=code)
    error.outcome = "REJECTED"
    return error


def decode_error(cause: BaseException) -> RedisError:
    """The exception for a reply that cannot be told, because of what was raised on the way."""
    error: RedisError
    if isinstance(cause, UnicodeDecodeError):
        error = UndecodableTextError(*cause.args)
    elif isinstance(cause, MemoryError):
        error = NoMemoryError("no memory for the objects of a reply")
        error.outcome = "UNKNOWN"
    else:
        reason = str(cause) or type(cause).__name__
        error = DecodeError(f"the reply cannot be told in Python: {reason}")
    error.__cause__ = cause
    return error


def call_error(
    status: int,
    outcome: int,
    message: str,
    errno: int = 0,
    replied: int = 0,
    unknown: int = 0,
    not_applied: int = 0,
) -> RedisError:
    """The exception for a C call that failed with `status`."""
    # A later library may know more codes than this table; the hundreds tell the family.
    kind = _BY_STATUS.get(status) or _BY_FAMILY.get(-status // 100, RedisError)
    error = kind(message)
    error.status = status
    error.errno = errno
    error.outcome = _OUTCOMES.get(outcome, kind.outcome)
    error.replied, error.unknown, error.not_applied = replied, unknown, not_applied
    return error


_OUTCOMES = {0: None, 1: "NOT_APPLIED", 2: "UNKNOWN", 3: "REJECTED"}

#: The statuses of include/oxipipe/oxipipe.h; a test compares the two.
_BY_STATUS: dict[int, type[RedisError]] = {
    -1: DataError,  # ARGUMENT
    -2: ConcurrentUseError,  # BUSY
    -3: ClosedError,  # CLOSED
    -4: InternalError,  # POISONED
    -5: RefusedError,  # REFUSED
    -6: InternalError,  # SHORT: only C callers bring buffers
    -7: ForkedError,  # FORKED
    -100: ConnectionError,  # IO
    -101: ConnectionError,  # CONNECT
    -102: ConnectionError,  # RESOLVE
    -103: ConnectionError,  # DISCONNECTED
    -104: NoMemoryError,  # NO_MEMORY
    -200: InvalidResponse,  # PROTOCOL
    -201: InvalidResponse,  # LIMIT
    -300: AuthenticationError,  # AUTH
    -301: ConnectionError,  # HANDSHAKE
    -302: ResponseError,  # REPLY
    -500: TimeoutError,  # TIMEOUT
    -501: CancelledError,  # CANCELLED
    -502: CancelledError,  # INTERRUPTED
    -503: QueueFullError,  # QUEUE_FULL
    -900: InternalError,  # PANIC
}

_BY_FAMILY: dict[int, type[RedisError]] = {
    1: ConnectionError,
    2: InvalidResponse,
    3: AuthenticationError,
    5: TimeoutError,
    9: InternalError,
}

_BY_PREFIX: dict[str, type[RedisError]] = {
    "ASK": AskError,
    "CLUSTERDOWN": ClusterDownError,
    "CROSSSLOT": ClusterCrossSlotError,
    "EXECABORT": ExecAbortError,
    "LOADING": BusyLoadingError,
    "MASTERDOWN": MasterDownError,
    "MOVED": MovedError,
    "NOAUTH": AuthenticationError,
    "NOPERM": NoPermissionError,
    "NOSCRIPT": NoScriptError,
    "OOM": OutOfMemoryError,
    "READONLY": ReadOnlyError,
    "TRYAGAIN": TryAgainError,
    "WRONGPASS": AuthenticationError,
}

#: Errors without a prefix of their own, told apart by the text behind "ERR ".
_BY_MESSAGE: dict[str, type[RedisError]] = {
    "max number of clients reached": ConnectionError,
    "invalid password": AuthenticationError,
    "wrong number of arguments for 'auth' command": AuthenticationWrongNumberOfArgsError,
    "wrong number of arguments for 'AUTH' command": AuthenticationWrongNumberOfArgsError,
    "Client sent AUTH, but no password is set": AuthenticationError,
    "AUTH <password> called without any password configured for the default user."
    " Are you sure your configuration is correct?": AuthenticationError,
    "problem with LDAP service": ExternalAuthProviderError,
    "Error loading the extension. Please check the server logs.": ModuleError,
    "Error unloading module: no such module with that name": ModuleError,
    "Error unloading module: operation not possible.": ModuleError,
    "Error unloading module: the module exports one or more module-side data types,"
    " can't unload": ModuleError,
    "no such fieldset": NoSuchFieldsetError,
}
