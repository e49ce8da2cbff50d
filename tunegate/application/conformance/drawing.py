"""Rules of routes, for simulators that offer them."""

from __future__ import annotations

from dataclasses import replace

from tunegate.application.conformance.bench import Bench, NotApplicable, one_day, require
from tunegate.application.conformance.repeating import NEEDED
from tunegate.application.conformance.rule import Rule
from tunegate.domain.routes import RoutesRequest


def _request(bench: Bench) -> RoutesRequest:
    if not bench.description.routes:
        raise NotApplicable("draws no routes, and says so")
    asked = one_day(bench.request())
    return RoutesRequest(
        "check-routes", bench.city, asked.parameters, asked.parameters, asked.days[0], 1, asked.forecast, asked.history, {},
        hours=(9, 20), starts=3, places=(), duration_s=900, roads=False,
    )  # fmt: skip


async def _same(bench: Bench) -> str:
    request = _request(bench)
    warm, fresh = await bench.warm.draw_routes(request), await bench.probe.open().draw_routes(request)
    require(warm.routes == fresh.routes, "other routes in a fresh process")
    return f"{len(warm.routes)} routes in two processes"


async def _starts(bench: Bench) -> str:
    request = _request(bench)
    production = await bench.warm.draw_routes(request)
    candidate = await bench.warm.draw_routes(replace(request, parameters=bench.moved(0.3)))
    starts = [{(route.start, route.links[0]) for route in each.routes} for each in (production, candidate)]
    require(starts[0] == starts[1], "routes begin elsewhere under other parameters")
    require(len(starts[0]) == request.starts, f"{request.starts} starts begin on {len(starts[0])} links, by the hour")
    return f"{len(starts[0])} starts"


async def _yardstick(bench: Bench) -> str:
    request = _request(bench)
    one = await bench.warm.draw_routes(request)
    other = await bench.warm.draw_routes(replace(request, chances_by=bench.moved(0.3)))
    seen = "other routes with another yardstick for chances"
    require([route.links for route in one.routes] == [route.links for route in other.routes], seen)
    return "the same routes with another yardstick"


RULES = (
    Rule("routes_same", "The same routes in every process", "Key each turn by seed, route and link.", _same, needs=NEEDED),
    Rule(
        "routes_starts",
        "Routes start at the same places in every hour and under all parameters",
        "Sample starts from city, day, seed and history only.",
        _starts,
        needs=NEEDED,
    ),
    Rule(
        "routes_yardstick",
        "`chances_by` turns nobody",
        "Use `chances_by` for the chances that are told, only.",
        _yardstick,
        needs=NEEDED,
    ),
)
