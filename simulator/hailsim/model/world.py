"""A city made ready to be simulated, with everything that requests share: customers, fleets, forecasts, behaviour.

All of it is keyed by what it depends on and bounded in size, so that one process serves any number of requests.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hailsim.forecast.counts import likeliest_days, mean_counts, pickup_counts
from hailsim.forecast.learnt import LearntForecasts, learn_forecasts
from hailsim.forecast.statistics import statistics_forecast
from hailsim.forecast.store import kept_forecasts
from hailsim.kernels.arrays import SLOTS
from hailsim.model.calendar import History, day_type, factors
from hailsim.model.city import City
from hailsim.model.demand import Customers, draw_customers
from hailsim.model.experience import Experience, learn_experience
from hailsim.model.fleet import FleetDay, draw_fleet
from hailsim.model.keyed import keyed_uniform
from hailsim.model.keys import Stream, numbers, stream_key
from hailsim.model.road import Road, read_road
from hailsim.model.settings import Settings
from hailsim.model.shelf import Shelf
from hailsim.planner.behaviour import Behaviour, observed_behaviour

SHELF_BYTES = 192 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ZoneForecast:
    """What the recommender expects on one day: pickups float32[48, Z] per half hour.

    fallback_slots: half hours in which ml was of no use and statistics took over.
    """

    pickups: NDArray[np.float32]
    fallback_slots: int


@dataclass(frozen=True, slots=True)
class World:
    """One city, ready. Use `make_world`."""

    city: City
    road: Road
    counts: NDArray[np.uint16]
    shelf: Shelf = field(default_factory=lambda: Shelf(SHELF_BYTES))

    def customers(self, day: date, seed: int, settings: Settings) -> Customers:
        """Everybody who looks for a taxi on one day."""
        key = ("customers", day, seed, settings.patience_s, settings.latent_factor, settings.traffic_factor)

        def draw() -> Customers:
            return draw_customers(
                self.city,
                self.road,
                day,
                seed,
                patience_s=settings.patience_s,
                latent_factor=settings.latent_factor,
                traffic_factor=settings.traffic_factor,
            )

        return self.shelf.get(key, Customers, draw)

    def taxis(self, settings: Settings) -> int:
        """Size of the fleet."""
        return settings.taxis or self.city.fleet.taxis

    def fleet(self, day: date, seed: int, history: History, settings: Settings) -> FleetDay:
        """Who works on one day."""
        taxis = self.taxis(settings)
        key = ("fleet", day, seed, history, taxis, settings.follower_share, settings.compliance, settings.standing_share)

        def draw() -> FleetDay:
            return draw_fleet(
                taxis,
                active_share=self.city.fleet.active_share,
                start_weight=self.experience(history).start_weight,
                follower_share=settings.follower_share,
                compliance=settings.compliance,
                standing_share=settings.standing_share,
                day=day,
                seed=seed,
            )

        return self.shelf.get(key, FleetDay, draw)

    def experience(self, history: History) -> Experience:
        """Where people hail and what trips bring, from the history days."""
        return self.shelf.get(("experience", history), Experience, lambda: learn_experience(self.city, self.road, history))

    def behaviour(self, day: date, history: History) -> Behaviour:
        """How observed cabs move on such a day."""
        kind = day_type(self.city, day)

        def estimate() -> Behaviour:
            pickups = mean_counts(self.city, self.counts, likeliest_days(self.city, history, kind))
            return observed_behaviour(self.road, pickups, self.experience(history).reward, factors(self.city, day))

        return self.shelf.get(("behaviour", history, kind, day.weekday()), Behaviour, estimate)

    def forecast(self, kind: str, day: date, history: History, ml_late_share: float) -> ZoneForecast:
        """The recommender's forecast; in half hours for which ml is late, missing or broken, statistics takes over."""
        statistics = statistics_forecast(self.city, self.counts, history, day)
        if kind == "statistics":
            return ZoneForecast(statistics, 0)
        late = keyed_uniform(stream_key(Stream.LATE_FORECAST, 0, day), numbers(SLOTS)) < ml_late_share
        learnt = self.shelf.get(("ml", history), LearntForecasts, lambda: self._learnt(history)).of(day)
        # Nobody can plan with a number that is none, or with fewer than no customers.
        unusable = late | ~(np.isfinite(learnt) & (learnt >= 0)).all(axis=1)
        return ZoneForecast(np.where(unusable[:, None], statistics, learnt), int(unusable.sum()))

    def _learnt(self, history: History) -> LearntForecasts:
        return kept_forecasts(self.city, history, lambda: learn_forecasts(self.city, self.counts, history))


def make_world(city: City) -> World:
    """Prepare a city.

    Raises BadInput: the city cannot be simulated (`read_road`).
    """
    return World(city, read_road(city), pickup_counts(city))
