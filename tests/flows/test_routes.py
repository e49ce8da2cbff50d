"""The route check through the real command line: it blocks circling taxis, and a release waits for what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import Installation
from tunegate.gate.routes.policy import LIMITED

pytestmark = pytest.mark.slow

OPEN = {"worse": None, "at_most": None}
ROUTES: dict[str, Any] = {
    "required": True,
    "hours": [8, 18],
    "starts": 6,
    "days": 1,
    "duration_min": 30,
    "limits": {
        **dict.fromkeys(LIMITED, OPEN),
        "changed_pct": None,
        "loops_per_hour": {"worse": 3.0, "at_most": None},
        "hard_turns_per_10_km": {"worse": 40.0, "at_most": None},
    },
}
RELEASE = {"approvers": ["ada"], "four_eyes": False}


# Runs the sub-flow on campaigns that were begun and never searched: what is asked is what becomes of routes.
DRAW = """
import asyncio, json, sys
from datetime import UTC, datetime
from flows.routes import routes
from orchestration.installation_context import current_installation
from tunegate.application.campaigns import begin_campaign, plan_campaign, read_config
from tunegate.application.jobs import RoutesJob

installation = current_installation()

async def found(config, name, **changed):
    # Campaigns are named by the second in which they are due.
    due = datetime(2026, 2, 20, 3, 0, ord(name) - ord("a"), tzinfo=UTC)
    draft = await plan_campaign(installation, read_config(installation.registry, config, ()))
    plan = await begin_campaign(installation, draft, due)
    candidate = {**dict(plan.production), **changed}
    verdict = "sha256:" + name.ljust(64, "0")
    for _ in range(2):  # the second time as for a campaign that was killed just behind it
        job = RoutesJob(region="toyville", campaign=plan.campaign, candidate=candidate, verdict=verdict, attempts=1)
        report = await routes(job)
    await installation.close_simulators(plan.campaign)
    kept = current_installation().route_checks.find(verdict)
    told = [type(report.findings.result).__name__, getattr(report.findings.result, "reason", ""), report.map_href is not None]
    return [*told, None if kept is None else kept.document["findings"]["result"]["kind"]]

async def all_of_them():
    drawing, silent, broken = sys.argv[1:]
    passed = await found(drawing, "a", turn_left_weight=2.0)
    blocked = await found(drawing, "b", turn_left_weight=5.0)
    return passed, blocked, await found(silent, "c"), await found(broken, "d")

print(json.dumps(asyncio.run(all_of_them())))
"""


def test_a_planted_candidate_that_circles_is_blocked_though_its_verdict_is_promote(installation: Installation) -> None:
    outcome = installation.retune("--circles-at", "2.0", routes=ROUTES, release=RELEASE).outcome
    assert (outcome["verdict"], outcome["routes"]) == ("promote", "blocked")
    asked = [request for request in installation.requests() if request.get("ask") == "routes"]
    assert [request["day"] for request in asked] == ["2026-02-03", "2026-02-03"], "validation days, never test days"
    production = outcome["champion"]
    assert [request["chances_by"] for request in asked] == [production, production]
    assert production in [request["parameters"] for request in asked]
    report = Path(outcome["report"])
    page = report.with_name(f"{report.stem}-routes.html")
    assert f'href="{page.name}"' in report.read_text()
    assert f'href="{report.name}"' in page.read_text()
    assert "Only an override with a reason can let this candidate in." in report.read_text()
    verdict = installation.python(
        "from tunegate.installation import Installation\n"
        "print(Installation.from_environment().verdicts.of_region('toyville')[0].id)"
    ).strip()
    shown = installation.run("routes", verdict[:20])
    assert "blocked" in shown.stdout
    assert "Loops per hour" in shown.stdout
    assert page.name in shown.stdout.replace("\n", "")
    record = json.loads(installation.run("routes", verdict, "--json").stdout)
    assert (record["verdict"], record["findings"]["result"]["kind"]) == (verdict, "blocked")
    refused = installation.run("approve", verdict, "--approver", "ada", "--reason", "seen")
    assert refused.code == 2
    assert "the routes of a candidate must keep their limits, but got" in refused.stderr
    assert "loops: " in refused.stderr
    released = installation.run("approve", verdict, "--approver", "ada", "--reason", "the square is closed", "--override")
    assert released.code == 0
    assert "OVERRIDE" in released.stdout


def test_routes_pass_or_block_and_those_not_drawn_are_no_pass(installation: Installation) -> None:
    def region(name: str, *options: str, **routes: Any) -> str:
        written = installation.region_file(*options, routes={**ROUTES, **routes})
        path = installation.root / f"{name}.yaml"
        written.rename(path)
        return str(path)

    files = [region("drawing"), region("silent", "--no-routes", required=False), region("broken", "--fault", "route_missing")]
    passed, blocked, silent, broken = json.loads(installation.python(DRAW, *files).splitlines()[-1])
    assert passed == ["Passed", "", True, "passed"]
    assert blocked == ["Blocked", "", True, "blocked"]
    assert silent == ["NotChecked", "the simulator draws no routes", False, "not checked"]
    assert broken[0] == "NotChecked"
    assert "every start must be answered in every hour" in broken[1]
    assert broken[2:] == [False, None], "a failure is no finding: nothing is kept, and nothing can be released by it"
