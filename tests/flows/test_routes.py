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


def tuned(installation: Installation, *options: str, **routes: Any) -> dict[str, Any]:
    return installation.retune(*options, routes={**ROUTES, **routes}, release=RELEASE).outcome


def verdict_of(installation: Installation) -> str:
    return installation.python(
        "from tunegate import wiring\nprint(wiring.stores().verdicts.of_region('toyville')[0].id)"
    ).strip()


def drawn_again(installation: Installation, outcome: dict[str, Any], verdict: str) -> dict[str, Any]:
    """The check after the sub-flow ran once more, as for a campaign that was killed just behind it."""
    installation.python(
        "import asyncio, json, sys\n"
        "from flows.routes import routes\n"
        "campaign, candidate, verdict = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]\n"
        "asyncio.run(routes(region='toyville', campaign=campaign, candidate=candidate, verdict=verdict, attempts=1))",
        outcome["campaign"],
        json.dumps(outcome["candidate"]),
        verdict,
    )
    kept: dict[str, Any] = json.loads(installation.run("routes", verdict, "--json").stdout)
    return kept


def test_routes_that_keep_their_limits_pass_and_are_on_a_map_beside_the_report(installation: Installation) -> None:
    outcome = tuned(installation)
    assert (outcome["verdict"], outcome["routes"]) == ("promote", "passed")
    report = Path(outcome["report"])
    page = report.with_name(f"{report.stem}-routes.html")
    assert f'href="{page.name}"' in report.read_text()
    assert f'href="{report.name}"' in page.read_text()
    asked = [request for request in installation.requests() if request.get("ask") == "routes"]
    assert [request["day"] for request in asked] == ["2026-02-03", "2026-02-03"], "validation days, never test days"
    assert asked[0]["chances_by"] == asked[1]["chances_by"] == asked[0]["parameters"]
    verdict = verdict_of(installation)
    shown = installation.run("routes", verdict)
    assert "passed" in shown.stdout
    assert "Loops per hour" in shown.stdout
    assert page.name in shown.stdout.replace("\n", "")
    record = json.loads(installation.run("routes", verdict[:20], "--json").stdout)
    assert (record["verdict"], record["findings"]["result"]) == (verdict, {"kind": "passed"})
    assert drawn_again(installation, outcome, verdict) == record
    assert installation.run("approve", verdict, "--by", "ada", "--why", "seen").code == 0


def test_a_planted_candidate_that_circles_is_blocked_though_its_verdict_is_promote(installation: Installation) -> None:
    ran = installation.retune("--circles-at", "2.0", routes=ROUTES, release=RELEASE)
    assert (ran.outcome["verdict"], ran.outcome["routes"]) == ("promote", "blocked")
    page = Path(ran.outcome["report"]).read_text()
    assert "Only an override with a reason can let this candidate in." in page
    verdict = verdict_of(installation)
    refused = installation.run("approve", verdict, "--by", "ada", "--why", "seen")
    assert refused.code == 2
    assert "the routes of a candidate must keep their limits, but got" in refused.stderr
    assert "loops: " in refused.stderr
    released = installation.run("approve", verdict, "--by", "ada", "--why", "the square is closed", "--override")
    assert released.code == 0
    assert "OVERRIDE" in released.stdout


def test_a_simulator_without_routes_is_no_silent_pass(installation: Installation) -> None:
    demanded = installation.run("check", installation.region_file("--no-routes", routes=ROUTES))
    assert demanded.code == 2
    assert "routes that must be checked need a simulator that draws them" in demanded.stderr
    outcome = tuned(installation, "--no-routes", required=False)
    assert outcome["routes"] == "not checked"
    assert "The simulator draws no routes. That is no pass" in Path(outcome["report"]).read_text()
    verdict = verdict_of(installation)
    assert "not checked" in installation.run("routes", verdict).stdout
    assert installation.run("approve", verdict, "--by", "ada", "--why", "seen").code == 0


def test_routes_that_could_not_be_drawn_leave_no_way_into_production(installation: Installation) -> None:
    outcome = tuned(installation, "--fault", "route_missing")
    assert (outcome["verdict"], outcome["routes"]) == ("promote", "not checked")
    verdict = verdict_of(installation)
    for override in ([], ["--override"]):
        refused = installation.run("approve", verdict, "--by", "ada", "--why", "seen", *override)
        assert refused.code == 2
        assert "routes must be checked before a release" in refused.stderr
    assert installation.run("routes", verdict).code == 2
