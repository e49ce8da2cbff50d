"""Notices to people through Slack. A notice is not part of the work: if it cannot be sent, nothing else fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from prefect.blocks.abstract import NotificationError
from prefect.logging import get_logger, get_run_logger
from prefect.runtime import flow_run

from orchestration.current_run import run_url
from orchestration.installation_context import current_installation
from tunegate.domain.errors import BadInput
from tunegate.report.messages.notices import CampaignFailed, Notice, slack_text

LONGEST_WAIT_S = 10.0

Logger = logging.Logger | logging.LoggerAdapter[logging.Logger]


async def send(notice: Notice) -> bool:
    """Send a notice through the installation's Slack block; returns whether it arrived. Without a block it is only logged.

    Takes LONGEST_WAIT_S at most. A Slack that is down, slow or not set up is a warning in the log.
    """
    text, logger = slack_text(notice), _logger()
    logger.info("%s", text)
    block = current_installation().workspace.slack_block
    if block is None:
        return False
    try:
        async with asyncio.timeout(LONGEST_WAIT_S):
            await _post(block, text)
    except (OSError, TimeoutError, ImportError, ValueError, NotificationError, httpx.HTTPError) as error:
        logger.warning("a notice could not be sent through the Slack block %s: %s", block, _cause(error))
        return False
    return True


async def _post(block: str, text: str) -> None:
    from aiohttp import ClientError  # noqa: PLC0415 - as below
    from prefect_slack import SlackWebhook  # noqa: PLC0415 - one machine does without the team's packages

    webhook = await SlackWebhook.aload(block)
    try:
        await webhook.notify_async(text)
    except ClientError as error:
        raise ConnectionError(type(error).__name__) from None


def _cause(error: Exception) -> str:
    """The cause without the error's own text, which may hold the address of the webhook, and that is its password."""
    match error:
        case ImportError():
            return "prefect-slack is not installed here"
        case TimeoutError():
            return f"no answer within {LONGEST_WAIT_S:g} s"
        case NotificationError():
            return "Slack refused it"
        case ValueError():
            return "the server has no block of this name of the kind Slack Incoming Webhook"
        case _:
            return type(error).__name__


def _logger() -> Logger:
    """The run's own log inside a run, where people look for it."""
    return get_logger("tunegate.notices") if flow_run.get_id() is None else get_run_logger()


@asynccontextmanager
async def notify_not_begun(config: Path, unless: type[BadInput] | tuple[()] = ()) -> AsyncIterator[None]:
    """Notify people of a fault, `unless` of that kind, that keeps a campaign of this region file from beginning."""
    try:
        yield
    except BadInput as error:
        if not isinstance(error, unless):
            await send(CampaignFailed(config.stem, "none was begun", type(error).__name__, str(error.faults[0]), run_url()))
        raise
