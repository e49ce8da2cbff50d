"""Each check is broken alone: exactly it must fail, and the verdict must be Invalid with its words."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.synthetic.evidence import PRODUCTION, synthetic_evidence, synthetic_policy
from tests.synthetic.gates import SyntheticRegion
from tunegate.domain.days import Arm, DayResult, Forecast, SimulationAnswer
from tunegate.domain.parameters import Parameters
from tunegate.domain.periods import Period
from tunegate.domain.verdicts import Invalid, Promote
from tunegate.gate.checks import CHECKS, WORLD_CHECKS, run_checks
from tunegate.gate.evidence import PATTERNS, GateEvidence, Pattern
from tunegate.gate.judge import judge

REGION = SyntheticRegion(effect_ml_pct=2.0, effect_statistics_pct=2.0, guardrails=1, guardrail_margin_errors=8.0)
SOUND = synthetic_evidence(REGION)
POLICY = synthetic_policy(REGION)
ML: Pattern = (Arm.CANDIDATE, Forecast.ML)


def change_answer(pattern: Pattern, change: Callable[[SimulationAnswer], SimulationAnswer]) -> GateEvidence:
    return replace(SOUND, answers={**SOUND.answers, pattern: change(SOUND.answers[pattern])})


def change_row(pattern: Pattern, index: int, change: Callable[[DayResult], DayResult]) -> GateEvidence:
    def with_row(answer: SimulationAnswer) -> SimulationAnswer:
        rows = list(answer.days)
        rows[index] = change(rows[index])
        return replace(answer, days=tuple(rows))

    return change_answer(pattern, with_row)


def change_every_answer(change: Callable[[SimulationAnswer], SimulationAnswer]) -> GateEvidence:
    return replace(SOUND, answers={pattern: change(answer) for pattern, answer in SOUND.answers.items()})


def without(pattern: Pattern) -> GateEvidence:
    return replace(SOUND, answers={key: answer for key, answer in SOUND.answers.items() if key != pattern})


def revenue(amount: float) -> Callable[[DayResult], DayResult]:
    return lambda row: replace(row, metrics={**row.metrics, "revenue_minor": amount})


def copy_of_production(answer: SimulationAnswer) -> SimulationAnswer:
    return replace(answer, days=SOUND.answers[Arm.PRODUCTION, Forecast.STATISTICS].days)


def same_log_on_two_days(answer: SimulationAnswer) -> SimulationAnswer:
    first, second = SOUND.days[:2]
    logs = {(row.day, row.seed): row.order_log_digest for row in answer.days}
    rows = (replace(row, order_log_digest=logs[first, row.seed]) if row.day == second else row for row in answer.days)
    return replace(answer, days=tuple(rows))


def repeated_otherwise() -> GateEvidence:
    again = SOUND.self_check
    assert again is not None
    rows = (replace(again.days[0], metrics={**again.days[0].metrics, "guarded_0": 1.0}), *again.days[1:])
    return replace(SOUND, self_check=replace(again, days=rows))


def leave_out(day: date) -> GateEvidence:
    shorter = change_every_answer(lambda answer: replace(answer, days=tuple(row for row in answer.days if row.day != day)))
    return replace(shorter, days=tuple(other for other in SOUND.days if other != day))


def test_sound_evidence_passes_every_check() -> None:
    assert [check for check in run_checks(SOUND, POLICY) if not check.passed] == []
    assert isinstance(judge(SOUND, POLICY).verdict, Promote)


def candidate_named_production() -> GateEvidence:
    applied = SOUND.answers[Arm.PRODUCTION, Forecast.ML].applied_parameters
    same = change_every_answer(lambda answer: replace(answer, applied_parameters=applied))
    return replace(same, candidate=PRODUCTION)


BROKEN: list[tuple[str, str, GateEvidence, str]] = [
    *(
        (
            f"missing {arm.value}/{forecast.value}",
            "all four patterns answered",
            without((arm, forecast)),
            f"{arm.value}/{forecast.value}",
        )
        for arm, forecast in PATTERNS
        if (arm, forecast) != (Arm.PRODUCTION, Forecast.ML)
    ),
    ("a day outside", "days are the test period's", replace(SOUND, test=Period(SOUND.days[0], SOUND.days[-2])), "outside"),
    ("a day left out", "days are the test period's", leave_out(SOUND.days[5]), "does not follow"),
    ("the last day left out", "days are the test period's", leave_out(SOUND.days[-1]), "was left out"),
    (
        "days out of order",
        "days are the test period's",
        replace(SOUND, days=(SOUND.days[1], SOUND.days[0], *SOUND.days[2:])),
        "does not follow",
    ),
    (
        "one day twice in an arm",
        "day results complete",
        change_answer(ML, lambda answer: replace(answer, days=(*answer.days, answer.days[0]))),
        "2 times",
    ),
    (
        "one cell lacking in an arm",
        "day results complete",
        change_answer(ML, lambda answer: replace(answer, days=answer.days[1:])),
        "candidate/ml lacks 2024-03-04 seed 101",
    ),
    (
        "a seed nobody asked for",
        "day results complete",
        change_answer(ML, lambda answer: replace(answer, days=(*answer.days, replace(answer.days[0], seed=999)))),
        "seed 999 unasked",
    ),
    (
        "a day run with the other forecast",
        "day results complete",
        change_row(ML, 3, lambda row: replace(row, forecast=Forecast.STATISTICS)),
        "was run with statistics",
    ),
    ("NaN revenue", "revenue is money", change_row(ML, 3, revenue(math.nan)), "took nan"),
    ("infinite revenue", "revenue is money", change_row(ML, 3, revenue(math.inf)), "took inf"),
    ("negative revenue", "revenue is money", change_row(ML, 3, revenue(-1.0)), "took -1.0"),
    (
        "no revenue",
        "revenue is money",
        change_row(ML, 3, lambda row: replace(row, metrics={"guarded_0": 100.0})),
        "took nan",
    ),
    (
        "a production that earned nothing",
        "revenue is money",
        change_answer(
            (Arm.PRODUCTION, Forecast.STATISTICS),
            lambda answer: replace(answer, days=tuple(revenue(0.0)(row) for row in answer.days)),
        ),
        "production/statistics earned nothing",
    ),
    (
        "negative zone revenue",
        "revenue is money",
        change_row(ML, 3, lambda row: replace(row, zone_revenue_minor={"harbour": -5})),
        "zone harbour",
    ),
    (
        "a guarded metric that is absent",
        "guarded metrics are numbers",
        change_row(ML, 3, lambda row: replace(row, metrics={"revenue_minor": row.revenue_minor})),
        "guarded_0 = None",
    ),
    (
        "a guarded metric that is NaN",
        "guarded metrics are numbers",
        change_row(ML, 3, lambda row: replace(row, metrics={**row.metrics, "guarded_0": math.nan})),
        "guarded_0 = nan",
    ),
    (
        "clocks that disagree about training",
        "arms agree on the calendar",
        change_answer(ML, lambda answer: replace(answer, trained_last_day=answer.trained_last_day - timedelta(days=1))),
        "trained up to",
    ),
    (
        "another order log",
        "same customers in all patterns",
        change_row(ML, 3, lambda row: replace(row, order_log_digest="sha256:" + "0" * 64)),
        "met different customers",
    ),
    (
        "another order log in the fallback of both arms",
        "same customers in all patterns",
        replace(
            SOUND,
            answers={
                (arm, forecast): replace(
                    answer, days=tuple(replace(row, order_log_digest=f"{row.day}{row.seed}") for row in answer.days)
                )
                if forecast is Forecast.STATISTICS
                else answer
                for (arm, forecast), answer in SOUND.answers.items()
            },
        ),
        "met different customers",
    ),
    ("one day told as two", "days are distinct", change_every_answer(same_log_on_two_days), "the same customers"),
    (
        "one driver more",
        "equal driver counts",
        change_row(ML, 3, lambda row: replace(row, drivers=row.drivers + 1)),
        "different numbers of drivers",
    ),
    (
        "another city",
        "one city and one simulator",
        change_answer(ML, lambda answer: replace(answer, city_digest="sha256:" + "1" * 64)),
        "city digests differ",
    ),
    (
        "another simulator",
        "one city and one simulator",
        change_answer(ML, lambda answer: replace(answer, simulator_version="synthetic 2")),
        "simulator versions differ",
    ),
    (
        "the same parameters, differing all the same",
        "candidate differs from production",
        candidate_named_production(),
        "exactly production's parameters",
    ),
    (
        "a parameter that was not applied",
        "parameters applied",
        change_answer(ML, lambda answer: replace(answer, applied_parameters={**answer.applied_parameters, "gamma": 0.95})),
        "ran with 0.95",
    ),
    (
        "a parameter that was dropped",
        "parameters applied",
        change_answer(ML, lambda answer: replace(answer, applied_parameters={"gamma": 0.97})),
        "max_wait_s = 420 and ran with None",
    ),
    (
        "a default that differs between arms",
        "parameters applied",
        change_every_answer(
            lambda answer: replace(
                answer, applied_parameters={**answer.applied_parameters, "other": answer.applied_parameters["gamma"]}
            )
        ),
        "other was not asked for",
    ),
    (
        "parameters without effect in one forecast",
        "parameters take effect",
        change_answer((Arm.CANDIDATE, Forecast.STATISTICS), copy_of_production),
        "not one figure",
    ),
    (
        "training on the first test day",
        "demand model saw no test day",
        change_every_answer(lambda answer: replace(answer, trained_last_day=SOUND.test.first)),
        "trained up to",
    ),
    (
        "other parameters live",
        "compared with live production",
        replace(SOUND, live_production_digest=Parameters({"gamma": 0.5}).digest),
        "live is",
    ),
    ("no self-check", "production against itself is exactly zero", replace(SOUND, self_check=None), "second time"),
    ("a self-check that differs", "production against itself is exactly zero", repeated_otherwise(), "came out differently"),
    (
        "a test period too old",
        "test period is recent",
        replace(SOUND, judged_on=SOUND.test.last + timedelta(days=99), newest_data_day=None),
        "at most 30 are allowed",
    ),
    (
        "a test period older than the data",
        "test period is recent",
        replace(SOUND, newest_data_day=SOUND.test.last + timedelta(days=31)),
        "ended 31 days before",
    ),
    ("a test period not over", "test period is recent", replace(SOUND, judged_on=SOUND.test.last), "not over"),
    (
        "a test period beyond the data",
        "test period is recent",
        replace(SOUND, newest_data_day=SOUND.test.last - timedelta(days=1)),
        "after the newest day",
    ),
    ("more level than allowed", "error level left by the ledger", replace(SOUND, alpha_spent=0.06), "spent 0.06"),
    ("no level at all", "error level left by the ledger", replace(SOUND, alpha_spent=0.0), "spent 0.0"),
]


@pytest.mark.parametrize(("name", "evidence", "words"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_what_breaks_one_check_fails_exactly_it_and_makes_the_run_invalid(
    name: str, evidence: GateEvidence, words: str
) -> None:
    judgement = judge(evidence, POLICY)
    failed = [check for check in judgement.checks if not check.passed]
    assert [check.name for check in failed] == [name]
    assert words in failed[0].detail
    assert isinstance(judgement.verdict, Invalid)
    assert words in judgement.verdict.reason
    assert words in judgement.plain_words


def test_every_check_is_broken_by_some_case_here() -> None:
    all_names = {check.name for check in run_checks(SOUND, POLICY)}
    assert len(all_names) == len(CHECKS) + len(WORLD_CHECKS)
    of_worlds = {"worlds are a weighted set", "stress worlds played"}  # broken in test_worlds.py
    assert all_names == {case[1] for case in BROKEN} | of_worlds


def test_a_missing_production_arm_takes_the_self_check_with_it() -> None:
    failed = {check.name for check in run_checks(without((Arm.PRODUCTION, Forecast.ML)), POLICY) if not check.passed}
    assert failed == {"all four patterns answered", "production against itself is exactly zero"}


def test_a_shifted_calendar_in_one_arm_is_named_as_clock_skew() -> None:
    late = change_answer(
        ML, lambda answer: replace(answer, days=tuple(replace(row, day=row.day + timedelta(days=1)) for row in answer.days))
    )
    failed = {check.name: check.detail for check in run_checks(late, POLICY) if not check.passed}
    assert "only one arm of ml names 2024-03-04" in failed["arms agree on the calendar"]


def test_production_as_its_own_candidate_is_invalid_and_differs_by_exactly_zero() -> None:
    answers = {(arm, forecast): SOUND.answers[Arm.PRODUCTION, forecast] for arm, forecast in PATTERNS}
    judgement = judge(replace(SOUND, candidate=PRODUCTION, answers=answers), POLICY)
    assert isinstance(judgement.verdict, Invalid)
    assert "exactly production's parameters" in judgement.verdict.reason
    for delta in (judgement.delta_ml, judgement.delta_statistics, judgement.interaction):
        assert delta is not None
        assert (delta.estimate_pct, delta.low_pct, delta.high_pct) == (0.0, 0.0, 0.0)
    assert judgement.sign_flip_p_ml == 1.0


def test_checks_of_a_run_that_lost_everything_do_not_raise() -> None:
    judgement = judge(replace(SOUND, answers={}, self_check=None), POLICY)
    assert isinstance(judgement.verdict, Invalid)
    assert judgement.delta_ml is None
    assert judgement.sign_flip_p_ml is None
    assert judgement.minimum_detectable_effect_pct is None


def test_a_figure_that_is_nan_in_both_runs_is_not_a_difference() -> None:
    with_nan = change_every_answer(
        lambda answer: replace(
            answer, days=tuple(replace(row, metrics={**row.metrics, "wait": float("nan")}) for row in answer.days)
        )
    )
    assert with_nan.self_check is not None
    row = replace(with_nan.self_check.days[0], metrics={**with_nan.self_check.days[0].metrics, "wait": float("nan")})
    evidence = replace(with_nan, self_check=replace(with_nan.self_check, days=(row,)))
    assert [check.name for check in run_checks(evidence, POLICY) if not check.passed] == []
