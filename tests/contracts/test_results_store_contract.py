"""What every ResultsStore does, whatever keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contracts.conftest import Stores, new_database, sql_stores
from tunegate.adapters.google.bigquery_dataset import BigQueryDataset
from tunegate.adapters.google.bigquery_results import BigQueryResultsStore
from tunegate.domain.days import Forecast
from tunegate.ports.results import RecordConflict, RequestKey, SimulationPhase

PROJECT, DATASET = "acme-tunegate", "results"

TRIAL = RequestKey(SimulationPhase.SEARCH, "trial-0001")
CAMPAIGN = "toy-2026-06-01-aaaa"


@pytest.fixture(params=["sqlite", *(pytest.param(name, marks=pytest.mark.services) for name in ("mariadb", "bigquery"))])
def open_stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Stores]]:
    """As that of the other suites, with BigQuery besides: there everything but the results stays in a database."""
    in_bigquery = request.param == "bigquery"
    url = new_database("sqlite" if in_bigquery else request.param, request, tmp_path)
    if in_bigquery:
        request.getfixturevalue("bigquery")
    opened: list[Stores] = []

    def open_again() -> Stores:
        stores = sql_stores(url)
        if in_bigquery:
            stores = replace(stores, results=BigQueryResultsStore(BigQueryDataset(PROJECT, DATASET)))
        opened.append(stores)
        return stores

    yield open_again
    for stores in opened:
        stores.engine.dispose()


def test_an_answer_reads_back_equal_in_every_bit(stores, samples):
    request = samples.request()
    answer = samples.answer(request)
    stores.results.save_answer(CAMPAIGN, TRIAL, request, answer)
    found = stores.results.find_answer(CAMPAIGN, request.content_digest)
    assert found == answer
    assert repr(sorted(found.days[0].metrics.items())) == repr(sorted(answer.days[0].metrics.items()))


def test_an_answer_outlives_the_process_that_saved_it(open_stores, samples):
    request = samples.request()
    first = open_stores()
    first.results.save_answer(CAMPAIGN, TRIAL, request, samples.answer(request))
    first.engine.dispose()
    second = open_stores()
    assert second.results.find_answer(CAMPAIGN, request.content_digest) == samples.answer(request)


def test_an_unknown_request_and_another_campaigns_answer_are_not_found(stores, samples):
    request = samples.request()
    stores.results.save_answer(CAMPAIGN, TRIAL, request, samples.answer(request))
    assert stores.results.find_answer("another", request.content_digest) is None
    assert stores.results.find_answer(CAMPAIGN, samples.request(gamma=0.91).content_digest) is None


def test_saving_the_same_answer_again_changes_nothing_and_keeps_the_first_compute_time(stores, samples):
    request = samples.request()
    stores.results.save_answer(CAMPAIGN, TRIAL, request, samples.answer(request))
    again = samples.request(request_id="trial-0001-attempt-2")
    stores.results.save_answer(CAMPAIGN, TRIAL, again, samples.answer(again, compute_s=99.0))
    assert stores.results.find_answer(CAMPAIGN, request.content_digest) == samples.answer(request)
    assert len(stores.results.day_results(CAMPAIGN)) == len(samples.days) * len(samples.seeds)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda answer: replace(answer, days=(replace(answer.days[0], metrics={"revenue_minor": 1.0}), *answer.days[1:])),
        lambda answer: replace(answer, days=(*answer.days[:-1], replace(answer.days[-1], drivers=99))),
        lambda answer: replace(answer, city_digest="sha256:" + "d" * 64),
        lambda answer: replace(answer, simulator_version="toy 1.1"),
    ],
    ids=["first day's metrics", "last day's drivers", "city", "simulator version"],
)
def test_an_answer_that_comes_out_differently_is_refused_and_the_first_stays(stores, samples, spoil):
    request = samples.request()
    answer = samples.answer(request)
    stores.results.save_answer(CAMPAIGN, TRIAL, request, answer)
    with pytest.raises(RecordConflict, match="must not come out differently"):
        stores.results.save_answer(CAMPAIGN, TRIAL, request, spoil(answer))
    assert stores.results.find_answer(CAMPAIGN, request.content_digest) == answer


def test_other_parameters_under_the_same_key_are_refused_and_leave_no_trace(stores, samples):
    first, second = samples.request(), samples.request(gamma=0.95)
    stores.results.save_answer(CAMPAIGN, TRIAL, first, samples.answer(first))
    with pytest.raises(RecordConflict, match=r"search trial-0001, 2026-03-01, seed 7"):
        stores.results.save_answer(CAMPAIGN, TRIAL, second, samples.answer(second))
    assert stores.results.find_answer(CAMPAIGN, second.content_digest) is None
    assert {stored.content_digest for stored in stores.results.day_results(CAMPAIGN)} == {first.content_digest}


def test_a_save_that_fails_half_way_writes_nothing(stores, samples):
    request = samples.request()
    answer = samples.answer(request)
    broken = replace(answer.days[-1], metrics={"revenue_minor": float("nan")})
    with pytest.raises(ValueError, match="JSON compliant"):
        stores.results.save_answer(CAMPAIGN, TRIAL, request, replace(answer, days=(*answer.days[:-1], broken)))
    too_long = replace(answer.days[-1], order_log_digest="x" * 200)
    with pytest.raises(Exception, match="at most 71 characters"):
        stores.results.save_answer(CAMPAIGN, TRIAL, request, replace(answer, days=(*answer.days[:-1], too_long)))
    assert stores.results.find_answer(CAMPAIGN, request.content_digest) is None
    assert stores.results.day_results(CAMPAIGN) == ()


def test_a_trial_asked_one_day_at_a_time_adds_its_days_up(stores, samples):
    whole = samples.request()
    for day in samples.days:
        request = replace(whole, days=(day,))
        stores.results.save_answer(CAMPAIGN, TRIAL, request, samples.answer(request))
        assert stores.results.find_answer(CAMPAIGN, request.content_digest) == samples.answer(request)
    assert tuple(stored.result for stored in stores.results.day_results(CAMPAIGN)) == samples.answer(whole).days


def test_both_arms_keep_their_own_days_even_with_equal_requests(stores, samples):
    request = samples.request()
    for subject in ("production", "candidate"):
        stores.results.save_answer(CAMPAIGN, RequestKey(SimulationPhase.GATE, subject), request, samples.answer(request))
    for subject in ("production", "candidate"):
        stored = stores.results.day_results(CAMPAIGN, SimulationPhase.GATE, subject)
        assert tuple(day.result for day in stored) == samples.answer(request).days
    assert stores.results.find_answer(CAMPAIGN, request.content_digest) == samples.answer(request)


def test_day_results_are_selected_by_phase_and_subject_and_sorted(stores, samples):
    saved = {
        RequestKey(SimulationPhase.SEARCH, "trial-0002"): samples.request(gamma=0.92),
        RequestKey(SimulationPhase.SEARCH, "trial-0001"): samples.request(gamma=0.91),
        RequestKey(SimulationPhase.CONFIRMATION, "trial-0001"): samples.request(gamma=0.91),
        RequestKey(SimulationPhase.GATE, "candidate"): samples.request(forecast=Forecast.STATISTICS),
    }
    for key, request in saved.items():
        stores.results.save_answer(CAMPAIGN, key, request, samples.answer(request))
    ml = samples.request()
    stores.results.save_answer(CAMPAIGN, RequestKey(SimulationPhase.GATE, "candidate"), ml, samples.answer(ml))
    gate = stores.results.day_results(CAMPAIGN, SimulationPhase.GATE)
    assert [(s.result.forecast, s.result.day, s.result.seed) for s in gate] == [
        (forecast, day, seed) for forecast in ("ml", "statistics") for day in samples.days for seed in samples.seeds
    ]
    assert {stored.key.subject for stored in stores.results.day_results(CAMPAIGN, SimulationPhase.SEARCH)} == {
        "trial-0001",
        "trial-0002",
    }
    everything = [(s.key.phase, s.key.subject, s.result.forecast) for s in stores.results.day_results(CAMPAIGN)]
    assert everything == sorted(everything)
    assert len(everything) == 5 * len(samples.days) * len(samples.seeds)
    assert len(stores.results.day_results(CAMPAIGN, subject="trial-0001")) == 2 * len(samples.days) * len(samples.seeds)


def test_many_writers_of_many_answers_lose_and_double_nothing(open_stores, samples):
    """Each answer is written by two threads, over four stores of their own."""
    opened = [open_stores() for _ in range(4)]
    requests = [samples.request(f"trial-{number:04}", gamma=0.9 + number / 1000) for number in range(20)]

    def save(task: int) -> None:
        request = requests[task % len(requests)]
        opened[task % 4].results.save_answer(
            CAMPAIGN, RequestKey(SimulationPhase.SEARCH, request.id), request, samples.answer(request)
        )

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(save, range(2 * len(requests))))
    days = opened[0].results.day_results(CAMPAIGN)
    assert len(days) == len(requests) * len(samples.days) * len(samples.seeds)
    assert all(
        opened[0].results.find_answer(CAMPAIGN, request.content_digest) == samples.answer(request) for request in requests
    )
