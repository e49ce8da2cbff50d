from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from tunegate.domain.parameters import Parameters
from tunegate.domain.trials import TrialRecord, TrialState
from tunegate.report.terminal.progress import (
    Best,
    CampaignPhase,
    CampaignProgress,
    DaysSimulated,
    Event,
    PhaseStarted,
    ProgressPlan,
    TrialsSeen,
)
from tunegate.report.terminal.progress_display import ProgressDisplay, line, panel

PLAN = ProgressPlan(trial_budget=40, days_per_trial=2, confirmation_days=12, gate_days=224, workers=2)
START = CampaignProgress("san_francisco", PLAN, started_s=100.0)


def record(number: int, state: TrialState, value_pct: float | None = None, reason: str | None = None) -> TrialRecord:
    return TrialRecord(number, number, 1, state, Parameters({"gamma": 0.9}), value_pct=value_pct, reason=reason)


def complete(*numbers: int, value_pct: float | None = 0.0) -> TrialsSeen:
    return TrialsSeen([record(number, TrialState.COMPLETE, value_pct) for number in numbers])


def after(events: Sequence[tuple[Event, float]], start: CampaignProgress = START) -> CampaignProgress:
    progress = start
    for event, now_s in events:
        progress = progress.after(event, now_s)
    return progress


SEARCHING = after([(PhaseStarted(CampaignPhase.SEARCH), 110.0)])


def test_the_best_is_the_highest_value_and_the_earlier_trial_when_equal() -> None:
    values = [None, -0.5, 1.5, 1.5, 1.0]
    ended = [record(number, TrialState.COMPLETE, value_pct) for number, value_pct in enumerate(values)]
    assert after([(TrialsSeen(ended[:1]), 111.0)], SEARCHING).best is None
    assert after([(TrialsSeen(ended), 111.0)], SEARCHING).best == Best(2, 1.5)


def test_time_left_is_the_remaining_days_at_the_speed_since_the_first_day() -> None:
    events: list[tuple[Event, float]] = [
        (DaysSimulated(2), 118.0),
        (complete(0), 118.0),
        (complete(*range(10)), 128.0),
        (DaysSimulated(18), 128.0),
    ]
    progress = after(events, SEARCHING)
    assert progress.remaining_days == 30 * 2 + 12 + 224
    assert progress.time_left_s(128.0) == pytest.approx((60 + 12 + 224) * 10.0 / 18)


def test_time_left_without_day_events_goes_by_completed_trials() -> None:
    progress = after([(complete(*range(number + 1)), 111.0 + number) for number in range(11)], SEARCHING)
    assert progress.time_left_s(121.0) == pytest.approx((29 * 2 + 12 + 224) * 10.0 / 20)


@pytest.mark.parametrize("seen_first", [True, False])
def test_a_resumed_campaign_does_not_take_earlier_trials_for_its_own_speed(*, seen_first: bool) -> None:
    earlier = (TrialsSeen([record(number, TrialState.COMPLETE, 0.5) for number in range(20)]), 110.0)
    begun = (PhaseStarted(CampaignPhase.SEARCH), 110.0)
    progress = after([earlier, begun] if seen_first else [begun, earlier])
    assert progress.time_left_s(120.0) is None
    events: list[tuple[Event, float]] = [(DaysSimulated(2), 120.0), (DaysSimulated(2), 130.0), (complete(*range(21)), 130.0)]
    progress = after(events, progress)
    assert progress.remaining_days == 19 * 2 + 12 + 224
    assert progress.time_left_s(130.0) == pytest.approx((38 + 12 + 224) * 10.0 / 2)


def test_later_phases_count_their_own_days_down() -> None:
    events: list[tuple[Event, float]] = [
        (DaysSimulated(80), 150.0),
        (PhaseStarted(CampaignPhase.CONFIRMATION), 150.0),
        (DaysSimulated(5), 153.0),
    ]
    progress = after(events, SEARCHING)
    assert (progress.remaining_days, progress.share_done) == (7 + 224, 5 / 12)
    progress = after([(PhaseStarted(CampaignPhase.GATE), 160.0), (DaysSimulated(230), 170.0)], progress)
    assert (progress.remaining_days, progress.share_done) == (0, 1.0)
    assert progress.time_left_s(170.0) is None


def test_there_is_no_time_left_to_tell_before_the_first_day_or_in_the_report() -> None:
    assert START.time_left_s(105.0) is None
    assert SEARCHING.time_left_s(119.0) is None
    assert after([(DaysSimulated(10), 119.0)], SEARCHING).time_left_s(119.5) is None
    events: list[tuple[Event, float]] = [
        (DaysSimulated(10), 111.0),
        (DaysSimulated(10), 119.0),
        (PhaseStarted(CampaignPhase.REPORT), 200.0),
    ]
    assert after(events, SEARCHING).time_left_s(201.0) is None
    assert after(events, SEARCHING).share_done == 1.0


def test_saying_a_phase_again_does_not_reset_its_days() -> None:
    progress = after([(DaysSimulated(4), 111.0), (PhaseStarted(CampaignPhase.SEARCH), 112.0)], SEARCHING)
    assert (progress.phase_days, progress.speed_since_s) == (4, 111.0)


def test_seeing_the_study_replaces_what_was_known() -> None:
    seen = [
        record(0, TrialState.COMPLETE, 0.0),
        record(1, TrialState.FAILED, reason="hung"),
        record(2, TrialState.COMPLETE, 1.2),
        record(3, TrialState.PRUNED),
        record(4, TrialState.RUNNING),
        record(5, TrialState.WAITING),
        record(6, TrialState.INTERRUPTED),
    ]
    progress = after([(complete(9), 111.0), (TrialsSeen(seen), 112.0)], SEARCHING)
    assert (progress.complete, progress.failed, progress.pruned, progress.running) == ({0, 2}, {1}, {3}, {4})
    assert (progress.best, progress.last_failure) == (Best(2, 1.2), "hung")


class Clocks:
    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s

    def wall(self) -> datetime:
        return datetime(2026, 3, 1, 2, 0, tzinfo=UTC) + timedelta(seconds=self.now_s - 100)


def display(*, terminal: bool) -> tuple[ProgressDisplay, io.StringIO, Clocks]:
    written, clocks = io.StringIO(), Clocks()
    console = Console(file=written, width=80, force_terminal=terminal, color_system=None, legacy_windows=False)
    return ProgressDisplay(START, console, clocks.monotonic, clocks.wall), written, clocks


def test_without_a_terminal_a_campaign_of_five_hundred_days_writes_a_few_lines() -> None:
    shown, written, clocks = display(terminal=False)
    with shown:
        shown.handle(PhaseStarted(CampaignPhase.SEARCH))
        for number in range(40):
            clocks.now_s += 2.5
            shown.handle(DaysSimulated(2))
            shown.handle(TrialsSeen([record(each, TrialState.COMPLETE, each / 10) for each in range(number + 1)]))
        for phase, days in ((CampaignPhase.CONFIRMATION, 12), (CampaignPhase.GATE, 224)):
            shown.handle(PhaseStarted(phase))
            for _ in range(days):
                clocks.now_s += 0.1
                shown.handle(DaysSimulated(1))
        shown.handle(PhaseStarted(CampaignPhase.REPORT))
    lines = written.getvalue().replace("\u00a0", " ").splitlines()
    assert 12 <= len(lines) <= 24
    assert lines[0].startswith("02:00:00 san_francisco search; 0 of 40 trials; 0 running, 0 failed, 0 pruned")
    assert any("20 of 40 trials" in text and "best +1.90 % (trial 19)" in text and "left" in text for text in lines)
    assert lines[-1].startswith("02:02:03 san_francisco report")
    assert "\x1b" not in written.getvalue()


def test_a_slow_campaign_writes_a_line_a_minute() -> None:
    shown, written, clocks = display(terminal=False)
    shown.handle(PhaseStarted(CampaignPhase.SEARCH))
    for _ in range(50):
        clocks.now_s += 6
        shown.handle(DaysSimulated(1))
    assert len(written.getvalue().splitlines()) == 1 + 5


def test_the_first_failures_are_written_with_their_reasons_and_then_only_counted() -> None:
    shown, written, _ = display(terminal=False)
    shown.handle(PhaseStarted(CampaignPhase.SEARCH))
    for number in range(30):
        failed = [record(each, TrialState.FAILED, reason=f"died with signal {each}") for each in range(number + 1)]
        shown.handle(TrialsSeen(failed))
        shown.handle(TrialsSeen(failed))
    assert [text for text in written.getvalue().splitlines() if "signal" in text] == [
        f"02:00:00 san_francisco trial {number} failed: died with signal {number}" for number in range(5)
    ]
    assert len(shown.progress.failed) == 30


def test_a_terminal_shows_one_panel_that_holds_everything() -> None:
    shown, written, clocks = display(terminal=True)
    with shown:
        for event in (
            PhaseStarted(CampaignPhase.SEARCH),
            TrialsSeen([record(0, TrialState.RUNNING), record(1, TrialState.RUNNING)]),
            DaysSimulated(4),
            TrialsSeen([record(0, TrialState.COMPLETE, 2.5), record(1, TrialState.RUNNING), record(7, TrialState.FAILED)]),
            DaysSimulated(2),
        ):
            clocks.now_s += 1
            shown.handle(event)
    text = written.getvalue().replace("\u00a0", " ")
    expected = {"san_francisco", "5 s elapsed", "left", "● search", "○ gate", "1 of 40 trials", "6 simulated days"}
    expected |= {"1 running, 1 failed, 0 pruned", "best +2.50 % (trial 0)"}
    assert {words for words in expected if words not in text} == set()


def test_the_panel_fits_eighty_columns_and_keeps_its_height() -> None:
    big = ProgressPlan(trial_budget=10_000, days_per_trial=14, confirmation_days=900, gate_days=9_999, workers=64)
    start = CampaignProgress("a_region_with_a_long_name", big, started_s=0.0)
    events: list[tuple[Event, float]] = [
        (PhaseStarted(CampaignPhase.SEARCH), 1.0),
        (DaysSimulated(123_456), 2.0),
        (complete(9_876, value_pct=12.5), 90_000.0),
    ]
    for progress in (start, after(events, start)):
        console = Console(file=io.StringIO(), width=80, color_system=None)
        console.print(panel(progress, 100_000.0))
        assert isinstance(console.file, io.StringIO)
        lines = console.file.getvalue().splitlines()
        assert len(lines) == 5
        assert max(map(len, lines)) <= 80


def test_a_line_before_any_value_says_so() -> None:
    assert "no value yet" in line(SEARCHING, 110.0)
    assert line(START, 100.0) == "preparing"


def test_a_failure_that_is_only_seen_in_the_study_is_written_too() -> None:
    shown, written, _ = display(terminal=False)
    shown.handle(PhaseStarted(CampaignPhase.SEARCH))
    shown.handle(TrialsSeen([record(0, TrialState.COMPLETE, 0.0), record(1, TrialState.FAILED, reason="hung for 600 s")]))
    assert written.getvalue().splitlines()[-1] == "02:00:00 san_francisco trial 1 failed: hung for 600 s"
