"""How close each way to search comes to the best parameters there are, by the simulated days it spends.

    python benchmarks/search.py [--city manhattan] [--repeats 10] [--processes 2] [--arms PART ...] [--out FILE] [--quick]
    python benchmarks/search.py --worlds [--city manhattan] [--repeats 10] [--arms PART ...] [--out FILE]
        # search_worlds.py: what to average over

A search is a study of the product, one worker unless the arm says otherwise. What it chose is valued on days and seeds that no
search saw, the same for all; the best is the best on one half of those seeds, measured on the other, among everything that any
search chose and what two long reference searches found. Searches that are in `--out` already are not run again.

Samplers that do not ship are measured where they are installed: CMA-ES needs `cmaes`, Optuna's own Gaussian process `torch`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler
from scipy import stats
from search_cases import CASES, Case, Cell, open_case
from search_worlds import compare_mixes
from threadpoolctl import threadpool_limits

from tunegate.adapters.optuna import study as study_module
from tunegate.adapters.optuna.samplers import keyed_sampler
from tunegate.adapters.optuna.study import SearchStudy, TrialToRun
from tunegate.domain.parameters import Parameters
from tunegate.domain.seeds import keyed_integer
from tunegate.search.definition import PrunerName, SearchBudget, StudyDefinition

FOREIGN: Mapping[str, Callable[[int], BaseSampler]] = {
    "cmaes": lambda seed: CmaEsSampler(seed=seed),
    "optuna-gp": lambda seed: GPSampler(seed=seed),
}
NEEDS = {"cmaes": "cmaes", "optuna-gp": "torch"}
FINALISTS, VALIDATION_DAYS = 4, 8
FEWEST_PAIRS = 5


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to search. `looks` are numbers of complete trials after which a winner is named."""

    sampler: str
    days: int
    looks: tuple[int, ...]
    pruner: PrunerName = "none"
    workers: int = 1

    @property
    def name(self) -> str:
        """As the table says it."""
        extra = f", {self.pruner} pruner" if self.pruner != "none" else ""
        extra += f", {self.workers} workers" if self.workers > 1 else ""
        return f"{self.sampler}, {self.days} d{extra}"


SAMPLERS = ("tpe", "cmaes", "random", "optuna-gp")
PRUNERS: tuple[PrunerName, ...] = ("median", "wilcoxon")
ARMS = (
    *(Arm(sampler, 1, (60, 100)) for sampler in SAMPLERS),
    # 120 trials of two days spend what a pruned search of seven days does.
    *(Arm(sampler, 2, (30, 50, 120) if sampler == "tpe" else (30, 50)) for sampler in SAMPLERS),
    *(Arm(sampler, 7, (14, 100) if sampler == "tpe" else (14,)) for sampler in SAMPLERS),
    *(Arm("tpe", 7, (28,), pruner) for pruner in PRUNERS),
    *(Arm(sampler, 1, (60, 100), workers=workers) for sampler in ("tpe", "cmaes") for workers in (5, 20)),
)
QUICK = tuple(Arm(sampler, 1, (12,)) for sampler in ("random", "tpe"))
# One way for the others to be compared with, repeat by repeat: what ships, with a budget of a hundred days.
BASELINE = ("tpe, 1 d", 60, "confirmed")
# What the best is: a long search, or whatever beats it.
REFERENCE, REFERENCES = Arm("tpe", 14, (60,)), 1


@dataclass(frozen=True, slots=True)
class Choice:
    """What an arm named after so many trials by one rule.

    `simulated_days` are the search's and the confirmation's; `fresh_minor` is fresh revenue by seed, then day.
    """

    city: str
    repeat: int
    arm: str
    trials: int
    rule: str
    simulated_days: int
    asking_s: float
    parameters: dict[str, float]
    fresh_minor: list[float]


def run(city: str, arm: Arm, repeat: int) -> list[Choice]:
    """One search, and the truth about what it named."""
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:
        case = open_case(city)
        return list(_choices(case, arm, repeat, f"journal://{folder}/study.journal"))


def _choices(case: Case, arm: Arm, repeat: int, url: str) -> Iterator[Choice]:
    for trials, study, asking_s in _looks(case, arm, repeat, url):
        spent = sum(record.simulated_days for record in study.trials())
        finalists = [trial.parameters for trial in study.top_k(FINALISTS)]
        confirmed = _confirmed(case, repeat, finalists)
        confirming = VALIDATION_DAYS * (1 + len(finalists))
        for rule, chosen, days in (("observed", finalists[0], spent), ("confirmed", confirmed, spent + confirming)):
            fresh = case.revenues_of(chosen, case.fresh_cells()).tolist()
            yield Choice(case.name, repeat, arm.name, trials, rule, days, asking_s, dict(chosen), fresh)


def _confirmed(case: Case, repeat: int, finalists: list[Parameters]) -> Parameters:
    """The best on the validation days, as the campaign's confirmation chooses."""
    cells = case.validation_cells(repeat, VALIDATION_DAYS)
    production = case.revenues_of(case.config.production, cells)
    return max(finalists, key=lambda one: float((case.revenues_of(one, cells) / production).mean()))


def _looks(case: Case, arm: Arm, repeat: int, url: str) -> Iterator[tuple[int, SearchStudy, float]]:
    """The study whenever it has as many trials as the arm looks at, and the seconds that asking has taken so far."""
    config, cells = case.config, case.tuning_cells(repeat, arm.days)
    shipped = arm.sampler not in FOREIGN
    sampler = arm.sampler if shipped else "random"
    definition = StudyDefinition("bench", config.dimensions, config.production, repeat, sampler, arm.pruner, {})  # type: ignore[arg-type]
    study = SearchStudy.open(url, definition, SearchBudget(max(arm.looks), 0, 1, 0))
    with mock.patch.object(study_module, "keyed_sampler", keyed_sampler if shipped else _foreign(arm.sampler)):
        running: deque[TrialToRun] = deque()
        complete, asking_s = 0, 0.0
        while complete < max(arm.looks):
            while len(running) < arm.workers:
                began = time.perf_counter()
                asked = study.ask("bench")
                asking_s += time.perf_counter() - began
                if not isinstance(asked, TrialToRun):
                    break
                running.append(asked)
            if _simulate(case, study, running.popleft(), cells):
                complete += 1
                if complete in arm.looks:
                    yield complete, study, asking_s


def _simulate(case: Case, study: SearchStudy, asked: TrialToRun, cells: tuple[Cell, ...]) -> bool:
    """Day by day, until the study says stop; whether the trial was completed."""
    daily: list[float] = []
    for step, cell in enumerate(cells):
        daily.append(case.revenue(asked.parameters, cell))
        if study.report_day(asked.number, step, daily[-1]) and step + 1 < len(cells):
            study.tell_pruned(asked.number, len(daily), 0.0)
            return False
    study.tell_complete(asked.number, float(np.mean(daily)), len(daily), 0.0)
    return True


def _foreign(sampler: str) -> Callable[[str, int, int], BaseSampler]:
    """A sampler of Optuna's that does not ship, keyed as the shipped ones are."""
    return lambda _name, seed, proposal: FOREIGN[sampler](keyed_integer(seed, sampler, proposal))


def jobs(arms: list[Arm], repeats: int) -> list[tuple[Arm, int]]:
    """Every arm once, then every arm again, so that an early look at the results is a fair one."""
    usable = [arm for arm in arms if find_spec(NEEDS.get(arm.sampler, "optuna")) is not None]
    for missing in sorted({arm.sampler for arm in arms} - {arm.sampler for arm in usable}):
        print(f"{missing}: left out, needs the package {NEEDS[missing]}", flush=True)
    return [(arm, repeat) for repeat in range(repeats) for arm in usable]


def references() -> list[tuple[Arm, int]]:
    """Long searches with seeds of their own."""
    return [(REFERENCE, 1000 + number) for number in range(REFERENCES)]


def collect(city: str, wanted: list[tuple[Arm, int]], out: Path, processes: int) -> list[Choice]:
    """Run what `out` does not hold yet, and return all of this city that was wanted."""
    lines = out.read_text().splitlines() if out.exists() else []
    found = [Choice(**json.loads(line)) for line in lines]
    done = {(choice.city, choice.arm, choice.repeat) for choice in found}
    with ProcessPoolExecutor(processes) as pool, out.open("a") as file:
        pending = [pool.submit(run, city, arm, repeat) for arm, repeat in wanted if (city, arm.name, repeat) not in done]
        for number, future in enumerate(as_completed(pending), 1):
            found += future.result()
            file.writelines(json.dumps(asdict(choice)) + "\n" for choice in future.result())
            file.flush()
            print(f"{number} of {len(pending)} searches", file=sys.stderr, flush=True)
    named = {(arm.name, repeat) for arm, repeat in wanted}
    return [choice for choice in found if choice.city == city and (choice.arm, choice.repeat) in named]


def gaps_pct(choices: list[Choice], seeds: int) -> tuple[NDArray[np.float64], float]:
    """True gap of each choice to the best, float64[len(choices)], and the standard error of one gap (median over the choices).

    The best on the even seeds is measured on the odd ones and the other way round: the maximum of many noisy truths overstates.
    """
    fresh = np.array([choice.fresh_minor for choice in choices]).reshape(len(choices), seeds, -1)
    halves = [fresh[:, half::2] for half in (0, 1)]
    best = [halves[1 - half].mean(axis=(1, 2)).argmax() for half in (0, 1)]
    behind = [100.0 * (1.0 - halves[half].mean(axis=(1, 2)) / halves[half][best[half]].mean()) for half in (0, 1)]
    by_day_and_seed = np.concatenate([(100.0 * (1.0 - fresh / fresh[one])).reshape(len(choices), -1) for one in set(best)])
    errors = by_day_and_seed.std(axis=1, ddof=1) / by_day_and_seed.shape[1] ** 0.5
    return np.mean(behind, axis=0), float(np.median(errors))


def table(choices: list[Choice], seeds: int) -> str:
    """One row per arm, number of trials and rule, in order of simulated days."""
    gaps, error = gaps_pct(choices, seeds)
    rows: dict[tuple[str, int, str], list[tuple[int, float, float]]] = defaultdict(list)
    for choice, gap in zip(choices, gaps, strict=True):
        rows[choice.arm, choice.trials, choice.rule].append((choice.simulated_days, gap, choice.asking_s))
    lines = [f"standard error of one true gap: {error:.3f} points", ""]
    lines += ["| search | trials | winner by | simulated days | true gap, median | quartiles | searches | s per proposal |"]
    lines += ["| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |"]
    for (arm, trials, rule), found in sorted(rows.items(), key=lambda row: (np.mean([one[0] for one in row[1]]), row[0])):
        days, gap, asking_s = np.array(found).T
        low, middle, high = np.quantile(gap, (0.25, 0.5, 0.75))
        lines.append(
            f"| {arm} | {trials} | {rule} | {days.mean():.0f} | {middle:.2f} % | {low:.2f} to {high:.2f} % | {len(found)} "
            f"| {np.median(asking_s) / trials:.3f} |"
        )
    return "\n".join(lines)


def compared(choices: list[Choice], seeds: int) -> str:
    """How much further from the best than BASELINE each way ends, over repeats that both have: mean and 95 % interval, points.

    Repeats share days and seeds, which the differences are rid of.
    """
    gaps, _ = gaps_pct(choices, seeds)
    found: dict[tuple[str, int, str], dict[int, float]] = defaultdict(dict)
    spent: dict[tuple[str, int, str], list[int]] = defaultdict(list)
    for choice, gap in zip(choices, gaps, strict=True):
        found[choice.arm, choice.trials, choice.rule][choice.repeat] = gap
        spent[choice.arm, choice.trials, choice.rule].append(choice.simulated_days)
    lines = [f"against {', '.join(map(str, BASELINE))}", ""]
    lines += ["| search | trials | winner by | simulated days | further away, points | 95 % interval |"]
    lines += ["| --- | ---: | --- | ---: | ---: | ---: |"]
    for way in sorted(found, key=lambda way: (np.mean(spent[way]), way)):
        both = sorted(found[way].keys() & found[BASELINE].keys())
        if len(both) < FEWEST_PAIRS or way == BASELINE:
            continue
        differences = np.array([found[way][repeat] - found[BASELINE][repeat] for repeat in both])
        half = stats.t.ppf(0.975, len(both) - 1) * differences.std(ddof=1) / len(both) ** 0.5
        mean, (arm, trials, rule), days = differences.mean(), way, np.mean(spent[way])
        interval = f"{mean - half:+.2f} to {mean + half:+.2f}"
        lines.append(f"| {arm} | {trials} | {rule} | {days:.0f} | {mean:+.2f} | {interval} |")
    return "\n".join(lines)


def main(arguments: argparse.Namespace) -> None:
    """Search, and print the table."""
    city = arguments.city or "manhattan"
    arms = [arm for arm in ARMS if not arguments.arms or any(part in arm.name for part in arguments.arms)]
    wanted = jobs(list(QUICK), 2) if arguments.quick else [*jobs(arms, arguments.repeats), *references()]
    began = time.monotonic()
    choices = collect(city, wanted, arguments.out, arguments.processes)
    print(f"{city}: {len(wanted)} searches, {time.monotonic() - began:.0f} s")
    seeds = open_case(city).fresh_seeds
    print(table(choices, seeds))
    if not arguments.quick:
        print(compared(choices, seeds))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--city", choices=sorted(CASES), help="default: manhattan")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--arms", nargs="*", default=[], metavar="PART", help="only arms with such a part in their name")
    parser.add_argument("--out", type=Path, default=Path("search.jsonl"), help="searches as JSON lines, kept for the next call")
    parser.add_argument("--quick", action="store_true", help="two repeats of two short searches: does it run?")
    parser.add_argument(
        "--worlds", action="store_true", help="compare what a search averages over, in both cities unless --city"
    )
    given = parser.parse_args()
    if given.worlds:
        compare_mixes([given.city] if given.city else sorted(CASES), given.arms, given.repeats, given.out)
    else:
        main(given)
