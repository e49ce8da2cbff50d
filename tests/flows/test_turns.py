"""Who may begin a campaign, and what a scheduled run says when it does not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from prefect import State
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from flows.retune import retune
from orchestration.installation_context import current_installation
from tests.flows.conftest import Installation
from tests.flows.offices import Office
from tunegate.application.regions import region_lease
from tunegate.ports.leases import Leases

pytestmark = pytest.mark.slow

IN_2027 = {
    "history": {"first": "2027-01-01", "last": "2027-01-28"},
    "tuning": {"first": "2027-01-29", "last": "2027-01-30"},
    "validation": {"first": "2027-02-01", "last": "2027-02-03"},
    "test": {"first": "2027-02-05", "last": "2027-02-12"},
}


@pytest.fixture(autouse=True)
def settings(prefect_api: str) -> Iterator[None]:
    secret = os.environ["PREFECT_API_AUTH_STRING"]
    with temporary_settings({PREFECT_API_URL: prefect_api, PREFECT_API_AUTH_STRING: secret}):
        yield


async def ended(office: Office, monkeypatch: pytest.MonkeyPatch, *, scheduled: bool, **changes: Any) -> State[Any]:
    """The state in which a run of the deployed flow ends."""

    async def said() -> bool:
        return scheduled

    monkeypatch.setattr("orchestration.region_lock.is_scheduled", said)
    return await retune(str(office.installation.region_file(**{"search__trials": 5, **changes})), return_state=True)


def elsewhere(leases: Leases) -> None:
    assert leases.acquire(region_lease("toyville"), "another-machine", 600)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"periods": IN_2027}, "data missing: the data of anywhere covers 2026-01-01 to 2026-12-31, but periods.history is"),
        ({"gate__maximum_test_age_days": 0}, "data too old: the test period ends on 2026-02-12"),
    ],
    ids=["days without data", "days long past"],
)
async def test_a_scheduled_run_that_could_find_nothing_is_skipped_with_its_reason(*, office, monkeypatch, changes, reason):
    skipped = await ended(office, monkeypatch, scheduled=True, **changes)
    assert (skipped.type.value, skipped.name) == ("COMPLETED", "Skipped")
    assert reason in skipped.message
    assert current_installation().campaigns.all() == (), "nothing was begun"
    assert office.installation.requests() == []


async def test_a_region_that_is_tuned_on_another_machine_is_left_alone(office, monkeypatch):
    elsewhere(current_installation().leases)
    skipped = await ended(office, monkeypatch, scheduled=True)
    assert (skipped.type.value, skipped.name) == ("COMPLETED", "Skipped")
    assert skipped.message == "still running: one of toyville that is running on another-machine"
    refused = await ended(office, monkeypatch, scheduled=False)
    assert refused.is_failed()
    assert "one campaign of a region may run at a time" in refused.message
    assert current_installation().campaigns.all() == ()


def test_the_command_says_who_is_working_on_the_region(office):
    elsewhere(current_installation().leases)
    installation: Installation = office.installation
    ran = installation.retune()
    assert (ran.code, ran.stdout) == (2, "")
    assert "running on another-machine" in ran.stderr


async def test_a_campaign_gives_its_region_back_and_neighbours_start_from_its_best(office, monkeypatch):
    first = await ended(office, monkeypatch, scheduled=False)
    assert first.is_completed()
    assert current_installation().leases.holder(region_lease("toyville")) is None
    (row,) = current_installation().campaigns.of_region("toyville")
    best = row.outcome["best"]
    assert best[0] == row.outcome["candidate"]
    before = len(office.installation.requests())
    changes = {"region": "next_door", "search__start_from": ["toyville", "nowhere"], "search__workers": 1, "search__trials": 5}
    assert (await ended(office, monkeypatch, scheduled=False, **changes)).is_completed()
    asked = [request["parameters"] for request in office.installation.requests()[before:] if "/trial-" in request["id"]]
    assert asked[0] == {"gamma": 0.85, "max_wait_s": 150, "turn_left_weight": 0.5}
    assert asked[1:3] == best
    assert len(asked) == 5
