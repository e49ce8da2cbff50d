"""Does pruning by day result pay? Searches on a real simulator with every pruner, and what their winners are truly worth.

    python benchmarks/pruning.py [--config configs/regions/manhattan.yaml] [--repeats 6] [--trials 40]

Its cost is the number of simulated days; its yield is the uplift of its best trial over production on days and seeds that no
search saw. The alternatives to starting long trials and stopping them are short trials (the first two of the tuning days), and
as many of those as the same simulated days pay for. One worker; `--trials` complete ones unless the row says otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from tunegate.adapters.subprocess_simulator import SubprocessSimulator
from tunegate.config.loading import load_region
from tunegate.config.region import Bundled, CityFolder, RegionConfig
from tunegate.domain.days import Forecast
from tunegate.domain.parameters import Parameters
from tunegate.domain.periods import Period
from tunegate.domain.seeds import phase_seeds
from tunegate.domain.simulation import SimulationRequest
from tunegate.domain.trials import TrialRecord, TrialState
from tunegate.search.answers import Asked, BudgetSpent
from tunegate.search.definition import PrunerName, SearchBudget, StudyDefinition
from tunegate.search.study import SearchStudy

TUNING_DAYS = 7
HELD_OUT_DAYS = 14
HELD_OUT_SEEDS = 2


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to search: a pruner, how many of the tuning days a trial has, and how many times `--trials` it completes."""

    name: str
    pruner: PrunerName
    days: int
    more_trials: float = 1.0


ARMS = (
    Arm("none, 2 days", "none", 2),
    Arm("none, 2 days, 3.5x trials", "none", 2, TUNING_DAYS / 2),
    Arm("none", "none", TUNING_DAYS),
    Arm("wilcoxon", "wilcoxon", TUNING_DAYS),
    Arm("median", "median", TUNING_DAYS),
)


@dataclass(frozen=True, slots=True)
class Bench:
    """One warm simulator, and the days it is asked about."""

    simulator: SubprocessSimulator
    config: RegionConfig
    city: str
    history: Period
    tuning: tuple[date, ...]
    held_out: tuple[date, ...]

    async def revenue(self, parameters: Parameters, days: Sequence[date], seeds: Sequence[int]) -> float:
        """Mean fleet revenue per simulated day, minor units."""
        request = SimulationRequest(
            id="bench",
            city=self.city,
            parameters=parameters,
            days=tuple(days),
            seeds=tuple(seeds),
            forecast=Forecast.STATISTICS,
            history=self.history,
            settings=self.config.simulator.settings,
        )
        answer = await self.simulator.simulate(request)
        return statistics.fmean(day.revenue_minor for day in answer.days)

    async def search(self, url: str, pruner: PrunerName, days: Sequence[date], seed: int, trials: int) -> SearchStudy:
        """One search with one worker, to the end of its budget."""
        config = self.config
        definition = StudyDefinition("bench", config.dimensions, config.production, seed, config.search.sampler, pruner, {})
        study = SearchStudy.open(
            url, definition, SearchBudget(trials, 0, attempts_per_trial=1, infrastructure_failure_budget=0)
        )
        seeds = phase_seeds(seed, "search", 1)
        while not isinstance(asked := study.ask("bench"), BudgetSpent):
            assert isinstance(asked, Asked)
            await self.run_trial(study, asked, days, seeds)
        return study

    async def run_trial(self, study: SearchStudy, asked: Asked, days: Sequence[date], seeds: Sequence[int]) -> None:
        """Day by day, until the study says stop."""
        began, daily = time.monotonic(), []
        for step, day in enumerate(days):
            daily.append(await self.revenue(asked.parameters, [day], seeds))
            if study.report_day(asked.number, step, daily[-1]) and step + 1 < len(days):
                study.tell_pruned(asked.number, len(daily), time.monotonic() - began)
                return
        study.tell_complete(asked.number, statistics.fmean(daily), len(daily), time.monotonic() - began)


async def open_bench(path: str) -> Bench:
    """The region's own simulator and city, with days of the benchmark's choosing: the first half for history."""
    config = load_region(path)
    match config.city:
        case Bundled(name):
            city = name
        case CityFolder(folder):
            city = str(folder)
        case _:
            raise SystemExit("Import the city first and name its folder in `simulator.city`.")
    simulator = SubprocessSimulator(config.command)
    facts = (await simulator.describe(city)).city
    assert facts is not None
    first_tuning = facts.last_day - timedelta(days=TUNING_DAYS + HELD_OUT_DAYS - 1)
    ahead = [first_tuning + timedelta(days=offset) for offset in range(TUNING_DAYS + HELD_OUT_DAYS)]
    history = Period(facts.first_day, first_tuning - timedelta(days=1))
    return Bench(simulator, config, city, history, tuple(ahead[:TUNING_DAYS]), tuple(ahead[TUNING_DAYS:]))


async def main(path: str, repeats: int, trials: int) -> None:
    """Run every arm `repeats` times and print one row each."""
    bench = await open_bench(path)
    found: dict[str, list[Yield]] = {arm.name: [] for arm in ARMS}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(repeats):
            fresh = phase_seeds(seed, "gate", HELD_OUT_SEEDS)
            production = await bench.revenue(bench.config.production, bench.held_out, fresh)
            for arm in ARMS:
                url = f"journal://{Path(folder)}/{seed}-{arm.name.replace(' ', '-')}.journal"
                study = await bench.search(url, arm.pruner, bench.tuning[: arm.days], seed, round(trials * arm.more_trials))
                best = await bench.revenue(study.top_k(1)[0].parameters, bench.held_out, fresh)
                found[arm.name].append(Yield.of(study.trials(), 100 * (best / production - 1)))
    await bench.simulator.close()
    print(f"{path}: {trials} complete trials, {repeats} repeats, held-out {HELD_OUT_DAYS} days x {HELD_OUT_SEEDS} seeds")
    print(f"{'pruner':26} {'pruned':>7} {'simulated days':>15} {'held-out uplift %':>18} {'standard error':>15}")
    for name, yields in found.items():
        print(f"{name:26} {table_row(yields)}")


@dataclass(frozen=True, slots=True)
class Yield:
    """What one search cost and gave."""

    pruned: int
    simulated_days: int
    uplift_pct: float

    @classmethod
    def of(cls, trials: Sequence[TrialRecord], uplift_pct: float) -> Yield:
        """Counted over the trials of a search."""
        pruned = sum(trial.state is TrialState.PRUNED for trial in trials)
        return cls(pruned, sum(trial.simulated_days for trial in trials), uplift_pct)


def table_row(yields: Sequence[Yield]) -> str:
    """Means over the repeats, and the standard error of the mean uplift."""
    uplifts = [each.uplift_pct for each in yields]
    error = statistics.stdev(uplifts) / len(uplifts) ** 0.5 if len(uplifts) > 1 else float("nan")
    pruned, days = (
        statistics.fmean(column) for column in zip(*((each.pruned, each.simulated_days) for each in yields), strict=True)
    )
    return f"{pruned:7.1f} {days:15.0f} {statistics.fmean(uplifts):18.2f} {error:15.2f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="configs/regions/manhattan.yaml")
    parser.add_argument("--repeats", type=int, default=6)
    parser.add_argument("--trials", type=int, default=40)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.config, arguments.repeats, arguments.trials))
