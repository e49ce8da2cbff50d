"""Bringing an earlier version back."""

from __future__ import annotations

import asyncio

from prefect import State, task
from prefect.states import Completed

from orchestration.idempotency import first_said
from orchestration.notifications import tell, this_run_url
from orchestration.task_options import EFFECT
from tunegate import wiring
from tunegate.domain.releases import Release
from tunegate.report.messages.notices import RolledBack


@task(**EFFECT)
async def restore(region: str, to: int | None, by: str, why: str) -> Release:
    """Bring a version back. Safe to repeat: a run that is taken up again goes back once, to what it named first.

    Raises BadInput, ReleaseLost and PublishingFailed.
    """
    current = await asyncio.to_thread(wiring.stores().registry.current, region)
    found = None if current is None else current.version
    before, first = await first_said("rolled-back-from", found)
    return await asyncio.to_thread(_restore, region, to, by, why, None if first else before)


def _restore(region: str, to: int | None, by: str, why: str, from_before: int | None) -> Release:
    """`from_before` is the version that ran when this run began, None when it begins now."""
    if from_before is not None:
        history = wiring.stores().registry.history(region)
        done = next((release for release in history if release.version == from_before + 1), None)
        if done is not None and done.restores is not None and (done.approver, done.reason) == (by.strip(), why.strip()):
            wiring.release_service().reconcile(region)
            return done
    return wiring.release_service().rollback(region, to, by, why)


async def tell_restored(release: Release) -> None:
    """Tell people what runs again."""
    restores = release.content
    await tell(RolledBack(release.region, release.version, restores, release.approver, release.reason, this_run_url()))


def restored_state(release: Release) -> State[None]:
    """How the run ends."""
    words = f"{release.region} runs version {release.version}, which restores version {release.content}"
    return Completed(name="RolledBack", message=words)
