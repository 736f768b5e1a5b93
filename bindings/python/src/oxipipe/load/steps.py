"""From the commands of a file to the steps in which they are carried out.

Nearly all go into pipelines as they come. Apart from those stand commands that later ones depend
on, and transactions, each of which is one step: it is carried out at its end, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .block import Alone, Block, InputError, Transaction
from .resp_commands import Inline

# A transaction is kept until its end has been read, and so does the server.
MOST_QUEUED = 1024 * 1024
LARGEST_QUEUE = 512 * 1024 * 1024


def steps(blocks: Iterable[Block]) -> Iterator[Block | Alone | Transaction]:
    """Takes apart blocks whose rows are commands. After a part of a transaction there is an empty block, so that
    what was read before need not wait for the rest of it.

    Raises an `InputError` where a command could only be left out, with another meaning for what follows."""
    opened: _Opened | None = None
    for block in blocks:
        if opened is None and _is_ordinary(block):
            yield block
            continue
        start = 0  # of the ordinary commands that were not handed on yet
        for at, (number, row) in enumerate(zip(block.numbers, block.rows, strict=True)):
            name = row[0].upper()
            if opened is None and name not in _APART:
                continue
            if start < at:
                yield block.cut(start, at)
            start = at + 1
            if opened is not None:
                opened.add(number, row)
                if name in _ENDS:
                    yield Transaction(opened.block())
                    opened = None
            elif name in _ALONE:
                yield Alone(block.cut(at, at + 1))
            elif name == b"MULTI":
                opened = _Opened(number, row)
            elif name == b"QUIT":
                raise InputError(f"command {number:,}: QUIT would end the connection")
            else:
                raise InputError(f"command {number:,}: {_shown(name)} without MULTI")
        yield block.cut(start, len(block))
    if opened is not None:
        raise InputError(
            f"the input ends inside a transaction: the MULTI of command {opened.first:,} has no EXEC"
        )


class _Opened:
    """A transaction whose end has not been read."""

    def __init__(self, number: int, row: list[bytes]) -> None:
        self.first = number
        self._rows: list[list[bytes]] = []
        self._size = 0
        self.add(number, row)

    def add(self, number: int, row: list[bytes]) -> None:
        name = row[0].upper()
        if name == b"MULTI" and self._rows:
            raise InputError(f"command {number:,}: MULTI inside a transaction")
        if name in _BOUNDS and len(row) > 1:
            raise InputError(f"command {number:,}: {_shown(name)} takes no arguments")
        self._rows.append(row)
        self._size += sum(map(len, row))
        if len(self._rows) > MOST_QUEUED or self._size > LARGEST_QUEUE:
            raise InputError(
                f"the transaction of command {self.first:,} is larger than {MOST_QUEUED:,} commands "
                f"or {LARGEST_QUEUE:,} bytes"
            )

    def block(self) -> Block:
        numbers = range(self.first, self.first + len(self._rows))
        return Block(numbers, Inline(self._rows), self._rows)


def _is_ordinary(block: Block) -> bool:
    # Different names are few, so that little is done for each command.
    return not any(name.upper() in _APART for name in {row[0] for row in block.rows})


def _shown(name: bytes) -> str:
    return name.decode("ascii")


_ENDS = {b"EXEC", b"DISCARD"}
_BOUNDS = {b"MULTI"} | _ENDS
_ALONE = {b"SELECT", b"AUTH"}
_APART = _BOUNDS | _ALONE | {b"QUIT"}
