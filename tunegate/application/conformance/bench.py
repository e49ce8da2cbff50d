"""The test bench: requests that fit the simulator under test, and what earlier rules have learnt of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from tunegate.domain.days import DayResult, Forecast, SimulationAnswer
from tunegate.domain.errors import FailureClass, SimulationFailed
from tunegate.domain.parameters import Parameters, ParameterSpec
from tunegate.domain.periods import Period
from tunegate.domain.simulation import CityFacts, SimulationRequest, SimulatorDescription
from tunegate.ports.simulator import Simulator
from tunegate.ports.simulator_probe import SimulatorProbe

HISTORY_DAYS = 7
NOISE_DAYS = 6
FEWEST_DAYS_OF_A_CITY = HISTORY_DAYS + 3
SEEDS = (1, 2)


class RuleBroken(Exception):
    """A rule does not hold. `seen` is what was seen instead."""

    def __init__(self, seen: str) -> None:
        self.seen = seen
        super().__init__(seen)


class NotApplicable(Exception):
    """A rule cannot be checked on this simulator, for a reason that is no fault."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A described simulator: `warm` is a process that all rules share, `probe` starts others."""

    probe: SimulatorProbe
    warm: Simulator
    description: SimulatorDescription
    city: str
    facts: CityFacts

    @property
    def defaults(self) -> Parameters:
        """Every parameter at its default."""
        return Parameters({spec.name: spec.default for spec in self.description.parameters})

    def moved(self, share: float) -> Parameters:
        """Every parameter moved by a share of its range, away from the nearer bound."""
        return Parameters({spec.name: _moved(spec, share) for spec in self.description.parameters})

    def last_days(self, count: int) -> tuple[date, ...]:
        """The last operating days of the city, in order."""
        return tuple(self.facts.last_day - timedelta(days=back) for back in reversed(range(count)))

    def request(
        self,
        days: tuple[date, ...] | None = None,
        seeds: tuple[int, ...] = SEEDS,
        parameters: Parameters | None = None,
        forecast: Forecast = Forecast.ML,
    ) -> SimulationRequest:
        """Two days and two seeds with the defaults unless said otherwise; the history ends before the noise sample's days."""
        first = self.last_days(self.sample_days)[0]
        history = Period(first - timedelta(days=HISTORY_DAYS), first - timedelta(days=1))
        asked = self.last_days(2) if days is None else days
        applied = self.defaults if parameters is None else parameters
        return SimulationRequest("check", self.city, applied, asked, seeds, forecast, history, {})

    @property
    def sample_days(self) -> int:
        """How many days the noise is measured on: as many as the city has after a history."""
        covered = (self.facts.last_day - self.facts.first_day).days + 1
        return max(2, min(NOISE_DAYS, covered - HISTORY_DAYS - 2))


def require(holds: bool, seen: str) -> None:
    """Raise RuleBroken with what was seen unless the rule holds."""
    if not holds:
        raise RuleBroken(seen)


def require_same(one: SimulationAnswer, other: SimulationAnswer, what: tuple[str, str]) -> None:
    """Both answers hold the same numbers for the days they share; `what` names the answers. Raises RuleBroken."""
    first = {(result.day, result.seed): result for result in one.days}
    for result in other.days:
        name, before, after = difference(first[result.day, result.seed], result)
        if name:
            raise RuleBroken(f"{result.day}, seed {result.seed}: {name} is {before} {what[0]} and {after} {what[1]}")


def difference(one: DayResult, other: DayResult) -> tuple[str, object, object]:
    """The first number that differs, by name; an empty name when none does."""
    for name in sorted(one.metrics.keys() | other.metrics.keys()):
        if one.metrics.get(name) != other.metrics.get(name):
            return name, one.metrics.get(name), other.metrics.get(name)
    for name in ("zone_revenue_minor", "drivers", "order_log_digest"):
        before, after = getattr(one, name), getattr(other, name)
        if before != after:
            return name, before, after
    return "", None, None


async def require_refused(simulator: Simulator, request: SimulationRequest, what: str) -> None:
    """The request ends with a permanent error. Raises RuleBroken."""
    try:
        await simulator.simulate(request)
    except SimulationFailed as failed:
        seen = f"{what} ended in a {failed.failure_class} failure: {failed.fault.rule}, but got {failed.fault.value}"
        require(failed.failure_class is FailureClass.PERMANENT, seen)
    else:
        raise RuleBroken(f"{what} was simulated")


def one_day(request: SimulationRequest) -> SimulationRequest:
    """The request's last day with its first seed only."""
    return replace(request, days=request.days[-1:], seeds=request.seeds[:1])


def _moved(spec: ParameterSpec, share: float) -> float:
    step = share * (spec.high - spec.low)
    value = spec.default + step if spec.default + step <= spec.high else spec.default - step
    return at(spec, value)


def at(spec: ParameterSpec, value: float) -> float:
    """The value as the parameter's type has it."""
    return float(round(value)) if spec.type == "int" else value
