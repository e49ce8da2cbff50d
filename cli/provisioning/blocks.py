"""Blocks of the Prefect server. Secrets in them are compared and written, and never shown."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from prefect import get_client
from prefect.blocks.core import Block
from prefect.exceptions import ObjectNotFound

from tunegate.config.locations import Bucket
from tunegate.domain.errors import BadInput, Fault

RESULT_BLOCK = "tunegate-results"
SLACK_BLOCK = "tunegate-slack"
SLACK_TYPE = "slack-incoming-webhook"  # of prefect_slack.SlackWebhook
_TEAM = "Install the team's packages: pip install 'tunegate[team]'."


async def ensure_slack(name: str, url: str) -> str:
    """Create or update a SlackWebhook block; returns what was done, without the address."""
    try:
        from prefect_slack import SlackWebhook  # noqa: PLC0415 - one machine does without the team's packages
    except ImportError:
        raise BadInput(Fault("prefect-slack must be installed", "it is not", "this Python", _TEAM)) from None
    return await _ensure(name, SlackWebhook(url=url))


async def slack_block_id(name: str) -> UUID | None:
    """The id of the Slack block of this name; None when the server has none."""
    async with get_client() as client:
        try:
            return (await client.read_block_document_by_name(name, SLACK_TYPE)).id
        except ObjectNotFound:
            return None


async def ensure_result_storage(bucket: Bucket) -> str:
    """Create or update the GcsBucket block for results of runs. It stores no credentials: each process uses its own."""
    try:
        from prefect_gcp import GcpCredentials, GcsBucket  # noqa: PLC0415 - as above
    except ImportError:
        raise BadInput(Fault("prefect-gcp must be installed", "it is not", "this Python", _TEAM)) from None
    block = GcsBucket(bucket=bucket.name, bucket_folder=bucket.prefix, gcp_credentials=GcpCredentials())
    return await _ensure(RESULT_BLOCK, block)


async def _ensure(name: str, wanted: Block) -> str:
    slug = f"{wanted.get_block_type_slug()}/{name}"
    try:
        there: Block = await type(wanted).aload(name)
    except ValueError:  # there is no such block
        await wanted.asave(name)
        return f"block {slug}: made"
    if _content(there) == _content(wanted):
        return f"block {slug}: as it should be"
    await wanted.asave(name, overwrite=True)
    return f"block {slug}: changed"


def _content(block: Block) -> dict[str, Any]:
    """The fields of a block, without its ids. Secrets compare by value and print as stars."""
    values = {name: getattr(block, name) for name in type(block).model_fields}
    return {name: _content(value) if isinstance(value, Block) else value for name, value in values.items()}
