"""How long a silent process counts as alive is one setting, from which every interval follows."""

from __future__ import annotations

import pytest

from tunegate.config.lease_times import LeaseTimes
from tunegate.config.workspace import Workspace
from tunegate.domain.errors import BadInput


def test_without_the_setting_a_lost_machine_costs_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TUNEGATE_LEASE_SECONDS", raising=False)
    times = Workspace.from_environment().lease_times
    intervals = (times.lease_s, times.renew_every_s, times.ask_again_s, times.check_every_s, times.missing_after_s)
    assert intervals == (60.0, 10.0, 2.0, 15.0, 120.0)


def test_the_environment_sets_all_of_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEGATE_LEASE_SECONDS", " 12 ")
    times = Workspace.from_environment().lease_times
    assert (times.lease_s, times.renew_every_s, times.ask_again_s, times.check_every_s) == (12.0, 2.0, 0.4, 3.0)


@pytest.mark.parametrize("text", ["9.9", "3601", "0", "-60", "nan", "inf", "a minute"])
def test_any_other_text_is_one_clear_fault(text: str) -> None:
    with pytest.raises(BadInput, match=r"TUNEGATE_LEASE_SECONDS: a lease must last 10 to 3600 seconds, but got"):
        LeaseTimes.parse(text)
