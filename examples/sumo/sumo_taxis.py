"""Taxis of Eclipse SUMO that share rides: how long may a passenger's detour be, and how often are rides dispatched?

SUMO is a program of others, run here as it was published: files in, files out. README.md says how it is wrapped.
"""
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from tunegate_simulator import City, Day, Metric, Outcome, Parameter, Setting, TryAgain, Unknown, refuse, simulator

try:
    import sumo
except ModuleNotFoundError:
    sys.exit("the SUMO example needs the package eclipse-sumo; install it with `make setup-sumo`")

NETWORK = ["--grid", "--grid.x-number=10", "--grid.y-number=8", "--grid.length=180", "--default.lanenumber=1"]
HOUR_S = 3600
CLEAR_UP_S = 1800  # after the hour, for rides that have begun
FLAG_FALL, PER_KM = 300, 160  # cents
WEEKDAYS = (0.96, 0.98, 0.98, 1.0, 1.04, 1.02, 0.96)


@dataclass(frozen=True)
class Network:
    """A road network as SUMO reads it, with the middle of every edge in metres. The folder goes with the process."""

    folder: tempfile.TemporaryDirectory
    file: Path
    edges: dict[str, tuple[float, float]]


def run(program, *options):
    """One of SUMO's programs. A fault of its input is its last line on stderr, and the same every time."""
    done = subprocess.run([Path(sumo.SUMO_HOME) / "bin" / program, *options], capture_output=True, text=True, timeout=100)
    if done.returncode < 0:
        raise TryAgain(f"{program} was killed by signal {-done.returncode}")
    if done.returncode:
        raise RuntimeError(f"{program} ended with {done.returncode}: {done.stderr.strip().splitlines()[-1]}")


def load(name):
    """The only city: a grid of streets, made anew by every process in half a second."""
    if name != "grid":
        raise refuse("a city must be `grid`", name, "city", "Name that one.")
    folder = tempfile.TemporaryDirectory(prefix="sumo-taxis-")
    file = Path(folder.name) / "grid.net.xml"
    run("netgenerate", *NETWORK, "--output-file", file)
    edges = {}
    for edge in ET.parse(file).iter("edge"):
        if edge.get("function") is None:
            points = [tuple(map(float, point.split(","))) for point in edge.find("lane").get("shape").split()]
            edges[edge.get("id")] = tuple(sum(axis) / len(points) for axis in zip(*points))
    return City("grid", "2026-01-01", "2026-12-31", links=len(edges), drivers=12, currency="EUR", data=Network(folder, file, edges))


@dataclass(frozen=True)
class Customer:
    """Somebody who wants a ride. The fare is known before it and the same whatever way the taxi takes."""

    at_s: int
    origin: str
    destination: str
    fare: int


def customers(day, per_hour):
    """Who calls a taxi, drawn before any taxi moves and without a look at any parameter."""
    rng, edges, at_s, found = day.rng("customers"), day.city.data.edges, 0.0, []
    while (at_s := at_s + rng.expovariate(per_hour * WEEKDAYS[day.date.weekday()] / HOUR_S)) < HOUR_S:
        origin, destination = rng.sample(sorted(edges), 2)
        (x, y), (to_x, to_y) = edges[origin], edges[destination]
        kilometres = (abs(to_x - x) + abs(to_y - y)) / 1000
        found.append(Customer(int(at_s), origin, destination, round(FLAG_FALL + PER_KM * kilometres)))
    return found


def routes_file(day, calls, taxis):
    """The hour's taxis, where they stand at its beginning, and its customers, as SUMO reads them."""
    root, rng = ET.Element("routes"), day.rng("taxis")
    kind = ET.SubElement(root, "vType", id="taxi", vClass="taxi", personCapacity="3")
    ET.SubElement(kind, "param", key="has.taxi.device", value="true")
    for number in range(taxis):
        vehicle = ET.SubElement(root, "vehicle", id=f"taxi{number}", type="taxi", depart="0")
        ET.SubElement(vehicle, "route", edges=rng.choice(sorted(day.city.data.edges)))
    for number, call in enumerate(calls):
        person = ET.SubElement(root, "person", id=f"{number}", depart=f"{call.at_s}")
        ET.SubElement(person, "ride", {"from": call.origin, "to": call.destination, "lines": "taxi"})
    return ET.tostring(root)


@lru_cache(maxsize=200)
def simulate(date, seed, city, options):
    """What SUMO says of every customer: seconds waited and ridden, None where no taxi came in time. Knows no forecast."""
    dispatch_period_s, detour_pct, detour_s, taxis, per_hour, patience_s = options
    day = Day(date, seed, city, "statistics", None)
    calls = customers(day, per_hour)
    with tempfile.TemporaryDirectory(dir=city.data.folder.name) as folder:
        rides, trips = Path(folder) / "rides.xml", Path(folder) / "trips.xml"
        rides.write_bytes(routes_file(day, calls, taxis))
        run("sumo", "--net-file", city.data.file, "--route-files", rides, "--tripinfo-output", trips,
            "--tripinfo-output.write-unfinished", "--seed", str(day.stream_seed("sumo") % 2**31), "--end", str(HOUR_S + CLEAR_UP_S),
            "--time-to-teleport.ride", str(patience_s), "--device.taxi.dispatch-period", str(dispatch_period_s),
            "--device.taxi.dispatch-algorithm", "greedyShared", "--device.taxi.dispatch-algorithm.params",
            f"relLossThreshold:{detour_pct / 100},absLossThreshold:{detour_s}", "--no-step-log", "--no-warnings")
        rides_by_person = {person.get("id"): person.find("ride") for person in ET.parse(trips).iter("personinfo")}
    found = [rides_by_person.get(f"{number}") for number in range(len(calls))]
    picked_up = [ride is not None and ride.get("vehicle") not in {None, "", "NULL"} for ride in found]
    return calls, [(float(ride.get("waitingTime")), float(ride.get("duration"))) if came else None
                   for ride, came in zip(found, picked_up)]


@simulator("sumo-taxis", f"1 with SUMO {sumo.__version__}", load, [
    Metric("revenue_minor", "cent", "higher", "fares of the customers who were picked up"),
    Metric("wait_mean_s", "s", "lower", "mean wait of those who were picked up"),
    Metric("wait_p95_s", "s", "lower", "wait that one in twenty of them exceeds"),
    Metric("ride_mean_s", "s", "lower", "mean time in the taxi, detours for other passengers included"),
    Metric("lost_pct", "%", "lower", "customers to whom no taxi came in time"),
])
def taxis(
    day: Day,
    dispatch_period_s: Annotated[int, Parameter(5, 180, "s", "time between two rounds of dispatching")] = 60,
    detour_pct: Annotated[float, Parameter(0, 200, "%", "longest detour for another passenger, of the direct ride")] = 20,
    detour_s: Annotated[float, Parameter(0, 1200, "s", "longest detour for another passenger")] = 300,
    fleet: Annotated[int, Setting("1", "taxis on duty", low=1, high=200)] = 12,
    calls_per_hour: Annotated[float, Setting("1/h", "customers on a Thursday", low=1, high=2000, unknown=Unknown(160, 260, log=True))] = 215,
    patience_s: Annotated[int, Setting("s", "time after which a customer gives up", low=30, high=3600)] = 600,
) -> Outcome:
    options = (dispatch_period_s, detour_pct, detour_s, fleet, calls_per_hour, patience_s)
    calls, rides = simulate(day.date, day.seed, day.city, options)
    taken = [(call, *ride) for call, ride in zip(calls, rides) if ride is not None]
    metrics = {"revenue_minor": sum(call.fare for call, *_ in taken)}
    if calls:
        metrics["lost_pct"] = 100 * (1 - len(taken) / len(calls))
    if taken:
        waits = sorted(waited for _, waited, _ in taken)
        metrics |= {"wait_mean_s": sum(waits) / len(waits), "wait_p95_s": waits[int(0.95 * len(waits))],
                    "ride_mean_s": sum(ridden for *_, ridden in taken) / len(taken)}
    return Outcome(metrics, customers=[[call.at_s, call.origin, call.destination, call.fare] for call in calls], drivers=fleet)


if __name__ == "__main__":
    taxis.main()
