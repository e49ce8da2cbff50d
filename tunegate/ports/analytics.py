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
        """Raise BadInput where what is needed is not there, so that a campaign does not find out at its end; or Outage."""
        ...

    def export(self, campaign: CampaignRow, trials: Sequence[TrialRecord], verdicts: Sequence[VerdictRow]) -> None:
        """Have these trials and verdicts of a campaign in the tables, each once and as it is now.

        May be repeated, also after an end half-way. Raises Outage, and BadInput where a table or a permission is missing.
        """
        ...
