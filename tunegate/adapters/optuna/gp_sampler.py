"""Proposes where a Gaussian process, learnt from the trials so far, expects most improvement over its own best.

The process knows that values are noisy, so it neither chases the luckiest trial nor repeats it. Trials that run elsewhere count
with the value it expects of them, so that parallel workers keep away from each other; parameters that failed count like the
worst value seen, so that it does not ask for them again. A pruned trial counts with how its days compare with the same days of
complete ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from optuna.distributions import BaseDistribution, IntDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from scipy.special import ndtr

from tunegate.adapters.optuna.point_sampler import PointSampler
from tunegate.search.cube import FloatArray, sobol_points, to_cube
from tunegate.search.gaussian import Posterior, fit_kernel, one_thread

START_POINTS_PER_AXIS = 2
# Fitting takes the cube of their number; a long search keeps its best, and the rest evenly by rank.
MOST_VALUES = 200
# Values far below the middle say only "not there", and would hide the differences at the top: in spreads of the better half.
LOWEST_SPREADS = 4.0
ANYWHERE, NEARBY, BEST_PLACES = 1024, 96, 6
RADII = (0.2, 0.07, 0.025, 0.01)
# No parameter is known better than this share of its axis. It also keeps the last bits of linear algebra, which may differ
# between processes, out of proposals.
GRID = 1e-4


Place = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a study holds, as points of the cube: values float64[n] of complete trials, and points still without one."""

    points: FloatArray
    values: FloatArray
    pending: FloatArray


class GaussianProcessSampler(PointSampler):
    """The point of greatest expected improvement; the first ones are those of a Sobol sequence."""

    def __init__(self, seed: int, start_seed: int, proposal: int, space: Mapping[str, BaseDistribution]) -> None:
        super().__init__(space)
        self._seed = seed
        self._start_seed = start_seed
        self._proposal = proposal

    def point(self, study: Study) -> FloatArray:
        """See the base class."""
        space, axes = self._space, len(self._space)
        seen = read_study(study.get_trials(deepcopy=False), space)
        if self._proposal <= START_POINTS_PER_AXIS * axes or len(seen.values) <= axes:
            point: FloatArray = sobol_points(self._start_seed, self._proposal - 1, 1, axes)[0]
            return point
        with one_thread():
            return most_promising(seen, np.random.default_rng(self._seed), lambda points: on_grid(points, space))


def read_study(trials: Sequence[FrozenTrial], space: Mapping[str, BaseDistribution]) -> Seen:
    """Finished and unfinished trials as arrays, in an order that does not depend on how they came about."""
    by_state: dict[TrialState, dict[Place, FrozenTrial]] = {state: {} for state in TrialState}
    for trial in trials:
        known = trial.system_attrs["fixed_params"] if trial.state is TrialState.WAITING else trial.params
        if known.keys() == space.keys():  # Not so the very trial that is being asked for, or whose process died while it asked.
            by_state[trial.state][tuple(to_cube(known, space).tolist())] = trial
    values = {place: trial.values[0] for place, trial in by_state[TrialState.COMPLETE].items()}
    pending = by_state[TrialState.RUNNING].keys() | by_state[TrialState.WAITING].keys()
    if values:
        pruned = _values_of_pruned(by_state[TrialState.PRUNED], list(by_state[TrialState.COMPLETE].values()))
        failed = dict.fromkeys(by_state[TrialState.FAIL].keys() - pending, min(values.values()))
        values = {**failed, **pruned, **values}
    places = sorted(values)
    axes = len(space)
    return Seen(
        np.array(places).reshape(-1, axes),
        np.array([values[place] for place in places]),
        np.array(sorted(pending - values.keys())).reshape(-1, axes),
    )


def _values_of_pruned(pruned: Mapping[Place, FrozenTrial], complete: Sequence[FrozenTrial]) -> dict[Place, float]:
    """What whole trials would have given: the mean of complete ones, and how far the pruned one's days lie from theirs."""
    middle = float(np.mean([trial.values[0] for trial in complete]))
    by_day: dict[int, list[float]] = {}
    for trial in complete:
        for day, revenue in trial.intermediate_values.items():
            by_day.setdefault(day, []).append(revenue)
    values = {}
    for place, trial in pruned.items():
        ahead = [revenue - np.mean(by_day[day]) for day, revenue in sorted(trial.intermediate_values.items()) if day in by_day]
        if ahead:
            values[place] = middle + float(np.mean(ahead))
    return values


def most_promising(seen: Seen, random: np.random.Generator, snap: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """The point float64[d] of greatest improvement to be expected: looked for everywhere, then ever closer around the best."""
    posterior = learn(seen)
    best_mean = posterior.mean(seen.points).max()
    promising = seen.points[np.argsort(-posterior.mean(seen.points), kind="stable")[:BEST_PLACES]]
    anywhere = snap(random.random((ANYWHERE, seen.points.shape[1])))
    found = np.concatenate([anywhere, _around(promising, RADII[0], random, snap)])
    for radius in RADII[1:]:
        gain = augmented_improvement(posterior, found, best_mean)
        leaders = found[np.argsort(-gain, kind="stable")[:BEST_PLACES]]
        found = np.concatenate([leaders, _around(leaders, radius, random, snap)])
    return _first_unknown(found[np.argsort(-augmented_improvement(posterior, found, best_mean), kind="stable")], seen)


def learn(seen: Seen) -> Posterior:
    """The process given the values, and given what it expects itself where trials still run."""
    points, values = _kept(seen.points, standardised(seen.values))
    posterior = Posterior.given(fit_kernel(points, values), points, values)
    if len(seen.pending) == 0:
        return posterior
    believed = posterior.mean(seen.pending)
    return Posterior.given(posterior.kernel, np.concatenate([points, seen.pending]), np.concatenate([values, believed]))


def standardised(values: FloatArray) -> FloatArray:
    """Values less their mean, by their spread, after the hopeless ones were lifted to where they no longer matter."""
    middle, good = np.quantile(values, (0.5, 0.9))
    lifted = np.maximum(values, middle - LOWEST_SPREADS * (good - middle))
    spread = lifted.std()
    scaled: FloatArray = (lifted - lifted.mean()) / (spread if spread > 0 else 1.0)
    return scaled


def augmented_improvement(posterior: Posterior, at: FloatArray, best_mean: float) -> FloatArray:
    """How much more than `best_mean` the function is expected to give, less where another noisy value would tell little.

    float64[m]. The factor (Huang, Allen, Notz and Zeng 2006) keeps a search from asking about its best place for ever.
    """
    mean, deviation = posterior.mean_and_deviation(at)
    deviation = np.maximum(deviation, 1e-9)
    gap = (mean - best_mean) / deviation
    gain = deviation * (gap * ndtr(gap) + np.exp(-0.5 * gap**2) / np.sqrt(2.0 * np.pi))
    noise = posterior.kernel.noise_variance
    augmented: FloatArray = gain * (1.0 - np.sqrt(noise / (noise + deviation**2)))
    return augmented


def on_grid(points: FloatArray, space: Mapping[str, BaseDistribution]) -> FloatArray:
    """The nearest points that can be proposed: on the grid, and whole where an axis is."""
    snapped = np.round(points / GRID) * GRID
    for column, name in enumerate(sorted(space)):
        if isinstance(axis := space[name], IntDistribution):
            whole = {name: axis}
            places = np.array([to_cube({name: value}, whole)[0] for value in range(axis.low, axis.high + 1)])
            edges = 0.5 * (places[1:] + places[:-1])
            snapped[:, column] = places[np.searchsorted(edges, snapped[:, column])]
    return snapped


def _first_unknown(ranked: FloatArray, seen: Seen) -> FloatArray:
    """Skip what was simulated already or is now: all trials share days and seeds, so it would earn the same once more."""
    known = {_on_grid_line(point) for point in (*seen.points, *seen.pending)}
    return next((point for point in ranked if _on_grid_line(point) not in known), ranked[0])


def _on_grid_line(point: FloatArray) -> tuple[int, ...]:
    return tuple(np.rint(point / GRID).astype(int).tolist())


def _kept(points: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    if len(values) <= MOST_VALUES:
        return points, values
    ranked = np.argsort(-values, kind="stable")
    half = MOST_VALUES // 2
    spread = np.linspace(half, len(ranked) - 1, MOST_VALUES - half).round().astype(int)
    kept = np.sort(np.concatenate([ranked[:half], ranked[spread]]))
    return points[kept], values[kept]


def _around(
    centres: FloatArray, radius: float, random: np.random.Generator, snap: Callable[[FloatArray], FloatArray]
) -> FloatArray:
    moved = centres[:, None, :] + radius * random.standard_normal((len(centres), NEARBY, centres.shape[1]))
    return snap(np.clip(moved, 0.0, 1.0).reshape(-1, centres.shape[1]))
