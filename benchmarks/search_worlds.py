"""What a search should average over: one world, several, or several and a stress world, at equal simulated days.

    python benchmarks/search.py --worlds [--city manhattan] [--repeats 10] [--arms PART ...] --out FILE

Every mix spends the same simulated days. Its finalists are confirmed on the same days by two rules: as campaigns of one world
choose (the best there) or by the mean over believed worlds, and by that mean among those that survive the stress worlds. The
truth of a choice is its effect over fresh worlds and days that no search saw, the same for all, and in two named worlds. Rows
that are in FILE already are not run again, and each is written when it ends.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice, product
from pathlib import Path

import numpy as np
from search_cases import NO_SETTINGS, Case, Cell, open_case
from threadpoolctl import threadpool_limits
from world_cases import AS_TUNED, STRESS, STRESS_MARGIN_PCT, effects_pct, fresh_worlds, worlds_of

from tunegate.adapters.optuna.study import SearchStudy
from tunegate.domain.worlds import Settings
from tunegate.search.answers import TrialToRun
from tunegate.search.definition import SearchBudget, StudyDefinition

FINALISTS, VALIDATION_CELLS, STRESS_CELLS = 4, 8, 4
FRESH_WORLDS, FRESH_CELLS, FRESH_SEED = 16, 8, 20261128
# Mixes were compared, and one was chosen, on the first repeats; the others judge the choice.
CHOOSING = 2

Plan = tuple[tuple[Settings, Cell], ...]


@dataclass(frozen=True, slots=True)
class Mix:
    """What a trial plays: so many cells in the region's own world, or one in each other world."""

    name: str
    trials: int
    own: int = 0
    believed: int = 0
    stress: tuple[str, ...] = ()

    @property
    def days(self) -> int:
        """Simulated days of a trial."""
        return self.own + self.believed + len(self.stress)


# The last is what campaigns do: two tuning days in believed worlds, and each stress world once.
MIXES = (
    Mix("one world", 60, own=2),
    Mix("3 worlds", 40, believed=3),
    Mix("8 worlds", 15, believed=8),
    Mix("2 worlds, half follow", 40, believed=2, stress=("half follow",)),
    Mix("2 worlds, half follow, most follow", 30, believed=2, stress=("half follow", "most follow")),
)


@dataclass(frozen=True, slots=True)
class Finalist:
    """A finalist on validation days: its effect in the worlds it was searched in, in believed and in stress worlds, percent."""

    parameters: dict[str, float]
    searched_pct: float
    believed_pct: float
    stress_pct: dict[str, float]

    @property
    def survives(self) -> bool:
        """Whether it keeps its margin in every stress world."""
        return min(self.stress_pct.values()) >= -STRESS_MARGIN_PCT


@dataclass(frozen=True, slots=True)
class Truth:
    """Effects in percent by fresh cell: each in a fresh world, at 0.2 × 0.8 and at 0.5 × 1.0."""

    believed: list[float]
    as_tuned: list[float]
    half_follow: list[float]


@dataclass(frozen=True, slots=True)
class Row:
    """One search: what each rule chose of its finalists, and the truth of that; None where a rule found no candidate."""

    city: str
    mix: str
    repeat: int
    simulated_days: int
    finalists: list[dict[str, object]]
    truths: dict[str, dict[str, list[float]] | None]
    chosen: dict[str, dict[str, float] | None]


Rule = Callable[[Sequence[Finalist]], Finalist | None]


def _best(finalists: Sequence[Finalist], worth: Callable[[Finalist], float]) -> Finalist | None:
    best = max(finalists, key=worth, default=None)
    return best if best is not None and worth(best) > 0 else None


RULES: dict[str, Rule] = {
    "mean": lambda finalists: _best(finalists, lambda one: one.searched_pct),
    "survivor": lambda finalists: _best([one for one in finalists if one.survives], lambda one: one.believed_pct),
}


def search(case: Case, mix: Mix, repeat: int) -> Row:
    """Search, confirm, and value what each rule chooses."""
    with tempfile.TemporaryDirectory() as folder:
        trials = _trials(case, mix, repeat, f"journal://{folder}/study.journal")
    finalists = [_validated(case, mix, repeat, parameters) for parameters in trials]
    chosen = {name: rule(finalists) for name, rule in RULES.items()}
    return Row(
        case.name,
        mix.name,
        repeat,
        mix.days * mix.trials,
        [asdict(one) for one in finalists],
        {name: None if one is None else asdict(truth(case, one.parameters)) for name, one in chosen.items()},
        {name: None if one is None else one.parameters for name, one in chosen.items()},
    )


def _trials(case: Case, mix: Mix, repeat: int, url: str) -> list[dict[str, float]]:
    """The best trials of one search with the product's study, best first."""
    config, plan = case.config, _search_plan(case, mix, repeat)
    definition = StudyDefinition("bench", config.dimensions, config.production, repeat, "tpe", "none", {})
    study = SearchStudy.open(url, definition, SearchBudget(mix.trials, 0, 1, 0))
    for _ in range(mix.trials):
        asked = study.ask("bench")
        assert isinstance(asked, TrialToRun)
        revenue = float(np.mean([case.revenue(asked.parameters, cell, world) for world, cell in plan]))
        study.tell_complete(asked.number, revenue, len(plan), 0.0)
    return [dict(trial.parameters) for trial in study.top_k(FINALISTS)]


def _search_plan(case: Case, mix: Mix, repeat: int) -> Plan:
    believed = worlds_of(case.name).drawn(repeat, "search", mix.believed) if mix.believed else ()
    worlds = [*[NO_SETTINGS] * mix.own, *believed, *(STRESS[name] for name in mix.stress)]
    return tuple(zip(worlds, case.tuning_cells(repeat, mix.days), strict=True))


def _validated(case: Case, mix: Mix, repeat: int, parameters: dict[str, float]) -> Finalist:
    cells = case.validation_cells(repeat, VALIDATION_CELLS)
    worlds = worlds_of(case.name).drawn(repeat, "validation", len(cells))

    def effect(worlds: Sequence[Settings], on: Sequence[Cell]) -> float:
        return float(effects_pct(case, parameters, tuple(zip(islice(cycle(worlds), len(on)), on, strict=True))).mean())

    believed = effect(worlds, cells)
    searched = effect([NO_SETTINGS], cells) if mix.own else believed
    stress = {name: effect([world], cells[:STRESS_CELLS]) for name, world in STRESS.items()}
    return Finalist(parameters, searched, believed, stress)


def truth(case: Case, parameters: dict[str, float]) -> Truth:
    """The effect over fresh worlds and days, and in two named worlds."""
    cells = case.fresh_cells()
    fresh = fresh_worlds(case.name, FRESH_SEED, FRESH_WORLDS)
    named = [[(world, cell) for cell in cells[:FRESH_CELLS]] for world in (AS_TUNED, STRESS["half follow"])]
    plans = [list(zip(fresh, islice(cycle(cells), len(fresh)), strict=True)), *named]
    return Truth(*(effects_pct(case, parameters, plan).tolist() for plan in plans))


def collect(cities: Sequence[str], mixes: Sequence[Mix], repeats: int, out: Path) -> list[Row]:
    """Run what `out` does not hold yet, every mix of a repeat before the next repeat, and return all that it holds then."""
    found = [Row(**json.loads(line)) for line in out.read_text().splitlines()] if out.exists() else []
    done = {(row.city, row.mix, row.repeat) for row in found}
    with out.open("a") as file, threadpool_limits(1):
        for repeat, city, mix in product(range(repeats), cities, mixes):
            if (city, mix.name, repeat) in done:
                continue
            row = search(open_case(city), mix, repeat)
            file.write(json.dumps(asdict(row)) + "\n")
            file.flush()
            found.append(row)
            print(f"{city}, {mix.name}, repeat {repeat}", file=sys.stderr, flush=True)
    return [row for row in found if row.city in cities and row.repeat < repeats]


def table(rows: Sequence[Row]) -> str:
    """True effects by city and mix: of the best on the mean, and of the best that survives, with how often there is one."""
    named = "fresh worlds | 0.2 × 0.8 | 0.5 × 1.0"
    lines = [f"| city | mix | {named} | survivors | {named} |", "| --- | --- |" + " ---: |" * 7]
    for city in sorted({row.city for row in rows}):
        for mix in MIXES:
            of_mix = [row for row in rows if (row.city, row.mix) == (city, mix.name)]
            if of_mix:
                survivors = f"{sum(row.truths['survivor'] is not None for row in of_mix)} of {len(of_mix)}"
                lines.append(
                    f"| {city} | {mix.name} | {_figures(of_mix, 'mean')} | {survivors} | {_figures(of_mix, 'survivor')} |"
                )
    return "\n".join(lines)


def _figures(rows: Sequence[Row], rule: str) -> str:
    truths = [Truth(**each) for row in rows if (each := row.truths[rule]) is not None]
    figures = [[np.mean(effects) for effects in (one.believed, one.as_tuned, one.half_follow)] for one in truths]
    return " | ".join(_spread(column) for column in zip(*figures, strict=True)) or "– | – | –"


def _spread(values: Sequence[np.floating]) -> str:
    """Mean ± standard deviation over repeats, and the lowest."""
    deviation = f" ± {np.std(values, ddof=1):.2f}" if len(values) > 1 else ""
    return f"{np.mean(values):+.2f}{deviation} ({min(values):+.2f})"


def compare_mixes(cities: Sequence[str], parts: Sequence[str], repeats: int, out: Path) -> None:
    """Search with the mixes that have one of `parts` in their name; print tables of the repeats that chose and that judge."""
    mixes = [mix for mix in MIXES if not parts or any(part in mix.name for part in parts)]
    rows = collect(cities, mixes, repeats, out)
    for name, part in (
        (f"repeats 0 to {CHOOSING - 1}, on which a mix was chosen", [row for row in rows if row.repeat < CHOOSING]),
        (f"repeats from {CHOOSING}, which judge it", [row for row in rows if row.repeat >= CHOOSING]),
    ):
        print(f"\n{name}\n\n{table(part)}")
