"""Synthetic gates over several worlds, each with a true effect of its own, and stress worlds beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.synthetic.evidence import synthetic_evidence, synthetic_policy
from tests.synthetic.gates import SyntheticRegion
from tunegate.domain.worlds import StressWorld, World
from tunegate.gate.evidence import STRESS_PATTERNS, GateEvidence, StressRuns, WorldRuns
from tunegate.gate.policy import GatePolicy

STRESS_MARGIN_PCT = 0.5


def worlds_evidence(
    region: SyntheticRegion,
    effects_pct: Sequence[float],
    *,
    weights: Sequence[float] | None = None,
    stress_pct: Mapping[str, float] | None = None,
    zones: int = 0,
) -> GateEvidence:
    """The evidence of a gate whose worlds have these true effects, and its stress worlds those; noise is that of the region."""
    by_world = [_in_world(region, effect, key, zones) for key, effect in enumerate(effects_pct)]
    worlds = tuple(
        WorldRuns(f"w{key}", _world(key, weights), one.days, one.seeds, one.answers) for key, one in enumerate(by_world)
    )
    stress = tuple(
        StressRuns(name, stress_settings(key), by_world[0].seeds, {pattern: answers[pattern] for pattern in STRESS_PATTERNS})
        for key, (name, effect) in enumerate((stress_pct or {}).items())
        if (answers := _in_world(region, effect, 1_000 + key, zones).answers)
    )
    return replace(by_world[0], answers={}, worlds=worlds, stress_worlds=stress)


def worlds_policy(
    region: SyntheticRegion, stress: Sequence[str] = (), worst_zone_margin_pct: float | None = None
) -> GatePolicy:
    """The default thresholds, with these stress worlds."""
    demanded = tuple(StressWorld(name, stress_settings(key), STRESS_MARGIN_PCT) for key, name in enumerate(stress))
    return replace(synthetic_policy(region, worst_zone_margin_pct), stress_worlds=demanded)


def stress_settings(key: int) -> dict[str, float]:
    """The settings of a stress world."""
    return {"follower_share": 0.5 + 0.1 * key, "compliance": 1.0}


def _world(key: int, weights: Sequence[float] | None) -> World:
    return World({"follower_share": 0.2 + 0.01 * key}, 1.0 if weights is None else weights[key])


def _in_world(region: SyntheticRegion, effect_pct: float, key: int, zones: int) -> GateEvidence:
    changed = replace(region, effect_ml_pct=effect_pct, effect_statistics_pct=effect_pct)
    return synthetic_evidence(changed, key, zones)
