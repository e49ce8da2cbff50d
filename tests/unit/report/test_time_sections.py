"""The page says where the time of the trials went, by how many ran at once, and which part of it is not simulating."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tunegate.domain.trials import TrialRecord, TrialTimes
from tunegate.report.page.document import Table, Text
from tunegate.report.page.time_sections import at_once, where_the_time_goes

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ALONE = TrialTimes(queue_s=0.02, start_s=0.3, simulate_s=9.0, store_s=0.05, tell_s=0.03)
CROWDED = TrialTimes(queue_s=4.0, start_s=0.3, simulate_s=9.0, store_s=0.1, tell_s=1.6)


def timed(trial: TrialRecord, times: TrialTimes, started_s: float, finished_s: float) -> TrialRecord:
    started, finished = NOON + timedelta(seconds=started_s), NOON + timedelta(seconds=finished_s)
    return replace(trial, times=times, started_at=started, finished_at=finished)


def test_trials_are_grouped_by_how_many_ran_at_once_and_the_largest_overhead_is_named(report):
    page = report()
    alone = timed(page.trials[0], ALONE, 0, 9)
    together = [timed(trial, CROWDED, 10, 20) for trial in page.trials[1:7]]
    section = where_the_time_goes(replace(page, trials=(alone, *together)))
    (table,) = section.blocks
    assert isinstance(table, Table)
    texts = [[cell.text.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\xa0", " ") for cell in row] for row in table.rows]
    assert texts == [
        ["1", "1", "9.0 s", "0.02 s", "0.30 s", "0.05 s", "0.03 s", "0.40 s", "Starting"],
        ["5 to 9", "6", "9.0 s", "4.0 s", "0.30 s", "0.10 s", "1.6 s", "6.0 s", "Asking"],
    ]
    assert "4.3" in table.rows[0][7].detail
    assert table.rows[1][8].detail == "the database of the study, or its lock"


def test_without_recorded_phases_the_page_says_so_and_shows_no_zero(report):
    page = report()
    bare = tuple(replace(trial, times=None) for trial in page.trials)
    (block,) = where_the_time_goes(replace(page, trials=bare)).blocks
    assert isinstance(block, Text)
    assert "Not computed" in block.text


def test_a_trial_that_ended_when_another_began_does_not_run_beside_it(report):
    trial = report().trials[0]
    first, second, third = timed(trial, ALONE, 0, 9), timed(trial, ALONE, 9, 18), timed(trial, ALONE, 10, 12)
    assert at_once((first, second, third, replace(trial, started_at=None))) == (1, 1, 2, 0)
