"""The rule: an intersection-union test over revenue with the ml forecast, revenue with the fallback, and every guardrail.

To be promoted a candidate must pass every part at the full level, so that no part's error is divided (Berger 1982). To be
rejected, one part must be shown to fail. Anything between is inconclusive, and the reason names what would settle it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from tunegate.domain.verdicts import Inconclusive, Interval, Promote, Reject, Remedy, Verdict
from tunegate.gate.judgement import GuardrailOutcome, GuardrailStatus, StressOutcome


class EffectStatus(StrEnum):
    """What the ml interval says of the candidate's effect on revenue."""

    PROVEN = "proven and large enough"
    TOO_SMALL = "proven, but estimated below the minimum effect"
    UNPROVEN = "not told from zero"
    FUTILE = "shown to be below the minimum effect"
    NOT_COMPUTED = "not computed"


class FallbackStatus(StrEnum):
    """What the statistics interval says of the fallback."""

    HELD = "not worse than the margin"
    UNDECIDED = "not told from worse"
    WORSE = "shown to be worse than the margin"
    NOT_COMPUTED = "not computed"


@dataclass(frozen=True, slots=True)
class Demands:
    """The thresholds that the rule itself reads."""

    minimum_effect_pct: float
    fallback_margin_pct: float
    minimum_days: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What a run measured whose checks all passed. `seeds_suffice` says that more seeds would not narrow the interval."""

    days: int
    delta_ml: Interval | None
    delta_statistics: Interval | None
    guardrails: tuple[GuardrailOutcome, ...]
    seeds_suffice: bool
    stress_worlds: tuple[StressOutcome, ...] = ()


def effect_status(delta: Interval | None, minimum_effect_pct: float) -> EffectStatus:
    """Where the ml effect stands: the upper bound shows futility, the lower one proof, the estimate whether it is worth it."""
    if delta is None:
        return EffectStatus.NOT_COMPUTED
    if delta.high_pct < minimum_effect_pct:
        return EffectStatus.FUTILE
    if not delta.low_pct > 0:
        return EffectStatus.UNPROVEN
    return EffectStatus.PROVEN if delta.estimate_pct >= minimum_effect_pct else EffectStatus.TOO_SMALL


def fallback_status(delta: Interval | None, margin_pct: float) -> FallbackStatus:
    """Where the effect under the statistics forecast stands against its margin."""
    if delta is None:
        return FallbackStatus.NOT_COMPUTED
    if delta.high_pct < -margin_pct:
        return FallbackStatus.WORSE
    return FallbackStatus.HELD if delta.low_pct > -margin_pct else FallbackStatus.UNDECIDED


def decide(findings: Findings, demands: Demands) -> Verdict:
    """The verdict on evidence that passed every check."""
    if findings.days < demands.minimum_days:
        reason = f"{findings.days} test days are too few, at least {demands.minimum_days} are needed before anything is decided"
        return Inconclusive(reason, Remedy.MORE_DAYS)
    effect = effect_status(findings.delta_ml, demands.minimum_effect_pct)
    fallback = fallback_status(findings.delta_statistics, demands.fallback_margin_pct)
    rejection = _rejection(findings, demands, effect, fallback)
    if rejection is not None:
        return rejection
    open_points = tuple(
        point
        for point in (
            _effect_open(findings, demands, effect),
            _fallback_open(findings, demands, fallback),
            *(_guardrail_open(guardrail) for guardrail in findings.guardrails),
            *(_stress_open(outcome) for outcome in findings.stress_worlds),
        )
        if point is not None
    )
    if open_points:
        return Inconclusive("; ".join(point.reason for point in open_points), open_points[0].remedy)
    return Promote(_promotion(findings))


def _rejection(findings: Findings, demands: Demands, effect: EffectStatus, fallback: FallbackStatus) -> Reject | None:
    """The rejection, naming everything that was shown to fail."""
    shown = []
    if effect is EffectStatus.FUTILE and findings.delta_ml is not None:
        shown.append(
            f"revenue with the ml forecast changes by at most {findings.delta_ml.high_pct:+.2f} %, "
            f"less than the minimum effect of {demands.minimum_effect_pct:g} %"
        )
    if fallback is FallbackStatus.WORSE and findings.delta_statistics is not None:
        shown.append(
            f"revenue with the statistics forecast changes by at most {findings.delta_statistics.high_pct:+.2f} %, "
            f"below the margin of -{demands.fallback_margin_pct:g} %"
        )
    shown += [
        f"{guardrail.metric} is worse by more than its margin of {guardrail.margin:g} {guardrail.unit}, even at best"
        for guardrail in findings.guardrails
        if guardrail.status is GuardrailStatus.BROKEN
    ]
    shown += [
        f"in the stress world {outcome.name} revenue falls by more than its margin of {outcome.margin_pct:g} %, even at best"
        for outcome in findings.stress_worlds
        if outcome.status is GuardrailStatus.BROKEN
    ]
    return Reject("; ".join(shown)) if shown else None


def _effect_open(findings: Findings, demands: Demands, status: EffectStatus) -> Inconclusive | None:
    """What keeps the ml effect from passing, if it does not."""
    delta = findings.delta_ml
    match status:
        case EffectStatus.PROVEN:
            return None
        case EffectStatus.TOO_SMALL:
            estimate = "" if delta is None else f"estimated at {delta.estimate_pct:+.2f} %, "
            reason = f"the effect is above zero but {estimate}below the minimum effect of {demands.minimum_effect_pct:g} %"
            return Inconclusive(reason, Remedy.SMALLER_MINIMUM_EFFECT)
        case EffectStatus.UNPROVEN:
            low = "" if delta is None else f" (from {delta.low_pct:+.2f} % to {delta.high_pct:+.2f} %)"
            remedy = Remedy.MORE_DAYS if findings.seeds_suffice else Remedy.MORE_SEEDS
            return Inconclusive(f"the effect{low} cannot be told from none; {remedy.value} would tell", remedy)
        case EffectStatus.FUTILE | EffectStatus.NOT_COMPUTED:
            reason = "no interval could be computed for the ml forecast: its differences are the same on every day"
            return Inconclusive(reason, Remedy.MORE_DAYS)
        case _:
            assert_never(status)


def _fallback_open(findings: Findings, demands: Demands, status: FallbackStatus) -> Inconclusive | None:
    """What keeps the fallback from passing, if it does not."""
    match status:
        case FallbackStatus.HELD:
            return None
        case FallbackStatus.UNDECIDED:
            delta = findings.delta_statistics
            low = "" if delta is None else f" (it may fall by {-delta.low_pct:.2f} %)"
            reason = f"the fallback is not shown to stay within -{demands.fallback_margin_pct:g} %{low}"
            return Inconclusive(reason, Remedy.FALLBACK)
        case FallbackStatus.WORSE | FallbackStatus.NOT_COMPUTED:
            reason = "no interval could be computed for the statistics forecast: its differences are the same on every day"
            return Inconclusive(reason, Remedy.FALLBACK)
        case _:
            assert_never(status)


def _guardrail_open(guardrail: GuardrailOutcome) -> Inconclusive | None:
    """What keeps a guardrail from passing, if it does not."""
    undecided = f"{guardrail.metric} is not shown to stay within its margin of {guardrail.margin:g} {guardrail.unit}"
    unknown = f"{guardrail.metric} could not be judged: {guardrail.note}"
    return _margin_open(guardrail.status, undecided, unknown, Remedy.GUARDRAIL)


def _stress_open(outcome: StressOutcome) -> Inconclusive | None:
    """What keeps a stress world from passing, if it does not."""
    undecided = f"revenue in the stress world {outcome.name} is not shown to stay within -{outcome.margin_pct:g} %"
    unknown = f"the stress world {outcome.name} could not be judged: too few days, or the same difference on every day"
    return _margin_open(outcome.status, undecided, unknown, Remedy.STRESS_WORLD)


def _margin_open(status: GuardrailStatus, undecided: str, unknown: str, remedy: Remedy) -> Inconclusive | None:
    match status:
        case GuardrailStatus.HELD:
            return None
        case GuardrailStatus.UNDECIDED | GuardrailStatus.BROKEN:
            return Inconclusive(undecided, remedy)
        case GuardrailStatus.NOT_COMPUTED:
            return Inconclusive(unknown, remedy)
        case _:
            assert_never(status)


def _promotion(findings: Findings) -> str:
    """Why a candidate is promoted."""
    ml, statistics = findings.delta_ml, findings.delta_statistics
    gains = (
        "" if ml is None else f"revenue with the ml forecast changes by {ml.estimate_pct:+.2f} % (at least {ml.low_pct:+.2f} %)"
    )
    falls = "" if statistics is None else f", with the statistics forecast by {statistics.estimate_pct:+.2f} %"
    held, survived = len(findings.guardrails), len(findings.stress_worlds)
    guarded = f"; {held} of {held} guardrails held" if held else ""
    stressed = f"; {survived} of {survived} stress worlds survived" if survived else ""
    return f"{gains}{falls}{guarded}{stressed}"
