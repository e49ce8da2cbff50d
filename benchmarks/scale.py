"""What one more worker costs: workers, each a process, ask, simulate, store and tell over one MariaDB server.

Simulations sleep, and the phases of every trial are what the study records of them. Printed for each number of workers: mean
seconds of each phase, overhead per trial (everything but simulating), efficiency (simulating ÷ all), and processor time of a
trial. The clock runs when all processes have opened the study; each worker's first trial is left out, because all ask at once.

All workers run on this machine, whose processors are soon the limit; in a cluster each has its own. What workers share
wherever they run is the study's lock. How long a trial holds it is measured apart, with few and with many trials under way, and
from that a closed queue (exact mean value analysis, one server) gives the overhead for other numbers of workers.

    python benchmarks/scale.py [--workers 1 2 5 20 64] [--simulation-s 6] [--rounds 5] [--database mysql+pymysql://…]
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.services.mariadb import MariaDb
from tunegate.adapters.optuna.study import SearchStudy
from tunegate.adapters.sql.database import open_database
from tunegate.adapters.sql.results import SqlResultsStore
from tunegate.domain.days import DayResult, Forecast, SimulationAnswer
from tunegate.domain.parameters import Dimension, Parameters
from tunegate.domain.periods import Period
from tunegate.domain.simulation import SimulationRequest
from tunegate.domain.trials import TrialTimes
from tunegate.ports.results import RequestKey, SimulationPhase
from tunegate.search.answers import BudgetSpent, TrialToRun
from tunegate.search.definition import SearchBudget, StudyDefinition

TARGET_PCT, TARGET_WORKERS, TARGET_SIMULATION_S = 1.0, 20, 60.0
EXTRAPOLATED_WORKERS = (1, 20, 64, 200, 500, 1000)
EXTRAPOLATED_SIMULATIONS_S = (6.0, 60.0, 600.0)
FEW_RUNNING, MANY_RUNNING = 1, 200

DIMENSIONS = tuple(Dimension(name, "float", 0.0, 1.0) for name in ("eagerness", "gamma", "patience", "spread"))
PRODUCTION = Parameters({dimension.name: 0.5 for dimension in DIMENSIONS})
DAYS = (date(2026, 3, 1), date(2026, 3, 2))
DIGEST = "sha256:" + "0" * 64


def open_study(url: str, name: str, trials: int) -> SearchStudy:
    """A study with TPE over four parameters."""
    definition = StudyDefinition(name, DIMENSIONS, PRODUCTION, 7, "tpe", "none", {"days": [str(day) for day in DAYS]})
    return SearchStudy.open(
        url, definition, SearchBudget(trials, failure_budget=0, attempts_per_trial=1, infrastructure_failure_budget=0)
    )


@dataclass(frozen=True)
class Row:
    """One line of the first table: means over trials, in seconds."""

    workers: int
    trials: int
    times: TrialTimes
    processor_s: float

    @property
    def efficiency_pct(self) -> float:
        """Simulating, of all time that workers spent on trials."""
        return 100 * self.times.simulate_s / (self.times.simulate_s + self.times.overhead_s)


def measure(url: str, workers: int, simulation_s: float, rounds: int) -> Row:
    """Run one study with so many processes."""
    name, trials = f"scale-{workers}-{time.time_ns()}", workers * rounds
    fork = multiprocessing.get_context("fork")
    together, spent = fork.Barrier(workers), fork.SimpleQueue()
    shared = {"url": url, "name": name, "trials": trials, "simulation_s": simulation_s, "together": together, "spent": spent}
    processes = [fork.Process(target=work, args=(number,), kwargs=shared) for number in range(workers)]
    for process in processes:
        process.start()
    processor_s = sum(spent.get() for _ in processes)
    for process in processes:
        process.join()
        assert process.exitcode == 0, process
    known = open_study(url, name, trials).trials()
    assert len(known) == trials, "the budget was not kept exactly"
    seen: set[str | None] = set()
    steady: list[TrialTimes] = []
    for trial in known:
        if trial.worker in seen and trial.times is not None:
            steady.append(trial.times)
        seen.add(trial.worker)
    return Row(workers, trials, mean(steady), processor_s / trials)


def mean(times: list[TrialTimes]) -> TrialTimes:
    """Phase by phase."""
    phases = ("queue_s", "start_s", "simulate_s", "store_s", "tell_s")
    return TrialTimes(**{phase: statistics.fmean(getattr(each, phase) for each in times) for phase in phases})


def work(number: int, *, url: str, name: str, trials: int, simulation_s: float, together: Any, spent: Any) -> None:
    """One worker: a process with a study and a results store of its own."""
    study, results = open_study(url, name, trials), SqlResultsStore(open_database(url))
    draw = random.Random(number)  # noqa: S311 - how long a simulation sleeps
    together.wait()
    began_s = time.process_time()
    while not isinstance(answer := study.ask(f"worker-{number}"), BudgetSpent):
        if not isinstance(answer, TrialToRun):
            time.sleep(1.0)
            continue
        simulate_s = simulation_s * draw.uniform(0.8, 1.2)
        time.sleep(simulate_s)
        store_s = store(results, name, answer)
        study.tell_complete(answer.number, 1e6 + sum(answer.parameters.values()), len(DAYS), simulate_s, store_s)
    spent.put(time.process_time() - began_s)


def store(results: SqlResultsStore, campaign: str, asked: TrialToRun) -> float:
    """Keep the days of a trial, as large as San Francisco's; how long that took in seconds."""
    history = Period(date(2026, 1, 1), date(2026, 2, 28))
    request = SimulationRequest(
        f"trial-{asked.number:04}", "city", asked.parameters, DAYS, (1,), Forecast.ML, history, {"drivers": 500}
    )
    metrics = {f"metric_{index}": index / 7 for index in range(30)}
    zones = {f"zone-{index}": 10_000 + index for index in range(100)}
    days = tuple(DayResult(day, 1, Forecast.ML, {"revenue_minor": 1e6, **metrics}, zones, 500, DIGEST) for day in DAYS)
    answer = SimulationAnswer(days, dict(asked.parameters), history.last, DIGEST, "sleeping 1.0", 1.0)
    began_s = time.monotonic()
    results.save_answer(campaign, RequestKey(SimulationPhase.SEARCH, request.id), request, answer)
    return time.monotonic() - began_s


def lock_s(url: str, running: int, repeats: int = 30) -> float:
    """How long one trial holds the study's lock, to be asked for and to be told, while others run, in seconds.

    The quickest tenth of the repeats counts: other work on this machine only adds.
    """
    study = open_study(url, f"lock-{running}-{time.time_ns()}", 10_000)
    under_way = [study.ask("worker") for _ in range(running)]
    held = []
    for _ in range(repeats):
        began_s = time.monotonic()
        under_way.append(study.ask("worker"))
        oldest = under_way.pop(0)
        assert isinstance(oldest, TrialToRun)
        study.tell_complete(oldest.number, 1e6 + sum(oldest.parameters.values()), len(DAYS), 1.0)
        held.append(time.monotonic() - began_s)
    return statistics.quantiles(held, n=10)[0]


def waiting_s(workers: int, elsewhere_s: float, held_s: float) -> float:
    """Seconds from wanting the lock to giving it back, for workers that spend `elsewhere_s` between and hold it `held_s`."""
    queued = waited_s = 0.0
    for present in range(1, workers + 1):
        waited_s = held_s * (1 + queued)
        queued = waited_s * present / (elsewhere_s + waited_s)
    return waited_s


@contextmanager
def database(url: str | None) -> Iterator[str]:
    """The database that was named, or one on a throw-away server."""
    if url is not None:
        yield url
        return
    folder = Path(tempfile.mkdtemp(prefix="scale-"))
    with MariaDb(folder) as server:
        yield server.database().url
    shutil.rmtree(folder)


def print_measured(rows: list[Row]) -> None:
    """The first table."""
    print("| workers | trials | queue s | store s | tell s | rest s | overhead s | efficiency | processor s |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in rows:
        at = row.times
        phases = " | ".join(f"{each:.3f}" for each in (at.queue_s, at.store_s, at.tell_s, at.start_s, at.overhead_s))
        print(f"| {row.workers} | {row.trials} | {phases} | {row.efficiency_pct:.1f} % | {row.processor_s:.3f} |")


def print_extrapolated(few_s: float, many_s: float, store_s: float) -> None:
    """The second table: overhead per trial from lock and store."""
    per_running_s = max(0.0, (many_s - few_s) / (MANY_RUNNING - FEW_RUNNING))
    print(f"\nOne trial holds the lock for {few_s:.3f} s alone, {many_s:.3f} s beside {MANY_RUNNING} others.")
    titles = " | ".join(f"{each:g} s simulations" for each in EXTRAPOLATED_SIMULATIONS_S)
    print(f"| workers | {titles} | lock busy at {TARGET_SIMULATION_S:g} s |")
    print("| ---: |" + " ---: |" * (len(EXTRAPOLATED_SIMULATIONS_S) + 1))
    for workers in EXTRAPOLATED_WORKERS:
        held_s, cells = few_s + per_running_s * (workers - 1), []
        for simulation_s in EXTRAPOLATED_SIMULATIONS_S:
            overhead_s = waiting_s(workers, simulation_s + store_s, held_s) + store_s
            cells.append(f"{overhead_s:.2f} s, {100 * overhead_s / simulation_s:.2f} %")
        waited_s = waiting_s(workers, TARGET_SIMULATION_S + store_s, held_s)
        busy_pct = 100 * workers * held_s / (TARGET_SIMULATION_S + store_s + waited_s)
        print(f"| {workers} | {' | '.join(cells)} | {busy_pct:.0f} % |")
    overhead_s = waiting_s(TARGET_WORKERS, TARGET_SIMULATION_S, few_s + per_running_s * (TARGET_WORKERS - 1)) + store_s
    share_pct = 100 * overhead_s / TARGET_SIMULATION_S
    verdict = "meets" if share_pct <= TARGET_PCT else "misses"
    print(f"\n{TARGET_WORKERS} workers with {TARGET_SIMULATION_S:g} s: {share_pct:.2f} %, which {verdict} {TARGET_PCT:g} %.")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 5, 20, 64])
    parser.add_argument("--simulation-s", type=float, default=6.0)
    parser.add_argument("--rounds", type=int, default=5, help="trials of each worker, on average")
    parser.add_argument("--database", help="a SQLAlchemy URL; default: a MariaDB server of its own")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:  # Loads what workers would load one by one.
        open_study(f"sqlite:///{folder}/warm", "warm", 2)
    with database(options.database) as url:
        rows = [measure(url, workers, options.simulation_s, options.rounds) for workers in options.workers]
        print_measured(rows)
        print_extrapolated(lock_s(url, FEW_RUNNING), lock_s(url, MANY_RUNNING), rows[0].times.store_s)


if __name__ == "__main__":
    main()
