"""Experiments as registry and record have them, and what they say of the simulator's predictions. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from tunegate.domain.releases import Release, ReleaseKind
from tunegate.experiment.score_card import Score
from tunegate.installation import Installation
from tunegate.release.experiment_record import ExperimentState
from tunegate.release.experiments import end_of, experiment_of


def state_of(installation: Installation, begun: Release, history: Sequence[Release]) -> ExperimentState:
    """The experiment that a version of the region's history began."""
    events = installation.experiments.events(begun.region, begun.version)
    return ExperimentState(experiment_of(begun), events, end_of(begun, history))


def score_card(installation: Installation, regions: Sequence[str]) -> tuple[Score, ...]:
    """Every release of these regions that the street has judged, by the time of its end."""
    found = [
        Score(
            region=state.experiment.region,
            experiment=state.experiment.name,
            ended_at=state.end.when,
            end=state.end.kind.value,
            predicted=state.predicted,
            realised=state.realised.interval,
            standard_error_pct=state.realised.standard_error_pct,
        )
        for region in regions
        for history in (installation.registry.history(region),)
        for state in (state_of(installation, each, history) for each in history if each.kind is ReleaseKind.EXPERIMENT)
        if state.end is not None and state.predicted is not None and state.realised is not None
    ]
    return tuple(sorted(found, key=lambda score: (score.ended_at, score.experiment)))
