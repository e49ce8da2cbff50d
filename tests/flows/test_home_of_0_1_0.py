"""What version 0.1.0 wrote is still read, resumed and published (tests/data/home_0_1_0)."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from pathlib import Path

import pytest

from tests.flows.conftest import QUADRATIC, Installation

pytestmark = pytest.mark.slow

DATA = Path(__file__).parents[1] / "data" / "home_0_1_0"
VERDICT = "f784d2bd148c"
FIRST, SECOND, KILLED = "toyville-20261128-041735", "toyville-20261128-042258", "toyville-20261128-043117"


@pytest.fixture
def old_home(installation: Installation) -> Installation:
    """The home as 0.1.0 left it, in a folder of its own."""
    root = installation.root
    shutil.copytree(DATA / "home", installation.home)
    shutil.copy(DATA / "toyville.yaml", root)
    simulator = root / "simulator"
    simulator.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{QUADRATIC}" --log "{installation.log}" "$@"\n')
    simulator.chmod(0o755)
    database = sqlite3.connect(installation.home / "results.sqlite")
    database.executescript((DATA / "results.sql").read_text("utf-8").replace("@ROOT@", str(root)))
    database.close()
    return installation


def records(home: Installation, query: str, *values: str) -> list[tuple[str, ...]]:
    with sqlite3.connect(home.home / "results.sqlite") as database:
        return list(database.execute(query, values))


def answers(home: Installation) -> set[str]:
    """Digests of the answers of the killed campaign."""
    return {digest for (digest,) in records(home, "SELECT content_digest FROM answers WHERE campaign = ?", KILLED)}


def published_at(version: int) -> str:
    """The document that 0.1.0 published as a version."""
    with sqlite3.connect(":memory:") as database:
        database.executescript((DATA / "results.sql").read_text("utf-8"))
        found: str = database.execute("SELECT published FROM releases WHERE version = ?", (version,)).fetchone()[0]
        return found


def test_verdicts_are_listed_shown_and_replayed(old_home: Installation) -> None:
    listed = old_home.run("verdict", "list", "toyville")
    assert listed.code == 0, listed.stderr
    assert FIRST in listed.stdout
    assert SECOND in listed.stdout
    shown = old_home.run("verdict", "show", VERDICT)
    assert shown.code == 0, shown.stderr
    [(text,)] = records(old_home, "SELECT document FROM verdicts WHERE id LIKE ?", f"sha256:{VERDICT}%")
    document = json.loads(shown.stdout)
    assert document.pop("id").startswith(f"sha256:{VERDICT}")
    assert document == json.loads(text)
    for (verdict,) in records(old_home, "SELECT id FROM verdicts"):
        replayed = old_home.run("verdict", "replay", verdict)
        assert replayed.code == 0, replayed.stderr


def test_ledger_and_registry_tell_the_same_history(old_home: Installation) -> None:
    ledger = old_home.run("ledger", "toyville")
    assert ledger.code == 0, ledger.stderr
    assert FIRST in ledger.stdout
    assert SECOND not in ledger.stdout, "the same question was asked again, and is entered once"
    history = old_home.run("registry", "history", "toyville")
    assert history.code == 0, history.stderr
    for words in ("initial", "Ada", "routes look right", "ben", "taxis circle"):
        assert words in history.stdout
    listed = old_home.run("registry", "list")
    assert listed.code == 0, listed.stderr
    shown = old_home.run("registry", "show", "toyville", "--version", "2")
    assert shown.code == 0, shown.stderr
    assert json.loads(shown.stdout)["parameters"] == json.loads(published_at(2))["parameters"]
    assert (old_home.home / "published" / "toyville.json").read_bytes() == published_at(1).encode(), "nothing was published"


def test_an_old_version_is_published_byte_for_byte(old_home: Installation) -> None:
    back = old_home.run("rollback", "toyville", "--to", "2", "--approver", "ben", "--reason", "they were right after all")
    assert back.code == 0, back.stderr
    assert (old_home.home / "published" / "toyville.json").read_bytes() == published_at(2).encode()
    assert published_at(2) != published_at(1)


def test_a_killed_campaign_resumes_with_the_trials_it_has(old_home: Installation) -> None:
    kept = answers(old_home)
    ran = old_home.run("retune", old_home.root / "toyville.yaml", "--json", "--resume")
    assert ran.outcome["campaign"] == KILLED
    assert ran.outcome["trials"]["complete"] == 8
    assert ran.outcome["verdict"] == "promote"
    trials = {request["id"] for request in old_home.requests() if "/trial-" in request["id"]}
    assert f"{KILLED}/trial-0000" not in trials, "what is complete is not simulated again"
    assert kept < answers(old_home)
