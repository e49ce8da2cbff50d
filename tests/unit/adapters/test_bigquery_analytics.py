"""Trials and verdicts of a campaign in the analysts' tables: each once and as it is now, however often it is exported."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.release.conftest import record
from tunegate.adapters.google import bigquery_analytics
from tunegate.adapters.google.bigquery_analytics import BigQueryAnalytics
from tunegate.adapters.google.bigquery_dataset import BigQueryDataset
from tunegate.domain.canonical import content_digest
from tunegate.domain.errors import BadInput, FailureClass
from tunegate.domain.parameters import Parameters
from tunegate.domain.trials import TrialRecord, TrialState, TrialTimes
from tunegate.ports.campaign_store import CampaignRow
from tunegate.ports.records import VerdictRow

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
CAMPAIGN = CampaignRow("toy-20260601-120000", "toy", {}, "sha256:0", NOON)
DONE = TrialRecord(
    number=0,
    proposal=0,
    attempt=1,
    state=TrialState.COMPLETE,
    parameters=Parameters({"gamma": 0.1 + 0.2}),
    worker="worker-1",
    revenue_minor_per_day=1e6 / 3,
    value_pct=0.0,
    simulated_days=4,
    simulation_s=1.5,
    started_at=NOON,
    finished_at=NOON + timedelta(microseconds=1),
    times=TrialTimes(queue_s=0.125, start_s=2.5, simulate_s=1.5, store_s=0.25, tell_s=0.0625),
)
FAILED = replace(
    DONE, number=1, state=TrialState.FAILED, times=None, revenue_minor_per_day=None, value_pct=None, reason="hung",
    finished_at=None, failure_class=FailureClass.TRANSIENT,
)  # fmt: skip


def analytics() -> BigQueryAnalytics:
    return BigQueryAnalytics(BigQueryDataset("acme-tunegate", "results", retry_for_s=20))


def verdict() -> VerdictRow:
    kept = record()
    return VerdictRow(kept.id, "toy", CAMPAIGN.id, NOON, kept.document)


def test_every_column_says_what_the_trial_and_the_verdict_say(bigquery):
    analytics().export(CAMPAIGN, [DONE, FAILED], [verdict()])
    assert bigquery.select(
        "SELECT number, state, parameters, revenue_minor_per_day, value_pct, reason, failure_class, finished_at "
        "FROM results.trials ORDER BY number"
    ) == [
        (0, "complete", '{"gamma":0.30000000000000004}', 1e6 / 3, 0.0, None, None, DONE.finished_at),
        (1, "failed", '{"gamma":0.30000000000000004}', None, None, "hung", "transient", None),
    ]
    assert bigquery.select("SELECT queue_s, start_s, simulation_s, store_s, tell_s FROM results.trials ORDER BY number") == [
        (0.125, 2.5, 1.5, 0.25, 0.0625),
        (None, None, 1.5, None, None),
    ]
    kept = bigquery.select("SELECT id, region, campaign, judged_at, verdict, production_digest, document FROM results.verdicts")
    document = verdict().document
    assert kept[0][:-1] == (verdict().id, "toy", CAMPAIGN.id, NOON, "promote", document["parameter_digests"]["production"])
    assert content_digest(json.loads(kept[0][-1])) == verdict().id


def test_exporting_again_writes_nothing_and_a_change_replaces_its_row(bigquery):
    for trials in ([DONE, FAILED], [DONE, FAILED], [DONE, replace(FAILED, reason="died")], [DONE, FAILED]):
        analytics().export(CAMPAIGN, trials, [verdict()])
        assert bigquery.select("SELECT reason FROM results.trials ORDER BY number") == [(None,), (trials[1].reason,)]
    assert len(bigquery.jobs_of("MERGE")) == 4, "two of the trials as they were first, changed and back; one of the verdict"
    assert bigquery.select("SELECT count(*) FROM results.verdicts") == [(1,)]


def test_campaigns_do_not_touch_each_other(bigquery):
    other = replace(CAMPAIGN, id="toy-20260602-120000")
    for campaign in (CAMPAIGN, other):
        analytics().export(campaign, [DONE], [])
    assert bigquery.select("SELECT campaign FROM results.trials ORDER BY 1") == [(CAMPAIGN.id,), (other.id,)]


def test_exports_that_meet_or_whose_answers_get_lost_write_each_row_once(bigquery):
    bigquery.rest.lose_answers("POST", "/jobs", times=2)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: analytics().export(CAMPAIGN, [DONE, FAILED], [verdict()]), range(4)))
    assert bigquery.select("SELECT (SELECT count(*) FROM results.trials), (SELECT count(*) FROM results.verdicts)") == [(2, 1)]


def test_a_study_of_many_trials_goes_in_parts(bigquery, monkeypatch):
    monkeypatch.setattr(bigquery_analytics, "MOST_ROWS_A_STATEMENT", 10)
    analytics().export(CAMPAIGN, [replace(DONE, number=number) for number in range(25)], [])
    assert bigquery.select("SELECT count(DISTINCT number), count(*) FROM results.trials") == [(25, 25)]
    assert len(bigquery.jobs_of("MERGE")) == 3


def test_a_campaign_without_trials_exports_nothing(bigquery):
    analytics().export(CAMPAIGN, [], [])
    assert bigquery.jobs == {}


def test_what_is_missing_is_told_before_a_campaign_begins(bigquery):
    analytics().check()
    bigquery.tables.pop(("results", "verdicts"))
    with pytest.raises(BadInput, match=r"dataset and tables must exist, but got 404 .*verdicts"):
        analytics().check()
