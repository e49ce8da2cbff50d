"""A bounded number of warm simulator processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tunegate.adapters.simulator.subprocess_simulator import ProcessLimits, SubprocessSimulator
from tunegate.ports.simulator import Simulator


class SubprocessSimulatorPool:
    """Implements the port `SimulatorPool` with `size` processes at most, each started when first needed.

    The one used last is leased first: it is the one that is warm. Belongs to one event loop. Raises BadInput when the command
    is not there.
    """

    def __init__(self, command: Sequence[str], size: int, limits: ProcessLimits | None = None) -> None:
        if size < 1:
            raise ValueError(f"a pool needs at least one simulator, but got size={size}")
        self._simulators = tuple(SubprocessSimulator(command, limits) for _ in range(size))
        self._idle: asyncio.LifoQueue[SubprocessSimulator] = asyncio.LifoQueue()
        for simulator in self._simulators:
            self._idle.put_nowait(simulator)
        self._closed = False

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Simulator]:
        simulator = await self._idle.get()
        try:
            if self._closed:
                raise RuntimeError("this pool of simulators is closed")
            yield simulator
        finally:
            self._idle.put_nowait(simulator)

    async def warm_up(self) -> None:
        """Start all processes now."""
        await asyncio.gather(*(simulator.warm_up() for simulator in self._simulators))

    async def close(self) -> None:
        self._closed = True
        await asyncio.gather(*(simulator.close() for simulator in self._simulators))

    async def __aenter__(self) -> SubprocessSimulatorPool:
        """The pool, closed at the end of `async with`."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()
