"""Compute the answer lines of a request, one day at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from hailsim import __version__
from hailsim.faults import BadInput
from hailsim.model.folder import read_city
from hailsim.model.metrics import report_day
from hailsim.model.simulation import run_day
from hailsim.model.world import World, make_world
from hailsim.protocol.request import Request, RoutesRequest, check_against, read_request, read_routes_request
from hailsim.protocol.routes import LETTERS_OF_HARD_TURNS, route_line, routes_of
from hailsim.protocol.schema import asks_for_routes
from hailsim.routes.coordinates import road_lines

Line = dict[str, Any]
SIMULATOR = f"hailsim {__version__}"
# A process serving one region needs one world; comparing two cities needs two.
MAX_WORLDS = 2


def answer(message: dict[str, Any]) -> Iterator[Line]:
    """The answer lines of a schema-conforming simulation or routes request.

    Raises BadInput before the first line if the request or its city is invalid.
    """
    return _routes(message) if asks_for_routes(message) else _days(message)


def _days(message: dict[str, Any]) -> Iterator[Line]:
    """The `day` lines, ordered by day then seed as requested, and `done`."""
    started_s = time.perf_counter()
    request = read_request(message)
    world = world_of(request.city)
    check_against(request, world.city)
    for day in request.days:
        for seed in request.seeds:
            outcome = run_day(world, request.scenario, day, seed)
            report = report_day(outcome, world.graph)
            yield {
                "type": "day",
                "id": request.id,
                "day": day.isoformat(),
                "seed": seed,
                "metrics": report.metrics,
                "zone_revenue_minor": report.zone_revenue_minor,
                "drivers": report.drivers,
                "order_log_digest": outcome.customers.digest,
            }
    facts = _facts(request, world, time.perf_counter() - started_s)
    yield {"type": "done", "id": request.id, "days": len(request.days) * len(request.seeds), **facts}


def _routes(message: dict[str, Any]) -> Iterator[Line]:
    """The `roads` lines if requested, the `route` lines by hour then start, and `routed`."""
    started_s = time.perf_counter()
    routes_request: RoutesRequest = read_routes_request(message)
    request = routes_request.request
    world = world_of(request.city)
    check_against(request, world.city)
    routes = routes_of(world, routes_request)
    if routes_request.include_roads:
        yield from ({"type": "roads", "id": request.id, "lines": lines} for lines in road_lines(world))
    for route, outside in routes:
        yield {"type": "route", "id": request.id, **route_line(world, route, outside)}
    facts = _facts(request, world, time.perf_counter() - started_s)
    hard_turn = LETTERS_OF_HARD_TURNS[world.city.driving_side]
    yield {"type": "routed", "id": request.id, "routes": len(routes), "hard_turn": hard_turn, **facts}


def error_lines(request_id: str | None, bad: BadInput) -> Iterator[Line]:
    """One `error` line for all faults; each field joins the distinct texts of the faults."""
    yield {
        "type": "error",
        "id": request_id,
        "class": "permanent",
        "rule": "; ".join(dict.fromkeys(fault.rule for fault in bad.faults)),
        "value": "; ".join(dict.fromkeys(fault.value for fault in bad.faults)),
        "place": "; ".join(dict.fromkeys(fault.place for fault in bad.faults)),
        "remedy": " ".join(dict.fromkeys(fault.remedy for fault in bad.faults)),
    }


def world_of(city: str) -> World:
    """The prepared city, cached for later requests. Raises BadInput."""
    return _world(city, _stamp(city))


def _facts(request: Request, world: World, compute_s: float) -> Line:
    """The fields common to the last line of every answer."""
    return {
        "parameters": asdict(request.scenario.parameters),
        "trained_last_day": request.scenario.history.last.isoformat(),
        "city_digest": world.city.digest,
        "simulator": SIMULATOR,
        "compute_s": compute_s,
    }


@lru_cache(maxsize=MAX_WORLDS)
def _world(city: str, _stamp: tuple[tuple[str, int, int], ...]) -> World:
    return make_world(read_city(city))


def _stamp(city: str) -> tuple[tuple[str, int, int], ...]:
    """Names, sizes and times of a city folder's files, so that a re-imported city is read again."""
    folder = Path(city)
    if not folder.is_dir():
        return ()
    return tuple(sorted((entry.name, entry.stat().st_size, entry.stat().st_mtime_ns) for entry in folder.iterdir()))
