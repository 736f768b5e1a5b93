"""Servers that do what no real one does: lie, fall silent, die between two replies."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

#: What a connection does; the server closes it when the function returns.
Script = Callable[["Connection"], None]


class Connection:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, closing: threading.Event) -> None:
        self.sock = sock
        self.closing = closing
        self._buffer = b""

    def commands(self) -> Iterator[list[bytes]]:
        """The commands that arrive, until the client closes."""
        while (line := self._line()) is not None:
            yield [self._bulk() for _ in range(int(line[1:]))]

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def wait_for_the_end(self) -> None:
        self.closing.wait()

    def _line(self) -> bytes | None:
        while b"\r\n" not in self._buffer:
            if not self._receive():
                return None
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def _bulk(self) -> bytes:
        line = self._line()
        assert line is not None
        length = int(line[1:])
        while len(self._buffer) < length + 2:
            assert self._receive()
        value, self._buffer = self._buffer[:length], self._buffer[length + 2 :]
        return value

    def _receive(self) -> bool:
        data = self.sock.recv(65536)
        self._buffer += data
        return bool(data)


class FakeServer:
    """Listens on a Unix socket and runs `script` for each connection, in a thread of its own."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.connections = 0
        self._directory = tempfile.TemporaryDirectory(prefix="oxipipe-fake-", dir="/tmp")
        self.path = str(Path(self._directory.name) / "s")
        self._closing = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            self.script(Connection(sock, self._closing))

    def stop_listening(self) -> None:
        """Refuses new connections; those there are go on."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._closing.set()
        self.stop_listening()
        for thread in self._threads:
            thread.join(5)
        self._directory.cleanup()


def handshake_reply(command: list[bytes]) -> bytes | None:
    """What an old server says to commands that the library sends by itself; None for all others."""
    if command[0] == b"HELLO":
        return b"-ERR unknown command 'HELLO'\r\n"
    if command[0] == b"CLIENT":
        return b"+OK\r\n"
    if command[:2] == [b"COMMAND", b"INFO"]:
        # None of them blocks.
        names = command[2:]
        return b"*%d\r\n" % len(names) + b"*3\r\n+name\r\n:-2\r\n*0\r\n" * len(names)
    if command == [b"PING"]:  # who does not know HELLO is asked whether it is a server at all
        return b"+PONG\r\n"
    return None


def answering(answer: Callable[[list[bytes]], bytes | None]) -> Script:
    """A script that sends what `answer` makes of each command, and closes when that is None."""

    def script(connection: Connection) -> None:
        for command in connection.commands():
            reply = handshake_reply(command) or answer(command)
            if reply is None:
                return
            connection.send(reply)

    return script
