"""What a simulator costs and shows: the speed of a day, its noise, and what a gate of two weeks could see."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np

from tunegate.application.conformance.bench import Bench, NotApplicable, one_day, require
from tunegate.application.conformance.repeating import NEEDED
from tunegate.application.conformance.rule import Rule
from tunegate.domain.conformance import RuleOutcome
from tunegate.domain.days import Arm, Forecast, SimulationAnswer
from tunegate.domain.simulation import SimulationRequest
from tunegate.gate.grid import REVENUE, PairedRows, metric_cells, paired_rows
from tunegate.gate.intervals import FloatArray
from tunegate.gate.plan import GatePlan
from tunegate.gate.policy import FEWEST_DAYS, GatePolicy
from tunegate.gate.power import TuningRuns, forecast_power

NOISE_BUDGET_S = 20.0
SEEDS = 4
FEWEST_SEEDS = 2
CANDIDATE_STEP = 0.15
SMALL_STEP = 0.02
LEAST_CORRELATION = 0.3
PLAN = GatePlan(days=14, seeds=4, level=0.05)
POLICY = GatePolicy(0.5, 0.5, PLAN.level, FEWEST_DAYS, 100_000, (), None)


@dataclass(frozen=True, slots=True)
class Sample:
    """The defaults and another set of parameters on the same days and seeds."""

    request: SimulationRequest
    production: SimulationAnswer
    candidate: SimulationAnswer

    @property
    def runs(self) -> TuningRuns:
        """The same as the power forecast takes it."""
        answers = {(Arm.PRODUCTION, Forecast.ML): self.production, (Arm.CANDIDATE, Forecast.ML): self.candidate}
        return TuningRuns(self.request.days, self.request.seeds, answers)


async def _speed(bench: Bench) -> str:
    request = one_day(bench.request())
    began_s = time.perf_counter()
    fresh = bench.probe.open()
    await fresh.simulate(request)
    first_s = time.perf_counter() - began_s
    day_s = await _day_s(bench)
    return f"{day_s:.3g} s a day; the first day of a fresh process takes {first_s:.3g} s"


async def _pairing(bench: Bench) -> str:
    cells = _cells(await _sample(bench, SMALL_STEP))
    if cells is None:
        raise NotApplicable("there was no revenue on some days")
    within = [(each - each.mean(axis=1, keepdims=True)).ravel() for each in cells]
    spread = [float(each.std()) for each in within]
    if min(spread) == 0:
        return "no noise: seeds do not change revenue"
    correlation = float(np.corrcoef(within[0], within[1])[0, 1])
    seen = f"with nearly equal parameters, revenue is correlated {correlation:.2f} over {within[0].size} days and seeds"
    require(correlation >= LEAST_CORRELATION, f"{seen}: parameters seem to change which customers come")
    return seen


async def _power(bench: Bench) -> str:
    sample = await _sample(bench, CANDIDATE_STEP)
    if _cells(sample) is None:
        raise NotApplicable("there was no revenue on some days")
    forecast = forecast_power(sample.runs, PLAN, POLICY)
    noise, smallest = forecast.noise.ml, forecast.minimum_detectable_effect_pct
    seeds = "?" if noise.sd_seed is None else f"{noise.sd_seed:.2f}"
    least = "no gain four times out of five" if smallest is None else f"+{smallest:.2f} % four times out of five"
    return (
        f"a paired difference varies by {noise.sd_day:.2f} % between days and {seeds} % between seeds; a gate of {PLAN.days} "
        f"days × {PLAN.seeds} seeds sees +1 % with {100 * forecast.power_at_1_pct:.0f} % chance, and {least}"
    )


async def _sample(bench: Bench, step: float) -> Sample:
    """Parameters moved by a share of their range, on as many days and seeds as the budget allows."""
    affordable = NOISE_BUDGET_S / max(await _day_s(bench), 1e-3) / len(Arm)
    seeds = SEEDS if affordable >= SEEDS * bench.sample_days else FEWEST_SEEDS
    days = min(bench.sample_days, max(3, math.floor(affordable / seeds)))
    request = bench.request(days=bench.last_days(days), seeds=tuple(range(1, seeds + 1)))
    production = await bench.warm.simulate(request)
    candidate = await bench.warm.simulate(replace(request, parameters=bench.moved(step)))
    return Sample(request, production, candidate)


async def _day_s(bench: Bench) -> float:
    """Seconds of a day in the warm process, after one to warm it up."""
    await bench.warm.simulate(one_day(bench.request()))
    began_s = time.perf_counter()
    answer = await bench.warm.simulate(bench.request())
    return (time.perf_counter() - began_s) / len(answer.days)


def _cells(sample: Sample) -> tuple[FloatArray, FloatArray] | None:
    """Revenue of both arms as (days, seeds); None where there was none at all."""
    rows: PairedRows | None = paired_rows(sample.runs, Forecast.ML)
    if rows is None:
        return None
    production, candidate = metric_cells(rows.production, REVENUE), metric_cells(rows.candidate, REVENUE)
    if production is None or candidate is None or not production.mean() > 0:
        return None
    return production, candidate


RULES = (
    Rule("speed", "How long a day takes", "", _speed, RuleOutcome.MEASURED),
    Rule(
        "pairing",
        "The noise of a day is shared by both arms, so that it cancels",
        "Key every draw by what it is for; one generator for everything drifts apart at the first difference between the arms.",
        _pairing,
        needs=NEEDED,
    ),
    Rule("power", "What a gate would see", "", _power, RuleOutcome.MEASURED),
)
