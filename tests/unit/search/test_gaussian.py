from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from tunegate.search.gaussian import FloatArray, Kernel, Posterior, fit_kernel, unlikelihood


@pytest.fixture(scope="module")
def sample() -> tuple[FloatArray, FloatArray]:
    """Forty noisy values of a function of which the last axis is no part."""
    random = np.random.default_rng(5)
    points = random.random((40, 3))
    values = np.sin(6.0 * points[:, 0]) + points[:, 1] ** 2 + 0.1 * random.standard_normal(40)
    return points, (values - values.mean()) / values.std()


def peer(kernel: Kernel) -> GaussianProcessRegressor:
    """The same process by scikit-learn, its hyperparameters fixed."""
    signal = ConstantKernel(kernel.signal_variance) * Matern(kernel.lengths, nu=2.5)
    return GaussianProcessRegressor(signal + WhiteKernel(kernel.noise_variance), alpha=0.0, optimizer=None)


def test_the_posterior_is_the_one_of_scikit_learn(sample: tuple[FloatArray, FloatArray]) -> None:
    points, values = sample
    kernel = Kernel(np.array([0.3, 0.8, 2.0]), 1.7, 0.05)
    at = np.random.default_rng(6).random((50, 3))
    mean, deviation = Posterior.given(kernel, points, values).mean_and_deviation(at)
    expected, noisy_deviation = peer(kernel).fit(points, values).predict(at, return_std=True)
    np.testing.assert_allclose(mean, expected, atol=1e-10)
    np.testing.assert_allclose(deviation, np.sqrt(noisy_deviation**2 - kernel.noise_variance), atol=1e-8)
    np.testing.assert_allclose(Posterior.given(kernel, points, values).mean(at), mean, atol=1e-12)


def test_the_likelihood_is_the_one_of_scikit_learn_up_to_the_prior(sample: tuple[FloatArray, FloatArray]) -> None:
    points, values = sample
    squares = (points[:, None] - points[None]) ** 2

    def without_prior(kernel: Kernel) -> tuple[float, float]:
        logarithms = np.log([*kernel.lengths, kernel.signal_variance, kernel.noise_variance])
        means, deviations = np.log([0.7, 0.7, 0.7, 1.0, 0.05]), np.array([0.9, 0.9, 0.9, 1.0, 1.5])
        prior = 0.5 * (((logarithms - means) / deviations) ** 2).sum()
        constant = 0.5 * len(values) * np.log(2.0 * np.pi)
        ours = -(unlikelihood(logarithms, squares, values)[0] - prior) - constant
        return ours, peer(kernel).fit(points, values).log_marginal_likelihood()

    for kernel in (Kernel(np.array([0.3, 0.8, 2.0]), 1.7, 0.05), Kernel(np.array([1.0, 0.1, 0.5]), 0.4, 0.3)):
        ours, theirs = without_prior(kernel)
        assert ours == pytest.approx(theirs, abs=1e-8)


def test_the_gradient_is_the_derivative(sample: tuple[FloatArray, FloatArray]) -> None:
    points, values = sample
    squares = (points[:, None] - points[None]) ** 2
    for logarithms in (np.log([0.5, 0.5, 0.5, 1.0, 0.1]), np.log([0.1, 3.0, 1.0, 2.0, 0.01])):
        error = check_grad(
            lambda x: unlikelihood(x, squares, values)[0], lambda x: unlikelihood(x, squares, values)[1], logarithms
        )
        assert error < 1e-4 * np.abs(unlikelihood(logarithms, squares, values)[1]).max()


def test_fitting_finds_the_noise_and_the_axis_that_does_not_matter(sample: tuple[FloatArray, FloatArray]) -> None:
    points, values = sample
    kernel = fit_kernel(points, values)
    assert kernel.lengths[0] < kernel.lengths[1] < kernel.lengths[2]
    assert 0.05 < np.sqrt(kernel.noise_variance) < 0.25  # planted: 0.1 of a spread of 0.8
