from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tunegate.domain.days import Forecast
from tunegate.domain.parameters import Dimension, Parameters, ParameterSpec
from tunegate.domain.verdicts import Reject
from tunegate.report import formats
from tunegate.report.model import CampaignReport, FailureCount
from tunegate.report.page.campaign_page import render

MakeReport = Callable[..., CampaignReport]
NAMES = ["promote", "reject", "inconclusive", "invalid", "nothing"]
VOID = frozenset({"meta", "link", "br", "hr", "img", "input", "path", "use", "rect"})


class Page(HTMLParser):
    """Collects text, tags and attributes, and fails when elements are not closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.folded_words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> says an attribute twice: {names}"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID or tag == "path":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        (self.folded_words if "details" in self.open else self.words).append(data)

    @property
    def visible(self) -> str:
        return plain(" ".join(self.words))

    @property
    def text(self) -> str:
        return plain(" ".join([*self.words, *self.folded_words]))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u00a0", " ").replace("\u2212", "-"))


@pytest.fixture(scope="module")
def pages(written: dict[str, str]) -> dict[str, Page]:
    return {name: Page(page) for name, page in written.items()}


@pytest.mark.parametrize("name", NAMES)
def test_every_page_is_well_formed_and_titled(pages: dict[str, Page], name: str) -> None:
    page = pages[name]
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("title")) >= 1
    assert len(page.all("h1")) == 1
    assert len(page.all("main")) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_page_asks_nobody_for_anything(written: dict[str, str], name: str) -> None:
    page = written[name]
    assert not re.search(
        r"https?:|//[a-z]|@import|@font-face|<(?:script|link|iframe|img|object|embed|form|base)\b", page, re.IGNORECASE
    )
    assert not re.search(r"\son[a-z]+\s*=", page)
    assert set(re.findall(r"url\(([^)]{0,1})", page)) <= {"#"}
    assert {found[:1] for found in re.findall(r'(?:href|src)="([^"]*)"', page)} <= {"#"}
    assert "default-src 'none'" in page


@pytest.mark.parametrize("name", NAMES)
def test_identifiers_are_unique_and_every_reference_finds_one(pages: dict[str, Page], name: str) -> None:
    page = pages[name]
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(names) == len(set(names))
    asked = {value[1:] for _, attributes in page.tags if (value := attributes.get("href")) and value.startswith("#")}
    asked |= {part for _, attributes in page.tags for part in (attributes.get("aria-labelledby") or "").split()}
    asked |= {
        found for _, attributes in page.tags for found in re.findall(r"url\(#([^)]+)\)", attributes.get("clip-path") or "")
    }
    assert asked <= set(names)


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_has_words_and_every_table_headings_and_a_caption(pages: dict[str, Page], name: str) -> None:
    page = pages[name]
    assert page.all("svg")
    assert all(svg.get("role") == "img" and svg.get("aria-label") for svg in page.all("svg"))
    assert len(page.all("caption")) == len(page.all("table"))
    scopes = {attributes.get("scope") for attributes in page.all("th")}
    assert scopes == {"col", "row"}


@pytest.mark.parametrize("name", NAMES)
def test_the_same_report_gives_the_same_bytes_whatever_the_environment(
    report: MakeReport, written: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2-swordfish")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert render(report(name)) == written[name]
    assert "swordfish" not in written[name]


@pytest.mark.parametrize(
    ("name", "word", "tone"),
    [
        ("promote", "Promote", "good"),
        ("reject", "Reject", "bad"),
        ("inconclusive", "Inconclusive", "unsure"),
        ("invalid", "Invalid", "invalid"),
        ("nothing", "Nothing beats production", "plain"),
    ],
)
def test_the_banner_says_the_verdict_in_words_and_in_its_own_colour(
    pages: dict[str, Page], name: str, word: str, tone: str
) -> None:
    page = pages[name]
    assert f"Verdict: {word}" in page.visible
    assert {"class": f"banner {tone}", "aria-label": "Verdict"} in page.all("section")


def test_a_reason_ends_like_a_sentence(report: MakeReport) -> None:
    campaign = report("reject")
    assert campaign.gate is not None
    judgement = replace(campaign.gate.judgement, verdict=Reject("worst_zone is worse, even at best"))
    page = Page(render(replace(campaign, gate=replace(campaign.gate, judgement=judgement))))
    assert "worst_zone is worse, even at best." in page.visible
    assert ".." not in page.visible


def test_every_number_of_the_gate_is_on_the_page(report: MakeReport, pages: dict[str, Page]) -> None:
    campaign = report()
    assert campaign.gate is not None
    judgement, text = campaign.gate.judgement, pages["promote"].text
    expected = {"+1.92 %", "+0.84 % to +3.01 %", "+0.61 %", "-0.12 % to +1.34 %", "+1.31 %", "+0.44 % to +2.11 %"}
    expected |= {"sign-flip p 0.003", "sign-flip p 0.078", "12 of 14", "minimum effect +0.50 %", "margin -0.50 %", "USD +6.69"}
    expected |= {"1.05 %", "1.38 %", "1.31 %", "0.87 %", "1.17 %", "14 days of 4 seeds", "no. 2", "error rate of 2.50 %"}
    expected |= {"Worst zone 17: -0.36 % (-1.45 % to +0.73 %", "42 zones judged alone, 6 pooled; critical value 2.87"}
    expected |= {plain(formats.change(day.delta_pct)) for day in judgement.days}
    expected |= {formats.number(day.candidate_minor / 100) for day in judgement.days}
    for guardrail in judgement.guardrails:
        expected |= {
            plain(formats.change(guardrail.estimate, guardrail.unit)),
            plain(formats.change(guardrail.bound, guardrail.unit)),
        }
    expected |= {"above -0.50 points", "below +1.00 %", "below +2.00 %", "below +3.00 %", "below +0.30 points"}
    expected |= {check.detail for check in judgement.checks}
    expected |= {"3.1 %", "4.7 %", "92.6 %", "87.3 %", "not measured", "at most 5 %"}
    assert {value for value in expected if value not in text} == set()


def test_every_number_of_the_search_is_on_the_page(report: MakeReport, pages: dict[str, Page]) -> None:
    campaign, text = report(), pages["promote"].text
    expected = {
        "+3.14 %",
        "+2.27 %",
        "+0.91 % to +3.63 %",
        "+2.31 %",
        "+1.02 %",
        "-0.31 % to +2.35 %",
        "the simulator hung for 600 s",
    }
    expected |= {plain(formats.change(trial.value_pct)) for trial in campaign.trials if trial.value_pct is not None}
    specs = {spec.name: spec for spec in campaign.parameters}
    for trial in campaign.trials:
        expected |= {plain(formats.parameter(value, specs[name])) for name, value in trial.parameters.items()}
    expected |= {
        "0.95 per minute",
        "0.9731 per minute",
        "+0.0231 (+2 %)",
        "0.85 to 0.995",
        "60 to 900, logarithmic",
        "unchanged",
        "not searched",
    }
    expected |= {"47 %", "24 %", "17 %", "9 %", "3 %", "40 trials complete of a budget of 40, 3 failed, 0 pruned"}
    expected |= {spec.meaning for spec in campaign.parameters}
    assert {value for value in expected if value not in text} == set()


def test_what_was_run_is_on_the_page(report: MakeReport, pages: dict[str, Page]) -> None:
    campaign, text = report(), pages["promote"].text
    made = campaign.provenance
    assert campaign.candidate is not None
    expected = {
        made.city_digest,
        made.config_digest,
        made.record_digest or "",
        made.git_commit or "",
        "hailsim 0.1.0",
        "3.11.7",
    }
    expected |= {campaign.production.digest, campaign.candidate.trial.parameters.digest, campaign.campaign, "san_francisco"}
    expected |= {
        "Sun 25 May 2008",
        "Sat 7 Jun 2008",
        "31, 32, 33, 34",
        "21, 22",
        "21 May, 22 May",
        "tpe",
        "11 min 42 s",
        "19 min 47 s",
    }
    expected |= {"436", "0.21 s", "1 Mar 2026, 02:00 UTC", "1 Mar 2026, 02:11 UTC", "the simulator died with signal 9"}
    assert {value for value in expected if value not in text} == set()


def test_passed_checks_are_counted_and_folded_and_failed_ones_are_in_sight(pages: dict[str, Page]) -> None:
    assert "All 3 checks passed." in pages["promote"].visible
    assert "536 drivers in all arms" not in pages["promote"].visible
    assert "Failed checks" in pages["invalid"].visible
    assert "2 passed checks and what they found" in pages["invalid"].text


def test_an_invalid_comparison_shows_no_effect_outside_the_folded_part(pages: dict[str, Page]) -> None:
    page = pages["invalid"]
    for effect in ("+1.92 %", "+0.61 %", "+1.31 %", "12 of 14", "6.69"):
        assert effect not in page.visible
    assert "+1.92 %" in page.text
    assert "day 2008-05-29, seed 3 differs" in page.visible


def test_missing_numbers_are_words_and_never_zero(report: MakeReport) -> None:
    campaign = report("inconclusive", importance=None)
    assert campaign.gate is not None
    assert campaign.candidate is not None
    gaps = replace(
        campaign.gate.judgement,
        delta_ml=None,
        delta_statistics=None,
        interaction=None,
        sign_flip_p_ml=None,
        sign_flip_p_statistics=None,
        days=(),
        guardrails=tuple(
            replace(guardrail, estimate=None, low=None, high=None) for guardrail in campaign.gate.judgement.guardrails
        ),
        worst_zone=None,
        components_ml=None,
        components_statistics=None,
        minimum_detectable_effect_pct=None,
    )
    bare = replace(
        campaign,
        gate=replace(campaign.gate, judgement=gaps, drivers=None, allowed=None, operating_characteristics=()),
        candidate=replace(campaign.candidate, trial=replace(campaign.candidate.trial, value_pct=None), validation=None),
        provenance=replace(campaign.provenance, git_commit=None, record_digest=None),
        timing=replace(campaign.timing, overhead_s_per_trial=None),
        confirmed=(),
        failures=(),
        trials=(),
    )
    text = Page(render(bare)).text
    assert not re.search(r"(?<![\d.])[+-]?0\.0+ (?:%|points|s)\b", text)
    assert "None" not in text
    assert "nan" not in re.findall(r"\w+", text.lower())
    assert text.count("not computed") >= 14
    expected = {
        "The change of fleet revenue could not be computed.",
        "No held-out day could be compared.",
        "No simulation failed.",
    }
    expected |= {"No trial was completed with a value.", "Not computed: too few trials finished", "no record", "not known"}
    assert {words for words in expected if words not in text} == set()


HOSTILE = '<script>alert("x")</script>\'"&{{ 7 * 7 }}</style></svg>$\\alpha$'


def test_hostile_names_stay_text_everywhere(report: MakeReport) -> None:
    campaign = report()
    assert campaign.gate is not None
    judgement = replace(
        campaign.gate.judgement,
        plain_words=HOSTILE,
        checks=tuple(replace(check, name=HOSTILE, detail=HOSTILE) for check in campaign.gate.judgement.checks),
        guardrails=tuple(replace(guardrail, metric=HOSTILE, note=HOSTILE) for guardrail in campaign.gate.judgement.guardrails),
    )
    hostile = replace(
        campaign,
        region=HOSTILE,
        campaign=HOSTILE,
        gate=replace(campaign.gate, judgement=judgement),
        parameters=(ParameterSpec(HOSTILE, "float", HOSTILE, 0, 1, 0, HOSTILE),),
        dimensions=(Dimension(HOSTILE, "float", 0, 1),),
        importance={HOSTILE: 1.0},
        failures=(FailureCount(HOSTILE, 1),),
        trials=tuple(replace(trial, reason=HOSTILE) for trial in campaign.trials),
        settings=replace(campaign.settings, sampler=HOSTILE),
        money=replace(campaign.money, currency=HOSTILE),
    )
    written = render(hostile)
    page = Page(written)
    assert "<script" not in written.lower()
    assert written.count("</style>") == 1
    assert "49" not in page.visible
    assert page.text.count('<script>alert("x")</script>') > 20


def test_one_trial_is_enough_for_a_page(report: MakeReport) -> None:
    text = Page(render(report("nothing", complete=1, confirmed=(), importance=None))).text
    assert "1 trial complete of a budget of 1, 0 failed, 0 pruned" in text
    assert "No trial was simulated again on validation days." in text
    assert "even on the days the search looked at" in text


def test_five_hundred_trials_stay_one_readable_file(report: MakeReport) -> None:
    written = render(report("promote", complete=500))
    page = Page(written)
    assert "500 trials complete of a budget of 500" in page.text
    assert len(page.all("tr")) > 500
    assert len(written) < 1_500_000


def test_each_day_can_be_pointed_at_for_its_numbers(report: MakeReport, written: dict[str, str]) -> None:
    campaign = report()
    assert campaign.gate is not None
    page = plain(written["promote"])
    day = next(day for day in campaign.gate.judgement.days if day.forecast is Forecast.STATISTICS)
    money = plain(formats.money(day.candidate_minor - day.production_minor, campaign.money, with_sign=True))
    assert f"<title>Sun 25 May 2008: {plain(formats.change(day.delta_pct))} ({money})</title>" in page


def test_a_candidate_at_the_edge_of_the_search_space_is_pointed_out(report: MakeReport, pages: dict[str, Page]) -> None:
    campaign = report()
    assert campaign.candidate is not None
    trial = replace(campaign.candidate.trial, parameters=Parameters({**campaign.production, "gamma": 0.995}))
    at_edge = replace(campaign.candidate, trial=trial)
    assert "at the edge: wider bounds may give more" in Page(render(replace(campaign, candidate=at_edge))).text
    assert "at the edge" not in pages["promote"].text
