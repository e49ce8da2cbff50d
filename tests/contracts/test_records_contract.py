"""What every book of campaigns, store of verdicts and ledger does, whatever keeps it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import ClassVar

import pytest
from sqlalchemy import text

from tunegate.domain.periods import Period
from tunegate.gate.ledger import LedgerEntry
from tunegate.ports.campaign_store import CampaignRow, CampaignStatus
from tunegate.ports.records import LedgerMoved
from tunegate.ports.results import RecordConflict

NOON = datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64
ROW = CampaignRow(id="toy-1", region="toy", config={"search": {"trials": 40, "bound": 0.1}}, config_digest=DIGEST, started=NOON)


def question(number: int) -> str:
    return f"sha256:{number:064x}"


QUESTION = question(0)
ENTRY = LedgerEntry("toy", Period(date(2026, 5, 1), date(2026, 5, 14)), "toy-1", DIGEST, QUESTION, 0.05, NOON)


class TestRouteChecks:
    DOCUMENT: ClassVar[dict[str, object]] = {
        "format": 1,
        "verdict": DIGEST,
        "findings": {"result": {"kind": "passed"}, "share": 0.1},
    }

    def test_a_check_reads_back_under_its_verdict_and_keeping_it_again_changes_nothing(self, stores):
        kept = stores.route_checks.save(DIGEST, self.DOCUMENT, NOON)
        assert stores.route_checks.save(DIGEST, dict(reversed(self.DOCUMENT.items())), NOON + timedelta(hours=1)) == kept
        found = stores.route_checks.find(DIGEST)
        assert (found.id, found.verdict, found.at, found.document) == (kept, DIGEST, NOON, self.DOCUMENT)
        assert stores.route_checks.find("sha256:" + "b" * 64) is None

    def test_a_verdict_is_checked_once(self, stores):
        stores.route_checks.save(DIGEST, self.DOCUMENT, NOON)
        with pytest.raises(RecordConflict, match="checked once"):
            stores.route_checks.save(DIGEST, {**self.DOCUMENT, "format": 2}, NOON)
        assert stores.route_checks.find(DIGEST).document == self.DOCUMENT

    def test_a_check_that_was_changed_afterwards_is_never_read(self, stores):
        stores.route_checks.save(DIGEST, self.DOCUMENT, NOON)
        with stores.engine.begin() as connection:
            connection.execute(text("UPDATE route_checks SET document = REPLACE(document, 'passed', 'blocked')"))
        with pytest.raises(RecordConflict, match="digest it was kept under"):
            stores.route_checks.find(DIGEST)


class TestCampaigns:
    def test_a_campaign_reads_back_as_it_was_started(self, stores):
        assert stores.campaigns.start(ROW) == ROW
        assert stores.campaigns.find("toy-1") == ROW
        assert stores.campaigns.find("toy-2") is None

    def test_starting_again_keeps_the_first_start(self, stores):
        stores.campaigns.start(ROW)
        assert stores.campaigns.start(replace(ROW, started=NOON + timedelta(hours=1))) == ROW

    def test_times_in_other_zones_are_the_same_moment_and_times_without_zone_are_refused(self, stores):
        tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
        assert stores.campaigns.start(replace(ROW, started=tokyo)).started == NOON
        with pytest.raises(Exception, match="must have a zone"):
            stores.campaigns.start(replace(ROW, id="toy-2", started=NOON.replace(tzinfo=None)))

    @pytest.mark.parametrize("change", [{"config_digest": "sha256:" + "b" * 64}, {"region": "elsewhere"}])
    def test_another_config_or_region_under_the_same_id_is_refused(self, stores, change):
        stores.campaigns.start(ROW)
        with pytest.raises(RecordConflict, match="keep its region and configuration"):
            stores.campaigns.start(replace(ROW, **change))
        assert stores.campaigns.find("toy-1") == ROW

    def test_a_failed_campaign_is_taken_up_again_and_then_finishes(self, stores):
        stores.campaigns.start(ROW)
        stores.campaigns.finish("toy-1", CampaignStatus.FAILED, {"reason": "no luck"}, NOON + timedelta(hours=1))
        failed = stores.campaigns.find("toy-1")
        assert (failed.status, failed.outcome, failed.finished) == ("failed", {"reason": "no luck"}, NOON + timedelta(hours=1))
        assert stores.campaigns.start(ROW) == ROW
        stores.campaigns.finish("toy-1", CampaignStatus.FINISHED, {"verdict": "reject"}, NOON + timedelta(hours=2))
        assert stores.campaigns.find("toy-1").outcome == {"verdict": "reject"}

    def test_a_finished_campaign_stays_as_it_is(self, stores):
        stores.campaigns.start(ROW)
        finished_at = NOON + timedelta(hours=1)
        stores.campaigns.finish("toy-1", CampaignStatus.FINISHED, {"verdict": "reject"}, finished_at)
        stores.campaigns.finish("toy-1", CampaignStatus.FINISHED, {"verdict": "reject"}, NOON + timedelta(hours=9))
        for status, outcome in (
            (CampaignStatus.FINISHED, {"verdict": "promote"}),
            (CampaignStatus.FAILED, {"verdict": "reject"}),
        ):
            with pytest.raises(RecordConflict, match="keep its outcome"):
                stores.campaigns.finish("toy-1", status, outcome, NOON)
        kept = stores.campaigns.start(ROW)
        assert (kept.status, kept.finished) == (CampaignStatus.FINISHED, finished_at)

    def test_finishing_what_never_started_or_as_running_is_refused(self, stores):
        with pytest.raises(RecordConflict, match="must be started"):
            stores.campaigns.finish("toy-1", CampaignStatus.FINISHED, {}, NOON)
        with pytest.raises(ValueError, match="got RUNNING"):
            stores.campaigns.finish("toy-1", CampaignStatus.RUNNING, {}, NOON)

    def test_campaigns_of_a_region_come_newest_first(self, stores):
        for number in (1, 3, 2):
            stores.campaigns.start(replace(ROW, id=f"toy-{number}", started=NOON + timedelta(days=number)))
        stores.campaigns.start(replace(ROW, id="other", region="elsewhere"))
        assert [row.id for row in stores.campaigns.of_region("toy")] == ["toy-3", "toy-2", "toy-1"]
        assert [row.id for row in stores.campaigns.all()] == ["toy-3", "toy-2", "toy-1", "other"]

    def test_names_that_differ_only_in_case_are_different(self, stores):
        stores.campaigns.start(ROW)
        stores.campaigns.start(replace(ROW, id="TOY-1", region="Toy"))
        assert [row.id for row in stores.campaigns.of_region("toy")] == ["toy-1"]


class TestVerdicts:
    DOCUMENT: ClassVar = {"verdict": "promote", "delta": {"estimate_pct": 0.1 + 0.2}, "days": [1, 2, 3], "note": "渋谷"}

    def test_a_record_is_found_by_its_digest_and_by_its_beginning(self, stores):
        verdict_id = stores.verdicts.save("toy", "toy-1", self.DOCUMENT, NOON)
        digits = verdict_id.removeprefix("sha256:")
        for name in (verdict_id, digits, digits[:8], verdict_id[:15]):
            found = stores.verdicts.find(name)
            assert (found.id, found.document, found.region, found.campaign, found.at) == (
                verdict_id, self.DOCUMENT, "toy", "toy-1", NOON
            )  # fmt: skip

    def test_the_id_depends_on_the_content_alone(self, stores):
        first = stores.verdicts.save("toy", "toy-1", self.DOCUMENT, NOON)
        reordered = dict(reversed(self.DOCUMENT.items()))
        assert stores.verdicts.save("toy", "toy-1", reordered, NOON + timedelta(days=1)) == first
        assert stores.verdicts.save("toy", "toy-1", {**self.DOCUMENT, "days": [1, 2]}, NOON) != first
        assert stores.verdicts.find(first).at == NOON

    @pytest.mark.parametrize("name", ["", "abc", "sha256:", "%", "zzzzzzzz", "deadbeef"])
    def test_what_is_no_known_id_finds_nothing(self, stores, name):
        stores.verdicts.save("toy", "toy-1", self.DOCUMENT, NOON)
        assert stores.verdicts.find(name) is None

    def test_a_number_that_json_cannot_hold_is_refused(self, stores):
        with pytest.raises(ValueError, match="JSON compliant"):
            stores.verdicts.save("toy", "toy-1", {"delta": float("nan")}, NOON)

    def test_a_record_changed_behind_our_back_is_not_shown_as_evidence(self, stores):
        verdict_id = stores.verdicts.save("toy", "toy-1", {"verdict": "reject"}, NOON)
        with stores.engine.begin() as connection:
            connection.execute(text('UPDATE verdicts SET document = \'{"verdict":"promote"}\''))
        with pytest.raises(RecordConflict, match="changed after it was written"):
            stores.verdicts.find(verdict_id)
        with pytest.raises(RecordConflict, match="changed after it was written"):
            stores.verdicts.of_region("toy")

    def test_records_of_a_region_come_newest_first(self, stores):
        ids = [stores.verdicts.save("toy", "toy-1", {"n": n}, NOON + timedelta(days=n)) for n in range(3)]
        stores.verdicts.save("elsewhere", "x", {"n": 9}, NOON)
        assert [row.id for row in stores.verdicts.of_region("toy")] == ids[::-1]


class TestLedger:
    def test_entries_come_in_order_and_bit_for_bit(self, stores):
        entries = [replace(ENTRY, question_digest=question(number), alpha_spent=0.05 / 3 / (number + 1)) for number in range(3)]
        for number, entry in enumerate(entries):
            assert stores.ledger.append(entry, after=number) == entry
        assert stores.ledger.entries("toy") == tuple(entries)
        assert stores.ledger.entries("elsewhere") == ()

    @pytest.mark.parametrize("after", [0, 2, 7])
    def test_a_writer_who_did_not_see_every_entry_is_refused(self, stores, after):
        stores.ledger.append(ENTRY, after=0)
        with pytest.raises(LedgerMoved, match="exactly"):
            stores.ledger.append(replace(ENTRY, question_digest=question(2)), after=after)
        assert stores.ledger.entries("toy") == (ENTRY,)

    def test_asking_the_same_question_again_spends_nothing_more(self, stores):
        stores.ledger.append(ENTRY, after=0)
        later = replace(ENTRY, campaign="toy-2", alpha_spent=0.025, at=NOON + timedelta(days=1))
        assert stores.ledger.append(later, after=1) == ENTRY
        assert stores.ledger.append(later, after=0) == ENTRY
        assert stores.ledger.entries("toy") == (ENTRY,)

    def test_regions_count_apart(self, stores):
        stores.ledger.append(ENTRY, after=0)
        elsewhere = replace(ENTRY, region="elsewhere")
        assert stores.ledger.append(elsewhere, after=0) == elsewhere

    def test_of_campaigns_that_finish_at_once_each_gets_a_place_of_its_own(self, open_stores):
        opened = [open_stores() for _ in range(4)]

        def spend(number: int) -> int:
            ledger = opened[number % 4].ledger
            refused = 0
            while True:
                seen = len(ledger.entries("toy"))
                try:
                    ledger.append(replace(ENTRY, question_digest=question(number), alpha_spent=0.05 / (seen + 1)), after=seen)
                except LedgerMoved:
                    refused += 1
                    continue
                return refused

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(spend, range(16)))
        entries = opened[0].ledger.entries("toy")
        assert [entry.alpha_spent for entry in entries] == [0.05 / (place + 1) for place in range(16)]
