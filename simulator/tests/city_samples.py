"""Hand-made road networks, sources and city folders for the tests of the city half."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hailsim.model.city import City, Fare, Fleet, Trips
from hailsim.model.geometry import Projection
from hailsim.model.network import BuiltNetwork, build_network, turn_seconds
from hailsim.model.raw_network import CLASS_UNKNOWN, RawNetwork, straight_shapes

ORIGIN = Projection(37.77, -122.42)
REPOSITORY = Path(__file__).parents[2]
SHARED = REPOSITORY.parent / "shared" / "data"
Point = tuple[float, float]


def raw_network(
    points: Sequence[Point],
    links: Sequence[tuple[int, int]],
    *,
    length_m: Sequence[float] | None = None,
    speed_kmh: Sequence[float] | None = None,
    road_class: Sequence[int] | None = None,
) -> RawNetwork:
    """A network of junctions at metres east and north, and directed links between them; lengths measured unless given."""
    lat, lon = ORIGIN.to_degrees(np.array([p[0] for p in points]), np.array([p[1] for p in points]))
    link_from = np.array([a for a, _ in links], dtype=np.int64)
    link_to = np.array([b for _, b in links], dtype=np.int64)
    shape_start, shape_lat, shape_lon = straight_shapes(lat, lon, link_from, link_to)
    return RawNetwork(
        junction_name=tuple(f"j{k}" for k in range(len(points))),
        lat_deg=lat,
        lon_deg=lon,
        link_name=tuple(f"{a}-{b}" for a, b in links),
        link_from=link_from,
        link_to=link_to,
        length_m=np.array(length_m if length_m is not None else [np.nan] * len(links), dtype=np.float64),
        speed_kmh=np.array(speed_kmh if speed_kmh is not None else [36.0] * len(links), dtype=np.float64),
        road_class=np.array(road_class if road_class is not None else [CLASS_UNKNOWN] * len(links), dtype=np.int8),
        shape_start=shape_start,
        shape_lat_deg=shape_lat,
        shape_lon_deg=shape_lon,
    )


def both_ways(streets: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Two links for each street."""
    return [link for a, b in streets for link in ((a, b), (b, a))]


def grid(columns: int, rows: int, block_m: float = 200.0) -> RawNetwork:
    """A grid of two-way streets."""
    points = [(column * block_m, row * block_m) for row in range(rows) for column in range(columns)]
    streets = [(row * columns + column, row * columns + column + 1) for row in range(rows) for column in range(columns - 1)]
    streets += [(row * columns + column, (row + 1) * columns + column) for row in range(rows - 1) for column in range(columns)]
    return raw_network(points, both_ways(streets))


def links_by_name(built: BuiltNetwork, raw: RawNetwork) -> dict[str, int]:
    """New link ids by the source's names."""
    return {raw.link_name[source]: link for link, source in enumerate(built.cleaned.source_link)}


def tiny_city(*, days: int = 3, trips_a_day: int = 40) -> City:
    """A grid city with trips that are not checked against shortest paths: for the folder format."""
    built = build_network(grid(4, 3), 0.0)
    links = built.network.links
    count = days * trips_a_day
    index = np.arange(count)
    return City(
        name="tiny",
        timezone="Asia/Tokyo",
        driving_side="left",
        day_start_hour=4,
        first_day=date(2024, 3, 4),
        last_day=date(2024, 3, 4) + timedelta(days=days - 1),
        holidays=frozenset({date(2024, 3, 5)}),
        network=built.network,
        trips=Trips(
            day=(index // trips_a_day).astype(np.int32),
            appears_s=(index % trips_a_day * 2000).astype(np.int32),
            pickup_link=(index * 7 % links).astype(np.int32),
            dropoff_link=(index * 11 % links).astype(np.int32),
            drive_freeflow_s=(60 + index % 100).astype(np.float32),
            distance_m=(500 + index % 1000).astype(np.float32),
        ),
        fare=Fare("JPY", 1, 500, 400, 90),
        fleet=Fleet(25, np.linspace(0.25, 1.0, 24).astype(np.float32)),
        travel_time_factor=np.linspace(1.0, 2.0, 168).round(4).astype(np.float32),
        turn_s=turn_seconds("left"),
        digest="",
        reference_lat_deg=built.projection.lat_deg,
        reference_lon_deg=built.projection.lon_deg,
    )


def write_table_source(folder: Path, *, trips: dict[str, list[object]] | None = None, zone: str | None = "UTC") -> Path:
    """A source folder: a 6 by 5 grid near San Francisco, 4 days of trips by 5 cabs from 2024-03-04 03:00 local on."""
    folder.mkdir(parents=True, exist_ok=True)
    network = grid(6, 5)
    nodes = [
        f"{name},{lon:.7f},{lat:.7f}"
        for name, lat, lon in zip(network.junction_name, network.lat_deg, network.lon_deg, strict=True)
    ]
    (folder / "nodes.csv").write_text("node_id,lon,lat\n" + "\n".join(nodes) + "\n")
    edges = [
        f"{name},j{a},j{b},200.0,1,36" for name, a, b in zip(network.link_name, network.link_from, network.link_to, strict=True)
    ]
    (folder / "edges.csv").write_text("edge_id,u,v,length_m,lanes,speed_kmh\n" + "\n".join(edges) + "\n")
    rows = sample_trips() if trips is None else trips
    moments = {name: pa.array(rows[name], pa.timestamp("us", tz=zone)) for name in ("pickup_ts", "dropoff_ts")}
    pq.write_table(
        pa.table({**{name: values for name, values in rows.items() if name not in moments}, **moments}),
        folder / "trips.parquet",
    )
    return folder


def sample_trips(count: int = 800, start: datetime = datetime(2024, 3, 4, 11, 0, tzinfo=UTC)) -> dict[str, list[object]]:
    """Columns of trips.parquet: one trip every 7 minutes or so, from beside one street to beside another."""
    rows: dict[str, list[object]] = {
        name: []
        for name in (
            "cab_id",
            "pickup_ts",
            "dropoff_ts",
            "pickup_lat",
            "pickup_lon",
            "dropoff_lat",
            "dropoff_lon",
            "distance_m",
        )
    }
    for k in range(count):
        pickup = ORIGIN.to_degrees(100.0 + 200.0 * (k % 5), 4.0 + 200.0 * (k % 4))
        dropoff = ORIGIN.to_degrees(5.0 + 200.0 * ((k + 3) % 5), 100.0 + 200.0 * ((k // 2) % 4))
        begins = start + timedelta(seconds=437 * k)
        values = (k % 5, begins, begins + timedelta(seconds=180 + 60 * (k % 4)), *map(float, (*pickup, *dropoff)), 700)
        for name, value in zip(rows, values, strict=True):
            rows[name].append(value)
    return rows
