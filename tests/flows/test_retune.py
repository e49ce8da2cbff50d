"""The main job through the real command line, with a toy simulator that is a real process."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from tests.flows.conftest import Installation, Ran

pytestmark = pytest.mark.slow

KEYS = [
    "campaign",
    "region",
    "trials",
    "champion",
    "candidate",
    "search_value_pct",
    "validation_value_pct",
    "verdict",
    "reason",
    "exploratory",
    "delta_ml",
    "delta_statistics",
    "simulated_days",
    "routes",
    "wall_s",
    "report",
]
BEST = {"gamma": 0.95, "max_wait_s": 420, "turn_left_weight": 2.0}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> tuple[Installation, Ran]:
    """A campaign of the toy city that ended, for tests that only look at what it left; and what it printed."""
    installation = Installation(tmp_path_factory.mktemp("finished"))
    return installation, installation.retune()


def test_a_campaign_ends_with_a_judged_candidate_and_a_report(finished: tuple[Installation, Ran]) -> None:
    _, ran = finished
    assert ran.stdout.count("\n") == 1, "stdout carries the outcome and nothing else"
    outcome = ran.outcome
    assert list(outcome) == KEYS
    assert outcome["trials"] == {"complete": 8, "failed": 0, "pruned": 0}
    assert outcome["verdict"] == "promote"
    assert outcome["delta_ml"]["low_pct"] > 0
    assert "toyville search" in ran.stderr
    report = Path(outcome["report"]).read_text()
    assert report.startswith("<!DOCTYPE html>")
    assert outcome["campaign"] in report
    assert "Phases of a trial, by parallelism" in report
    index = (Path(outcome["report"]).parent / "index.html").read_text()
    assert f'href="{outcome["campaign"]}.html"' in index


def test_a_campaign_on_its_own_runs_on_the_server_in_its_workspace(tmp_path: Path) -> None:
    alone = Installation(tmp_path)
    alone.environment.pop("PREFECT_API_URL", None)
    ran = alone.retune()
    assert ran.code == 0, ran.stderr
    assert "server" not in ran.stderr, "Prefect has begun one of its own"
    with closing(sqlite3.connect(alone.home / "prefect" / "prefect.db")) as runs:
        ended = dict(runs.execute("SELECT name, state_type FROM flow_run WHERE name LIKE 'toyville/%'").fetchall())
    assert ended["toyville/retune"] == ended["toyville/trial-0007"] == "COMPLETED"


def test_each_phase_simulates_its_own_days_and_seeds_only(finished: tuple[Installation, Ran]) -> None:
    installation, ran = finished
    assert ran.code == 0
    days: dict[str, set[str]] = {"trial": set(), "confirm": set(), "gate": set()}
    seeds: dict[str, set[int]] = {"trial": set(), "confirm": set(), "gate": set()}
    for request in installation.requests():
        phase = request["id"].split("/")[1].split("-")[0]
        days[phase] |= set(request["days"])
        seeds[phase] |= set(request["seeds"])
    assert days["trial"] == {"2026-01-29", "2026-01-30"}
    assert days["confirm"] == {"2026-02-01", "2026-02-02", "2026-02-03"}
    assert days["gate"] == {f"2026-02-{day:02d}" for day in range(5, 13)}
    assert not seeds["trial"] & seeds["confirm"]
    assert not (seeds["trial"] | seeds["confirm"]) & seeds["gate"]
    histories = {(r["history"]["first"], r["history"]["last"]) for r in installation.requests()}
    assert histories == {("2026-01-01", "2026-01-28")}


def test_the_same_seed_gives_the_same_trials_candidate_and_intervals_with_one_worker(
    installation: Installation, tmp_path: Path
) -> None:
    other = Installation(tmp_path / "other")
    other.root.mkdir()
    outcomes = [each.retune(search__workers=1).outcome for each in (installation, other)]
    for key in ("trials", "candidate", "search_value_pct", "validation_value_pct", "delta_ml", "delta_statistics", "reason"):
        assert outcomes[0][key] == outcomes[1][key], key
    searched = [
        [request["parameters"] for request in each.requests() if "/trial-" in request["id"]] for each in (installation, other)
    ]
    assert searched[0] == searched[1]
    assert len(searched[0]) == 8


@pytest.mark.parametrize(("workers", "fail_share"), [(1, 0.2), (2, 0.0), (5, 0.2), (8, 0.2)])
def test_exactly_the_budgeted_trials_are_complete(installation: Installation, workers: int, fail_share: float) -> None:
    state = installation.root / "attempts"
    state.mkdir()
    ran = installation.retune(
        "--fail-share",
        str(fail_share),
        "--state",
        str(state),
        search__workers=workers,
        search__trials=20,
        search__failure_budget=40,
    )
    outcome = ran.outcome
    assert outcome["trials"]["complete"] == 20
    assert (outcome["trials"]["failed"] > 0) == (fail_share > 0)
    assert outcome["verdict"] in {"promote", "inconclusive", "reject"}


def test_production_against_itself_gives_exactly_zero_and_is_never_promoted(installation: Installation) -> None:
    campaign = installation.retune().outcome["campaign"]
    judged = json.loads(
        installation.python(
            "import asyncio, json, sys\n"
            "from flows.gate import gate\n"
            "from orchestration.installation_context import current_installation\n"
            "from tunegate.application.jobs import gate_job\n"
            "plan = current_installation().plan(sys.argv[1])\n"
            "judged = asyncio.run(gate(gate_job(plan, plan.production, 'inline'))).judgement\n"
            "print(json.dumps([type(judged.verdict).__name__, judged.delta_ml.estimate_pct, judged.delta_ml.low_pct,"
            " judged.delta_ml.high_pct, judged.delta_statistics.estimate_pct]))",
            campaign,
        ).splitlines()[-1]
    )
    assert judged == ["Invalid", 0.0, 0.0, 0.0, 0.0]


def test_when_production_is_best_the_outcome_says_that_nothing_beats_it(installation: Installation) -> None:
    ran = installation.retune(production=BEST, simulator__settings={"own_noise_share": 0.0})
    assert ran.outcome["verdict"] == "nothing beats production"
    assert ran.outcome["candidate"] is None
    assert not [request for request in installation.requests() if "/gate-" in request["id"]], "no test day was used up"


def test_a_spent_failure_budget_ends_the_campaign_with_the_reasons(installation: Installation) -> None:
    ran = installation.retune("--fail-share", "0.7", search__failure_budget=3, search__attempts_per_trial=20)
    assert ran.code == 1
    # One that runs elsewhere when the budget is spent may fail, too.
    assert re.search(r"[45] trials failed, and the failure budget is 3", ran.stderr)
    assert "a toy must be lucky" in ran.stderr
    assert ran.stdout == ""
    noted = installation.python(
        "from orchestration.installation_context import current_installation\n"
        "(row,) = current_installation().campaigns.of_region('toyville')\n"
        "print(row.status, row.outcome['error'])"
    )
    assert noted.split() == ["failed", "FailureBudgetSpent"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("die", "exit code 3"),
        ("rubbish", "Loading model"),
        ("wrong_day", "2026-01-30"),
        ("nan", "NaN"),
        ("hang", "silent"),
    ],
)
def test_a_broken_simulator_ends_the_campaign_with_its_fault_in_words(
    installation: Installation, fault: str, reason: str
) -> None:
    ran = installation.retune(
        "--fault", fault, search__failure_budget=1, search__attempts_per_trial=1, simulator__answer_timeout_s=0.5
    )
    assert ran.code == 1
    assert reason in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_pruned_search_still_completes_its_budget(installation: Installation) -> None:
    periods = {
        "history": {"first": "2026-01-01", "last": "2026-01-20"},
        "tuning": {"first": "2026-01-21", "last": "2026-01-30"},
        "validation": {"first": "2026-02-01", "last": "2026-02-02"},
        "test": {"first": "2026-02-05", "last": "2026-02-12"},
    }
    outcome = installation.retune(periods=periods, search__pruner="median", search__trials=12).outcome
    assert outcome["trials"]["complete"] == 12
    assert outcome["trials"]["pruned"] > 0
    simulated = Counter(request["id"] for request in installation.requests() if "/trial-" in request["id"])
    assert min(simulated.values()) < 10, "a pruned trial is simulated on fewer days"


def test_every_run_of_a_campaign_is_found_by_one_tag_and_named_by_region_and_trial(
    finished: tuple[Installation, Ran],
) -> None:
    installation, ran = finished
    campaign = ran.outcome["campaign"]
    names = json.loads(
        installation.python(
            "import asyncio, json, sys\n"
            "from prefect import get_client\n"
            "from prefect.client.schemas.filters import FlowRunFilter\n"
            "async def names():\n"
            "    async with get_client() as client:\n"
            "        tagged = FlowRunFilter.model_validate({'tags': {'all_': [f'campaign:{sys.argv[1]}']}})\n"
            "        runs = await client.read_flow_runs(flow_run_filter=tagged, limit=200)\n"
            "    return sorted(run.name for run in runs if run.state.is_completed() and 'region:toyville' in run.tags)\n"
            "print(json.dumps(asyncio.run(names())))",
            campaign,
        ).splitlines()[-1]
    )
    for number in range(8):
        assert f"toyville/trial-{number:04d}" in names
    for phase in ("retune", "tune", "confirm", "gate", "worker-1", "worker-2", "gate-production-ml", "confirm-production"):
        assert f"toyville/{phase}" in names


def test_days_of_the_outcome_count_every_simulated_day(finished: tuple[Installation, Ran]) -> None:
    installation, ran = finished
    outcome = ran.outcome
    distinct = {
        (request["id"], day, seed)
        for request in installation.requests()
        for day in request["days"]
        for seed in request["seeds"]
    }
    assert outcome["simulated_days"] == len(distinct)
    assert all(date.fromisoformat(day) for _, day, _ in distinct)
