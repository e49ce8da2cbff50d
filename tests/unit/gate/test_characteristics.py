from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest

from tunegate.gate import characteristics
from tunegate.gate.versions import CURRENT_RULE, RULES

DOCS = Path(__file__).parents[3] / "docs" / "gate.md"


def test_what_ships_was_measured_on_this_rule_and_meets_every_demand() -> None:
    published = characteristics.published()
    demanded = [row for row in published if row.met is not None]
    assert len(demanded) >= 12
    assert [row for row in demanded if not row.met] == []
    assert all(row.gates >= (100 if row.name.startswith("hailsim") else 1000) for row in published)
    assert any(row.name.startswith("hailsim") for row in published)


def test_the_designs_own_demands_are_among_what_is_measured() -> None:
    names = {row.name for row in characteristics.published() if row.met is not None}
    assert {
        "A/A promoted, independent days",
        "A/A promoted, AR(0.4) days",
        "promoted at +1 % / +1 %",
        "promoted at +1.4 % / +2.2 %",
        "90 % interval covers, A/A, independent days",
        "promoted with the fallback at -0.5 %, independent days",
    } <= names


def test_the_docs_show_what_ships() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for row in characteristics.published():
        assert f"| {row.name} | {row.measured_pct:.2f} % |" in text


def test_figures_of_another_rule_are_refused() -> None:
    document = json.loads(files("tunegate.gate").joinpath(characteristics.FILE).read_text(encoding="utf-8"))
    assert document["rule_version"] == CURRENT_RULE.name
    with pytest.raises(ValueError, match=f"rule version {CURRENT_RULE.name}, but the rule is at 1"):
        characteristics.published(RULES["1"])
