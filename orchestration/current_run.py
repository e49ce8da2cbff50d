"""The flow run that this process executes: its page, its name and its tags."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from prefect import get_client
from prefect.runtime import flow_run
from prefect.utilities.urls import url_for


def run_url() -> str | None:
    """The page of the current flow run, or None outside of one."""
    own_id = flow_run.get_id()
    return None if own_id is None else url_for("flow-run", obj_id=UUID(own_id))


def campaign_tags(campaign: str, region: str) -> tuple[str, str]:
    """The tags of every run that belongs to a campaign."""
    return f"campaign:{campaign}", f"region:{region}"


async def label_run(name: str | None = None, tags: Iterable[str] = ()) -> None:
    """Rename the current run, if a name is given, and add tags to it."""
    own_id = UUID(flow_run.get_id())
    async with get_client() as client:
        known = await client.read_flow_run(own_id)
        renamed: dict[str, Any] = {} if name is None else {"name": name}
        await client.update_flow_run(own_id, tags=sorted({*known.tags, *tags}), **renamed)


async def is_scheduled() -> bool:
    """Whether a schedule made the current run, and not a person."""
    async with get_client() as client:
        return bool((await client.read_flow_run(UUID(flow_run.get_id()))).auto_scheduled)


def attempt_key() -> str:
    """A key of the current attempt of the current run: a parent that runs again creates new children."""
    return f"{flow_run.get_id()}-{flow_run.get_run_count()}"
