"""Samplers that depend on the seed, the proposal and the earlier results alone, never on how often a process was started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.study import Study

from tunegate.adapters.optuna.point_sampler import PointSampler
from tunegate.domain.seeds import keyed_integer
from tunegate.search.cube import FloatArray, sobol_points
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
            from tunegate.adapters.optuna.gp_sampler import GaussianProcessSampler  # noqa: PLC0415 - slow to import

            return GaussianProcessSampler(keyed_integer(seed, "gp", proposal), keyed_integer(seed, "gp"), proposal, space)
        case _:
            assert_never(name)


class SobolSampler(PointSampler):
    """One point of a scrambled Sobol sequence over the whole space.

    Optuna's own QMC sampler keeps its place in the sequence in the storage and advances it for every trial that dies while
    being asked; here the place is the proposal's.
    """

    def __init__(self, seed: int, number: int, space: Mapping[str, BaseDistribution]) -> None:
        super().__init__(space)
        self._seed = seed
        self._number = number

    def point(self, study: Study) -> FloatArray:  # noqa: ARG002 - it depends on no trial
        """See the base class."""
        point: FloatArray = sobol_points(self._seed, self._number, 1, len(self._space))[0]
        return point
