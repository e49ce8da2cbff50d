"""How often the interval of the realised effect covers one more draw of the world, with a few worlds and skewed sets.

    python benchmarks/gate_worlds.py [--gates 20000] [--key measured]

Prints the table of docs/gate.md: coverage of a nominal 90 %, and in brackets how often the truth lies below the lower end.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import numpy as np

from tunegate.gate.intervals import FloatArray, interval_of, keyed_generator
from tunegate.gate.world_design import WorldDesign
from tunegate.gate.worlds import realised_effect

DAYS, LEVEL = 14, 0.05
SD_WORLDS_PCT, SD_DAYS_PCT, SD_REST_PCT = 1.0, 0.4, 0.6
WORLDS = (4, 6, 8, 12, 16)
Draw = Callable[[np.random.Generator, int], FloatArray]
SHAPES: dict[str, Draw] = {
    "normal": lambda generator, count: generator.standard_normal(count),
    "t with 4 degrees": lambda generator, count: generator.standard_t(4, count) / math.sqrt(2),
    "gamma, skewness -1.6": lambda generator, count: -(generator.gamma(1.5, size=count) - 1.5) / math.sqrt(1.5),
    "exponential, skewness -2": lambda generator, count: 1.0 - generator.exponential(size=count),
}


def coverage(shape: str, worlds: int, gates: int, key: str) -> tuple[float, float]:
    """The share of gates whose interval covers a fresh world, and of those below which it lies."""
    generator = keyed_generator("realised", key, shape, worlds)
    design = WorldDesign.complete((1.0 / worlds,) * worlds, DAYS)
    covered = below = 0
    for _ in range(gates):
        effects = SD_WORLDS_PCT * SHAPES[shape](generator, worlds + 1)
        days_pct = effects[:worlds, np.newaxis] + SD_DAYS_PCT * generator.standard_normal(DAYS)
        days_pct = days_pct + SD_REST_PCT * generator.standard_normal((worlds, DAYS))
        mean = interval_of(days_pct.mean(axis=0), LEVEL)
        assert mean is not None
        realised = realised_effect(tuple(days_pct), design, mean, LEVEL)
        assert realised is not None
        covered += realised.low_pct <= effects[worlds] <= realised.high_pct
        below += effects[worlds] < realised.low_pct
    return covered / gates, below / gates


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gates", type=int, default=20_000)
    parser.add_argument("--key", default="measured", help="key of the random stream")
    options = parser.parse_args()
    print("| worlds | " + " | ".join(SHAPES) + " |\n| ---: |" + " ---: |" * len(SHAPES))
    for worlds in WORLDS:
        rates = [coverage(shape, worlds, options.gates, options.key) for shape in SHAPES]
        print(f"| {worlds} | " + " | ".join(f"{covered:.1%} ({below:.1%})" for covered, below in rates) + " |", flush=True)


if __name__ == "__main__":
    main()
