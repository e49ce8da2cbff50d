"""`tunegate monitor` and `tunegate experiment` as people type them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from cli.main import main
from tests.synthetic.street_home import REGION, StreetHome

BEN = ("--approver", "ben", "--reason", "a strike")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StreetHome:
    monkeypatch.setenv("TUNEGATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TUNEGATE_CONFIGS", str(tmp_path))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    made = StreetHome(tmp_path)
    made.prepare(looks=[4])
    return made


@pytest.fixture
def run(capsys):
    def call(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(words)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def past(home: StreetHome, effect_pct: float) -> str:
    """The street reports everything; the instant after that."""
    end = home.experiment().schedule.end_utc
    home.observe(effect_pct, end)
    return (end + timedelta(hours=1)).isoformat()


def test_the_monitor_concludes_and_the_score_card_has_the_release(home, run):
    home.approve()
    before = run("monitor", REGION, "--now", home.clock.time.isoformat())
    assert (before[0], before[1].splitlines()[0]) == (0, "toy-2: started: looks right")
    assert "Next: the look after day 4" in before[1]
    code, out, _ = run("monitor", REGION, "--now", past(home, 1.0))
    assert code == 0
    assert out.startswith("toy-2: look: conclude: revenue changes by")
    assert "nothing; the experiment is over." in out
    page = (home.root / "home" / "reports" / "experiment-toy-2.html").read_text()
    for words in ("Concluded", "After day 4", "The gate predicted +1.8", "a slope needs 5"):
        assert words in page
    shown = run("experiment", "show", REGION)[1]
    for words in ("The gate predicted +1.8", "Release plan sha256:", "concluded", "tunegate monitor"):
        assert words in shown
    scores = json.loads(run("experiment", "scores", "--json")[1])
    assert [(each["experiment"], each["end"]) for each in scores["scores"]] == [("toy-2", "conclusion")]
    assert abs(scores["scores"][0]["realised"]["estimate_pct"] - 1.0) < 3 * scores["scores"][0]["standard_error_pct"]
    assert scores["slope"] is None
    assert "a slope needs 5" in run("experiment", "scores", REGION)[1]


def test_a_person_stops_and_the_entries_are_there_as_json(home, run):
    home.approve()
    code, out, _ = run("experiment", "stop", REGION, *BEN)
    assert code == 0
    assert out.startswith("toy runs version 3, which restores version 1, rollback by ben")
    shown = json.loads(run("experiment", "show", REGION, "--json")[1])
    assert [event["kind"] for event in shown["events"]] == ["started", "stopped"]
    assert shown["running"] is False
    assert run("experiment", "stop", REGION, *BEN)[0] == 2


def test_an_approver_concludes_and_somebody_else_does_not(home, run):
    home.approve()
    code, _, err = run("experiment", "conclude", REGION, "--approver", "mallory", "--reason", "now")
    assert (code, "list of approvers (Ada, ben)" in err) == (2, True)
    code, out, _ = run("experiment", "conclude", REGION, *BEN)
    assert (code, out.splitlines()[0]) == (0, "toy runs version 3, conclusion by ben")


def test_a_window_is_taken_out_by_the_start_that_the_document_gives(home, run):
    home.approve()
    window = json.loads(home.published() or "")["experiment"]["windows"][5]["start"]
    code, out, _ = run("experiment", "exclude", REGION, window, *BEN)
    assert (code, "is out, by ben: a strike" in out) == (0, True)
    for other in ("2026-03-01T08:00:00", "soon", "2026-03-01T08:00:00+00:00"):
        assert run("experiment", "exclude", REGION, other, *BEN)[0] == 2


@pytest.mark.parametrize("words", [("monitor", "toy", "--now", "noon"), ("monitor", "toy", "--now", "2026-03-01T08:00:00")])
def test_an_instant_without_a_zone_is_refused(home, run, words):
    code, _, err = run(*words)
    assert code == 2
    assert "--now: an instant must have a date, a time and a zone" in err


def test_a_region_without_an_experiment_is_said_to_have_none(home, run):
    assert run("monitor", REGION)[1] == "toy tries no candidate on the street\n"
    code, _, err = run("experiment", "show", REGION)
    assert (code, "none of toy" in err) == (2, True)
    assert run("experiment", "scores")[1] == "The street has judged 0 releases; a slope needs 5.\n"
