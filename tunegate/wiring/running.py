"""What a process has at hand while a campaign runs: warm simulators, and those who listen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tunegate.adapters.simulator.pool import SubprocessSimulatorPool
from tunegate.config.region import RegionConfig
from tunegate.ports.simulator import SimulatorPool
from tunegate.report.terminal.progress import Event
from tunegate.wiring.campaigns import plan, process_limits

Listener = Callable[[Event], None]


def simulator_pool(config: RegionConfig) -> SimulatorPool:
    """Simulators for a region, as many as it has workers, each started when first needed."""
    return SubprocessSimulatorPool(config.command, config.search.workers, process_limits(config))


_pools: dict[str, SimulatorPool] = {}


def simulators(campaign: str) -> SimulatorPool:
    """Warm simulators for a campaign, started when first needed; they belong to the event loop that uses them first."""
    if campaign not in _pools:
        _pools[campaign] = simulator_pool(plan(campaign).config)
    return _pools[campaign]


async def close_simulators(campaign: str) -> None:
    """Stop the campaign's simulators in this process; a later `simulators` starts new ones."""
    pool = _pools.pop(campaign, None)
    if pool is not None:
        await pool.close()


_listeners: dict[str, list[Listener]] = {}


@contextmanager
def listening(campaign: str, listener: Listener) -> Iterator[None]:
    """Have `listener` called in this process for everything that happens in a campaign, inside `with`."""
    _listeners.setdefault(campaign, []).append(listener)
    try:
        yield
    finally:
        _listeners[campaign].remove(listener)


def announce(campaign: str, event: Event) -> None:
    """Tell those who listen in this process."""
    for listener in _listeners.get(campaign, ()):
        listener(event)


def has_listeners(campaign: str) -> bool:
    """Whether telling is worth the trouble."""
    return bool(_listeners.get(campaign))
