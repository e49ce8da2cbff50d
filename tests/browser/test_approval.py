"""From a form in a browser to production, and the way back out of it: one person, one `tunegate up`, two campaigns."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.browser.ui import CAMPAIGN_TIMEOUT_MS, Ui
from tests.flows.conftest import REGION
from tests.services.team import RunningTeam

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

CONFIGS = Path(__file__).parents[2] / "configs"
DEPLOYMENTS = {
    "retune", "retune-manhattan", "retune-san-francisco", "tune", "worker", "simulate", "gate", "rollout", "rollback",
    "monitor-manhattan", "monitor-san-francisco",
}  # fmt: skip


def history(team: RunningTeam, region: str) -> dict[str, Any]:
    """What the registry knows of a region."""
    command = [sys.executable, "-m", "cli.main", "registry", "history", region, "--json"]
    ran = subprocess.run(command, env=team.environment, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    known: dict[str, Any] = json.loads(ran.stdout)
    return known


def published(team: RunningTeam, region: str) -> dict[str, Any] | None:
    """What production reads."""
    path = team.home / "published" / f"{region}.json"
    document: dict[str, Any] | None = json.loads(path.read_bytes()) if path.exists() else None
    return document


def parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def is_below(process: int, above: int) -> bool:
    while process not in {0, above}:
        process = parent_of(process)
    return process == above


def groups_of_runs(team: RunningTeam) -> set[tuple[int, int]]:
    """Process group of every run of this team that is a process now, beside that of the worker that started it."""
    groups = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            run = int(process.name)
            if b"prefect.engine" in (process / "cmdline").read_bytes() and is_below(run, team.process.pid):
                groups.add((os.getpgid(run), os.getpgid(parent_of(run))))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return groups


def small_manhattan(folder: Path) -> str:
    """The demo city, where a search of eight trials is enough: this is about the way of a candidate, and not how good it is."""
    open_end = {"worse": None, "at_most": None}
    measures = ("u_turns_per_10_km", "hard_turns_per_10_km", "loops_per_hour", "left_area_pct", "no_chance_p95_min")
    limits = dict.fromkeys((*measures, "no_chance_max_min"), open_end)
    shutil.copytree(CONFIGS, folder / "configs")
    path = folder / "manhattan.yaml"
    region = {
        "extends": "configs/regions/manhattan.yaml",
        "worlds": None,  # Eight trials need not find what survives the stress worlds.
        "search": {"confirm_top": 2},
        "gate": {"worst_zone_margin_pct": None, "minimum_effect_pct": 0.1},
        "routes": {"hours": [8], "starts": 2, "days": 1, "limits": limits},
    }
    path.write_text(yaml.safe_dump(region))
    return path.name


def test_a_person_tunes_approves_and_production_runs_the_candidate(ui: Ui, team: RunningTeam) -> None:
    ui.open_deployment("retune")
    ui.custom_run()
    ui.fill("config", small_manhattan(team.folder))
    ui.fill("Trials", "8")
    ui.fill("Workers", "1")
    ui.fill("Test Days", "7")
    ui.add("overrides", "search.seeds_per_day=1")
    ui.page.get_by_text("Parameters", exact=True).scroll_into_view_if_needed()
    ui.picture("form")
    ui.submit()
    ui.page.get_by_text("scheduled to start").first.wait_for()
    ui.open_run("retune", "manhattan/retune")
    runs = groups_of_runs(team)
    assert runs, "the campaign runs in a process of this machine"
    assert {run == worker for run, worker in runs} == {True}, "what ends a worker ends its runs"
    ui.wait_for_state("Completed", CAMPAIGN_TIMEOUT_MS)
    ui.picture("campaign")

    ui.open_artifact("verdict-manhattan")
    ui.page.get_by_text("Promote: Manhattan").first.wait_for()
    ui.picture("verdict")
    ui.page.goto(team.addresses.index)
    ui.page.locator("a[href^='manhattan-']").first.click()
    ui.page.get_by_text("Better than what runs today").first.wait_for()
    ui.page.goto(team.addresses.dashboard)
    ui.page.get_by_text("manhattan-").first.wait_for()

    assert published(team, "manhattan") is None
    ui.open_run("rollout", "manhattan/rollout")
    ui.wait_for_state("Suspended")
    ui.answer("approve", "demo", "the taxis stand where the customers are")
    ui.picture("approval")
    ui.submit()
    ui.wait_for_state("Approved")
    ui.picture("approved")
    known, now = history(team, "manhattan"), published(team, "manhattan")
    assert [(release["version"], release["kind"], release["who"]) for release in known["releases"]] == [
        (1, "initial", known["releases"][0]["who"]),
        (2, "rollout", "demo"),
    ]
    assert now is not None
    assert now["version"] == 2
    assert now["parameters"] == known["releases"][1]["parameters"] != known["releases"][0]["parameters"]


def test_a_person_declines_and_production_stays(ui: Ui, team: RunningTeam) -> None:
    config = team.folder / "toyville.yaml"
    config.write_text(yaml.safe_dump({**REGION, "release": {"approvers": ["Ada"], "four_eyes": True}}))
    listed = {each["name"]: each for each in team.api("deployments/filter", {})}
    assert set(listed) == DEPLOYMENTS
    schedules = {name: [each["active"] for each in one["schedules"]] for name, one in listed.items() if one["schedules"]}
    assert schedules == {
        f"{flow}-{region}": [False] for flow in ("retune", "monitor") for region in ("manhattan", "san-francisco")
    }
    team.api(f"deployments/{listed['retune']['id']}/create_flow_run", {"parameters": {"config": str(config)}})
    ui.open_run("rollout", "toyville/rollout")
    ui.wait_for_state("Suspended")
    ui.answer("decline", "Ada", "the holiday makes these days unlike any other")
    ui.submit()
    ui.wait_for_state("Declined")
    known = history(team, "toyville")
    assert [release["kind"] for release in known["releases"]] in ([], ["initial"])
    assert [(each["outcome"], each["who"]) for each in known["decisions"]] == [("declined", "Ada")]
    assert published(team, "toyville") is None or known["releases"]
