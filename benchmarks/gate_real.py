"""The gate on the real simulator: hundreds of A/A and planted-effect gates on the bundled city, through hailsim's own process.

A/A here is not the same parameters twice (pairing makes that exactly zero) but production against itself with one parameter
moved by a few millionths: the taxis' paths part after a while, nothing real changes, and what is left is the simulator's own
noise. The planted pair is a softer and a sharper planner; its truth is the mean over all gates of a window.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from tunegate.adapters.simulator.subprocess_simulator import SubprocessSimulator
from tunegate.domain.days import Arm, Forecast, SimulationAnswer
from tunegate.domain.parameters import Direction, Parameters
from tunegate.domain.periods import Period
from tunegate.domain.simulation import SimulationRequest
from tunegate.domain.verdicts import Inconclusive, Invalid, Promote, Reject
from tunegate.gate.evidence import GateEvidence
from tunegate.gate.judge import judge
from tunegate.gate.judgement import Judgement
from tunegate.gate.policy import GatePolicy, GuardrailKind, GuardrailPolicy
from tunegate.gate.versions import CURRENT_RULE

COMMAND = (str(Path(sys.executable).with_name("hailsim")),)
CITY = "manhattan"
HISTORY = Period(date(2014, 12, 1), date(2014, 12, 20))
WINDOWS = tuple(
    Period(date(2014, 12, 21) + timedelta(days=14 * n), date(2015, 1, 3) + timedelta(days=14 * n)) for n in range(3)
)
SETTINGS: Mapping[str, float] = {"follower_share": 0.2}
SOFT_TEMPERATURE = 3.0
SEEDS_PER_DAY = 4
PAIRS = ("A/A", "better", "worse")
ON_HAILSIM = f"hailsim {CITY}, rule version {CURRENT_RULE.name}"

POLICY = GatePolicy(
    minimum_effect_pct=0.5,
    fallback_margin_pct=0.5,
    one_sided_level=0.05,
    minimum_days=5,
    maximum_test_age_days=30,
    guardrails=(
        GuardrailPolicy("utilisation_pct", Direction.HIGHER, 0.5, GuardrailKind.POINTS),
        GuardrailPolicy("empty_distance_m", Direction.LOWER, 1.0, GuardrailKind.RELATIVE_PCT),
        GuardrailPolicy("wait_mean_s", Direction.LOWER, 2.0, GuardrailKind.RELATIVE_PCT),
        GuardrailPolicy("wait_p95_s", Direction.LOWER, 3.0, GuardrailKind.RELATIVE_PCT),
        GuardrailPolicy("lost_customers_pct", Direction.LOWER, 0.3, GuardrailKind.POINTS),
        GuardrailPolicy("driver_revenue_p10_minor", Direction.HIGHER, 1.0, GuardrailKind.RELATIVE_PCT),
        GuardrailPolicy("driver_revenue_gini", Direction.LOWER, 1.0, GuardrailKind.FRACTION_POINTS),
    ),
    worst_zone_margin_pct=None,
)
REVENUE_ONLY = replace(POLICY, guardrails=())


@dataclass(frozen=True)
class RealGate:
    """One gate on the simulator: which pair, on which window, judged with and without guardrails."""

    pair: str
    window: int
    guarded: Judgement
    revenue_only: Judgement


def real_gates(groups: int) -> list[RealGate]:
    """Judge three gates in each group of fresh seeds; windows take turns."""
    return asyncio.run(_real_gates(groups))


async def _real_gates(groups: int) -> list[RealGate]:
    simulator = SubprocessSimulator(COMMAND)
    try:
        default = {spec.name: spec.default for spec in (await simulator.describe()).parameters}
        gates: list[RealGate] = []
        for group in range(groups):
            gates += await _group(simulator, default, group)
            if group % 10 == 9:
                print(f"{group + 1} of {groups} groups on {CITY}", file=sys.stderr, flush=True)
        return gates
    finally:
        await simulator.close()


async def _group(simulator: SubprocessSimulator, default: Mapping[str, float], group: int) -> list[RealGate]:
    """The gates of one group: sharp is the default planner, soft the worse one, moved the default in other paths."""
    window = group % len(WINDOWS)
    seeds = tuple(range(1000 + SEEDS_PER_DAY * group, 1000 + SEEDS_PER_DAY * (group + 1)))
    sharp = Parameters(default)
    soft = Parameters({**default, "temperature": SOFT_TEMPERATURE})
    moved = Parameters({**default, "gamma": default["gamma"] * (1.0 + 2e-5 + 1e-7 * group)})
    runs = {name: await _runs(simulator, name, window, seeds) for name in (sharp, soft, moved)}
    gates = []
    for pair, production, candidate in zip(PAIRS, (sharp, soft, sharp), (moved, sharp, soft), strict=True):
        again = await _run(simulator, production, Forecast.ML, WINDOWS[window].days[:1], seeds[:1])
        evidence = _evidence(window, seeds, (production, candidate), (runs[production], runs[candidate]), again)
        gates.append(RealGate(pair, window, judge(evidence, POLICY), judge(evidence, REVENUE_ONLY)))
    return gates


CabIntervals = Mapping[Forecast, SimulationAnswer]


async def _runs(simulator: SubprocessSimulator, parameters: Parameters, window: int, seeds: tuple[int, ...]) -> CabIntervals:
    return {forecast: await _run(simulator, parameters, forecast, WINDOWS[window].days, seeds) for forecast in Forecast}


async def _run(
    simulator: SubprocessSimulator, parameters: Parameters, forecast: Forecast, days: tuple[date, ...], seeds: tuple[int, ...]
) -> SimulationAnswer:
    request = SimulationRequest("calibration", CITY, parameters, days, seeds, forecast, HISTORY, dict(SETTINGS))
    return await simulator.simulate(request)


def _evidence(
    window: int,
    seeds: tuple[int, ...],
    parameters: tuple[Parameters, Parameters],
    runs: tuple[CabIntervals, CabIntervals],
    again: SimulationAnswer,
) -> GateEvidence:
    test = WINDOWS[window]
    answers = {(arm, forecast): run[forecast] for arm, run in zip(Arm, runs, strict=True) for forecast in Forecast}
    return GateEvidence(
        region=CITY,
        campaign="calibration",
        test=test,
        days=test.days,
        seeds=seeds,
        production=parameters[0],
        candidate=parameters[1],
        live_production_digest=parameters[0].digest,
        answers=answers,
        self_check=again,
        judged_on=test.last + timedelta(days=1),
        newest_data_day=None,
        alpha_spent=POLICY.one_sided_level,
    )


def real_rates(gates: list[RealGate]) -> list[tuple[str, float, int, float | None, float | None]]:
    """Name, percent, gates, and the limits demanded: at least, at most."""
    by_pair = {pair: [gate for gate in gates if gate.pair == pair] for pair in PAIRS}
    null, better, worse = (by_pair[pair] for pair in PAIRS)
    count = len(null)
    effect = f"{_mean_effect(better):+.1f} %"

    def share(chosen: list[RealGate], kind: type, *, guarded: bool = False) -> float:
        return 100.0 * float(
            np.mean([isinstance((gate.guarded if guarded else gate.revenue_only).verdict, kind) for gate in chosen])
        )

    return [
        (f"{ON_HAILSIM}: A/A promoted", share(null, Promote), count, None, 5.0),
        (f"{ON_HAILSIM}: A/A lower bound above 0", _share_above_zero(null), count, None, None),
        (f"{ON_HAILSIM}: 90 % interval covers, A/A", _coverage(null, dict.fromkeys(range(3), 0.0)), count, 88.0, None),
        (f"{ON_HAILSIM}: 90 % interval covers at {effect}", _coverage(better, _truths(better)), count, 88.0, None),
        (f"{ON_HAILSIM}: promoted at {effect}", share(better, Promote), count, 90.0, None),
        (
            f"{ON_HAILSIM}: inconclusive at {effect}, seven guardrails",
            share(better, Inconclusive, guarded=True),
            count,
            None,
            None,
        ),
        (f"{ON_HAILSIM}: rejected when planted worse", share(worse, Reject), count, 90.0, None),
        (f"{ON_HAILSIM}: promoted when planted worse", share(worse, Promote), count, None, 0.0),
        (f"{ON_HAILSIM}: invalid", share(gates, Invalid), len(gates), None, 0.0),
    ]


def real_noise(gates: list[RealGate]) -> str:
    """The variances and guardrail errors measured on the simulator, in Markdown."""
    lines = [
        "| pair | sd between days | sd between seeds | half-width | detectable effect |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for pair in PAIRS:
        judged = [gate.revenue_only for gate in gates if gate.pair == pair]
        parts = [judgement.components_ml for judgement in judged if judgement.components_ml]
        widths = [j.delta_ml.high_pct - j.delta_ml.estimate_pct for j in judged if j.delta_ml]
        seen = [j.minimum_detectable_effect_pct for j in judged if j.minimum_detectable_effect_pct is not None]
        day = np.sqrt(np.mean([part.sd_day**2 for part in parts]))
        seed = np.sqrt(np.mean([part.sd_seed**2 for part in parts if part.sd_seed is not None]))
        lines.append(f"| {pair} | {day:.2f} % | {seed:.2f} % | {np.mean(widths):.2f} % | {np.mean(seen):.2f} % |")
    days = [day.production_minor for day in gates[0].revenue_only.days if day.forecast is Forecast.ML]
    lines += ["", f"Production's revenue itself differs between days by {100 * np.std(days, ddof=1) / np.mean(days):.1f} %."]
    lines += [
        "",
        "| guardrail | margin | standard error, A/A | margin in standard errors | held, A/A |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    null = [gate.guarded for gate in gates if gate.pair == "A/A"]
    for index, guardrail in enumerate(POLICY.guardrails):
        outcomes = [judgement.guardrails[index] for judgement in null]
        error = float(np.std([item.estimate for item in outcomes if item.estimate is not None]))
        held = 100.0 * float(np.mean([item.status.value == "held" for item in outcomes]))
        unit, margin = guardrail.unit, guardrail.margin
        errors = f"{margin / error:.1f}" if error > 0 else "not computed"
        lines.append(f"| {guardrail.metric} | {margin:g} {unit} | {error:.3f} {unit} | {errors} | {held:.0f} % |")
    return "\n".join(lines)


def _mean_effect(gates: list[RealGate]) -> float:
    return float(np.mean([gate.revenue_only.delta_ml.estimate_pct for gate in gates if gate.revenue_only.delta_ml]))


def _truths(gates: list[RealGate]) -> dict[int, float]:
    """The effect on each window's days: the mean over all its seeds."""
    return {
        window: _mean_effect([gate for gate in gates if gate.window == window]) for window in {gate.window for gate in gates}
    }


def _coverage(gates: list[RealGate], truths: Mapping[int, float]) -> float:
    inside = [
        gate.revenue_only.delta_ml.low_pct <= truths[gate.window] <= gate.revenue_only.delta_ml.high_pct
        for gate in gates
        if gate.revenue_only.delta_ml
    ]
    return 100.0 * float(np.mean(inside))


def _share_above_zero(gates: list[RealGate]) -> float:
    return 100.0 * float(np.mean([gate.revenue_only.delta_ml.low_pct > 0 for gate in gates if gate.revenue_only.delta_ml]))
