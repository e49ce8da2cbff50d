"""How cost grows with the city: `python benchmarks/hailsim_scale.py [--most LINKS]`.

Grids of two-way streets, from 1,000 links and 250 taxis to 150,000 links and 16,000 taxis, written as a folder of tables,
imported by `hailsim import` in a process of its own, and simulated for a day in another. Seconds are the processor's, so that
other work on the machine counts little; MB are the most that each process held. Trips per taxi and taxis per link stay about
alike, so that a figure that grows is the size's doing.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hailsim.kernels.arrays import SLOTS
from hailsim.kernels.planning import UNREACHABLE, sweep
from hailsim.model.calendar import History
from hailsim.model.folder import read_city
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario, prepare_day, simulate_prepared_day
from hailsim.model.world import make_world
from hailsim.planner.parameters import read_parameters
from hailsim.readers.command import import_command

BLOCK_M, MEAN_TRIP_M = 150.0, 3_000.0
LAT_DEG, LON_DEG = 37.7, -122.4
M_PER_DEGREE = 111_195.0
FIRST_DAY, DAYS = date(2008, 5, 12), 2
TRIPS_PER_TAXI = 10
MOST_MB = 4_096.0


@dataclass(frozen=True, slots=True)
class Size:
    """A city: `side` junctions by `side`, and its fleet."""

    side: int
    taxis: int

    @property
    def links(self) -> int:
        """Directed links of the grid."""
        return 4 * self.side * (self.side - 1)


SIZES = (Size(16, 250), Size(32, 1_000), Size(64, 2_000), Size(125, 8_000), Size(194, 16_000))


def write_source(size: Size, folder: Path) -> None:
    """The folder of tables that an import reads."""
    side = size.side
    node = np.arange(side * side)
    lat = LAT_DEG + BLOCK_M * (node // side) / M_PER_DEGREE
    lon = LON_DEG + BLOCK_M * (node % side) / (M_PER_DEGREE * np.cos(np.radians(LAT_DEG)))
    rows = "".join(f"{n},{x:.7f},{y:.7f}\n" for n, x, y in zip(node, lon, lat, strict=True))
    (folder / "nodes.csv").write_text("node_id,lon,lat\n" + rows)
    right, up = node[(node + 1) % side != 0], node[node < side * (side - 1)]
    begin = np.concatenate([right, right + 1, up, up + side])
    end = np.concatenate([right + 1, right, up + side, up])
    speed = np.where((begin // side % 5 == 0) | (begin % side % 5 == 0), 50.0, 30.0)
    edges = "".join(f"{k},{a},{b},{BLOCK_M},{v}\n" for k, (a, b, v) in enumerate(zip(begin, end, speed, strict=True)))
    (folder / "edges.csv").write_text("edge_id,u,v,length_m,speed_kmh\n" + edges)
    write_trips(size, folder)


def write_trips(size: Size, folder: Path) -> None:
    """Trips at all hours between places some kilometres apart, of a few more days than count, because only whole ones do."""
    rng = np.random.default_rng(size.side)
    count = (DAYS + 1) * TRIPS_PER_TAXI * size.taxis
    width_m = BLOCK_M * (size.side - 1)
    start_m = rng.uniform(0, width_m, (2, count))
    end_m = np.clip(start_m + rng.normal(0, MEAN_TRIP_M / 1.25, (2, count)), 0, width_m)
    midnight = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, 7, tzinfo=UTC).timestamp()
    begin_s = np.sort(midnight + rng.uniform(0, (DAYS + 1) * 86_400, count))
    drive_s = 120 + np.abs(end_m - start_m).sum(axis=0) / 7.0

    def degrees(metres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return LAT_DEG + metres[1] / M_PER_DEGREE, LON_DEG + metres[0] / (M_PER_DEGREE * np.cos(np.radians(LAT_DEG)))

    stamp = pa.timestamp("s", tz="UTC")
    (pickup_lat, pickup_lon), (dropoff_lat, dropoff_lon) = degrees(start_m), degrees(end_m)
    table = {
        "pickup_ts": pa.array(begin_s.astype(np.int64), stamp),
        "dropoff_ts": pa.array((begin_s + drive_s).astype(np.int64), stamp),
        "pickup_lat": pickup_lat,
        "pickup_lon": pickup_lon,
        "dropoff_lat": dropoff_lat,
        "dropoff_lon": dropoff_lon,
    }
    pq.write_table(pa.table(table), folder / "trips.parquet")


def imported(source: str, city: str, taxis: str) -> None:
    """In a process of its own: import, and print processor seconds and the peak of memory."""
    started = time.process_time()
    place = ["--timezone", "America/Los_Angeles", "--driving-side", "right", "--tariff", "san_francisco_2008"]
    code = import_command([source, "--out", city, "--taxis", taxis, *place])
    if code:
        raise SystemExit(code)
    print(json.dumps({"s": time.process_time() - started, "mb": peak_mb()}))


def simulated(city: str) -> None:
    """In a process of its own: read, plan, play a day, and print what it cost."""
    started = time.process_time()
    world = make_world(read_city(city))
    read_s = time.process_time() - started
    history = History(world.city.first_day, world.city.last_day - timedelta(days=1))
    scenario = Scenario(read_parameters({}), read_settings({}), "statistics", history)
    started = time.process_time()
    prepared = prepare_day(world, scenario, world.city.last_day, 1)
    prepare_s = time.process_time() - started
    day_s, events = [], 0
    for _ in range(4):
        started = time.process_time()
        events = simulate_prepared_day(prepared, world.graph.links).events
        day_s.append(time.process_time() - started)
    links, plan = world.graph.links, prepared.plan
    value = np.zeros(links + 1, np.float32)
    value[links] = UNREACHABLE
    gain, keep = np.full(links, 0.01, np.float32), np.full(links, 0.98, np.float32)
    sweep_s = []
    for _ in range(6):
        started = time.process_time()
        sweep(value, gain, keep, prepared.graph.successors, plan.turn_cost, plan.turn_discount, SLOTS)
        sweep_s.append(time.process_time() - started)
    figures = {
        "links": links,
        "taxis": len(prepared.fleet.follower),
        "read_s": read_s,
        "prepare_s": prepare_s,
        "day_s": statistics.median(day_s[1:]),
        "events": events,
        "update_ns": 1e9 * statistics.median(sweep_s[1:]) / (links * SLOTS),
        "mb": peak_mb(),
    }
    print(json.dumps(figures))


def peak_mb() -> float:
    """Most memory this process held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def asked(*arguments: str) -> dict[str, float]:
    """What a process of this file prints."""
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Every size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=SIZES[-1].links, help="leave out cities with more links")
    parser.add_argument("--import", nargs=3, dest="importing", help=argparse.SUPPRESS)
    parser.add_argument("--simulate", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.importing:
        imported(*arguments.importing)
        return
    if arguments.simulate:
        simulated(arguments.simulate)
        return
    heads = ("links", "taxis", "trips", "import s", "MB", "read s", "first s", "day s", "events", "ns/event", "ns/update", "MB")
    print("".join(f"{head:>11}" for head in heads), flush=True)
    for size in (each for each in SIZES if each.links <= arguments.most):
        with tempfile.TemporaryDirectory() as scratch:
            source, city = Path(scratch) / "grid", str(Path(scratch) / "city")
            source.mkdir()
            write_source(size, source)
            came = asked("--import", str(source), city, str(size.taxis))
            ran = asked("--simulate", city)
        per_event = 1e9 * ran["day_s"] / ran["events"]
        cells = (
            f"{ran['links']:,.0f}", f"{ran['taxis']:,.0f}", f"{(DAYS + 1) * TRIPS_PER_TAXI * size.taxis:,}", f"{came['s']:.1f}",
            f"{came['mb']:,.0f}", f"{ran['read_s']:.2f}", f"{ran['prepare_s']:.2f}", f"{ran['day_s']:.2f}",
            f"{ran['events']:,.0f}", f"{per_event:.1f}", f"{ran['update_ns']:.2f}", f"{ran['mb']:,.0f}",
        )  # fmt: skip
        print("".join(f"{cell:>11}" for cell in cells), flush=True)
        if max(came["mb"], ran["mb"]) > MOST_MB:
            raise SystemExit(f"more than {MOST_MB:,.0f} MB")


if __name__ == "__main__":
    main()
