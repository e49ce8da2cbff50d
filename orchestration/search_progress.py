"""The progress of a search in the UI: two artifacts of its run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
from prefect import get_client
from prefect.artifacts import acreate_markdown_artifact, acreate_progress_artifact
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.logging import get_run_logger

from orchestration.installation_context import current_installation
from orchestration.repeating import repeating
from orchestration.task_options import artifact_key
from tunegate.ports.study import Study
from tunegate.report.messages.artifacts import search_markdown, share_done_pct

REFRESH_EVERY_S = 3.0


@asynccontextmanager
async def search_shown(campaign: str) -> AsyncIterator[None]:
    """Keep the current run's artifacts of the search up to date inside `async with`, and once more at its end."""
    installation = current_installation()
    budget = installation.plan(campaign).config.search.trials
    shown = _SearchArtifacts(campaign, budget, await asyncio.to_thread(installation.study, campaign))
    try:
        async with repeating(shown.refresh, REFRESH_EVERY_S):
            yield
    finally:
        await shown.refresh()


class _SearchArtifacts:
    """The two artifacts of one search; made at the first refresh, and written only when something changed."""

    def __init__(self, campaign: str, budget: int, study: Study) -> None:
        self._campaign = campaign
        self._budget = budget
        self._study = study
        self._text = ""
        self._artifacts: tuple[UUID, UUID] | None = None

    async def refresh(self) -> None:
        """Show the trials as they are now; a server that does not answer is a warning in the log."""
        trials = await asyncio.to_thread(self._study.trials)
        text, share = search_markdown(trials, self._budget), share_done_pct(trials, self._budget)
        if text == self._text:
            return
        try:
            await self._write(text, share)
        except httpx.HTTPError as error:
            get_run_logger().warning("progress could not be shown: %s", type(error).__name__)
        else:
            self._text = text

    async def _write(self, text: str, share: float) -> None:
        if self._artifacts is None:
            key, about = artifact_key(self._campaign), f"Search of {self._campaign}"
            bar = await acreate_progress_artifact(share, key=f"progress-{key}", description=about)
            self._artifacts = bar, await acreate_markdown_artifact(text, key=f"search-{key}", description=about)
            return
        async with get_client() as client:
            for artifact, data in zip(self._artifacts, (share, text), strict=True):
                await client.update_artifact(artifact, ArtifactUpdate(data=data))
