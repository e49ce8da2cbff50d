"""Analytics of an installation without a data warehouse: its database and its studies hold the same facts."""

from __future__ import annotations

from collections.abc import Sequence

from tunegate.domain.trials import TrialRecord
from tunegate.ports.campaign_store import CampaignRow
from tunegate.ports.records import VerdictRow


class NoAnalytics:
    """Implements the port `Analytics` by storing nothing."""

    def check(self) -> None:
        pass

    def export(self, campaign: CampaignRow, trials: Sequence[TrialRecord], verdicts: Sequence[VerdictRow]) -> None:
        pass
