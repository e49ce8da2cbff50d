"""What samplers share that propose a whole point at once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from tunegate.search.cube import FloatArray, from_cube


class PointSampler(BaseSampler):
    """One proposal: a point of the unit cube, scaled to the distributions of the space in sorted order of their names."""

    def __init__(self, space: Mapping[str, BaseDistribution]) -> None:
        self._space = dict(space)

    @abstractmethod
    def point(self, study: Study) -> FloatArray:
        """float64[axes] in 0..1."""

    def infer_relative_search_space(
        self,
        study: Study,  # noqa: ARG002 Optuna's signature
        trial: FrozenTrial,  # noqa: ARG002
    ) -> dict[str, BaseDistribution]:
        """The whole space: all coordinates come from one point."""
        return self._space

    def sample_relative(
        self,
        study: Study,
        trial: FrozenTrial,  # noqa: ARG002
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """The point's coordinates as values of the parameters."""
        return from_cube(self.point(study), search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Never needed: the relative space is the whole one."""
        raise NotImplementedError(f"{param_name} is not in the space this sampler was built for")
