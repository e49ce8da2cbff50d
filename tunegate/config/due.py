"""Whether a scheduled campaign should begin, with the reason for people when it should not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from tunegate.config.plan import CampaignPlan
from tunegate.domain.canonical import content_digest
from tunegate.gate.ledger import LedgerEntry, LedgerQuestion, LevelSpent, allowance
from tunegate.ports.campaign_store import CampaignRow

# Stands for whatever candidate the campaign would find: no verdict in the ledger can have been on it.
_NOBODY_KNOWS = content_digest("a candidate that is still to be found")


def reason_to_skip(
    plan: CampaignPlan, last_finished: CampaignRow | None, used: Sequence[LedgerEntry], today: date
) -> str | None:
    """Why a campaign of this plan would find nothing that counts today, None when it is worth beginning.

    `last_finished` is the region's newest campaign that finished, `used` the region's ledger of test days, oldest first.
    """
    test, newest = plan.periods.test, plan.city_facts.last_day
    age_days = (today - test.last).days
    if last_finished is not None:
        before = CampaignPlan.from_document(last_finished.id, last_finished.config).periods.test.last
        if test.last <= before:
            return (
                f"no new day: data reach {newest}, the test period ends on {test.last}, and {last_finished.id} was judged "
                f"on days up to {before}"
            )
    most_days = plan.config.gate.maximum_test_age_days
    if age_days > most_days:
        limit = f"gate.maximum_test_age_days is {most_days}"
        return f"data too old: the test period ends on {test.last}, {age_days} days ago, and {limit}"
    allowed = allowance(used, LedgerQuestion(plan.region, test, _NOBODY_KNOWS), plan.config.gate.ledger_policy)
    return f"test period spent: {allowed.reason}" if isinstance(allowed, LevelSpent) else None
