"""How an approved candidate comes to a region: at once, or by an experiment on the street that is judged first.

The approval covers the plan: `plan_digest` is what an approver is shown and what the record of the experiment keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_never

from tunegate.domain.canonical import content_digest
from tunegate.domain.plain_json import from_plain, plain
from tunegate.experiment.schedule import SwitchbackPlan
from tunegate.gate.policy import GuardrailPolicy


@dataclass(frozen=True, slots=True)
class Immediate:
    """The whole region runs the candidate from its approval on."""


@dataclass(frozen=True, slots=True)
class Switchback:
    """The whole region runs production and candidate in turn, window by window, until the experiment is decided.

    Windows begin by the clock of `time_zone`. `automatic_rollback` says whether the monitor may end a harmful experiment
    without a person, `currency` in which one the street reports its revenue, and `guardrails` which of its other metrics must
    not get worse.
    """

    design: SwitchbackPlan
    time_zone: str
    currency: str
    automatic_rollback: bool = True
    guardrails: tuple[GuardrailPolicy, ...] = ()


RolloutPlan = Immediate | Switchback

IMMEDIATE = Immediate()


def plan_document(plan: RolloutPlan) -> dict[str, Any]:
    """The plan as plain JSON; equal plans have equal documents."""
    match plan:
        case Immediate():
            return {"kind": "immediate"}
        case Switchback(design=design):
            return {
                "kind": "switchback",
                "days": design.days,
                "window_min": design.window_min,
                "washout_min": design.washout_min,
                "harm_limit_pct": float(design.harm_limit_pct),
                "level": float(design.level),
                "looks": list(design.looks),
                "time_zone": plan.time_zone,
                "currency": plan.currency,
                "automatic_rollback": plan.automatic_rollback,
                "guardrails": plain(plan.guardrails),
            }
        case _:
            assert_never(plan)


def plan_digest(plan: RolloutPlan) -> str:
    """SHA-256 over the canonical JSON of `plan_document`."""
    return content_digest(plan_document(plan))


def switchback_of(document: dict[str, Any]) -> Switchback:
    """The switchback that `plan_document` wrote. Raises KeyError, TypeError or ValueError for another document."""
    if document["kind"] != "switchback":
        raise ValueError(f"a plan with a schedule must be a switchback, but got {document['kind']!r}")
    design = SwitchbackPlan(
        days=document["days"],
        window_min=document["window_min"],
        washout_min=document["washout_min"],
        harm_limit_pct=document["harm_limit_pct"],
        level=document["level"],
        looks=tuple(document["looks"]),
    )
    guardrails = tuple(from_plain(GuardrailPolicy, each) for each in document["guardrails"])
    return Switchback(design, document["time_zone"], document["currency"], document["automatic_rollback"], guardrails)


def plan_words(plan: RolloutPlan) -> tuple[str, ...]:
    """The plan in sentences for an approver."""
    match plan:
        case Immediate():
            return ("The whole region runs the candidate from the approval on.",)
        case Switchback(design=design):
            looks = f"after day {', '.join(map(str, design.looks))}"
            who = (
                "the monitor rolls it back by itself" if plan.automatic_rollback else "people are told; nothing is rolled back"
            )
            harm = f"{design.harm_limit_pct:g} % of production's revenue"
            windows = f"in windows of {design.window_min} min of which the first {design.washout_min} min are not counted"
            chance = f"its interval misses the effect with a chance of {100 * design.level:g} %"
            return (
                f"The region runs production and candidate in turn for {design.days} days by the clock of {plan.time_zone}.",
                f"It does so {windows}.",
                f"It is judged {looks}; over all looks, {chance}.",
                _guarded(plan.guardrails),
                f"Where the effect is shown to be below {harm} or a guardrail is broken, {who}.",
            )
        case _:
            assert_never(plan)


def _guarded(guardrails: tuple[GuardrailPolicy, ...]) -> str:
    if not guardrails:
        return "No other metric is guarded."
    return f"These metrics must not get worse: {', '.join(each.metric for each in guardrails)}."
