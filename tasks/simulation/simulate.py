"""Running simulations, and storing every answer before anything builds on it."""

from __future__ import annotations

from prefect import task

from orchestration.installation_context import current_installation
from orchestration.task_options import SIMULATION
from tunegate.application.simulation import StoredAnswer, simulate_and_store
from tunegate.domain.simulation import SimulationRequest
from tunegate.ports.results import RequestKey


@task(**SIMULATION)
async def simulate_request(campaign: str, key: RequestKey, request: SimulationRequest) -> StoredAnswer:
    """Simulate a request and store the answer; a request that has a stored answer is not simulated again.

    Raises SimulationFailed.
    """
    return await simulate_and_store(current_installation(), campaign, key, request)
