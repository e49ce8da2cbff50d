from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tunegate.ports.campaign_store import CampaignRow, CampaignStatus
from tunegate.report.model import CampaignReport
from tunegate.report.page.index import render_index
from tunegate.report.terminal.verdict_text import outcome_json

MakeReport = Callable[..., CampaignReport]
START = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


def row(report: CampaignReport, day: int, region: str, status: CampaignStatus = CampaignStatus.FINISHED) -> CampaignRow:
    finished = status is not CampaignStatus.RUNNING
    started = START + timedelta(days=day)
    outcome = outcome_json(report, "r.html") if status is CampaignStatus.FINISHED else None
    return CampaignRow(
        f"{region}-{day}",
        region,
        {},
        "sha256:0",
        started,
        status,
        started + timedelta(minutes=9) if finished else None,
        outcome,
    )


def text(page: str) -> str:
    body = page[page.index("<main") :]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " ").replace("\u2212", "-")


@pytest.fixture(scope="module")
def page(report: MakeReport) -> str:
    rows = [
        row(report("promote"), 0, "san_francisco"),
        row(report("invalid"), 2, "san_francisco"),
        row(report("nothing"), 1, "manhattan"),
        row(report(), 3, "manhattan", CampaignStatus.RUNNING),
        row(report(), 4, "manhattan", CampaignStatus.FAILED),
    ]
    return render_index(rows, lambda campaign: None if campaign.endswith("3") else f"{campaign}.html")


def test_regions_come_in_order_and_their_campaigns_newest_first(page: str) -> None:
    places = [
        page.index(f">{name}<") for name in ("manhattan-4", "manhattan-3", "manhattan-1", "san_francisco-2", "san_francisco-0")
    ]
    assert places == sorted(places)
    assert "5 campaigns in 2 regions" in text(page)
    assert "3 campaigns, 1 finished." in text(page)


def test_each_campaign_has_its_verdict_its_effect_and_its_page(page: str) -> None:
    words = text(page)
    assert "✓ promote +1.92 % +0.84 % to +3.01 % +0.61 % -0.12 % to +1.34 % 40 9 min 00 s" in words
    assert "= nothing beats production no value no value 40" in words
    assert set(re.findall(r'<a href="([^#"]+)"', page)) == {
        "manhattan-4.html",
        "manhattan-1.html",
        "san_francisco-2.html",
        "san_francisco-0.html",
    }


def test_an_invalid_failed_or_running_campaign_shows_no_effect(page: str) -> None:
    words = text(page)
    assert "! invalid no value no value" in words
    assert "✕ failed no value no value not known 9 min 00 s" in words
    assert "running, or interrupted no value no value not known not finished" in words


def test_names_stay_text_and_an_empty_book_says_so() -> None:
    hostile = CampaignRow("<script>x</script>", "<script>y</script>", {}, "sha256:0", START)
    page = render_index([hostile], lambda _: 'x" onclick="y')
    assert "<script" not in page
    assert '" onclick' not in page
    assert "No campaign has run yet." in text(render_index([], lambda _: None))


def test_an_outcome_that_nobody_knows_is_called_so() -> None:
    odd = CampaignRow(
        "x", "x", {}, "sha256:0", START, CampaignStatus.FINISHED, START, {"verdict": "fine", "delta_ml": {"estimate_pct": 0.0}}
    )
    assert "not known no value no value not known" in text(render_index([odd], lambda _: None))
