from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tunegate.domain.verdicts import Interval
from tunegate.gate.judgement import GuardrailStatus
from tunegate.report.messages.verdict_words import TITLES, TONES, Outcome, words_for
from tunegate.report.model import CampaignReport

MakeReport = Callable[..., CampaignReport]


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


def with_ml(report: CampaignReport, delta: Interval | None, drivers: float | None = 536.0) -> CampaignReport:
    assert report.gate is not None
    return replace(report, gate=replace(report.gate, drivers=drivers, judgement=replace(report.gate.judgement, delta_ml=delta)))


def test_promote_says_how_much_more_drivers_earn_and_on_how_many_days(report: MakeReport) -> None:
    words = words_for(report("promote"))
    assert words.outcome is Outcome.PROMOTE
    assert plain(words.sentence) == (
        "Drivers would have earned about 1.9 % more than with today's parameters, USD 6.69 per driver and day "
        "(likely between +0.8 % and +3.0 %). They would have earned more on 12 of 14 held-out days."
    )


def test_where_one_earns_alone_the_words_are_of_revenue_and_not_of_drivers(report: MakeReport) -> None:
    alone = plain(words_for(with_ml(report("promote"), Interval(1.94, 0.8, 3.0), drivers=1.0)).sentence)
    assert alone.startswith("Revenue would have been about 1.9 % higher than with today's parameters, USD ")
    assert " a day (likely between +0.8 % and +3.0 %). It would have been higher on 12 of 14 held-out days." in alone
    lower = plain(words_for(with_ml(report("reject"), Interval(-0.4, -0.8, 0.1), drivers=1.0)).sentence)
    assert "Revenue would have been about 0.4 % lower" in lower
    assert "river" not in alone + lower


def test_a_loss_is_called_less_and_not_minus(report: MakeReport) -> None:
    assert "about 0.4 % less than with today's parameters, USD 1.50 per driver" in plain(words_for(report("reject")).sentence)


def test_a_rejected_gain_says_what_got_worse_instead(report: MakeReport) -> None:
    campaign = with_ml(report("reject"), Interval(2.58, 2.45, 2.72))
    assert campaign.gate is not None
    judgement = campaign.gate.judgement
    broken = tuple(
        replace(guardrail, status=GuardrailStatus.BROKEN) if guardrail.metric.startswith("wait") else guardrail
        for guardrail in judgement.guardrails
    )
    campaign = replace(campaign, gate=replace(campaign.gate, judgement=replace(judgement, guardrails=broken)))
    assert words_for(campaign).sentence.endswith(
        "But this got worse by more than the region allows: Mean wait of customers; Wait that 95 of 100 customers stay under."
    )
    assert "But" not in words_for(report("reject")).sentence


def test_an_effect_that_rounds_to_nothing_is_not_called_more_or_less(report: MakeReport) -> None:
    sentence = plain(words_for(with_ml(report(), Interval(0.04, -0.5, 0.58))).sentence)
    assert sentence.startswith(
        "Drivers would have earned about the same as with today's parameters (likely between -0.5 % and +0.6 %)."
    )


def test_an_effect_that_could_not_be_computed_has_no_number(report: MakeReport) -> None:
    sentence = words_for(with_ml(report("inconclusive"), None)).sentence
    assert sentence == "How much more or less would have been earned could not be computed."


def test_without_a_fleet_size_no_amount_per_driver_is_made_up(report: MakeReport) -> None:
    assert "per driver" not in words_for(with_ml(report(), Interval(1.92, 0.84, 3.01), drivers=None)).sentence


def test_an_invalid_gate_never_tells_an_effect(report: MakeReport) -> None:
    words = words_for(report("invalid"))
    assert words.outcome is Outcome.INVALID
    assert "1.9" not in words.sentence
    assert "must not be read" in words.sentence


def test_inconclusive_names_the_remedy_first(report: MakeReport) -> None:
    assert "more held-out days" in words_for(report("inconclusive")).next_steps[0]


def test_nothing_beats_production_says_that_no_held_out_day_was_used(report: MakeReport) -> None:
    words = words_for(report("nothing"))
    assert words.outcome is Outcome.NOTHING_BEATS_PRODUCTION
    assert "the 3 best ones were simulated again" in words.sentence
    assert "none of the 14 held-out days was used up" in words.reason


def test_only_promote_names_the_record_to_approve(report: MakeReport) -> None:
    digest = report().provenance.record_digest
    assert digest is not None
    named = {
        name
        for name in ("promote", "reject", "inconclusive", "invalid")
        if digest in " ".join(words_for(report(name)).next_steps)
    }
    assert named == {"promote"}


@pytest.mark.parametrize("name", ["reject", "inconclusive", "invalid", "nothing"])
def test_every_other_outcome_says_that_production_has_not_changed(report: MakeReport, name: str) -> None:
    assert "Production has not changed" in " ".join(words_for(report(name)).next_steps)


def test_every_outcome_has_a_title_and_a_tone() -> None:
    assert set(TITLES) == set(TONES) == set(Outcome)
    assert len(set(TITLES.values())) == len(Outcome)
