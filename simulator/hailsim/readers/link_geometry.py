"""Geometry of links, as WKT or GeoJSON."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

Points = list[tuple[float, float]]
_WKT = re.compile(
    r"^\s*(?:SRID=\d+;)?\s*(?:MULTI)?LINESTRING\s*(?:ZM|Z|M)?\s*(?P<body>EMPTY|\(.*\))\s*$", re.IGNORECASE | re.DOTALL
)
_PART = re.compile(r"\(([^()]*)\)")


def parse_geometry(geometry: object) -> tuple[Points, str | None]:
    """(lon, lat) points without heights, and the kind of fault if the geometry cannot be used.

    The parts of a multi-part geometry are joined if each begins where the one before ends.
    """
    try:
        parts = _geojson_parts(geometry) if isinstance(geometry, Mapping) else _wkt_parts(geometry)
    except (ValueError, TypeError, IndexError, KeyError):
        return [], "geometry_unreadable"
    parts = [part for part in parts if part]
    if not parts:
        return [], "geometry_empty"
    joined = parts[0]
    for part in parts[1:]:
        if part[0] != joined[-1]:
            return [], "geometry_in_several_parts"
        joined = joined + part[1:]
    return (joined, None) if len(joined) > 1 else ([], "geometry_empty")


def _wkt_parts(geometry: object) -> list[Points]:
    match = _WKT.match(str(geometry))
    if match is None:
        raise ValueError("not a line string")
    bodies = [] if match["body"].upper() == "EMPTY" else _PART.findall(match["body"])
    return [[_point(point.split()) for point in body.split(",")] for body in bodies]


def _geojson_parts(geometry: Mapping[str, Any]) -> list[Points]:
    lines = {"LineString": [geometry["coordinates"]], "MultiLineString": geometry["coordinates"]}[geometry["type"]]
    return [[_point(point) for point in line] for line in lines]


def _point(numbers: list[Any]) -> tuple[float, float]:
    lon, lat = float(numbers[0]), float(numbers[1])
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise ValueError("not finite")
    return lon, lat
