"""A synthetic street: what each window of a schedule earns, with a known effect, day and hour effects and correlated noise."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np

from tunegate.domain.days import Arm
from tunegate.experiment.evidence import ExperimentEvidence
from tunegate.experiment.observations import Observation
from tunegate.experiment.schedule import SwitchbackPlan, draw_schedule

PLAN = SwitchbackPlan(days=14, window_min=60, washout_min=0, harm_limit_pct=-1.0, level=0.1, looks=(3, 7, 14))
START = date(2026, 11, 2)
VERSIONS = {Arm.PRODUCTION: 7, Arm.CANDIDATE: 8}


def street(
    effect_pct: float = 0.0,
    *,
    seed: int = 1,
    plan: SwitchbackPlan = PLAN,
    zone: str = "Asia/Tokyo",
    start: date = START,
    noise: float = 0.03,
    carry_over: float = 0.14,
    wait_change_s: float = 0.0,
) -> ExperimentEvidence:
    """The evidence after the last day. `carry_over` is the share of the effect that comes one window late,
    by default what the analysis assumes of windows of an hour.
    """
    schedule = draw_schedule(plan, start=start, time_zone=zone, seed=seed)
    rng = np.random.default_rng(seed)
    day_factor = rng.lognormal(0, 0.1, plan.days)
    rows, late, disturbance = [], 0.0, 0.0
    for window in schedule.windows:
        day, minute = schedule.local_slot(window)
        treated = window.arm is Arm.CANDIDATE
        disturbance = 0.8 * disturbance + noise * rng.normal()
        felt = (1 - carry_over) * treated + carry_over * late
        change = effect_pct / 100 * felt
        late = float(treated)
        measured = window.minutes - plan.washout_min
        usual = 1_000_000 * (1.3 + np.sin((minute - 600) / 1440 * 2 * np.pi)) * day_factor[day] * measured / 60
        rows.append(
            Observation(
                region="tokyo",
                window_start=window.start_utc,
                arm=window.arm.value,
                revenue_minor=round(usual * (1 + change + disturbance + noise * rng.normal())),
                driver_hours=400.0 * measured / 60 * (1 + 0.002 * rng.normal()),
                trips=900,
                version=VERSIONS[window.arm],
                recorded_at=window.end_utc + timedelta(minutes=20),
                currency="JPY",
                metrics={"wait_mean_s": 240 + 5 * rng.normal() + wait_change_s * felt},
            )
        )
    now = schedule.end_utc + timedelta(hours=1)
    return ExperimentEvidence("tokyo", "JPY", schedule, VERSIONS, tuple(rows), (), (), now)


def changed(evidence: ExperimentEvidence, number: int, **values: object) -> ExperimentEvidence:
    """The evidence with other values in one row."""
    rows = list(evidence.observations)
    rows[number] = replace(rows[number], **values)
    return replace(evidence, observations=tuple(rows))


def after(evidence: ExperimentEvidence, days: int) -> ExperimentEvidence:
    """What was known just after so many days."""
    end: datetime = evidence.schedule.day_end(days)
    rows = tuple(row for row in evidence.observations if row.window_start < end)
    return replace(evidence, observations=rows, now=end + timedelta(hours=1))
