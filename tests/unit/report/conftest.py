"""A realistic campaign of San Francisco, and ways to change one thing about it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tunegate.domain.days import Forecast
from tunegate.domain.errors import FailureClass
from tunegate.domain.parameters import Dimension, Direction, MetricSpec, Parameters, ParameterSpec
from tunegate.domain.periods import Period, Periods
from tunegate.domain.trials import TrialRecord, TrialState
from tunegate.domain.verdicts import Inconclusive, Interval, Invalid, Promote, Reject, Remedy, Verdict
from tunegate.gate.characteristics import Characteristic
from tunegate.gate.confirmation import Confirmed
from tunegate.gate.judgement import (
    Check,
    DayDifference,
    GuardrailOutcome,
    GuardrailStatus,
    Judgement,
    VarianceComponents,
    WorstZone,
)
from tunegate.gate.ledger import Allowance
from tunegate.gate.policy import GatePolicy, GuardrailKind, GuardrailPolicy
from tunegate.report.model import (
    CampaignReport,
    FailureCount,
    GateResult,
    Money,
    Provenance,
    Settings,
    Timing,
)
from tunegate.report.page.campaign_page import render

PARAMETERS = (
    ParameterSpec("gamma", "float", "per minute", 0.8, 0.999, 0.95, "discount of revenue a minute later"),
    ParameterSpec("max_wait_s", "float", "s", 30, 1200, 300, "how long the planner assumes customers wait"),
    ParameterSpec("turn_weight_left", "float", "1", 0, 30, 4, "how much a left turn is avoided"),
    ParameterSpec("road_class_weight_primary", "float", "1", 0.1, 5, 1, "preference for primary roads"),
    ParameterSpec("temperature", "float", "1", 0.01, 2, 0.2, "how freely taxis spread over equal choices"),
    ParameterSpec("lookahead_links", "int", "links", 4, 64, 16, "how far ahead a taxi plans"),
)
DIMENSIONS = (
    Dimension("gamma", "float", 0.85, 0.995),
    Dimension("max_wait_s", "float", 60, 900, log=True),
    Dimension("turn_weight_left", "float", 0, 20),
    Dimension("road_class_weight_primary", "float", 0.2, 4, log=True),
    Dimension("temperature", "float", 0.02, 1, log=True),
)
PRODUCTION = Parameters(
    {
        "gamma": 0.95,
        "max_wait_s": 300,
        "turn_weight_left": 4,
        "road_class_weight_primary": 1,
        "temperature": 0.2,
        "lookahead_links": 16,
    }
)
CANDIDATE = Parameters(
    {
        "gamma": 0.9731,
        "max_wait_s": 188.25,
        "turn_weight_left": 7.125,
        "road_class_weight_primary": 0.8125,
        "temperature": 0.0921,
        "lookahead_links": 16,
    }
)
BEST_NUMBER = 35
GUARDRAILS = (
    GuardrailOutcome(
        "utilisation", Direction.HIGHER, GuardrailKind.FRACTION_POINTS, 0.5, 0.41, 0.18, 0.64, GuardrailStatus.HELD
    ),
    GuardrailOutcome("empty_m", Direction.LOWER, GuardrailKind.RELATIVE_PCT, 1.0, -0.72, -1.31, -0.13, GuardrailStatus.HELD),
    GuardrailOutcome("wait_mean_s", Direction.LOWER, GuardrailKind.RELATIVE_PCT, 2.0, 0.35, -0.62, 1.32, GuardrailStatus.HELD),
    GuardrailOutcome("wait_p95_s", Direction.LOWER, GuardrailKind.RELATIVE_PCT, 3.0, 1.14, -0.9, 2.47, GuardrailStatus.HELD),
    GuardrailOutcome(
        "lost_share", Direction.LOWER, GuardrailKind.FRACTION_POINTS, 0.3, -0.05, -0.16, 0.06, GuardrailStatus.HELD
    ),
)
METRICS = (
    MetricSpec("revenue_minor", "minor", Direction.HIGHER, "fleet revenue"),
    MetricSpec("utilisation", "share", Direction.HIGHER, "share of time with a passenger"),
    MetricSpec("empty_m", "m", Direction.LOWER, "distance driven empty"),
    MetricSpec("wait_mean_s", "s", Direction.LOWER, "mean wait of customers"),
    MetricSpec("wait_p95_s", "s", Direction.LOWER, "wait that 95 of 100 customers stay under"),
    MetricSpec("lost_share", "share", Direction.LOWER, "customers who gave up"),
)
PERIODS = Periods(
    history=Period(date(2008, 5, 17), date(2008, 5, 20)),
    tuning=Period(date(2008, 5, 21), date(2008, 5, 22)),
    validation=Period(date(2008, 5, 23), date(2008, 5, 24)),
    test=Period(date(2008, 5, 25), date(2008, 6, 7)),
)
PLAIN_WORDS = (
    "The gain is large. What could still change the verdict is the fallback: its lower bound is 0.38 points above its margin.",
    "On 29 May the two sides did not meet the same customers, so their difference may be chance.",
)
VERDICTS: dict[str, Verdict] = {
    "promote": Promote("Better with the ML forecast, no worse with the fallback, and every guardrail held."),
    "reject": Reject("The upper bound of the change, +0.31 %, is below the minimum effect of 0.50 %."),
    "inconclusive": Inconclusive("The lower bound of the change, -0.22 %, is not above zero.", Remedy.MORE_DAYS),
    "invalid": Invalid("order_logs: day 2008-05-29, seed 3 differs between the arms."),
}
ML_INTERVALS = {
    "promote": Interval(1.92, 0.84, 3.01),
    "reject": Interval(-0.43, -1.17, 0.31),
    "inconclusive": Interval(0.77, -0.22, 1.76),
    "invalid": Interval(1.92, 0.84, 3.01),
}


def trials(complete: int, failed_every: int = 11, pruned_every: int = 0) -> tuple[TrialRecord, ...]:
    draw = random.Random(7)
    made: list[TrialRecord] = []
    done = 0
    while done < complete:
        number = len(made)
        state = TrialState.COMPLETE
        if number and failed_every and number % failed_every == 0:
            state = TrialState.FAILED
        elif number and pruned_every and number % pruned_every == 0:
            state = TrialState.PRUNED
        done += state is TrialState.COMPLETE
        made.append(_trial(number, state, draw))
    if complete > BEST_NUMBER:
        made[BEST_NUMBER] = replace(made[BEST_NUMBER], value_pct=3.14, parameters=CANDIDATE)
    return tuple(made)


def _trial(number: int, state: TrialState, draw: random.Random) -> TrialRecord:
    values = dict(PRODUCTION)
    for dimension in DIMENSIONS if number else ():
        if dimension.log:
            values[dimension.name] = math.exp(draw.uniform(math.log(dimension.low), math.log(dimension.high)))
        else:
            values[dimension.name] = draw.uniform(dimension.low, dimension.high)
    miss = sum(((values[d.name] - CANDIDATE[d.name]) / (d.high - d.low)) ** 2 for d in DIMENSIONS)
    value = 0.0 if number == 0 else 2.4 - 14 * miss * math.exp(-number / 25) + draw.gauss(0, 0.35)
    return TrialRecord(
        number=number,
        proposal=number,
        attempt=1,
        state=state,
        parameters=Parameters(values),
        value_pct=value if state is TrialState.COMPLETE else None,
        simulated_days=2,
        simulation_s=0.42 + 0.01 * (number % 7),
        reason="the simulator died with signal 9" if state is TrialState.FAILED else None,
        failure_class=FailureClass.TRANSIENT if state is TrialState.FAILED else None,
    )


def differences(interval: Interval, forecast: Forecast, days: int = 14) -> tuple[DayDifference, ...]:
    draw = random.Random(f"{forecast}{interval.estimate_pct}")
    noise = [draw.gauss(0, 1.5) for _ in range(days)]
    noise = [value - sum(noise) / days for value in noise]
    production = [18_400_000.0 + 90_000 * (index % 7) for index in range(days)]
    mean = sum(production) / days
    return tuple(
        DayDifference(
            PERIODS.test.first + timedelta(days=index),
            forecast,
            production[index],
            production[index] + mean * (interval.estimate_pct + noise[index]) / 100,
            interval.estimate_pct + noise[index],
        )
        for index in range(days)
    )


def gate_result(name: str) -> GateResult:
    ml, statistics = ML_INTERVALS[name], Interval(0.61, -0.12, 1.34)
    is_invalid = name == "invalid"
    judgement = Judgement(
        verdict=VERDICTS[name],
        one_sided_level=0.05,
        delta_ml=ml,
        delta_statistics=statistics,
        interaction=Interval(ml.estimate_pct - 0.61, ml.low_pct - 0.4, ml.high_pct - 0.9),
        sign_flip_p_ml=0.00342,
        sign_flip_p_statistics=0.0781,
        days=(*differences(ml, Forecast.ML), *differences(statistics, Forecast.STATISTICS)),
        guardrails=GUARDRAILS,
        worst_zone=WorstZone("17", -0.36, -1.45, 0.73, 42, 6, 2.871),
        checks=(
            Check(
                "order_logs", not is_invalid, "day 2008-05-29, seed 3 differs" if is_invalid else "equal on 56 days and seeds"
            ),
            Check("drivers", True, "536 drivers in all arms"),
            Check("self_check", True, "production against itself gives exactly 0"),
        ),
        components_ml=VarianceComponents(14, 4, 1.31, 0.87, 1.38),
        components_statistics=VarianceComponents(14, 4, 1.17, None, 1.17),
        minimum_detectable_effect_pct=1.05,
        plain_words=PLAIN_WORDS[is_invalid],
    )
    policy = GatePolicy(
        minimum_effect_pct=0.5,
        fallback_margin_pct=0.5,
        one_sided_level=0.05,
        minimum_days=5,
        maximum_test_age_days=9999,
        guardrails=tuple(GuardrailPolicy(g.metric, g.direction, g.margin, g.kind) for g in GUARDRAILS),
        worst_zone_margin_pct=2.0,
    )
    rates = (
        Characteristic("A/A promotion, independent days", 3.14, "at most 5 %", met=True, gates=2000),
        Characteristic("A/A promotion, AR(0.4) days", 4.71, "at most 5 %", met=True, gates=2000),
        Characteristic("power at +1 %/+1 %", 92.6, "at least 90 %", met=True, gates=2000),
        Characteristic("coverage of the 90 % interval", 87.3, "88 to 95 %", met=False, gates=2000),
        Characteristic("promotion with the fallback at -0.5 %", math.nan, "at most 5 %", met=None, gates=2000),
    )
    return GateResult(judgement, policy, 536.0, Allowance(0.025, 2, 0.0, repeated=False), rates)


def confirmed(number: int, value_pct: float, validation: Interval | None, failure: str | None = None) -> Confirmed:
    trial = TrialRecord(number, number, 1, TrialState.COMPLETE, CANDIDATE, value_pct=value_pct)
    return Confirmed(trial, validation, failure)


def campaign(name: str = "promote", complete: int = 40) -> CampaignReport:
    is_nothing = name == "nothing"
    tried = trials(complete)
    best = max(tried, key=lambda trial: trial.value_pct if trial.value_pct is not None else -math.inf)
    second = confirmed(21, 2.31, Interval(1.02, -0.31, 2.35))
    first = confirmed(best.number, 3.14, Interval(-0.42, -1.2, 0.36) if is_nothing else Interval(2.27, 0.91, 3.63))
    return CampaignReport(
        campaign="san_francisco-20080608T020000Z-a1b2c3",
        region="san_francisco",
        started_at=datetime(2026, 3, 1, 2, 0, tzinfo=UTC),
        finished_at=datetime(2026, 3, 1, 2, 11, 42, tzinfo=UTC),
        money=Money("USD", 100),
        settings=Settings(
            periods=PERIODS,
            tuning_days=(date(2008, 5, 21), date(2008, 5, 22)),
            tuning_seeds=(11,),
            validation_seeds=(21, 22),
            test_seeds=(31, 32, 33, 34),
            trial_budget=complete,
            top_k=3,
            workers=2,
            sampler="tpe",
            pruner=None,
            forecast=Forecast.ML,
        ),
        provenance=Provenance(
            tunegate_version="0.1.0",
            simulator_name="hailsim",
            simulator_version="0.1.0",
            python_version="3.11.7",
            git_commit="5468b9a1c0ffee00",
            city_digest="sha256:" + "c1" * 32,
            config_digest="sha256:" + "c2" * 32,
            record_digest=None if is_nothing else "sha256:" + "c3" * 32,
        ),
        parameters=PARAMETERS,
        metrics=METRICS,
        dimensions=DIMENSIONS,
        production=PRODUCTION,
        trials=tried,
        importance={
            "gamma": 0.47,
            "max_wait_s": 0.24,
            "temperature": 0.17,
            "turn_weight_left": 0.09,
            "road_class_weight_primary": 0.03,
        },
        confirmed=(first, second, confirmed(9, 1.87, None, "the simulator hung for 600 s")),
        candidate=None if is_nothing else first,
        gate=None if is_nothing else gate_result(name),
        failures=(FailureCount("the simulator died with signal 9", 3),),
        timing=Timing(wall_s=702.4, simulation_s=1187.3, simulated_days=436, overhead_s_per_trial=0.21),
    )


NAMES = ("promote", "reject", "inconclusive", "invalid", "nothing")


@pytest.fixture(scope="session")
def written(report: Callable[..., CampaignReport]) -> dict[str, str]:
    """The page of the campaign with each verdict. Drawing a page's pictures takes a second, so all tests look at these."""
    return {name: render(report(name)) for name in NAMES}


@pytest.fixture(scope="session")
def report() -> Callable[..., CampaignReport]:
    """Makes the campaign with the named verdict; keyword arguments replace parts of it."""

    def make(name: str = "promote", complete: int = 40, **changes: object) -> CampaignReport:
        return replace(campaign(name, complete), **changes)  # type: ignore[arg-type]

    return make
