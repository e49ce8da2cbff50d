from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from tunegate.domain.verdicts import Interval, Reject
from tunegate.gate.judgement import GuardrailStatus
from tunegate.report.model import CampaignReport
from tunegate.report.terminal.verdict_text import markdown, outcome_json, verdict_table

MakeReport = Callable[..., CampaignReport]
NAMES = ["promote", "reject", "inconclusive", "invalid", "nothing"]
KEYS = [
    "campaign", "region", "trials", "champion", "candidate", "search_value_pct", "validation_value_pct", "verdict", "reason",
    "exploratory", "delta_ml", "delta_statistics", "simulated_days", "routes", "wall_s", "report",
]  # fmt: skip


def printed(report: CampaignReport, width: int = 80, path: str | None = "reports/sf.html") -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False, color_system=None)
    console.print(verdict_table(report, path))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u00a0", " ").replace("\u2212", "-"))


@pytest.mark.parametrize("name", NAMES)
def test_the_table_fits_eighty_columns_and_names_the_verdict_in_words(report: MakeReport, name: str) -> None:
    text = printed(report(name))
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    assert {"nothing": "NOTHING BEATS PRODUCTION"}.get(name, name.upper()) in text
    assert "reports/sf.html" in text


def test_the_table_shows_the_value_of_every_stage_with_its_interval(report: MakeReport) -> None:
    text = plain(printed(report()))
    assert "In the search (trial 35) +3.14 %" in text
    assert "On validation days +2.27 % +0.91 % to +3.63 %" in text
    assert "On held-out days, ml +1.92 % +0.84 % to +3.01 %" in text
    assert "On held-out days, statistics +0.61 % -0.12 % to +1.34 %" in text
    assert "40 trials (3 failed, 0 pruned) · 436 simulated days · 11 min 42 s" in text


@pytest.mark.parametrize("shown", [printed, markdown])
def test_an_invalid_gate_shows_no_effect(report: MakeReport, shown: Callable[[CampaignReport], str]) -> None:
    text = plain(shown(report("invalid")))
    assert "not to be read" in text
    assert "+1.92" not in text
    assert "+0.61" not in text


def test_nothing_beats_production_shows_what_the_best_did_on_validation_days(report: MakeReport) -> None:
    text = plain(printed(report("nothing")))
    assert "Trial 35 on validation days -0.42 % -1.20 % to +0.36 %" in text
    assert "Trial 9 on validation days not computed not computed" in text


def test_a_long_path_is_folded_and_not_cut(report: MakeReport) -> None:
    path = "/home/somebody/" + "very-long-folder/" * 8 + "report.html"
    assert path in printed(report(), path=path).replace("\n", "").replace(" ", "").replace("Report", "")


def test_markup_in_names_is_not_obeyed(report: MakeReport) -> None:
    assert "[red]sf[/red]" in printed(report(region="[red]sf[/red]"))
    text = markdown(report(region="<B>|X|`y`\n# z"))
    assert "\\<B\\>\\|X\\|\\`y\\` # z" in text
    assert "\n# z" not in text


@pytest.mark.parametrize("reason", ["# no heading", "- no list", "+ no list", "12. no list", "=== no heading"])
def test_a_reason_stays_a_paragraph(report: MakeReport, reason: str) -> None:
    campaign = report("reject")
    assert campaign.gate is not None
    judgement = replace(campaign.gate.judgement, verdict=Reject(reason))
    (written,) = [
        line
        for line in markdown(replace(campaign, gate=replace(campaign.gate, judgement=judgement))).splitlines()
        if " no " in line
    ]
    assert "\\" in written[:4]


def test_the_artifact_lists_what_failed_and_what_happens_next(report: MakeReport) -> None:
    invalid = markdown(report("invalid"))
    assert "- Check failed: order\\_logs: day 2008-05-29, seed 3 differs" in invalid
    assert "1. Repair what the failed check names" in invalid
    campaign = report("inconclusive")
    assert campaign.gate is not None
    first, *others = campaign.gate.judgement.guardrails
    undecided = replace(first, low=-0.61, status=GuardrailStatus.UNDECIDED)
    gate = replace(campaign.gate, judgement=replace(campaign.gate.judgement, guardrails=(undecided, *others)))
    text = plain(markdown(replace(campaign, gate=gate)))
    assert "- Guardrail undecided: utilisation +0.41 points, at worst -0.61 points, margin 0.50 points" in text
    assert "Guardrail" not in markdown(report("promote"))


@pytest.mark.parametrize("name", NAMES)
def test_json_always_has_exactly_the_promised_keys(report: MakeReport, name: str) -> None:
    outcome = outcome_json(report(name), "r.html")
    assert list(outcome) == KEYS
    for key in ("delta_ml", "delta_statistics"):
        interval = outcome[key]
        assert isinstance(interval, dict)
        assert list(interval) == ["estimate_pct", "low_pct", "high_pct"]
    assert outcome["trials"] == {"complete": 40, "failed": 3, "pruned": 0}
    assert json.loads(json.dumps(outcome, allow_nan=False)) == outcome


def test_json_gives_numbers_unrounded(report: MakeReport) -> None:
    campaign = report("reject")
    assert campaign.gate is not None
    exact = Interval(-0.4312345678, -1.1712345678, 0.3112345678)
    judgement = replace(campaign.gate.judgement, delta_ml=exact, verdict=Reject("too small"))
    outcome = outcome_json(replace(campaign, gate=replace(campaign.gate, judgement=judgement)), "r.html")
    assert outcome["delta_ml"] == {"estimate_pct": exact.estimate_pct, "low_pct": exact.low_pct, "high_pct": exact.high_pct}
    assert (outcome["verdict"], outcome["reason"]) == ("reject", "too small")
    assert (outcome["search_value_pct"], outcome["validation_value_pct"]) == (3.14, 2.27)
    assert outcome["champion"] == dict(campaign.production)


@pytest.mark.parametrize("name", ["invalid", "nothing"])
def test_json_has_null_and_not_zero_where_nothing_may_be_read(report: MakeReport, name: str) -> None:
    outcome = outcome_json(report(name), "r.html")
    nulls = {"estimate_pct": None, "low_pct": None, "high_pct": None}
    assert outcome["delta_ml"] == outcome["delta_statistics"] == nulls
    assert (outcome["candidate"] is None) == (name == "nothing")


def test_json_never_holds_a_nan(report: MakeReport) -> None:
    campaign = report()
    assert campaign.gate is not None
    odd = replace(campaign.gate.judgement, delta_ml=Interval(1.0, -math.inf, math.nan))
    outcome = outcome_json(replace(campaign, gate=replace(campaign.gate, judgement=odd)), "r.html")
    assert outcome["delta_ml"] == {"estimate_pct": 1.0, "low_pct": None, "high_pct": None}
