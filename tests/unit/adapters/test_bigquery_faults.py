"""BigQuery that is away, loses answers, fails jobs, is asked twice at once, lacks a table or refuses us; its rows are counted.

The real client talks to a strict server, in which concurrent statements do not see each other.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from tests.services import bigquery as bigquery_stand_in
from tests.services.bigquery import BigQueryService, bigquery_service
from tunegate.adapters.google.bigquery_dataset import TABLES, BigQueryDataset
from tunegate.adapters.google.bigquery_results import BigQueryResultsStore
from tunegate.domain.days import DayResult, Forecast, SimulationAnswer
from tunegate.domain.errors import BadInput
from tunegate.domain.parameters import Parameters
from tunegate.domain.periods import Period
from tunegate.domain.simulation import SimulationRequest
from tunegate.ports.outage import Outage
from tunegate.ports.results import RecordConflict, RequestKey, SimulationPhase

CAMPAIGN = "toy-20260601-120000"
TRIAL = RequestKey(SimulationPhase.SEARCH, "trial-0001")
DAYS = (date(2026, 3, 1), date(2026, 3, 2))
HISTORY = Period(date(2026, 1, 1), date(2026, 2, 28))
REQUEST = SimulationRequest("trial-0001", "toy", Parameters({"gamma": 0.9}), DAYS, (7, 8), Forecast.ML, HISTORY, {})


def answer(revenue_minor: float = 1e6 / 3) -> SimulationAnswer:
    days = tuple(
        DayResult(day, seed, Forecast.ML, {"revenue_minor": revenue_minor}, {"a": 1}, 100, f"sha256:{seed}")
        for day in DAYS
        for seed in (7, 8)
    )
    return SimulationAnswer(days, {"gamma": 0.9}, HISTORY.last, "sha256:c", "toy 1.0", 0.3)


def store(retry_for_s: float = 20.0, name: str = "results") -> BigQueryResultsStore:
    return BigQueryResultsStore(BigQueryDataset("acme-tunegate", name, retry_for_s))


def kept(service: BigQueryService) -> int:
    return service.select("SELECT count(*) FROM results.day_results")[0][0]


def test_a_statement_whose_answer_got_lost_is_not_run_again(bigquery):
    bigquery.rest.lose_answers("POST", "/jobs", times=2)
    store().save_answer(CAMPAIGN, TRIAL, REQUEST, answer())
    assert (kept(bigquery), len(bigquery.jobs_of("INSERT"))) == (4, 1)
    assert store().find_answer(CAMPAIGN, REQUEST.content_digest) == answer()


def test_a_process_that_is_killed_while_its_statement_runs_loses_and_doubles_nothing(bigquery, monkeypatch):
    monkeypatch.setattr(bigquery_stand_in, "STATEMENT_S", 1.0)
    save = "from tests.unit.adapters.test_bigquery_faults import *; store().save_answer(CAMPAIGN, TRIAL, REQUEST, answer())"
    process = subprocess.Popen([sys.executable, "-c", save], cwd=Path(__file__).parents[3])
    while not bigquery.jobs:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    store().save_answer(CAMPAIGN, TRIAL, REQUEST, answer())
    assert (kept(bigquery), len(bigquery.jobs_of("INSERT"))) == (4, 1)


def test_writers_who_do_not_see_each_other_write_every_day_once(bigquery):
    """Eight processes' worth of stores save the same answer at the same moment."""
    stores = [store() for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda mine: mine.save_answer(CAMPAIGN, TRIAL, REQUEST, answer()), stores))
    assert kept(bigquery) == 4


def test_of_two_different_answers_at_once_one_is_kept_whole_and_the_other_refused(bigquery):
    def save(revenue_minor: float) -> float | None:
        try:
            store().save_answer(CAMPAIGN, TRIAL, REQUEST, answer(revenue_minor))
        except RecordConflict:
            return None
        return revenue_minor

    with ThreadPoolExecutor(4) as threads:
        saved = [each for each in threads.map(save, (1.0, 2.0, 3.0, 4.0)) if each is not None]
    assert len(saved) == 1
    assert bigquery.select("SELECT DISTINCT revenue_minor FROM results.day_results") == [(saved[0],)]
    assert kept(bigquery) == 4


@pytest.mark.parametrize("reason", ["backendError", "jobRateLimitExceeded", "resourcesExceeded"])
def test_a_job_that_failed_for_the_moment_is_run_under_another_name(bigquery, reason):
    bigquery.fail_jobs(reason, times=2)
    store().save_answer(CAMPAIGN, TRIAL, REQUEST, answer())
    assert kept(bigquery) == 4


def test_bigquery_that_is_away_for_seconds_is_waited_for(bigquery):
    mine = store()
    bigquery.rest.away_for(1.5)
    mine.save_answer(CAMPAIGN, TRIAL, REQUEST, answer())
    bigquery.rest.away_for(0.5)
    assert len(mine.day_results(CAMPAIGN)) == kept(bigquery) == 4
    assert bigquery.rest.turned_away >= 3


def test_bigquery_that_stays_away_is_an_outage_after_a_bounded_time(bigquery):
    bigquery.rest.away_for(60)
    with pytest.raises(Outage, match=r"bigquery://acme-tunegate/results: no successful answer within 1 s, last: 503"):
        store(1.0).save_answer(CAMPAIGN, TRIAL, REQUEST, answer())
    bigquery.rest.away_for(0)
    bigquery.fail_jobs("backendError", times=1000)
    with pytest.raises(Outage, match="within 1 s"):
        store(1.0).save_answer(CAMPAIGN, TRIAL, REQUEST, answer())
    bigquery.rest.close()
    with pytest.raises(Outage, match="Connection refused"):
        store(0.5).find_answer(CAMPAIGN, REQUEST.content_digest)


def test_an_answer_whose_rows_were_deleted_is_written_again(bigquery):
    """The names of its jobs are taken for ever; partitions expire, and datasets are made anew."""
    for _ in range(3):
        store().save_answer(CAMPAIGN, TRIAL, REQUEST, answer())
        assert kept(bigquery) == 4
        bigquery.select("DELETE FROM results.day_results")
    store().save_answer(CAMPAIGN, TRIAL, REQUEST, answer())
    bigquery.select("DELETE FROM results.day_results WHERE seed = 7")
    with pytest.raises(RecordConflict, match=r"all days of an answer must be kept, or none, but got 2 of 4"):
        store().save_answer(CAMPAIGN, TRIAL, REQUEST, answer())


def test_a_row_that_somebody_copied_counts_once_and_one_that_differs_is_refused(bigquery):
    mine = store()
    mine.save_answer(CAMPAIGN, TRIAL, REQUEST, answer())
    bigquery.select("INSERT INTO results.day_results SELECT * FROM results.day_results WHERE seed = 7")
    assert mine.find_answer(CAMPAIGN, REQUEST.content_digest) == answer()
    assert len(mine.day_results(CAMPAIGN)) == 4
    bigquery.select("INSERT INTO results.day_results SELECT * REPLACE (9 AS drivers) FROM results.day_results WHERE seed = 8")
    with pytest.raises(RecordConflict, match="a simulated day must be kept once, but got rows that differ"):
        mine.day_results(CAMPAIGN)


def without(column: str) -> Callable[[BigQueryService], None]:
    def drop(service: BigQueryService) -> None:
        fields = service.tables["results", "day_results"]["schema"]["fields"]
        fields[:] = [field for field in fields if field["name"] != column]

    return drop


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda service: service.datasets.clear(), "dataset and tables must exist, but got 404 .*results.* Create dataset and"),
        (lambda service: service.tables.pop(("results", "trials")), "dataset and tables must exist, but got 404 .*trials"),
        (without("simulator"), "table day_results: the column simulator must be a STRING, but got no such column"),
        (
            lambda service: setattr(service, "denied", True),
            "Google Cloud must accept the account that tunegate runs as, but got 403",
        ),
    ],
    ids=["no dataset", "no table", "no column", "no permission"],
)
def test_what_is_missing_is_one_clear_error_before_anything_is_written(bigquery, spoil, words):
    spoil(bigquery)
    with pytest.raises(BadInput, match=words):
        store().save_answer(CAMPAIGN, TRIAL, REQUEST, answer())
    assert bigquery.jobs == {}


def test_a_permission_that_is_lost_later_is_told_too(bigquery):
    mine = store()
    mine.find_answer(CAMPAIGN, "sha256:0")
    bigquery.denied = True
    for call in (
        lambda: mine.save_answer(CAMPAIGN, TRIAL, REQUEST, answer()),
        lambda: mine.find_answer(CAMPAIGN, REQUEST.content_digest),
    ):
        with pytest.raises(BadInput, match=r"but got 403 .*roles/bigquery\.dataEditor"):
            call()
    bigquery.denied = False
    bigquery.fail_jobs("accessDenied")
    with pytest.raises(BadInput, match="BigQuery must let tunegate write its tables, but got accessDenied"):
        mine.save_answer(CAMPAIGN, TRIAL, REQUEST, answer())


def test_a_job_of_another_account_is_looked_at_only_where_its_rows_are_not_there(bigquery):
    """Workers and simulations run as accounts of their own, and BigQuery shows a job to its owner."""
    store().save_answer(CAMPAIGN, TRIAL, REQUEST, answer())
    bigquery.jobs_of_others = True
    store().save_answer(CAMPAIGN, TRIAL, REQUEST, answer())
    bigquery.select("DELETE FROM results.day_results")
    with pytest.raises(BadInput, match=r"but got 403 .*see each other's \(bigquery\.jobs\.get\)"):
        store().save_answer(CAMPAIGN, TRIAL, REQUEST, answer())


def test_nothing_is_asked_of_bigquery_before_it_is_needed():
    BigQueryResultsStore(BigQueryDataset("acme-tunegate", "nowhere"))


def test_an_answer_of_many_days_is_read_back_over_many_pages(bigquery):
    days = tuple(date(2026, 3, day) for day in range(1, 31))
    request = replace(REQUEST, days=days, seeds=(7,))
    many = replace(answer(), days=tuple(replace(answer().days[0], day=day) for day in days))
    store().save_answer(CAMPAIGN, TRIAL, request, many)
    assert store().find_answer(CAMPAIGN, request.content_digest) == many


@pytest.mark.parametrize("table", TABLES)
def test_every_committed_schema_is_partitioned_clustered_and_explained(table):
    document = json.loads(files("tunegate.adapters.google").joinpath("bigquery", f"{table}.json").read_text())
    fields = {field["name"]: field for field in document["schema"]["fields"]}
    assert fields[document["timePartitioning"]["field"]]["type"] in {"DATE", "TIMESTAMP"}
    assert set(document["clustering"]["fields"]) <= fields.keys()
    assert "campaign" in document["clustering"]["fields"]
    assert all(field["description"].endswith(".") for field in fields.values())


@pytest.mark.services
def test_a_table_made_from_its_schema_keeps_partitioning_and_clustering():
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    with bigquery_service() as service:
        service.create("results")
        client = bigquery.Client(
            "acme-tunegate", credentials=AnonymousCredentials(), client_options={"api_endpoint": service.url}
        )
        table = client.get_table("acme-tunegate.results.day_results", retry=None)
    assert (table.time_partitioning.type_, table.time_partitioning.field) == ("MONTH", "saved_at")
    assert table.clustering_fields == ["campaign", "phase", "subject", "day"]
