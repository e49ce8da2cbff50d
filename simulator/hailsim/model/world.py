"""A city prepared for simulation, with the customers, fleets, forecasts and behaviour that requests share.

Derived values are cached by what they depend on, within a size limit, so that one process can serve any number of requests.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hailsim.forecast.counts import mean_counts, pickup_counts, similar_days
from hailsim.forecast.forecast_cache import cached_forecasts
from hailsim.forecast.ml import MlForecasts, train_forecasts
from hailsim.forecast.statistics import statistics_forecast
from hailsim.kernels.arrays import SLOTS
from hailsim.model.calendar import History, day_type, factors
from hailsim.model.city import City
from hailsim.model.city_cache import CityCache
from hailsim.model.demand import Customers, draw_customers
from hailsim.model.fleet import FleetDay, draw_fleet
from hailsim.model.history_statistics import HistoryStatistics, summarise_history
from hailsim.model.random_streams import Stream, indices, random_uniform, stream_key
from hailsim.model.routing_graph import RoutingGraph, build_routing_graph
from hailsim.model.settings import Settings
from hailsim.planner.behaviour import Behaviour, observed_behaviour

CITY_CACHE_BYTES = 192 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ZoneForecast:
    """The recommender's forecast of one day: pickups float32[48, Z] per half hour.

    fallback_slots: half hours in which the statistics forecast replaced an unusable ml forecast.
    """

    pickups: NDArray[np.float32]
    fallback_slots: int


@dataclass(frozen=True, slots=True)
class World:
    """A prepared city. Created by `make_world`."""

    city: City
    graph: RoutingGraph
    counts: NDArray[np.uint16]
    cache: CityCache = field(default_factory=lambda: CityCache(CITY_CACHE_BYTES))

    def customers(self, day: date, seed: int, settings: Settings) -> Customers:
        """The customers of one day."""
        key = ("customers", day, seed, settings.patience_s, settings.latent_factor, settings.traffic_factor)

        def draw() -> Customers:
            return draw_customers(
                self.city,
                self.graph,
                day,
                seed,
                patience_s=settings.patience_s,
                latent_factor=settings.latent_factor,
                traffic_factor=settings.traffic_factor,
            )

        return self.cache.get(key, Customers, draw)

    def taxis(self, settings: Settings) -> int:
        """Fleet size."""
        return settings.taxis or self.city.fleet.taxis

    def fleet(self, day: date, seed: int, history: History, settings: Settings) -> FleetDay:
        """The fleet of one day."""
        taxis = self.taxis(settings)
        key = ("fleet", day, seed, history, taxis, settings.follower_share, settings.compliance, settings.standing_share)

        def draw() -> FleetDay:
            return draw_fleet(
                taxis,
                active_share=self.city.fleet.active_share,
                start_weight=self.history_statistics(history).start_weight,
                follower_share=settings.follower_share,
                compliance=settings.compliance,
                standing_share=settings.standing_share,
                day=day,
                seed=seed,
            )

        return self.cache.get(key, FleetDay, draw)

    def history_statistics(self, history: History) -> HistoryStatistics:
        """Pickup shares and expected fares from the history days."""
        return self.cache.get(
            ("history statistics", history), HistoryStatistics, lambda: summarise_history(self.city, self.graph, history)
        )

    def behaviour(self, day: date, history: History) -> Behaviour:
        """Turn choices of observed cabs on this type of day."""
        kind = day_type(self.city, day)

        def estimate() -> Behaviour:
            pickups = mean_counts(self.city, self.counts, similar_days(self.city, history, kind))
            return observed_behaviour(self.graph, pickups, self.history_statistics(history).reward, factors(self.city, day))

        return self.cache.get(("behaviour", history, kind, day.weekday()), Behaviour, estimate)

    def forecast(self, kind: str, day: date, history: History, ml_late_share: float) -> ZoneForecast:
        """The recommender's forecast. Statistics replaces ml in half hours for which ml is late, missing or invalid."""
        statistics = statistics_forecast(self.city, self.counts, history, day)
        if kind == "statistics":
            return ZoneForecast(statistics, 0)
        late = random_uniform(stream_key(Stream.LATE_FORECAST, 0, day), indices(SLOTS)) < ml_late_share
        forecasts = self.cache.get(("ml", history), MlForecasts, lambda: self._ml_forecasts(history)).of_day(day)
        # A forecast must be finite and non-negative.
        unusable = late | ~(np.isfinite(forecasts) & (forecasts >= 0)).all(axis=1)
        return ZoneForecast(np.where(unusable[:, None], statistics, forecasts), int(unusable.sum()))

    def _ml_forecasts(self, history: History) -> MlForecasts:
        return cached_forecasts(self.city, history, lambda: train_forecasts(self.city, self.counts, history))


def make_world(city: City) -> World:
    """Prepare a city.

    Raises BadInput: the city cannot be simulated (`build_routing_graph`).
    """
    return World(city, build_routing_graph(city), pickup_counts(city))
