"""Telling whoever listens how a campaign goes. Nobody needs to listen, and nothing waits for it."""

from __future__ import annotations

import asyncio

from tunegate import wiring
from tunegate.domain.days import DayResult
from tunegate.ports.simulator import OnDay
from tunegate.report.terminal.progress import CampaignPhase, DaysSimulated, PhaseStarted, TrialsSeen


def announce_phase(campaign: str, phase: CampaignPhase) -> None:
    """A part of the campaign begins."""
    wiring.announce(campaign, PhaseStarted(phase))


async def announce_trials(campaign: str) -> None:
    """How the trials stand now. Reads the study only when somebody listens."""
    if wiring.has_listeners(campaign):
        trials = await asyncio.to_thread(wiring.study(campaign).trials)
        wiring.announce(campaign, TrialsSeen(trials))


def day_announcer(campaign: str) -> OnDay:
    """What a simulator calls for each day it has simulated."""

    def announce_day(_day: DayResult) -> None:
        wiring.announce(campaign, DaysSimulated())

    return announce_day
