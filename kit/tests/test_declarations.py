"""What a description says, and which ones are refused when the program starts."""

from __future__ import annotations

import re
from typing import Annotated

import pytest

from tunegate_simulator import City, Day, DeclarationError, Metric, Outcome, Parameter, Setting, Unknown, simulator

TOWN = City("town", "2026-01-01", "2026-12-31")


def test_the_description_holds_parameters_metrics_settings_and_the_city(stall):
    described = stall.describe("town")
    assert described["parameters"] == [
        {
            "name": "price",
            "type": "float",
            "unit": "cent",
            "low": 20,
            "high": 300,
            "default": 80,
            "meaning": "price of a glass",
        },
        {"name": "jugs", "type": "int", "unit": "1", "low": 1, "high": 9, "default": 5, "meaning": "jugs made in the morning"},
    ]
    assert [metric["name"] for metric in described["metrics"]] == ["revenue_minor", "lost"]
    (people,) = described["settings"]
    assert people["unknown"] == {"low": 50, "high": 400, "log": True}
    assert described["city"]["first_day"] == "2026-01-01"
    assert stall.describe()["city"] is None
    assert "routes" not in described


def declare(hint, default=1.0, metrics=()):
    def day(day: Day, x=default): ...

    day.__annotations__ |= {"x": hint}
    if default is ...:
        day.__defaults__ = ()
    return simulator("s", "1", TOWN, metrics)(day)


@pytest.mark.parametrize(
    ("hint", "default", "said"),
    [
        (float, 1.0, "must be annotated with one Parameter (with its bounds)"),
        (Annotated[float, "a price"], 1.0, "must be annotated with one Parameter (with its bounds)"),
        (Annotated[float, Parameter(0, 2, "1", "x")], ..., "must have a default"),
        (Annotated[float, Parameter(0, float("inf"), "1", "x")], 1.0, "finite bounds"),
        (Annotated[float, Parameter(2, 1, "1", "x")], 1.0, "finite bounds"),
        (Annotated[float, Parameter(2, 3, "1", "x")], 1.0, "the default must lie within the bounds"),
        (Annotated[int, Parameter(0, 3, "1", "x")], 1.5, "must be of the annotated type, int"),
        (Annotated[str, Parameter(0, 3, "1", "x")], "a", "a float or an int"),
        (Annotated[bool, Setting("1", "x")], 1, "must be of the annotated type, bool"),
        (Annotated[list, Setting("1", "x")], [], "a bool, an int, a float or a str"),
        (Annotated[str, Setting("1", "x", unknown=Unknown(0, 1))], "a", "only a setting of numbers"),
        (Annotated[float, Setting("1", "x", low=0, unknown=Unknown(-1, 1))], 1.0, "within the bounds of its setting"),
        (Annotated[float, Setting("1", "x", unknown=Unknown(0, 1, log=True))], 1.0, "above 0"),
        (Annotated[float, Setting("1", "x")], 1.0, "at least one parameter"),
    ],
)
def test_a_wrong_signature_is_refused_with_its_rule(hint, default, said):
    with pytest.raises(DeclarationError, match=re.escape(said)):
        declare(hint, default)


def test_wrong_metrics_are_refused():
    hint = Annotated[float, Parameter(0, 2, "1", "x")]
    twice = [Metric("wait", "s", "lower", "wait")] * 2
    with pytest.raises(DeclarationError, match="named once"):
        declare(hint, metrics=twice)
    with pytest.raises(DeclarationError, match="direction"):
        declare(hint, metrics=[Metric("wait", "s", "down", "wait")])


@pytest.mark.parametrize(
    ("first", "last", "options", "said"),
    [
        ("2026-01-02", "2026-01-01", {}, "first_day must not be after"),
        ("2026-02-30", "2026-03-01", {}, "a date that exists"),
        ("2026-01-01", "2026-01-01", {"drivers": 0}, "drivers must be at least 1"),
        ("2026-01-01", "2026-01-01", {"digest": "md5:0"}, "a digest must be"),
    ],
)
def test_a_wrong_city_is_refused(first, last, options, said):
    with pytest.raises(DeclarationError, match=re.escape(said)):
        City("x", first, last, **options)


def test_a_simulator_without_a_city_is_refused():
    def day(day: Day, x: Annotated[float, Parameter(0, 1, "1", "x")] = 0) -> Outcome: ...

    with pytest.raises(DeclarationError, match="at least one city"):
        simulator("s", "1", [])(day)
