"""The worst zone's margin: what a planted harm and an unchanged candidate allow, on a city's own noise.

    python benchmarks/gate_zones.py san_francisco                 # choose: earlier days, seeds of their own
    python benchmarks/gate_zones.py san_francisco --judge 12      # judge one margin on the test days, with fresh seeds

An unchanged candidate is production with one parameter moved by a few millionths: paths part after a while and nothing real
changes. A planted harm takes a tenth of the candidate's revenue away in one zone that is judged alone. Wanted: the harm passes
in at most 5 % of gates whichever zone it hits, an unchanged candidate in at least 90 %.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

import numpy as np
from hailsim_cases import days_from
from search_cases import open_case

from hailsim.model.calendar import History
from hailsim.model.metrics import report_day
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario, run_day
from hailsim.planner.parameters import read_parameters
from tunegate.config.region import resolve_periods
from tunegate.domain.days import DayResult, Forecast
from tunegate.domain.parameters import Parameters
from tunegate.domain.seeds import phase_seeds
from tunegate.gate.grid import PairedRows, Rows, one_world
from tunegate.gate.guardrails import judge_guardrail
from tunegate.gate.judgement import GuardrailStatus
from tunegate.gate.versions import CURRENT_RULE
from tunegate.gate.zones import POOLED, judge_worst_zone, zone_series

NEWEST_DAY = date(2015, 1, 31)
"""Of the bundled city; San Francisco's periods are absolute."""
HARM = 0.10
SEEDS_PER_DAY = 4
MOVED = 4
"""Unchanged candidates beside each run of production, each on paths of its own."""

CHOOSING = {
    "san_francisco": (History(date(2008, 5, 17), date(2008, 5, 19)), days_from(date(2008, 5, 20), 6)),
    "manhattan": (History(date(2014, 12, 1), date(2014, 12, 14)), days_from(date(2014, 12, 15), 14)),
}


@dataclass(frozen=True)
class Plan:
    """One city's gates: which days and seeds, and the level of one verdict."""

    city: str
    history: History
    days: tuple[date, ...]
    seed_key: int
    level: float


def plan_of(city: str, *, judging: bool) -> Plan:
    """Choosing looks at days before the test period, judging at the test days with other seeds."""
    config = open_case(city).config
    ledger = config.gate.ledger_policy
    level = ledger.one_sided_level / ledger.verdicts_per_period
    if not judging:
        return Plan(city, *CHOOSING[city], 71, level)
    periods = resolve_periods(config, NEWEST_DAY)
    return Plan(city, History(periods.history.first, periods.history.last), periods.test.days, 72, level)


def gates_of(plan: Plan, group: int, days_per_gate: int) -> list[PairedRows]:
    """`MOVED` unchanged candidates beside one run of production; days repeat with further seeds where there are too few."""
    case = open_case(plan.city)
    production = case.config.production
    seeds = phase_seeds(plan.seed_key, "power", (group + 1) * 2 * SEEDS_PER_DAY)[-2 * SEEDS_PER_DAY :]
    cells = [
        (plan.days[number % len(plan.days)], seeds[SEEDS_PER_DAY * (number // len(plan.days)) :][:SEEDS_PER_DAY])
        for number in range(days_per_gate)
    ]
    runs = [
        _rows(plan, Parameters({**production, "gamma": production["gamma"] * (1.0 + moved * 2e-5 + group * 1e-7)}), cells)
        for moved in range(MOVED + 1)
    ]
    return [PairedRows(runs[0], run) for run in runs[1:]]


def _rows(plan: Plan, parameters: Parameters, cells: list[tuple[date, tuple[int, ...]]]) -> Rows:
    case = open_case(plan.city)
    settings = read_settings(dict(case.config.simulator.settings))
    scenario = Scenario(read_parameters(parameters), settings, Forecast.ML, plan.history)
    return tuple(
        tuple(_result(case.world, scenario, day, seed, number) for seed in seeds) for number, (day, seeds) in enumerate(cells)
    )


def _result(world: object, scenario: Scenario, day: date, seed: int, number: int) -> DayResult:
    report = report_day(run_day(world, scenario, day, seed), world.graph)
    return DayResult(day, seed, Forecast.ML, report.metrics, report.zone_revenue_minor, report.drivers, f"{number}")


def harmed(rows: PairedRows, zone: str) -> PairedRows:
    """The candidate without a tenth of its revenue in this zone."""

    def without(row: DayResult) -> DayResult:
        zones = {**row.zone_revenue_minor, zone: round((1.0 - HARM) * row.zone_revenue_minor.get(zone, 0))}
        return replace(row, zone_revenue_minor=zones, metrics={**row.metrics, "revenue_minor": float(sum(zones.values()))})

    return replace(rows, candidate=tuple(tuple(without(row) for row in day) for day in rows.candidate))


def lowest_bound(rows: PairedRows, level: float) -> float:
    """The lower bound that a margin must exceed for the guardrail to hold."""
    worst = judge_worst_zone(one_world(rows), 1e9, level, CURRENT_RULE).worst
    assert worst is not None
    return worst.low_pct


def own_zones(rows: PairedRows) -> list[str]:
    """The zones that are judged alone."""
    series = zone_series(one_world(rows), CURRENT_RULE)
    assert series is not None
    return [name for name in series.names if name != POOLED]


def others_income(gates: list[PairedRows], plan: Plan) -> str:
    """What an unchanged candidate shows of the other drivers' income."""
    guardrails = {each.metric: each for each in open_case(plan.city).config.gate.policy().guardrails}
    guardrail = guardrails.get("other_revenue_per_driver_minor")
    if guardrail is None:
        return "others' income is not guarded"
    outcomes = [judge_guardrail(one_world(rows), guardrail, plan.level) for rows in gates]
    held = np.mean([outcome.status is GuardrailStatus.HELD for outcome in outcomes])
    widths = [outcome.high - outcome.low for outcome in outcomes if outcome.high is not None and outcome.low is not None]
    return f"others' income: margin {guardrail.margin:g} % holds in {held:.0%}, half-width {np.median(widths) / 2:.2f} %"


def table(plan: Plan, gates: list[PairedRows], margins: list[float]) -> Iterator[str]:
    """For each margin, how often an unchanged candidate passes, and a harm in the zone in which it passes most often."""
    zones = sorted(set.intersection(*(set(own_zones(rows)) for rows in gates)))
    unchanged = np.array([lowest_bound(rows, plan.level) for rows in gates])
    harm = {zone: np.array([lowest_bound(harmed(rows, zone), plan.level) for rows in gates]) for zone in zones}
    days = len(gates[0].production)
    yield f"{plan.city}: {len(gates)} gates of {days} days x {SEEDS_PER_DAY} seeds, {len(zones)} zones of their own"
    yield others_income(gates, plan)
    yield "| margin | unchanged candidate passes | a true -10 % passes, worst zone | mean over zones |"
    yield "| ---: | ---: | ---: | ---: |"
    for margin in margins:
        rates = {zone: float((lows > -margin).mean()) for zone, lows in harm.items()}
        worst = max(rates, key=lambda zone: rates[zone])
        passed = float((unchanged > -margin).mean())
        yield f"| {margin:g} % | {passed:.1%} | {rates[worst]:.1%} (zone {worst}) | {np.mean(list(rates.values())):.1%} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("city", choices=sorted(CHOOSING))
    parser.add_argument("--judge", type=float, help="the margin to judge on the test days")
    parser.add_argument("--groups", type=int, default=25, help=f"groups of {MOVED} gates")
    options = parser.parse_args()
    plan = plan_of(options.city, judging=options.judge is not None)
    days_per_gate = len(resolve_periods(open_case(options.city).config, NEWEST_DAY).test.days)
    with ProcessPoolExecutor(max_workers=2) as pool:
        groups = pool.map(partial(gates_of, plan, days_per_gate=days_per_gate), range(options.groups))
        gates = []
        for number, group in enumerate(groups, start=1):
            gates += group
            print(f"{number} of {options.groups} groups", file=sys.stderr, flush=True)
    margins = [options.judge] if options.judge is not None else [float(margin) for margin in range(3, 16)]
    for line in table(plan, gates, margins):
        print(line, flush=True)


if __name__ == "__main__":
    main()
