"""A verdict in words for somebody who runs taxis and not statistics: what it means, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from tunegate.domain.verdicts import Inconclusive, Invalid, Promote, Reject, Remedy
from tunegate.gate.judgement import GuardrailOutcome, GuardrailStatus, Judgement
from tunegate.gate.policy import GatePolicy
from tunegate.gate.versions import CURRENT_RULE, RuleVersion


def plain_words(judgement: Judgement, policy: GatePolicy, rule: RuleVersion = CURRENT_RULE) -> str:
    """One paragraph: the verdict, what was seen, and what would change it. The record holds it, so it depends on the rule."""
    seen = _seen(judgement)
    if rule.name != "1":
        seen = " ".join((seen, *_seen_over_worlds(judgement), *_seen_in_zones(judgement)))
    match judgement.verdict:
        case Promote():
            sentences = [
                "The new settings earn more than today's, and this is not luck.",
                seen,
                _held(judgement.guardrails),
                "Fresh days on which the gain vanishes, or a change of today's settings, would change this.",
                "In either case the comparison has to be made again.",
            ]
        case Reject(reason=reason):
            sentences = [
                "The new settings are not worth having.",
                seen,
                f"What speaks against them: {reason}.",
                "More of the same days will not turn this round; only other settings can.",
            ]
        case Inconclusive(reason=reason, remedy=remedy):
            sentences = [
                "The test does not say whether the new settings are better, so today's settings stay.",
                seen,
                f"What is open: {reason}.",
                _way_out(remedy, judgement, policy),
            ]
        case Invalid(reason=reason):
            sentences = [
                "This comparison must not be used, neither for nor against the new settings, because it was not a fair one.",
                f"What went wrong: {reason}.",
                "Once that is put right, the comparison has to be run again; the figures of this run mean nothing.",
            ]
        case _:
            assert_never(judgement.verdict)
    return " ".join(sentences)


def _seen(judgement: Judgement) -> str:
    """What the held-out days showed."""
    days = len({item.day for item in judgement.days})
    delta_ml, delta_statistics = judgement.delta_ml, judgement.delta_statistics
    if delta_ml is None:
        return f"On {days} test days no reliable range for the change in revenue could be worked out."
    confidence = f"{100 * (1 - 2 * judgement.one_sided_level):.3g} %"
    text = (
        f"On {days} days that the search never saw, the fleet's revenue changed by {delta_ml.estimate_pct:+.2f} % "
        f"(between {delta_ml.low_pct:+.2f} % and {delta_ml.high_pct:+.2f} %, with {confidence} confidence)"
    )
    if delta_statistics is None:
        return text + "; for the fallback forecast no reliable range could be worked out."
    return (
        f"{text}, and by {delta_statistics.estimate_pct:+.2f} % (between {delta_statistics.low_pct:+.2f} % and "
        f"{delta_statistics.high_pct:+.2f} %) when the simple demand forecast has to stand in."
    )


def _seen_over_worlds(judgement: Judgement) -> Iterator[str]:
    """How far the figures depend on the simulated world."""
    if not judgement.worlds:
        yield "This is conditional on the one world that was simulated: no other assumption was tried."
    elif judgement.realised is not None:
        realised = judgement.realised
        yield (
            f"Over the {len(judgement.worlds)} worlds that were simulated, the change that will be realised lies between "
            f"{realised.low_pct:+.2f} % and {realised.high_pct:+.2f} %, with a {realised.chance_of_loss:.0%} chance of a loss."
        )
    for outcome in judgement.stress_worlds:
        if outcome.estimate_pct is not None and outcome.low_pct is not None:
            yield (
                f"In the stress world {outcome.name} revenue changed by {outcome.estimate_pct:+.2f} % "
                f"(at worst {outcome.low_pct:+.2f} %, and -{outcome.margin_pct:g} % is allowed)."
            )


def _seen_in_zones(judgement: Judgement) -> Iterator[str]:
    """The zones shown to lose, which a guardrail that holds would leave unsaid."""
    if judgement.losing_zones:
        listed = ", ".join(
            f"{loss.zone} ({loss.estimate_pct:+.1f} % of its revenue, which is {loss.share_pct:.1f} % of the fleet's)"
            for loss in judgement.losing_zones
        )
        yield f"Shown to lose revenue: {listed}."


def _held(guardrails: tuple[GuardrailOutcome, ...]) -> str:
    """What the guardrails say of customers, drivers and districts."""
    if not guardrails:
        return "Nothing else was guarded."
    return f"Nothing else that matters got worse by more than was allowed ({', '.join(item.metric for item in guardrails)})."


def _way_out(remedy: Remedy, judgement: Judgement, policy: GatePolicy) -> str:
    """What would settle an open question."""
    detectable_pct = judgement.minimum_detectable_effect_pct
    sight = (
        ""
        if detectable_pct is None
        else f" As it was, the test would have let a true gain of {detectable_pct:+.2f} % through four times out of five."
    )
    match remedy:
        case Remedy.MORE_DAYS:
            return "A test over more days would settle it." + sight
        case Remedy.MORE_SEEDS:
            return "Simulating each day more often (more seeds) would settle it." + sight
        case Remedy.FALLBACK:
            return (
                "The new settings must be shown to lose no more than "
                f"{policy.fallback_margin_pct:g} % with the simple forecast: more days, or settings that suit both forecasts."
            )
        case Remedy.GUARDRAIL:
            names = [item.metric for item in judgement.guardrails if item.status is not GuardrailStatus.HELD]
            return f"More days, or settings that treat {', '.join(names)} better, would settle it."
        case Remedy.STRESS_WORLD:
            worlds = [item.name for item in judgement.stress_worlds if item.status is not GuardrailStatus.HELD]
            return f"Settings that lose less in the stress world {' and '.join(worlds)}, or more days, would settle it."
        case Remedy.SMALLER_MINIMUM_EFFECT:
            return (
                f"The gain is real but looks smaller than the {policy.minimum_effect_pct:g} % that was called worth a change: "
                "more days could show it larger, or whoever set that minimum may lower it before the next test."
            )
        case _:
            assert_never(remedy)
