"""Filters of queries."""

from __future__ import annotations

from typing import Any


class Filter:
    """A filter of `keyword` with its arguments."""

    def __init__(self, keyword: str, *args: Any) -> None:
        #: Words of a command.
        self.args = [keyword, *args]


class NumericFilter(Filter):
    """Numbers of a field from `minval` to `maxval`, without these if they are exclusive."""

    INF = "+inf"
    NEG_INF = "-inf"

    def __init__(
        self,
        field: str,
        minval: float | str,
        maxval: float | str,
        minExclusive: bool = False,
        maxExclusive: bool = False,
    ) -> None:
        least, most = (
            f"({value}" if is_exclusive else value
            for value, is_exclusive in ((minval, minExclusive), (maxval, maxExclusive))
        )
        super().__init__("FILTER", field, least, most)


class GeoFilter(Filter):
    """Places within `radius` of one."""

    METERS = "m"
    KILOMETERS = "km"
    FEET = "ft"
    MILES = "mi"

    def __init__(
        self, field: str, lon: float, lat: float, radius: float, unit: str = KILOMETERS
    ) -> None:
        super().__init__("GEOFILTER", field, lon, lat, radius, unit)


class HybridFilter(Filter):
    """A query or an expression that results of a hybrid query have to fit."""

    def __init__(self, conditions: str) -> None:
        super().__init__("FILTER", conditions)
