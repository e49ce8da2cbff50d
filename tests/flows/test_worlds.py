"""A campaign over worlds: the search averages over them, and a finalist that fails in a stress world is no candidate."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.flows.conftest import Installation

pytestmark = pytest.mark.slow

HERDING = {"herding": 0.9}


def worlds(installation: Installation, margin_pct: float) -> dict[str, Any]:
    """The section of a region that believes in two worlds and fears a third."""
    file = installation.root / "worlds.json"
    file.write_text(json.dumps({"worlds": [{"settings": {"herding": share}, "weight": 1} for share in (0.0, 0.1)]}))
    return {"file": str(file), "stress": {"too many follow": {"settings": HERDING, "margin_pct": margin_pct}}}


def test_no_finalist_is_a_candidate_that_loses_more_than_its_margin_in_a_stress_world(installation: Installation) -> None:
    outcome = installation.retune(worlds=worlds(installation, margin_pct=0.5)).outcome
    assert outcome["verdict"] == "nothing beats production"
    assert outcome["candidate"] is None
    asked = installation.requests()
    assert not [request for request in asked if "/gate-" in request["id"]]
    for phase in ("trial-0000", "confirm-production"):
        settings = [request["settings"]["herding"] for request in asked if f"/{phase}-" in request["id"]]
        assert sorted({*settings}) == [0.0, 0.1, 0.9]


def test_a_loss_within_the_margin_of_a_stress_world_keeps_nobody_from_the_gate(installation: Installation) -> None:
    outcome = installation.retune(worlds=worlds(installation, margin_pct=100)).outcome
    assert outcome["candidate"] is not None
    assert outcome["verdict"] == "promote"
    asked = [request for request in installation.requests() if "/gate-" in request["id"]]
    assert {request["settings"]["herding"] for request in asked} == {0.0, 0.1, 0.9}
    assert not [request for request in asked if request["settings"]["herding"] == 0.9 and request["forecast"] != "ml"]


def test_the_record_of_a_gate_over_worlds_names_them_and_replays_bit_for_bit(installation: Installation) -> None:
    assert installation.retune(worlds=worlds(installation, margin_pct=100)).code == 0
    (verdict,) = [word for word in installation.run("verdict", "list", "toyville").stdout.split() if word.startswith("sha256:")]
    document = json.loads(installation.run("verdict", "show", verdict).stdout)
    assert document["rule_version"] == "2"
    assert [each["world"]["settings"] for each in document["evidence"]["worlds"]] == [{"herding": 0.0}, {"herding": 0.1}]
    assert [each["name"] for each in document["evidence"]["stress_worlds"]] == ["too many follow"]
    assert len(document["judgement"]["worlds"]) == 2
    assert document["judgement"]["realised"] is not None
    replayed = installation.run("verdict", "replay", verdict)
    assert replayed.code == 0, replayed.stdout
    assert "agrees bit for bit" in replayed.stdout


def test_worlds_that_changed_since_a_campaign_began_are_refused_when_it_resumes(installation: Installation) -> None:
    broken = {"search__failure_budget": 0, "search__attempts_per_trial": 1}
    section = worlds(installation, margin_pct=100)
    assert installation.retune("--fault", "die", worlds=section, **broken).code == 1
    file = installation.root / "worlds.json"
    file.write_text(file.read_text().replace("0.1", "0.2"))
    resumed = installation.retune("--fault", "die", worlds=section, arguments=("--resume",), **broken)
    assert resumed.code == 2
    assert "the configuration it began with" in resumed.stderr
