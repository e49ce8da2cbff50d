"""A Gaussian process that learns a noisy function on the unit cube from few values.

Glossary: n observed points, m other points, d axes. points: float64[n, d] in 0..1; values: float64[n], standardised by the
caller; at: float64[m, d]. A Matérn-5/2 kernel with one length per axis: smooth, but not endlessly so, as revenue is in
parameters. Lengths are in units of the cube, variances in those of the values.

The hyperparameters are the most likely ones under weak priors (Rasmussen and Williams, chapter 5), without which a dozen points
would make one axis all-important.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

FloatArray = NDArray[np.float64]

# Prior of each logarithm: mean and standard deviation.
LOG_LENGTH = (np.log(0.7), 0.9)
LOG_SIGNAL_VARIANCE = (0.0, 1.0)
LOG_NOISE_VARIANCE = (np.log(0.05), 1.5)
# The least noise keeps the matrix regular when points meet.
LOG_BOUNDS = {
    "length": (np.log(0.03), np.log(20.0)),
    "signal": (np.log(0.02), np.log(50.0)),
    "noise": (np.log(1e-4), np.log(2.0)),
}


def one_thread() -> AbstractContextManager[object]:
    """Linear algebra in one thread for the length of a `with` block.

    Matrices are small here: more threads only wait for each other (ten times longer on a busy machine), and round differently.
    """
    limited: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limited


@dataclass(frozen=True, slots=True)
class Kernel:
    """Hyperparameters: lengths float64[d], variance of the function and of the noise."""

    lengths: FloatArray
    signal_variance: float
    noise_variance: float

    @classmethod
    def of_logarithms(cls, logarithms: FloatArray) -> Kernel:
        """From float64[d + 2]: lengths, signal variance, noise variance."""
        exact = np.exp(logarithms)
        return cls(exact[:-2], float(exact[-2]), float(exact[-1]))

    def covariance(self, a: FloatArray, b: FloatArray) -> FloatArray:
        """Of the function, without noise: float64[len(a), len(b)]."""
        reach = _reach(_squares(a / self.lengths, b / self.lengths))
        covariance: FloatArray = self.signal_variance * (1.0 + reach + reach**2 / 3.0) * np.exp(-reach)
        return covariance


@dataclass(frozen=True, slots=True)
class Posterior:
    """What the values say of the function; lower: float64[n, n], weights: float64[n]."""

    kernel: Kernel
    points: FloatArray
    lower: FloatArray
    weights: FloatArray

    @classmethod
    def given(cls, kernel: Kernel, points: FloatArray, values: FloatArray) -> Posterior:
        """Condition on values with the kernel's noise."""
        noisy = kernel.covariance(points, points) + kernel.noise_variance * np.eye(len(points))
        lower = cholesky(noisy, lower=True)
        return cls(kernel, points, lower, cho_solve((lower, True), values))

    def mean(self, at: FloatArray) -> FloatArray:
        """Expected value of the function, float64[m]."""
        expected: FloatArray = self.kernel.covariance(at, self.points) @ self.weights
        return expected

    def mean_and_deviation(self, at: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Expected value and standard deviation of the function (not of a new noisy value), float64[m] each."""
        cross = self.kernel.covariance(at, self.points)
        explained = solve_triangular(self.lower, cross.T, lower=True)
        variance = self.kernel.signal_variance - np.einsum("nm,nm->m", explained, explained)
        return cross @ self.weights, np.sqrt(np.maximum(variance, 0.0))


def fit_kernel(points: FloatArray, values: FloatArray) -> Kernel:
    """The most likely hyperparameters, found from the priors' middle."""
    axes = points.shape[1]
    squares = (points[:, None, :] - points[None, :, :]) ** 2
    middle = np.array([LOG_LENGTH[0]] * axes + [LOG_SIGNAL_VARIANCE[0], LOG_NOISE_VARIANCE[0]])
    bounds = [LOG_BOUNDS["length"]] * axes + [LOG_BOUNDS["signal"], LOG_BOUNDS["noise"]]
    found = minimize(unlikelihood, middle, args=(squares, values), jac=True, bounds=bounds, method="L-BFGS-B")
    return Kernel.of_logarithms(found.x)


def unlikelihood(logarithms: FloatArray, squares: FloatArray, values: FloatArray) -> tuple[float, FloatArray]:
    """Negative logarithm of likelihood times prior (up to a constant), and its gradient float64[d + 2].

    squares: float64[n, n, d] of coordinates' differences.
    """
    kernel = Kernel.of_logarithms(logarithms)
    scaled = squares / kernel.lengths**2
    reach = _reach(scaled.sum(axis=2))
    decay = kernel.signal_variance * np.exp(-reach)
    signal = decay * (1.0 + reach + reach**2 / 3.0)
    noise = kernel.noise_variance * np.eye(len(values))
    lower = cholesky(signal + noise, lower=True)
    weights = cho_solve((lower, True), values)
    # Half the trace of this times a derivative of the covariance is the derivative of the likelihood.
    pull = cho_solve((lower, True), np.eye(len(values))) - np.outer(weights, weights)
    by_length = np.einsum("ij,ijk->k", pull * decay * (1.0 + reach) * (5.0 / 3.0), scaled)
    gradient = 0.5 * np.array([*by_length, np.sum(pull * signal), np.trace(pull) * kernel.noise_variance])
    negative = 0.5 * values @ weights + np.log(np.diag(lower)).sum()
    means, deviations = np.array([LOG_LENGTH] * squares.shape[2] + [LOG_SIGNAL_VARIANCE, LOG_NOISE_VARIANCE]).T
    off = (logarithms - means) / deviations
    return float(negative + 0.5 * off @ off), gradient + off / deviations


def _squares(a: FloatArray, b: FloatArray) -> FloatArray:
    """Squared distances, float64[len(a), len(b)]."""
    distance = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2.0 * a @ b.T
    positive: FloatArray = np.maximum(distance, 0.0)
    return positive


def _reach(squares: FloatArray) -> FloatArray:
    root: FloatArray = np.sqrt(5.0 * squares)
    return root
