"""One campaign of a region at a time, on all machines: the lease behind the lock, and whether a scheduled campaign is due."""

from __future__ import annotations

from datetime import datetime

from tunegate.application.campaigns import campaign_name
from tunegate.config.due import reason_to_skip
from tunegate.config.plan import CampaignPlan
from tunegate.config.start import newest_finished
from tunegate.domain.errors import Fault, RegionBusy
from tunegate.installation import Installation


def region_lease(region: str) -> str:
    """The lease that a campaign of the region holds while it runs, on whatever machine."""
    return f"region:{region}"


def refuse_if_elsewhere(installation: Installation, region: str) -> None:
    """Raise RegionBusy when a campaign of the region runs on another machine."""
    holder = installation.leases.holder(region_lease(region))
    if holder not in {None, installation.lease_holder}:
        rule, remedy = "one campaign of a region may run at a time", "Wait for it to end, or stop it."
        raise RegionBusy(Fault(rule, f"one of {region} that is running on {holder}", region_lease(region), remedy))


def reason_not_due(installation: Installation, draft: CampaignPlan, due: datetime) -> str | None:
    """Why a scheduled campaign would find nothing that counts; None when it is worth beginning, or has begun already."""
    if installation.campaigns.find(campaign_name(draft.region, due)) is not None:
        return None  # The same run began it before it was taken up again.
    last, used = newest_finished(installation.campaigns, draft.region), installation.ledger.entries(draft.region)
    return reason_to_skip(draft, last, used, installation.clock.now().date())
