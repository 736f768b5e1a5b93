"""What a pool or an event loop takes from the library, for the cffi backend."""

from __future__ import annotations

from oxipipe._core._ffi import ffi, lib
from oxipipe._core.cffi.call import check, exception_of, new_memory
from oxipipe._core.cffi.decode import Decoder
from oxipipe._core.cffi.handle import Handle

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any


class Completions:
    """A batch of completions, and how far one has come with it.

    If a signal handler raises before all of it is seen to, it is gone on with before the next one is taken.
    """

    def __init__(self, decoding: tuple[str, str] | None) -> None:
        self._decoding = decoding
        self._batch = Handle("completions")
        check(lib.oxp_completions_new(self._batch.out))
        self._list = ffi.new("const oxp_completion **")
        self._done = 0

    def fill(self, take: Callable[..., int], handle: Any, *arguments: Any) -> int:
        """Once there is no `current` one: the status of `oxp_pool_next` or its like, called for the next batch."""
        self._done = 0
        return take(handle, self._batch.raw, *arguments)

    @property
    def current(self) -> Any:
        """The `oxp_completion` that is to be seen to; None if there is none."""
        count = lib.oxp_completions_list(self._batch.raw, self._list)
        return self._list[0][self._done] if self._done < count else None

    def advance(self) -> None:
        """The current one has been seen to."""
        self._done += 1

    def release(self) -> None:
        """Frees the memory. There is no `current` one any more."""
        self._batch.free()

    def told(self, undecoded: Collection[int] = ()) -> tuple[Exception | None, list[Any], set[int]]:
        """What the current one says: a failure, the replies that came, and the places of those that cannot be told.

        `undecoded` are the places of those that nobody decodes.
        """
        completion = self.current
        failure: Exception | None = None
        if completion.status < 0:
            error = new_memory("oxp_error")
            lib.oxp_completions_error(self._batch.raw, self._done, error)
            failure = exception_of(completion.status, error)
        decoder = Decoder(self._decoding, undecoded=undecoded)
        decoder.feed(completion.nodes, completion.node_count, completion.bytes)
        return failure, decoder.items, decoder.unreadable
