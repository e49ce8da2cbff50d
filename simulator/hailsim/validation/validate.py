"""Simulate days with all taxis moving like observed cabs, and compare them with the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from hailsim.faults import refuse
from hailsim.model.cab_days import CabDay
from hailsim.model.calendar import History
from hailsim.model.city import City, Fleet
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario, run_day
from hailsim.model.world import World, make_world
from hailsim.planner.parameters import read_parameters
from hailsim.validation.compare import ComparisonSide, Figure, compare
from hailsim.validation.simulated import recorded_pickups, simulated_day, simulated_pickups

# Minimum active share, also for hours in which no cab was observed.
MIN_ACTIVE_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Validation:
    """The comparison of recorded and simulated days.

    scenario: its history holds the days of calibration. days: the days judged, each simulated once for every seed.
    """

    city: City
    scenario: Scenario
    days: tuple[date, ...]
    seeds: tuple[int, ...]
    figures: tuple[Figure, ...]
    observed: ComparisonSide
    simulated: ComparisonSide

    @property
    def missed(self) -> tuple[Figure, ...]:
        """Figures that miss their aims."""
        return tuple(figure for figure in self.figures if figure.met is False)


def judged_days(city: City, first: date | None, last: date | None) -> tuple[date, ...]:
    """The days to judge, by default the later half.

    Raises BadInput: a day is not covered by the records, or no earlier day is left for calibration.
    """
    if city.days < 2 and first is None:
        raise refuse("a validation needs a day for calibration and one to judge", city.days, city.name, "Import more days.")
    begin = first or city.first_day + timedelta(days=(city.days + 1) // 2)
    end = last or city.last_day
    if not city.first_day < begin <= end <= city.last_day:
        remedy = f"{city.name} covers {city.first_day}..{city.last_day}; the days before are used for calibration."
        raise refuse("the judged days must be covered, with covered days before them", f"{begin}..{end}", "--days", remedy)
    return tuple(begin + timedelta(days=offset) for offset in range((end - begin).days + 1))


def validate(
    city: City,
    recorded: Sequence[CabDay],
    days: Sequence[date],
    *,
    seeds: Sequence[int] = (1,),
    settings: Mapping[str, object] | None = None,
) -> Validation:
    """Judge `days`. Behaviour and, if cabs were observed, fleet and shifts come only from earlier days.

    Raises BadInput: an unknown or out-of-bounds setting, or a follower share.
    """
    if settings and "follower_share" in settings:
        remedy = "Remove it: all taxis move like observed cabs."
        raise refuse("a validation must have no followers", settings["follower_share"], "follower_share", remedy)
    history = History(city.first_day, min(days) - timedelta(days=1))
    wanted = read_settings({**(settings or {}), "follower_share": 0.0})
    fleet = observed_fleet([day for day in recorded if history.first <= day.day <= history.last]) or city.fleet
    world = make_world(replace(city, fleet=fleet))
    scenario = Scenario(read_parameters({}), wanted, "statistics", history)
    observed = ComparisonSide(
        [recorded_pickups(city, world.graph, day) for day in days], [day for day in recorded if day.day in set(days)]
    )
    simulated = simulate(world, scenario, days, seeds)
    figures = tuple(compare(observed, simulated))
    return Validation(city, scenario, tuple(days), tuple(seeds), figures, observed, simulated)


def simulate(world: World, scenario: Scenario, days: Sequence[date], seeds: Sequence[int]) -> ComparisonSide:
    """The simulated side of a comparison."""
    pickups, cabs = [], []
    for day in days:
        for seed in seeds:
            outcome = run_day(world, scenario, day, seed)
            pickups.append(simulated_pickups(outcome, world.graph))
            cabs.append(simulated_day(outcome, world.city, world.graph, day, scenario.settings.traffic_factor))
    return ComparisonSide(pickups, cabs)


def observed_fleet(days: Sequence[CabDay]) -> Fleet | None:
    """The median number of cabs a day and their mean activity by hour; None without days."""
    if not days:
        return None
    taxis = max(1, int(np.median([day.cabs for day in days])))
    active_s = np.mean([day.occupied_s + day.vacant_s for day in days], axis=0)
    return Fleet(taxis, np.clip(active_s / (3600.0 * taxis), MIN_ACTIVE_SHARE, 1.0).astype(np.float32))
