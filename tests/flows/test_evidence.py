"""Ledger, records and replay through the command line, after real campaigns."""

from __future__ import annotations

import json
import sqlite3

import pytest

from tests.flows.conftest import Installation

pytestmark = pytest.mark.slow


def _ledger(installation: Installation) -> list[dict[str, object]]:
    entries: list[dict[str, object]] = json.loads(installation.run("ledger", "toyville", "--json").stdout)
    return entries


def _verdicts(installation: Installation) -> list[str]:
    listed = installation.run("verdict", "list", "toyville").stdout.splitlines()[1:]
    return [line.split()[0] for line in listed]


def test_the_same_question_spends_nothing_and_a_spent_period_makes_the_verdict_invalid(installation: Installation) -> None:
    once = {"search__workers": 1, "gate__verdicts_per_period": 1}
    first = installation.retune(**once).outcome
    again = installation.retune(**once).outcome
    assert again["delta_ml"] == first["delta_ml"]
    assert [entry["alpha_spent"] for entry in _ledger(installation)] == [0.05]
    gate_requests = [request for request in installation.requests() if "/gate-" in request["id"]]
    easier = installation.retune(**once, gate__minimum_effect_pct=0.0).outcome
    assert easier["verdict"] == "invalid", "easier thresholds are another question"
    other = installation.retune(**once, search__trials=5).outcome
    assert other["verdict"] == "invalid"
    assert "Roll the test period" in other["reason"]
    assert other["delta_ml"] == {"estimate_pct": None, "low_pct": None, "high_pct": None}
    assert gate_requests == [request for request in installation.requests() if "/gate-" in request["id"]], "nobody looked"


def test_a_verdict_replays_bit_for_bit_until_one_stored_number_is_changed(installation: Installation) -> None:
    assert installation.retune().code == 0
    (verdict,) = _verdicts(installation)
    agreed = installation.run("verdict", "replay", verdict)
    assert agreed.code == 0, agreed.stdout + agreed.stderr
    assert "agrees bit for bit" in agreed.stdout
    with sqlite3.connect(installation.home / "results.sqlite") as database:
        query = "SELECT rowid, metrics FROM day_results WHERE phase = 'gate' AND subject LIKE 'gate-candidate-%-ml' LIMIT 1"
        row, metrics = database.execute(query).fetchone()
        changed = json.loads(metrics)
        changed["revenue_minor"] += 1
        database.execute("UPDATE day_results SET metrics = ? WHERE rowid = ?", (json.dumps(changed), row))
    changed_by_one = installation.run("verdict", "replay", verdict)
    assert changed_by_one.code == 1
    assert "DOES NOT AGREE" in changed_by_one.stdout
    assert "candidate/ml" in changed_by_one.stdout


def test_a_record_names_everything_the_verdict_rests_on(installation: Installation) -> None:
    outcome = installation.retune().outcome
    record = json.loads(installation.run("verdict", "show", _verdicts(installation)[0]).stdout)
    assert record["judgement"]["verdict"]["kind"] == outcome["verdict"]
    assert record["evidence"]["candidate"] == outcome["candidate"]
    assert record["evidence"]["campaign"] == outcome["campaign"]
    assert set(record["day_result_digests"]) == {
        "production/ml",
        "candidate/ml",
        "production/statistics",
        "candidate/statistics",
        "self-check",
    }


@pytest.mark.parametrize("action", ["show", "replay"])
def test_an_unknown_verdict_is_bad_input(installation: Installation, action: str) -> None:
    ran = installation.run("verdict", action, "sha256:000000")
    assert ran.code == 2
    assert "tunegate verdict list REGION" in ran.stderr


def test_power_says_what_the_planned_gate_can_see_before_any_test_day_is_simulated(installation: Installation) -> None:
    ran = installation.run("power", installation.region_file(), "--json")
    forecast = json.loads(ran.stdout)
    assert forecast["plan"]["days"] == 8
    assert 0 < forecast["half_width_pct"] < forecast["minimum_detectable_effect_pct"]
    assert forecast["advice"]["plan"]["seeds"] >= 1
    simulated = {day for request in installation.requests() for day in request["days"]}
    assert max(simulated) < "2026-02-05"
    assert not _ledger(installation)
