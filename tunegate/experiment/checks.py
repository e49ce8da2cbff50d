"""Checks before any number of an experiment is read. A failed one makes the look invalid."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from scipy import stats

from tunegate.domain.days import Arm
from tunegate.experiment.analysis import estimate_effect
from tunegate.experiment.evidence import EvidenceWithin, ExperimentEvidence, window_table
from tunegate.experiment.observations import Observation
from tunegate.experiment.schedule import draw_schedule
from tunegate.gate.checks.naming import outcome
from tunegate.gate.judgement import Check

CLOCK_TOLERANCE = timedelta(minutes=2)
"""Clocks of well-kept machines differ by less."""
MOST_OTHER_ARM_SHARE = 0.05
"""More driver hours than this in the other arm than the schedule's would hide a part of the effect."""
MOST_MISSING_SHARE = 0.05
MOST_EXCLUDED_SHARE = 0.1
_MISMATCH_LEVEL = 0.001
_MOST_HOURS_CHANGE_PCT = 3.0


def check_observations(evidence: ExperimentEvidence, days: int) -> tuple[Check, ...]:
    """All checks of a look after so many days, in the order in which they are shown."""
    within = evidence.within(days)
    return tuple(check(evidence, within) for check in _CHECKS)


def schedule_as_drawn(evidence: ExperimentEvidence, _within: EvidenceWithin) -> Check:
    """The schedule must be the one that its seed gives: a schedule drawn again, or changed by hand, is not random."""
    schedule = evidence.schedule
    drawn = draw_schedule(schedule.plan, start=schedule.start, time_zone=schedule.time_zone, seed=schedule.seed)
    problems = [] if drawn.windows == schedule.windows else [f"seed {schedule.seed} gives other windows"]
    return outcome("schedule is the one drawn", problems, f"{len(schedule.windows)} windows from seed {schedule.seed}")


def rows_of_region(evidence: ExperimentEvidence, within: EvidenceWithin) -> Check:
    """Rows must be of this region, in its currency, of a known arm."""
    problems = [f"{_name(row)} is of region {row.region}" for row in within.rows if row.region != evidence.region]
    problems += [f"{_name(row)} is in {row.currency}" for row in within.rows if row.currency != evidence.currency]
    known = {arm.value for arm in Arm}
    problems += [f"{_name(row)} has the unknown arm {row.arm!r:.40}" for row in within.rows if row.arm not in known]
    return outcome(
        "rows are of this region", problems, f"{evidence.region}, {evidence.currency}, {' and '.join(sorted(known))}"
    )


def rows_of_windows(evidence: ExperimentEvidence, within: EvidenceWithin) -> Check:
    """A row must begin when a window begins: other starts mean another schedule, a wrong time zone or a wrong clock."""
    starts = {window.start_utc for window in evidence.schedule.windows}
    problems = [f"{_name(row)} is no start of a window" for row in within.rows if row.window_start not in starts]
    return outcome("rows are of the schedule's windows", problems, "every row begins with a window")


def clocks_agree(evidence: ExperimentEvidence, _within: EvidenceWithin) -> Check:
    """No row may be from the future, or written before its window was over."""
    ends = {window.start_utc: window.end_utc for window in evidence.schedule.windows}
    problems = []
    for row in evidence.observations:
        end = ends.get(row.window_start)
        if end is None:
            continue
        if row.recorded_at > evidence.now + CLOCK_TOLERANCE:
            problems.append(f"{_name(row)} was recorded at {_instant(row.recorded_at)}, and it is {_instant(evidence.now)}")
        if row.recorded_at < end - CLOCK_TOLERANCE:
            problems.append(f"{_name(row)} was recorded at {_instant(row.recorded_at)}, before the window's end")
    return outcome("clocks agree", problems, "no row is from the future")


def rows_do_not_contradict(_evidence: ExperimentEvidence, within: EvidenceWithin) -> Check:
    """One window and arm may have one row at a time; a correction says so by a later `recorded_at`."""
    problems = [f"{_instant(start)} {arm} has rows with different values" for _, start, arm in within.contradictions]
    return outcome("rows do not contradict each other", problems, "each window and arm has one latest row")


def figures_are_possible(evidence: ExperimentEvidence, within: EvidenceWithin) -> Check:
    """Revenue, driver hours and trips must be finite and not negative, and not all zero."""
    problems = [
        f"{_name(row)} has {name} = {value}"
        for row in within.rows
        for name, value in (("revenue_minor", row.revenue_minor), ("driver_hours", row.driver_hours), ("trips", row.trips))
        if not (math.isfinite(value) and value >= 0)
    ]
    problems += [
        f"{_name(row)} has {guardrail.metric} = {row.metrics[guardrail.metric]}"
        for row in within.rows
        for guardrail in evidence.guardrails
        if not math.isfinite(row.metrics.get(guardrail.metric, 0.0))
    ]
    if within.rows and not any(row.revenue_minor > 0 for row in within.rows):
        problems.append("no window earned anything")
    return outcome("figures are possible", problems, "finite and not negative everywhere")


def versions_published(evidence: ExperimentEvidence, within: EvidenceWithin) -> Check:
    """Readers must have run the versions of this experiment, each in its own arm."""
    known = {arm.value: version for arm, version in evidence.versions.items()}
    published = set(known.values())
    problems = [f"{_name(row)} ran version {row.version}, which this experiment did not publish" for row in within.rows
                if row.version not in published]  # fmt: skip
    problems += [
        f"{_name(row)} ran version {row.version}, and the {row.arm} is version {known[row.arm]}"
        for row in within.rows
        if row.version in published and row.arm in known and row.version != known[row.arm]
    ]
    return outcome("versions are the published ones", problems, ", ".join(f"{arm} {number}" for arm, number in known.items()))


def windows_observed(_evidence: ExperimentEvidence, within: EvidenceWithin) -> Check:
    """Nearly all windows must have been observed; late rows are waited for."""
    rows = within.rows_by_window()
    missing = [window for window in within.windows if window.start_utc not in rows]
    share = len(missing) / len(within.windows)
    problems = [f"{_instant(window.start_utc)} {window.arm.value} has no row" for window in missing]
    allowed = share <= MOST_MISSING_SHARE
    return outcome(
        "windows were observed",
        [] if allowed else problems,
        f"{len(within.windows) - len(missing)} of {len(within.windows)} windows",
        f"{len(missing)} of {len(within.windows)} windows are missing: ",
    )


def exclusions_few(_evidence: ExperimentEvidence, within: EvidenceWithin) -> Check:
    """A person may take out some windows, with a reason; many of them would choose the result."""
    starts = {window.start_utc for window in within.windows}
    taken = within.excluded & starts
    allowed = len(taken) <= MOST_EXCLUDED_SHARE * len(starts)
    problems = [] if allowed else [f"{len(taken)} of {len(starts)} windows, at most {MOST_EXCLUDED_SHARE:.0%} are allowed"]
    return outcome("few windows were taken out", problems, f"{len(taken)} of {len(starts)}")


def arms_run_as_planned(_evidence: ExperimentEvidence, within: EvidenceWithin) -> Check:
    """Driver hours in the arm that the schedule does not have for the window; readers that fell back run production."""
    planned = {window.start_utc: window.arm.value for window in within.windows}
    rows = [row for row in within.rows if row.window_start in planned]
    hours = sum(row.driver_hours for row in rows)
    others = [row for row in rows if row.arm != planned[row.window_start]]
    other_hours = sum(row.driver_hours for row in others)
    share = other_hours / hours if hours > 0 else 0.0
    problems = [f"{_name(row)} was run in a window of the other arm" for row in others] if share > MOST_OTHER_ARM_SHARE else []
    lead = f"{share:.1%} of the driver hours ran the other arm, at most {MOST_OTHER_ARM_SHARE:.0%} may: "
    return outcome("arms were run as planned", problems, f"{1 - share:.1%} of the driver hours", lead)


def sample_ratio_as_planned(_evidence: ExperimentEvidence, within: EvidenceWithin) -> Check:
    """Windows must be missing in both arms alike (Fisher's exact test)."""
    rows = within.rows_by_window()
    planned = Counter(window.arm for window in within.windows)
    seen = Counter(window.arm for window in within.windows if window.start_utc in rows)
    table = [[seen[arm], planned[arm] - seen[arm]] for arm in Arm]
    likely = float(stats.fisher_exact(table).pvalue) >= _MISMATCH_LEVEL
    found = ", ".join(f"{arm.value} {seen[arm]} of {planned[arm]}" for arm in Arm)
    return outcome("sample ratio is the planned one", [] if likely else [f"windows observed: {found}"], found)


def driver_hours_balanced(evidence: ExperimentEvidence, within: EvidenceWithin) -> Check:
    """Drivers do not choose their arm, so their hours hardly change; a large change means that rows of one arm are lost."""
    name = "driver hours are alike in both arms"
    table = window_table(evidence.schedule, within)
    found = estimate_effect(evidence.schedule, table, table.driver_hours_per_min, level=_MISMATCH_LEVEL)
    if found is None:
        return outcome(name, [], "not compared: driver hours do not vary, or there are too few windows")
    low, high = found.interval.low_pct, found.interval.high_pct
    shown = f"{found.interval.estimate_pct:+.1f} % under the candidate"
    mismatch = low > _MOST_HOURS_CHANGE_PCT or high < -_MOST_HOURS_CHANGE_PCT
    return outcome(name, [shown] if mismatch else [], shown)


_CHECKS: Sequence[Callable[[ExperimentEvidence, EvidenceWithin], Check]] = (
    schedule_as_drawn,
    rows_of_region,
    rows_of_windows,
    clocks_agree,
    rows_do_not_contradict,
    figures_are_possible,
    versions_published,
    windows_observed,
    exclusions_few,
    arms_run_as_planned,
    sample_ratio_as_planned,
    driver_hours_balanced,
)


def _name(row: Observation) -> str:
    return f"{_instant(row.window_start)} {row.arm:.40}"


def _instant(instant: datetime) -> str:
    return instant.isoformat(timespec="minutes")
