"""Worlds that play only some of the days: the estimate, its interval and the spread between worlds stay right."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from tests.synthetic.gates import SyntheticRegion
from tests.synthetic.worlds import worlds_evidence, worlds_policy
from tunegate.domain.canonical import canonical_json
from tunegate.domain.verdicts import Promote
from tunegate.domain.worlds import days_of_worlds
from tunegate.gate.evidence import GateEvidence
from tunegate.gate.intervals import FloatArray, interval_of, keyed_generator
from tunegate.gate.judge import judge
from tunegate.gate.record import StoredRuns, build_record, replay
from tunegate.gate.world_design import WorldDesign
from tunegate.gate.worlds import between_worlds_variance, day_noise

DAYS, WORLDS, PER_DAY = 14, 8, 4
LEVEL = 0.05


def shared(days: int = DAYS, weights: tuple[float, ...] = (1 / WORLDS,) * WORLDS, per_day: int = PER_DAY) -> WorldDesign:
    calendar = [date(2026, 1, 1) + timedelta(days=number) for number in range(days)]
    played = days_of_worlds(calendar, per_day, len(weights))
    return WorldDesign(weights, tuple(tuple(calendar.index(day) for day in own) for own in played), days)


def played(table: FloatArray, design: WorldDesign) -> tuple[FloatArray, ...]:
    """Of a table (W, D) what the design plays."""
    return tuple(row[list(days)] for row, days in zip(table, design.played, strict=True))


def table(generator: np.random.Generator, worlds: FloatArray, days: int = DAYS, correlation: float = 0.0) -> FloatArray:
    """Differences (W, D): the worlds' effects, noise of 0.4 that all worlds of a day share, and noise of 0.6 of each."""
    common = generator.standard_normal(days)
    for day in range(1, days):
        common[day] = correlation * common[day - 1] + math.sqrt(1 - correlation**2) * common[day]
    return worlds[:, np.newaxis] + 0.4 * common + 0.6 * generator.standard_normal((len(worlds), days))


def test_the_days_mean_is_the_weighted_mean_of_the_worlds_own_means() -> None:
    design = shared(weights=(0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05))
    cells = played(table(keyed_generator("mean"), np.arange(8.0)), design)
    expected = sum(weight * float(own.mean()) for weight, own in zip(design.weights, cells, strict=True))
    assert design.mean_by_day(cells).mean() == pytest.approx(expected)


def test_the_spread_between_worlds_adds_nothing_to_the_noise_of_days() -> None:
    """A day on which only bad worlds are played is no bad day."""
    design, noise = shared(), table(keyed_generator("no spread"), np.zeros(8))
    apart = noise + np.linspace(-5, 5, 8)[:, np.newaxis]
    assert design.mean_by_day(played(apart, design)).std() == pytest.approx(design.mean_by_day(played(noise, design)).std())


def test_one_world_keeps_its_cells_bit_for_bit() -> None:
    cells = keyed_generator("bits").standard_normal((DAYS, 4, 3))
    assert np.array_equal(WorldDesign.complete((1.0,), DAYS).mean_by_day([cells]), cells)


def test_the_middle_of_several_worlds_on_all_days_is_their_mean() -> None:
    cells = keyed_generator("middle").standard_normal((5, DAYS))
    assert WorldDesign.complete((0.2,) * 5, DAYS).mean_by_day(cells) == pytest.approx(cells.mean(axis=0))


@pytest.mark.parametrize(
    ("days", "correlation", "at_most"), [(14, 0.0, 0.05), (7, 0.0, 0.05), (14, 0.4, 0.075), (7, 0.4, 0.075)]
)
def test_the_lower_bound_of_the_mean_errs_as_rarely_as_with_all_worlds_on_all_days(
    days: int, correlation: float, at_most: float
) -> None:
    generator, gates, design = keyed_generator("size", days, correlation), 1_000, shared(days)
    worlds = np.linspace(-1.2, 1.2, 8)
    wrong = 0
    for _ in range(gates):
        interval = interval_of(design.mean_by_day(played(table(generator, worlds, days, correlation), design)), LEVEL)
        assert interval is not None
        wrong += interval.low_pct > 0
    assert wrong / gates <= at_most + 0.015


def test_both_parts_of_the_noise_are_told_apart_without_bias() -> None:
    generator, design = keyed_generator("parts"), shared()
    found = [day_noise(played(table(generator, np.zeros(8)), design), design) for _ in range(800)]
    shared_by_all, own = np.mean(found, axis=0)
    assert own == pytest.approx(0.36, rel=0.05)
    assert shared_by_all == pytest.approx(0.16, rel=0.15)


@pytest.mark.parametrize("days", [7, 14])
def test_the_spread_between_worlds_is_estimated_without_bias(days: int) -> None:
    generator, design = keyed_generator("spread", days), shared(days)
    found = [
        between_worlds_variance(played(table(generator, generator.standard_normal(8), days), design), design)
        for _ in range(800)
    ]
    assert np.mean(found) == pytest.approx(1.0, rel=0.06)


def sharing_days(evidence: GateEvidence) -> GateEvidence:
    """The same worlds, each on its share of the days."""
    own_days = days_of_worlds(evidence.days, PER_DAY, len(evidence.worlds))
    worlds = []
    for runs, days in zip(evidence.worlds, own_days, strict=True):
        answers = {
            pattern: replace(answer, days=tuple(row for row in answer.days if row.day in days))
            for pattern, answer in runs.answers.items()
        }
        worlds.append(replace(runs, days=days, answers=answers))
    return replace(evidence, worlds=tuple(worlds))


def test_a_gate_whose_worlds_share_the_days_is_judged_and_replays_bit_for_bit() -> None:
    region = SyntheticRegion(seeds=1, sd_seed_pct=0.6, guardrails=1, guardrail_margin_errors=8.0)
    whole = worlds_evidence(region, (2.0, 2.2, 1.6, 2.4, 1.9, 2.1, 2.5, 1.4), stress_pct={"half follow": 1.5}, zones=5)
    evidence, policy = sharing_days(whole), worlds_policy(region, ("half follow",), worst_zone_margin_pct=20.0)
    judgement = judge(evidence, policy)
    assert isinstance(judgement.verdict, Promote), judgement.verdict
    assert len(judgement.worlds) == 8
    assert judgement.realised is not None
    stored = json.loads(canonical_json(build_record(evidence, policy, judgement, "0.2.0").document))
    runs = StoredRuns(
        self_check=evidence.self_check,
        worlds={each.name: each.answers for each in evidence.worlds},
        stress_worlds={each.name: each.answers for each in evidence.stress_worlds},
    )
    assert replay(stored, runs).differences == ()
