"""A server that knows one reply."""

from __future__ import annotations

from typing import Any

from support import module_arguments
from support.fake_server import Connection, FakeServer
from support.module_replies import Case, wire

HELLO = b"%1\r\n$5\r\nproto\r\n:3\r\n"


class Scripted:
    """A server that gives one reply to all commands but those of the handshake."""

    def __init__(self) -> None:
        self.resp2 = self.resp3 = b"+OK\r\n"
        self.server = FakeServer(self.script)

    def answer(self, resp2: Any, resp3: Any) -> None:
        """Gives these from now on, by the protocol that a connection speaks."""
        self.resp2, self.resp3 = wire(resp2, 2), wire(resp3, 3)

    def script(self, connection: Connection) -> None:
        protocol = 2
        for command in connection.commands():
            if command[0] == b"HELLO":
                protocol = 3
                connection.send(HELLO)
            elif command[0] in (b"CLIENT", b"MULTI"):
                connection.send(b"+OK\r\n")
            elif command[:2] == [b"COMMAND", b"INFO"]:
                # None of them blocks.
                names = command[2:]
                connection.send(
                    b"*%d\r\n" % len(names) + b"*3\r\n+name\r\n:-2\r\n*0\r\n" * len(names)
                )
            elif command[0] == b"PING":
                connection.send(b"+PONG\r\n")
            else:
                connection.send(self.resp3 if protocol == 3 else self.resp2)


def call(client: Any, case: Case) -> Any:
    names = {name: getattr(module_arguments, name) for name in module_arguments.__all__}
    return eval(f"client.{case.module}().{case.call}", {**names, "client": client})
