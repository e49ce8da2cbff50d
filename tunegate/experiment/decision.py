"""The decision of a look: go on, conclude, roll back, or invalid, with the evidence for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from tunegate.domain.parameters import Direction
from tunegate.domain.verdicts import Invalid
from tunegate.experiment.analysis import EffectEstimate, estimate_effect
from tunegate.experiment.checks import check_observations
from tunegate.experiment.evidence import ExperimentEvidence, WindowTable, window_table
from tunegate.experiment.observations import Exclusion
from tunegate.experiment.schedule import Schedule
from tunegate.gate.guardrails import not_computed, outcome_of
from tunegate.gate.judgement import Check, GuardrailOutcome, GuardrailStatus
from tunegate.gate.policy import GuardrailKind, GuardrailPolicy


@dataclass(frozen=True, slots=True)
class Continue:
    """Nothing is shown that ends the experiment early."""

    reason: str


@dataclass(frozen=True, slots=True)
class Conclude:
    """The last look, and no harm is shown: the candidate runs in the whole region."""

    reason: str


@dataclass(frozen=True, slots=True)
class RollBack:
    """Harm is shown: the effect is below the harm limit, or a guardrail is broken."""

    reason: str


LookDecision = Continue | Conclude | RollBack | Invalid


@dataclass(frozen=True, slots=True)
class Look:
    """A look after `days` completed days: what was decided and every number behind it.

    `planned` says whether the plan has a look after so many days; at any other the decision is Continue or Invalid.
    `effect` and `guardrails` are empty when a check failed.
    """

    days: int
    planned: bool
    taken_at: datetime
    decision: LookDecision
    checks: tuple[Check, ...]
    effect: EffectEstimate | None
    guardrails: tuple[GuardrailOutcome, ...]
    exclusions: tuple[Exclusion, ...]


def decision_kind(decision: LookDecision) -> str:
    """`continue`, `conclude`, `roll back` or `invalid`: how a decision is stored and shown."""
    return "roll back" if isinstance(decision, RollBack) else type(decision).__name__.lower()


def due_look(schedule: Schedule, now: datetime, taken: Collection[int]) -> int | None:
    """The look to take now: the latest planned one whose days are over, unless it was taken. Missed ones lapse."""
    over = [look for look in schedule.plan.looks if schedule.day_end(look) <= now]
    return over[-1] if over and over[-1] not in taken else None


def judge_look(evidence: ExperimentEvidence, days: int) -> Look:
    """Check, analyse and decide after `days` completed days. The same evidence gives the same look.

    Raises ValueError when these days are not over, or not of the experiment.
    """
    schedule = evidence.schedule
    if not 1 <= days <= schedule.plan.days or schedule.day_end(days) > evidence.now:
        raise ValueError(f"a look needs completed days of the experiment, but got {days} at {evidence.now.isoformat()}")
    checks = check_observations(evidence, days)
    effect: EffectEstimate | None = None
    guardrails: tuple[GuardrailOutcome, ...] = ()
    failed = [check for check in checks if not check.passed]
    if failed:
        decision: LookDecision = Invalid("; ".join(f"{check.name}: {check.detail}" for check in failed))
    else:
        table = window_table(schedule, evidence.within(days))
        effect = estimate_effect(schedule, table, table.revenue_per_min, level=schedule.plan.level)
        guardrails = judge_guardrails(schedule, table, evidence.guardrails)
        decision = decide(schedule, days, effect, guardrails)
    planned = days in schedule.plan.looks
    return Look(days, planned, evidence.now, decision, checks, effect, guardrails, evidence.exclusions)


def decide(
    schedule: Schedule, days: int, effect: EffectEstimate | None, guardrails: tuple[GuardrailOutcome, ...]
) -> LookDecision:
    """The rule. Only planned looks can end an experiment, because the interval holds at those."""
    plan = schedule.plan
    if days not in plan.looks:
        return Continue(f"day {days} of {plan.days}; the looks are after days {', '.join(map(str, plan.looks))}")
    last = days == plan.days
    if effect is None:
        reason = "the effect could not be computed: too few windows, or no spread between them"
        return Invalid(reason) if last else Continue(reason)
    shown = f"{effect.interval.estimate_pct:+.2f} % ({effect.interval.low_pct:+.2f} % to {effect.interval.high_pct:+.2f} %)"
    if effect.interval.high_pct < plan.harm_limit_pct:
        return RollBack(f"revenue changes by {shown}, below the harm limit of {plan.harm_limit_pct:+g} %")
    broken = [outcome for outcome in guardrails if outcome.status is GuardrailStatus.BROKEN]
    if broken:
        return RollBack("; ".join(_broken(outcome) for outcome in broken))
    return (
        Conclude(f"revenue changes by {shown}") if last else Continue(f"revenue changes by {shown}, day {days} of {plan.days}")
    )


def judge_guardrails(
    schedule: Schedule, table: WindowTable, guardrails: tuple[GuardrailPolicy, ...]
) -> tuple[GuardrailOutcome, ...]:
    """Each guardrail's change with an interval; all of the intervals together hold at every planned look."""
    return tuple(_judge_guardrail(schedule, table, each, schedule.plan.level / len(guardrails)) for each in guardrails)


def _judge_guardrail(schedule: Schedule, table: WindowTable, guardrail: GuardrailPolicy, level: float) -> GuardrailOutcome:
    relative = guardrail.kind is GuardrailKind.RELATIVE_PCT
    scale = 100.0 if guardrail.kind is GuardrailKind.FRACTION_POINTS else 1.0
    found = estimate_effect(schedule, table, scale * table.metric(guardrail.metric), level=level, relative=relative)
    if found is None:
        return not_computed(guardrail, "not in every observation, too few windows, or no spread between them")
    return outcome_of(guardrail, found.interval)


def _broken(outcome: GuardrailOutcome) -> str:
    sign = "-" if outcome.direction is Direction.HIGHER else "+"
    return (
        f"{outcome.metric} changes by {outcome.estimate:+.2f} {outcome.unit} "
        f"({outcome.low:+.2f} to {outcome.high:+.2f}), beyond its margin of {sign}{outcome.margin:g}"
    )
