"""What is put beside a run: pictures that need nothing from outside, rows of tables, and the words of a running search."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from tunegate.domain.trials import TrialState
from tunegate.report.messages.artifacts import parameter_rows, search_markdown, share_done_pct, value_rows
from tunegate.report.model import CampaignReport
from tunegate.report.plots.still_images import pictures_markdown

MakeReport = Callable[..., CampaignReport]
NAMES = ["promote", "reject", "inconclusive", "invalid", "nothing"]
IMAGE = re.compile(r"!\[[^\]\n]+\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)")


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_is_whole_in_itself(report: MakeReport, name: str) -> None:
    text = pictures_markdown(report(name))
    assert ("Change of fleet revenue" in text) == (name not in {"invalid", "nothing"})
    images = [base64.b64decode(found).decode() for found in IMAGE.findall(text)]
    assert len(images) == text.count("### ") >= 1
    for image in images:
        root = ET.fromstring(image)  # noqa: S314 - ours
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert float(root.attrib["width"]) > 800
        assert "var(" not in image
        assert not re.search(r'(href|src)="(?!#)', image)


def test_rows_say_what_a_campaign_would_change_and_how_the_gain_shrank(report: MakeReport) -> None:
    made = report("promote")
    rows = {row["parameter"]: row for row in parameter_rows(made)}
    assert set(rows) == set(made.production)
    assert made.candidate is not None
    for name, value in made.production.items():
        assert (rows[name]["candidate"] == "unchanged") is (made.candidate.trial.parameters[name] == value)
    assert [row["where"].split(",")[0].split(" (")[0] for row in value_rows(made)] == [
        "In the search",
        "On validation days",
        "On held-out days",
        "On held-out days",
    ]
    assert {row["candidate"] for row in parameter_rows(report("nothing"))} == {"unchanged"}


def test_a_search_is_told_by_its_counts_its_best_and_its_last_failure(report: MakeReport) -> None:
    trials = report("promote").trials
    complete = sum(trial.state is TrialState.COMPLETE for trial in trials)
    best = max((trial for trial in trials if trial.value_pct is not None), key=lambda trial: trial.value_pct or 0.0)
    text = search_markdown(trials, budget=2 * complete)
    assert f"{complete} of {2 * complete} trials complete" in text
    assert f"trial {best.number} with +{best.value_pct:.2f}" in text
    assert "Last failure: `" in text
    assert share_done_pct(trials, 2 * complete) == 50.0
    assert share_done_pct(trials, 1) == 100.0


def test_the_words_of_a_failure_cannot_break_out_of_their_place(report: MakeReport) -> None:
    trials = report("promote").trials
    nasty = [replace(trial, reason="a`b\n\n# c") if trial.state is TrialState.FAILED else trial for trial in trials]
    assert search_markdown(nasty, 40).splitlines()[-1] == "Last failure: `a b # c`"


def test_a_search_without_a_value_yet_says_so() -> None:
    assert "Nothing to compare yet." in search_markdown((), 10)
    assert share_done_pct((), 10) == 0.0
