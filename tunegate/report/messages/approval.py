"""What an approver must see before a release: one page of markdown, made from the immutable record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tunegate.domain.errors import Fault
from tunegate.domain.provenance import ConfigProvenance
from tunegate.gate.judgement import GuardrailOutcome, GuardrailStatus, Judgement
from tunegate.gate.verdict_document import VerdictDocument
from tunegate.release.rollout_plan import IMMEDIATE, RolloutPlan, plan_digest, plan_words
from tunegate.release.routes import NO_ROUTE_CHECK, StoredRouteCheck, blocking_reasons
from tunegate.report import formats
from tunegate.report.formats import markdown_text as text
from tunegate.report.messages.route_words import objections
from tunegate.report.messages.verdict_words import TONES, Outcome
from tunegate.report.page.document import SYMBOLS


@dataclass(frozen=True, slots=True)
class ApprovalQuestion:
    """A verdict that waits for a person.

    `document` is its record and `verdict` the digest of that; `running` are the parameters in production now, `requester` who
    began the campaign and `requested_by` who asked for the rollout, where that is known. `report` is an address or None, and so
    is `route_map`, the map of the routes that were checked. `rollout_plan` is how the candidate comes to the region, and
    `score_card` what the street said of earlier releases.
    """

    region: str
    verdict: str
    campaign: str
    document: VerdictDocument
    running: Mapping[str, float]
    expires_at: datetime
    approvers: tuple[str, ...]
    four_eyes: bool
    requester: str | None
    requested_by: str | None
    report: str | None
    routes: StoredRouteCheck = NO_ROUTE_CHECK
    route_map: str | None = None
    rollout_plan: RolloutPlan = IMMEDIATE
    score_card: str | None = None

    @property
    def outcome(self) -> Outcome:
        """The verdict as one closed word."""
        return Outcome(self.document.judgement.verdict.KIND)

    @property
    def reason(self) -> str:
        """Why the verdict is what it is."""
        return self.document.judgement.verdict.reason

    @property
    def needs_override(self) -> bool:
        """Whether only an override lets the candidate in: a verdict that is not promote, or routes that block."""
        return self.outcome is not Outcome.PROMOTE or bool(blocking_reasons(self.routes))

    @property
    def changes(self) -> tuple[tuple[str, float | None, float | None], ...]:
        """Name, value now and value with the candidate of every parameter that would change."""
        candidate = self.document.evidence.candidate
        names = sorted({*self.running, *candidate})
        return tuple(
            (name, self.running.get(name), candidate.get(name))
            for name in names
            if self.running.get(name) != candidate.get(name)
        )


def approval_markdown(question: ApprovalQuestion, faults: Sequence[Fault] = ()) -> str:
    """The verdict, the gains with their intervals, what would change, and who may answer until when.

    `faults` are what was wrong with the answer before this one; they come first.
    """
    symbol = SYMBOLS[TONES[question.outcome]]
    lines = [
        *_refused(faults),
        f"## {symbol} {question.outcome.value.capitalize()}: {text(formats.region(question.region))}",
        "",
        text(formats.sentence(question.reason)),
        "",
        *_gains(question.document.judgement),
        *_guardrails(question.document.judgement.guardrails),
        *_routes(question),
        "| Parameter | Now | With the candidate |",
        "| --- | ---: | ---: |",
        *(f"| {text(name)} | {_value(before)} | {_value(after)} |" for name, before, after in question.changes),
        "",
        *([] if question.score_card is None else [text(question.score_card), ""]),
        *_plan(question.rollout_plan),
        *_who(question),
    ]
    return "\n".join(lines) + "\n"


def _refused(faults: Sequence[Fault]) -> list[str]:
    if not faults:
        return []
    return [
        "**The last answer could not be taken; nothing was released:**",
        "",
        *(f"- {text(str(each))}" for each in faults),
        "",
    ]


def _gains(judgement: Judgement) -> list[str]:
    level_pct = 100 * (1 - 2 * judgement.one_sided_level)
    lines = [f"| Revenue | Change | {level_pct:.3g} % interval |", "| --- | ---: | ---: |"]
    for name, interval in (
        ("On held-out days, ml forecast", judgement.delta_ml),
        ("On held-out days, statistical forecast", judgement.delta_statistics),
    ):
        change = formats.change(None if interval is None else interval.estimate_pct)
        lines.append(f"| {name} | {change} | {formats.span(interval)} |")
    return [*lines, ""]


def _guardrails(guardrails: Sequence[GuardrailOutcome]) -> list[str]:
    others = [f"{text(each.metric)} {text(each.status)}" for each in guardrails if each.status is not GuardrailStatus.HELD]
    listed = f"; {', '.join(others)}" if others else ""
    return [f"Guardrails: {len(guardrails) - len(others)} of {len(guardrails)} held{listed}.", ""]


def _routes(question: ApprovalQuestion) -> list[str]:
    """What the route check found; nothing where there is no check."""
    found = question.routes.result
    if found is None:
        return []
    words = f"Routes: {found.KIND}"
    reasons = [f"- {text(reason)}" for reason in objections(found)]
    seen = [f"[The map of the routes]({question.route_map})"] if question.route_map else []
    return [words, "", *reasons, *([""] if reasons else []), *seen, *([""] if seen else [])]


def _plan(plan: RolloutPlan) -> list[str]:
    """How the candidate comes to the region; the approval covers it."""
    return [f"**Release plan** `{plan_digest(plan)}`", "", *(f"- {text(sentence)}" for sentence in plan_words(plan)), ""]


def _who(question: ApprovalQuestion) -> list[str]:
    listed = ", ".join(text(name) for name in question.approvers) or "nobody"
    other = f", but not {text(question.requester or 'who began the campaign')}, who began it" if question.four_eyes else ""
    asked = f" {text(question.requested_by)} asked for this rollout." if question.requested_by else ""
    override = (
        [] if not question.needs_override else ["Approving it needs the override, which marks the release permanently.", ""]
    )
    report = [f"[The report]({question.report})", ""] if question.report else []
    return [
        *override,
        f"May approve: {listed}{other}. Anybody may decline. Until {formats.moment(question.expires_at)}.{asked}",
        "",
        *report,
        *_configuration(question.document.evidence.configuration),
        f"Campaign {text(question.campaign)}, record `{question.verdict}`",
    ]


def _configuration(configuration: ConfigProvenance | None) -> list[str]:
    """The reviewed file that decided, and what the campaign varied."""
    if configuration is None:
        return []
    varied = ", ".join(text(override) for override in configuration.overrides) or "nothing"
    return [f"Reviewed file {text(configuration.file)}, digest `{configuration.digest}`. Overrides: {varied}.", ""]


def _value(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.6g}"
