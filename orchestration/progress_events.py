"""Announcing the progress of a campaign to listeners in this process."""

from __future__ import annotations

from orchestration.installation_context import current_installation
from tunegate.report.terminal.progress import CampaignPhase, PhaseStarted


def announce_phase(campaign: str, phase: CampaignPhase) -> None:
    """Announce that a part of the campaign begins."""
    current_installation().progress.announce(campaign, PhaseStarted(phase))
