"""The work pools that runs are started in: created when missing, updated when they differ."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import WorkPool
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

from cli.local_server import own_settings
from tunegate.domain.errors import BadInput, Fault

PoolType = Literal["process", "kubernetes"]

# What runs in each, and how many runs at once. Runs that wait for other runs have a pool of their own: in one pool with those
# they could fill it, and all would wait.
POOLS: Mapping[str, tuple[str, int]] = {
    "orchestrators": ("Campaigns, and releases that people are asked about.", 32),
    "tuning": ("Workers of searches.", 256),
    "simulations": ("Simulations, one run each.", 1024),
}


@dataclass(frozen=True, slots=True)
class Pool:
    """The wanted state of a work pool."""

    name: str
    type: PoolType
    template: Mapping[str, Any]
    limit: int

    @property
    def description(self) -> str:
        """What it is for."""
        return POOLS[self.name][0]


def process_pools(folder: Path) -> tuple[Pool, ...]:
    """Pools whose runs are processes on the machine of their worker, started in `folder`, where region files are.

    Runs that compute are limited to twice the number of processors.
    """
    template = ProcessWorker.get_default_base_job_template()
    defaults = template["variables"]["properties"]
    # Without a shell a run stays in the process group of its worker, so that it ends with it; it also saves two processes.
    defaults["command"]["default"] = f"{sys.executable} -P -m {own_settings.__name__} prefect.engine"
    defaults["working_dir"]["default"] = str(folder)
    at_once = 2 * (os.cpu_count() or 1)
    limits = {"orchestrators": POOLS["orchestrators"][1], "tuning": at_once, "simulations": at_once}
    return tuple(Pool(name, "process", template, limit) for name, limit in limits.items())


def kubernetes_pools(templates: Path) -> tuple[Pool, ...]:
    """Pools whose runs are pods, made from the job templates in this folder. Raises BadInput where one is missing."""
    return tuple(Pool(name, "kubernetes", _template(templates / f"{name}.json"), limit) for name, (_, limit) in POOLS.items())


def _template(path: Path) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        rule, remedy = "a job template must be a readable file", "Run it from a checkout, or make it with `make work-pools`."
        raise BadInput(Fault(rule, error.strerror or str(error), str(path), remedy)) from None
    return loaded


async def ensure_pool(client: PrefectClient, pool: Pool) -> str:
    """Create or update the pool; returns what was done. Raises BadInput when the server has one of another type."""
    try:
        there = await client.read_work_pool(pool.name)
    except ObjectNotFound:
        await client.create_work_pool(
            WorkPoolCreate(
                name=pool.name,
                type=pool.type,
                description=pool.description,
                base_job_template=dict(pool.template),
                concurrency_limit=pool.limit,
            )
        )
        return f"work pool {pool.name}: made, {pool.type}, at most {pool.limit} runs at once"
    if there.type != pool.type:
        rule, found = f"work pool {pool.name} must be of type {pool.type}", f"{there.type}, which cannot be changed"
        raise BadInput(Fault(rule, found, "the Prefect server", f"Delete it: prefect work-pool delete {pool.name}"))
    changed = _differences(there, pool)
    if not changed:
        return f"work pool {pool.name}: as it should be"
    await client.update_work_pool(pool.name, WorkPoolUpdate(**changed))
    return f"work pool {pool.name}: changed {', '.join(sorted(changed))}"


def _differences(there: WorkPool, pool: Pool) -> dict[str, Any]:
    wanted = {
        "description": pool.description,
        "base_job_template": dict(pool.template),
        "concurrency_limit": pool.limit,
    }
    return {name: value for name, value in wanted.items() if getattr(there, name) != value}
