"""What a simulator answers to sound and unsound requests."""

from __future__ import annotations

import re
from typing import Annotated

import pytest
from kit_requests import request

from tunegate_simulator import City, Day, Outcome, Parameter, Refused, simulator
from tunegate_simulator.day import customers_digest
from tunegate_simulator.errors import BrokenPromise


def test_every_day_and_seed_is_answered_and_done_repeats_what_was_applied(stall):
    *days, done = stall.answer(request())
    assert [(line["day"], line["seed"]) for line in days] == [
        ("2026-05-01", 1), ("2026-05-01", 2), ("2026-05-02", 1), ("2026-05-02", 2)
    ]  # fmt: skip
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", line["order_log_digest"]) for line in days)
    assert len({line["order_log_digest"] for line in days}) == len(days)
    assert done["days"] == len(days)
    assert done["parameters"] == {"price": 100.0, "jugs": 5}
    assert done["trained_last_day"] == "2026-04-30"
    assert done["city_digest"] == stall.describe("town")["city"]["digest"]
    assert done["simulator"] == "stall 1"


def test_the_same_people_come_whatever_the_price_is_and_others_with_another_seed(stall):
    cheap, dear = ([*stall.answer(request(parameters={"price": price}))][:-1] for price in (50, 150))
    assert [line["order_log_digest"] for line in cheap] == [line["order_log_digest"] for line in dear]
    assert [line["metrics"] for line in cheap] != [line["metrics"] for line in dear]


def test_a_day_is_the_same_alone_and_among_others(stall):
    together = [line["metrics"] for line in stall.answer(request()) if line["type"] == "day"]
    (alone,) = [line["metrics"] for line in stall.answer(request(days=["2026-05-02"], seeds=[2])) if line["type"] == "day"]
    assert alone == together[-1]


def test_what_is_left_out_takes_its_default(stall):
    asked = [{"parameters": {"jugs": 5}}, {"parameters": {"price": 80, "jugs": 5}, "settings": {"people": 200}}]
    one, other = ([*stall.answer(request(**fields))][:-1] for fields in asked)
    assert one == other


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"parameters": {"price": 19.9}}, "20 <= price <= 300"),
        ({"parameters": {"price": True}}, "price must be a number"),
        ({"parameters": {"price": "80"}}, "price must be a number"),
        ({"parameters": {"jugs": 2.5}}, "jugs must be a whole number"),
        ({"parameters": {"cups": 1}}, "parameters must be those of the description"),
        ({"settings": {"people": 0}}, "1 <= people"),
        ({"settings": {"rain": True}}, "settings must be those of the description"),
        ({"days": ["2025-12-31"]}, "a day must be covered by the city"),
        ({"days": ["2026-02-30"]}, "a day must be a date that exists"),
        ({"days": []}, "days must be a list with at least one entry"),
        ({"days": ["2026-05-01", "2026-05-01"]}, "unique"),
        ({"seeds": [-1]}, "a seed must be"),
        ({"seeds": [2**32]}, "a seed must be"),
        ({"forecast": "tea leaves"}, "forecast must be"),
        ({"history": {"first": "2026-05-01", "last": "2026-04-01"}}, "history.first <= history.last"),
        ({"city": "nowhere"}, "a city must be one that the simulator knows"),
        ({"contract": "2"}, 'contract must be "1"'),
        ({"extra": 1}, "no other keys"),
    ],
)
def test_a_request_that_can_never_work_is_refused_before_anything_is_simulated(stall, fields, said):
    with pytest.raises(Refused, match=re.escape(said)):
        next(iter(stall.answer(request(**fields))))


def test_all_faults_of_a_request_are_said_at_once(stall):
    with pytest.raises(Refused) as caught:
        next(iter(stall.answer(request(parameters={"price": 1, "cups": 1}, seeds=[-1]))))
    assert len(caught.value.faults) == 3


SOUND = {"revenue_minor": 5}


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (None, "must return an Outcome"),
        (Outcome({}, customers=[]), "`revenue_minor` must be among"),
        (Outcome({"revenue_minor": -1}, customers=[]), "not below 0"),
        (Outcome({"revenue_minor": float("nan")}, customers=[]), "must be a finite number"),
        (Outcome({"revenue_minor": 2**60}, customers=[]), "exact in double precision"),
        (Outcome({"revenue_minor": True}, customers=[]), "must be a finite number"),
        (Outcome({**SOUND, "surprise": 1}, customers=[]), "only metrics of the description"),
        (Outcome(SOUND, customers=[], zones={"north": 3, "south": 1}), "zones must add up"),
        (Outcome(SOUND, customers=[], zones={"north": 2.5, "south": 2.5}), "must be a whole number"),
        (Outcome(SOUND, customers=[], drivers=0), "drivers must be at least 1"),
        (Outcome(SOUND, customers=[float("inf")]), "customers must be finite"),
        (Outcome(SOUND, customers=[object()]), "customers must be finite"),
    ],
)
def test_a_day_that_contradicts_the_contract_is_never_said(stall, outcome, said):
    stall.simulate = lambda *_, **__: outcome
    with pytest.raises(BrokenPromise, match=re.escape(said)):
        list(stall.answer(request()))


def test_a_forecast_that_learnt_too_late_is_never_said(stall):
    learnt = City("x", "2026-05-01", "2026-05-01").first_day
    stall.simulate = lambda *_, **__: Outcome(SOUND, customers=[], trained_last_day=learnt)
    with pytest.raises(BrokenPromise, match=r"nothing after history\.last"):
        list(stall.answer(request()))


def test_numbers_of_numpy_are_numbers_and_its_arrays_are_customers(stall):
    np = pytest.importorskip("numpy")
    arrivals = np.arange(10_000)
    metrics = {"revenue_minor": np.int64(5), "lost": np.float32(0.5)}
    stall.simulate = lambda *_, **__: Outcome(metrics, customers=arrivals, zones={"all": np.int32(5)})
    line = next(iter(stall.answer(request())))
    assert (line["metrics"], line["zone_revenue_minor"]) == ({"revenue_minor": 5, "lost": 0.5}, {"all": 5})
    assert type(line["metrics"]["revenue_minor"]) is int
    arrivals[5000] = 0  # in the middle, which a printed array leaves out
    assert customers_digest(arrivals, "x") != line["order_log_digest"]


def test_cities_may_be_loaded_by_name_once(tmp_path):
    loaded = []

    def load(name):
        loaded.append(name)
        return City(name, "2026-01-01", "2026-12-31", data=len(loaded))

    def count(day: Day, x: Annotated[int, Parameter(0, 1, "1", "x")] = 0):
        return Outcome({"revenue_minor": day.city.data}, customers=[])

    made = simulator("loader", "1", load)(count)
    lines = [line for _ in range(2) for line in made.answer(request(city=str(tmp_path), parameters={"x": 1}))]
    assert loaded == [str(tmp_path)]
    assert lines[0]["metrics"]["revenue_minor"] == 1
