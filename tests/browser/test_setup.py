"""`tunegate setup` on a server that has most of it already."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.services.team import RunningTeam

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

WEBHOOK = "https://hooks.slack.example/services/T000/B000/planted-secret"


def _set_up(team: RunningTeam) -> list[str]:
    environment = {**team.environment, "PREFECT_API_URL": team.addresses.api, "TUNEGATE_SLACK_WEBHOOK_URL": WEBHOOK}
    command = [sys.executable, "-m", "cli.main", "setup", "--pools", "process"]
    ran = subprocess.run(command, cwd=team.folder, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "planted-secret" not in ran.stdout + ran.stderr
    return ran.stdout.splitlines()


def test_setup_puts_right_what_differs_and_run_again_changes_nothing(team: RunningTeam) -> None:
    team.api("work_pools/tuning", {"concurrency_limit": 1}, "PATCH")
    first = _set_up(team)
    assert "work pool orchestrators: as it should be" in first
    assert "work pool tuning: changed concurrency_limit" in first
    assert "block slack-incoming-webhook/tunegate-slack: made" in first
    assert [line.rpartition(": ")[2] for line in first if line.startswith("automation")] == ["as it should be", "made", "made"]
    again = [line for line in _set_up(team) if not line.startswith("  ")]
    assert len(again) == 7
    assert [line for line in again if not line.endswith(": as it should be")] == []
