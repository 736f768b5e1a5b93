"""What examples of commands of modules take: objects of redis-py's classes, as programs have them that come from there."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path as _Path

import pytest

pytest.importorskip("redis")

from redis.commands.json.path import Path
from redis.commands.search.aggregation import AggregateRequest, Cursor
from redis.commands.search.field import NumericField, TagField, TextField
from redis.commands.search.hybrid_query import (
    CombinationMethods,
    CombineResultsMethod,
    HybridCursorQuery,
    HybridPostProcessingConfig,
    HybridQuery,
    HybridSearchQuery,
    HybridVsimQuery,
)
from redis.commands.search.index_definition import IndexDefinition
from redis.commands.search.query import Query
from redis.commands.search.reducers import count
from redis.commands.search.suggestion import Suggestion

__all__ = [
    "COMBINED",
    "CURSORS",
    "FILE",
    "HYBRID",
    "PROCESSED",
    "AggregateRequest",
    "Cursor",
    "IndexDefinition",
    "NumericField",
    "Path",
    "Query",
    "Suggestion",
    "TagField",
    "TextField",
    "count",
]

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it may change
    HYBRID = HybridQuery(HybridSearchQuery("hello"), HybridVsimQuery("@v", b"\xff\x00"))
    COMBINED = CombineResultsMethod(CombinationMethods.LINEAR, ALPHA=0.5, BETA=0.5)
    PROCESSED = HybridPostProcessingConfig().load("@a", "@b").limit(0, 5)
    CURSORS = HybridCursorQuery(count=5, max_idle=10)

_FOLDER = tempfile.TemporaryDirectory(prefix="oxipipe-")
#: A file of JSON.
FILE = str(_Path(_FOLDER.name) / "file.json")
_Path(FILE).write_text('{"a": [1, "\\u00e9", 0.5, null]}')
