"""The book of campaigns: one row for each retune of a region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class CampaignStatus(StrEnum):
    """How far a campaign got. A killed campaign stays RUNNING until it is resumed: nobody was left to say otherwise."""

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
        """Enter a campaign, or take a RUNNING or FAILED one up again (its first start stays); returns the row as kept.

        A FINISHED campaign is returned as it is. Raises RecordConflict when the id is kept with another region or config.
        """
        ...

    def finish(self, campaign: str, status: CampaignStatus, outcome: Mapping[str, object], at: datetime) -> None:
        """Close a campaign as FINISHED or FAILED. Saying the same outcome again changes nothing.

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
