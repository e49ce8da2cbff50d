"""The verdict worded for people who manage drivers, not experiments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import fmean
from typing import assert_never

from tunegate.domain.days import Forecast
from tunegate.domain.trials import TrialState
from tunegate.domain.verdicts import Inconclusive, Interval, Invalid, Promote, Reject, Remedy
from tunegate.gate.judgement import GuardrailStatus
from tunegate.gate.routes.check import Blocked, NotChecked
from tunegate.report import formats
from tunegate.report.model import CampaignReport, GateResult
from tunegate.report.page.document import Tone


class Outcome(StrEnum):
    """How a campaign ended: one of the four verdicts, or no candidate to judge."""

    PROMOTE = "promote"
    REJECT = "reject"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"
    NOTHING_BEATS_PRODUCTION = "nothing beats production"


@dataclass(frozen=True, slots=True)
class Words:
    """What the top of a report says: the outcome, a title, one sentence about drivers, why, and what happens next."""

    outcome: Outcome
    title: str
    sentence: str
    reason: str
    next_steps: tuple[str, ...]


TITLES = {
    Outcome.PROMOTE: "Better than what runs today",
    Outcome.REJECT: "Not worth the change",
    Outcome.INCONCLUSIVE: "Not decided yet",
    Outcome.INVALID: "This comparison does not count",
    Outcome.NOTHING_BEATS_PRODUCTION: "Keep today's parameters",
}

TONES = {
    Outcome.PROMOTE: Tone.GOOD,
    Outcome.REJECT: Tone.BAD,
    Outcome.INCONCLUSIVE: Tone.UNSURE,
    Outcome.INVALID: Tone.INVALID,
    Outcome.NOTHING_BEATS_PRODUCTION: Tone.PLAIN,
}

_REMEDIES = {
    Remedy.MORE_DAYS: "Judge it on more held-out days: a longer test period narrows the interval.",
    Remedy.MORE_SEEDS: "Simulate each held-out day with more seeds: chance inside a day still hides the difference.",
    Remedy.FALLBACK: "Look at the fallback: with the statistical forecast it is not shown that drivers would be no worse off.",
    Remedy.GUARDRAIL: "Look at the guardrails below: at least one is neither shown to hold nor shown to break.",
    Remedy.STRESS_WORLD: "Look at the stress worlds below: the candidate is not shown to survive at least one of them.",
    Remedy.SMALLER_MINIMUM_EFFECT: "The gain may be real, but smaller than what the region asks for; is so little worth it?",
}

EXPLORATORY = "exploratory, never to be released"

_NEVER_BY_ITSELF = "Production has not changed. Nothing reaches it from this page."


def outcome_of(report: CampaignReport) -> Outcome:
    """The outcome of a campaign as one closed word."""
    return Outcome.NOTHING_BEATS_PRODUCTION if report.gate is None else Outcome(report.gate.judgement.verdict.KIND)


def words_for(report: CampaignReport) -> Words:
    """All the words of the banner and of the last section."""
    words = _words_for(report)
    return replace(words, title=f"{words.title} ({EXPLORATORY})") if report.exploratory else words


def _words_for(report: CampaignReport) -> Words:
    outcome = outcome_of(report)
    if report.gate is None:
        return Words(outcome, TITLES[outcome], _nothing_sentence(report), _nothing_reason(report), _next_without_candidate())
    verdict = report.gate.judgement.verdict
    sentence = _effect_sentence(report, report.gate)
    match verdict:
        case Promote(reason=reason):
            steps = _next_for_exploratory(report) or (*_routes_first(report), *_next_for_promote(report))
        case Reject(reason=reason):
            sentence += _what_got_worse(report, report.gate)
            steps = _next_without_candidate()
        case Inconclusive(reason=reason, remedy=remedy):
            steps = (
                _REMEDIES[remedy],
                "Then run the campaign again, or wait for the next scheduled one.",
                f"{_NEVER_BY_ITSELF} Releasing this candidate all the same would need an override that stays on record.",
            )
        case Invalid(reason=reason):
            sentence = (
                "A check failed, so the numbers of this comparison say nothing about the candidate, neither good nor bad. "
                "They must not be read."
            )
            steps = (
                "Repair what the failed check names, then run the campaign again.",
                f"{_NEVER_BY_ITSELF} An invalid comparison can not be approved.",
            )
        case _:
            assert_never(verdict)
    return Words(outcome, TITLES[outcome], sentence, reason, steps)


def days_better(gate: GateResult, forecast: Forecast = Forecast.ML) -> tuple[int, int]:
    """On how many held-out days the candidate earned more, and of how many."""
    days = [day for day in gate.judgement.days if day.forecast is forecast]
    return sum(day.delta_pct > 0 for day in days), len(days)


def extra_per_driver_minor(gate: GateResult, forecast: Forecast = Forecast.ML) -> float | None:
    """Mean difference per driver and day in minor currency units; None when the fleet's size is not known."""
    days = [day for day in gate.judgement.days if day.forecast is forecast]
    if not days or not gate.drivers:
        return None
    return fmean(day.candidate_minor - day.production_minor for day in days) / gate.drivers


def is_fleet(gate: GateResult) -> bool:
    """Whether several drivers share the revenue, as far as is known; a shop or a junction earns by itself."""
    return gate.drivers is None or gate.drivers > 1


def _effect_sentence(report: CampaignReport, gate: GateResult) -> str:
    delta = gate.judgement.delta_ml
    if delta is None or not formats.is_there(delta.estimate_pct):
        return "How much more or less would have been earned could not be computed."
    better, judged = days_better(gate)
    more = "They would have earned more" if is_fleet(gate) else "It would have been higher"
    days = f" {more} on {better} of {formats.plural(judged, 'held-out day')}." if judged else ""
    return f"{_earned(delta, gate, report)}{days}"


def _earned(delta: Interval, gate: GateResult, report: CampaignReport) -> str:
    size = formats.number(abs(delta.estimate_pct), 1)
    likely = f"likely between {formats.change(delta.low_pct, digits=1)} and {formats.change(delta.high_pct, digits=1)}"
    if size == "0.0":
        subject = "Drivers would have earned" if is_fleet(gate) else "Revenue would have been"
        return f"{subject} about the same as with today's parameters ({likely})."
    direction = "more" if delta.estimate_pct > 0 else "less"
    per_driver = extra_per_driver_minor(gate)
    extra = "" if per_driver is None else f", {formats.money(abs(per_driver), report.money)}"
    if is_fleet(gate):
        amount = f"{extra} per driver and day" if extra else ""
        earned = f"Drivers would have earned about {size}{formats.SPACE}% {direction}"
    else:
        amount = f"{extra} a day" if extra else ""
        earned = f"Revenue would have been about {size}{formats.SPACE}% {'higher' if direction == 'more' else 'lower'}"
    return f"{earned} than with today's parameters{amount} ({likely})."


def _what_got_worse(report: CampaignReport, gate: GateResult) -> str:
    """Names what suffered, so that a rejected gain does not read like a mistake."""
    meanings = {spec.name: spec.meaning for spec in report.metrics}
    broken = [
        formats.label(meanings.get(guardrail.metric, guardrail.metric))
        for guardrail in gate.judgement.guardrails
        if guardrail.status is GuardrailStatus.BROKEN
    ]
    return f" But this got worse by more than the region allows: {'; '.join(broken)}." if broken else ""


def _nothing_sentence(report: CampaignReport) -> str:
    tried = formats.plural(report.count(TrialState.COMPLETE), "trial")
    if report.confirmed:
        again = formats.plural(len(report.confirmed), "best one was", "best ones were")
        return (
            f"Of {tried}, the {again} simulated again on days the search had not seen, and none was found to earn "
            f"more than today's parameters{_in_stress_worlds(report)}."
        )
    return f"Of {tried}, none earned more than today's parameters, even on the days the search looked at."


def _in_stress_worlds(report: CampaignReport) -> str:
    """That some finalists earned more, and were dropped for what they would lose in a stress world."""
    dropped = [each for each in report.confirmed if each.objection is not None and each.validation is not None]
    return " and to keep its margins in every stress world" if dropped else ""


def _nothing_reason(report: CampaignReport) -> str:
    held_out = formats.plural(len(report.settings.periods.test.days), "held-out day")
    return f"No candidate went to the gate, so none of the {held_out} was used up."


def _next_for_exploratory(report: CampaignReport) -> tuple[str, ...]:
    """Why a verdict that is exploratory leads nowhere; nothing for a campaign of reviewed files."""
    if not report.exploratory:
        return ()
    return (
        f"Nothing to approve: this verdict is exploratory, for {'; '.join(report.exploratory)}.",
        "To release such a candidate, write the change into a file of the reviewed folder, have it reviewed, and tune again.",
    )


def _next_for_promote(report: CampaignReport) -> tuple[str, ...]:
    record = report.provenance.record_digest
    which = f" What is approved is the verdict record {record}." if record is not None else ""
    return (
        f"Somebody on the region's list of approvers reads this page and approves or declines, with a reason.{which}",
        "The rollout checks again that production still is what the candidate was compared with, and only then replaces it.",
        "The parameters it replaces are kept and can be brought back at any time.",
    )


def _routes_first(report: CampaignReport) -> tuple[str, ...]:
    """What an approver must know about the routes; nothing where they passed or were not checked on purpose."""
    if report.routes is None:
        return ()
    match report.routes.findings.result:
        case Blocked(reasons=reasons):
            return (f"The routes block it: {'; '.join(reasons)}. Look at the map; only an override with a reason lets it in.",)
        case NotChecked(reason=reason) if report.routes.policy.required:
            return (f"It cannot be approved: its routes had to be checked and were not ({reason}).",)
        case _:
            return ()


def _next_without_candidate() -> tuple[str, ...]:
    return (
        f"Nothing to approve. {_NEVER_BY_ITSELF}",
        "The next scheduled campaign looks again, on more recent days.",
    )
