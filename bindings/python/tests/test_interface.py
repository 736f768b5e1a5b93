"""Both back ends keep the contract that `oxipipe._core.interface` writes down."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from oxipipe import _backend
from oxipipe._core import interface, loop
from oxipipe.asyncio._binding import Binding
from oxipipe.asyncio.client import Redis as AsyncRedis
from oxipipe.futures import Future
from oxipipe.pool import Pool

if TYPE_CHECKING:
    from oxipipe._core import _fast
    from oxipipe._core.cffi import client as cffi
    from oxipipe._core.cffi import loop as cffi_loop

    # For mypy: both keep the contract.
    def client(one: _fast.ClientCore | cffi.ClientCore) -> interface.ClientCore:
        return one

    def pipeline(one: _fast.PipelineCore | cffi.PipelineCore) -> interface.PipelineCore:
        return one

    def pool(one: _fast.PoolCore | cffi.PoolCore) -> interface.PoolCore:
        return one

    def future(one: _fast.FutureCore | cffi.FutureCore) -> interface.FutureCore:
        return one

    def loop_client(one: _fast.AsyncCore | cffi_loop.AsyncCore) -> interface.AsyncCore:
        return one

    def binding(one: _fast.BindingCore | cffi_loop.BindingCore) -> interface.BindingCore:
        return one

    CONFIGURE: list[interface.Configure] = [_fast.configure, cffi.configure]

CLASSES: dict[str, Any] = {
    "ClientCore": _backend.ClientCore,
    "PipelineCore": _backend.PipelineCore,
    "PoolCore": _backend.PoolCore,
    "FutureCore": _backend.FutureCore,
    "AsyncCore": loop.AsyncCore,
    "BindingCore": loop.BindingCore,
}
#: The modules of the back end.
CORE: Any = sys.modules[_backend.ClientCore.__module__]
LOOP: Any = sys.modules[loop.AsyncCore.__module__]
#: What a class has besides its members: Python's own.
PYTHONS = set(dir(type("", (), {}))) | {
    "__annotations__",
    "__static_attributes__",
    "__firstlineno__",
    "__class_getitem__",
}


def members(protocol: Any) -> dict[str, Any]:
    own = vars(protocol)
    typing_only = {"_abc_impl", "_is_protocol", "__parameters__", "_is_runtime_protocol"}
    typing_only |= {"__abstractmethods__", "__protocol_attrs__", "__non_callable_proto_members__"}
    return {
        name: member
        for name, member in own.items()
        if (name not in PYTHONS or name in ("__len__", "__bool__")) and name not in typing_only
    }


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_the_members_of_its_protocol_and_no_others(name: str) -> None:
    wanted, cls = members(getattr(interface, name)), CLASSES[name]
    for member in wanted:
        assert hasattr(cls, member), f"{name} of {_backend.name} has no {member}"
    if _backend.name == "fast":
        has = {member for member in vars(cls) if member not in PYTHONS}
        assert has - {"__len__", "__bool__"} == set(wanted) - {"__len__", "__bool__"}


def parameters(function: Any) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())[1:]


def compared() -> Iterator[tuple[str, str]]:
    for name in CLASSES:
        for member, value in members(getattr(interface, name)).items():
            if inspect.isfunction(value):
                yield name, member


@pytest.mark.parametrize(("name", "member"), list(compared()))
def test_a_method_takes_what_the_protocol_says(name: str, member: str) -> None:
    wanted = parameters(getattr(getattr(interface, name), member))
    has = parameters(getattr(CLASSES[name], member))
    assert len(has) == len(wanted)
    for theirs, ours in zip(wanted, has, strict=True):
        assert theirs.default == ours.default
        # What is given by its place only may have any name, and may be given by it, too.
        if theirs.kind != theirs.POSITIONAL_ONLY:
            assert (theirs.kind, theirs.name) == (ours.kind, ours.name)


def test_what_configures_takes_what_the_protocol_says() -> None:
    for protocol, function in (
        (interface.Configure, CORE.configure),
        (interface.ConfigureAsyncio, LOOP.configure_asyncio),
    ):
        has = inspect.signature(function).parameters.values()
        assert [p.name for p in has] == [p.name for p in parameters(protocol.__call__)]
        assert all(p.kind is p.KEYWORD_ONLY for p in has)


@pytest.mark.parametrize(
    ("protocol", "cls"),
    [
        (interface.OnAsyncCore, AsyncRedis),
        (interface.OnBindingCore, Binding),
        (interface.OnPoolCore, Pool),
        (interface.OnFutureCore, Future),
    ],
)
def test_what_derives_has_what_is_asked_of_it(protocol: Any, cls: Any) -> None:
    for member, value in members(protocol).items():
        assert inspect.isfunction(getattr(cls, member)), f"{cls.__name__} has no {member}"
        if not isinstance(value, staticmethod):
            count = len(inspect.signature(value).parameters)
            assert len(inspect.signature(getattr(cls, member)).parameters) == count, member
