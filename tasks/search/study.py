"""The study: opened for a launch of the search, and read at its end."""

from __future__ import annotations

import asyncio

from prefect import task

from orchestration.heartbeat import subjects_alive
from orchestration.installation_context import current_installation
from orchestration.task_options import EFFECT
from tunegate.application import search
from tunegate.domain.placement import Placement
from tunegate.domain.trials import TrialRecord


@task(**EFFECT)
async def open_study(campaign: str, placement: Placement = Placement.INLINE) -> int:
    """Create the study, or join it and recover what an interrupted launch left running; returns how many trials that were.

    Workers elsewhere may have outlived the launch that began them, and continue with their trials. Raises BadInput when the
    study was begun under another definition.
    """
    study = await asyncio.to_thread(current_installation().study, campaign)
    alive = await subjects_alive(campaign) if placement.deploys_workers else frozenset()
    return await asyncio.to_thread(study.recover_interrupted, alive=alive)


@task(**EFFECT)
async def best_trials(campaign: str) -> tuple[TrialRecord, ...]:
    """The finalists: the best complete trials, production left out, as many as the configuration confirms."""
    return await asyncio.to_thread(search.best_trials, current_installation(), campaign)
