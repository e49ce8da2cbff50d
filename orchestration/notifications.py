"""Bringing notices to people. A notice is news and never a step of the work: whatever befalls it, nothing else fails."""

from __future__ import annotations

import asyncio
import logging
from uuid import UUID

import httpx
from prefect.blocks.abstract import NotificationError
from prefect.logging import get_logger, get_run_logger
from prefect.runtime import flow_run
from prefect.utilities.urls import url_for

from tunegate import wiring
from tunegate.report.messages.notices import Notice, slack_text

LONGEST_WAIT_S = 10.0

Logger = logging.Logger | logging.LoggerAdapter[logging.Logger]


async def tell(notice: Notice) -> bool:
    """Send a notice through the installation's Slack block; returns whether it arrived. Without a block it is only logged.

    Takes LONGEST_WAIT_S at most, and never raises for a Slack that is dead, slow or not set up: that is a warning in the log.
    """
    text, logger = slack_text(notice), _logger()
    logger.info("%s", text)
    block = wiring.workspace().slack_block
    if block is None:
        return False
    try:
        async with asyncio.timeout(LONGEST_WAIT_S):
            await _send(block, text)
    except (OSError, TimeoutError, ImportError, ValueError, NotificationError, httpx.HTTPError) as error:
        logger.warning("a notice could not be sent through the Slack block %s: %s", block, _what_hindered(error))
        return False
    return True


async def _send(block: str, text: str) -> None:
    from aiohttp import ClientError  # noqa: PLC0415 - as below
    from prefect_slack import SlackWebhook  # noqa: PLC0415 - one machine does without the team's packages

    webhook = await SlackWebhook.aload(block)
    try:
        await webhook.notify_async(text)
    except ClientError as error:
        raise ConnectionError(type(error).__name__) from None


def _what_hindered(error: Exception) -> str:
    """In our own words: the error's may hold the webhook's address, and that is its password."""
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


def this_run_url() -> str | None:
    """The page of the current flow run, or None outside of one."""
    own_id = flow_run.get_id()
    return None if own_id is None else url_for("flow-run", obj_id=UUID(own_id))
