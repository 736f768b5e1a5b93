"""Clients in forked and spawned processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING

import pytest
from support.pace import eventually

import oxipipe

if TYPE_CHECKING:
    from oxipipe import Redis, Server


def _echoes(path: str, worker: int) -> bool:
    with oxipipe.Redis(unix_socket_path=path) as r:
        return all(r.echo(f"{worker} {n}") == f"{worker} {n}".encode() for n in range(100))


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_processes_of_multiprocessing_have_clients_of_their_own(
    server: Server, method: str
) -> None:
    assert _echoes(server.unix_socket_path, 0)
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert all(
            pool.starmap(_echoes, [(server.unix_socket_path, worker) for worker in range(4)])
        )


def test_preforked_workers_use_the_client_made_before(r: Redis) -> None:
    r.set("k", "before")
    workers = []
    for worker in range(3):
        child = os.fork()
        if child == 0:
            good = all(r.echo(f"{worker} {n}") == f"{worker} {n}".encode() for n in range(200))
            os._exit(0 if good and r.get("k") == b"before" else 1)
        workers.append(child)
    assert all(r.echo(f"parent {n}") == f"parent {n}".encode() for n in range(200))
    assert [os.waitpid(child, 0)[1] for child in workers] == [0, 0, 0]


def test_children_of_a_threaded_program_call_and_exit(server: Server) -> None:
    # In a process of its own, so that nothing but its own threads is forked.
    program = f"""
        import os, signal, sys, threading
        import oxipipe
        r = oxipipe.Redis(unix_socket_path={server.unix_socket_path!r})
        over = threading.Event()
        wrong = []
        def work(name):
            n = 0
            while not over.is_set():
                n += 1
                token = f"{{name}} {{n}}".encode()
                if r.echo(token) != token:
                    wrong.append(token)
        threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        bad = 0
        for n in range(60):
            child = os.fork()
            if child == 0:
                signal.alarm(100)
                good = r.echo(f"child {{n}}") == f"child {{n}}".encode()
                if n % 2:
                    r.close()
                os._exit(0 if good else 1)
            bad += os.waitpid(child, 0)[1] != 0
        over.set()
        for thread in threads:
            thread.join()
        sys.exit(1 if bad or wrong else 0)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=300)


def test_a_signal_handler_may_fork_in_the_middle_of_a_call(server: Server, r: Redis) -> None:
    program = f"""
        import os, signal, sys
        import oxipipe
        r = oxipipe.Redis(unix_socket_path={server.unix_socket_path!r})
        child = None
        def fork(*_):
            global child
            child = os.fork()
            if child == 0:
                signal.alarm(100)
            else:
                print("forked", flush=True)
        signal.signal(signal.SIGALRM, fork)
        print("ready", flush=True)
        try:
            popped = r.blpop("forked", 0)
        except oxipipe.ConnectionError as error:
            assert child == 0 and error.outcome == "UNKNOWN", (child, error)
            assert r.ping()
            sys.exit()  # with exit handlers, which must not wait for threads of the parent
        assert child > 0 and popped == (b"forked", b"x"), (child, popped)
        assert r.ping()
        sys.exit(os.waitpid(child, 0)[1] != 0)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        eventually("the call", lambda: r.info("clients")["blocked_clients"])
        process.send_signal(signal.SIGALRM)
        assert process.stdout.readline() == "forked\n"
        r.rpush("forked", "x")
    assert process.returncode == 0


def test_threads_that_end_leave_their_client_in_order(r: Redis) -> None:
    for _ in range(20):
        threads = [threading.Thread(target=r.incr, args=("n",)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert r.get("n") == b"320"
