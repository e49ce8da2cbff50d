"""The whole `retune`, from a deployment run to its verdict, spread over pods: nothing but the platform's parts between them."""

from __future__ import annotations

import json

import pytest

from tests.platform.campaigns import BUDGET, Campaigns
from tests.platform.stack import REPOSITORY, Platform
from tests.services.mariadb import PASSWORD
from tests.services.slack import WEBHOOK_PATH

# The platform itself takes a minute to start on a busy machine, and belongs to the first test.
pytestmark = [pytest.mark.platform, pytest.mark.timeout(1800)]


def test_a_campaign_spread_over_pods_ends_with_a_verdict_that_a_person_can_release(
    platform: Platform, campaigns: Campaigns
) -> None:
    ended = campaigns.finished(campaigns.start("pod", workers=2, approvers=["ada"]))
    pods = {pool: len(campaigns.pods(pool)) for pool in ("tuning", "simulations")}
    # Two workers; the trials, production and one finalist, four patterns and the self-check.
    assert pods == {"tuning": 2, "simulations": BUDGET + 2 + 5}
    assert {run["name"] for run in platform.runs(ended.campaign, "worker")} == {
        f"{campaigns.region}/worker-{n}" for n in (1, 2)
    }
    assert platform.checkouts == {REPOSITORY}, "runs copied the folder that was deployed from, environment and all"
    assert f"reports/{ended.campaign}.html" in platform.gcs.buckets["tunegate"]
    assert platform.slack.wait_for(ended.campaign)
    refused = platform.tunegate("approve", ended.verdict, "--approver", "eve", "--reason", "because")
    assert (refused.returncode, "an approver must be on the region's list" in refused.stderr) == (2, True)
    approved = platform.tunegate("approve", ended.verdict, "--approver", "ada", "--reason", "routes look right")
    assert approved.returncode == 0, approved.stderr
    published = json.loads(platform.gcs.content("tunegate", f"published/{campaigns.region}.json"))
    assert published["parameters"] == ended.outcome["candidate"]


def test_nothing_secret_is_in_logs_artifacts_reports_or_the_process_list(platform: Platform) -> None:
    secrets = (PASSWORD, WEBHOOK_PATH.rpartition("/")[2])
    stored = [
        version.content.decode(errors="replace") for bucket in platform.gcs.buckets.values() for version in bucket.values()
    ]
    public = {
        "logs": platform.logs(),
        "logs on the server": platform.server_says("logs"),
        "artifacts": platform.server_says("artifacts"),
        "flow runs": platform.server_says("flow_runs"),
        "reports": "\n".join(stored),
        "process lists": platform.command_lines(),
        "pod specifications": json.dumps([pod.spec for pod in platform.cluster.pods()]),
        "messages": "\n".join(platform.slack.messages),
    }
    assert len(public["logs"]) > 1000
    assert ".html" in "".join(platform.gcs.buckets["tunegate"])
    found = [(place, secret[:4]) for place, text in public.items() for secret in secrets if secret in text]
    assert found == []
