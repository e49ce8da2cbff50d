"""Simulate days with the fleet moving as observed cabs do, and gather both sides of the comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from hailsim.faults import refuse
from hailsim.model.calendar import History
from hailsim.model.city import City, Fleet
from hailsim.model.observed import CabDay
from hailsim.model.settings import Settings, read_settings
from hailsim.model.simulation import Scenario, run_day
from hailsim.model.world import World, make_world
from hailsim.planner.parameters import read_parameters
from hailsim.validation.compare import Figure, Side, compare
from hailsim.validation.simulated import recorded_pickups, simulated_day, simulated_pickups

# Nobody is on the street at an hour in which no cab was seen; a fleet of the simulator never empties quite.
LEAST_ACTIVE_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Validation:
    """What was compared: days judged, days calibrated on, settings and seeds; both sides, and the figures."""

    city: City
    calibrated_on: History
    days: tuple[date, ...]
    seeds: tuple[int, ...]
    settings: Settings
    observed: Side
    simulated: Side
    figures: tuple[Figure, ...]

    @property
    def missed(self) -> tuple[Figure, ...]:
        """The figures that miss their aims."""
        return tuple(figure for figure in self.figures if figure.met is False)


def judged_days(city: City, first: date | None, last: date | None) -> tuple[date, ...]:
    """The days to judge; by default the later half.

    Raises BadInput: a day that the records do not cover, or none left before the first to calibrate on.
    """
    if city.days < 2 and first is None:
        raise refuse("a validation needs a day to calibrate on and one to judge", city.days, city.name, "Import more days.")
    begin = first or city.first_day + timedelta(days=(city.days + 1) // 2)
    end = last or city.last_day
    if not city.first_day < begin <= end <= city.last_day:
        remedy = f"{city.name} covers {city.first_day}..{city.last_day}; the days before those judged are calibrated on."
        raise refuse("the judged days are covered and leave days before them", f"{begin}..{end}", "--days", remedy)
    return tuple(begin + timedelta(days=offset) for offset in range((end - begin).days + 1))


def validate(
    city: City,
    recorded: Sequence[CabDay],
    days: Sequence[date],
    *,
    seeds: Sequence[int] = (1,),
    settings: Mapping[str, object] | None = None,
) -> Validation:
    """Judge `days`; behaviour and, where cabs were seen, fleet and shifts come from the days before them alone.

    Raises BadInput: a setting that does not exist or is out of bounds, or a share of followers.
    """
    if settings and "follower_share" in settings:
        remedy = "Leave it out: everybody moves as observed cabs do."
        raise refuse("nobody follows a recommendation in a validation", settings["follower_share"], "follower_share", remedy)
    history = History(city.first_day, min(days) - timedelta(days=1))
    wanted = read_settings({**(settings or {}), "follower_share": 0.0})
    fleet = fleet_seen([day for day in recorded if history.first <= day.day <= history.last]) or city.fleet
    world = make_world(replace(city, fleet=fleet))
    scenario = Scenario(read_parameters({}), wanted, "statistics", history)
    observed = Side(
        [recorded_pickups(city, world.road, day) for day in days], [day for day in recorded if day.day in set(days)]
    )
    simulated = simulate(world, scenario, days, seeds)
    figures = tuple(compare(observed, simulated))
    return Validation(city, history, tuple(days), tuple(seeds), wanted, observed, simulated, figures)


def simulate(world: World, scenario: Scenario, days: Sequence[date], seeds: Sequence[int]) -> Side:
    """The simulated side of a comparison."""
    pickups, cabs = [], []
    for day in days:
        for seed in seeds:
            outcome = run_day(world, scenario, day, seed)
            pickups.append(simulated_pickups(outcome, world.road))
            cabs.append(simulated_day(outcome, world.city, world.road, day, scenario.settings.traffic_factor))
    return Side(pickups, cabs)


def fleet_seen(days: Sequence[CabDay]) -> Fleet | None:
    """As many taxis as cabs a day (median), and their shifts by hour, of some days; None of none."""
    if not days:
        return None
    taxis = max(1, int(np.median([day.cabs for day in days])))
    active_s = np.mean([day.occupied_s + day.vacant_s for day in days], axis=0)
    return Fleet(taxis, np.clip(active_s / (3600.0 * taxis), LEAST_ACTIVE_SHARE, 1.0).astype(np.float32))
