"""A folder of tables: nodes.csv, edges.csv, trips.parquet and, if cabs' vacant runs are known, cruising.parquet.

nodes.csv: node_id, lon, lat. edges.csv: edge_id, u, v, length_m, speed_kmh (other columns are ignored). trips.parquet:
pickup_ts, dropoff_ts (timestamps with a zone), pickup_lat, pickup_lon, dropoff_lat, dropoff_lon, optionally cab_id and
distance_m. cruising.parquet: cab_id, start_ts, end_ts, optionally distance_m and ends_in_pickup. Distances (metres) and
ends_in_pickup are used by `hailsim validate`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hailsim.faults import refuse
from hailsim.model.raw_network import CLASS_UNKNOWN, RawNetwork, straight_shapes
from hailsim.readers.csv_table import parse_numbers, read_columns
from hailsim.readers.source import SourceCity
from hailsim.readers.trip_tables import read_trips, read_vacant_runs

NODES, EDGES, TRIPS, CRUISING = "nodes.csv", "edges.csv", "trips.parquet", "cruising.parquet"


def is_junction_folder(path: Path) -> bool:
    """Whether the folder has the three required files."""
    return path.is_dir() and all((path / name).is_file() for name in (NODES, EDGES, TRIPS))


def read_junction_folder(folder: Path) -> SourceCity:
    """Read the folder. BadInput for missing columns, repeated or missing ids, or timestamps without a zone."""
    cruising = folder / CRUISING
    cabs: dict[str, int] = {}
    trips = read_trips(folder / TRIPS, cabs)
    return SourceCity(
        kind="folder",
        files=(NODES, EDGES, TRIPS, *((CRUISING,) if cruising.is_file() else ())),
        network=_read_network(folder),
        trips=trips,
        vacant=read_vacant_runs(cruising, cabs) if cruising.is_file() else None,
    )


def _read_network(folder: Path) -> RawNetwork:
    nodes = read_columns(folder / NODES, ["node_id", "lon", "lat"])
    edges = read_columns(folder / EDGES, ["edge_id", "u", "v", "length_m", "speed_kmh"])
    names = nodes.column("node_id").to_pylist()
    index = {name: k for k, name in enumerate(names)}
    if len(index) != len(names) or None in index:
        raise refuse(
            "every node must have a unique node_id", f"{len(names) - len(index)} repeated", NODES, "Renumber the nodes."
        )
    lat_deg, lon_deg = parse_numbers(nodes.column("lat")), parse_numbers(nodes.column("lon"))
    ends = [np.array([index.get(name, -1) for name in edges.column(side).to_pylist()], dtype=np.int64) for side in ("u", "v")]
    link_names = tuple(str(name) for name in edges.column("edge_id").to_pylist())
    # A dangling link gets a placeholder shape; check_raw_network refuses it by name.
    shape_start, shape_lat, shape_lon = straight_shapes(lat_deg, lon_deg, np.maximum(ends[0], 0), np.maximum(ends[1], 0))
    return RawNetwork(
        junction_name=tuple(names),
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        link_name=link_names,
        link_from=ends[0],
        link_to=ends[1],
        length_m=parse_numbers(edges.column("length_m")),
        speed_kmh=parse_numbers(edges.column("speed_kmh")),
        road_class=np.full(len(link_names), CLASS_UNKNOWN, dtype=np.int8),
        shape_start=shape_start,
        shape_lat_deg=shape_lat,
        shape_lon_deg=shape_lon,
    )
