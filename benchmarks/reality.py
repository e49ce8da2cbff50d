"""What docs/reality.md quotes: error rates of release experiments over 200 hidden worlds.

    python benchmarks/reality.py [--streets FOLDER] [--worlds 200]

Streets are simulated by hailsim in full (`reality_streets.py`, some 10 s each; FOLDER keeps them). The tuning streets choose
the design; the hidden streets judge it, and none of them was looked at before. A hidden world is one of the hidden streets with
an effect and a schedule of its own: the revenue that the street earned under production, changed where the candidate runs, as
fast as this street followed its own candidate. The last table uses no such arithmetic: both arms were simulated by turns.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from reality_streets import DAYS, HALF_HOURS, Street, streets
from scipy import stats

from tunegate.experiment.analysis import critical_value, estimate_effect, t_from_normal
from tunegate.experiment.design import (
    DesignScore,
    SimulatedStreet,
    candidate_designs,
    felt,
    response_of,
    run_on_street,
    score_designs,
)
from tunegate.experiment.evidence import WindowTable
from tunegate.experiment.schedule import SwitchbackPlan, draw_schedule

TUNING, HIDDEN, FIRST_HIDDEN = 6, 20, 100
RESPONSE_HALF_HOURS = 8
EFFECT_PCT = 3.0
EXPERIMENTS = 6
START = date(2026, 6, 1)
PLAN = HALF_HOURS


@dataclass(frozen=True, slots=True)
class LookResult:
    """Estimate and interval of one look."""

    estimate_pct: float
    error_pct: float
    low_pct: float
    high_pct: float


Design = Callable[[SimulatedStreet, float, int], Sequence[LookResult]]


def simulated(street: Street) -> SimulatedStreet:
    """A street with its own response."""
    response = response_of(street.production, street.candidate, street.switching, street.arms, RESPONSE_HALF_HOURS)
    return SimulatedStreet(street.production, response)


def until(table: WindowTable, days: int) -> tuple[WindowTable, NDArray[np.bool_]]:
    """The windows of the first days."""
    kept = table.day < days
    columns = {name: getattr(table, name)[kept] for name in ("position", "day", "slot", "candidate", "measured_min")}
    return replace(table, **columns), kept


def switchback(plan: SwitchbackPlan) -> Design:
    """The design and analysis that the product runs."""

    def looks(street: SimulatedStreet, effect_pct: float, seed: int) -> list[LookResult]:
        schedule = draw_schedule(plan, start=START, time_zone="UTC", seed=seed)
        table, values, _ = run_on_street(schedule, street, effect_pct)
        found = []
        for days in plan.looks:
            seen, kept = until(table, days)
            estimate = estimate_effect(schedule, seen, values[kept], level=plan.level)
            assert estimate is not None
            interval = estimate.interval
            found.append(LookResult(interval.estimate_pct, estimate.standard_error_pct, interval.low_pct, interval.high_pct))
        return found

    return looks


def hourly_alternation(street: SimulatedStreet, effect_pct: float, seed: int) -> list[LookResult]:
    """Odd and even hours alternate, every second day the other way round; least squares on days and hours, t interval."""
    arms = (np.arange(DAYS)[:, np.newaxis] + np.arange(24) + seed) % 2.0
    revenue = street.revenue * (1 + effect_pct / 100 * felt(arms.ravel(), 60, street.response))
    return [_ordinary(revenue[:days].reshape(days, 24, -1).sum(axis=2), arms[:days]) for days in PLAN.looks]


def _ordinary(hourly: NDArray[np.float64], arms: NDArray[np.float64]) -> LookResult:
    days = len(hourly)
    usual = hourly.mean(axis=1, keepdims=True) * hourly.mean(axis=0, keepdims=True) / hourly.mean()
    relative = hourly / usual - 1

    def centred(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()

    response, treatment = centred(relative), centred(arms)
    effect = (response * treatment).sum() / (treatment**2).sum()
    degrees = (days - 1) * 23 - 1
    variance = ((response - effect * treatment) ** 2).sum() / degrees
    return _result(effect, np.sqrt(variance / (treatment**2).sum()), degrees, 0.5)


def whole_days(street: SimulatedStreet, effect_pct: float, seed: int) -> list[LookResult]:
    """Whole days alternate; difference of the mean days, Welch's t interval."""
    arms = (np.arange(DAYS) + seed) % 2 == 1
    daily = (street.revenue * (1 + effect_pct / 100 * felt(np.repeat(arms, 24), 60, street.response))).sum(axis=1)
    found = []
    for days in PLAN.looks:
        treated, others = daily[:days][arms[:days]], daily[:days][~arms[:days]]
        base = others.mean()
        variance = sum(
            each.var(ddof=1) / len(each) if len(each) > 1 else daily[:days].var(ddof=1) for each in (treated, others)
        )
        found.append(_result((treated.mean() - base) / base, float(np.sqrt(variance)) / base, max(1, days - 2), 0.0))
    return found


def _result(effect: float, error: float, degrees: int, share: float) -> LookResult:
    half = t_from_normal(critical_value(PLAN, PLAN.level), degrees) * error
    values = [100 * each / (1 - share * each) for each in (effect, effect - half, effect + half)]
    return LookResult(values[0], 100 * error, values[1], values[2])


@dataclass(frozen=True, slots=True)
class Figures:
    """A row of the table."""

    name: str
    cells: tuple[str, ...]


def measure(name: str, design: Design, hidden: Sequence[SimulatedStreet], worlds: int) -> Figures:
    """All figures of one design."""
    rng = np.random.default_rng(14)
    effects, at_random = rng.uniform(-5, 3, worlds), rng.integers(0, len(PLAN.looks), worlds)

    def run(effect_of: Callable[[int], float], first_seed: int) -> list[Sequence[LookResult]]:
        return [design(hidden[n % len(hidden)], effect_of(n), first_seed + n) for n in range(worlds)]

    def stopped(results: Sequence[Sequence[LookResult]], days: int) -> int:
        judged = sum(look <= days for look in PLAN.looks)
        return sum(any(look.high_pct < PLAN.harm_limit_pct for look in looks[:judged]) for looks in results)

    mixed = run(lambda n: effects[n], 10_000)
    same, harmful, very_harmful = (
        run(lambda _, e=effect: e, 10_000 + 1_000 * k) for k, effect in ((1, 0.0), (2, -5.0), (3, -10.0))
    )
    errors = np.array([looks[-1].estimate_pct - effect for looks, effect in zip(mixed, effects, strict=True)])
    standard = np.mean([looks[-1].error_pct for looks in mixed])
    end = sum(looks[-1].low_pct <= effect <= looks[-1].high_pct for looks, effect in zip(mixed, effects, strict=True))
    chosen = [looks[at] for looks, at in zip(mixed, at_random, strict=True)]
    random_look = sum(look.low_pct <= effect <= look.high_pct for look, effect in zip(chosen, effects, strict=True))
    return Figures(
        name,
        (
            rate(stopped(same, DAYS), worlds),
            rate(end, worlds),
            rate(random_look, worlds),
            f"{errors.mean():+.2f} % = {errors.mean() / standard:+.2f} errors",
            f"{errors.std(ddof=1):.2f} % (said {standard:.2f} %)",
            rate(stopped(very_harmful, 3), worlds),
            rate(stopped(harmful, DAYS), worlds),
        ),
    )


def rate(count: int, of: int) -> str:
    """A share with its exact 95 % interval."""
    interval = stats.binomtest(count, of).proportion_ci()
    return f"{100 * count / of:.1f} % ({100 * interval.low:.0f} to {100 * interval.high:.0f})"


ROWS = (
    "A/A stopped for harm at any look (≤ 5 %)",
    "interval covers the effect at the end (88 to 97 %)",
    "at a random look (88 to 97 %)",
    "bias (≤ 0.1 standard errors)",
    "spread of the estimates after 14 days",
    "-10 % rolled back after 3 days (≥ 95 %)",
    "-5 % rolled back within 14 days (≥ 80 %)",
)


def print_table(columns: Sequence[Figures]) -> None:
    """Markdown."""
    print("| figure (wanted) | " + " | ".join(column.name for column in columns) + " |")
    print("| --- |" + " --- |" * len(columns))
    for number, row in enumerate(ROWS):
        print(f"| {row} | " + " | ".join(column.cells[number] for column in columns) + " |")


def print_designs(title: str, scores: Sequence[DesignScore]) -> None:
    """The grid, best first."""
    print(f"\n{title}\n")
    print("| window, washout | bias | standard error | √MSE | detectable | catches -2, -5, -10 % | days for +1 % |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for score in scores:
        root = score.mean_squared_error**0.5
        caught = " / ".join(f"{100 * chance:.0f} %" for chance in score.chance_to_catch.values())
        print(
            f"| {score.plan.window_min} min, {score.plan.washout_min} min | {score.bias_pct:+.2f} % "
            f"| {score.standard_error_pct:.2f} % | {root:.2f} % | {score.detectable_pct:.1f} % "
            f"| {caught} | {score.days_for_one_pct} |"
        )


def print_full(hidden: Sequence[Street]) -> None:
    """Experiments that hailsim played in full, with the candidate's true effect from two more runs of the same days."""
    rows = []
    for number, street in enumerate(hidden, FIRST_HIDDEN):
        schedule = draw_schedule(HALF_HOURS, start=START, time_zone="UTC", seed=number)
        table, _, _ = run_on_street(schedule, SimulatedStreet(street.production, np.ones(1)), 0.0)
        assert (table.candidate.reshape(street.arms.shape) == street.arms).all()
        values = street.switching.reshape(DAYS, 48, -1).sum(axis=2).ravel() / 30
        found = estimate_effect(schedule, table, values, level=HALF_HOURS.level)
        assert found is not None
        rows.append(
            (
                street.effect_pct,
                found.interval.estimate_pct,
                found.standard_error_pct,
                found.interval.low_pct,
                found.interval.high_pct,
            )
        )
    truth, estimate, error, low, high = np.array(rows).T
    bias = estimate - truth
    print(f"\nPlayed in full: {len(rows)} worlds, effects {truth.min():+.1f} to {truth.max():+.1f} %, half-hour windows")
    print(f"- covered at the end: {rate(int(((low <= truth) & (truth <= high)).sum()), len(rows))}")
    uncertain = bias.std(ddof=1) / len(rows) ** 0.5
    print(f"- bias {bias.mean():+.2f} ± {uncertain:.2f} %, {bias.mean() / error.mean():+.2f} standard errors")
    print(f"- spread {bias.std(ddof=1):.2f} %, said {error.mean():.2f} %")
    print(f"- rolled back by the last look: {rate(int((high < HALF_HOURS.harm_limit_pct).sum()), len(rows))}")


def main() -> None:
    """Choose a design on the tuning streets, then judge it on the hidden ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streets", type=Path, default=Path("build/streets"))
    parser.add_argument("--worlds", type=int, default=200)
    options = parser.parse_args()
    tuning = [simulated(street) for street in streets(range(TUNING), options.streets)]
    proposed = score_designs(list(candidate_designs(PLAN)), tuning, effect_pct=EFFECT_PCT, experiments=EXPERIMENTS, seed=1)
    print_designs(f"Designs on {TUNING} tuning streets, 14 days, effect {EFFECT_PCT:+g} %", proposed)
    played = streets(range(FIRST_HIDDEN, FIRST_HIDDEN + HIDDEN), options.streets)
    hidden = [simulated(street) for street in played]
    judged = score_designs([score.plan for score in proposed], hidden, effect_pct=EFFECT_PCT, experiments=2, seed=50_000)
    print_designs(f"The same designs on {HIDDEN} hidden streets", judged)
    chosen = next(score for score in judged if score.plan == proposed[0].plan)
    worse = chosen.mean_squared_error / judged[0].mean_squared_error - 1
    print(f"\nThe proposed design's MSE is {worse:.0%} above the best of the grid.\n")
    plan = proposed[0].plan
    name = f"switchback, {plan.window_min} min windows, {plan.washout_min} min washout"
    designs: list[tuple[str, Design]] = [
        (name, switchback(plan)),
        ("fixed hourly alternation", hourly_alternation),
        ("whole-day alternation", whole_days),
    ]
    print_table([measure(each, design, hidden, options.worlds) for each, design in designs])
    print_full(played)


if __name__ == "__main__":
    main()
