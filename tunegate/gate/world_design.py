"""Which days of a gate each world plays, and the mean over worlds of each day.

Worlds need not play every day: a gate of eight worlds that plays four of them on each day costs what one of four seeds does.
Let p_w be the weight of world w (sum 1), D_w the number of its days, and x_wd what was measured. The estimate is the weighted
mean of the worlds' own means, and a day's part in it is

    y_d = sum_w p_w·mean_w + sum_{w on d} p_w·(D/D_w)·c_w·(x_wd - mean_w)

The y_d have that estimate as their mean, and days are as independent in them as they are in the differences, so that the
intervals over days apply. Where every world plays every day, y_d is the weighted mean of x_wd. A world's mean is taken from
D_w days instead of D; c_w = sqrt((D - 1)/D·D_w/(D_w - 1)) gives the residuals the variance that the intervals expect.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tunegate.gate.intervals import FloatArray

FEWEST_DAYS_OF_A_WORLD = 2


@dataclass(frozen=True, slots=True)
class WorldDesign:
    """The weights of worlds (sum 1), and the positions among the gate's `days` days of those that each world plays."""

    weights: tuple[float, ...]
    played: tuple[tuple[int, ...], ...]
    days: int

    @classmethod
    def complete(cls, weights: Sequence[float], days: int) -> WorldDesign:
        """Every world plays every day."""
        return cls(tuple(weights), (tuple(range(days)),) * len(weights), days)

    @property
    def effective_worlds(self) -> float:
        """How many equally weighted worlds the set is worth: 1 / sum(weights²) (Kish 1965)."""
        return 1.0 / math.fsum(weight**2 for weight in self.weights)

    def mean_by_day(self, cells: Sequence[FloatArray]) -> FloatArray:
        """The mean over worlds of each day (D, …), from the cells (D_w, …) of each world.

        Sums by elements and in order, so that a replay gives the same bits, and one world of weight 1 its own cells.
        """
        total = np.zeros((self.days, *cells[0].shape[1:]))
        for weight, played, own in zip(self.weights, self.played, cells, strict=True):
            if len(played) == self.days:
                total += weight * own
                continue
            mean, share = own.mean(axis=0), len(played) / self.days
            correction = math.sqrt((1.0 - 1.0 / self.days) / (1.0 - 1.0 / len(played)))
            total += weight * mean
            total[list(played)] += weight / share * correction * (own - mean)
        return total
