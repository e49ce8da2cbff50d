"""A simulator, and a pool of them.

A simulator is another team's program behind a process boundary (docs/simulator-contract.md), so every call can fail, and the
class of the failure says whether asking again can help.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from tunegate.domain.days import DayResult, SimulationAnswer
from tunegate.domain.routes import RoutesAnswer, RoutesRequest
from tunegate.domain.simulation import SimulationRequest, SimulatorDescription

OnDay = Callable[[DayResult], None]


class Simulator(Protocol):
    """Answers one request at a time; later calls wait for earlier ones."""

    async def describe(self, city: str | None = None) -> SimulatorDescription:
        """Parameters, metrics and settings, and the facts of `city` when one is named.

        Raises BadInput when the command or the city is refused, SimulationFailed when no sound description came.
        """
        ...

    async def simulate(self, request: SimulationRequest, on_day: OnDay | None = None) -> SimulationAnswer:
        """Simulate every day with every seed; the answer holds exactly those, sorted by day, then seed.

        `on_day` is called with each day as soon as it is checked, in the simulator's order; the days of a request that fails
        afterwards must be discarded. Raises SimulationFailed. Cancelling the call stops the simulation at once.
        """
        ...

    async def draw_routes(self, request: RoutesRequest) -> RoutesAnswer:
        """Draw every route asked for. Only for a simulator whose description says `routes`. Raises as `simulate`."""
        ...


class SimulatorPool(Protocol):
    """A bounded number of simulators that stay warm between leases. Belongs to one event loop."""

    def lease(self) -> AbstractAsyncContextManager[Simulator]:
        """Have a simulator to oneself inside `async with`; waits while all are taken."""
        ...

    async def close(self) -> None:
        """Stop every simulator. Idempotent; later leases are refused."""
        ...
