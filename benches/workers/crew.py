"""Threads that stand ready and do one piece of work each, all at once, as often as wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any


class Crew:
    def __init__(self, works: Sequence[Callable[[], Any]]) -> None:
        self._results: list[Any] = [None] * len(works)
        self._start = threading.Barrier(len(works) + 1)
        self._end = threading.Barrier(len(works) + 1)
        for index, work in enumerate(works):
            threading.Thread(target=self._serve, args=(index, work), daemon=True).start()

    def run(self) -> list[Any]:
        """Every thread does its work once; what they returned, in order. Raises what one raised."""
        self._start.wait()
        self._end.wait()
        results, self._results = self._results, [None] * len(self._results)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return results

    def _serve(self, index: int, work: Callable[[], Any]) -> None:
        while True:
            self._start.wait()
            try:
                self._results[index] = work()
            except BaseException as error:
                self._results[index] = error
            self._end.wait()
