"""What a simulator says is checked line by line, and the class of what is wrong decides whether asking again can help."""

from __future__ import annotations

import asyncio
import time

import pytest

from tunegate.adapters.simulator.subprocess_simulator import ProcessLimits
from tunegate.domain.errors import BadInput, FailureClass, SimulationFailed
from tunegate.domain.parameters import Parameters

TRANSIENT = {
    "die": ["exit code 3", "about to die\n  of a planned fault", "fresh process"],
    "die_midway": ["exit code 3"],
    "killed": ["killed by SIGKILL", "nothing on stderr"],
    "rubbish": ["must be JSON", "Loading model ... ok", "send prints and logs to stderr"],
    "torn_line": ["must be JSON"],
    "empty_line": ["must be JSON", "an empty line"],
    "huge_line": ["bounded length", "16777216 bytes"],
    "close_stdout": ["closed its output and went on running"],
    "transient": ["a toy must be lucky", "Ask again."],
}
PERMANENT = {
    "wrong_day": ["only days and seeds of the request", "2026-03-03, seed 2"],
    "impossible_day": ["must exist in the calendar", "2026-02-31"],
    "wrong_seed": ["only days and seeds of the request", "seed 4000000000"],
    "wrong_id": ["must carry the id of its request", "toy/trial-0001", "somebody else's"],
    "duplicate_day": ["answered once", "2026-03-02, seed 2 again"],
    "missing_day": ["every day and seed", "1 missing, the first 2026-03-02, seed 2"],
    "wrong_count": ["count the day lines", "99 said, 4 written"],
    "nan": ["numbers must be finite", "NaN"],
    "overflow": ["numbers must be finite", "1e999"],
    "negative_revenue": ["metrics/revenue_minor", "-5 is less than the minimum of 0"],
    "inexact_revenue": ["exact in double precision", str(2**60)],
    "no_metrics": ["'metrics' is a required property"],
    "wrong_zones": ["must sum to revenue_minor"],
    "other_parameters": ["echo the request's parameters", "{'gamma': 0.81} for {'gamma': 0.9}"],
    "saw_the_future": ["nothing after history.last, 2026-02-28", "trained_last_day 2026-12-31"],
    "unknown_type": ["`type` must be one of day, done, error, roads, route, routed", "progress"],
    "permanent": ["a toy must be willing", "unwilling", "Ask another."],
}


async def test_a_sound_answer_is_sorted_and_reported_day_by_day(toy, request_for):
    heard = []
    answer = await toy().simulate(request_for(), heard.append)
    order = [(result.day.day, result.seed) for result in answer.days]
    assert order == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert [(result.day.day, result.seed) for result in heard] == [(2, 2), (2, 1), (1, 2), (1, 1)]
    assert answer.applied_parameters == {"gamma": 0.9, "max_wait_s": 300, "turn_left_weight": 1}
    assert answer.simulator_version == "quadratic 1.0"


@pytest.mark.parametrize("fault", TRANSIENT | PERMANENT)
async def test_every_fault_has_its_class_and_its_words_and_the_next_request_is_answered(toy, request_for, tmp_path, fault):
    simulator = toy("--fault", fault, "--fault-once", tmp_path / "once")
    with pytest.raises(SimulationFailed) as caught:
        await simulator.simulate(request_for())
    assert caught.value.failure_class == (FailureClass.TRANSIENT if fault in TRANSIENT else FailureClass.PERMANENT)
    for words in (TRANSIENT | PERMANENT)[fault]:
        assert words in str(caught.value)
    assert "toy/trial-0001" in str(caught.value)
    assert len((await simulator.simulate(request_for())).days) == 4


@pytest.mark.parametrize("fault", ["hang", "hang_midway"])
async def test_silence_is_a_transient_failure_after_the_time_allowed(toy, request_for, tmp_path, fault):
    limits = ProcessLimits(answer_timeout_s=0.8, start_allowance_s=2)
    simulator = toy("--fault", fault, "--fault-once", tmp_path / "once", limits=limits)
    started = time.monotonic()
    with pytest.raises(SimulationFailed, match=r"silent for more than (0\.8|2\.8) s, but got silence") as caught:
        await simulator.simulate(request_for())
    assert caught.value.failure_class is FailureClass.TRANSIENT
    assert time.monotonic() - started < 8
    assert len((await simulator.simulate(request_for())).days) == 4


async def test_an_answer_may_take_longer_than_the_silence_allowed_while_days_keep_coming(toy, request_for):
    simulator = toy("--day-s", 0.3, limits=ProcessLimits(answer_timeout_s=1.5, start_allowance_s=5))
    started = time.monotonic()
    assert len((await simulator.simulate(request_for(seeds=(1, 2, 3)))).days) == 6
    assert time.monotonic() - started > 1.5


async def test_only_the_first_answer_of_a_process_may_take_the_start_allowance(toy, request_for):
    simulator = toy("--day-s", 0.5, limits=ProcessLimits(answer_timeout_s=0.1, start_allowance_s=5))
    with pytest.raises(SimulationFailed, match=r"silent for more than 0\.1 s"):
        await simulator.simulate(request_for())


async def test_a_metric_without_value_on_a_day_may_be_absent_there(toy, request_for):
    answer = await toy("--fault", "absent_metric").simulate(request_for())
    assert sum("utilisation_pct" not in result.metrics for result in answer.days) == 1


async def test_a_line_far_longer_than_asyncio_reads_by_default_is_read(toy, request_for):
    answer = await toy("--fault", "long_line").simulate(request_for())
    assert max(len(result.zone_revenue_minor) for result in answer.days) == 20_002


async def test_a_flood_on_stderr_neither_blocks_nor_fills_memory(toy, request_for):
    simulator = toy("--fault", "chatty_stderr")
    assert len((await simulator.simulate(request_for())).days) == 4
    tail = simulator._process.stderr_tail
    assert sum(map(len, tail)) < 20_000


async def test_a_permanent_error_leaves_the_warm_process_in_place(toy, request_for):
    simulator = toy()
    await simulator.simulate(request_for())
    pid = simulator._process.pid
    with pytest.raises(SimulationFailed, match="a parameter must be one of"):
        await simulator.simulate(request_for(parameters=Parameters({"gama": 0.9})))
    await simulator.simulate(request_for())
    assert simulator._process.pid == pid


async def test_requests_at_once_take_turns(toy, request_for):
    simulator = toy()
    requests = [
        request_for(id=f"trial-{number}", parameters=Parameters({"gamma": 0.9 + number / 1000})) for number in range(20)
    ]
    answers = await asyncio.gather(*map(simulator.simulate, requests))
    assert [answer.applied_parameters["gamma"] for answer in answers] == [request.parameters["gamma"] for request in requests]


async def test_a_listener_that_raises_ends_the_request_and_its_rest_never_reaches_the_next(toy, request_for):
    simulator = toy("--day-s", 0.05)

    def refuse(_result):
        raise LookupError("the listener's own")

    with pytest.raises(LookupError, match="the listener's own"):
        await simulator.simulate(request_for(id="first"), refuse)
    assert len((await simulator.simulate(request_for(id="second"))).days) == 4


async def test_numbers_that_json_cannot_hold_are_never_sent(toy, request_for):
    with pytest.raises(ValueError, match="JSON compliant"):
        await toy().simulate(request_for(settings={"noise_share": float("nan")}))


class TestDescribe:
    async def test_a_description_carries_parameters_metrics_settings_and_the_city(self, toy):
        description = await toy().describe("toytown")
        assert [spec.name for spec in description.parameters] == ["gamma", "max_wait_s", "turn_left_weight"]
        assert description.city.name == "toytown"
        assert description.city.last_day.isoformat() == "2026-12-31"
        assert (await toy().describe()).city is None

    async def test_a_city_the_simulator_refuses_is_bad_input_in_its_own_words(self, toy):
        with pytest.raises(BadInput, match=r"a city must be known, but got nowhere\. Name any city"):
            await toy().describe("nowhere")

    async def test_exit_code_2_without_an_error_line_is_bad_input_with_the_words_on_stderr(self, toy):
        with pytest.raises(BadInput, match="unrecognized arguments: --no-such-option"):
            await toy("serve", "--no-such-option").describe()

    @pytest.mark.parametrize(
        ("program", "words", "failure_class"),
        [
            ("print('{}')", "required property", FailureClass.PERMANENT),
            ("print('hello')", "must be JSON", FailureClass.TRANSIENT),
            ("pass", "an empty line", FailureClass.TRANSIENT),
            ("raise SystemExit(5)", "exit code 5", FailureClass.TRANSIENT),
            ("import os; os.abort()", "killed by SIGABRT", FailureClass.TRANSIENT),
            ("import time; time.sleep(99)", "silent for more than 0.5 s", FailureClass.TRANSIENT),
            ("print('x' * 17 * 2**20)", "bounded length", FailureClass.TRANSIENT),
        ],
    )
    async def test_a_description_that_is_none_is_a_failed_simulation(self, script, program, words, failure_class):
        limits = ProcessLimits(answer_timeout_s=0.3, start_allowance_s=0.2 if "sleep" in program else 30)
        with pytest.raises(SimulationFailed) as caught:
            await script(program, limits).describe()
        assert words in str(caught.value)
        assert caught.value.failure_class is failure_class
