"""Bringing an earlier version back."""

from __future__ import annotations

import asyncio

from prefect import task

from orchestration.idempotency import record_once
from orchestration.installation_context import current_installation
from orchestration.task_options import EFFECT
from tunegate.application.releases import restore_version
from tunegate.domain.releases import Release


@task(**EFFECT)
async def restore(region: str, to: int | None, approver: str, reason: str) -> Release:
    """Bring a version back. Safe to repeat: a run that is executed again restores once, the version it named first.

    Raises BadInput, ReleaseLost and PublishingFailed.
    """
    installation = current_installation()
    current = await asyncio.to_thread(installation.registry.current, region)
    before, first = await record_once("rolled-back-from", None if current is None else current.version)
    asked = (approver, reason)
    return await asyncio.to_thread(restore_version, installation, region, to, asked, began_from=None if first else before)
