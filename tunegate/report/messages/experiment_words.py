"""An experiment in words: how it stands, what every look found, and what happens next."""

from __future__ import annotations

from datetime import datetime

from tunegate.domain.experiments import EventKind, ExperimentEvent
from tunegate.domain.verdicts import Interval
from tunegate.gate.judgement import GuardrailStatus
from tunegate.release.experiment_record import CONCLUDE, INVALID, ROLL_BACK, ExperimentState, RecordedLook
from tunegate.release.rollout_plan import plan_digest, plan_words
from tunegate.report import formats
from tunegate.report.formats import markdown_text as text
from tunegate.report.messages.notices import ExperimentEnded, ExperimentLooked

LOOK_COLUMNS = ("day", "effect", "interval", "guardrails", "decision", "reason")
_ENDS = {
    EventKind.CONCLUDED: "concluded",
    EventKind.ROLLED_BACK: "rolled back by the monitor",
    EventKind.STOPPED: "stopped",
}


def standing(state: ExperimentState, now: datetime) -> str:
    """How an experiment stands, in one sentence."""
    if state.end is not None:
        how = "concluded" if state.end.restores is None else "over: what ran before was restored"
        return f"It is {how}, version {state.end.version} by {state.end.approver}: {state.end.reason}"
    schedule = state.experiment.schedule
    if now < schedule.start_utc:
        return f"It begins on {formats.moment(schedule.start_utc)}."
    return f"Day {min(schedule.completed_days(now) + 1, schedule.plan.days)} of {schedule.plan.days}."


def next_step(state: ExperimentState, now: datetime) -> str:
    """What happens next, and when."""
    if state.end is not None:
        return "nothing; the experiment is over."
    schedule, taken = state.experiment.schedule, {look.days for look in state.looks if look.is_valid}
    last = state.looks[-1] if state.looks else None
    if last is not None and last.decision == ROLL_BACK:
        return "harm is shown and the monitor may not roll back here: a person stops it with `tunegate experiment stop`."
    if last is not None and last.decision == CONCLUDE:
        return "the next run of the monitor concludes it."
    due = next((days for days in schedule.plan.looks if days not in taken and days > max(taken, default=0)), None)
    if due is None:
        return "nothing is due."
    again = " again, once the rows are corrected" if last is not None and last.decision == INVALID else ""
    fallback = " Readers run production since the schedule ended." if now >= schedule.end_utc else ""
    return f"the look after day {due}, from {formats.moment(schedule.day_end(due))} on{again}.{fallback}"


def look_cells(look: RecordedLook) -> tuple[str, ...]:
    """A look as a row of `LOOK_COLUMNS`."""
    effect = None if look.effect is None else look.effect.interval
    held = sum(each.status is not GuardrailStatus.BROKEN for each in look.guardrails)
    guardrails = f"{held} of {len(look.guardrails)} not broken" if look.guardrails else "none"
    change = formats.change(None if effect is None else effect.estimate_pct)
    return (str(look.days), change, formats.span(effect), guardrails, look.decision, look.reason)


def predicted_words(predicted: Interval | None) -> str:
    """What the gate predicted."""
    if predicted is None:
        return "The gate predicted nothing."
    return f"The gate predicted {formats.change(predicted.estimate_pct)} ({formats.span(predicted)})."


def experiment_markdown(state: ExperimentState, now: datetime) -> str:
    """The page beside a run of the monitor."""
    experiment = state.experiment
    lines = [
        f"## Experiment {text(experiment.name)}",
        "",
        text(standing(state, now)),
        "",
        text(predicted_words(state.predicted)),
        "",
        f"**Next** {text(next_step(state, now))}",
        "",
        f"| {' | '.join(LOOK_COLUMNS)} |",
        f"|{' --- |' * len(LOOK_COLUMNS)}",
        *(f"| {' | '.join(map(text, look_cells(look)))} |" for look in state.looks),
        "",
        f"Release plan `{plan_digest(experiment.plan)}`, seed {experiment.schedule.seed}",
        "",
        *(f"- {text(sentence)}" for sentence in plan_words(experiment.plan)),
    ]
    return "\n".join(lines) + "\n"


def notice_of(state: ExperimentState, event: ExperimentEvent, run_url: str | None) -> ExperimentLooked | ExperimentEnded | None:
    """What people are told of a new entry; None where nothing changes for them."""
    region, name = state.experiment.region, state.experiment.name
    if event.kind.is_end:
        candidate = event.kind is EventKind.CONCLUDED
        runs = "the candidate" if candidate else "what it ran before, byte for byte"
        return ExperimentEnded(region, name, _ENDS[event.kind], event.who, event.why, runs, run_url=run_url)
    decision = event.document.get("decision")
    if event.kind is not EventKind.LOOK or decision not in {INVALID, ROLL_BACK}:
        return None
    if decision == ROLL_BACK and state.experiment.plan.automatic_rollback:
        return None  # Its end is told with the same reason.
    what = "the look is invalid" if decision == INVALID else "harm is shown and a person must stop it"
    return ExperimentLooked(region, name, what, event.why, run_url=run_url)


def outcome_words(state: ExperimentState, written: tuple[ExperimentEvent, ...]) -> str:
    """What a run of the monitor did, in one line."""
    did = "; ".join(f"{event.kind.value.replace('_', ' ')}: {event.why}" for event in written)
    return f"{state.experiment.name}: {did or 'nothing is due'}"
