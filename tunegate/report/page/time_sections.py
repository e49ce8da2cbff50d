"""The part of the page about where the time of the trials went, by how many ran at once."""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections.abc import Sequence

from tunegate.domain.trials import TrialRecord, TrialTimes
from tunegate.report import formats
from tunegate.report.model import CampaignReport
from tunegate.report.page.document import Cell, Column, Section, Table, Text

_PHASES = (
    ("queue_s", "Asking", "the database of the study, or its lock"),
    ("start_s", "Starting", "what starts a simulation: runs, pods, simulators"),
    ("store_s", "Storing", "the results store"),
    ("tell_s", "Telling", "the database of the study, or its lock"),
)
# Upper ends of the groups of trials, by how many ran when one was asked for.
_GROUPS = (1, 4, 9, 19, 49, 99, 499)


def where_the_time_goes(report: CampaignReport) -> Section:
    """Mean seconds of each phase of a trial, and which phase besides simulating took most, by parallelism."""
    lead = (
        "Mean times of a trial's phases, by how many trials ran at once. Only simulating is work; the rest is overhead, and "
        "the largest part of it is what more workers would wait for."
    )
    timed = [
        (trial.times, together) for trial, together in zip(report.trials, at_once(report.trials), strict=True) if trial.times
    ]
    if not timed:
        text = "Not computed: no trial of this campaign has its phases recorded."
        return Section("time", "Where the time goes", lead, (Text(text),))
    groups: dict[int, list[TrialTimes]] = {}
    for times, together in timed:
        groups.setdefault(bisect_right(_GROUPS, together - 1), []).append(times)
    titles = ("Trials at once", "Trials", "Simulating", *(title for _, title, _ in _PHASES), "Overhead", "Largest part of it")
    columns = tuple(Column(title, numeric=0 < index < len(titles) - 1) for index, title in enumerate(titles))
    rows = tuple(_row(group, groups[group]) for group in sorted(groups))
    return Section("time", "Where the time goes", lead, (Table("Phases of a trial, by parallelism", columns, rows),))


def at_once(trials: Sequence[TrialRecord]) -> tuple[int, ...]:
    """For each trial how many ran when it began, itself included; 0 where that time is not known."""
    begun = sorted(trial.started_at for trial in trials if trial.started_at)
    ended = sorted(trial.finished_at for trial in trials if trial.started_at and trial.finished_at)
    moments = (trial.started_at for trial in trials)
    return tuple(bisect_right(begun, moment) - bisect_right(ended, moment) if moment else 0 for moment in moments)


def _row(group: int, times: Sequence[TrialTimes]) -> tuple[Cell, ...]:
    means = {name: statistics.fmean(getattr(each, name) for each in times) for name, _, _ in _PHASES}
    simulate_s = statistics.fmean(each.simulate_s for each in times)
    overhead_s = sum(means.values())
    share = f"{formats.amount(100 * overhead_s / (overhead_s + simulate_s), digits=1)} of the trial" if overhead_s else ""
    name, title, blamed = max(_PHASES, key=lambda phase: means[phase[0]])
    largest = Cell(title, blamed) if means[name] > 0 else Cell("none")
    return (
        Cell(_group_name(group)),
        Cell(formats.count(len(times))),
        Cell(formats.duration(simulate_s)),
        *(Cell(formats.duration(means[phase])) for phase, _, _ in _PHASES),
        Cell(formats.duration(overhead_s), share),
        largest,
    )


def _group_name(group: int) -> str:
    low = 1 if group == 0 else _GROUPS[group - 1] + 1
    if group == len(_GROUPS):
        return f"{low} or more"
    return f"{low} to {_GROUPS[group]}" if low < _GROUPS[group] else f"{low}"
