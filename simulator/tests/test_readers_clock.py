from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailsim.faults import BadInput
from hailsim.readers.clock import date_of, find_zone, hour_of_week, operating_day, utc_seconds, wall_seconds
from hailsim.readers.days import covered_days, quietest_hour

NEW_YORK = ZoneInfo("America/New_York")
DAY_S = 86_400


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def wall(text: str) -> int:
    return utc(text)  # a wall clock is counted as if it were UTC


@given(
    st.lists(st.integers(utc("1995-01-01"), utc("2030-01-01")), min_size=1, max_size=30),
    st.sampled_from(["America/New_York", "Asia/Tokyo"]),
)
def test_wall_clocks_agree_with_the_standard_library(seconds: list[int], name: str) -> None:
    zone = ZoneInfo(name)
    found = wall_seconds(np.array(seconds), zone)
    for second, clock in zip(seconds, found, strict=True):
        naive = datetime.fromtimestamp(second, tz=zone).replace(tzinfo=UTC)
        assert clock == int(naive.timestamp())


def test_repeated_and_skipped_hours_are_ambiguous() -> None:
    moments = [
        "2014-11-02T00:59:59",
        "2014-11-02T01:30:00",
        "2014-11-02T02:00:00",
        "2015-03-08T02:30:00",
        "2015-03-08T03:00:00",
    ]
    found, unique = utc_seconds(np.array([wall(text) for text in moments]), NEW_YORK)
    assert unique.tolist() == [True, False, True, False, True]
    assert found[0] == utc("2014-11-02T04:59:59")
    assert found[2] == utc("2014-11-02T07:00:00")
    assert found[4] == utc("2015-03-08T07:00:00")


def test_local_times_round_trip_through_utc() -> None:
    clock = np.arange(wall("2014-10-30"), wall("2014-11-05"), 700)
    found, unique = utc_seconds(clock, NEW_YORK)
    assert np.array_equal(wall_seconds(found, NEW_YORK)[unique], clock[unique])


def test_an_operating_day_follows_the_wall_clock_across_a_clock_change() -> None:
    # 2014-11-02 has 25 hours: six in the evening is still 14 hours after four in the morning.
    evening = wall_seconds(
        np.array([utc("2014-11-02T23:00:00"), utc("2014-11-03T08:59:59"), utc("2014-11-03T09:00:00")]), NEW_YORK
    )
    day, second = operating_day(evening, 4)
    assert [date_of(d) for d in day] == [date(2014, 11, 2), date(2014, 11, 2), date(2014, 11, 3)]
    assert second.tolist() == [14 * 3600, DAY_S - 1, 0]


def test_the_hours_before_the_start_hour_belong_to_the_previous_day() -> None:
    day, second = operating_day(np.array([wall("2024-01-01T03:59:59"), wall("2024-01-01T04:00:00")]), 4)
    assert [date_of(d) for d in day] == [date(2023, 12, 31), date(2024, 1, 1)]
    assert second.tolist() == [DAY_S - 1, 0]


def test_monday_midnight_is_hour_0_of_the_week() -> None:
    moments = np.array([wall("2024-03-04T00:10:00"), wall("2024-03-05T13:00:00"), wall("2024-03-10T23:59:59")])
    assert hour_of_week(moments).tolist() == [0, 37, 167]


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "UTC+1"])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="IANA"):
        find_zone(name, "--timezone")


def every(minutes: int, begin: str, end: str) -> np.ndarray:
    return np.arange(wall(begin), wall(end), 60 * minutes)


def test_only_whole_days_are_covered() -> None:
    found = covered_days(every(10, "2024-01-01T03:00", "2024-01-05T00:00"), 4, None, None)
    assert (date_of(found.first), date_of(found.last), found.days) == (date(2024, 1, 1), date(2024, 1, 3), 3)
    assert found.left_out == {date(2023, 12, 31): 6, date(2024, 1, 4): 120}


def test_a_day_whose_records_begin_half_an_hour_late_is_whole() -> None:
    found = covered_days(every(10, "2024-01-01T04:30", "2024-01-04T03:30"), 4, None, None)
    assert (date_of(found.first), found.days) == (date(2024, 1, 1), 3)


def test_a_gap_in_the_records_keeps_the_longest_run() -> None:
    records = np.concatenate(
        [every(10, "2024-01-01T04:00", "2024-01-04T04:00"), every(10, "2024-01-06T04:00", "2024-01-11T04:00")]
    )
    found = covered_days(records, 4, None, None)
    assert (date_of(found.first), date_of(found.last)) == (date(2024, 1, 6), date(2024, 1, 10))
    assert found.left_out[date(2024, 1, 4)] == 0
    assert found.left_out[date(2024, 1, 1)] == 144


def test_a_partially_recorded_day_is_excluded() -> None:
    thin = every(100, "2024-01-03T04:00", "2024-01-04T04:00")
    records = np.concatenate(
        [every(10, "2024-01-01T04:00", "2024-01-03T04:00"), thin, every(10, "2024-01-04T04:00", "2024-01-08T04:00")]
    )
    found = covered_days(records, 4, None, None)
    assert (date_of(found.first), date_of(found.last)) == (date(2024, 1, 4), date(2024, 1, 7))


def test_bounds_are_respected_and_a_source_without_whole_days_is_refused() -> None:
    records = every(10, "2024-01-01T00:00", "2024-01-11T00:00")
    found = covered_days(records, 4, date(2024, 1, 3), date(2024, 1, 5))
    assert (date_of(found.first), date_of(found.last)) == (date(2024, 1, 3), date(2024, 1, 5))
    with pytest.raises(BadInput, match="at least one whole day"):
        covered_days(records, 4, date(2024, 2, 1), None)
    with pytest.raises(BadInput, match="--day-start-hour"):
        covered_days(every(10, "2024-01-01T00:00", "2024-01-02T00:00"), 4, None, None)
    assert covered_days(every(10, "2024-01-01T00:00", "2024-01-02T00:00"), 0, None, None).days == 1
    with pytest.raises(BadInput, match="must have trips"):
        covered_days(np.zeros(0, dtype=np.int64), 4, None, None)


def test_the_quietest_hour_has_the_fewest_trips() -> None:
    hours = np.repeat(np.arange(24), [9] * 5 + [2] + [9] * 18) * 3600
    assert quietest_hour(hours) == 5
