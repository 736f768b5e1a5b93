"""`Lock` for asyncio: the rules of `oxipipe.locks`, awaited."""

from __future__ import annotations

import asyncio
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

from oxipipe import _types as t
from oxipipe.exceptions import LockError, RedisError
from oxipipe.locks import BYTES, LockRules, Renewal, new_token

if TYPE_CHECKING:
    from oxipipe.locks import R, Steps


class RenewalTask(Renewal):
    """By a task of the loop in which the lock was acquired."""

    def __init__(self, *about: t.Any) -> None:
        super().__init__(*about)
        self._task = asyncio.create_task(_keep(weakref.ref(self), self.interval))

    def end(self) -> None:
        super().end()
        # The loop may be that of another thread, or be closed. In a child, it would wake the parent's.
        if not self.is_in_child:
            with suppress(RuntimeError):
                self._task.get_loop().call_soon_threadsafe(self._task.cancel)


async def _keep(find: weakref.ref[RenewalTask], interval: float) -> None:
    wait: float | None = interval
    while wait is not None:
        await asyncio.sleep(wait)
        renewal = find()
        wait = None if renewal is None else await walk(renewal.client, renewal.steps())
        del renewal


class Lock(LockRules):
    """A lock that a server keeps, for tasks, processes and machines. `Redis.lock` makes it, and says what its arguments are.

    All tasks of a thread that use the object use the same lock. It works together with redis-py's locks.
    """

    redis: t.LoopRedis[t.Any]
    _renewal_class = RenewalTask

    async def __aenter__(self) -> t.Self:
        token = new_token()
        try:
            is_held = await self.acquire(token=token)
        except BaseException:
            # There will be no `__aexit__`, and nobody else to take back what may have arrived.
            with suppress(RedisError):
                await walk(self.redis, self._taking_back(token))
            raise
        if not is_held:
            raise self._not_acquired()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        token = self.local.token
        try:
            await self.release()
        except LockError as error:
            self._pass_over(error)
        except RedisError:
            raise
        except BaseException:
            # Cancelled: it may not have been sent, and nobody will call it again.
            if token is not None:
                with suppress(RedisError):
                    await walk(self.redis, self._taking_back(token))
            raise

    async def acquire(
        self,
        blocking: bool | None = None,
        blocking_timeout: float | None = None,
        token: str | bytes | None = None,
        *,
        sleep: float | None = None,
    ) -> bool:
        """Takes the lock, and returns whether it did. It tries every `sleep` seconds, for at most `blocking_timeout` of them.

        What is None is as the lock was made. With `blocking=False` it tries once. `token` is the value of the key, which has to be
        unique; by default a UUID.

        When it is cancelled or fails, it may be unknown whether the server has set the key; `release` then deletes it if so, and
        raises a `LockNotOwnedError` if not.
        """
        return await walk(self.redis, self._acquiring(sleep, blocking, blocking_timeout, token))

    async def release(self) -> None:
        """Gives the lock back. A `LockError` says that it was not held, a `LockNotOwnedError` that it was lost meanwhile.

        When it is cancelled, or fails for another reason, it may be called again.
        """
        await walk(self.redis, self._releasing())

    async def extend(self, additional_time: float, replace_ttl: bool = False) -> t.Literal[True]:
        """Adds seconds to the time that the lock has left, or with `replace_ttl` sets that time. Gives True."""
        return await walk(self.redis, self._extending(additional_time, replace_ttl))

    async def reacquire(self) -> t.Literal[True]:
        """Sets the time that the lock has left to its `timeout` again. Gives True."""
        return await walk(self.redis, self._reacquiring())

    async def locked(self) -> bool:
        """Whether anybody holds the lock."""
        return await walk(self.redis, self._looking()) is not None

    async def owned(self) -> bool:
        """Whether this object holds the lock: asks the server."""
        return self._is_ours(await walk(self.redis, self._looking()))


async def walk(client: t.LoopRedis[t.Any], steps: Steps[R]) -> R:
    """Does what the steps say, one after the other."""
    try:
        step = next(steps)
        while True:
            try:
                reply = None
                if isinstance(step, tuple):
                    reply = await client.command_as(BYTES, *step)
                else:
                    await asyncio.sleep(step)
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(reply)
    except StopIteration as end:
        result: R = end.value
        return result
