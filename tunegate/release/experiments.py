"""A release that is tried on the street first: its versions in the registry, and the document that readers obey.

The version that begins an experiment keeps production's parameters, and its document says, window by window, where the
candidate runs instead. The version after it ends it: a conclusion, by which the candidate is production's, or a rollback.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tunegate.domain.canonical import content_digest
from tunegate.domain.days import Arm
from tunegate.domain.errors import Fault
from tunegate.domain.parameters import Parameters
from tunegate.domain.releases import Release, ReleaseKind
from tunegate.experiment.schedule import Schedule, Window, draw_schedule
from tunegate.release.published import published_text, with_published_document
from tunegate.release.rollout_plan import Switchback, plan_digest, plan_document, switchback_of

EXPERIMENT_FORMAT = 2
MONITOR = "tunegate monitor"
_SEED_BITS = 53  # what every JSON reader takes for a whole number


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment as its version in the registry describes it."""

    release: Release
    candidate: Parameters
    plan: Switchback
    schedule: Schedule

    @property
    def region(self) -> str:
        """The region that it runs in."""
        return self.release.region

    @property
    def number(self) -> int:
        """The version that began it, which readers also log as the candidate's."""
        return self.release.version

    @property
    def production_version(self) -> int:
        """The version that readers log when they run production."""
        version: int = json.loads(self.release.published)["version"]
        return version

    @property
    def name(self) -> str:
        """How people and documents call it."""
        return experiment_name(self.release)


def experiment_name(release: Release) -> str:
    """The name of the experiment that a version began."""
    return f"{release.region}-{release.version}"


def experiment_release(candidate: Release, production: Release, plan: Switchback) -> Release:
    """The version that tries `candidate`, a release of it to the whole region, beside the one that production runs.

    The schedule is drawn from the verdict and the plan, so that nobody chooses it, and begins on the day after the approval.
    """
    start = first_day(candidate.when, plan.time_zone)
    seed = _seed(candidate, plan, start)
    schedule = draw_schedule(plan.design, start=start, time_zone=plan.time_zone, seed=seed)
    begun = replace(candidate, kind=ReleaseKind.EXPERIMENT, parameters=production.parameters)
    document = {
        **{name: value for name, value in json.loads(production.published).items() if name != "approval"},
        "format": EXPERIMENT_FORMAT,
        "experiment": {
            "id": experiment_name(candidate),
            "candidate": {
                "version": candidate.version,
                "parameters": dict(candidate.parameters),
                "parameters_digest": candidate.parameters.digest,
                "verdict": candidate.verdict,
                "override": candidate.override,
            },
            "plan": plan_document(plan),
            "plan_digest": plan_digest(plan),
            "seed": seed,
            "start": start.isoformat(),
            "windows": [_window(each.start_utc, each.end_utc, each.arm.value) for each in schedule.windows],
        },
    }
    return replace(begun, published=published_text(document))


def first_day(approved: datetime, time_zone: str) -> date:
    """The first whole local day after the approval: readers have the document by then."""
    return approved.astimezone(ZoneInfo(time_zone)).date() + timedelta(days=1)


def experiment_of(release: Release) -> Experiment:
    """The experiment that a version of this kind began, with its schedule as it was published: it is never redrawn."""
    if release.kind is not ReleaseKind.EXPERIMENT:
        raise ValueError(f"a version with an experiment must be of its kind, but got {release.kind} {release.version}")
    document: dict[str, Any] = json.loads(release.published)["experiment"]
    plan = switchback_of(document["plan"])
    windows = tuple(
        Window(datetime.fromisoformat(each["start"]), datetime.fromisoformat(each["end"]), Arm(each["arm"]))
        for each in document["windows"]
    )
    start = date.fromisoformat(document["start"])
    schedule = Schedule(plan.design, start, plan.time_zone, document["seed"], windows)
    return Experiment(release, Parameters(document["candidate"]["parameters"]), plan, schedule)


def conclusion_release(experiment: Experiment, approver: str, reason: str, now: datetime) -> Release:
    """The version by which the whole region runs the candidate."""
    begun = experiment.release
    concluded = replace(
        begun,
        version=begun.version + 1,
        kind=ReleaseKind.CONCLUSION,
        parameters=experiment.candidate,
        approver=approver.strip(),
        when=now,
        reason=reason.strip(),
        previous=begun.version,
    )
    return with_published_document(concluded)


def end_of(experiment: Release, history: Sequence[Release]) -> Release | None:
    """The version that ended an experiment; None while it runs."""
    return next((release for release in history if release.version == experiment.version + 1), None)


def running_experiment_faults(current: Release | None, place: str) -> tuple[Fault, ...]:
    """A region under experiment takes no other candidate: neither effect could be told from the other."""
    if current is None or current.kind is not ReleaseKind.EXPERIMENT:
        return ()
    end = experiment_of(current).schedule.end_utc
    rule = "a region must not be under experiment when another candidate is released"
    found = f"experiment {experiment_name(current)}, whose schedule ends at {end:%Y-%m-%d %H:%M} UTC"
    remedy = f"Wait for it, or end it with `tunegate experiment stop {current.region}` or `conclude`."
    return (Fault(rule, found, place, remedy),)


def _seed(candidate: Release, plan: Switchback, start: date) -> int:
    digest = content_digest(["switchback", candidate.verdict, candidate.version, plan_digest(plan), start.isoformat()])
    return int(digest.removeprefix("sha256:"), 16) >> (256 - _SEED_BITS)


def _window(start: datetime, end: datetime, arm: str) -> dict[str, str]:
    return {"start": _utc(start), "end": _utc(end), "arm": arm}


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")
