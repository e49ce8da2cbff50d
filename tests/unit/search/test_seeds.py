from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunegate.domain.seeds import SeedPhase, keyed_integer, phase_seeds

SEEDS = st.integers(min_value=0, max_value=2**32 - 1)


@given(SEEDS, SEEDS, st.sampled_from(get_args(SeedPhase)), st.sampled_from(get_args(SeedPhase)))
def test_no_two_phases_share_a_seed_whatever_the_campaigns(
    one: int, other: int, phase: SeedPhase, other_phase: SeedPhase
) -> None:
    if phase != other_phase:
        assert not set(phase_seeds(one, phase, 50)) & set(phase_seeds(other, other_phase, 50))


@given(SEEDS, st.sampled_from(get_args(SeedPhase)), st.integers(0, 40), st.integers(0, 40))
def test_more_seeds_extend_fewer_and_all_are_distinct_and_in_range(seed: int, phase: SeedPhase, count: int, more: int) -> None:
    few, many = phase_seeds(seed, phase, count), phase_seeds(seed, phase, count + more)
    assert many[:count] == few
    assert len(set(many)) == count + more
    assert all(0 <= found < 2**32 for found in many)


def test_seeds_are_the_same_on_every_machine() -> None:
    assert phase_seeds(20080517, "gate", 3) == (3080166068, 2989458259, 2521708946)
    assert keyed_integer(1, "tpe", 2) == 3063798715


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="count must not be negative, but got -1"):
        phase_seeds(1, "search", -1)
