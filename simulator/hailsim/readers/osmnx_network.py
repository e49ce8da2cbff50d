"""Road networks written by OSMnx: directed multigraphs with OSM attributes, as node-link JSON or GraphML."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

import networkx as nx
import numpy as np

from hailsim.faults import refuse
from hailsim.model.city import RoadClass
from hailsim.model.raw_network import CLASS_UNKNOWN, RawNetwork

KMH_PER_MPH = 1.609344
# https://wiki.openstreetmap.org/wiki/Key:highway; default speeds in km/h for roads without a limit.
HIGHWAY_CLASS = {
    "motorway": RoadClass.EXPRESS,
    "motorway_link": RoadClass.EXPRESS,
    "trunk": RoadClass.EXPRESS,
    "trunk_link": RoadClass.EXPRESS,
    "primary": RoadClass.ARTERIAL,
    "primary_link": RoadClass.ARTERIAL,
    "secondary": RoadClass.ARTERIAL,
    "secondary_link": RoadClass.ARTERIAL,
}
HIGHWAY_SPEED_KMH = {
    "motorway": 88.0,
    "motorway_link": 50.0,
    "trunk": 64.0,
    "trunk_link": 50.0,
    "primary": 48.0,
    "primary_link": 40.0,
    "secondary": 40.0,
    "secondary_link": 40.0,
    "tertiary": 40.0,
    "tertiary_link": 30.0,
    "residential": 30.0,
    "unclassified": 30.0,
    "living_street": 10.0,
    "service": 15.0,
}
_SPEED_KEYS = ("speed_kph", "speed_kmph", "speed_kmh", "maxspeed")
_NUMBER = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph)?\s*$", re.IGNORECASE)
_LINESTRING = re.compile(r"^\s*LINESTRING\s*\((?P<points>[^()]*)\)\s*$", re.IGNORECASE)

Node = tuple[str, Mapping[str, Any]]
Edge = tuple[str, str, str, Mapping[str, Any]]


def read_osmnx_network(path: Path) -> RawNetwork:
    """Read `.json` (node-link) or `.graphml`. BadInput for other files, nodes without x and y, undirected graphs."""
    if not path.is_file():
        raise refuse("a network file must exist", "nothing", str(path), "Check the path.")
    if path.suffix.lower() == ".graphml":
        nodes, edges = _read_graphml(path)
    elif path.suffix.lower() == ".json":
        nodes, edges = _read_node_link(path)
    else:
        raise refuse(
            "a network file must be node-link JSON (.json) or GraphML (.graphml)",
            path.name,
            str(path),
            "Use OSMnx.",
        )
    return _raw_network(nodes, edges, path)


def _read_node_link(path: Path) -> tuple[list[Node], list[Edge]]:
    try:
        graph = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise refuse(
            "a .json network must be one JSON object", error, str(path), "Write it with networkx.node_link_data."
        ) from error
    links = graph.get("links", graph.get("edges")) if isinstance(graph, dict) else None
    if not isinstance(links, list) or not isinstance(graph.get("nodes"), list):
        raise refuse(
            "a node-link network must have lists `nodes` and `links` (or `edges`)",
            "neither",
            str(path),
            "Write it with networkx.node_link_data.",
        )
    if not graph.get("directed", False):
        raise refuse("a road network must be a directed graph", "directed: false", str(path), "Export the directed graph.")
    try:
        nodes = [(str(node["id"]), node) for node in graph["nodes"]]
        edges = [(str(link["source"]), str(link["target"]), str(link.get("key", 0)), link) for link in links]
    except (KeyError, TypeError) as error:
        raise refuse(
            "every node must have an `id`, every link a `source` and a `target`",
            f"missing {error}",
            str(path),
            "Export it again.",
        ) from error
    return nodes, edges


def _read_graphml(path: Path) -> tuple[list[Node], list[Edge]]:
    try:
        graph = nx.read_graphml(path, force_multigraph=True)
    except (nx.NetworkXError, SyntaxError, ValueError, KeyError) as error:
        raise refuse("a .graphml network must be GraphML", error, str(path), "Write it with osmnx.save_graphml.") from error
    if not graph.is_directed():
        raise refuse("a road network must be a directed graph", "undirected edges", str(path), "Export the directed graph.")
    multigraph: nx.MultiDiGraph[str] = nx.MultiDiGraph(graph)
    nodes: list[Node] = [(str(name), attributes) for name, attributes in multigraph.nodes(data=True)]
    edges: list[Edge] = [(str(u), str(v), str(key), data) for u, v, key, data in multigraph.edges(keys=True, data=True)]
    return nodes, edges


def _raw_network(nodes: list[Node], edges: list[Edge], path: Path) -> RawNetwork:
    names = [name for name, _ in nodes]
    index = {name: k for k, name in enumerate(names)}
    if len(index) != len(names):
        raise refuse("every junction must have a unique id", f"{len(names) - len(index)} repeated", str(path), "Renumber them.")
    lat, lon = np.empty(len(nodes)), np.empty(len(nodes))
    for k, (name, attributes) in enumerate(nodes):
        lon[k], lat[k] = _number(attributes, "x", f"node {name}", path), _number(attributes, "y", f"node {name}", path)
    shapes = [_shape(attributes, lat, lon, index.get(u, -1), index.get(v, -1)) for u, v, _, attributes in edges]
    sizes = [len(shape) for shape in shapes]
    points = np.array([point for shape in shapes for point in shape], dtype=np.float64).reshape(-1, 2)
    link_names = tuple(f"{u}→{v}" if key == "0" else f"{u}→{v} ({key})" for u, v, key, _ in edges)
    return RawNetwork(
        junction_name=tuple(names),
        lat_deg=lat,
        lon_deg=lon,
        link_name=link_names,
        link_from=np.array([index.get(u, -1) for u, _, _, _ in edges], dtype=np.int64),
        link_to=np.array([index.get(v, -1) for _, v, _, _ in edges], dtype=np.int64),
        length_m=np.array(
            [
                _number(a, "length", f"link {name}", path, math.nan)
                for name, (_, _, _, a) in zip(link_names, edges, strict=True)
            ],
            dtype=np.float64,
        ),
        speed_kmh=np.array([_speed_kmh(attributes) for _, _, _, attributes in edges], dtype=np.float64),
        road_class=np.array([_road_class(attributes) for _, _, _, attributes in edges], dtype=np.int8),
        shape_start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        shape_lat_deg=points[:, 1].copy(),
        shape_lon_deg=points[:, 0].copy(),
    )


def _number(attributes: Mapping[str, Any], key: str, place: str, path: Path, default: float | None = None) -> float:
    value = attributes.get(key, default)
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise refuse(f"`{key}` must be a number", repr(value), f"{place} of {path}", "Correct it in the source.") from error


def _values(value: object) -> list[str]:
    """The values of an attribute: OSMnx keeps those of merged edges in a list, which GraphML stores as text."""
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    text = str(value)
    if text.startswith("[") and text.endswith("]"):
        return [item.strip().strip("'\"") for item in text[1:-1].split(",")]
    return [text]


def _speed_kmh(attributes: Mapping[str, Any]) -> float:
    """The given speed, the mean of several (as in OSMnx), the default of the highway value, or NaN."""
    for key in _SPEED_KEYS:
        known = list(_parsed_speeds(_values(attributes[key]))) if attributes.get(key) is not None else []
        if known:
            return fmean(known)
    defaults = [HIGHWAY_SPEED_KMH[kind] for kind in _highway_kinds(attributes) if kind in HIGHWAY_SPEED_KMH]
    return min(defaults) if defaults else math.nan


def _parsed_speeds(texts: Iterable[str]) -> Iterable[float]:
    for text in texts:
        match = _NUMBER.match(text)
        if match:
            yield float(match[1]) * (KMH_PER_MPH if (match[2] or "").lower() == "mph" else 1.0)


def _highway_kinds(attributes: Mapping[str, Any]) -> list[str]:
    return _values(attributes["highway"]) if attributes.get("highway") is not None else []


def _road_class(attributes: Mapping[str, Any]) -> int:
    """The lowest class of a merged road, so that a street merged with a motorway stays hailable."""
    kinds = _highway_kinds(attributes)
    return min((int(HIGHWAY_CLASS.get(kind, RoadClass.LOCAL)) for kind in kinds), default=CLASS_UNKNOWN)


def _shape(attributes: Mapping[str, Any], lat: np.ndarray, lon: np.ndarray, start: int, end: int) -> list[tuple[float, float]]:
    """(lon, lat) points of a link: its geometry if given, otherwise its two junctions."""
    geometry = attributes.get("geometry")
    if isinstance(geometry, Mapping) and geometry.get("type") == "LineString":
        return [(float(point[0]), float(point[1])) for point in geometry["coordinates"]]
    match = _LINESTRING.match(geometry) if isinstance(geometry, str) else None
    if match:
        pairs = (point.split() for point in match["points"].split(","))
        return [(float(pair[0]), float(pair[1])) for pair in pairs]
    if start < 0 or end < 0:
        return [(0.0, 0.0), (0.0, 0.0)]  # check_raw_network refuses the dangling link by name
    return [(float(lon[start]), float(lat[start])), (float(lon[end]), float(lat[end]))]
