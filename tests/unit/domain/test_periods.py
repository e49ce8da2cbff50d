from __future__ import annotations

from datetime import date

from tunegate.domain.periods import FEWEST_HISTORY_DAYS, Period, Periods


def _may(first: int, last: int) -> Period:
    return Period(date(2008, 5, first), date(2008, 5, last))


PERIODS = Periods(_may(10, 21), _may(22, 23), _may(24, 25), _may(26, 31))


def test_sound_periods_have_no_faults() -> None:
    assert PERIODS.faults() == ()


def test_every_empty_and_every_overlapping_period_is_a_fault_of_its_own() -> None:
    broken = Periods(_may(10, 22), _may(22, 23), _may(25, 24), _may(26, 31))
    assert [fault.place for fault in broken.faults()] == ["periods.validation", "periods.tuning"]


def test_the_days_before_the_test_are_the_searched_ones_and_the_newest_of_the_history() -> None:
    history, days = PERIODS.before_test(6)
    assert history == _may(10, 19)
    assert days == _may(20, 25).days


def test_searched_days_are_all_taken_even_when_fewer_are_wanted() -> None:
    assert PERIODS.before_test(3) == (PERIODS.history, _may(22, 25).days)


def test_the_history_keeps_its_fewest_days_however_many_are_wanted() -> None:
    history, days = PERIODS.before_test(100)
    assert len(history.days) == FEWEST_HISTORY_DAYS
    assert days == _may(13, 25).days


def test_a_short_history_lends_nothing() -> None:
    short = Periods(_may(19, 21), _may(22, 23), _may(24, 25), _may(26, 31))
    assert short.before_test(7) == (short.history, _may(22, 25).days)
