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
    assert {request["settings"].get("herding") for request in installation.requests() if "/gate-" in request["id"]} == {None}
