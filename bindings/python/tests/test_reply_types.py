"""What the stubs say is returned is what servers give: every example, by the signature that type checkers choose for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.command_cases import CASES
from support.database import Database
from support.servers import executables

import oxipipe
from oxipipe.commands import _table

#: These change the connection, and are refused on one that is shared, or go on behind their reply.
UNANSWERED = frozenset(
    (
        "asking auth client_caching client_capa client_import_source client_no_evict client_no_touch client_reply client_setinfo"
        " client_setname client_tracking client_tracking_off client_tracking_on hello quit readonly readwrite reset select unwatch wait waitaof watch"
        " bgrewriteaof bgsave save"
    ).split()
)
SERVERS = executables()
WAYS = [(name, *way) for name in SERVERS for way in ((2, False), (3, True))]


def stubs() -> dict[str, list[ast.FunctionDef]]:
    tree = ast.parse(Path(_table.__file__).with_suffix(".pyi").read_text())
    (commands,) = (
        node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Commands"
    )
    found: dict[str, list[ast.FunctionDef]] = {}
    for node in commands.body:
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, []).append(node)
    return found


STUBS = stubs()


def is_taken(signature: ast.arguments, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether this signature is for such a call, as far as switches and None tell."""
    positional = signature.args[1:]
    by_name = {argument.arg: argument for argument in (*positional, *signature.kwonlyargs)}
    if (len(args) > len(positional) and not signature.vararg) or set(kwargs) - set(by_name):
        return False
    given = {a.arg: value for a, value in zip(positional, args, strict=False)} | kwargs
    needed = positional[: len(positional) - len(signature.defaults)]
    needed += [
        argument
        for argument, default in zip(signature.kwonlyargs, signature.kw_defaults, strict=True)
        if default is None
    ]
    return {a.arg for a in needed} <= set(given) and all(
        is_meant(value, by_name[name].annotation) for name, value in given.items()
    )


def is_meant(value: object, annotation: ast.expr | None) -> bool:
    assert annotation
    parts = ast.unparse(annotation).split(" | ")
    if value is None:
        return "None" in parts
    if isinstance(value, bool):
        return not {f"Literal[{value}]", "bool", "EncodableT"}.isdisjoint(parts)
    return parts != ["None"]


def fits(reply: object, said: ast.expr, text: type) -> bool:
    match said:
        case ast.BinOp(left=left, right=right):
            return fits(reply, left, text) or fits(reply, right, text)
        case ast.Constant(value=None):
            return reply is None
        case ast.Name(id="T"):
            return type(reply) is text
        case ast.Name(id="Any" | "S" | "object"):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return type(reply).__name__ == name
        case ast.Subscript(value=kind, slice=inner):
            return fits(reply, kind, text) and fit_inside(reply, inner, text)
    raise NotImplementedError(ast.unparse(said))


def fit_inside(reply: object, said: ast.expr, text: type) -> bool:
    match reply, said:
        case dict(), ast.Tuple(elts=[key, value]):
            return all(fits(k, key, text) and fits(v, value, text) for k, v in reply.items())
        case tuple(), ast.Tuple(elts=[each, ast.Constant(value=value)]) if value is ...:
            return all(fits(part, each, text) for part in reply)
        case tuple(), ast.Tuple(elts=each):
            return len(reply) == len(each) and all(map(fits, reply, each, [text] * len(each)))
        case ((list() | set()), _):
            return all(fits(part, said, text) for part in reply)
    raise NotImplementedError(ast.unparse(said))


@pytest.fixture(
    scope="module",
    params=WAYS,
    ids=[f"{name}-{'decoded' if decoded else f'resp{p}'}" for name, p, decoded in WAYS],
)
def answering(request: pytest.FixtureRequest) -> Iterator[tuple[Any, type, Database]]:
    name, protocol, decoded = request.param
    with (
        oxipipe.Server(executable=SERVERS[name], slowlog_log_slower_than=0, hz=100) as server,
        server.connect(protocol=protocol, decode_responses=decoded) as client,
        server.connect() as filler,
    ):
        yield client, str if decoded else bytes, Database(filler)


@pytest.mark.parametrize("name", sorted({name for name, _, _ in CASES} - UNANSWERED))
def test_replies_are_what_the_stubs_say(answering: tuple[Any, type, Database], name: str) -> None:
    client, text, database = answering
    for _, args, kwargs in (case for case in CASES if case[0] == name):
        database.fill()
        try:
            reply = getattr(client, name)(*args, **kwargs)
        except oxipipe.RedisError:
            continue
        chosen = next(stub for stub in STUBS[name] if is_taken(stub.args, args, kwargs))
        assert chosen.returns
        assert fits(reply, chosen.returns, text), (args, kwargs, reply, ast.unparse(chosen.returns))
