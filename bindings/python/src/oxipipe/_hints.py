"""What the signatures of this package name: its own types and those of the standard library. Not cheap to import: see `_types`."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from asyncio import Future as LoopFuture
from collections import deque
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Collection,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from os import PathLike
from typing import Any, ClassVar, Literal, NoReturn, Self, TypeAlias, Unpack

from oxipipe._core.interface import Callback
from oxipipe._hooked import Shaping
from oxipipe.asyncio._inbox import Inbox as LoopInbox
from oxipipe.asyncio.client import Redis as LoopRedis
from oxipipe.asyncio.locks import Lock as LoopLock
from oxipipe.client import Redis
from oxipipe.commands.modules.taken import (
    Aggregation,
    Arguments,
    Cursor,
    Decoder,
    Definition,
    Encoder,
    Field,
    Query,
    Suggested,
)
from oxipipe.commands.untyped import Untyped
from oxipipe.event import Event, Inbox
from oxipipe.exceptions import RedisError
from oxipipe.futures import Future
from oxipipe.hooks import CallEvent, Hooks
from oxipipe.locks import Lock
from oxipipe.pipeline import Pipeline
from oxipipe.pool import Pool
from oxipipe.pool_pipeline import PoolPipeline
from oxipipe.response_callbacks import ResponseCallbacks
from oxipipe.server_info import ServerInfo
from oxipipe.typing import (
    AbsExpiryT,
    BoundT,
    ClientOptions,
    DataPersistOptions,
    EncodableT,
    Enum,
    ExpiryT,
    FieldT,
    HashDataPersistOptions,
    HotkeysMetricsTypes,
    KeysT,
    KeyT,
    PatternT,
    PoolOptions,
    QueueOptions,
    S,
    ScoreT,
    StreamIdT,
    T,
)

__all__ = [
    "AbsExpiryT",
    "AbstractEventLoop",
    "Aggregation",
    "Any",
    "Arguments",
    "AsyncGenerator",
    "Awaitable",
    "BoundT",
    "Callable",
    "Callback",
    "ClassVar",
    "ClientOptions",
    "Collection",
    "Cursor",
    "DataPersistOptions",
    "Decoder",
    "Definition",
    "EncodableT",
    "Encoder",
    "Enum",
    "Event",
    "ExpiryT",
    "Field",
    "FieldT",
    "Future",
    "Generator",
    "HashDataPersistOptions",
    "Hooks",
    "HotkeysMetricsTypes",
    "Inbox",
    "Iterable",
    "Iterator",
    "KeyT",
    "KeysT",
    "Literal",
    "Lock",
    "LoopFuture",
    "LoopInbox",
    "LoopLock",
    "LoopRedis",
    "Mapping",
    "NoReturn",
    "Observer",
    "PathLike",
    "PatternT",
    "Pipeline",
    "Pool",
    "PoolOptions",
    "PoolPipeline",
    "Query",
    "QueueOptions",
    "Redis",
    "RedisError",
    "ResponseCallbacks",
    "S",
    "ScoreT",
    "Self",
    "Sequence",
    "ServerInfo",
    "Shaping",
    "StreamIdT",
    "Suggested",
    "T",
    "Unpack",
    "Untyped",
    "deque",
]

#: Is told of calls.
Observer: TypeAlias = Callable[[CallEvent], object]
