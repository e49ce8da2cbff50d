"""The entries of an experiment's record: written from what happened, and read back for whoever decides or looks next.

Start and end follow from the versions of the registry alone, so that a process that died before it wrote them loses nothing:
the next one writes the same entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tunegate.domain.canonical import content_digest
from tunegate.domain.experiments import EventKind, ExperimentEvent
from tunegate.domain.plain_json import from_plain, plain
from tunegate.domain.releases import Release, ReleaseKind
from tunegate.domain.verdicts import Interval
from tunegate.experiment.analysis import EffectEstimate
from tunegate.experiment.decision import Look, decision_kind
from tunegate.experiment.observations import Exclusion, Observation, current_rows
from tunegate.gate.judgement import Check, GuardrailOutcome
from tunegate.release.experiments import MONITOR, Experiment
from tunegate.release.rollout_plan import plan_digest

INVALID, ROLL_BACK, CONCLUDE = "invalid", "roll back", "conclude"
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class RecordedLook:
    """A look as the record keeps it. `rows` has a digest of each row that it counted, by window and arm."""

    days: int
    planned: bool
    taken_at: datetime
    decision: str
    reason: str
    checks: tuple[Check, ...]
    effect: EffectEstimate | None
    guardrails: tuple[GuardrailOutcome, ...]
    rows: Mapping[str, str]
    evidence: str

    @property
    def is_valid(self) -> bool:
        """Whether it counts as taken: an invalid look is taken again."""
        return self.decision != INVALID


@dataclass(frozen=True, slots=True)
class ExperimentState:
    """An experiment, its record, and the version that ended it; None while it runs."""

    experiment: Experiment
    events: tuple[ExperimentEvent, ...]
    end: Release | None

    @property
    def looks(self) -> tuple[RecordedLook, ...]:
        """Every look, oldest first."""
        return looks_of(self.events)

    @property
    def predicted(self) -> Interval | None:
        """What the gate had predicted."""
        return predicted_of(self.events)

    @property
    def realised(self) -> EffectEstimate | None:
        """The effect that the newest valid look found."""
        return next((look.effect for look in reversed(self.looks) if look.is_valid and look.effect is not None), None)

    @property
    def end_event(self) -> ExperimentEvent | None:
        """The entry of its end."""
        return next((event for event in self.events if event.kind.is_end), None)


def started(experiment: Experiment, predicted: Interval | None) -> ExperimentEvent:
    """The first entry. `predicted` is the gain that the gate's verdict names, in percent."""
    release = experiment.release
    document = {
        "plan_digest": plan_digest(experiment.plan),
        "seed": experiment.schedule.seed,
        "verdict": release.verdict,
        "predicted": plain(predicted),
    }
    return _entry(experiment, (), EventKind.STARTED, (release.approver, release.reason), at=release.when, document=document)


def looked(
    experiment: Experiment, before: Sequence[ExperimentEvent], look: Look, rows: Sequence[Observation]
) -> ExperimentEvent:
    """The entry of a look, with the digest of all rows that it was made from."""
    recorded = RecordedLook(
        days=look.days,
        planned=look.planned,
        taken_at=look.taken_at,
        decision=decision_kind(look.decision),
        reason=look.decision.reason,
        checks=look.checks,
        effect=look.effect,
        guardrails=look.guardrails,
        rows=row_digests(rows),
        evidence=content_digest(sorted((plain(row) for row in rows), key=content_digest)),
    )
    why = f"{recorded.decision}: {recorded.reason}"
    return _entry(experiment, before, EventKind.LOOK, (MONITOR, why), at=look.taken_at, document=plain(recorded))


def ended(experiment: Experiment, before: Sequence[ExperimentEvent], end: Release) -> ExperimentEvent:
    """The last entry, by the version that ended the experiment."""
    if end.kind is ReleaseKind.CONCLUSION:
        kind = EventKind.CONCLUDED
    else:
        kind = EventKind.ROLLED_BACK if end.approver == MONITOR else EventKind.STOPPED
    return _entry(experiment, before, kind, (end.approver, end.reason), at=end.when, document={"version": end.version})


def excluded(experiment: Experiment, before: Sequence[ExperimentEvent], exclusion: Exclusion) -> ExperimentEvent:
    """The entry of a window that a person takes out of the analysis."""
    who = (exclusion.approver, exclusion.reason)
    document = {"window": exclusion.window_start.isoformat()}
    return _entry(experiment, before, EventKind.EXCLUDED, who, at=exclusion.when, document=document)


def looks_of(events: Sequence[ExperimentEvent]) -> tuple[RecordedLook, ...]:
    """The looks in a record, oldest first."""
    return tuple(from_plain(RecordedLook, dict(event.document)) for event in events if event.kind is EventKind.LOOK)


def exclusions_of(events: Sequence[ExperimentEvent]) -> tuple[Exclusion, ...]:
    """The windows that people took out, oldest first."""
    return tuple(
        Exclusion(datetime.fromisoformat(event.document["window"]), event.who, event.why, event.at)
        for event in events
        if event.kind is EventKind.EXCLUDED
    )


def predicted_of(events: Sequence[ExperimentEvent]) -> Interval | None:
    """What the gate had predicted, where the record says so."""
    found: Any = next((event.document["predicted"] for event in events if event.kind is EventKind.STARTED), None)
    return None if found is None else from_plain(Interval, found)


def row_digests(rows: Sequence[Observation]) -> dict[str, str]:
    """A short digest of the latest row of each window and arm."""
    return {
        f"{row.window_start.isoformat()} {row.arm}": content_digest(plain(row)).removeprefix("sha256:")[:_DIGITS]
        for row in current_rows(rows).rows
    }


def rows_gone(looks: Sequence[RecordedLook], rows: Sequence[Observation]) -> tuple[str, ...]:
    """Windows and arms that an earlier look counted, and of which there is no row any more."""
    present = row_digests(rows)
    return tuple(sorted({key for look in looks for key in look.rows} - present.keys()))


def _entry(
    experiment: Experiment,
    before: Sequence[ExperimentEvent],
    kind: EventKind,
    who: tuple[str, str],
    *,
    at: datetime,
    document: Mapping[str, Any],
) -> ExperimentEvent:
    previous = before[-1].digest if before else None
    return ExperimentEvent(experiment.region, experiment.number, len(before) + 1, kind, at, *who, document, previous)
