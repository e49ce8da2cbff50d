"""Road networks written by OSMnx: directed multigraphs with OSM attributes, as node-link JSON or GraphML."""

from __future__ import annotations

import gzip
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

from hailsim.faults import refuse
from hailsim.findings import FindingLog
from hailsim.model.geometry import Floats
from hailsim.model.raw_network import RawNetwork
from hailsim.readers.link_geometry import Points, parse_geometry
from hailsim.readers.osm_tags import closed_to_cars, highway_values, road_class, speed_of

# Larger numbers than any longitude are metres of a projection.
_PROJECTED_FROM = 360.0

Node = tuple[str, Mapping[str, Any]]
Edge = tuple[str, str, str, Mapping[str, Any]]


def read_osmnx_network(path: Path) -> RawNetwork:
    """Read `.json` (node-link) or `.graphml`, also compressed (`.gz`), leaving out roads closed to cars.

    BadInput for other files, nodes without coordinates, undirected graphs, and networks without roads for cars.
    """
    if not path.is_file():
        raise refuse("a network file must exist", "nothing", str(path), "Check the path.")
    if network_suffix(path) == ".graphml":
        nodes, edges = _read_graphml(path)
    elif network_suffix(path) == ".json":
        nodes, edges = _read_node_link(path)
    else:
        rule = "a network file must be node-link JSON (.json) or GraphML (.graphml)"
        raise refuse(rule, path.name, str(path), "Convert it with OSMnx.")
    return _raw_network(nodes, edges, path)


def network_suffix(path: Path) -> str:
    """The suffix in lower case, without `.gz`."""
    return (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()


def _read_bytes(path: Path) -> bytes:
    if path.suffix.lower() != ".gz":
        return path.read_bytes()
    with gzip.open(path) as content:
        return content.read()


def _read_node_link(path: Path) -> tuple[list[Node], list[Edge]]:
    try:
        # json.loads detects a byte order mark in bytes, but not in text.
        graph = json.loads(_read_bytes(path))
    except (UnicodeDecodeError, json.JSONDecodeError, EOFError, gzip.BadGzipFile) as error:
        remedy = "Write it with networkx.node_link_data."
        raise refuse("a .json network must be one JSON object", error, str(path), remedy) from error
    links = graph.get("links", graph.get("edges")) if isinstance(graph, dict) else None
    if not isinstance(links, list) or not isinstance(graph.get("nodes"), list):
        rule = "a node-link network must have lists `nodes` and `links` (or `edges`)"
        raise refuse(rule, "neither", str(path), "Write it with networkx.node_link_data.")
    if not graph.get("directed", False):
        raise refuse("a road network must be a directed graph", "directed: false", str(path), "Export the directed graph.")
    try:
        nodes = [(str(node["id"]), node) for node in graph["nodes"]]
        edges = [(str(link["source"]), str(link["target"]), str(link.get("key", 0)), link) for link in links]
    except (KeyError, TypeError) as error:
        rule = "every node must have an `id`, every link a `source` and a `target`"
        raise refuse(rule, f"missing {error}", str(path), "Export it again.") from error
    return nodes, edges


def _read_graphml(path: Path) -> tuple[list[Node], list[Edge]]:
    try:
        graph = nx.read_graphml(path, force_multigraph=True)
    except (nx.NetworkXError, SyntaxError, ValueError, KeyError, EOFError, gzip.BadGzipFile) as error:
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
    log = FindingLog()
    lat, lon, projected = _coordinates(nodes, path, log)
    edges = _roads_for_cars(edges, path, log)
    link_names = tuple(_link_name(edge) for edge in edges)
    shapes, speeds_kmh = [], []
    for name, (u, v, _, attributes) in zip(link_names, edges, strict=True):
        ends = _straight(lat, lon, index.get(u, -1), index.get(v, -1))
        geometry = attributes.get("geometry")
        shapes.append(ends if geometry is None else _shape(geometry, ends, projected, name, log))
        speed = speed_of(attributes)
        speeds_kmh.append(speed.kmh)
        if speed.repair is not None:
            log.add(speed.repair, f"{name}: {speed.text}")
    points = np.array([point for shape in shapes for point in shape], dtype=np.float64).reshape(-1, 2)
    lengths_m = [
        _number(edge[3], "length", f"link {name}", path, math.nan) for name, edge in zip(link_names, edges, strict=True)
    ]
    return RawNetwork(
        junction_name=tuple(names),
        lat_deg=lat,
        lon_deg=lon,
        link_name=link_names,
        link_from=np.array([index.get(u, -1) for u, _, _, _ in edges], dtype=np.int64),
        link_to=np.array([index.get(v, -1) for _, v, _, _ in edges], dtype=np.int64),
        length_m=np.array(lengths_m, dtype=np.float64),
        speed_kmh=np.array(speeds_kmh, dtype=np.float64),
        road_class=np.array([road_class(attributes) for _, _, _, attributes in edges], dtype=np.int8),
        shape_start=np.concatenate([[0], np.cumsum([len(shape) for shape in shapes])]).astype(np.int64),
        shape_lat_deg=points[:, 1].copy(),
        shape_lon_deg=points[:, 0].copy(),
        findings=log.findings(),
        main_kind=_main_kind(edges),
    )


def _link_name(edge: Edge) -> str:
    u, v, key, _ = edge
    return f"{u}→{v}" if key == "0" else f"{u}→{v} ({key})"


def _coordinates(nodes: list[Node], path: Path, log: FindingLog) -> tuple[Floats, Floats, bool]:
    """Latitudes, longitudes, and whether x and y are projected, in which case OSMnx keeps degrees in `lon` and `lat`."""

    def column(key: str) -> Floats:
        return np.array([_number(attributes, key, f"node {name}", path) for name, attributes in nodes], dtype=np.float64)

    lon, lat = column("x"), column("y")
    far = np.flatnonzero((np.abs(lon) > _PROJECTED_FROM) | (np.abs(lat) > _PROJECTED_FROM))
    if not len(far):
        return lat, lon, False
    name, attributes = nodes[int(far[0])]
    if "lon" not in attributes or "lat" not in attributes:
        rule = "`x` and `y` of nodes must be longitude and latitude in degrees, or nodes must also have `lon` and `lat`"
        value = f"projected coordinates (x={lon[far[0]]:.1f}, y={lat[far[0]]:.1f})"
        remedy = "Save the network before projecting it, or project it back with osmnx.project_graph(graph, to_latlong=True)."
        raise refuse(rule, value, f"node {name} of {path}", remedy)
    for other, _ in nodes:
        log.add("coordinates_projected", f"node {other}: `lon` and `lat` used")
    return column("lat"), column("lon"), True


def _roads_for_cars(edges: list[Edge], path: Path, log: FindingLog) -> list[Edge]:
    kept = []
    for edge in edges:
        reason = closed_to_cars(edge[3])
        if reason is None:
            kept.append(edge)
        else:
            log.add(f"closed_to_cars_({reason})", _link_name(edge))
    if edges and not kept:
        closed = ", ".join(f"{finding.count} {finding.kind.replace('_', ' ')}" for finding in log.findings())
        remedy = "Use a network for cars, for example osmnx.graph_from_place(…, network_type='drive')."
        raise refuse("a network must have roads that cars may use", closed, str(path), remedy)
    return kept


def _main_kind(edges: Sequence[Edge]) -> tuple[str, float] | None:
    """The most frequent `highway` value and its share of the roads."""
    kinds = Counter(value for edge in edges for value in highway_values(edge[3])[:1])
    return (kinds.most_common(1)[0][0], kinds.most_common(1)[0][1] / len(edges)) if kinds else None


def _number(attributes: Mapping[str, Any], key: str, place: str, path: Path, default: float | None = None) -> float:
    value = attributes.get(key, default)
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise refuse(f"`{key}` must be a number", repr(value), f"{place} of {path}", "Correct it in the source.") from error


def _straight(lat: Floats, lon: Floats, start: int, end: int) -> Points:
    """The two junctions of a link. check_raw_network refuses a dangling link by name, so its shape does not matter."""
    if start < 0 or end < 0:
        return [(0.0, 0.0), (0.0, 0.0)]
    return [(float(lon[start]), float(lat[start])), (float(lon[end]), float(lat[end]))]


def _shape(geometry: object, ends: Points, projected: bool, name: str, log: FindingLog) -> Points:
    """The points of a link's geometry in the direction of travel, or its junctions if the geometry cannot be used."""
    if projected:
        log.add("geometry_projected", name)
        return ends
    points, fault = parse_geometry(geometry)
    if fault is not None:
        log.add(fault, f"{name}: {str(geometry)[:60]}")
        return ends
    (start, end), (first, last) = ends, (points[0], points[-1])
    if math.dist(first, end) + math.dist(last, start) < math.dist(first, start) + math.dist(last, end):
        log.add("geometry_reversed", name)
        return points[::-1]
    return points
