"""Every notice says what happened in its first line, and nothing that people wrote means anything to Slack."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest

from tunegate.report.messages.notices import (
    ApprovalWanted,
    CampaignFailed,
    CampaignSkipped,
    CampaignStarted,
    Declined,
    ExperimentEnded,
    ExperimentLooked,
    ExperimentStarted,
    Expired,
    Notice,
    Released,
    RolledBack,
    RunCrashed,
    VerdictReached,
    slack_text,
)

RUN = "http://prefect.example.org/runs/flow-run/1"
VERDICT = "sha256:473ac3e15976cd1fb53de4793159df5f4969b05c3017219da1d53b272ecf01c9"
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
NASTY = "<!channel> *bold* & <http://evil.example.org|click>"
NOTICES: list[tuple[Notice, str]] = [
    (CampaignStarted("toyville", "toyville-1", 24, "2026-05-01..2026-05-14", NASTY, RUN), "toyville: campaign started"),
    (CampaignSkipped("toyville", NASTY, RUN), "toyville: scheduled campaign skipped"),
    (VerdictReached("toyville", "toyville-1", "promote", NASTY, "http://r.example.org/a.html", RUN), "toyville: promote"),
    (CampaignFailed("toyville", "toyville-1", "FailureBudgetSpent", NASTY, RUN), "toyville: campaign failed"),
    (RunCrashed("toyville/retune", "Crashed", NASTY, RUN), "toyville/retune: Crashed"),
    (
        ApprovalWanted("toyville", VERDICT, "promote", "+1.83 %", ("Ada", NASTY), NOON, None, RUN, NASTY),
        "toyville: approval wanted, verdict promote",
    ),
    (ExperimentLooked("toyville", "toyville-2", "harm", NASTY, RUN), "toyville: experiment toyville-2, harm"),
    (
        ExperimentEnded("toyville", "toyville-2", "stopped", "Ada", NASTY, "version 1", RUN),
        "toyville: experiment toyville-2 stopped",
    ),
    (Released("toyville", 2, "Ada", NASTY, VERDICT, False, RUN), "toyville: version 2 is in production"),
    (
        ExperimentStarted("toyville", "toyville-2", "Ada", NASTY, VERDICT, (NASTY,), RUN),
        "toyville: experiment toyville-2 begins",
    ),
    (Declined("toyville", VERDICT, "Ben", NASTY, RUN), "toyville: candidate declined"),
    (Expired("toyville", VERDICT, NOON, RUN), "toyville: verdict expired"),
    (RolledBack("toyville", 3, 1, "Ben", NASTY, RUN), "toyville: rolled back to version 1"),
]


def test_every_kind_of_notice_is_tried_here():
    assert {type(notice) for notice, _ in NOTICES} == set(get_args(Notice))


@pytest.mark.parametrize(("notice", "headline"), NOTICES, ids=lambda value: type(value).__name__)
def test_a_notice_begins_with_what_happened_and_ends_with_where_to_look(notice, headline):
    lines = slack_text(notice).splitlines()
    assert lines[0] == f"*{headline}*"
    assert lines[-1].endswith(f"<{RUN}|run>")
    assert all(lines)


@pytest.mark.parametrize("notice", [notice for notice, _ in NOTICES], ids=lambda value: type(value).__name__)
def test_what_people_wrote_can_neither_call_a_channel_nor_make_a_link(notice):
    assert "<!channel>" not in slack_text(notice)
    assert "<http://evil" not in slack_text(notice)


def test_an_override_is_in_the_headline():
    assert "AGAINST ITS VERDICT" in slack_text(Released("toyville", 2, "Ada", "we know", VERDICT, True, None)).splitlines()[0]


def test_a_notice_without_an_address_has_no_link_and_a_report_on_disk_is_shown_as_it_is():
    assert slack_text(Declined("toyville", VERDICT, "Ben", "no", None)).count("\n") == 2
    local = VerdictReached("toyville", "toyville-1", "promote", "better", "file:///reports/a.html", None)
    assert slack_text(local).endswith("report: file:///reports/a.html")
