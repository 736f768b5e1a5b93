"""A dry run: takes commands like a pipeline, shows the first ones, sends nothing."""

from __future__ import annotations

from typing import Any

from .inline import join_inline
from .output import Output


class Preview:
    def __init__(self, out: Output, shown: int = 5) -> None:
        self._out = out
        self._left = shown
        self._count = 0

    def command_as(self, callback: None, *args: Any) -> None:
        self._count += 1
        if self._left:
            self._left -= 1
            line = join_inline([arg if isinstance(arg, bytes) else b"%d" % arg for arg in args])
            self._out.line(line.decode("ascii"))

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        replies = [None] * self._count
        self._count = 0
        return replies

    def __len__(self) -> int:
        return self._count
