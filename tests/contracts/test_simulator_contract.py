"""What every simulator does that speaks the contract, whatever it is written in. docs/simulator-contract.md says it in words.

Over a simulator of your own: TUNEGATE_CONTRACT_COMMAND="python my.py" TUNEGATE_CONTRACT_CITY=my_city pytest THIS_FILE
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from tunegate.adapters.simulator.subprocess_simulator import ProcessLimits, SubprocessSimulator
from tunegate.domain.days import DayResult, Forecast
from tunegate.domain.errors import BadInput, FailureClass, SimulationFailed
from tunegate.domain.parameters import Parameters, ParameterSpec
from tunegate.domain.periods import Period
from tunegate.domain.routes import RoutesRequest
from tunegate.domain.simulation import SimulationRequest, SimulatorDescription

ROOT = Path(__file__).parents[2]
# A week: a forecast may refuse to learn from less.
HISTORY_DAYS = 7
KNOWN: dict[str, tuple[tuple[str, ...], str]] = {
    "toy": ((sys.executable, str(ROOT / "tests" / "simulators" / "quadratic.py")), "toytown"),
    "example": ((sys.executable, str(ROOT / "examples" / "bring_your_own_simulator.py")), "stall"),
    "kit": ((sys.executable, str(ROOT / "examples" / "lemonade_stall.py")), "stall"),
    "hailsim": (("hailsim",), "manhattan"),
}
YOURS = os.environ.get("TUNEGATE_CONTRACT_COMMAND")
LIMITS = ProcessLimits(answer_timeout_s=240)
# One event loop for all tests, because a warm process belongs to one.
pytestmark = pytest.mark.asyncio(loop_scope="module")
MARKS = {"hailsim": pytest.mark.slow}
SIMULATORS = KNOWN if YOURS is None else {"yours": (tuple(shlex.split(YOURS)), os.environ["TUNEGATE_CONTRACT_CITY"])}


@dataclass(frozen=True)
class Subject:
    """A simulator under test: fresh processes, one that all tests share, what it says of itself, and requests that fit it."""

    open: Callable[..., SubprocessSimulator]
    warm: SubprocessSimulator
    description: SimulatorDescription
    city: str

    @property
    def first(self) -> ParameterSpec:
        return self.description.parameters[0]

    def parameters(self, share: float | None = None) -> Parameters:
        """The defaults, or with the first parameter at a share of its range."""
        values = {spec.name: spec.default for spec in self.description.parameters}
        if share is not None:
            spec = self.first
            value = spec.low + share * (spec.high - spec.low)
            values[spec.name] = round(value) if spec.type == "int" else value
        return Parameters(values)

    def request(self, days: int = 2, seeds: tuple[int, ...] = (1, 2), **fields: object) -> SimulationRequest:
        """The last days of the city, after a short history that ends just before them."""
        last_day = self.description.city.last_day
        asked = tuple(last_day - timedelta(days=back) for back in reversed(range(days)))
        history = Period(asked[0] - timedelta(days=HISTORY_DAYS), asked[0] - timedelta(days=1))
        request = SimulationRequest("contract-1", self.city, self.parameters(), asked, seeds, Forecast.ML, history, {})
        return replace(request, **fields)

    def routes_request(self, **fields: object) -> RoutesRequest:
        """Three starts in two hours of the last day."""
        asked = self.request(days=1, seeds=(1,))
        ours, day, history = asked.parameters, asked.days[0], asked.history
        request = RoutesRequest(
            "contract-routes", self.city, ours, ours, day, 1, asked.forecast, history, {},
            hours=(9, 20), starts=3, places=(), duration_s=900, roads=True,
        )  # fmt: skip
        return replace(request, **fields)


def what_was_simulated(days: tuple[DayResult, ...]) -> str:
    """Every number, by its shortest exact text."""
    return repr([(d.day, d.seed, sorted(d.metrics.items()), sorted(d.zone_revenue_minor.items()), d.drivers, d.order_log_digest)
                 for d in days])  # fmt: skip


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=[pytest.param(name, marks=MARKS.get(name, ())) for name in SIMULATORS],
)
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    command, city = SIMULATORS[request.param]
    opened: list[SubprocessSimulator] = []

    def start(limits: ProcessLimits = LIMITS) -> SubprocessSimulator:
        opened.append(SubprocessSimulator(command, limits))
        return opened[-1]

    warm = start()
    yield Subject(start, warm, await warm.describe(city), city)
    for simulator in opened:
        await simulator.close()


async def test_it_describes_itself_and_its_city(subject):
    city = subject.description.city
    assert city is not None
    assert city.first_day < city.last_day
    assert (await subject.warm.describe()).city is None
    names = [spec.name for spec in (*subject.description.parameters, *subject.description.settings)]
    assert len(names) == len(set(names))


async def test_it_answers_every_day_and_seed_once_with_metrics_it_describes(subject):
    request = subject.request()
    answer = await subject.warm.simulate(request)
    assert [(result.day, result.seed) for result in answer.days] == [
        (day, seed) for day in request.days for seed in request.seeds
    ]
    described = {metric.name for metric in subject.description.metrics}
    assert all({"revenue_minor"} <= result.metrics.keys() <= described for result in answer.days)
    assert answer.city_digest == subject.description.city.digest
    assert answer.trained_last_day <= request.history.last
    assert len({result.drivers for result in answer.days}) == 1


async def test_the_same_request_gives_the_same_numbers_in_every_process(subject):
    first, second = subject.warm, subject.open()
    request = subject.request()
    warm = (await first.simulate(request), await first.simulate(request))
    fresh = await second.simulate(request)
    assert what_was_simulated(warm[0].days) == what_was_simulated(warm[1].days) == what_was_simulated(fresh.days)


async def test_a_day_does_not_depend_on_what_else_is_asked_or_in_which_order(subject):
    simulator = subject.warm
    whole = subject.request()
    together = await simulator.simulate(whole)
    one_by_one = [
        (await simulator.simulate(replace(whole, days=(day,), seeds=(seed,)))).days[0]
        for day in reversed(whole.days)
        for seed in reversed(whole.seeds)
    ]
    assert what_was_simulated(tuple(reversed(one_by_one))) == what_was_simulated(together.days)


async def test_requests_leave_nothing_behind_for_the_next(subject):
    simulator = subject.warm
    request = subject.request(days=1, seeds=(1,))
    before = await simulator.simulate(request)
    await simulator.simulate(replace(request, parameters=subject.parameters(0.7), forecast=Forecast.STATISTICS))
    after = await simulator.simulate(request)
    assert what_was_simulated(before.days) == what_was_simulated(after.days)


async def test_both_arms_of_a_comparison_meet_the_same_customers(subject):
    simulator = subject.warm
    production = await simulator.simulate(subject.request(parameters=subject.parameters(0.3)))
    candidate = await simulator.simulate(subject.request(parameters=subject.parameters(0.7)))
    assert [d.order_log_digest for d in production.days] == [d.order_log_digest for d in candidate.days]
    assert len({d.order_log_digest for d in production.days}) == len(production.days), (
        "each day and seed has customers of its own"
    )
    assert what_was_simulated(production.days) != what_was_simulated(candidate.days), "the parameter must matter"


@pytest_asyncio.fixture(loop_scope="module")
async def drawing(subject):
    """The subject, where it draws routes."""
    if not subject.description.routes:
        pytest.skip("draws no routes, and says so")
    return subject


async def test_routes_are_whole_and_the_same_in_every_process(drawing):
    request = drawing.routes_request()
    warm, fresh = await drawing.warm.draw_routes(request), await drawing.open().draw_routes(request)
    assert warm.routes == fresh.routes
    assert {(route.hour, route.start) for route in warm.routes} == request.expected
    assert warm.city_digest == drawing.description.city.digest
    assert warm.roads


async def test_both_arms_begin_alike_and_equal_parameters_drive_alike(drawing):
    request = drawing.routes_request(roads=False)
    other = await drawing.warm.draw_routes(replace(request, parameters=drawing.parameters(0.7)))
    production = await drawing.warm.draw_routes(request)
    again = await drawing.warm.draw_routes(replace(request, chances_by=drawing.parameters(0.3)))
    assert [route.links[0] for route in production.routes] == [route.links[0] for route in other.routes]
    assert [route.links for route in production.routes] == [route.links for route in again.routes], "a yardstick turns nobody"
    by_start: dict[int, set[str]] = {}
    for route in production.routes:
        by_start.setdefault(route.start, set()).add(route.links[0])
    assert all(len(first) == 1 for first in by_start.values()), "the same starts in every hour"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda subject: {"parameters": Parameters({**subject.parameters(), "no_such_parameter": 1.0})},
        lambda subject: {"parameters": Parameters({**subject.parameters(), subject.first.name: subject.first.high + 1})},
        lambda subject: {"parameters": Parameters({**subject.parameters(), subject.first.name: subject.first.low - 1})},
        lambda subject: {"days": (subject.description.city.last_day + timedelta(days=1),)},
        lambda subject: {"city": "no-such-city"},
    ],
    ids=["unknown parameter", "above its bounds", "below its bounds", "day out of range", "unknown city"],
)
async def test_a_request_that_can_never_work_is_a_permanent_error_and_the_same_process_serves_on(subject, spoil):
    simulator = subject.warm
    sound = subject.request(days=1, seeds=(1,))
    await simulator.simulate(sound)
    pid = simulator._process.pid
    with pytest.raises(SimulationFailed) as caught:
        await simulator.simulate(replace(sound, **spoil(subject)))
    assert caught.value.failure_class is FailureClass.PERMANENT
    await simulator.simulate(sound)
    assert simulator._process.pid == pid


async def test_an_unknown_city_is_refused_by_describe(subject):
    with pytest.raises(BadInput):
        await subject.warm.describe("no-such-city")


async def test_it_ends_when_its_input_ends(subject):
    """`close` closes its stdin first; only a process that does not end by itself is killed, after the grace."""
    simulator = subject.open(replace(LIMITS, stop_grace_s=20))
    await simulator.simulate(subject.request(days=1, seeds=(1,)))
    process = simulator._process
    await simulator.close()
    assert await process._ended() == 0
