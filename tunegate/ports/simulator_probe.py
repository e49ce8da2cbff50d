"""A simulator's command, run in the ways a conformance test needs and a campaign never does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tunegate.domain.simulation import SimulationRequest
from tunegate.ports.simulator import Simulator


@dataclass(frozen=True, slots=True)
class OpenInput:
    """What came from a fresh process while its stdin was open, and after it was closed. `exit_code` is None if it went on."""

    lines_before: int
    lines_after: int
    exit_code: int | None


class SimulatorProbe(Protocol):
    """Starts processes of one command. Belongs to one event loop."""

    @property
    def command(self) -> tuple[str, ...]:
        """The command as it is run."""
        ...

    def open(self) -> Simulator:
        """A simulator with a process of its own, started at its first request."""
        ...

    async def close_input(self, request: SimulationRequest) -> OpenInput:
        """Ask one request in a fresh process, wait for its whole answer (or silence), then close its stdin."""
        ...

    async def kill_midway(self, request: SimulationRequest) -> tuple[int, ...]:
        """Kill a fresh process while it answers; ids of processes it had started that live on. Those are killed afterwards.

        Raises NotImplementedError where the system does not list processes.
        """
        ...

    async def close(self) -> None:
        """Stop every process. Idempotent."""
        ...
