"""How a search goes, beside its run: two artifacts that are kept up to date. They are news, and nothing waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import httpx
from prefect import get_client
from prefect.artifacts import acreate_markdown_artifact, acreate_progress_artifact
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.logging import get_run_logger

from orchestration.task_options import artifact_key
from tunegate import wiring
from tunegate.report.messages.artifacts import search_markdown, share_done_pct

LOOK_EVERY_S = 3.0


@asynccontextmanager
async def search_shown(campaign: str) -> AsyncIterator[None]:
    """Keep the current run's artifacts of the search up to date inside `async with`, and once more at its end."""
    shown = _Shown(campaign)
    watching = asyncio.create_task(_keep_up(shown))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await shown.refresh()


async def _keep_up(shown: _Shown) -> None:
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        await shown.refresh()


class _Shown:
    """The two artifacts of one search; made at the first refresh, and changed only when there is something new."""

    def __init__(self, campaign: str) -> None:
        self._campaign = campaign
        self._budget = wiring.plan(campaign).config.search.trials
        self._text = ""
        self._artifacts: tuple[UUID, UUID] | None = None

    async def refresh(self) -> None:
        """Show how the search stands; a server that does not answer is a warning in the log."""
        trials = await asyncio.to_thread(wiring.study(self._campaign).trials)
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
