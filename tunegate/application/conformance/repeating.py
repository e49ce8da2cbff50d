"""Rules that no single answer shows: equal requests have equal answers, and a day depends on its day and seed alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tunegate.application.conformance.bench import Bench, difference, one_day, require, require_same
from tunegate.application.conformance.rule import Rule
from tunegate.domain.days import Forecast
from tunegate.domain.parameters import Parameters
from tunegate.domain.periods import Period


async def _warm(bench: Bench) -> str:
    request = bench.request()
    once, again = await bench.warm.simulate(request), await bench.warm.simulate(request)
    require_same(once, again, ("at first", "when asked again"))
    return f"{len(again.days)} days, asked twice of one process"


async def _fresh(bench: Bench) -> str:
    request = bench.request()
    fresh = [await bench.probe.open().simulate(request) for _ in range(2)]
    require_same(fresh[0], fresh[1], ("in one fresh process", "in another"))
    return f"{len(fresh[0].days)} days in two fresh processes"


async def _alone(bench: Bench) -> str:
    whole = bench.request()
    simulator = bench.probe.open()
    together = await simulator.simulate(whole)
    for day in whole.days:
        for seed in whole.seeds:
            alone = await simulator.simulate(replace(whole, days=(day,), seeds=(seed,)))
            require_same(together, alone, ("among others", "alone"))
    return f"{len(together.days)} days, together and alone"


async def _order(bench: Bench) -> str:
    whole = bench.request()
    forwards = await bench.probe.open().simulate(whole)
    backwards = replace(whole, days=whole.days[::-1], seeds=whole.seeds[::-1])
    require_same(forwards, await bench.probe.open().simulate(backwards), ("in order", "in reverse order"))
    return f"{len(forwards.days)} days, forwards and backwards"


async def _memory(bench: Bench) -> str:
    request = one_day(bench.request())
    simulator = bench.probe.open()
    before = await simulator.simulate(request)
    await simulator.simulate(replace(request, parameters=bench.moved(0.3), forecast=Forecast.STATISTICS))
    require_same(before, await simulator.simulate(request), ("before", "after a request with other parameters"))
    return "the same before and after a request with other parameters and the other forecast"


async def _history(bench: Bench) -> str:
    whole = one_day(bench.request())
    last = whole.history.last - timedelta(days=2)
    shorter = replace(whole, history=Period(whole.history.first, last))
    fresh = await bench.probe.open().simulate(shorter)
    simulator = bench.probe.open()
    await simulator.simulate(whole)
    after = await simulator.simulate(shorter)
    require_same(fresh, after, ("with a shorter history", "with the same after a longer one"))
    return f"learnt until {after.trained_last_day} of a history until {last}"


async def _customers(bench: Bench) -> str:
    production = await bench.warm.simulate(bench.request())
    for forecast in Forecast:
        candidate = await bench.warm.simulate(bench.request(parameters=bench.moved(0.3), forecast=forecast))
        for one, other in zip(production.days, candidate.days, strict=True):
            seen = f"{one.day}, seed {one.seed}: order_log_digest changes with the parameters or the forecast"
            require(one.order_log_digest == other.order_log_digest, seen)
    digests = {result.order_log_digest for result in production.days}
    require(len(digests) == len(production.days), f"{len(digests)} different order_log_digest on {len(production.days)} days")
    return f"the same under other parameters and forecasts, others on each of {len(digests)} days and seeds"


async def _parameters_matter(bench: Bench) -> str:
    request = one_day(bench.request())
    (before,) = (await bench.warm.simulate(request)).days
    inert = []
    for spec in bench.description.parameters:
        far = spec.low if spec.default - spec.low > spec.high - spec.default else spec.high
        moved = replace(request, parameters=Parameters({**bench.defaults, spec.name: far}))
        (after,) = (await bench.warm.simulate(moved)).days
        if not difference(before, after)[0]:
            inert.append(spec.name)
    count = len(bench.description.parameters)
    require(len(inert) < count, f"none of {count} parameters changes anything on {request.days[0]}")
    return f"{count - len(inert)} of {count} change a day" + (f"; {', '.join(inert)} not this one" if inert else "")


DETERMINISM = (
    Rule(
        "same_again",
        "The same request gives the same numbers when it is asked again",
        "Key every draw by what it is for (seed, day, customer), and keep no generator from one request to the next.",
        _warm,
    ),
    Rule(
        "same_in_every_process",
        "The same request gives the same numbers in every process",
        "Draw nothing from the clock, the process id or hash(), and iterate over no set of text.",
        _fresh,
        needs=("same_again",),
    ),
)
NEEDED = tuple(rule.name for rule in DETERMINISM)
RULES = (
    Rule(
        "day_alone",
        "A day depends on its day and seed alone, not on which others are asked with it",
        "Begin each day anew: no generator, queue or fleet may pass from one day of a request to the next.",
        _alone,
        needs=NEEDED,
    ),
    Rule(
        "order",
        "A day does not depend on the order of days and seeds",
        "Key draws by day and seed, not by position.",
        _order,
        needs=(*NEEDED, "day_alone"),
    ),
    Rule(
        "no_memory",
        "A request leaves nothing behind for the next",
        "Reset what a request changes: parameters, forecasts and caches must be those of the request at hand.",
        _memory,
        needs=NEEDED,
    ),
    Rule(
        "history",
        "Nothing after history.last is learnt from",
        "Train on history.first to history.last of the request, and key kept forecasts by both.",
        _history,
        needs=NEEDED,
    ),
    Rule(
        "customers",
        "The same day and seed mean the same customers under all parameters, other days and seeds others",
        "Draw customers from streams of their own, keyed by seed, day and customer, and digest them before anything reacts.",
        _customers,
        needs=NEEDED,
    ),
    Rule(
        "parameters_matter",
        "At least one parameter changes what is simulated",
        "Apply the parameters of the request.",
        _parameters_matter,
    ),
)
