from __future__ import annotations

import math
from datetime import date, datetime, timedelta, timezone

import pytest

from tunegate.domain.parameters import ParameterSpec
from tunegate.domain.verdicts import Interval
from tunegate.report import formats
from tunegate.report.model import Money

NBSP = "\u00a0"


def plain(text: str) -> str:
    return text.replace(NBSP, " ").replace("\u2212", "-")


@pytest.mark.parametrize("missing", [None, math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_there_becomes_words(missing: float | None) -> None:
    money = Money("USD", 100)
    shown = {
        formats.number(missing),
        formats.signed(missing),
        formats.change(missing),
        formats.amount(missing),
        formats.probability(missing),
        formats.duration(missing),
        formats.money(missing, money),
        formats.parameter(missing, None),
    }
    assert shown == {"not computed"}
    assert formats.span(None) == "not computed"
    assert formats.span(Interval(1.0, missing if missing is not None else math.nan, 2.0)) == "not computed"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.924, "+1.92 %"),
        (-0.425, "-0.42 %"),
        (0.0, "0.00 %"),
        (-0.0, "0.00 %"),
        (0.004, "0.00 %"),
        (-0.004, "0.00 %"),
        (1234.5, "+1,234.50 %"),
    ],
)
def test_changes_carry_a_sign_unless_they_round_to_zero(value: float, shown: str) -> None:
    assert plain(formats.change(value)) == shown


def test_negative_numbers_use_a_true_minus_and_units_never_break_off() -> None:
    assert formats.change(-1.5) == f"\u22121.50{NBSP}%"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.04, "0.04 s"),
        (0.994, "0.99 s"),
        (0.996, "1.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min 00 s"),
        (72, "1 min 12 s"),
        (11045, "3 h 04 min"),
    ],
)
def test_durations_are_as_fine_as_they_are_short(seconds: float, shown: str) -> None:
    assert plain(formats.duration(seconds)) == shown


@pytest.mark.parametrize(
    ("minor", "money", "shown"),
    [
        (669.4, Money("USD", 100), "USD 6.69"),
        (-1250000, Money("USD", 100), "USD -12,500.00"),
        (321.6, Money("JPY", 1), "JPY 322"),
    ],
)
def test_money_has_the_decimals_of_its_currency(minor: float, money: Money, shown: str) -> None:
    assert plain(formats.money(minor, money)) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.9731234, "0.9731"),
        (300.0, "300"),
        (188.25, "188.2"),
        (0, "0"),
        (0.02, "0.02"),
        (12345.6, "12,346"),
        (1e-7, "1.000e-07"),
    ],
)
def test_parameters_show_four_digits_and_no_idle_zeros(value: float, shown: str) -> None:
    assert plain(formats.parameter(value, None)) == shown


def test_whole_parameters_stay_whole() -> None:
    spec = ParameterSpec("k", "int", "links", 1, 64, 16, "how far")
    assert formats.parameter(16.0, spec) == "16"


@pytest.mark.parametrize(
    ("p", "shown"), [(0.00042, "below 0.001"), (0.0005, "below 0.001"), (0.00342, "0.003"), (1.0, "1.000")]
)
def test_small_probabilities_are_never_shown_as_zero(p: float, shown: str) -> None:
    assert formats.probability(p) == shown


def test_moments_are_shown_in_utc_whatever_zone_they_came_in() -> None:
    pacific = timezone(timedelta(hours=-7))
    assert formats.moment(datetime(2008, 5, 31, 20, 30, tzinfo=pacific)) == "1 Jun 2008, 03:30 UTC"


def test_days_do_not_depend_on_the_machines_language() -> None:
    assert formats.day(date(2008, 5, 31)) == "Sat 31 May 2008"


@pytest.mark.parametrize(
    ("name", "shown"), [("san_francisco", "San Francisco"), ("new_york_JFK", "new york JFK"), ("東京", "東京")]
)
def test_region_names_read_like_names(name: str, shown: str) -> None:
    assert formats.region(name) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("revenue rises", "Revenue rises."),
        ("worst_zone is worse", "worst_zone is worse."),
        ("Done.", "Done."),
        ("", ""),
        ("why?", "Why?"),
    ],
)
def test_a_reason_reads_like_a_sentence_and_identifiers_keep_their_letters(text: str, shown: str) -> None:
    assert formats.sentence(text) == shown
