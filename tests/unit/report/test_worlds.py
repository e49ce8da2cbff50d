"""The page says what the verdict depends on: worlds, stress worlds, and zones that lose though the margin holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tunegate.gate.judgement import GuardrailStatus, RealisedEffect, StressOutcome, WorldEffect, ZoneLoss
from tunegate.report.model import CampaignReport
from tunegate.report.page.campaign_page import page_of
from tunegate.report.page.world_sections import ONE_WORLD

REALISED = RealisedEffect(1.1, -0.4, 2.6, 0.8, 6.0, 0.07, -1.4)
WORLDS = (WorldEffect("few follow", 0.75, 1.6, 0.9, 2.3), WorldEffect("many follow", 0.25, -0.4, None, None))
STRESS = (StressOutcome("half follow", 0.5, -4.1, -5.3, -2.9, GuardrailStatus.BROKEN),)


def judged(report: CampaignReport, **changes: object) -> CampaignReport:
    assert report.gate is not None
    return replace(report, gate=replace(report.gate, judgement=replace(report.gate.judgement, **changes)))


def section_text(report: CampaignReport, anchor: str) -> str:
    return str(next(section for section in page_of(report).sections if section.anchor == anchor))


def test_a_gate_of_one_world_says_that_its_verdict_is_conditional(report: Callable[..., CampaignReport]) -> None:
    assert ONE_WORLD in section_text(report(), "worlds")


def test_every_world_stands_with_its_weight_and_its_effect(report: Callable[..., CampaignReport]) -> None:
    shown = section_text(judged(report(), worlds=WORLDS, realised=REALISED), "worlds")
    assert ONE_WORLD not in shown
    for words in ("few follow", "many follow", "75", "+1.60", "Chance of a loss", "skewed"):
        assert words in shown, words


def test_a_broken_stress_world_stands_with_its_margin(report: Callable[..., CampaignReport]) -> None:
    shown = section_text(judged(report(), stress_worlds=STRESS), "worlds")
    for words in ("half follow", "broken", "must survive"):
        assert words in shown, words


def test_zones_shown_to_lose_are_named_with_their_share_of_revenue(report: Callable[..., CampaignReport]) -> None:
    loss = ZoneLoss("harbour", 17.6, -3.7, -5.2, -2.2)
    shown = section_text(judged(report(), losing_zones=(loss,)), "guardrails")
    assert "harbour" in shown
    assert "17.6" in shown
