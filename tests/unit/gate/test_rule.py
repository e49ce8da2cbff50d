from __future__ import annotations

import pytest

from tunegate.domain.parameters import Direction
from tunegate.domain.verdicts import Inconclusive, Interval, Promote, Reject, Remedy
from tunegate.gate.guardrails import guardrail_status
from tunegate.gate.judgement import GuardrailOutcome, GuardrailStatus
from tunegate.gate.policy import GuardrailKind
from tunegate.gate.rule import Demands, Findings, decide

DEMANDS = Demands(minimum_effect_pct=0.5, fallback_margin_pct=0.5, minimum_days=5)
GOOD = Interval(1.0, 0.4, 1.6)
SAFE = Interval(0.2, -0.3, 0.7)


def findings(
    ml: Interval | None = GOOD,
    statistics: Interval | None = SAFE,
    *guardrails: GuardrailOutcome,
    days: int = 14,
    seeds_suffice: bool = True,
) -> Findings:
    return Findings(days, ml, statistics, guardrails, seeds_suffice)


def guardrail(status: GuardrailStatus, metric: str = "wait_mean_s") -> GuardrailOutcome:
    kind = GuardrailKind.RELATIVE_PCT
    return GuardrailOutcome(metric, Direction.LOWER, kind, 2.0, 1.0, 0.5, 1.5, status, "no finite number")


def test_a_proven_gain_with_a_safe_fallback_is_promoted() -> None:
    verdict = decide(findings(), DEMANDS)
    assert isinstance(verdict, Promote)
    assert "+1.00 %" in verdict.reason


def test_a_gain_that_may_be_none_is_inconclusive() -> None:
    verdict = decide(findings(Interval(0.6, -0.1, 1.3)), DEMANDS)
    assert verdict == Inconclusive(
        "the effect (from -0.10 % to +1.30 %) cannot be told from none; more days would tell", Remedy.MORE_DAYS
    )


def test_a_lower_bound_of_exactly_zero_does_not_promote() -> None:
    assert isinstance(decide(findings(Interval(0.6, 0.0, 1.2)), DEMANDS), Inconclusive)


def test_more_seeds_are_the_remedy_while_seeds_are_the_noise() -> None:
    verdict = decide(findings(Interval(0.6, -0.1, 1.3), seeds_suffice=False), DEMANDS)
    assert isinstance(verdict, Inconclusive)
    assert verdict.remedy is Remedy.MORE_SEEDS


def test_a_proven_gain_below_the_minimum_effect_is_not_promoted() -> None:
    verdict = decide(findings(Interval(0.45, 0.1, 0.8)), DEMANDS)
    assert isinstance(verdict, Inconclusive)
    assert verdict.remedy is Remedy.SMALLER_MINIMUM_EFFECT


def test_a_gain_shown_to_be_below_the_minimum_effect_is_rejected_even_when_above_zero() -> None:
    verdict = decide(findings(Interval(0.3, 0.1, 0.49)), DEMANDS)
    assert isinstance(verdict, Reject)
    assert "+0.49 %" in verdict.reason


def test_a_fallback_that_may_be_worse_than_its_margin_blocks_promotion_whatever_the_gain() -> None:
    verdict = decide(findings(Interval(9.0, 8.0, 10.0), Interval(0.0, -0.5, 0.5)), DEMANDS)
    assert isinstance(verdict, Inconclusive)
    assert verdict.remedy is Remedy.FALLBACK


def test_a_fallback_shown_to_be_worse_than_its_margin_is_rejected_whatever_the_gain() -> None:
    assert isinstance(decide(findings(Interval(9.0, 8.0, 10.0), Interval(-1.0, -1.4, -0.6)), DEMANDS), Reject)


@pytest.mark.parametrize("status", [GuardrailStatus.UNDECIDED, GuardrailStatus.NOT_COMPUTED])
def test_a_guardrail_that_is_not_shown_to_hold_blocks_promotion_and_is_named(status: GuardrailStatus) -> None:
    verdict = decide(findings(GOOD, SAFE, guardrail(GuardrailStatus.HELD, "utilisation_pct"), guardrail(status)), DEMANDS)
    assert isinstance(verdict, Inconclusive)
    assert verdict.remedy is Remedy.GUARDRAIL
    assert "wait_mean_s" in verdict.reason
    assert "utilisation_pct" not in verdict.reason


def test_worse_wait_beyond_its_margin_rejects_even_when_revenue_rises() -> None:
    verdict = decide(findings(GOOD, SAFE, guardrail(GuardrailStatus.BROKEN)), DEMANDS)
    assert isinstance(verdict, Reject)
    assert "wait_mean_s" in verdict.reason


def test_what_was_not_computed_never_passes() -> None:
    assert isinstance(decide(findings(None), DEMANDS), Inconclusive)
    without_fallback = decide(findings(GOOD, None), DEMANDS)
    assert isinstance(without_fallback, Inconclusive)
    assert without_fallback.remedy is Remedy.FALLBACK


def test_too_few_days_decide_nothing_in_either_direction() -> None:
    for ml in (GOOD, Interval(-9.0, -10.0, -8.0)):
        verdict = decide(findings(ml, days=4), DEMANDS)
        assert isinstance(verdict, Inconclusive)
        assert verdict.remedy is Remedy.MORE_DAYS


def test_exactly_the_fewest_days_decide() -> None:
    assert isinstance(decide(findings(days=5), DEMANDS), Promote)


def test_every_open_point_is_named_and_the_first_gives_the_remedy() -> None:
    undecided = guardrail(GuardrailStatus.UNDECIDED)
    verdict = decide(findings(Interval(0.6, -0.1, 1.3), Interval(0.0, -0.9, 0.9), undecided), DEMANDS)
    assert isinstance(verdict, Inconclusive)
    assert verdict.remedy is Remedy.MORE_DAYS
    assert "fallback" in verdict.reason
    assert "wait_mean_s" in verdict.reason


@pytest.mark.parametrize(
    ("low", "high", "direction", "status"),
    [
        (-0.9, 3.0, Direction.HIGHER, GuardrailStatus.HELD),
        (-1.0, 3.0, Direction.HIGHER, GuardrailStatus.UNDECIDED),
        (-3.0, -1.0, Direction.HIGHER, GuardrailStatus.UNDECIDED),
        (-3.0, -1.1, Direction.HIGHER, GuardrailStatus.BROKEN),
        (-3.0, 0.9, Direction.LOWER, GuardrailStatus.HELD),
        (-3.0, 1.0, Direction.LOWER, GuardrailStatus.UNDECIDED),
        (1.0, 3.0, Direction.LOWER, GuardrailStatus.UNDECIDED),
        (1.1, 3.0, Direction.LOWER, GuardrailStatus.BROKEN),
    ],
)
def test_a_guardrail_holds_when_its_bad_end_is_inside_the_margin_and_breaks_when_its_good_end_is_beyond(
    low: float, high: float, direction: Direction, status: GuardrailStatus
) -> None:
    assert guardrail_status(low, high, direction, 1.0) is status


def test_no_change_at_all_holds_a_guardrail_without_slack() -> None:
    assert guardrail_status(0.0, 0.0, Direction.LOWER, 0.0) is GuardrailStatus.HELD
    assert guardrail_status(-0.1, 0.1, Direction.LOWER, 0.0) is GuardrailStatus.UNDECIDED
