"""Fixtures for all tests: a private real server for the session, and a client of it with an empty database.

The suite runs once per backend: OXIPIPE_BACKEND=fast|cffi.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from support import pace
from support.loops import LOOPS

import oxipipe
from oxipipe import _backend
from oxipipe._configured import Configured

# What a shell starts in the background may have to ignore Ctrl-C, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    return f"oxipipe {oxipipe.__version__}, backend {_backend.name}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for stall in pace.stalls:
        terminalreporter.write_line(stall)


@pytest.fixture(scope="session", autouse=True)
def no_deadline_passes_by_itself() -> Iterator[None]:
    """Where a test sets none, `LONG` takes the place of the defaults, which a busy machine might reach."""
    start = Configured._start

    def patiently(self: Any, options: dict[str, Any], *args: Any, **given: Any) -> None:
        for name, default in (("socket_timeout", "5.0"), ("socket_connect_timeout", "3.0")):
            of_url = name.removeprefix("socket_") in options.get("url", "")
            asked = given.pop(name, options.get(name))
            if asked == default or (asked is None and not of_url):
                asked = str(pace.LONG)
            if asked is not None:
                options[name] = asked
        start(self, options, *args, **given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Configured, "_start", patiently)
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[oxipipe.Server]:
    with oxipipe.Server() as server:
        yield server


@pytest.fixture
def r(server: oxipipe.Server) -> Iterator[oxipipe.Redis]:
    with server.connect() as client:
        client.flushall()
        yield client


@pytest.fixture
def own_server() -> Iterator[oxipipe.Server]:
    """For tests that kill it."""
    with oxipipe.Server() as server:
        yield server


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Runs a coroutine; all of one test in the same loop."""
    with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
        yield runner.run
