"""Where the kernels' time goes, by counting instead of timing: `python benchmarks/hailsim_instructions.py`.

Runs a day of Manhattan with 1,000 taxis under valgrind (callgrind), which counts instructions, cache misses and wrongly
predicted branches of a model processor, so that other work on the machine changes nothing. The code is compiled for a processor
that valgrind knows (AVX2; the machine's own may be newer). L1 is 48 kB, and what callgrind calls LL is set to the 2 MB of an
L2. Planning is counted apart, and what is left of the day is movement.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np

from hailsim.kernels.arrays import RECORD_COLUMNS, SLOTS, PlanningArrays, cache_aligned
from hailsim.kernels.day import FIRST_SWEEPS, SWEEPS, plan_slot, start_day
from hailsim.kernels.planning import sweep
from hailsim.model.calendar import History
from hailsim.model.folder import read_city
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario, empty_moving, prepare_day, simulate_prepared_day
from hailsim.model.world import make_world
from hailsim.planner.parameters import read_parameters

VALGRIND, CONTROL = (shutil.which(name) or "" for name in ("valgrind", "callgrind_control"))
TAXIS = 1_000
CPU = "haswell"
MACHINE = ("--D1=49152,12,64", "--LL=2097152,16,64")
COUNTS = ("instructions", "L1 misses", "L2 misses", "branches", "mispredicted")
SWEEPS_COUNTED = 480


def counted() -> None:
    """The child: warms everything up, then dumps the counts of nothing, of sweeps, of a day's planning and of a day."""
    city = read_city("manhattan")
    world = make_world(city)
    history = History(city.first_day, city.first_day + timedelta(days=27))
    scenario = Scenario(read_parameters({}), read_settings({"taxis": TAXIS}), "statistics", history)
    day = prepare_day(world, scenario, history.last + timedelta(days=1), 1)
    links = world.graph.links
    record = cache_aligned((links + 1, RECORD_COLUMNS), np.uint32)
    planning = PlanningArrays(*start_day(record, empty_moving(TAXIS), day.customers.arrays, day.fleet.arrays, day.plan))

    def sweeps() -> None:
        value, gain, keep = planning.value, planning.gain, planning.keep
        sweep(value, gain, keep, day.graph.successors, day.plan.turn_cost, day.plan.turn_discount, SWEEPS_COUNTED)

    def plans() -> None:
        for slot in range(SLOTS):
            plan_slot(slot, planning, record, day.graph, day.fleet.arrays, day.plan)

    plans()
    sweeps()
    events = simulate_prepared_day(day, links).events
    control("--instr=on")
    control("--zero")
    control("--dump=nothing")
    sweeps()
    control("--dump=sweeps")
    plans()
    control("--dump=plans")
    simulate_prepared_day(day, links)
    control("--dump=day")
    control("--instr=off")
    print(f"{events} {links}")


def control(order: str) -> None:
    """Tell callgrind, which counts this process, what to do."""
    subprocess.run([CONTROL, order, str(os.getpid())], check=True, capture_output=True)


def counts_of(dump: Path) -> np.ndarray:
    """COUNTS of one dump, float64[5]."""
    text = dump.read_text(encoding="utf-8")
    names = re.search(r"^events: (.*)$", text, re.MULTILINE)
    values = re.search(r"^summary: (.*)$", text, re.MULTILINE)
    assert names is not None
    assert values is not None
    found = dict(zip(names.group(1).split(), map(float, values.group(1).split()), strict=True))
    groups = (("Ir",), ("D1mr", "D1mw"), ("DLmr", "DLmw"), ("Bc", "Bi"), ("Bcm", "Bim"))
    return np.array([sum(found[name] for name in group) for group in groups])


def main() -> None:
    """Count, and print each figure per event or per update of a link."""
    if "--counted" in sys.argv:
        counted()
        return
    if not VALGRIND or not CONTROL:
        raise SystemExit("needs valgrind (Debian package valgrind)")
    with tempfile.TemporaryDirectory() as scratch:
        environment = os.environ | {"NUMBA_CPU_NAME": CPU, "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": f"{scratch}/cache"}
        own = [sys.executable, __file__, "--counted"]
        # Compiled once outside of valgrind, where compiling takes an hour less.
        warm = [sys.executable, "-c", "from hailsim.__main__ import main; raise SystemExit(main(['warmup']))"]
        subprocess.run(warm, env=environment, check=True, capture_output=True)
        tool = [VALGRIND, "--tool=callgrind", "--instr-atstart=no", "--cache-sim=yes", "--branch-sim=yes", *MACHINE]
        done = subprocess.run(
            [*tool, f"--callgrind-out-file={scratch}/out", *own], env=environment, check=True, capture_output=True, text=True
        )
        events, links = map(int, done.stdout.split())
        nothing, sweeps, plans, day = (counts_of(Path(scratch) / f"out.{number}") for number in range(1, 5))
    sweeps, plans, day = sweeps - nothing, plans - nothing, day - nothing
    moves = day - plans
    updates, planned = links * SWEEPS_COUNTED, links * (FIRST_SWEEPS + SWEEPS * (SLOTS - 1))
    print(
        f"{events:,} events of {TAXIS:,} taxis on {links:,} links; code for {CPU}\n{'':36}"
        + "".join(f"{c:>14}" for c in COUNTS)
    )
    for name, found, per in (
        ("a day, per event", day, events),
        ("movement, per event", moves, events),
        ("planning, per update of a link", plans, planned),
        ("value iteration, per update of a link", sweeps, updates),
    ):
        print(f"{name:36}" + "".join(f"{value / per:14.3f}" for value in found))


if __name__ == "__main__":
    main()
