"""Which trials a search puts forward, and how they compare with production."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tunegate.domain.parameters import Parameters
from tunegate.domain.trials import TrialRecord, TrialState


def finalists(trials: Iterable[TrialRecord], production: Parameters, count: int) -> tuple[TrialRecord, ...]:
    """The complete trials with the highest revenue, with distinct parameters, production's left out.

    Ties go to the lower number. What a single trial earned is partly luck: the confirmation chooses among the finalists on days
    and seeds that the search did not see.
    """
    ranked = sorted(
        ((trial.revenue_minor_per_day, trial) for trial in trials if trial.revenue_minor_per_day is not None),
        key=lambda pair: (-pair[0], pair[1].number),
    )
    best: dict[str, TrialRecord] = {}
    for _, trial in ranked:
        if trial.state is TrialState.COMPLETE and trial.parameters.digest != production.digest:
            best.setdefault(trial.parameters.digest, trial)
    return tuple(best.values())[:count]


def with_uplifts(trials: Sequence[TrialRecord]) -> tuple[TrialRecord, ...]:
    """The same trials with `value_pct` where production's own result is known."""
    reference = _production_revenue(trials)
    if reference is None:
        return tuple(trials)
    return tuple(replace(trial, value_pct=_uplift_pct(trial, reference)) for trial in trials)


def _production_revenue(trials: Iterable[TrialRecord]) -> float | None:
    """Production's own objective value in this study, None until its trial is complete."""
    for trial in trials:
        if trial.is_production and trial.state is TrialState.COMPLETE:
            return trial.revenue_minor_per_day
    return None


def _uplift_pct(trial: TrialRecord, production_minor_per_day: float) -> float | None:
    """Uplift over production in percent; None where the trial has no revenue or production earned nothing."""
    if trial.revenue_minor_per_day is None or not production_minor_per_day:
        return None
    return 100.0 * (trial.revenue_minor_per_day / production_minor_per_day - 1.0)
