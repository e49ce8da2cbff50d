"""Rules of one answer: it comes while the input is open, it is whole, and it holds what was described."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tunegate.application.conformance.bench import Bench, RuleBroken, at, one_day, require, require_refused, require_same
from tunegate.application.conformance.rule import Rule
from tunegate.domain.errors import BadInput, SimulationFailed
from tunegate.domain.parameters import Parameters

UNKNOWN_CITY = "no-such-city"


async def _flushes(bench: Bench) -> str:
    seen = await bench.probe.close_input(bench.request(seeds=(1,)))
    require(seen.lines_before > 0 or seen.lines_after == 0, f"{seen.lines_after} lines came only after stdin was closed")
    return f"{seen.lines_before} lines while stdin was open"


async def _answers(bench: Bench) -> str:
    request = bench.request()
    answer = await bench.warm.simulate(request)
    require(answer.city_digest == bench.facts.digest, f"`done` says city {answer.city_digest}, `describe` {bench.facts.digest}")
    drivers = sorted({result.drivers for result in answer.days})
    return f"{len(answer.days)} days, {', '.join(map(str, drivers))} earning"


async def _metrics(bench: Bench) -> str:
    answer = await bench.warm.simulate(bench.request(days=bench.last_days(bench.sample_days)))
    described = {metric.name for metric in bench.description.metrics}
    for result in answer.days:
        if unknown := sorted(result.metrics.keys() - described):
            raise RuleBroken(f"{', '.join(unknown)} on {result.day}, but not in the description")
    for name in sorted(described):
        without = [result for result in answer.days if name not in result.metrics]
        if without:
            raise RuleBroken(f"{name} is missing on {len(without)} of {len(answer.days)} days, first {without[0].day}")
    return f"{len(described)} metrics on each of {len(answer.days)} days"


async def _defaults(bench: Bench) -> str:
    whole = one_day(bench.request())
    first = bench.description.parameters[0]
    partial = replace(whole, parameters=Parameters({first.name: first.default}))
    explicit = await bench.warm.simulate(whole)
    require_same(explicit, await bench.warm.simulate(partial), ("with every default", f"with {first.name} alone"))
    said = replace(whole, settings={setting.name: setting.default for setting in bench.description.settings})
    require_same(explicit, await bench.warm.simulate(said), ("without settings", "with the defaults of all settings"))
    return f"{len(bench.description.parameters)} parameters, {len(bench.description.settings)} settings"


async def _refuses_parameters(bench: Bench) -> str:
    sound = one_day(bench.request())
    checked = 0
    unknown = replace(sound, parameters=Parameters({**sound.parameters, "no_such_parameter": 1.0}))
    await require_refused(bench.warm, unknown, "a parameter `no_such_parameter`")
    for spec in bench.description.parameters:
        beyond = max(1.0, 0.1 * (spec.high - spec.low))
        for value in (spec.low - beyond, spec.high + beyond):
            wrong = replace(sound, parameters=Parameters({**sound.parameters, spec.name: at(spec, value)}))
            await require_refused(bench.warm, wrong, f"{spec.name} {at(spec, value):g}, outside {spec.low:g} to {spec.high:g},")
            checked += 1
    return f"an unknown one, and {checked} beyond their bounds"


async def _refuses_days(bench: Bench) -> str:
    late = bench.facts.last_day + timedelta(days=1)
    await require_refused(bench.warm, bench.request(days=(late,)), f"{late}, which the city does not cover,")
    return f"{late}, the day after the last"


async def _refuses_cities(bench: Bench) -> str:
    await require_refused(bench.warm, replace(one_day(bench.request()), city=UNKNOWN_CITY), f"city `{UNKNOWN_CITY}`")
    try:
        await bench.warm.describe(UNKNOWN_CITY)
    except BadInput:
        return f"`{UNKNOWN_CITY}`, by requests and by describe"
    except SimulationFailed as failed:
        raise RuleBroken(f"describe --city {UNKNOWN_CITY} failed: {failed.fault.value}") from None
    raise RuleBroken(f"describe --city {UNKNOWN_CITY} described it")


RULES = (
    Rule("flush", "Answers come while stdin is open", "Flush stdout after each line.", _flushes),
    Rule(
        "answers",
        "A request is answered by each of its days and seeds once, then `done`, and by nothing else",
        "Print only answers to stdout, prints and logs to stderr, and keep the process alive until stdin ends.",
        _answers,
    ),
    Rule(
        "metrics",
        "Days have the metrics of the description, all of them on ordinary days",
        "Describe what you measure; a metric that is often without a value cannot be a guardrail.",
        _metrics,
    ),
    Rule(
        "defaults",
        "What is left out of a request takes its default",
        "Fill in the defaults of `describe` for parameters and settings that a request does not name.",
        _defaults,
        needs=("same_again",),
    ),
    Rule(
        "refuse_parameters",
        "Unknown parameters and values out of bounds are permanent errors",
        "Check parameters against `describe` before simulating, and answer with an `error` line of class permanent.",
        _refuses_parameters,
    ),
    Rule(
        "refuse_days",
        "Days that the city does not cover are permanent errors",
        "Check days against the city, and answer with an `error` line of class permanent.",
        _refuses_days,
    ),
    Rule(
        "refuse_cities",
        "Unknown cities are refused",
        "Answer requests with a permanent `error` line, and end `describe --city` with exit code 2 and a sentence on stderr.",
        _refuses_cities,
    ),
)
