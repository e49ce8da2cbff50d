"""Analytics of an installation that has none: what analysts would look for is in its database and its studies."""

from __future__ import annotations

from collections.abc import Sequence

from tunegate.domain.trials import TrialRecord
from tunegate.ports.campaign_store import CampaignRow
from tunegate.ports.records import VerdictRow


class NoAnalytics:
    """Implements the port `Analytics` by keeping nothing."""

    def check(self) -> None:
        """See the port."""

    def export(self, campaign: CampaignRow, trials: Sequence[TrialRecord], verdicts: Sequence[VerdictRow]) -> None:
        """See the port."""
