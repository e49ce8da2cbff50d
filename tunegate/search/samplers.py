"""Samplers that depend on the seed, the proposal and the earlier results alone, never on how often a process was started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from tunegate.domain.seeds import keyed_integer
from tunegate.search.cube import from_cube, sobol_points
from tunegate.search.definition import SamplerName


def keyed_sampler(name: SamplerName, seed: int, proposal: int, space: Mapping[str, BaseDistribution]) -> BaseSampler:
    """The sampler of one proposal (from 1; proposal 0 is production).

    It is built afresh for every proposal with a seed keyed by campaign and proposal, so that a campaign that was killed and
    resumed proposes what an uninterrupted one would have.
    """
    match name:
        case "tpe":
            return TPESampler(seed=keyed_integer(seed, "tpe", proposal))
        case "random":
            return RandomSampler(seed=keyed_integer(seed, "random", proposal))
        case "qmc":
            return SobolSampler(keyed_integer(seed, "qmc"), proposal - 1, space)
        case "gp":
            from tunegate.search.gp_sampler import GaussianProcessSampler  # noqa: PLC0415 - slow to import

            return GaussianProcessSampler(keyed_integer(seed, "gp", proposal), keyed_integer(seed, "gp"), proposal, space)
        case _:
            assert_never(name)


class SobolSampler(BaseSampler):
    """One point of a scrambled Sobol sequence over the whole space.

    Optuna's own QMC sampler keeps its place in the sequence in the storage and advances it for every trial that dies while
    being asked; here the place is the proposal's.
    """

    def __init__(self, seed: int, point: int, space: Mapping[str, BaseDistribution]) -> None:
        self._seed = seed
        self._point = point
        self._space = dict(space)

    def infer_relative_search_space(
        self,
        study: Study,  # noqa: ARG002 Optuna's signature
        trial: FrozenTrial,  # noqa: ARG002
    ) -> dict[str, BaseDistribution]:
        """The whole space: all coordinates come from one point."""
        return self._space

    def sample_relative(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """The point's coordinates, scaled to the distributions in sorted order of their names."""
        return from_cube(sobol_points(self._seed, self._point, 1, len(search_space))[0], search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Never needed: the relative space is the whole one."""
        raise NotImplementedError(f"{param_name} is not in the space this sampler was built for")
