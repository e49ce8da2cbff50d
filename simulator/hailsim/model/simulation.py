"""Simulate one operating day under one set of parameters, using `hailsim.kernels.day`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hailsim.kernels.arrays import RECORD_COLUMNS, SLOTS, NetworkArrays, OutcomeArrays, PlanArrays, cache_aligned
from hailsim.kernels.day import simulate_day
from hailsim.kernels.movement import FAR_S, NEAR_S, MovingArrays
from hailsim.model.calendar import History, factors
from hailsim.model.demand import Customers
from hailsim.model.fleet import FleetDay
from hailsim.model.random_streams import Stream, stream_key
from hailsim.model.routing_graph import check_link_times
from hailsim.model.settings import Settings
from hailsim.model.world import World
from hailsim.planner.parameters import PlannerParameters
from hailsim.planner.plan import prepare_plan, start_flow_per_s


@dataclass(frozen=True, slots=True)
class DayOutcome:
    """The result of a day: its customers and fleet, and the kernel's output. `events` counts turns and shift ends."""

    customers: Customers
    fleet: FleetDay
    arrays: OutcomeArrays
    fallback_slots: int
    events: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """What all days of a request share."""

    parameters: PlannerParameters
    settings: Settings
    forecast: str
    history: History


@dataclass(frozen=True, slots=True)
class PreparedDay:
    """All inputs of a day in kernel form; `key` is the uint64 random key of the turns."""

    customers: Customers
    fleet: FleetDay
    graph: NetworkArrays
    plan: PlanArrays
    key: int
    fallback_slots: int


def prepare_day(world: World, scenario: Scenario, day: date, seed: int) -> PreparedDay:
    """Assemble a day's customers, fleet, forecast and plan."""
    settings, history = scenario.settings, scenario.history
    forecast = world.forecast(scenario.forecast, day, history, settings.ml_late_share)
    factor = factors(world.city, day, settings.traffic_factor)
    graph = world.graph
    check_link_times(graph.freeflow_s, float(factor.max()), graph.turn_s, "settings.traffic_factor", "Use a smaller factor.")
    active_taxis = world.taxis(settings) * float(world.city.fleet.active_share[0])
    plan = prepare_plan(
        scenario.parameters,
        graph=world.graph,
        history_statistics=world.history_statistics(history),
        zone_pickups=forecast.pickups,
        behaviour=world.behaviour(day, history),
        start_flow_per_s=start_flow_per_s(world.graph, factor, active_taxis),
    )
    return PreparedDay(
        customers=world.customers(day, seed, settings),
        fleet=world.fleet(day, seed, history, settings),
        graph=world.graph.arrays(factor),
        plan=plan,
        key=stream_key(Stream.TURN, seed, day),
        fallback_slots=forecast.fallback_slots,
    )


def simulate_prepared_day(day: PreparedDay, links: int) -> DayOutcome:
    """Run the kernels; the result depends only on the arguments."""
    return simulate_switching_day(day, day.plan, np.zeros(SLOTS, np.bool_), links)


def simulate_switching_day(
    day: PreparedDay, candidate: PlanArrays, candidate_slots: NDArray[np.bool_], links: int
) -> DayOutcome:
    """Run the kernels with another plan in some half hours: `candidate` where `candidate_slots` bool[48] says so.

    The flow of vacant taxis that one plan has observed is what the next one starts from.
    """
    taxis = len(day.fleet.follower)
    outcome = empty_outcome(day.customers, taxis, links)
    record = cache_aligned((links + 1, RECORD_COLUMNS), np.uint32)
    key = np.uint64(day.key)
    plan_of_slot = candidate_slots.astype(np.uint8)
    plans = (day.plan, candidate)
    arrays = (day.graph, day.customers.arrays, day.fleet.arrays)
    events = simulate_day(record, empty_moving(taxis), *arrays, plans, plan_of_slot, outcome, key)
    return DayOutcome(day.customers, day.fleet, outcome, day.fallback_slots, int(events))


def run_day(world: World, scenario: Scenario, day: date, seed: int) -> DayOutcome:
    """Simulate one day under one scenario and seed."""
    return simulate_prepared_day(prepare_day(world, scenario, day, seed), world.graph.links)


def empty_outcome(customers: Customers, taxis: int, links: int) -> OutcomeArrays:
    """Output arrays before any customer is served."""
    return OutcomeArrays(
        wait=customers.arrays.wait.copy(),
        duty_s=np.zeros(taxis, np.int32),
        busy_s=np.zeros(taxis, np.int32),
        entries=np.zeros(links, np.int64),
    )


def empty_moving(taxis: int) -> MovingArrays:
    """Taxi state before any taxi is placed."""
    return MovingArrays(
        near=cache_aligned((NEAR_S, (taxis + 63) // 64), np.uint64),
        far=np.full(FAR_S, -1, np.int32),
        taxi=cache_aligned((taxis, 4), np.int32),
        clock=cache_aligned((taxis, 4), np.int32),
        shift=np.zeros(taxis, np.int32),
    )
