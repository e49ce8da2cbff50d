"""One operating day under one set of parameters: the shell around `hailsim.kernels.day`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from hailsim.kernels.arrays import RECORD_COLUMNS, OutcomeArrays, PlanArrays, RoadArrays, cache_aligned
from hailsim.kernels.day import simulate_day
from hailsim.kernels.movement import FAR_S, NEAR_S, MovingArrays
from hailsim.model.calendar import History, factors
from hailsim.model.demand import Customers
from hailsim.model.fleet import FleetDay
from hailsim.model.keys import Stream, stream_key
from hailsim.model.road import check_link_times
from hailsim.model.settings import Settings
from hailsim.model.world import World
from hailsim.planner.parameters import PlannerParameters
from hailsim.planner.plan import prepare_plan, start_flow_per_s


@dataclass(frozen=True, slots=True)
class DayOutcome:
    """A simulated day: who was there, and what the kernel left. `events` counts turns and ends of shifts."""

    customers: Customers
    fleet: FleetDay
    arrays: OutcomeArrays
    fallback_slots: int
    events: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """What all days of a request have in common."""

    parameters: PlannerParameters
    settings: Settings
    forecast: str
    history: History


@dataclass(frozen=True, slots=True)
class PreparedDay:
    """All that a day's result depends on, as the kernels take it; `key` is the uint64 key of the turns."""

    customers: Customers
    fleet: FleetDay
    road: RoadArrays
    plan: PlanArrays
    key: int
    fallback_slots: int


def prepare_day(world: World, scenario: Scenario, day: date, seed: int) -> PreparedDay:
    """Gather a day's customers, fleet, forecast and plan."""
    settings, history = scenario.settings, scenario.history
    forecast = world.forecast(scenario.forecast, day, history, settings.ml_late_share)
    factor = factors(world.city, day, settings.traffic_factor)
    road = world.road
    check_link_times(road.freeflow_s, float(factor.max()), road.turn_s, "settings.traffic_factor", "Take a smaller factor.")
    active_taxis = world.taxis(settings) * float(world.city.fleet.active_share[0])
    plan = prepare_plan(
        scenario.parameters,
        road=world.road,
        experience=world.experience(history),
        zone_pickups=forecast.pickups,
        behaviour=world.behaviour(day, history),
        start_flow_per_s=start_flow_per_s(world.road, factor, active_taxis),
    )
    return PreparedDay(
        customers=world.customers(day, seed, settings),
        fleet=world.fleet(day, seed, history, settings),
        road=world.road.arrays(factor),
        plan=plan,
        key=stream_key(Stream.TURN, seed, day),
        fallback_slots=forecast.fallback_slots,
    )


def play(day: PreparedDay, links: int) -> DayOutcome:
    """Let the taxis drive; the result depends on the arguments only."""
    taxis = len(day.fleet.follower)
    outcome = empty_outcome(day.customers, taxis, links)
    record = cache_aligned((links + 1, RECORD_COLUMNS), np.uint32)
    key = np.uint64(day.key)
    events = simulate_day(record, empty_moving(taxis), day.road, day.customers.arrays, day.fleet.arrays, day.plan, outcome, key)
    return DayOutcome(day.customers, day.fleet, outcome, day.fallback_slots, int(events))


def run_day(world: World, scenario: Scenario, day: date, seed: int) -> DayOutcome:
    """Simulate one day under one scenario and seed."""
    return play(prepare_day(world, scenario, day, seed), world.road.links)


def empty_outcome(customers: Customers, taxis: int, links: int) -> OutcomeArrays:
    """Nobody served yet."""
    return OutcomeArrays(
        wait=customers.arrays.wait.copy(),
        duty_s=np.zeros(taxis, np.int32),
        busy_s=np.zeros(taxis, np.int32),
        entries=np.zeros(links, np.int64),
    )


def empty_moving(taxis: int) -> MovingArrays:
    """Nobody on the road yet."""
    return MovingArrays(
        near=cache_aligned((NEAR_S, (taxis + 63) // 64), np.uint64),
        far=np.full(FAR_S, -1, np.int32),
        taxi=cache_aligned((taxis, 4), np.int32),
        clock=cache_aligned((taxis, 4), np.int32),
        shift=np.zeros(taxis, np.int32),
    )
