"""Intervals and tests on day means; every function works on the last axis, so thousands of gates are one call.

Glossary: `days_pct` (…, D) float64, the paired difference of each test day, mean over its seeds, in percent of production's
mean revenue over the test days; `level` the one-sided error level; `half-width` the distance from the estimate to each bound.

Sources: Lazarus, Lewis, Stock, Watson (2018), "HAR Inference: Recommendations for Practice", JBES 36(4), for the equal-weighted
cosine estimator with fixed-b critical values; Fisher (1935) for the sign-flip test.
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tunegate.domain.verdicts import Interval
from tunegate.gate.policy import FEWEST_DAYS
from tunegate.gate.versions import CURRENT_RULE, RuleVersion

FloatArray = NDArray[np.float64]

EWC_TRANSFORMS = 4
NO_SPREAD_PCT = 1e-9
"""Day differences that vary less than this (percent) do not vary: it is rounding, and no interval can be built on it."""

EXACT_SIGN_FLIP_DAYS = 32
_SIGN_FLIP_DRAWS = 200_000


def paired_days_pct(production: FloatArray, candidate: FloatArray) -> FloatArray:
    """Day differences (…, D) in percent of production's mean, from cells (…, D, R) of the two arms; seeds are averaged first.

    The denominator is the mean over exactly these test days and seeds and is held fixed, as the estimand names these days.
    """
    base = production.mean(axis=(-2, -1))
    differences: FloatArray = 100.0 * (candidate - production).mean(axis=-1) / base[..., np.newaxis]
    return differences


def keyed_generator(*key: object) -> np.random.Generator:
    """A random stream that depends on nothing but its key."""
    digest = hashlib.sha256(repr(key).encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))


def t_quantile(degrees: int, level: float) -> float:
    """The upper `level` quantile of Student's t."""
    return float(special.stdtrit(degrees, 1.0 - level))


@lru_cache(maxsize=64)
def _cosines(days: int) -> FloatArray:
    """The first cosine transforms (EWC_TRANSFORMS, D). math.cos, because numpy's differs between processors in the last bit."""
    root = math.sqrt(2.0 / days)
    rows = [[root * math.cos(math.pi * j * (t - 0.5) / days) for t in range(1, days + 1)] for j in range(1, EWC_TRANSFORMS + 1)]
    return np.array(rows)


def paired_t_half_width(days_pct: FloatArray, level: float) -> FloatArray:
    """Half-width (…) of the paired t interval with D - 1 degrees of freedom."""
    days = days_pct.shape[-1]
    error: FloatArray = days_pct.std(axis=-1, ddof=1) / math.sqrt(days)
    return t_quantile(days - 1, level) * error


def ewc_half_width(days_pct: FloatArray, level: float) -> FloatArray:
    """Half-width (…) of the EWC-4 interval: long-run variance from four cosine transforms, t with four degrees of freedom.

    Sums by elements instead of a matrix product, so that a replay gives the same bits whatever the BLAS.
    """
    days = days_pct.shape[-1]
    centred = days_pct - days_pct.mean(axis=-1, keepdims=True)
    long_run = np.zeros(days_pct.shape[:-1])
    for cosine in _cosines(days):
        long_run = long_run + (centred * cosine).sum(axis=-1) ** 2
    error: FloatArray = np.sqrt(long_run / EWC_TRANSFORMS / days)
    return t_quantile(EWC_TRANSFORMS, level) * error


@lru_cache(maxsize=256)
def correlation_factor(days: int, correlation: float) -> float:
    """How much too narrow the t interval of D days is when they follow an AR(1) with this lag-1 correlation; 1 for none.

    The mean of D such days has the variance f/D of a day's, with f = 1 + 2·sum((1 - k/D)·rho^k), and their sample variance
    expects (D - f)/(D - 1) of it.
    """
    inflation = 1.0 + 2.0 * math.fsum((1.0 - lag / days) * correlation**lag for lag in range(1, days))
    return math.sqrt(inflation * (days - 1) / (days - inflation))


def wider_half_width(days_pct: FloatArray, level: float, rule: RuleVersion = CURRENT_RULE) -> FloatArray:
    """The wider of paired t and EWC-4 (…): the one that decides. Raises ValueError under five days.

    The t interval is stretched by what days correlated up to the rule's bound need: EWC-4 sees no correlation in few days.
    """
    days = days_pct.shape[-1]
    if days < FEWEST_DAYS:
        raise ValueError(f"`days >= {FEWEST_DAYS}` must hold for an interval, but got {days}")
    paired = correlation_factor(days, rule.correlation_bound(days)) * paired_t_half_width(days_pct, level)
    return np.maximum(paired, ewc_half_width(days_pct, level))


def interval_of(days_pct: FloatArray, level: float, rule: RuleVersion = CURRENT_RULE) -> Interval | None:
    """The deciding interval of one series of days (D,), or None with under five days or without spread between them.

    Differences that are zero to the last bit on every day are a fact about these days and not an estimate of spread, so they
    give the interval (0, 0, 0); that never passes either, for it is not above zero.
    """
    if not days_pct.any() and days_pct.size:
        return Interval(0.0, 0.0, 0.0)
    if days_pct.size < FEWEST_DAYS or not np.isfinite(days_pct).all() or days_pct.std() < NO_SPREAD_PCT:
        return None
    estimate = float(days_pct.mean())
    half_width = float(wider_half_width(days_pct, level, rule))
    return Interval(estimate, estimate - half_width, estimate + half_width)


def sign_flip_p(days_pct: FloatArray) -> float:
    """One-sided p of "no effect" when each day's difference (D,) is as likely to have the other sign.

    Exact up to 32 days: the signed sums of both halves of the days are enumerated, sorted and matched, which counts all 2^D
    assignments in 2^(D/2) log steps. Beyond, a keyed Monte Carlo that never says 0.
    """
    values = np.asarray(days_pct, dtype=np.float64)
    observed = values.sum() - 1e-12 * np.abs(values).sum()
    if values.size > EXACT_SIGN_FLIP_DAYS:
        signs = keyed_generator("sign-flip", values.size).integers(0, 2, (_SIGN_FLIP_DRAWS, values.size), dtype=np.int8) * 2 - 1
        return float((1 + np.count_nonzero(signs @ values >= observed)) / (1 + _SIGN_FLIP_DRAWS))
    half = values.size // 2
    left, right = _signed_sums(values[:half]), np.sort(_signed_sums(values[half:]))
    at_least = right.size - np.searchsorted(right, observed - left, side="left")
    return float(at_least.sum() / 2.0**values.size)


def _signed_sums(values: FloatArray) -> FloatArray:
    """All 2^n sums of the values with either sign."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate((sums + value, sums - value))
    return sums
