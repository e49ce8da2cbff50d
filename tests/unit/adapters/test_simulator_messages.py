"""Messages are believed only as far as the schema goes, and every number arrives as what it was."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tunegate.adapters.simulator.messages import BadMessage, Rubbish, day_result, parse_answer, parse_description, schema
from tunegate.domain.days import Forecast
from tunegate.domain.simulation import UnknownRange

DAY = {
    "type": "day",
    "id": "t",
    "day": "2026-03-01",
    "seed": 1,
    "metrics": {"revenue_minor": 12},
    "zone_revenue_minor": {"a": 5, "b": 7},
    "drivers": 3,
    "order_log_digest": "sha256:" + "0" * 64,
}
DESCRIPTION = {
    "contract": "1",
    "simulator": {"name": "toy", "version": "1"},
    "parameters": [{"name": "x", "type": "float", "unit": "1", "low": 0, "high": 1, "default": 0.5, "meaning": "x"}],
    "metrics": [{"name": "revenue_minor", "unit": "cent", "direction": "higher", "meaning": "takings"}],
    "settings": [],
    "city": None,
}
CITY = {
    "name": "toy",
    "digest": "sha256:" + "0" * 64,
    "first_day": "2026-01-01",
    "last_day": "2026-02-01",
    "links": 1,
    "drivers": 1,
    "currency": "USD",
    "minor_per_major": 100,
}


def line(**fields: object) -> bytes:
    return json.dumps({**DAY, **fields}).encode()


@pytest.mark.parametrize(
    ("zones", "sound"),
    [
        ({}, True),
        ({"a": 5, "b": 7}, True),
        ({"a": 5.0, "b": 7}, True),
        ({"a": -1, "b": 13}, False),
        ({"a": True, "b": 11}, False),
        ({"a": 5.5, "b": 6.5}, False),
        ({"a": None}, False),
        ([12], False),
        (None, False),
    ],
)
def test_zones_are_believed_exactly_when_the_schema_does(zones, sound):
    assert Draft202012Validator(schema("answer")).is_valid({**DAY, "zone_revenue_minor": zones}) is sound
    if sound:
        assert day_result(parse_answer(line(zone_revenue_minor=zones)), Forecast.ML).zone_revenue_minor == (zones or {})
    else:
        with pytest.raises(BadMessage, match="zone_revenue_minor"):
            parse_answer(line(zone_revenue_minor=zones))


def test_fields_beside_sound_zones_are_checked_all_the_same():
    with pytest.raises(BadMessage, match="drivers must fit the contract"):
        parse_answer(line(drivers=0))
    with pytest.raises(BadMessage, match="Additional properties are not allowed"):
        parse_answer(line(extra=1))


@given(st.floats(min_value=0, allow_nan=False, allow_infinity=False))
def test_every_float_arrives_bit_for_bit(value):
    message = parse_answer(line(metrics={"revenue_minor": 12, "other": value}))
    assert day_result(message, Forecast.ML).metrics["other"].hex() == value.hex()


@given(st.binary(max_size=200))
def test_no_bytes_whatever_raise_anything_but_a_bad_message(noise):
    with pytest.raises(BadMessage):
        parse_answer(noise)


@pytest.mark.parametrize(
    "noise", [b"[" * 100_000, b"\xff\xfe", b'"day"', b"12", b"null", b"[]", b"1" * 5000, b'{"type":"day"', b"{}{}"]
)
def test_what_is_no_json_object_is_rubbish(noise):
    with pytest.raises(Rubbish):
        parse_answer(noise)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_are_not_finite_are_refused_wherever_they_stand(value):
    with pytest.raises(BadMessage, match="finite"):
        parse_answer(line().replace(b'"drivers": 3', b'"drivers": ' + value.encode()))


def test_a_value_is_shown_shortened():
    with pytest.raises(BadMessage) as caught:
        parse_answer(line(day="x" * 10_000))
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"contract": "2"}, "'1' was expected"),
        ({"parameters": []}, "non-empty"),
        ({"parameters": [{**DESCRIPTION["parameters"][0], "low": 1}]}, "low < high"),
        ({"parameters": [{**DESCRIPTION["parameters"][0], "default": 2}]}, "default between them"),
        ({"parameters": [{**DESCRIPTION["parameters"][0], "type": "bool"}]}, "is not one of"),
        ({"parameters": DESCRIPTION["parameters"] * 2}, "named once"),
        ({"metrics": DESCRIPTION["metrics"] * 2}, "named once"),
        ({"metrics": [{**DESCRIPTION["metrics"][0], "name": "profit"}]}, "`revenue_minor` must be among the metrics"),
        ({"city": {**CITY, "first_day": "2026-02-02"}}, "first_day must not be after its last_day"),
        ({"city": {**CITY, "last_day": "2026-02-31"}}, "must exist in the calendar"),
        ({"city": {**CITY, "digest": "md5:0"}}, "must fit the contract"),
    ],
)
def test_a_description_that_cannot_be_is_refused(fields, words):
    assert parse_description(json.dumps({**DESCRIPTION, "city": CITY}).encode()).city.links == 1
    with pytest.raises(BadMessage) as caught:
        parse_description(json.dumps({**DESCRIPTION, **fields}).encode())
    assert words in str(caught.value)


LATENT = {
    "name": "latent",
    "type": "float",
    "unit": "ratio",
    "default": 3,
    "low": 0.5,
    "high": 10,
    "meaning": "customers per trip",
}


def described(**setting: object) -> bytes:
    return json.dumps({**DESCRIPTION, "settings": [{**LATENT, **setting}]}).encode()


def test_a_setting_may_say_that_its_value_is_unknown():
    (setting,) = parse_description(described(unknown={"low": 1, "high": 6, "log": True})).settings
    assert setting.unknown == UnknownRange(1, 6, log=True)
    (setting,) = parse_description(described(unknown={"low": 1, "high": 6})).settings
    assert setting.unknown == UnknownRange(1, 6)
    assert asdict(setting) == {**LATENT, "unknown": {"low": 1, "high": 6, "log": False}}


def test_a_description_of_contract_1_0_has_no_unknowns():
    (setting,) = parse_description(described()).settings
    assert setting.unknown is None


@pytest.mark.parametrize(
    ("setting", "rule"),
    [
        ({"unknown": {"low": 6, "high": 1}}, "low < high"),
        ({"unknown": {"low": 1, "high": 1}}, "low < high"),
        ({"unknown": {"low": 0.1, "high": 6}}, "within the bounds of its setting"),
        ({"unknown": {"low": 1, "high": 11}}, "within the bounds of its setting"),
        ({"low": None, "unknown": {"low": 0, "high": 6, "log": True}}, "must be above 0"),
        ({"type": "bool", "default": True, "unknown": {"low": 1, "high": 6}}, "setting of numbers"),
        ({"unknown": {"low": 1}}, "must fit the contract"),
        ({"unknown": None}, "must fit the contract"),
        ({"unknown": {"low": 1, "high": 6, "mean": 3}}, "must fit the contract"),
    ],
)
def test_an_unsound_unknown_range_is_refused(setting, rule):
    with pytest.raises(BadMessage, match=rule):
        parse_description(described(**setting))
