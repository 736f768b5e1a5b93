"""The error for an argument that cannot be sent names it, in every colour, before anything is queued."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

import oxipipe
import oxipipe.asyncio
from oxipipe import DataError, Server

#: method, arguments, options, type that is refused, what the message says of its place.
WRONG: list[tuple[str, tuple[Any, ...], dict[str, Any], str, str]] = [
    ("set", ("k", {}), {}, "dict", "the argument 'value'"),
    ("set", ("k", True), {"nx": True}, "bool", "the argument 'value'"),
    ("set", ("k", "v"), {"ex": {}}, "dict", "the argument 'ex'"),
    ("get", (None,), {}, "NoneType", "the argument 'name'"),
    ("hset", ("h", "f", object()), {}, "object", "the argument 'value'"),
    ("hset", ("h", "f", None), {}, "NoneType", "the argument 'value'"),
    ("hset", ("h",), {"mapping": {"f": None}}, "NoneType", "in the argument 'mapping'"),
    ("lpush", ("l", 1, None), {}, "NoneType", "in the argument 'values'"),
    ("mset", ({"k": []},), {}, "list", "in the argument 'mapping'"),
    ("mget", (iter(["k", None]),), {}, "NoneType", "in the argument 'keys'"),
    ("sunion", (None,), {}, "NoneType", "the argument 'keys'"),
    ("zadd", ("z", {None: 1}), {"nx": True}, "NoneType", "in the argument 'mapping'"),
    ("lrange", ("l", 0, True), {}, "bool", "the argument 'end'"),
    ("delete", ("k", ["l"]), {}, "list", "in the argument 'names'"),
]
each_wrong = pytest.mark.parametrize(("method", "args", "options", "kind", "place"), WRONG)


def refused(call: Any, args: tuple[Any, ...], options: dict[str, Any]) -> str:
    # An iterator can be gone through once.
    args = tuple(iter(["k", None]) if hasattr(each, "__next__") else each for each in args)
    with pytest.raises(DataError) as caught:
        call(*args, **options)
    assert type(caught.value) is DataError and caught.value.outcome == "NOT_APPLIED"
    return str(caught.value)


@each_wrong
def test_it_is_named(
    server: Server, r: oxipipe.Redis, method: str, args: Any, options: Any, kind: str, place: str
) -> None:
    expected = (
        f"Invalid input of type: '{kind}'. Convert to a bytes, string, int or float first."
        f" It is {place} of {method}()."
    )
    with oxipipe.Pool.from_url(server.url, connections=1) as pool, r.lease() as lease:
        pipes = r.pipeline(), r.pipeline(transaction=False), pool.pipeline()
        for owner in (r, lease, pool, *pipes):
            assert refused(getattr(owner, method), args, options) == expected
        assert [len(pipe) for pipe in pipes] == [0, 0, 0]
        assert pool.outstanding == 0
    assert r.dbsize() == 0


@each_wrong
def test_it_is_named_in_a_loop(
    server: Server, method: str, args: Any, options: Any, kind: str, place: str
) -> None:
    async def main() -> None:
        async with oxipipe.asyncio.Redis.from_url(server.url) as client:
            pipe = client.pipeline()
            for owner in (client, pipe):
                assert f"'{kind}'" in (text := refused(getattr(owner, method), args, options))
                assert text.endswith(f" It is {place} of {method}().")
            assert len(pipe) == 0
            if not any(hasattr(each, "__next__") for each in args):
                with pytest.raises(DataError, match=re.escape(place)):
                    await getattr(client.coro, method)(*args, **options)

    asyncio.run(main())


def test_with_hooks_and_in_subclasses(server: Server) -> None:
    class Mine(oxipipe.Redis):
        def get(self, name: Any) -> Any:
            return super().get(name)

    with Mine(unix_socket_path=server.unix_socket_path) as client:
        client.on_call(lambda event: None)
        assert "the argument 'name' of get()" in refused(client.get, (None,), {})
        assert "of get()" in refused(client.pipeline().get, (None,), {})


def test_words_without_a_method_have_no_names(r: oxipipe.Redis) -> None:
    for call in (r.command, r.execute_command, r.pipeline().command):
        text = refused(call, ("SET", "k", None), {})
        assert text.endswith("float first.")


def test_what_a_program_calls_in_between_is_not_asked(r: oxipipe.Redis) -> None:
    def name(value: Any) -> None:
        r.command("SET", "k", value)

    assert "argument" not in refused(name, (None,), {})
