"""Settings whose values nobody has measured, the ranges in which they may lie, and draws from these ranges."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from hailsim.faults import BadInput, Fault, refuse
from hailsim.model.settings import SETTINGS, SettingSpec

# Calibration days are simulated with nobody following, as they were recorded; these settings then have no effect.
ADOPTION = frozenset({"follower_share", "compliance", "ml_late_share"})
SIGNIFICANT_DIGITS = 6
_RANGE = re.compile(r"^(?P<low>[^:]+?)\.\.(?P<high>[^:]+?)(?P<log>:log)?$")
_SPECS = {spec.name: spec for spec in SETTINGS}


@dataclass(frozen=True, slots=True)
class Unknown:
    """The prior of one setting: even between `low` and `high`, or even in the logarithm. `whole`: takes whole numbers."""

    name: str
    unit: str
    low: float
    high: float
    log: bool
    whole: bool

    @property
    def about_adoption(self) -> bool:
        """Whether records of days without a recommender cannot say anything about it."""
        return self.name in ADOPTION

    def values(self, share: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values below which these shares of the prior lie, to SIGNIFICANT_DIGITS."""
        found = self.low * (self.high / self.low) ** share if self.log else self.low + share * (self.high - self.low)
        if self.whole:
            return np.rint(found)
        return np.array([float(f"{value:.{SIGNIFICANT_DIGITS}g}") for value in found])

    def shares(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The share of the prior below each value: the inverse of `values`."""
        if self.log:
            found: NDArray[np.float64] = np.log(values / self.low) / np.log(self.high / self.low)
            return found
        return (values - self.low) / (self.high - self.low)


def short_number(value: float) -> str:
    """Three significant digits; whole numbers from 100 on."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def declared_unknowns() -> tuple[Unknown, ...]:
    """Those that `hailsim describe` declares."""
    return tuple(
        _unknown(spec, spec.unknown.low, spec.unknown.high, log=spec.unknown.log)
        for spec in SETTINGS
        if spec.unknown is not None
    )


def read_unknown(text: str) -> Unknown:
    """One written `NAME=LOW..HIGH`, or `NAME=LOW..HIGH:log`.

    Raises BadInput: written otherwise, no such setting, or a range that cannot be.
    """
    name, _, written = text.partition("=")
    found = _RANGE.match(written)
    try:
        if found is None:
            raise ValueError
        low, high = float(found["low"]), float(found["high"])
    except ValueError as error:
        remedy = "Write it like standing_share=0..0.4, or patience_s=200..1200:log."
        raise refuse("--unknown is NAME=LOW..HIGH, and :log after it where wanted", text, "--unknown", remedy) from error
    return checked_unknown(name, low, high, log=found["log"] is not None, place="--unknown")


def read_unknowns(document: object, place: str) -> tuple[Unknown, ...]:
    """The list `unknowns` of a JSON document, each with name, low, high and, where wanted, log; a worlds file has one.

    Raises BadInput: no such list, or one of them is not sound.
    """
    rows = document.get("unknowns") if isinstance(document, Mapping) else None
    if not isinstance(rows, list) or not rows:
        remedy = 'Write {"unknowns": [{"name": "patience_s", "low": 200, "high": 1200, "log": true}]}.'
        raise refuse("a prior is an object with a list `unknowns` of at least one", repr(rows)[:80], place, remedy)
    found = tuple(_read_row(row, f"{place}, unknowns[{number}]") for number, row in enumerate(rows))
    names = [unknown.name for unknown in found]
    if len(set(names)) < len(names):
        raise refuse("an unknown is named once", ", ".join(names), place, "Remove the repetition.")
    return found


def checked_unknown(name: str, low: float, high: float, *, log: bool, place: str) -> Unknown:
    """An unknown with a sound range. Raises BadInput."""
    spec = _SPECS.get(name)
    if spec is None:
        numbers = ", ".join(_SPECS)
        raise refuse("an unknown must be a setting that `hailsim describe` lists", name, place, f"Use one of {numbers}.")
    value = f"{name}={low:g}..{high:g}" + (":log" if log else "")
    faults = []
    if not low < high:
        faults.append(
            Fault("an unknown has low < high", value, place, "Give the lower end first; fix a known value with --set.")
        )
    if not (spec.low <= low and high <= spec.high):
        remedy = f"hailsim takes {name} from {spec.low:g} to {spec.high:g}."
        faults.append(Fault("an unknown lies within the bounds of its setting", value, place, remedy))
    if log and not low > 0:
        faults.append(Fault("a range in logarithms begins above 0", value, place, "Raise its low end, or leave :log out."))
    if faults:
        raise BadInput(faults)
    return _unknown(spec, low, high, log=log)


def sobol(count: int, dimensions: int, seed: int) -> NDArray[np.float64]:
    """`count` points float64[count, dimensions] of a scrambled Sobol sequence in the unit cube."""
    if dimensions == 0:
        return np.empty((count, 0))
    points = qmc.Sobol(dimensions, scramble=True, seed=np.random.default_rng(seed)).random_base2(
        ceil(log2(count)) if count > 1 else 0
    )
    first: NDArray[np.float64] = points[:count]
    return first


def draw(unknowns: Sequence[Unknown], count: int, seed: int) -> NDArray[np.float64]:
    """Values float64[count, unknowns] from the prior."""
    shares = sobol(count, len(unknowns), seed)
    return np.column_stack([unknown.values(shares[:, place]) for place, unknown in enumerate(unknowns)])


def _read_row(row: Any, place: str) -> Unknown:
    try:
        name, low, high, log = str(row["name"]), float(row["low"]), float(row["high"]), bool(row.get("log", False))
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        remedy = 'Write it like {"name": "patience_s", "low": 200, "high": 1200, "log": true}.'
        raise refuse("an unknown has a name, and numbers low and high", repr(row)[:80], place, remedy) from error
    return checked_unknown(name, low, high, log=log, place=place)


def _unknown(spec: SettingSpec, low: float, high: float, *, log: bool) -> Unknown:
    return Unknown(spec.name, spec.unit, float(low), float(high), log, spec.type == "int")
