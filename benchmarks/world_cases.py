"""The worlds of `search_worlds.py` and `worlds.py`: those that ship, stress worlds, and fresh ones that no campaign met."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from search_cases import Case, Cell

from tunegate.config.world_models import WorldsSection
from tunegate.config.worlds import read_worlds
from tunegate.domain.worlds import Settings, Worlds

FILES = Path(__file__).resolve().parents[1] / "configs" / "worlds"
STRESS: Mapping[str, Settings] = {
    "half follow": {"follower_share": 0.5, "compliance": 1.0},
    "most follow": {"follower_share": 0.8, "compliance": 0.8},
}
STRESS_MARGIN_PCT = 0.5
AS_TUNED: Settings = {"follower_share": 0.2, "compliance": 0.8}
# Share of the spread of the worlds that the kernel around each of them has; the rest is between them.
KERNEL = 0.3


def worlds_of(city: str) -> Worlds:
    """The shipped worlds of a city with the stress worlds."""
    stress = {name: {"settings": dict(settings), "margin_pct": STRESS_MARGIN_PCT} for name, settings in STRESS.items()}
    section = WorldsSection.model_validate({"file": f"{city}.json", "stress": stress})
    return read_worlds(section, FILES / section.file).worlds


def fresh_worlds(city: str, seed: int, count: int) -> tuple[Settings, ...]:
    """Draws from what the worlds file believes, none of them one of its worlds.

    Calibrated unknowns are drawn from normal kernels around the file's worlds, which keep their mean and covariance (Liu and
    West 2001), on the scale of the prior and folded back at its ends. The others, adoption above all, are drawn from the prior.
    """
    document = json.loads((FILES / f"{city}.json").read_text("utf-8"))
    unknowns = document["unknowns"]
    lows, highs = np.array([[_scaled(each, each[end]) for each in unknowns] for end in ("low", "high")])
    values = np.array([[_scaled(each, world["settings"][each["name"]]) for each in unknowns] for world in document["worlds"]])
    weights = np.array([world["weight"] for world in document["worlds"]])
    weights /= weights.sum()
    generator = np.random.default_rng(seed)
    drawn = _kernel_draws(generator, (values - lows) / (highs - lows), weights, count)
    prior = generator.random(drawn.shape)
    shares = np.where([each["calibrated"] for each in unknowns], drawn, prior)
    return tuple(
        {each["name"]: _natural(each, float(value)) for each, value in zip(unknowns, row, strict=True)}
        for row in lows + shares * (highs - lows)
    )


def _kernel_draws(
    generator: np.random.Generator, values: NDArray[np.float64], weights: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    mean = weights @ values
    covariance = np.cov(values.T, aweights=weights)
    centres = mean + np.sqrt(1 - KERNEL**2) * (values[generator.choice(len(values), count, p=weights)] - mean)
    drawn = centres + generator.multivariate_normal(np.zeros(len(mean)), KERNEL**2 * covariance, count)
    folded: NDArray[np.float64] = 1.0 - np.abs(1.0 - np.abs(drawn) % 2.0)
    return folded


def _scaled(unknown: Mapping[str, object], value: float) -> float:
    return float(np.log(value)) if unknown["log"] else value


def _natural(unknown: Mapping[str, object], value: float) -> float:
    return float(np.exp(value)) if unknown["log"] else value


def effects_pct(case: Case, parameters: Mapping[str, float], plan: Sequence[tuple[Settings, Cell]]) -> NDArray[np.float64]:
    """Change of revenue against production on each cell in its world, percent."""
    revenue = np.array(
        [[case.revenue(one, cell, world) for world, cell in plan] for one in (case.config.production, parameters)]
    )
    changed: NDArray[np.float64] = 100.0 * (revenue[1] / revenue[0] - 1.0)
    return changed
