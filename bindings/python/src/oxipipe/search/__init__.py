"""What the commands on indexes, `client.ft()`, take and give: fields and definitions of an index, queries, aggregations, and results.

    from oxipipe.search import NumericField, Query, TextField

    index = client.ft("articles")
    index.create_index([TextField("title", weight=5.0), NumericField("year")])
    index.search(Query("@title:redis").paging(0, 5).return_fields("title"))

The names and the words that are sent are redis-py's, whose own objects are taken as well. Nothing of this is imported with the package.
"""

from __future__ import annotations

from oxipipe.commands.shapes.search import (
    AggregateResult,
    Cursor,
    Document,
    HybridCursorResult,
    HybridResult,
    ProfileInformation,
    Result,
    Suggestion,
)
from oxipipe.search import reducers
from oxipipe.search.aggregation import AggregateRequest
from oxipipe.search.definition import IndexDefinition, IndexType
from oxipipe.search.fields import (
    Field,
    GeoField,
    GeoShapeField,
    NumericField,
    TagField,
    TextField,
    VectorField,
)
from oxipipe.search.filters import Filter, GeoFilter, HybridFilter, NumericFilter
from oxipipe.search.hybrid import (
    CombinationMethods,
    CombineResultsMethod,
    HybridCursorQuery,
    HybridPostProcessingConfig,
    HybridQuery,
    HybridSearchQuery,
    HybridVsimQuery,
    VectorSearchMethods,
)
from oxipipe.search.query import Query
from oxipipe.search.reducers import FIELDNAME, Reducer
from oxipipe.search.sorting import Asc, Desc, SortbyField, SortDirection

__all__ = [
    "FIELDNAME",
    "AggregateRequest",
    "AggregateResult",
    "Asc",
    "CombinationMethods",
    "CombineResultsMethod",
    "Cursor",
    "Desc",
    "Document",
    "Field",
    "Filter",
    "GeoField",
    "GeoFilter",
    "GeoShapeField",
    "HybridCursorQuery",
    "HybridCursorResult",
    "HybridFilter",
    "HybridPostProcessingConfig",
    "HybridQuery",
    "HybridResult",
    "HybridSearchQuery",
    "HybridVsimQuery",
    "IndexDefinition",
    "IndexType",
    "NumericField",
    "NumericFilter",
    "ProfileInformation",
    "Query",
    "Reducer",
    "Result",
    "SortDirection",
    "SortbyField",
    "Suggestion",
    "TagField",
    "TextField",
    "VectorField",
    "VectorSearchMethods",
    "reducers",
]
