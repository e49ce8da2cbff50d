"""A whole campaign whose day results live in BigQuery and whose reports and parameters live in a bucket.

Real processes and the real clients; BigQuery goes away for ten seconds in the middle.
"""

from __future__ import annotations

import json
import threading
import time

import pytest

from tests.flows.conftest import Installation
from tests.services.bigquery import BigQueryService
from tests.services.gcs import GcsService

pytestmark = pytest.mark.slow

OUTAGE_S = 10.0
WEB = "https://storage.cloud.google.com/production/"
_TWICE = "SELECT phase, subject, forecast, day, seed FROM results.day_results GROUP BY ALL HAVING count(*) > 1"
_SIMULATED = """
    SELECT number, state, simulated_days, (SELECT count(*) FROM results.day_results AS d
        WHERE d.campaign = t.campaign AND d.phase = 'search' AND d.subject = format('trial-{:04d}', t.number))
    FROM results.trials AS t ORDER BY number
"""


@pytest.fixture
def in_the_cloud(bigquery: BigQueryService, gcs: GcsService, installation: Installation) -> Installation:
    installation.environment |= {
        "BIGQUERY_EMULATOR_HOST": bigquery.url,
        "STORAGE_EMULATOR_HOST": gcs.url,
        "TUNEGATE_RESULTS_URL": "bigquery://acme-tunegate/results",
        "TUNEGATE_PUBLISH_URL": "gs://production/parameters",
        "TUNEGATE_REPORTS_URL": "gs://production/reports",
    }
    return installation


def go_away_in_the_middle(bigquery: BigQueryService) -> None:
    """Wait for some days to be kept, lose some answers, and then be away."""
    deadline = time.monotonic() + 200
    while len(bigquery.jobs_of("INSERT")) < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    bigquery.rest.lose_answers("POST", "/jobs", times=3)
    bigquery.rest.away_for(OUTAGE_S)


def test_a_campaign_survives_bigquery_being_away_and_loses_and_doubles_nothing(in_the_cloud, bigquery, gcs):
    threading.Thread(target=go_away_in_the_middle, args=(bigquery,), daemon=True).start()
    ran = in_the_cloud.retune(release={"approvers": ["ada"], "four_eyes": False})
    outcome = ran.outcome
    assert (outcome["verdict"], outcome["trials"]["complete"]) == ("promote", 8), ran.stderr
    assert (bigquery.rest.turned_away > 3, bigquery.rest.lost) == (True, 3)

    assert bigquery.select(_TWICE) == []
    trials = bigquery.select(_SIMULATED)
    assert len(trials) == sum(outcome["trials"].values())
    assert all(days == kept == 2 for _, state, days, kept in trials if state == "complete"), trials
    of_gate = bigquery.select("SELECT subject, count(*) FROM results.day_results WHERE phase = 'gate' GROUP BY 1 ORDER BY 2")
    assert [count for _, count in of_gate] == [1, 16, 16, 16, 16], "self-check; two arms, two forecasts: eight days, two seeds"
    ((verdict,),) = bigquery.select("SELECT id FROM results.verdicts")
    assert in_the_cloud.run("verdict", "replay", verdict).code == 0

    campaign = outcome["campaign"]
    assert outcome["report"] == f"{WEB}reports/{campaign}.html"
    assert b"<html" in gcs.content("production", f"reports/{campaign}.html")
    assert outcome["report"].encode() in gcs.content("production", "reports/index.html")

    approved = in_the_cloud.run("approve", verdict, "--approver", "ada", "--reason", "better on every day")
    assert approved.code == 0, approved.stderr
    assert "production reads gs://production/parameters/toyville.json" in approved.stdout
    published = json.loads(gcs.content("production", "parameters/toyville.json"))
    assert (published["version"], published["parameters"]) == (2, outcome["candidate"])
    assert not (in_the_cloud.home / "published").exists()
    assert not (in_the_cloud.home / "reports").exists()


def test_a_campaign_that_failed_shows_analysts_its_trials_and_a_missing_table_is_told_before_one_begins(in_the_cloud, bigquery):
    failed = in_the_cloud.retune("--fail-share", "1.0", search__failure_budget=2, search__attempts_per_trial=1)
    assert failed.code == 1, failed.stderr
    states = {state for (state,) in bigquery.select("SELECT state FROM results.trials")}
    assert "failed" in states
    bigquery.tables.pop(("results", "trials"))
    refused = in_the_cloud.retune()
    assert (refused.code, refused.stdout) == (2, "")
    assert "bigquery://acme-tunegate/results: dataset and tables must exist, but got 404" in refused.stderr
