"""Experiments on the street: looked at, decided, ended by the monitor or by a person, and shown.

Every step follows from what the registry, the record and the observations say, and is written before the next one is taken: a
look and its decision first, then the version that carries it out, then the document that readers obey, then the end. Whoever
comes after a killed monitor goes on where it stopped, and of two monitors the record lets one write.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from tunegate.application.releases import release_service
from tunegate.application.score_card import score_card, state_of
from tunegate.application.signing import signed_release
from tunegate.application.verdict_lookup import find_verdict
from tunegate.config.loading import load_region
from tunegate.config.region import RegionConfig
from tunegate.domain.days import Arm
from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.experiments import EventKind, ExperimentEvent
from tunegate.domain.releases import Release, ReleaseKind
from tunegate.domain.verdicts import Invalid
from tunegate.experiment.decision import Look, due_look, judge_look
from tunegate.experiment.evidence import ExperimentEvidence
from tunegate.experiment.observations import Exclusion, Observation
from tunegate.gate.verdict_document import read_verdict
from tunegate.installation import Installation
from tunegate.ports.experiments import ExperimentMoved
from tunegate.release import experiment_record as record
from tunegate.release.experiment_record import ExperimentState, RecordedLook
from tunegate.release.experiments import MONITOR, Experiment
from tunegate.release.people import same_person
from tunegate.release.rules import identity_faults, refuse_monitor_name
from tunegate.release.service import ReleaseLost
from tunegate.report.page.experiment_page import render_experiment
from tunegate.report.page.index import page_name

_MOST_TRIES = 20
_SHORT_DIGEST = 19  # `sha256:` and twelve digits


@dataclass(frozen=True, slots=True)
class Watched:
    """What a run of the monitor left, and the entries that it wrote."""

    state: ExperimentState
    written: tuple[ExperimentEvent, ...]


def find_experiment(installation: Installation, region: str) -> ExperimentState:
    """The newest experiment of a region; writes nothing. Raises BadInput when there is none."""
    found = _newest(installation, region)
    if found is None:
        rule, remedy = "a region must have an experiment", "An approval begins one where rollout_plan is a switchback."
        raise BadInput(Fault(rule, f"none of {region}", "the registry", remedy))
    return found


def watch(installation: Installation, region: str) -> Watched | None:
    """One run of the monitor; None for a region without an experiment. Safe to repeat, and to run several at once.

    Raises PublishingFailed, Outage and DatabaseUnreachable; the next run then goes on.
    """
    release_service(installation).reconcile(region)
    written: list[ExperimentEvent] = []
    for _ in range(_MOST_TRIES):
        state = _newest(installation, region)
        if state is None:
            return None
        try:
            event = _next_step(installation, state)
        except (ExperimentMoved, ReleaseLost):
            continue  # Another monitor or a person was first: what is to be done is worked out again.
        if event is None:
            return Watched(state, tuple(written))
        written.append(event)
    raise RuntimeError(f"the experiment of {region} must come to rest, but was still moving after {_MOST_TRIES} steps")


def write_page(installation: Installation, state: ExperimentState) -> str:
    """Write the page of an experiment beside the reports of campaigns; returns where people find it."""
    name = page_name(f"experiment-{state.experiment.name}")
    scores = score_card(installation, (state.experiment.region,))
    installation.reports.put(name, render_experiment(state, scores, installation.clock.now()))
    return installation.reports.location(name)


def stop_experiment(installation: Installation, region: str, approver: str, reason: str) -> Release:
    """Restore what ran before the experiment, because a person says so. Raises BadInput, ReleaseLost, PublishingFailed."""
    state = _running(installation, region)
    refuse_monitor_name(approver, f"experiment {state.experiment.name}")
    release = release_service(installation).end_experiment(state.experiment, approver, reason)
    watch(installation, region)
    return release


def conclude_experiment(installation: Installation, region: str, approver: str, reason: str) -> Release:
    """Have the whole region run the candidate before the experiment is over, because an approver of the region says so.

    Raises BadInput, ReleaseLost, PublishingFailed.
    """
    state = _running(installation, region)
    policy = _region_config(installation, state.experiment).release_policy
    if not any(same_person(approver, listed) for listed in policy.approvers):
        listed = ", ".join(policy.approvers) or "nobody"
        rule = f"who concludes an experiment must be on the region's list of approvers ({listed})"
        raise BadInput(Fault(rule, repr(approver), f"experiment {state.experiment.name}", "Ask one of them, or stop it."))
    sign = partial(signed_release, installation)
    release = release_service(installation).conclude(state.experiment, approver, reason, sign)
    watch(installation, region)
    return release


def exclude_window(installation: Installation, region: str, start: datetime, approver: str, reason: str) -> ExperimentEvent:
    """Take a window out of the analysis; the record keeps who did it and why.

    Raises BadInput, and ExperimentMoved when the monitor wrote at the same time.
    """
    state = _running(installation, region)
    place = f"experiment {state.experiment.name}"
    refuse_monitor_name(approver, place)
    faults = list(identity_faults(approver, reason, place))
    if start not in {window.start_utc for window in state.experiment.schedule.windows}:
        remedy = "Name the start of a window as the published document gives it."
        faults.append(Fault("a window must be one of the schedule", start.isoformat(), place, remedy))
    if any(exclusion.window_start == start for exclusion in record.exclusions_of(state.events)):
        faults.append(Fault("a window is taken out once", start.isoformat(), place, "It is out already."))
    if faults:
        raise BadInput(*faults)
    exclusion = Exclusion(start, approver.strip(), reason.strip(), installation.clock.now())
    return _append(installation, record.excluded(state.experiment, _with_start(installation, state), exclusion))


def _region_config(installation: Installation, experiment: Experiment) -> RegionConfig:
    """The region's reviewed file as it is now: who may conclude, and where the street reports. Raises BadInput."""
    verdict = find_verdict(installation, experiment.release.verdict or "")
    claimed = read_verdict(verdict.document).evidence.configuration
    if claimed is None:
        return load_region(installation.plan(verdict.campaign).config.file)
    return load_region(installation.workspace.configs / claimed.file)


def _newest(installation: Installation, region: str) -> ExperimentState | None:
    history = installation.registry.history(region)
    begun = [release for release in history if release.kind is ReleaseKind.EXPERIMENT]
    return state_of(installation, begun[-1], history) if begun else None


def _running(installation: Installation, region: str) -> ExperimentState:
    state = find_experiment(installation, region)
    if state.end is not None:
        rule = f"an experiment of {region} must be running"
        found = f"{state.experiment.name}, which version {state.end.version} ended"
        raise BadInput(Fault(rule, found, "the registry", "There is nothing to end."))
    return state


def _next_step(installation: Installation, state: ExperimentState) -> ExperimentEvent | None:
    """Do what comes next and return the entry that was written for it; None when there is nothing to do now."""
    if not state.events:
        return _append(installation, _started(installation, state.experiment))
    if state.end is not None:
        return None if state.end_event else _append(installation, record.ended(state.experiment, state.events, state.end))
    pending = state.looks[-1] if state.looks else None
    if pending is not None and _carries_out(state.experiment, pending):
        return _append(installation, record.ended(state.experiment, state.events, _carry_out(installation, state, pending)))
    return _look(installation, state)


def _carries_out(experiment: Experiment, look: RecordedLook) -> bool:
    """Whether the monitor ends the experiment by itself after this look."""
    if look.decision == record.CONCLUDE:
        return True
    return look.decision == record.ROLL_BACK and experiment.plan.automatic_rollback


def _carry_out(installation: Installation, state: ExperimentState, look: RecordedLook) -> Release:
    service = release_service(installation)
    reason = f"{look.reason}; look after day {look.days}, evidence {_newest_look(state).digest[:_SHORT_DIGEST]}"
    if look.decision == record.CONCLUDE:
        return service.conclude(state.experiment, MONITOR, reason)
    return service.end_experiment(state.experiment, MONITOR, reason)


def _newest_look(state: ExperimentState) -> ExperimentEvent:
    return [event for event in state.events if event.kind is EventKind.LOOK][-1]


def _look(installation: Installation, state: ExperimentState) -> ExperimentEvent | None:
    """Take the look that is due and enter it; None when none is due, or an invalid one would only be repeated."""
    experiment, now = state.experiment, installation.clock.now()
    days = due_look(experiment.schedule, now, [look.days for look in state.looks if look.is_valid])
    if days is None:
        return None
    rows, refusal = _observed(installation, experiment)
    look = _invalid(days, now, refusal) if refusal else _judged(state, rows, days, now)
    event = record.looked(experiment, state.events, look, rows)
    last = state.looks[-1] if state.looks else None
    repeated = last is not None and (last.days, last.decision) == (days, record.INVALID) and last.reason == look.decision.reason
    return None if repeated else _append(installation, event)


def _judged(state: ExperimentState, rows: tuple[Observation, ...], days: int, now: datetime) -> Look:
    experiment = state.experiment
    gone = record.rows_gone([look for look in state.looks if look.is_valid], rows)
    if gone:
        shown = ", ".join(gone[:3])
        return _invalid(days, now, f"{len(gone)} rows that an earlier look counted are gone: {shown}")
    evidence = ExperimentEvidence(
        region=experiment.region,
        currency=experiment.plan.currency,
        schedule=experiment.schedule,
        versions={Arm.PRODUCTION: experiment.production_version, Arm.CANDIDATE: experiment.number},
        observations=rows,
        exclusions=record.exclusions_of(state.events),
        guardrails=experiment.plan.guardrails,
        now=now,
    )
    return judge_look(evidence, days)


def _invalid(days: int, now: datetime, reason: str) -> Look:
    return Look(
        days, planned=True, taken_at=now, decision=Invalid(reason), checks=(), effect=None, guardrails=(), exclusions=()
    )


def _observed(installation: Installation, experiment: Experiment) -> tuple[tuple[Observation, ...], str]:
    """The rows of the experiment, or why they cannot be read."""
    schedule = experiment.schedule
    try:
        source = installation.observations(_region_config(installation, experiment))
        return source.read(experiment.region, schedule.start_utc, schedule.end_utc), ""
    except BadInput as error:
        return (), "; ".join(str(fault) for fault in error.faults)


def _started(installation: Installation, experiment: Experiment) -> ExperimentEvent:
    verdict = find_verdict(installation, experiment.release.verdict or "")
    return record.started(experiment, read_verdict(verdict.document).judgement.delta_ml)


def _with_start(installation: Installation, state: ExperimentState) -> tuple[ExperimentEvent, ...]:
    return state.events or (_append(installation, _started(installation, state.experiment)),)


def _append(installation: Installation, event: ExperimentEvent) -> ExperimentEvent:
    installation.experiments.append(event)
    return event
