"""Options that our tasks have in common."""

from __future__ import annotations

from typing import Any

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from tunegate.domain.errors import FailureClass, SimulationFailed

RETRY_DELAY_S = 0.5

# Inputs are domain values. What must not be done twice is stored by content, and not in Prefect's cache, which would have to
# serialise every input to recognise it.
EFFECT: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}


async def is_transient(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether a task failed by a simulation that may succeed when it is repeated."""
    error = await state.aresult(raise_on_failure=False)
    return isinstance(error, SimulationFailed) and error.failure_class is FailureClass.TRANSIENT


SIMULATION: dict[str, Any] = {"retry_condition_fn": is_transient, "retry_delay_seconds": RETRY_DELAY_S, **EFFECT}


def artifact_key(campaign: str) -> str:
    """A campaign's name as keys of artifacts may be: small letters, digits and hyphens."""
    return campaign.replace("_", "-")
