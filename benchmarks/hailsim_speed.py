"""How fast hailsim is, as rates and ratios: `python benchmarks/hailsim_speed.py [--quick]`.

One core, kernels compiled before the clock starts. Rates are of the processor's time, which other work on the machine disturbs
least (it still shares caches and cores); every figure is the median of several runs with the fastest beside it. Starts and
parallel processes are timed by the clock on the wall. The oracle is the plain-Python day of `simulator/tests/oracle.py`, which
gives the same integers; its time is given without value iteration too, which NumPy's float32 scalars make slow.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "simulator" / "tests"))

import numpy as np
from oracle import OracleDay
from processor_clock import clock_ghz

from hailsim.kernels.arrays import RECORD_COLUMNS, SLOTS, PlanningArrays, cache_aligned
from hailsim.kernels.day import plan_slot, start_day
from hailsim.kernels.planning import UNREACHABLE, sweep
from hailsim.model.calendar import History
from hailsim.model.folder import read_city
from hailsim.model.metrics import report_day
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario, empty_moving, prepare_day, run_day, simulate_prepared_day
from hailsim.model.world import World, make_world
from hailsim.planner.parameters import read_parameters

REPOSITORY = Path(__file__).resolve().parents[1]
SAN_FRANCISCO = REPOSITORY.parent / "shared" / "data" / "sf"
DAYS = 7
TARGET_TAXI_DAYS, TARGET_EVENT_NS, TARGET_UPDATE_NS = 30_000.0, 12.0, 2.5
TARGET_MB, TARGET_START_S, TARGET_RATIO, TARGET_PROCESSES = 600, 3.0, 100, 1.8
# Taxi-days per second of `hive manhattan.yaml` of nrel.hive 1.3.1 (200 vehicles, one day, a step a minute; it dispatches and
# charges, which hailsim does not): 179 s of processor time where hailsim's week took 0.33 s.
HIVE_TAXI_DAYS = 200 / 179


@dataclass(frozen=True)
class Case:
    """One city with a fleet, and what a week of it is simulated with."""

    name: str
    city: str
    world: World
    scenario: Scenario
    days: tuple[date, ...]
    taxis: int


def timed(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median and least seconds of some runs, after one that is not counted."""
    work()
    seconds = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return statistics.median(seconds), min(seconds)


def make_case(name: str, city_name: str, taxis: int, history_days: int) -> Case:
    """A city read and made ready, with its first days as history and the week after them to simulate."""
    city = read_city(city_name)
    world = make_world(city)
    history = History(city.first_day, city.first_day + timedelta(days=history_days - 1))
    settings = read_settings({"taxis": taxis})
    days = tuple(history.last + timedelta(days=1 + number) for number in range(DAYS))
    return Case(
        name, city_name, world, Scenario(read_parameters({}), settings, "statistics", history), days, world.taxis(settings)
    )


def show(what: str, figure: str, note: str = "") -> None:
    """One line of the table."""
    print(f"  {what:<44}{figure:>14}  {note}", flush=True)


def week(case: Case, repeats: int) -> None:
    """The headline figure: a week of one fleet, planning and metrics included."""

    def simulate() -> int:
        events = 0
        for day in case.days:
            outcome = run_day(case.world, case.scenario, day, 1)
            report_day(outcome, case.world.graph)
            events += outcome.events
        return events

    events = simulate()
    median_s, least_s = timed(simulate, repeats)
    show(f"{case.taxis} taxis × {DAYS} days", f"{median_s:.3f} s", f"fastest {least_s:.3f} s")
    rate, best = DAYS * case.taxis / median_s, DAYS * case.taxis / least_s
    met = verdict(rate >= TARGET_TAXI_DAYS)
    show("taxi-days per second", f"{rate:,.0f}", f"fastest {best:,.0f}; target {TARGET_TAXI_DAYS:,.0f} {met}")
    show(
        "  times as many as nrel.hive 1.3.1",
        f"{rate / HIVE_TAXI_DAYS:,.0f}×",
        "measured apart, and it does other things besides",
    )
    show("per event, planning and metrics included", f"{median_s / events * 1e9:.1f} ns", f"{events:,} events")


def verdict(holds: bool) -> str:
    """Whether a target is met."""
    return "met" if holds else "MISSED"


def movement(case: Case, repeats: int) -> None:
    """A day less its planning: what an event costs."""
    prepared = prepare_day(case.world, case.scenario, case.days[0], 1)
    links, arrays, taxis = case.world.graph.links, prepared.customers.arrays, len(prepared.fleet.follower)
    record = cache_aligned((links + 1, RECORD_COLUMNS), np.uint32)
    planning = PlanningArrays(*start_day(record, empty_moving(taxis), arrays, prepared.fleet.arrays, prepared.plan))

    def plans() -> None:
        for slot in range(SLOTS):
            plan_slot(slot, planning, record, prepared.graph, prepared.fleet.arrays, prepared.plan)

    events = simulate_prepared_day(prepared, links).events
    day, plan = timed(lambda: simulate_prepared_day(prepared, links), 3 * repeats), timed(plans, 3 * repeats)
    median_ns, least_ns = (1e9 * (day[k] - plan[k]) / events for k in (0, 1))
    cycles = f"{median_ns * clock_ghz():.0f} cycles"
    note = f"{cycles}, fastest {least_ns:.1f} ns; target {TARGET_EVENT_NS:.0f} ns {verdict(median_ns <= TARGET_EVENT_NS)}"
    show("movement, per event", f"{median_ns:.1f} ns", note)
    show("planning, per day", f"{1e3 * plan[0]:.1f} ms", f"fastest {1e3 * plan[1]:.1f} ms")


def planner(case: Case, repeats: int) -> None:
    """Value iteration alone."""
    prepared = prepare_day(case.world, case.scenario, case.days[0], 1)
    links, plan = case.world.graph.links, prepared.plan
    value = np.zeros(links + 1, np.float32)
    value[links] = UNREACHABLE
    gain, keep = np.full(links, 0.01, np.float32), np.full(links, 0.98, np.float32)

    def solve() -> None:
        sweep(value, gain, keep, prepared.graph.successors, plan.turn_cost, plan.turn_discount, 4 * SLOTS)

    median_ns, least_ns = (1e9 * seconds / (links * 4 * SLOTS) for seconds in timed(solve, repeats))
    note = f"{median_ns * clock_ghz():.1f} cycles, fastest {least_ns:.2f} ns; "
    note += f"target {TARGET_UPDATE_NS} ns {verdict(median_ns <= TARGET_UPDATE_NS)}"
    show("value iteration, per update of a link", f"{median_ns:.2f} ns", note)


def against_oracle(case: Case) -> None:
    """One day in the kernels and in plain Python."""
    prepared = prepare_day(case.world, case.scenario, case.days[0], 1)
    kernel_s, least_s = timed(lambda: simulate_prepared_day(prepared, case.world.graph.links), 7)
    oracle = OracleDay(
        graph=prepared.graph,
        customers=prepared.customers.arrays,
        fleet=prepared.fleet.arrays,
        plan=prepared.plan,
        key=prepared.key,
    )
    planning_s = 0.0
    make_plan = oracle.make_plan

    def timed_plan(slot: int) -> None:
        nonlocal planning_s
        begun = time.process_time()
        make_plan(slot)
        planning_s += time.process_time() - begun

    oracle.make_plan = timed_plan  # type: ignore[method-assign]
    started = time.process_time()
    oracle.run()
    oracle_s = time.process_time() - started
    same = [taxi.busy_s for taxi in oracle.taxis] == simulate_prepared_day(
        prepared, case.world.graph.links
    ).arrays.busy_s.tolist()
    assert same, "the oracle and the kernel disagree"
    ratio = oracle_s / kernel_s
    met = "met" if ratio >= TARGET_RATIO else "MISSED"
    note = f"{oracle_s:.1f} s against {kernel_s:.3f} s (fastest {least_s:.3f} s); target {TARGET_RATIO}× {met}"
    show("one day, times faster than the oracle", f"{ratio:.0f}×", note)
    show(
        "  without the oracle's value iteration",
        f"{(oracle_s - planning_s) / kernel_s:.0f}×",
        "all of the kernel's time counted",
    )


def warm_start(case: Case) -> None:
    """A fresh process with compiled kernels in its cache, from nothing to the first answer."""
    request = {
        "contract": "1",
        "id": "speed",
        "city": case.city,
        "parameters": {"gamma": 0.95},
        "days": [case.days[0].isoformat()],
        "seeds": [1],
        "forecast": "statistics",
        "history": {"first": case.scenario.history.first.isoformat(), "last": case.scenario.history.last.isoformat()},
        "settings": {},
    }
    code = "import resource, sys; from hailsim.protocol.command import serve_command; serve_command([]); "
    code += "sys.stderr.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))"
    seconds, kilobytes = [], 0
    for _ in range(3):
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["type"] == "day"
        seconds.append(time.perf_counter() - started)
        kilobytes = int(process.communicate()[1])
    met = "met" if statistics.median(seconds) <= TARGET_START_S else "MISSED"
    note = f"fastest {min(seconds):.1f} s; target {TARGET_START_S:.0f} s {met}"
    show("warm `hailsim serve` to its first answer", f"{statistics.median(seconds):.1f} s", note)
    show("memory of that process", f"{kilobytes / 1024:.0f} MB", f"target {TARGET_MB} MB")


def two_processes(case: Case) -> None:
    """Seconds of one busy process against two side by side: how well trials run in parallel."""
    argv = [sys.executable, __file__, "--worker", case.city, str(case.taxis)]

    def run(count: int) -> float:
        workers = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(count)]
        return sum(float(worker.communicate()[0]) for worker in workers)

    alone, together = run(1), run(2)
    met = verdict(together / alone >= TARGET_PROCESSES)
    note = f"on {len(os.sched_getaffinity(0))} cores, others' load included; target {TARGET_PROCESSES}× {met}"
    show("two processes against one", f"{together / alone:.2f}×", note)


def work(city: str, taxis: int) -> None:
    """One of the parallel processes: prints simulated days per second over a few seconds."""
    case = make_case("worker", city, taxis, 7)
    for day in case.days:
        run_day(case.world, case.scenario, day, 1)
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < 4:
        run_day(case.world, case.scenario, case.days[count % DAYS], 1)
        count += 1
    print(count / (time.perf_counter() - started))


def bench(case: Case, repeats: int, *, quick: bool) -> None:
    """All figures of one city."""
    print(f"{case.name}: {case.world.graph.links:,} links", flush=True)
    week(case, repeats)
    movement(case, repeats)
    planner(case, repeats)
    if not quick:
        against_oracle(case)
        warm_start(case)
        two_processes(case)


def main() -> None:
    """Bundled Manhattan, then San Francisco where its records are."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="only the week and the planner")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--worker", nargs=2, metavar=("CITY", "TAXIS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work(arguments.worker[0], int(arguments.worker[1]))
        return
    print(f"this processor's clock, measured: {clock_ghz():.2f} GHz", flush=True)
    bench(make_case("manhattan", "manhattan", 1000, 28), arguments.repeats, quick=arguments.quick)
    if SAN_FRANCISCO.is_dir():
        with tempfile.TemporaryDirectory() as scratch:
            folder = str(Path(scratch) / "sf")
            subprocess.run(
                [sys.executable, "-m", "hailsim", "import", str(SAN_FRANCISCO), "--out", folder],
                check=True,
                capture_output=True,
            )
            bench(make_case("san_francisco", folder, 0, 7), arguments.repeats, quick=arguments.quick)
    else:
        print(f"san_francisco: left out, needs the records in {SAN_FRANCISCO}")
    print(f"memory of this process at its peak: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
