"""What messages say of what is not there, and of one of a thing."""

from __future__ import annotations

import asyncio

import pytest

import oxipipe
import oxipipe.asyncio
from oxipipe.pool import _timeout_of


def test_one_command_is_one() -> None:
    for pipe in (oxipipe.Redis().pipeline(), oxipipe.asyncio.Redis().pipeline(False)):
        assert repr(pipe).endswith(" of 0 commands>")
        pipe.command("PING")
        assert repr(pipe).endswith(" of 1 command>")


@pytest.mark.parametrize(
    ("text", "seconds"), [("1%2E5", 1.5), ("%30", None), ("2", 2.0), ("%3", 5.0)]
)
def test_the_time_of_a_pool_may_be_written_with_percents(text: str, seconds: float | None) -> None:
    assert _timeout_of(f"redis://localhost?db=0&timeout={text}") == seconds


def test_a_pool_waits_as_long_as_its_url_says(server: oxipipe.Server) -> None:
    with oxipipe.Pool.from_url(f"{server.url}?socket_timeout=0%2E5", connections=1) as pool:
        assert pool.ping().result() is True


def test_in_a_loop() -> None:
    async def main() -> None:
        assert repr(oxipipe.asyncio.Redis().pipeline().get("k")).endswith(
            "transaction of 1 command>"
        )

    asyncio.run(main())
