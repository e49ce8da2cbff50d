"""The store of campaigns: one row for each retune of a region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class CampaignStatus(StrEnum):
    """The status of a campaign. A killed campaign stays RUNNING until it is resumed."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign. Documents are plain JSON values; times are in UTC; `outcome` is there once it is FINISHED or FAILED."""

    id: str
    region: str
    config: Mapping[str, object]
    config_digest: str
    started: datetime
    status: CampaignStatus = CampaignStatus.RUNNING
    finished: datetime | None = None
    outcome: Mapping[str, object] | None = None


class CampaignStore(Protocol):
    """Campaigns by id. Every method may block for a database and may be called from any thread."""

    def start(self, row: CampaignRow) -> CampaignRow:
        """Store a campaign, or resume a RUNNING or FAILED one (its first start time stays); returns the stored row.

        A FINISHED campaign is returned as it is. Raises RecordConflict when the id is kept with another region or config.
        """
        ...

    def finish(self, campaign: str, status: CampaignStatus, outcome: Mapping[str, object], at: datetime) -> None:
        """Close a campaign as FINISHED or FAILED. Repeating the same call changes nothing.

        Raises RecordConflict when the campaign is unknown, or already FINISHED otherwise.
        """
        ...

    def find(self, campaign: str) -> CampaignRow | None:
        """The campaign, or None."""
        ...

    def all(self) -> tuple[CampaignRow, ...]:
        """Every campaign of every region, newest start first."""
        ...

    def of_region(self, region: str) -> tuple[CampaignRow, ...]:
        """Every campaign of a region, newest start first."""
        ...
