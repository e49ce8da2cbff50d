"""The comparison on cases whose answers can be told by hand, and on a small city that is set against itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from small_city import FIRST_DAY, small_city

from hailsim.faults import BadInput
from hailsim.model.cab_days import (
    BIN_S,
    OBSERVED_FILE,
    SECOND_BINS,
    CabDay,
    histogram,
    observed_bytes,
    observed_from_bytes,
    seconds_by_hour,
    sum_histograms,
)
from hailsim.model.calendar import History
from hailsim.model.city import City
from hailsim.model.folder import CITY_FILE, Provenance, read_city, read_observed, write_city
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario, run_day
from hailsim.model.world import make_world
from hailsim.planner.parameters import read_parameters
from hailsim.readers.cab_activity import CabIntervals, observe
from hailsim.validation.command import validate_command
from hailsim.validation.compare import Aim, AimKind, ComparisonSide, compare
from hailsim.validation.simulated import Pickups, simulated_day, simulated_pickups
from hailsim.validation.validate import judged_days, observed_fleet, simulate, validate

DAY = date(2024, 3, 4)
PAPERS = Provenance((), {}, {})


def scenario(city: City, **settings: float) -> Scenario:
    history = History(city.first_day, city.first_day + timedelta(days=5))
    return Scenario(read_parameters({}), read_settings({"follower_share": 0.0, **settings}), "statistics", history)


def seen_day(day: date = DAY, search_s: int = 300, occupied_s: int = 600) -> CabDay:
    """One cab: `occupied_s` with a customer, then `search_s` without, in the first hour."""
    trip = CabIntervals(np.array([1]), np.array([0]), np.array([60]), np.array([occupied_s]), np.array([2000.0]))
    run = CabIntervals(np.array([1]), np.array([0]), np.array([60 + occupied_s]), np.array([search_s]), np.array([1000.0]))
    (found,) = observe(trip, run, np.array([True]), (DAY - date(1970, 1, 1)).days, 1)
    return replace(found, day=day)


def busy_day(day: date, search_s: int = 300) -> CabDay:
    """Twenty cabs, around the clock, whose only search takes `search_s`; a longer one leaves less time with customers."""
    hours = np.full(24, 20 * 3600.0)
    return replace(
        seen_day(day, search_s), cabs=20, vacant_s=hours * search_s / 10_000, occupied_s=hours * (1 - search_s / 10_000)
    )


@given(arrays.arrays(np.int64, st.integers(1, 200), elements=st.integers(0, 7000)), st.floats(0.01, 0.99))
def test_a_histogram_quantile_is_within_one_bin_of_the_exact_quantile(values: np.ndarray, share: float) -> None:
    found = histogram(values, BIN_S, SECOND_BINS)
    quantile = found.quantile(share)
    assert quantile is not None
    below, above = np.quantile(values, share, method="lower"), np.quantile(values, share, method="higher")
    nearest = np.sort(values)[max(0, int(np.ceil(share * len(values))) - 1)]
    assert min(below, nearest) - BIN_S <= quantile <= max(above, nearest) + BIN_S
    assert found.mean == pytest.approx(values.mean())


def test_histograms_are_additive_and_an_empty_one_has_no_statistics() -> None:
    first, second = histogram(np.array([10, 20]), BIN_S, SECOND_BINS), histogram(np.array([9000]), BIN_S, SECOND_BINS)
    both = sum_histograms([first, second])
    assert (both.count, both.total, both.counts[-1]) == (3, 9030.0, 1)
    # Of the open last bin the lower edge is known.
    assert both.quantile(0.99) == 7200.0
    empty = histogram(np.zeros(0), BIN_S, SECOND_BINS)
    assert (empty.mean, empty.quantile(0.5)) == (None, None)


def test_cab_time_counts_in_its_own_hours_and_a_search_in_the_hour_of_its_pickup() -> None:
    # Occupied from 00:50 to 01:10, vacant from there to 02:05 with a customer at the end; another cab goes home vacant.
    trips = CabIntervals(np.array([7]), np.array([0]), np.array([3000]), np.array([1200]), np.array([5000.0]))
    vacant = CabIntervals(
        np.array([7, 8]), np.array([0, 0]), np.array([4200, 3600]), np.array([3300, 600]), np.array([9000.0, 0.0])
    )
    (day,) = observe(trips, vacant, np.array([True, False]), (DAY - date(1970, 1, 1)).days, 1)
    assert (day.day, day.cabs) == (DAY, 2)
    assert day.occupied_s[:3].tolist() == [600, 600, 0]
    assert day.vacant_s[:3].tolist() == [0, 600 + 3000, 300]
    assert day.searches.tolist() == [0, 0, 1] + [0] * 21
    assert (day.search_sum_s[2], day.search_s.mean, day.trip_m.mean, day.vacant_m) == (3300, 3300.0, 5000.0, 9000.0)


def test_a_search_across_midnight_counts_on_the_day_of_its_pickup() -> None:
    trips = CabIntervals(np.array([7]), np.array([0]), np.array([100]), np.array([60]), None)
    vacant = CabIntervals(np.array([7]), np.array([0]), np.array([86_000]), np.array([1000]), None)
    first, second = observe(trips, vacant, np.array([True]), (DAY - date(1970, 1, 1)).days, 2)
    assert (first.searches.sum(), second.searches[0]) == (0, 1)
    assert (first.vacant_s[23], second.vacant_s[0]) == (400, 600)
    assert (first.vacant_m, first.trip_m.count) == (None, 0)


def test_occupied_share_and_speeds_match_a_single_observed_cab() -> None:
    side = ComparisonSide([Pickups(np.eye(24, dtype=np.int64)[0], np.array([1, 0]))], [seen_day()])
    figures = {figure.name: figure for figure in compare(side, side)}
    assert figures["occupied share"].observed == pytest.approx(100 * 600 / 900)
    assert figures["speed while vacant"].observed == pytest.approx(3.6 * 1000 / 300)
    assert figures["speed while occupied"].observed == pytest.approx(3.6 * 2000 / 600)
    assert figures["search, mean"].observed == 300.0
    assert figures["cabs at work, mean"].observed == pytest.approx(900 / 3600 / 24)


def test_a_fleet_compared_with_itself_meets_every_aim() -> None:
    city = small_city()
    world = make_world(city)
    side = simulate(world, scenario(city), [FIRST_DAY + timedelta(days=7)], [1])
    for figure in compare(side, side):
        assert figure.met in {True, None}
        expected = 1.0 if "correlation" in figure.name else figure.observed
        assert figure.simulated == pytest.approx(expected)


@pytest.mark.parametrize(
    ("aim", "observed", "simulated", "met"),
    [
        (Aim(AimKind.WITHIN_PCT, 10.0), 100.0, 110.0, True),
        (Aim(AimKind.WITHIN_PCT, 10.0), 100.0, 89.9, False),
        (Aim(AimKind.WITHIN_POINTS, 5.0), 46.0, 51.1, False),
        (Aim(AimKind.AT_LEAST, 0.95), 1.0, 0.95, True),
        (Aim(AimKind.WITHIN_PCT, 10.0), None, 89.9, None),
        (Aim(AimKind.AT_LEAST, 0.95), 1.0, None, None),
    ],
)
def test_an_aim_is_met_missed_or_undetermined(
    aim: Aim, observed: float | None, simulated: float | None, met: bool | None
) -> None:
    assert aim.met(observed, simulated) is met


@pytest.mark.parametrize("traffic_factor", [0.8, 1.0, 1.25])
def test_a_simulated_day_matches_the_kernel_counts(traffic_factor: float) -> None:
    city = small_city(trips_per_day=1500)
    world = make_world(city)
    day = FIRST_DAY + timedelta(days=7)
    played = scenario(city)
    played = replace(played, settings=replace(played.settings, traffic_factor=traffic_factor))
    outcome = run_day(world, played, day, 1)
    found = simulated_day(outcome, city, world.graph, day, traffic_factor)
    pickups = simulated_pickups(outcome, world.graph)
    busy_s, duty_s = int(outcome.arrays.busy_s.sum()), int(outcome.arrays.duty_s.sum())
    assert pickups.by_hour.sum() == pickups.by_zone.sum() == found.trip_s.count > 500
    # A link entered just before an hour's end is driven in the traffic of that hour, which the pickup's second does not tell.
    assert found.trip_s.total == pytest.approx(busy_s, rel=0.0005)
    # Drives over the day's end are in the kernel's sums and not in those by hour; a shift ends at a junction.
    assert found.occupied_s.sum() == pytest.approx(busy_s, rel=0.01)
    assert (found.occupied_s + found.vacant_s).sum() == pytest.approx(duty_s, rel=0.02)
    assert found.searches.sum() == found.search_s.count < found.trip_s.count


@given(st.lists(st.tuples(st.integers(0, 86_399), st.integers(0, 30_000)), min_size=1, max_size=30))
def test_seconds_by_hour_sum_to_the_part_within_the_day(runs: list[tuple[int, int]]) -> None:
    begin = np.array([run[0] for run in runs])
    end = begin + np.array([run[1] for run in runs])
    assert seconds_by_hour(begin, end).sum() == (np.minimum(end, 86_400) - begin).sum()


def test_fewer_customers_mean_fewer_trips_and_longer_searches() -> None:
    city = small_city()
    days = [FIRST_DAY + timedelta(days=offset) for offset in (6, 7, 8)]
    many = validate(city, (), days, settings={"latent_factor": 3.0})
    few = validate(city, (), days, settings={"latent_factor": 0.5})
    found = [{figure.name: figure for figure in each.figures} for each in (many, few)]
    assert found[1]["trips a day"].simulated < found[0]["trips a day"].simulated / 2
    assert found[1]["search, mean"].simulated > 2 * found[0]["search, mean"].simulated
    assert found[1]["trips a day"].met is False
    assert found[0]["search, mean"].met is None  # this city has no recorded searches


def test_observations_of_judged_days_do_not_affect_the_simulation() -> None:
    city = small_city()
    days = [FIRST_DAY + timedelta(days=offset) for offset in (7, 8)]
    before = [busy_day(FIRST_DAY + timedelta(days=offset)) for offset in range(7)]
    quick, slow = ([*before, *(busy_day(day, search_s) for day in days)] for search_s in (10, 5000))
    first, second = validate(city, quick, days), validate(city, slow, days)
    assert [figure.simulated for figure in first.figures] == [figure.simulated for figure in second.figures]
    assert first.observed.occupied_pct() != second.observed.occupied_pct()


def test_the_observed_fleet_matches_its_days() -> None:
    fleet = observed_fleet([seen_day(occupied_s=1500, search_s=300), seen_day(occupied_s=3000, search_s=600)])
    assert fleet is not None
    assert fleet.taxis == 1
    assert fleet.active_share[0] == pytest.approx((1800 + 3540) / 2 / 3600)
    assert fleet.active_share[5] == pytest.approx(0.01)
    assert observed_fleet([]) is None


def test_the_later_half_is_judged_by_default_and_needs_calibration_days() -> None:
    city = small_city(days=5)
    assert judged_days(city, None, None) == tuple(FIRST_DAY + timedelta(days=offset) for offset in (3, 4))
    for first, last in ((city.first_day, None), (FIRST_DAY + timedelta(days=3), FIRST_DAY + timedelta(days=9))):
        with pytest.raises(BadInput, match="with covered days before"):
            judged_days(city, first, last)
    with pytest.raises(BadInput, match="one to judge"):
        judged_days(small_city(days=1), None, None)


def test_observed_cab_days_round_trip_through_the_city_folder_and_change_its_digest(tmp_path: Path) -> None:
    city, days = small_city(days=3), (seen_day(), seen_day(DAY + timedelta(days=1), 7))
    without = write_city(city, tmp_path / "without", PAPERS)
    digest = write_city(city, tmp_path / "with", PAPERS, observed=days)
    assert digest != without
    assert read_city(tmp_path / "with").digest == digest
    assert read_observed(tmp_path / "without") == ()
    assert observed_bytes(read_observed(tmp_path / "with")) == observed_bytes(days)


def test_a_damaged_observation_is_refused_by_its_digest_and_by_its_format(tmp_path: Path) -> None:
    write_city(small_city(days=3), tmp_path / "city", PAPERS, observed=(seen_day(),))
    file = tmp_path / "city" / OBSERVED_FILE
    file.write_bytes(file.read_bytes().replace(b'"cabs":1', b'"cabs":2'))
    for read in (read_observed, read_city):
        with pytest.raises(BadInput, match="SHA-256"):
            read(tmp_path / "city")
    good = observed_bytes((seen_day(),))
    for bad in (b"{}", b"[]", good[:-5], good.replace(b"observed/1", b"observed/9"), good.replace(b'"cabs":1', b'"cabs":null')):
        with pytest.raises(BadInput):
            observed_from_bytes(bad, "observed.json")
    with pytest.raises(BadInput, match="24 numbers"):
        observed_from_bytes(good.replace(b'"vacant_s":[300,', b'"vacant_s":[-300,'), "observed.json")


def test_the_command_prints_a_table_or_json_and_names_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    city = small_city(days=6)
    write_city(city, tmp_path / "city", PAPERS, observed=[busy_day(city.first_day + timedelta(days=n)) for n in range(6)])
    folder = str(tmp_path / "city")
    assert (tmp_path / "city" / CITY_FILE).is_file()
    assert validate_command([folder, "--days", "2024-03-08..2024-03-09", "--set", "latent_factor=2"]) == 0
    table = capsys.readouterr().out
    assert "2024-03-08 to 2024-03-09, 2 days" in table
    assert "latent factor 2" in table
    assert validate_command([folder, "--days", "2024-03-08", "--json", "--seeds", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["days"], found["seeds"], found["calibrated_on"]["last"]) == (["2024-03-08"], [1, 2], "2024-03-07")
    assert {figure["name"] for figure in found["figures"] if figure["aim"]} >= {"trips a day", "occupied share", "search, mean"}
    assert len(found["by_hour"]["cabs_at_work"]["observed"]) == 24
    for wrong in (
        ["--days", "yesterday"],
        ["--set", "latent_factor"],
        ["--set", "hope=2"],
        ["--set", "follower_share=1"],
        ["--days", "2024-03-04"],
    ):
        assert validate_command([folder, *wrong]) == 2
        assert "nothing was simulated" in capsys.readouterr().err
    assert validate_command([str(tmp_path)]) == 2
