"""A network as OSMnx writes it and trips as agencies publish them, generated: an 8 by 6 grid in Atlanta, 3 days of trips."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from hailsim.model.geometry import Projection
from hailsim.readers.command import import_command

COLUMNS, ROWS, BLOCK_M = 8, 6, 150.0
CENTRE = Projection(33.78, -84.39)
FLAGS = ("--timezone", "America/New_York", "--driving-side", "right", "--tariff", "new_york_2012")
TLC_HEADER = (
    "vendorid,tpep_pickup_datetime,tpep_dropoff_datetime,pickup_longitude,pickup_latitude,dropoff_longitude,dropoff_latitude"
)
STREET = {"length": BLOCK_M, "highway": "residential", "speed_kph": 36.0}
Tags = Callable[[int, str, str], Mapping[str, Any]]


def osm_graph(tags: Tags, centre: Projection = CENTRE) -> nx.MultiDiGraph[str]:
    """A grid of two-way streets; `tags` gives the attributes of link number k between two nodes."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(crs="epsg:4326")
    for k in range(COLUMNS * ROWS):
        lat, lon = centre.to_degrees(BLOCK_M * (k % COLUMNS), BLOCK_M * (k // COLUMNS))
        graph.add_node(str(k), x=float(lon), y=float(lat))
    number = 0
    for k in range(COLUMNS * ROWS):
        beside = [k + 1] if k % COLUMNS < COLUMNS - 1 else []
        above = [k + COLUMNS] if k // COLUMNS < ROWS - 1 else []
        for other in [*beside, *above]:
            for u, v in ((str(k), str(other)), (str(other), str(k))):
                graph.add_edge(
                    u, v, **{"length": BLOCK_M, "highway": "residential", "speed_kph": 36.0} | dict(tags(number, u, v))
                )
                number += 1
    return graph


def plain_tags(_number: int, _u: str, _v: str) -> Mapping[str, Any]:
    """Streets with a class, a speed and a length."""
    return {}


def write_network(path: Path, graph: nx.MultiDiGraph[str]) -> Path:
    """Write a graph as OSMnx does: everything as text in GraphML, node-link JSON otherwise."""
    if path.name.endswith(".json"):
        path.write_text(json.dumps(nx.node_link_data(graph, edges="links")), encoding="utf-8")
        return path
    text: nx.MultiDiGraph[str] = nx.MultiDiGraph(crs="epsg:4326")
    text.add_nodes_from((node, {key: str(value) for key, value in data.items()}) for node, data in graph.nodes(data=True))
    text.add_edges_from((u, v, {key: str(value) for key, value in data.items()}) for u, v, data in graph.edges(data=True))
    nx.write_graphml(text, path)
    return path


def tlc_rows(days: int = 3, every_s: int = 300, centre: Projection = CENTRE) -> list[list[str]]:
    """Trips of some days from 2015-03-02 04:00 local, all of a few blocks, at 18 km/h."""
    rng = np.random.default_rng(5)
    start = datetime(2015, 3, 2, 4, 0, 7)
    rows = []
    for k in range(days * 86_400 // every_s):
        a, b = rng.integers(0, COLUMNS, 2) * BLOCK_M, rng.integers(0, ROWS, 2) * BLOCK_M
        if abs(a[0] - a[1]) + abs(b[0] - b[1]) < 3 * BLOCK_M:
            continue
        begins = start + timedelta(seconds=every_s * k)
        ends = begins + timedelta(seconds=round((abs(a[0] - a[1]) + abs(b[0] - b[1])) / 5.0))
        lat, lon = centre.to_degrees(a + 60.0, b + 4.0)
        rows.append(["1", str(begins), str(ends), f"{lon[0]:.6f}", f"{lat[0]:.6f}", f"{lon[1]:.6f}", f"{lat[1]:.6f}"])
    return rows


def write_trips(path: Path, rows: Iterable[Sequence[str]], header: str = TLC_HEADER) -> Path:
    """Write a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as lines:
        lines.write(header + "\n")
        csv.writer(lines, lineterminator="\n").writerows(rows)
    return path


def run_import(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict[str, Any], str]:
    """Exit code, JSON report and text of an import."""
    capsys.readouterr()
    code = import_command([*map(str, arguments), *FLAGS])
    captured = capsys.readouterr()
    report: dict[str, Any] = json.loads(captured.out)
    return code, report, captured.err
