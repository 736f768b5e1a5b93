"""Fixtures for all tests: a private real server for the session, and a client of it with an empty database.

The suite runs once per backend: OXIPIPE_BACKEND=fast|cffi.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import oxipipe
from oxipipe import _backend


def pytest_report_header() -> str:
    return f"oxipipe {oxipipe.__version__}, backend {_backend.name}"


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
