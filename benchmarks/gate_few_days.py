"""How far the t interval must allow for correlated days, by the number of days: chooses `correlation_bound` of the rule.

Days follow an AR(0.4) without any noise of seeds, the worst case. A form is acceptable when the lower bound lies above the
truth in at most 1.5 times the level, for every number of days and level. Of those, the one that widens a fortnight least ships.
gate_calibration.py measures the chosen one on draws that had no part in this.

    python benchmarks/gate_few_days.py [--gates 200000] [--key choose]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import numpy as np

from tunegate.gate.intervals import correlation_factor, ewc_half_width, keyed_generator, paired_t_half_width
from tunegate.gate.versions import CURRENT_RULE

AR = 0.4
DAYS = (5, 6, 7, 8, 9, 10, 12, 14, 17, 21)
LEVELS = (0.05, 0.025, 0.0125, 0.00625)
FORMS: dict[str, Callable[[int], float]] = {
    "none (version 1)": lambda _: 0.0,
    "0.35 always": lambda _: 0.35,
    "0.35 to 7 days, falling to 0 at 17": lambda days: 0.35 * min(1.0, max(0.0, (17 - days) / 10)),
    "0.35 to 7 days, falling to 0 at 14": lambda days: 0.35 * min(1.0, max(0.0, (14 - days) / 7)),
    "shipped": CURRENT_RULE.correlation_bound,
}


def main() -> None:
    """Print the worst error over levels, as a multiple of the level, and how much wider the interval is than version 1's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gates", type=int, default=200_000)
    parser.add_argument("--key", default="choose", help="key of the random stream")
    options = parser.parse_args()
    print("| days | " + " | ".join(FORMS) + " |\n| ---: |" + " ---: |" * len(FORMS))
    for days in DAYS:
        series = keyed_generator("few days", options.key, days).standard_normal((options.gates, days))
        for day in range(1, days):
            series[:, day] = AR * series[:, day - 1] + math.sqrt(1 - AR**2) * series[:, day]
        cells = [
            f"{_error(series, bound(days)):.2f} (x {_widening(days, bound(days), options.key):.2f})" for bound in FORMS.values()
        ]
        print(f"| {days} | " + " | ".join(cells) + " |", flush=True)


def _error(series: np.ndarray, correlation: float) -> float:
    """The largest error over the levels, as a multiple of the level."""
    means = series.mean(axis=1)
    return max(float((means > _half_width(series, level, correlation)).mean()) / level for level in LEVELS)


def _widening(days: int, correlation: float, key: str) -> float:
    """How much wider the interval is on average than version 1's on independent days, at a level of 2.5 %."""
    series = keyed_generator("few days", key, "independent", days).standard_normal((20_000, days))
    return float(_half_width(series, 0.025, correlation).mean() / _half_width(series, 0.025, 0.0).mean())


def _half_width(series: np.ndarray, level: float, correlation: float) -> np.ndarray:
    paired = correlation_factor(series.shape[1], correlation) * paired_t_half_width(series, level)
    return np.maximum(paired, ewc_half_width(series, level))


if __name__ == "__main__":
    main()
