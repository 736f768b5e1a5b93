"""Interrupting the package wherever CPython may run a signal handler, one place after the other.

Handlers run at the beginning of a function, behind a call, and where a loop goes round. A timer would hit some of these places
on some runs; tracing hits each of them once.
"""

from __future__ import annotations

import dis
import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Self

import oxipipe

PACKAGE = str(Path(oxipipe.__file__).parent)
#: What the interpreter does before it looks for signals.
_LOOKS_AFTER = ("CALL", "CALL_FUNCTION_EX", "CALL_KW", "JUMP_BACKWARD")


class Interruption(KeyboardInterrupt):
    pass


class InterruptAt:
    """Raises at the place with that number, in the thread that enters the `with` block."""

    def __init__(self, number: int, between_all: bool = False) -> None:
        self.left = number
        self.has_raised = False
        #: Between any two instructions, also where this interpreter runs no handler.
        self.between_all = between_all
        self._last: dict[FrameType, str] = {}
        # Held here as well: CPython 3.11 makes a frame object before it calls, which may collect garbage, whose finalizer is
        # interrupted; that takes the function away, and would free what is about to be called.
        self._enter_held: Any = None

    def __enter__(self) -> Self:
        self._enter_held = self._enter
        sys.settrace(self._enter_held)
        return self

    def __exit__(self, *_exception: object) -> None:
        sys.settrace(None)
        self._enter_held = None
        self._last.clear()

    def _enter(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        self._last.pop(frame, None)
        self._pass()
        return self._step

    def _step(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "opcode":
            last = self._last.get(frame)
            self._last[frame] = dis.opname[frame.f_code.co_code[frame.f_lasti]]
            if self.between_all or last in _LOOKS_AFTER:
                self._pass()
        return self._step

    def _pass(self) -> None:
        if self.left == 0 and not self.has_raised:
            self.has_raised = True
            raise Interruption
        self.left -= 1


def everywhere(
    action: Callable[[], object], check: Callable[[int], object], between_all: bool = False
) -> int:
    """Interrupts `action` at each place in turn, with a check after each; returns how many places there were."""
    for number in itertools.count():
        at = InterruptAt(number, between_all)
        try:
            with at:
                action()
        except Interruption:
            pass
        check(number)
        if not at.has_raised:
            return number
    raise AssertionError
