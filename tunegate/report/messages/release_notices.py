"""Notices about versions of the registry."""

from __future__ import annotations

from tunegate.domain.releases import Release, ReleaseKind
from tunegate.release.experiments import experiment_name, experiment_of
from tunegate.release.rollout_plan import plan_words
from tunegate.report.messages.notices import ExperimentStarted, Released


def release_notice(release: Release, verdict: str, run_url: str | None) -> Released | ExperimentStarted:
    """What people are told of a version that an approval brought."""
    who = (release.approver, release.reason)
    if release.kind is ReleaseKind.EXPERIMENT:
        plan = plan_words(experiment_of(release).plan)
        return ExperimentStarted(release.region, experiment_name(release), *who, verdict, plan, run_url=run_url)
    return Released(release.region, release.version, *who, verdict, release.override, run_url=run_url)
