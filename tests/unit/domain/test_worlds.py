from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunegate.domain.worlds import StressWorld, World, Worlds, days_of_worlds

DAYS = tuple(date(2024, 3, 1) + timedelta(days=number) for number in range(14))


def worlds(*weights: float, count: int = 8) -> Worlds:
    return Worlds(tuple(World({"share": place}, weight) for place, weight in enumerate(weights)), (), count)


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=12), st.integers(4, 64), st.integers(0, 2**32 - 1))
def test_a_world_is_drawn_as_often_as_its_weight_says_to_within_one(weights: list[float], count: int, seed: int) -> None:
    drawn = Counter(settings["share"] for settings in worlds(*weights, count=count).drawn(seed, "gate", cells=1000))
    assert sum(drawn.values()) == count
    for place, weight in enumerate(weights):
        assert abs(drawn[place] - count * weight / sum(weights)) < 1 + 1e-6


def test_phases_draw_their_own_worlds_and_repeat_them() -> None:
    sixteen = worlds(*[1.0] * 16)
    by_phase = {phase: sixteen.drawn(7, phase, cells=56) for phase in ("search", "validation", "gate")}
    assert by_phase["gate"] == sixteen.drawn(7, "gate", cells=56)
    assert by_phase["gate"] != by_phase["validation"] != by_phase["search"]


def test_no_more_worlds_are_drawn_than_there_are_days_and_seeds() -> None:
    assert len(worlds(*[1.0] * 16).drawn(7, "search", cells=2)) == 2


@pytest.mark.parametrize(("days", "per_day", "count"), [(14, 4, 8), (7, 4, 8), (4, 2, 8), (2, 2, 4), (14, 3, 8), (14, 4, 6)])
def test_every_day_is_played_in_as_many_worlds_and_every_world_on_as_many_days(days: int, per_day: int, count: int) -> None:
    shares = days_of_worlds(DAYS[:days], per_day, count)
    assert Counter(day for share in shares for day in share) == dict.fromkeys(DAYS[:days], per_day)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_no_two_worlds_share_all_their_days() -> None:
    shares = days_of_worlds(DAYS, 4, 8)
    assert len(set(shares)) == len(shares)


def test_more_worlds_a_day_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match="per_day=5, worlds=4"):
        days_of_worlds(DAYS, 5, 4)


def test_worlds_are_read_back_as_they_were_written() -> None:
    made = Worlds((World({"share": 0.2}, 2.0), World({"share": 0.4}, 1.0)), (StressWorld("half", {"share": 0.5}, 0.5),), 8)
    assert Worlds.from_document(made.as_document()) == made
    assert Worlds.from_document(made.as_document()).digest == made.digest
