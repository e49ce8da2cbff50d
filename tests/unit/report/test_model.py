from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from tunegate.report.model import CampaignReport

MakeReport = Callable[..., CampaignReport]


def test_timestamps_without_a_zone_are_refused(report: MakeReport) -> None:
    with pytest.raises(ValueError, match="started_at must carry a time zone"):
        report(started_at=datetime(2026, 3, 1))


@pytest.mark.parametrize("missing", ["candidate", "gate"])
def test_a_candidate_without_a_gate_and_a_gate_without_a_candidate_are_refused(report: MakeReport, missing: str) -> None:
    with pytest.raises(ValueError, match="candidate and gate must both"):
        report(**{missing: None})
