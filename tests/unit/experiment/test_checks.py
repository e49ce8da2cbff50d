"""Every check fails for its own cause, names the row, and makes the look invalid."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.synthetic.streets import PLAN, START, changed, street
from tunegate.domain.days import Arm
from tunegate.domain.parameters import Direction
from tunegate.domain.verdicts import Invalid
from tunegate.experiment.checks import check_observations
from tunegate.experiment.decision import judge_look
from tunegate.experiment.evidence import ExperimentEvidence
from tunegate.experiment.observations import Exclusion
from tunegate.experiment.schedule import draw_schedule
from tunegate.gate.policy import GuardrailKind, GuardrailPolicy

SMALL = replace(PLAN, days=4, window_min=120, looks=(2, 4))
Change = Callable[[ExperimentEvidence], ExperimentEvidence]


def fair() -> ExperimentEvidence:
    return street(plan=SMALL)


def rows_where(evidence: ExperimentEvidence, keep: Callable[[int, str], bool]) -> ExperimentEvidence:
    rows = tuple(row for number, row in enumerate(evidence.observations) if keep(number, row.arm))
    return replace(evidence, observations=rows)


def other_arm(evidence: ExperimentEvidence) -> ExperimentEvidence:
    arm = Arm.PRODUCTION if evidence.observations[0].arm == Arm.CANDIDATE else Arm.CANDIDATE
    for number in [n for n, row in enumerate(evidence.observations) if row.arm != arm][:4]:
        evidence = changed(evidence, number, arm=arm.value, version=evidence.versions[arm])
    return evidence


def lost_hours(evidence: ExperimentEvidence) -> ExperimentEvidence:
    for number, row in enumerate(evidence.observations):
        if row.arm == Arm.CANDIDATE:
            evidence = changed(evidence, number, driver_hours=row.driver_hours * 0.8)
    return evidence


def excluding(evidence: ExperimentEvidence, count: int) -> ExperimentEvidence:
    taken = tuple(
        Exclusion(window.start_utc, "mika", "network down", evidence.now) for window in evidence.schedule.windows[:count]
    )
    return replace(evidence, exclusions=taken)


def with_other_draw(evidence: ExperimentEvidence) -> ExperimentEvidence:
    other = draw_schedule(SMALL, start=START, time_zone="Asia/Tokyo", seed=evidence.schedule.seed + 1)
    return replace(evidence, schedule=replace(evidence.schedule, windows=other.windows))


CASES: list[tuple[str, Change, str]] = [
    ("schedule is the one drawn", with_other_draw, "gives other windows"),
    ("rows are of this region", lambda e: changed(e, 3, region="osaka"), "is of region osaka"),
    ("rows are of this region", lambda e: changed(e, 3, currency="USD"), "is in USD"),
    ("rows are of this region", lambda e: changed(e, 3, arm="control"), "unknown arm 'control'"),
    (
        "rows are of the schedule's windows",
        lambda e: changed(e, 3, window_start=e.observations[3].window_start + timedelta(minutes=30)),
        "is no start of a window",
    ),
    ("clocks agree", lambda e: changed(e, 3, recorded_at=e.now + timedelta(hours=1)), "was recorded at"),
    (
        "clocks agree",
        lambda e: changed(e, 3, recorded_at=e.observations[3].window_start + timedelta(minutes=5)),
        "before the window's end",
    ),
    (
        "rows do not contradict each other",
        lambda e: replace(e, observations=(*e.observations, replace(e.observations[5], revenue_minor=1))),
        "different values",
    ),
    ("figures are possible", lambda e: changed(e, 3, revenue_minor=-5), "revenue_minor = -5"),
    ("figures are possible", lambda e: changed(e, 3, driver_hours=float("nan")), "driver_hours = nan"),
    ("figures are possible", lambda e: changed(e, 3, trips=-1), "trips = -1"),
    ("versions are the published ones", lambda e: changed(e, 3, version=99), "which this experiment did not publish"),
    ("windows were observed", lambda e: rows_where(e, lambda n, _arm: n % 8 != 0), "windows are missing"),
    ("windows were observed", lambda e: replace(e, observations=()), "48 of 48 windows are missing"),
    ("few windows were taken out", lambda e: excluding(e, 5), "5 of 48 windows"),
    ("arms were run as planned", other_arm, "of the driver hours ran the other arm"),
    ("sample ratio is the planned one", lambda e: rows_where(e, lambda n, arm: arm == "production" or n < 8), "candidate"),
    ("driver hours are alike in both arms", lost_hours, "under the candidate"),
]


def test_a_fair_experiment_passes_every_check() -> None:
    assert [check for check in check_observations(fair(), 4) if not check.passed] == []


@pytest.mark.parametrize(("name", "change", "words"), CASES, ids=[f"{name}: {words}" for name, _, words in CASES])
def test_a_broken_rule_fails_its_check_and_makes_the_look_invalid(name: str, change: Change, words: str) -> None:
    evidence = change(fair())
    failed = {check.name: check.detail for check in check_observations(evidence, 4) if not check.passed}
    assert words in failed[name]
    look = judge_look(evidence, 4)
    assert isinstance(look.decision, Invalid)
    assert name in look.decision.reason
    assert look.effect is None


def test_swapped_versions_are_noticed() -> None:
    evidence = fair()
    row = evidence.observations[0]
    other = next(version for arm, version in evidence.versions.items() if arm != row.arm)
    failed = [check.name for check in check_observations(changed(evidence, 0, version=other), 4) if not check.passed]
    assert failed == ["versions are the published ones"]


def test_rows_of_other_times_and_a_few_gaps_do_not_matter() -> None:
    evidence = fair()
    long_ago = replace(evidence.observations[0], window_start=datetime(2020, 1, 1, tzinfo=UTC), arm="whatever", version=1)
    kept = rows_where(evidence, lambda n, _arm: n not in {7, 20})
    look = judge_look(replace(kept, observations=(long_ago, *kept.observations)), 4)
    assert all(check.passed for check in look.checks), look.decision


def test_a_window_that_a_person_took_out_does_not_count_and_is_marked_in_the_look() -> None:
    evidence = excluding(changed(fair(), 1, revenue_minor=50_000_000), 2)
    look = judge_look(evidence, 4)
    assert look.exclusions == evidence.exclusions
    assert look.effect is not None
    assert look.effect.windows == 46
    untouched = judge_look(excluding(fair(), 2), 4)
    assert look.effect == untouched.effect


def test_a_guarded_metric_that_is_no_number_makes_the_look_invalid() -> None:
    guardrail = GuardrailPolicy("wait_mean_s", Direction.LOWER, 5.0, GuardrailKind.RELATIVE_PCT)
    evidence = replace(changed(fair(), 3, metrics={"wait_mean_s": float("inf")}), guardrails=(guardrail,))
    assert isinstance(judge_look(evidence, 4).decision, Invalid)
