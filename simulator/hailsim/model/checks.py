"""Validation of a city's arrays before simulation: lists every fault and repairs none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hailsim.faults import Fault
from hailsim.model.city import MAX_SUCCESSORS, SECONDS_PER_DAY, Network, RoadClass, Trips, Turn
from hailsim.model.linegraph import strongly_connected

REIMPORT = "Import the city again; do not edit the file."
LONGEST_DRIVE_S = 6.0 * 3600.0
FARTHEST_M = 500_000.0

Mask = NDArray[np.bool_]
# The rule, where it holds (one value per row), and the values checked.
Rule = tuple[str, Mask, NDArray[Any]]


def check_network(network: Network, place: str) -> list[Fault]:
    """Faults in the network's values, references, turns and connectivity."""
    faults = list(_broken(_network_rules(network), place, "link"))
    # Connectivity is only meaningful once all successors are valid.
    if not faults and not strongly_connected(network.successors):
        faults.append(Fault("every link can be reached from every other", "more than one component", place, REIMPORT))
    return faults


def check_trips(trips: Trips, network: Network, days: int, place: str) -> list[Fault]:
    """Faults in the trips' values, references and order, and days without trips."""
    if len(trips) == 0:
        return [Fault("a city has trips", "0", place, REIMPORT)]
    faults = list(_broken(_trip_rules(trips, network, days), place, "row"))
    moment = trips.day.astype(np.int64) * SECONDS_PER_DAY + trips.appears_s
    backwards = np.flatnonzero(np.diff(moment) < 0)
    if len(backwards):
        faults.append(
            Fault(
                "trips are sorted by day and second",
                f"{len(backwards)} steps back",
                f"{place}, row {backwards[0] + 1}",
                REIMPORT,
            )
        )
    if not faults:
        per_day = np.bincount(trips.day, minlength=days)
        bare = np.flatnonzero(per_day == 0)
        if len(bare):
            remedy = "Import again with a period whose every day is recorded."
            faults.append(
                Fault(
                    "every day from first_day to last_day has trips", f"{len(bare)} without", f"{place}, day {bare[0]}", remedy
                )
            )
    return faults


def _broken(rules: Iterator[Rule], place: str, what: str) -> Iterator[Fault]:
    for rule, holds, values in rules:
        broken = np.flatnonzero(~holds)
        if len(broken):
            at = int(broken[0])
            value = np.array2string(values[at], threshold=8)
            yield Fault(
                rule, f"{value} (and {len(broken) - 1} more)" if len(broken) > 1 else value, f"{place}, {what} {at}", REIMPORT
            )


def _between(values: NDArray[Any], low: float, high: float) -> Mask:
    """Whether low <= value <= high; False for NaN."""
    inside: Mask = (values >= low) & (values <= high)
    return inside


def _in_all_slots(holds: Mask) -> Mask:
    everywhere: Mask = np.logical_and.reduce(holds, axis=1)
    return everywhere


def _network_rules(network: Network) -> Iterator[Rule]:
    links = network.links
    for name in ("link_from", "link_to"):
        values = getattr(network, name)
        yield f"{name} is a junction index of at least 0", _between(values, 0, 2 * links), values
    for name in ("start_x_m", "start_y_m", "end_x_m", "end_y_m"):
        values = getattr(network, name)
        yield f"{name} is within {FARTHEST_M:.0f} m of the reference", _between(values, -FARTHEST_M, FARTHEST_M), values
    yield "length_m is positive and at most 200 km", _between(network.length_m, 1e-3, 200_000.0), network.length_m
    yield "freeflow_s is positive and at most 3 h", _between(network.freeflow_s, 1e-3, 10_800.0), network.freeflow_s
    yield "road_class is a RoadClass", _between(network.road_class, 0, max(RoadClass)), network.road_class
    yield "zone is at least 0 and numbered densely", _between(network.zone, 0, len(np.unique(network.zone)) - 1), network.zone
    successors, turns = network.successors, network.turns
    used = successors != links
    in_range = _between(successors, 0, links)
    yield "a successor is a link, or L in an unused slot", _in_all_slots(in_range), successors
    yield "a link has at least one successor, and unused slots come last", _slots_are_packed(used), successors
    yield "a turn is a Turn, NONE exactly in unused slots", _turns_match(turns, used), turns
    safe = np.where(in_range & used, successors, 0)
    meets: Mask = (network.link_to[:, None] == network.link_from[safe]) | ~used
    yield "a successor begins where the link ends", _in_all_slots(meets), successors


def _slots_are_packed(used: Mask) -> Mask:
    packed: Mask = used[:, 0].copy()
    for slot in range(1, MAX_SUCCESSORS):
        packed &= used[:, slot - 1] | ~used[:, slot]
    return packed


def _turns_match(turns: NDArray[np.int8], used: Mask) -> Mask:
    known = (turns >= 0) & (turns <= Turn.NONE)
    return _in_all_slots(known & ((turns != Turn.NONE) == used))


def _trip_rules(trips: Trips, network: Network, days: int) -> Iterator[Rule]:
    last = network.links - 1
    yield f"day is in 0..{days - 1}", _between(trips.day, 0, days - 1), trips.day
    yield f"appears_s is in 0..{SECONDS_PER_DAY - 1}", _between(trips.appears_s, 0, SECONDS_PER_DAY - 1), trips.appears_s
    yield f"pickup_link is in 0..{last}", _between(trips.pickup_link, 0, last), trips.pickup_link
    yield f"dropoff_link is in 0..{last}", _between(trips.dropoff_link, 0, last), trips.dropoff_link
    pickup_class = network.road_class[np.clip(trips.pickup_link, 0, last)]
    yield "nobody is picked up on an expressway", pickup_class != RoadClass.EXPRESS, trips.pickup_link
    drive_rule = f"drive_freeflow_s is positive and at most {LONGEST_DRIVE_S / 3600.0:.0f} h"
    yield drive_rule, _between(trips.drive_freeflow_s, 1e-3, LONGEST_DRIVE_S), trips.drive_freeflow_s
    yield "distance_m is positive and at most 500 km", _between(trips.distance_m, 1e-3, FARTHEST_M), trips.distance_m
