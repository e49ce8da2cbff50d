"""Build the bundled demo city from the files of the PyPI wheel `nrel.hive` 1.3.1.

    python build_manhattan.py nrel.hive-1.3.1-py3-none-any.whl
    python build_manhattan.py FOLDER_WITH_ITS_FILES --shapes FOLDER

The wheel holds the road network (`manhattan_network.json`, OpenStreetMap, ODbL) and one day of trips (`nyc_20k.csv`); in a
folder they are called `hive_manhattan_network.json`, `hive_nyc_20k.csv` and, the wheel's LICENSE, `HIVE_LICENSE.txt`. How
demand and travel times vary over a week comes from two other public records and is kept here as a small table,
`manhattan_shapes.json`; `--shapes FOLDER` derives it anew from `nab_nyc_taxi_30min.csv` (passengers per half hour in all of New
York, 2014-07 to 2015-01) and `yellow_2016_01_sample.csv` (10,000 TLC trips).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from scipy.spatial import cKDTree

from hailsim.model.city import City, Fleet, RoadClass
from hailsim.model.folder import Provenance, write_synthetic_city
from hailsim.model.network import BuiltNetwork, build_network, turn_seconds
from hailsim.model.paths import drive_times
from hailsim.model.random_streams import random_uniform
from hailsim.model.synthetic_demand import SyntheticDemand, TripPattern, generate_trips
from hailsim.readers.clock import hour_of_week, wall_seconds
from hailsim.readers.csv_table import parse_numbers, parse_wall_times, read_columns
from hailsim.readers.factors import travel_time_factors
from hailsim.readers.local_trips import read_local_trips
from hailsim.readers.match import measure_drives, opposite_links, same_street, snap_trips
from hailsim.readers.osmnx_network import read_osmnx_network
from hailsim.readers.snap import NO_LINK, Snapper, hailable_segments
from hailsim.readers.source import SourceTrips
from hailsim.readers.tariffs import TARIFFS

NETWORK_FILE, TRIPS_FILE, LICENSE_FILE = "hive_manhattan_network.json", "hive_nyc_20k.csv", "HIVE_LICENSE.txt"
IN_WHEEL = {"manhattan_network.json": NETWORK_FILE, "nyc_20k.csv": TRIPS_FILE, "LICENSE": LICENSE_FILE}
SHAPES = Path(__file__).with_name("manhattan_shapes.json")
TARGET = Path(__file__).parent.parent / "hailsim" / "bundled" / "manhattan"
ZONE = ZoneInfo("America/New_York")
DAY_START_HOUR = 4
FIRST_DAY, LAST_DAY = date(2014, 12, 1), date(2015, 1, 31)
HOLIDAYS = (date(2014, 12, 25), date(2015, 1, 1), date(2015, 1, 19))
TRIPS_PER_DAY = 20_000.0
KEY = 20141221
WINDOW_MIN = 60
# Pickup links that a recorded trip may start from: its own and others within a short walk.
NEAR_LINKS, NEAR_M = 4, 250.0
FARTHEST_SNAP_M = 300.0
# Chosen so that a fleet that moves as observed cabs do serves most of the customers while about half its time is occupied:
# 20,000 trips of some 12 minutes are 4,000 taxi-hours a day, and 500 taxis at 68 % active work 8,100.
TAXIS = 500
# Yellow cabs work two shifts that change at about 5 am and 5 pm; share of the fleet on the street from 04h on. An assumption in
# the shape of the demand, because neither source tells cabs apart.
ACTIVE_PERCENT = (28, 30, 45, 62, 72, 75, 75, 76, 78, 78, 78, 77, 74, 76, 86, 90, 90, 88, 85, 80, 74, 62, 48, 36)


def main() -> int:
    """Build the city and say what it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path, help="the wheel, or a folder with its network, trips and licence")
    parser.add_argument("--shapes", type=Path, help="folder with the records that the weekly shapes are derived from")
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    with source_folder(arguments.source) as folder:
        built = build_network(read_osmnx_network(folder / NETWORK_FILE), max_cut_share=0.10)
        snapper = Snapper(hailable_segments(built.cleaned), "right")
        if arguments.shapes:
            shapes = derive_shapes(arguments.shapes, built, snapper)
            SHAPES.write_text(json.dumps(shapes, indent=1) + "\n", encoding="utf-8")
        shapes = json.loads(SHAPES.read_text(encoding="utf-8"))
        pattern, counts = trip_pattern(built, snapper, read_local_trips(folder / TRIPS_FILE, ZONE))
        licence = (folder / LICENSE_FILE).read_text(encoding="utf-8")
    digest = write(built, pattern, counts, shapes=shapes, licence=licence, out=arguments.out)
    sys.stdout.write(
        json.dumps({"city": str(arguments.out.name), "digest": digest, **counts, **built.report.as_json()}, indent=1) + "\n"
    )
    return 0


@contextmanager
def source_folder(source: Path) -> Iterator[Path]:
    """The folder with the three files, unpacked from the wheel if need be."""
    if source.is_dir():
        yield source
        return
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(source) as wheel:
        for name in wheel.namelist():
            wanted = IN_WHEEL.get(Path(name).name)
            if wanted:
                (Path(scratch) / wanted).write_bytes(wheel.read(name))
        yield Path(scratch)


def trip_pattern(built: BuiltNetwork, snapper: Snapper, trips: SourceTrips) -> tuple[TripPattern, dict[str, int]]:
    """The recorded day on links, each trip with further pickup links near its own, and how many rows were left out."""
    snapped = snap_trips(
        built, snapper, (trips.pickup_lat, trips.pickup_lon, trips.dropoff_lat, trips.dropoff_lon), FARTHEST_SNAP_M
    )
    off = (snapped.pickup_link == NO_LINK) | (snapped.dropoff_link == NO_LINK)
    same = same_street(built.network, snapped)
    good = ~off & ~same
    turn_s = turn_seconds("right")
    drives = measure_drives(built.network, turn_s, snapped.pickup_link[good], snapped.dropoff_link[good])
    minute = wall_seconds(trips.pickup_utc_s, ZONE)[good] // 60 % 1440
    order = np.lexsort((np.arange(len(minute)), minute))
    pickup = near_pickups(built, drives.pickup_link[order], drives.dropoff_link[order])
    seconds, metres = [drives.drive_freeflow_s[order]], [drives.distance_m[order]]
    for k in range(1, NEAR_LINKS):
        drive_s, distance_m = drive_times(built.network, turn_s, pickup[:, k], drives.dropoff_link[order])
        seconds.append(drive_s)
        metres.append(distance_m)
    pattern = TripPattern(
        minute=minute[order].astype(np.int16),
        dropoff_link=drives.dropoff_link[order].astype(np.int32),
        pickup_link=pickup.astype(np.int32),
        drive_freeflow_s=np.column_stack(seconds),
        distance_m=np.column_stack(metres),
    )
    counts = {
        "trips_read": len(trips),
        "trips_kept": int(good.sum()),
        "no_link_near": int(off.sum()),
        "same_street": int(same.sum()),
    }
    return pattern, counts


def near_pickups(built: BuiltNetwork, pickup: np.ndarray, dropoff: np.ndarray) -> np.ndarray:
    """int64[R, K] pickup links of each trip: its own, then links within NEAR_M, the likelier the more pickups they had."""
    network = built.network
    middles = np.column_stack([network.start_x_m + network.end_x_m, network.start_y_m + network.end_y_m]) / 2.0
    hailable = np.flatnonzero(network.road_class != RoadClass.EXPRESS)
    tree = cKDTree(middles[hailable])
    weight = 1 + np.bincount(pickup, minlength=network.links)
    opposite = opposite_links(network)
    near = np.repeat(pickup[:, None], NEAR_LINKS, axis=1)
    for row, around in enumerate(tree.query_ball_point(middles[pickup], NEAR_M)):
        links = np.sort(hailable[around])
        links = links[(links != dropoff[row]) & (links != opposite[dropoff[row]])]
        if len(links):
            total = np.cumsum(weight[links])
            drawn = random_uniform(KEY, row, np.arange(1, NEAR_LINKS)) * total[-1]
            near[row, 1:] = links[np.searchsorted(total, drawn, side="right")]
    return near


def derive_shapes(folder: Path, built: BuiltNetwork, snapper: Snapper) -> dict[str, object]:
    """The small table: demand by half hour of week, its spread, holidays, and travel-time factors."""
    table = read_columns(folder / "nab_nyc_taxi_30min.csv", ["timestamp", "value"])
    wall_s, _ = parse_wall_times(table.column("timestamp"), {"format": "NAB", "place": "nab_nyc_taxi_30min.csv"})
    by_day = parse_numbers(table.column("value")).reshape(-1, 48)
    days = [date(1970, 1, 1).toordinal() + int(second) // 86_400 for second in wall_s[::48]]
    weekday = np.array([date.fromordinal(day).weekday() for day in days])
    profile = np.array([np.median(by_day[weekday == k], axis=0) for k in range(7)])
    level = by_day.sum(axis=1) / profile[weekday].sum(axis=1)
    log_level = np.log(level)
    usual = np.abs(log_level) < 0.15
    residual = np.log(by_day / profile[weekday] / level[:, None])[usual]
    sunday = profile[6].sum()
    return {
        "half_hour_of_week": [round(float(value), 4) for value in (profile / profile.mean()).ravel()],
        "holiday_factor": {
            day.isoformat(): round(float(by_day[days.index(day.toordinal())].sum() / sunday), 3) for day in HOLIDAYS
        },
        "day_sd": round(1.4826 * float(np.median(np.abs(log_level - np.median(log_level)))), 4),
        "half_hour_sd": round(1.4826 * float(np.median(np.abs(residual))), 4),
        "half_hour_correlation": round(float(np.corrcoef(residual[:, :-1].ravel(), residual[:, 1:].ravel())[0, 1]), 3),
        "travel_time_factor": [round(float(value), 3) for value in fitted_factors(folder, built, snapper)],
    }


def fitted_factors(folder: Path, built: BuiltNetwork, snapper: Snapper) -> np.ndarray:
    """float32[168] from the TLC sample's trips within the network."""
    trips = read_local_trips(folder / "yellow_2016_01_sample.csv", ZONE)
    snapped = snap_trips(
        built, snapper, (trips.pickup_lat, trips.pickup_lon, trips.dropoff_lat, trips.dropoff_lon), FARTHEST_SNAP_M
    )
    observed_s = (trips.dropoff_utc_s - trips.pickup_utc_s).astype(np.float64)
    good = (snapped.pickup_link != NO_LINK) & (snapped.dropoff_link != NO_LINK) & ~same_street(built.network, snapped)
    good &= (observed_s >= 60.0) & (observed_s <= 7200.0)
    drives = measure_drives(built.network, turn_seconds("right"), snapped.pickup_link[good], snapped.dropoff_link[good])
    hours = hour_of_week(wall_seconds(trips.pickup_utc_s[good], ZONE))
    return travel_time_factors(hours, observed_s[good], drives.drive_freeflow_s)


def write(built: BuiltNetwork, pattern: TripPattern, counts: dict[str, int], *, shapes: dict, licence: str, out: Path) -> str:
    """Write the folder; returns its digest."""
    demand = SyntheticDemand(
        key=KEY,
        trips_per_day=TRIPS_PER_DAY,
        half_hour_of_week=np.array(shapes["half_hour_of_week"]),
        holiday_factor={date.fromisoformat(day): factor for day, factor in shapes["holiday_factor"].items()},
        day_sd=shapes["day_sd"],
        half_hour_sd=shapes["half_hour_sd"],
        half_hour_correlation=shapes["half_hour_correlation"],
        window_min=WINDOW_MIN,
    )
    city = City(
        name="manhattan",
        timezone=ZONE.key,
        driving_side="right",
        day_start_hour=DAY_START_HOUR,
        first_day=FIRST_DAY,
        last_day=LAST_DAY,
        holidays=frozenset(HOLIDAYS),
        network=built.network,
        trips=generate_trips(pattern, demand, FIRST_DAY, (LAST_DAY - FIRST_DAY).days + 1, DAY_START_HOUR),
        fare=TARIFFS["new_york_2012"],
        fleet=Fleet(TAXIS, np.array(ACTIVE_PERCENT, dtype=np.float32) / np.float32(100.0)),
        travel_time_factor=np.array(shapes["travel_time_factor"], dtype=np.float32),
        turn_s=turn_seconds("right"),
        digest="",
        reference_lat_deg=built.projection.lat_deg,
        reference_lon_deg=built.projection.lon_deg,
    )
    attribution = Path(__file__).with_name("manhattan_attribution.md").read_text(encoding="utf-8")
    provenance = Provenance(
        attribution=(
            "Road network © OpenStreetMap contributors, ODbL 1.0, by way of OSMnx and NREL HIVE (BSD-3-Clause).",
            "Trips: NYC Taxi and Limousine Commission, by way of NREL HIVE (BSD-3-Clause).",
            "Weekly shape: NYC TLC, by way of the Numenta Anomaly Benchmark.",
        ),
        source={"package": "nrel.hive 1.3.1", "files": list(IN_WHEEL), "recorded_day": "2014-12-21"},
        import_report={"network": built.report.as_json(), "trips": counts},
        texts={"ATTRIBUTION.md": attribution, LICENSE_FILE: licence, "ODbL.md": ODBL},
    )
    return write_synthetic_city(city, pattern, demand, out, provenance, replace=True)


ODBL = """\
The road network in `links.npz` is a derivative database of OpenStreetMap, © OpenStreetMap contributors, and is made available
here under the Open Database License 1.0: https://opendatacommons.org/licenses/odbl/1-0/. Any rights in individual contents
of the database are licensed under the Database Contents License: https://opendatacommons.org/licenses/dbcl/1-0/.
"""

if __name__ == "__main__":
    sys.exit(main())
