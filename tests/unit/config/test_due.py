"""A scheduled campaign begins when it can find something that counts, and else says why not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.config.test_study_definition import CITY, TOY
from tunegate.config.due import reason_to_skip
from tunegate.config.loading import load_region
from tunegate.config.plan import CampaignPlan
from tunegate.domain.periods import Period
from tunegate.gate.ledger import LedgerEntry
from tunegate.ports.campaign_store import CampaignRow, CampaignStatus

NOON = datetime(2024, 4, 1, 12, 0, tzinfo=UTC)
RELATIVE = "periods={newest_complete_day: %s, history_days: 5, tuning_days: 2, validation_days: 2, test_days: 7}"


def plan_until(region_file: Path, newest: str) -> CampaignPlan:
    return CampaignPlan.of("toyville-2", load_region(region_file, (RELATIVE % newest,)), "toyville", TOY)


@pytest.fixture
def plan(region_file: Path) -> CampaignPlan:
    return plan_until(region_file, "auto")


def finished(plan: CampaignPlan) -> CampaignRow:
    return CampaignRow(
        "toyville-1", "toyville", plan.as_document(), plan.config.digest, NOON, CampaignStatus.FINISHED, NOON, {}
    )


def used(region: str, test: Period) -> LedgerEntry:
    return LedgerEntry(region, test, "toyville-1", "sha256:1", "sha256:2", 0.025, NOON)


def test_a_region_that_was_never_tuned_is_due(plan: CampaignPlan):
    assert reason_to_skip(plan, None, (), date(2024, 4, 1)) is None


def test_it_is_due_again_once_there_is_a_new_day(region_file: Path, plan: CampaignPlan):
    earlier, same = plan_until(region_file, "2024-03-30"), plan
    assert reason_to_skip(plan, finished(earlier), (), date(2024, 4, 1)) is None
    reason = reason_to_skip(plan, finished(same), (), date(2024, 4, 1))
    no_new_day = "no new day: data reach 2024-03-31, the test period ends on 2024-03-31"
    assert reason == f"{no_new_day}, and toyville-1 was judged on days up to 2024-03-31"


@pytest.mark.parametrize(("age_days", "skipped"), [(30, False), (31, True)])
def test_data_that_the_gate_would_call_too_old_are_not_waited_for(plan: CampaignPlan, age_days: int, skipped: bool):
    reason = reason_to_skip(plan, None, (), CITY.last_day + timedelta(days=age_days))
    assert (reason is not None) == skipped
    assert not skipped or reason.startswith("data too old: the test period ends on 2024-03-31, 31 days ago")


def test_test_days_whose_level_is_spent_are_not_looked_at(plan: CampaignPlan):
    test = plan.periods.test
    twice = (used("toyville", test), used("toyville", Period(test.last, test.last)))
    reason = reason_to_skip(plan, None, twice, date(2024, 4, 1))
    assert reason is not None
    assert reason.startswith("test period spent: 2 verdicts (toyville-1, toyville-1)")
    assert reason_to_skip(plan, None, twice[:1], date(2024, 4, 1)) is None
    elsewhere = (used("elsewhere", test), used("elsewhere", test))
    assert reason_to_skip(plan, None, elsewhere, date(2024, 4, 1)) is None
