"""The monitor's work without an orchestrator: what it decides, what it writes, and what a person may do beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.synthetic.street_home import REGION, StreetHome, observed, write_rows
from tunegate.application.campaigns import read_config
from tunegate.application.experiments import (
    conclude_experiment,
    exclude_window,
    find_experiment,
    stop_experiment,
    watch,
)
from tunegate.application.releases import release_service
from tunegate.domain.errors import BadInput
from tunegate.domain.experiments import EventKind
from tunegate.experiment.observations import Observation
from tunegate.release.experiments import MONITOR


@pytest.fixture
def home(tmp_path: Path) -> StreetHome:
    made = StreetHome(tmp_path)
    made.prepare()
    made.approve()
    return made


def after(home: StreetHome, days: int, effect_pct: float, change=None) -> list[str]:
    """Let days pass, have the street report, run the monitor; the kinds of all entries."""
    end = home.experiment().schedule.day_end(days)
    home.clock.time = end + timedelta(hours=1)
    home.observe(effect_pct, end, change)
    watch(home.open(), REGION)
    return kinds(home)


def kinds(home: StreetHome) -> list[str]:
    return [event.kind.value for event in find_experiment(home.open(), REGION).events]


def test_a_region_without_an_experiment_is_left_alone(tmp_path):
    empty = StreetHome(tmp_path)
    empty.prepare()
    assert watch(empty.open(), REGION) is None
    assert empty.published() is None
    with pytest.raises(BadInput, match="must have an experiment, but got none of toy"):
        find_experiment(empty.open(), REGION)


def test_before_the_first_look_the_record_has_the_start_with_what_was_predicted(home):
    assert after(home, 1, 0.0) == ["started"]
    state = find_experiment(home.open(), REGION)
    assert state.predicted is not None
    assert state.predicted.estimate_pct == pytest.approx(1.8, abs=0.5)
    assert state.events[0].who == "Ada"


def test_a_release_without_harm_is_concluded_after_its_last_look(home):
    assert after(home, 2, 1.0) == ["started", "look"]
    assert '"format": 2' in (home.published() or "")
    assert after(home, 4, 1.0) == ["started", "look", "look", "concluded"]
    release = home.open().registry.current(REGION)
    assert (release.kind, release.approver) == ("conclusion", MONITOR)
    assert "revenue changes by" in release.reason
    assert "evidence sha256:" in release.reason
    assert dict(release.parameters) == {"gamma": 0.97, "max_wait_s": 420}
    look = find_experiment(home.open(), REGION).looks[-1]
    assert look.effect.interval.low_pct < 1.0 < look.effect.interval.high_pct


def test_a_planted_loss_of_10_pct_is_rolled_back_without_a_person_and_the_file_is_that_of_before_byte_for_byte(tmp_path):
    home = StreetHome(tmp_path)
    home.prepare()
    home.approve()
    before = home.open().registry.history(REGION)[0].published
    assert after(home, 2, -10.0) == ["started", "look", "rolled_back"]
    assert home.published() == before
    end = home.open().registry.current(REGION)
    assert (end.kind, end.approver, end.restores) == ("rollback", MONITOR, 1)
    assert "below the harm limit of -2 %" in end.reason
    look = find_experiment(home.open(), REGION).events[1]
    assert look.digest[:19] in end.reason


def test_a_region_may_forbid_the_monitor_to_roll_back(tmp_path):
    home = StreetHome(tmp_path)
    home.prepare(automatic_rollback=False)
    home.approve()
    assert after(home, 2, -10.0) == ["started", "look"]
    assert find_experiment(home.open(), REGION).looks[-1].decision == "roll back"
    assert after(home, 4, -10.0) == ["started", "look", "look"]
    assert home.open().registry.current(REGION).kind == "experiment"
    stop_experiment(home.open(), REGION, "ben", "it costs too much")
    assert kinds(home)[-1] == "stopped"


def test_a_broken_guardrail_rolls_back(tmp_path):
    home = StreetHome(tmp_path)
    home.prepare(guardrails={"wait_mean_s": {"good": "lower", "kind": "relative_pct", "margin": 5.0}})
    home.approve()

    def slower(row: Observation) -> Observation:
        return replace(row, metrics={"wait_mean_s": row.metrics["wait_mean_s"] * (1.3 if row.arm == "candidate" else 1.0)})

    assert after(home, 2, 1.0, slower) == ["started", "look", "rolled_back"]
    assert "wait_mean_s changes by" in home.open().registry.current(REGION).reason


def test_running_again_changes_nothing(home):
    for days in (2, 4):
        entries = after(home, days, 1.0)
        published = home.published()
        for _ in range(3):
            watched = watch(home.open(), REGION)
            assert watched.written == ()
        assert (kinds(home), home.published()) == (entries, published)


BAD_ROWS = {
    "negative revenue": lambda row: replace(row, revenue_minor=-row.revenue_minor),
    "another currency": lambda row: replace(row, currency="JPY"),
    "an unknown arm": lambda row: replace(row, arm="b"),
    "a version nobody published": lambda row: replace(row, version=99),
    "another window": lambda row: replace(row, window_start=row.window_start + timedelta(minutes=30)),
    "from the future": lambda row: replace(row, recorded_at=row.recorded_at + timedelta(days=400)),
    "missing": lambda row: None,
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_bad_rows_make_the_look_invalid_once_and_the_experiment_goes_on_when_they_are_corrected(home, name):
    def bad(row: Observation) -> Observation | None:
        return BAD_ROWS[name](row) if row.window_start.hour < 12 else row

    assert after(home, 2, 1.0, bad) == ["started", "look"]
    look = find_experiment(home.open(), REGION).looks[-1]
    assert look.decision == "invalid"
    assert len(look.reason) > 20
    assert watch(home.open(), REGION).written == ()
    assert '"format": 2' in (home.published() or "")
    assert after(home, 2, 1.0) == ["started", "look", "look"]
    assert find_experiment(home.open(), REGION).looks[-1].decision == "continue"
    assert after(home, 4, 1.0)[-1] == "concluded"


def test_a_folder_that_vanished_and_a_file_half_written_are_invalid_looks_with_their_reason(home):
    assert after(home, 2, 1.0) == ["started", "look"]
    file = home.folder / "street.csv"
    whole = file.read_bytes()
    home.clock.time = home.experiment().schedule.day_end(4) + timedelta(hours=1)
    file.write_bytes(whole[: len(whole) // 2])
    watch(home.open(), REGION)
    file.unlink()
    home.folder.rmdir()
    watch(home.open(), REGION)
    reasons = [look.reason for look in find_experiment(home.open(), REGION).looks]
    assert "must" in reasons[1]
    assert "observations must be in a folder" in reasons[2]
    home.folder.mkdir()
    assert after(home, 4, 1.0)[-1] == "concluded"


def test_late_doubled_and_corrected_rows_lead_to_the_same_estimate(home):
    assert after(home, 2, 1.0) == ["started", "look"]
    rows = [observed(home.experiment(), window, 1.0) for window in home.experiment().schedule.windows[:24]]
    first_try = [replace(row, revenue_minor=1, recorded_at=row.recorded_at - timedelta(minutes=9)) for row in rows]
    write_rows(home.folder / "a.csv", first_try + rows)
    undisturbed = find_experiment(home.open(), REGION).looks[-1].effect
    other = StreetHome(home.root / "other")
    other.prepare()
    other.approve()
    write_rows(other.folder / "b.csv", [*first_try, *rows, *rows[::-1]])
    other.clock.time = home.clock.time
    watch(other.open(), REGION)
    assert find_experiment(other.open(), REGION).looks[-1].effect == undisturbed


def test_a_row_that_was_seen_cannot_be_dropped_without_a_mark(home):
    assert after(home, 2, 1.0) == ["started", "look"]
    start = home.experiment().schedule.windows[3].start_utc
    assert after(home, 4, 1.0, lambda row: None if row.window_start == start else row)[-1] == "look"
    look = find_experiment(home.open(), REGION).looks[-1]
    assert look.decision == "invalid"
    assert f"1 rows that an earlier look counted are gone: {start.isoformat()}" in look.reason


def test_a_person_may_take_out_a_window_and_the_record_says_who_and_why(home):
    start = home.experiment().schedule.windows[3].start_utc
    exclude_window(home.open(), REGION, start, "ben", "the servers were down")
    assert kinds(home) == ["started", "excluded"]
    assert after(home, 2, 1.0) == ["started", "excluded", "look"]
    assert find_experiment(home.open(), REGION).looks[0].effect.windows == 23
    for window, reason, says in (
        (start, "again", "taken out once"),
        (start + timedelta(minutes=1), "what", "one of the schedule"),
        (home.experiment().schedule.windows[4].start_utc, " ", "it must be said why"),
    ):
        with pytest.raises(BadInput, match=says):
            exclude_window(home.open(), REGION, window, "ben", reason)


def test_a_person_may_stop_and_the_file_is_that_of_before(home):
    before = home.open().registry.history(REGION)[0].published
    stop_experiment(home.open(), REGION, "ben", "a strike")
    assert home.published() == before
    state = find_experiment(home.open(), REGION)
    assert (state.end_event.kind, state.end_event.who, state.end_event.why) == (EventKind.STOPPED, "ben", "a strike")
    with pytest.raises(BadInput, match="must be running, but got toy-2, which version 3 ended"):
        stop_experiment(home.open(), REGION, "ben", "again")
    assert after(home, 4, 1.0) == ["started", "stopped"]


def test_only_an_approver_of_the_region_concludes_before_the_end(home):
    with pytest.raises(BadInput, match=r"list of approvers \(Ada, ben\), but got 'mallory'"):
        conclude_experiment(home.open(), REGION, "mallory", "I like it")
    assert home.open().registry.current(REGION).kind == "experiment"
    conclude_experiment(home.open(), REGION, "ada", "good enough")
    assert kinds(home) == ["started", "concluded"]
    assert home.open().registry.current(REGION).approver == "ada"


def test_a_rollback_by_hand_is_the_end_and_the_monitor_enters_it(home):
    release_service(home.open()).rollback(REGION, None, "ben", "taxis circle")
    assert after(home, 2, 1.0) == ["started", "stopped"]
    assert home.open().registry.current(REGION).approver == "ben"


def test_a_monitor_that_comes_after_days_takes_the_newest_look_only(home):
    assert after(home, 4, 1.0) == ["started", "look", "concluded"]


def test_a_campaign_meanwhile_searches_from_and_is_judged_against_what_production_keeps(home):
    installation = home.open()
    assert installation.registry.current(REGION).kind == "experiment"
    config = read_config(installation.registry, home.root / "toy.yaml", ())
    assert dict(config.production) == {"gamma": 0.95, "max_wait_s": 300}
    after(home, 4, 1.0)
    concluded = read_config(home.open().registry, home.root / "toy.yaml", ())
    assert dict(concluded.production) == {"gamma": 0.97, "max_wait_s": 420}


def test_the_street_may_move_while_an_experiment_runs(home):
    assert after(home, 2, 1.0) == ["started", "look"]
    home.folder.rename(home.root / "moved")
    file = home.root / "toy.yaml"
    file.write_text(file.read_text().replace("folder: street", "folder: moved"))
    write_rows(
        home.root / "moved" / "rest.csv",
        [observed(home.experiment(), window, 1.0) for window in home.experiment().schedule.windows],
    )
    home.clock.time = home.experiment().schedule.day_end(4) + timedelta(hours=1)
    watch(home.open(), REGION)
    assert kinds(home)[-1] == "concluded"


def test_nobody_may_change_the_plan_of_a_running_experiment_through_the_file(home):
    file = home.root / "toy.yaml"
    file.write_text(file.read_text().replace("harm_limit_pct: -2.0", "harm_limit_pct: -40.0"))
    assert after(home, 2, -10.0)[-1] == "rolled_back"


@pytest.mark.parametrize("name", [MONITOR, "Tunegate Monitor ", " TUNEGATE MONITOR"])
def test_nobody_goes_by_the_name_of_the_monitor(home, name):
    window = home.experiment().schedule.windows[0].start_utc
    for attempt in (
        lambda: stop_experiment(home.open(), REGION, name, "harm"),
        lambda: exclude_window(home.open(), REGION, window, name, "harm"),
        lambda: conclude_experiment(home.open(), REGION, name, "harm"),
        lambda: release_service(home.open()).rollback(REGION, None, name, "harm"),
    ):
        with pytest.raises(BadInput, match=r"monitor's name|list of approvers"):
            attempt()
    assert home.open().registry.current(REGION).kind == "experiment"
