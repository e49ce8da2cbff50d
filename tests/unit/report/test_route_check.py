"""A route check says the same in the report, the terminal, the artifact, the outcome and the question to an approver."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from tests.unit.gate.test_routes import LIMITS, POLICY, answer, route
from tests.unit.release.conftest import record, stored_routes
from tests.unit.report.test_approval import question
from tests.unit.report.test_text import plain, printed
from tunegate.gate.routes.check import DrawnDay, NotChecked, RouteFindings, check_routes
from tunegate.gate.routes.policy import Limit
from tunegate.report.messages.approval import approval_markdown
from tunegate.report.messages.verdict_words import words_for
from tunegate.report.model import CampaignReport, RouteReport
from tunegate.report.page.campaign_page import render
from tunegate.report.page.route_map import RouteMap, encode, render_route_map
from tunegate.report.terminal.verdict_text import markdown, outcome_json

MakeReport = Callable[..., CampaignReport]
DAY = date(2026, 3, 2)
DAYS = [DrawnDay(DAY, answer(route("abcdef")), answer(route("abcabz", "-LLLLS", chance=(0.0,) * 6)))]


def checked(*, blocked: bool = False, required: bool = True, reason: str = "") -> RouteReport:
    limit = Limit(1.0 if blocked else None, None)
    policy = replace(POLICY, required=required, limits=replace(LIMITS, loops_per_hour=limit))
    findings = RouteFindings(NotChecked(reason)) if reason else check_routes(DAYS, policy)
    return RouteReport(findings, policy, "1 route of 2 minutes for each arm", None if reason else "toy-1-routes.html")


def with_routes(report: MakeReport, **how: object) -> CampaignReport:
    return replace(report(), routes=checked(**how))


def test_a_check_that_passed_is_a_fact_a_table_and_a_link_to_the_map(report: MakeReport) -> None:
    page = render(with_routes(report))
    assert 'href="toy-1-routes.html"' in page
    assert "Every limit holds." in page
    assert "Turns across the traffic per 10 km" in page
    shown = with_routes(report)
    assert "Routes ✓ passed" in plain(printed(shown))
    assert outcome_json(shown, "x")["routes"] == "passed"
    assert words_for(shown).next_steps == words_for(report()).next_steps


def test_routes_that_block_are_said_wherever_somebody_might_approve(report: MakeReport) -> None:
    shown = with_routes(report, blocked=True)
    for text in (render(shown), printed(shown), markdown(shown), words_for(shown).next_steps[0]):
        assert "loops: 0.00 to 60.00 per hour, at most 1 more than production allowed" in plain(text)
    assert "only an override with a reason lets it in" in words_for(shown).next_steps[0]
    assert outcome_json(shown, "x")["routes"] == "blocked"


def test_routes_that_were_not_checked_are_no_pass(report: MakeReport) -> None:
    demanded, open_ = (with_routes(report, reason="the simulator draws no routes", required=each) for each in (True, False))
    assert "That is no pass; nothing can be released." in render(demanded)
    assert "the region does not demand the check" in render(open_)
    assert "cannot be approved" in words_for(demanded).next_steps[0]
    assert words_for(open_).next_steps == words_for(report()).next_steps
    assert "Routes not checked: the simulator draws no routes" in markdown(demanded)
    assert outcome_json(demanded, "x")["routes"] == "not checked"


def test_a_campaign_without_routes_says_nothing_of_them(report: MakeReport, written: dict[str, str]) -> None:
    assert "What drivers would be told" not in written["promote"]
    assert outcome_json(report(), "x")["routes"] is None


@pytest.mark.parametrize("blocked", [True, False])
def test_an_approver_sees_what_the_routes_say_and_whether_an_override_is_needed(blocked: bool) -> None:
    found = checked(blocked=blocked).findings.result
    asked = replace(question(record()), routes=stored_routes(found), route_map="http://reports.example.org/map.html")
    page = approval_markdown(asked)
    assert ("Routes: blocked" in page) == blocked
    assert ("Approving it needs the override" in page) == blocked
    assert ("loops: 0.00 to 60.00" in page) == blocked
    assert "[The map of the routes](http://reports.example.org/map.html)" in page


def test_the_map_is_one_file_that_asks_nobody_and_is_the_same_for_the_same_routes() -> None:
    shown = RouteMap("toy", "toy-1", checked(blocked=True), DAYS, "toy-1.html")
    page = render_route_map(shown)
    assert page == render_route_map(shown)
    assert not re.search(r"https?://", page)
    assert "default-src 'none'" in page
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    (pair,) = data["routes"]
    assert (pair["common"], pair["p"]["loops"], pair["c"]["loops"]) == (0.5, 0, 2)
    assert pair["c"]["dots"] == [3, 4]


def test_a_line_reads_back_from_its_differences() -> None:
    numbers = encode((10.0, 10.00001, 9.99998), (50.0, 50.0, 50.00002), (9.5, 50.0))
    assert numbers == [50_000, 0, 1, 0, -3, 2]
