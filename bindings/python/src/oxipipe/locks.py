"""Locks that a server keeps for many processes: redis-py's `Lock`, and what it shares with the one for asyncio.

A lock is a key that SET NX made, with a token for a value that only its holder knows. What has to be sent, and what follows from
the replies, is written once, as generators of steps: each step is the words of a command, or a pause in seconds. `Lock` walks them
and blocks, `oxipipe.asyncio.locks.Lock` walks the same ones and awaits.

    free --acquire--> held --release--> free
                      held --time ran out, or somebody took it--> lost

A token is known from before its SET leaves until the server is known not to have it any more. Between a command that names it and
the reply, it is in doubt: whatever interrupts that wait, `release` knows what to take back.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
import uuid
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

from oxipipe import _types as t
from oxipipe.commands.shapes import Undecoded
from oxipipe.exceptions import DataError, LockError, LockNotOwnedError, NoScriptError, RedisError

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, TypeAlias, TypeVar

    from oxipipe.typing import EncodableT

    #: What a step gives back.
    R = TypeVar("R")
    Steps: TypeAlias = Generator[tuple[EncodableT, ...] | float, Any, R]

logger = logging.getLogger(__name__)

#: Words of replies are compared with tokens, which are bytes.
BYTES = Undecoded()


class Script:
    """A script of one key, whose last arguments are the tokens of which one has to be the key's value."""

    def __init__(self, arguments: int, then: str) -> None:
        self.text = f"""
local held = redis.call('get', KEYS[1])
for i = {arguments + 1}, #ARGV do
  if held == ARGV[i] then
    {then}
  end
end
return 0
""".encode()
        self.digest = hashlib.sha1(self.text, usedforsecurity=False).hexdigest().encode()

    def steps(self, name: t.KeyT, *args: t.EncodableT) -> Steps[bool]:
        """Whether the lock was held with one of the tokens, and did what the script is for."""
        try:
            done = yield b"EVALSHA", self.digest, 1, name, *args
        except NoScriptError:
            done = yield b"EVAL", self.text, 1, name, *args
        return bool(done)


RELEASE = Script(0, "return redis.call('del', KEYS[1])")
# What has no time to live cannot be given more of it.
EXTEND = Script(
    2,
    """local left = redis.call('pttl', KEYS[1])
    if left < 0 then return 0 end
    if ARGV[2] == '1' then left = 0 end
    return redis.call('pexpire', KEYS[1], string.format('%.0f', left + ARGV[1]))""",
)
REACQUIRE = Script(1, "return redis.call('pexpire', KEYS[1], ARGV[1])")


class Tokens:
    """What is known of the server's key."""

    #: The token that it was seen to take.
    token: bytes | None = None
    #: Keeps the lock from running out, or did so until it was released.
    renewal: Renewal | None = None

    def __init__(self) -> None:
        #: Tokens that it may have, because a command that sets or deletes them was not answered; and whether one still waits for that.
        self.in_doubt: dict[bytes, bool] = {}

    def ours(self) -> tuple[bytes, ...]:
        """What the key may have if it is ours.

        Others that use the same object may be waiting for it: what they are about to set is not ours to delete.
        """
        if self.token is not None:
            return (self.token,)
        in_doubt = self.in_doubt.copy()
        return tuple(token for token, waits in in_doubt.items() if not waits) or tuple(in_doubt)


class ThreadTokens(Tokens, threading.local):
    """For each thread its own."""


class Renewal:
    """Extends a lock at each third of its time. The thread or task that does it knows it weakly: a lock nobody has runs out."""

    def __init__(
        self, client: t.Any, name: t.KeyT, timeout: float, token: bytes, since: float
    ) -> None:
        self.client = client
        self.interval = timeout / 3
        self._name, self._timeout, self._token = name, timeout, token
        #: Until then, it is ours for certain: the server counts from when the command arrives, which is later than it left.
        self._until = since + timeout
        self._is_lost = self._is_over = False
        self._pid = os.getpid()

    @property
    def is_in_child(self) -> bool:
        """Of a fork: what the parent holds is the parent's to keep."""
        return os.getpid() != self._pid

    @property
    def is_lost(self) -> bool:
        # By the clock as well, because the one who extends may be stuck in a call, or get no time to run.
        return self._is_lost or (not self._is_over and time.monotonic() >= self._until)

    def end(self) -> None:
        self._is_lost = self.is_lost
        self._is_over = True

    def steps(self) -> Steps[float | None]:
        """Extends it once. Returns how long to wait before the next time, or None if there is none."""
        if self._is_over or self.is_in_child:
            return None
        left = time.monotonic()
        is_ours = False
        if left < self._until:
            try:
                is_ours = yield from REACQUIRE.steps(
                    self._name, milliseconds(self._timeout), self._token
                )
            except Exception as error:
                # There is time for more attempts, or there is none left.
                logger.debug("a lock was not renewed: %s", error)
                return max(0.0, min(self.interval / 4, self._until - time.monotonic()))
        if self._is_over:
            return None
        if not is_ours or time.monotonic() >= self._until:
            self._is_lost = True
            self.end()
            return None
        self._until = left + self._timeout
        return max(0.0, left + self.interval - time.monotonic())


class LockRules:
    """A lock but for the waiting: its state, and the steps of what it does."""

    _renewal_class: type[Renewal]

    def __init__(
        self,
        redis: t.Any,
        name: t.KeyT,
        timeout: float | None = None,
        sleep: float = 0.1,
        blocking: bool = True,
        blocking_timeout: float | None = None,
        thread_local: bool = True,
        raise_on_release_error: bool = True,
        renew: bool = False,
    ) -> None:
        if renew and not timeout:
            raise DataError("renew needs a timeout: a lock without one does not run out")
        self.redis = redis
        self.name = name
        self.timeout = timeout
        self.sleep = sleep
        self.blocking = blocking
        self.blocking_timeout = blocking_timeout
        self.thread_local = bool(thread_local)
        self.raise_on_release_error = raise_on_release_error
        self.renew = bool(renew)
        self.local: Tokens = ThreadTokens() if self.thread_local else Tokens()

    @property
    def lost(self) -> bool:
        """Whether a lock with `renew` was lost while it was held: it is not ours any more, or was not extended in time.

        Nothing is sent to find out. It stays True until the lock is acquired again. Without `renew` it is always False.
        """
        renewal = self.local.renewal
        return renewal is not None and renewal.is_lost

    def _acquiring(
        self,
        sleep: float | None,
        blocking: bool | None,
        blocking_timeout: float | None,
        token: str | bytes | None,
    ) -> Steps[bool]:
        pause = self.sleep if sleep is None else sleep
        waits = self.blocking if blocking is None else blocking
        limit = self.blocking_timeout if blocking_timeout is None else blocking_timeout
        until = None if limit is None else time.monotonic() + limit
        own = new_token() if token is None else self._encoded(token)
        while not (yield from self._trying(own)):
            if not waits or (until is not None and time.monotonic() + pause > until):
                return False
            yield pause
        return True

    def _trying(self, token: bytes) -> Steps[bool]:
        tokens = self.local
        expiry = (b"PX", milliseconds(self.timeout)) if self.timeout else ()
        left = time.monotonic()
        tokens.in_doubt[token] = True
        try:
            is_set = yield b"SET", self.name, token, b"NX", *expiry
            if is_set:
                tokens.token = token
            tokens.in_doubt.pop(token, None)
        except RedisError as error:
            if error.outcome in ("NOT_APPLIED", "REJECTED"):
                tokens.in_doubt.pop(token, None)
            raise
        finally:
            if token in tokens.in_doubt:
                tokens.in_doubt[token] = False
        if not is_set:
            return False
        if tokens.renewal is not None:
            tokens.renewal.end()
            tokens.renewal = None
        if self.renew and self.timeout:
            tokens.renewal = self._renewal_class(self.redis, self.name, self.timeout, token, left)
        return True

    def _releasing(self) -> Steps[None]:
        tokens = self.local
        ours = tokens.ours()
        if not ours:
            raise self._error("Cannot release a lock that is not held")
        renewal = tokens.renewal
        if renewal is not None:
            renewal.end()
        # Not later: whoever is next may have the lock before this has read the reply.
        for token in ours:
            tokens.in_doubt[token] = False
        tokens.token = None
        was_ours = yield from RELEASE.steps(self.name, *ours)
        for token in ours:
            tokens.in_doubt.pop(token, None)
        if not was_ours or (renewal is not None and renewal.is_lost):
            raise self._error("Cannot release a lock that was lost", LockNotOwnedError)

    def _taking_back(self, token: bytes) -> Steps[None]:
        """Undoes an attempt that was interrupted, whatever it came to."""
        tokens = self.local
        if tokens.token == token:
            tokens.token = None
            tokens.in_doubt[token] = False
            if tokens.renewal is not None:
                tokens.renewal.end()
        if token in tokens.in_doubt:
            yield from RELEASE.steps(self.name, token)
            tokens.in_doubt.pop(token, None)

    def _extending(self, additional_time: float, replace_ttl: bool) -> Steps[t.Literal[True]]:
        ours = self._limited("extend")
        how = b"1" if replace_ttl else b"0"
        done = yield from EXTEND.steps(self.name, milliseconds(additional_time), how, *ours)
        if not done:
            raise self._error("Cannot extend a lock that was lost", LockNotOwnedError)
        return True

    def _reacquiring(self) -> Steps[t.Literal[True]]:
        ours = self._limited("reacquire")
        done = yield from REACQUIRE.steps(self.name, milliseconds(self.timeout or 0), *ours)
        if not done:
            raise self._error("Cannot reacquire a lock that was lost", LockNotOwnedError)
        return True

    def _looking(self) -> Steps[bytes | None]:
        value: bytes | None = yield b"GET", self.name
        return value

    def _is_ours(self, value: bytes | None) -> bool:
        return value is not None and value in self.local.ours()

    def _limited(self, what: str) -> tuple[bytes, ...]:
        """Our tokens, if the lock is held and has a time to live."""
        ours = self.local.ours()
        if not ours:
            raise self._error(f"Cannot {what} a lock that is not held")
        if self.timeout is None:
            raise self._error(f"Cannot {what} a lock that has no timeout")
        return ours

    def _not_acquired(self) -> LockError:
        return self._error("The lock was not acquired within the given time")

    def _pass_over(self, error: LockError) -> None:
        """At the end of a `with` block."""
        if self.raise_on_release_error:
            raise error
        logger.warning("at the end of its block, lock %r was not held any more", self.name)

    def _error(self, message: str, kind: type[LockError] = LockError) -> LockError:
        return kind(message, lock_name=self.name)  # type: ignore[arg-type]

    def _encoded(self, token: str | bytes) -> bytes:
        if isinstance(token, str):
            given = self.redis._given
            return token.encode(given.get("encoding") or "utf-8", given.get("errors") or "strict")
        return bytes(token)


def new_token() -> bytes:
    return uuid.uuid4().hex.encode()


def milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


class RenewalThread(Renewal):
    """By a thread, which ends with the process, and is not there in a fork's child."""

    def __init__(self, *about: t.Any) -> None:
        super().__init__(*about)
        self._ended = threading.Event()
        threading.Thread(
            target=_keep,
            args=(weakref.ref(self), self._ended, self.interval),
            name="oxipipe lock renewal",
            daemon=True,
        ).start()

    def end(self) -> None:
        super().end()
        # In a child, the thread that is not there may have had the event's lock.
        if not self.is_in_child:
            self._ended.set()


def _keep(find: weakref.ref[RenewalThread], ended: threading.Event, interval: float) -> None:
    wait: float | None = interval
    while wait is not None and not ended.wait(wait):
        renewal = find()
        wait = None if renewal is None else walk(renewal.client, renewal.steps())
        del renewal


class Lock(LockRules):
    """A lock that a server keeps, for threads, processes and machines. `Redis.lock` makes it, and says what its arguments are.

    By default each thread that uses the object has a lock of its own in it. It works together with redis-py's locks.
    """

    redis: t.Redis[t.Any]
    _renewal_class = RenewalThread

    def __enter__(self) -> t.Self:
        token = new_token()
        try:
            is_held = self.acquire(token=token)
        except BaseException:
            # There will be no `__exit__`, and nobody else to take back what may have arrived.
            with suppress(RedisError):
                walk(self.redis, self._taking_back(token))
            raise
        if not is_held:
            raise self._not_acquired()
        return self

    def __exit__(self, *_exception: object) -> None:
        token = self.local.token
        try:
            self.release()
        except LockError as error:
            self._pass_over(error)
        except RedisError:
            raise
        except BaseException:
            # Interrupted: it may not have been sent, and nobody will call it again.
            if token is not None:
                with suppress(RedisError):
                    walk(self.redis, self._taking_back(token))
            raise

    def acquire(
        self,
        sleep: float | None = None,
        blocking: bool | None = None,
        blocking_timeout: float | None = None,
        token: str | bytes | None = None,
    ) -> bool:
        """Takes the lock, and returns whether it did. It tries every `sleep` seconds, for at most `blocking_timeout` of them.

        What is None is as the lock was made. With `blocking=False` it tries once. `token` is the value of the key, which has to be
        unique; by default a UUID.

        When it ends with an exception, such as a KeyboardInterrupt or a timeout, it may be unknown whether the server has set the
        key; `release` then deletes it if so, and raises a `LockNotOwnedError` if not.
        """
        return walk(self.redis, self._acquiring(sleep, blocking, blocking_timeout, token))

    def release(self) -> None:
        """Gives the lock back. A `LockError` says that it was not held, a `LockNotOwnedError` that it was lost meanwhile.

        When it fails for another reason, it may be called again.
        """
        walk(self.redis, self._releasing())

    def extend(self, additional_time: float, replace_ttl: bool = False) -> t.Literal[True]:
        """Adds seconds to the time that the lock has left, or with `replace_ttl` sets that time. Returns True."""
        return walk(self.redis, self._extending(additional_time, replace_ttl))

    def reacquire(self) -> t.Literal[True]:
        """Sets the time that the lock has left to its `timeout` again. Returns True."""
        return walk(self.redis, self._reacquiring())

    def locked(self) -> bool:
        """Whether anybody holds the lock."""
        return walk(self.redis, self._looking()) is not None

    def owned(self) -> bool:
        """Whether this object holds the lock: asks the server."""
        return self._is_ours(walk(self.redis, self._looking()))


def walk(client: t.Redis[t.Any], steps: Steps[R]) -> R:
    """Does what the steps say, one after the other."""
    try:
        step = next(steps)
        while True:
            try:
                reply = None
                if isinstance(step, tuple):
                    reply = client.command_as(BYTES, *step)
                else:
                    time.sleep(step)
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(reply)
    except StopIteration as end:
        result: R = end.value
        return result
