"""Trials and verdicts where analysts look for them. Copies: the study and the records of verdicts stay the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tunegate.domain.trials import TrialRecord
from tunegate.ports.campaign_store import CampaignRow
from tunegate.ports.records import VerdictRow


class Analytics(Protocol):
    """Tables of trials and verdicts. Every method may block for a service and may be called from any thread."""

    def check(self) -> None:
        """Check tables and permissions before a campaign begins. Raises BadInput where one is missing, or Outage."""
        ...

    def export(self, campaign: CampaignRow, trials: Sequence[TrialRecord], verdicts: Sequence[VerdictRow]) -> None:
        """Write the current trials and verdicts of a campaign to the tables, each once.

        Safe to repeat, also after an interruption. Raises Outage, and BadInput where a table or a permission is missing.
        """
        ...
