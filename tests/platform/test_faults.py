"""What dies on the way to a verdict.

After each fault exactly the budgeted trials are complete, no day result is missing or there twice, and the campaign ends with a
verdict: `Campaigns.finished` holds all of it.
"""

from __future__ import annotations

import time

import pytest

from tests.platform.campaigns import Campaigns
from tests.platform.stack import Platform

# The platform itself takes a minute to start on a busy machine, and belongs to the first test.
pytestmark = [pytest.mark.platform, pytest.mark.timeout(1800)]
OUTAGE_S = 10.0
NOTICES = 2
SLOW_DAYS = ("--day-s", "0.3")


def test_a_killed_worker_is_replaced_and_its_trial_simulated_again(campaigns: Campaigns, platform: Platform) -> None:
    run = campaigns.start("workers", *SLOW_DAYS, workers=2)
    campaigns.wait_for_trials(2)
    platform.cluster.signal(campaigns.wait_for_pod("tuning").name)
    campaigns.finished(run)


def test_killed_evicted_and_cancelled_simulations_are_made_again(campaigns: Campaigns, platform: Platform) -> None:
    run = campaigns.start("pod", "--day-s", "1.0", workers=2)
    killed = campaigns.wait_for_pod("simulations")
    platform.cluster.signal(killed.name, "SIGKILL")
    evicted = campaigns.wait_for_pod("simulations", lambda pod: pod.name != killed.name)
    platform.cluster.signal(evicted.name, "SIGTERM")
    cancelled = campaigns.wait_for_pod("simulations", lambda pod: pod.name not in {killed.name, evicted.name})
    platform.cancel(cancelled.labels["prefect.io/flow-run-id"])
    campaigns.finished(run)
    assert platform.ended(cancelled.labels["prefect.io/flow-run-id"])["type"] == "CANCELLED"


def test_a_killed_campaign_goes_on_where_it_was_when_its_run_is_retried(campaigns: Campaigns, platform: Platform) -> None:
    run = campaigns.start("workers", *SLOW_DAYS, workers=2)
    campaigns.wait_for_trials(2)
    own = platform.cluster.wait_for_pod("orchestrators", 10, lambda pod: pod.labels["prefect.io/flow-run-id"] == run)
    platform.cluster.signal(own.name)
    assert platform.ended(run)["type"] == "CRASHED"
    complete = campaigns.left().complete()
    platform.prefect("flow-run", "retry", run)
    ended = campaigns.finished(run)
    assert set(complete) <= set(ended.complete())


def test_a_database_that_is_away_for_ten_seconds_costs_only_time(campaigns: Campaigns, platform: Platform) -> None:
    run = campaigns.start("workers", *SLOW_DAYS, workers=2)
    campaigns.wait_for_trials(1)
    platform.proxy.cut()
    time.sleep(OUTAGE_S)
    platform.proxy.restore()
    campaigns.finished(run)


def test_a_prefect_server_that_is_restarted_costs_only_time(campaigns: Campaigns, platform: Platform) -> None:
    run = campaigns.start("workers", *SLOW_DAYS, workers=2)
    campaigns.wait_for_trials(1)
    platform.stop_server()
    time.sleep(OUTAGE_S)
    platform.start_server()
    campaigns.finished(run)


def test_bigquery_that_answers_503_for_ten_seconds_costs_only_time(campaigns: Campaigns, platform: Platform) -> None:
    run = campaigns.start("workers", *SLOW_DAYS, workers=2)
    campaigns.wait_for_trials(1)
    platform.bigquery.rest.away_for(OUTAGE_S)
    campaigns.finished(run)


def test_with_slack_dead_throughout_a_campaign_ends_and_running_it_again_adds_nothing(
    campaigns: Campaigns, platform: Platform
) -> None:
    platform.slack.status, refused_before = 500, platform.slack.refused
    try:
        ended = campaigns.finished(campaigns.start("workers", workers=2))
        workers = len(campaigns.pods("tuning"))
        assert platform.ended(campaigns.start("workers", workers=2, campaign=ended.campaign))["type"] == "COMPLETED"
    finally:
        platform.slack.status = 200
    assert platform.slack.refused - refused_before >= NOTICES, "start and verdict were not even tried"
    assert campaigns.left() == ended
    assert len(campaigns.pods("tuning")) == workers
