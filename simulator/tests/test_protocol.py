from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hailsim.protocol.answer import answer
from hailsim.protocol.command import describe_command, run_command
from hailsim.protocol.schema import schema

HAILSIM = [sys.executable, "-m", "hailsim"]
PATIENCE_S = 200


def request(**changes: Any) -> dict[str, Any]:
    return {
        "contract": "1",
        "id": "r1",
        "city": "manhattan",
        "parameters": {"gamma": 0.9, "temperature": 3.0},
        "days": ["2015-01-06", "2015-01-05"],
        "seeds": [4, 3],
        "forecast": "statistics",
        "history": {"first": "2014-12-22", "last": "2014-12-28"},
        "settings": {"taxis": 60, "latent_factor": 0.2},
    } | changes


def fits(name: str, message: object) -> None:
    jsonschema.Draft202012Validator(schema(name)).validate(message)


@pytest.fixture
def serve() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([*HAILSIM, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    yield process
    process.kill()
    process.communicate(timeout=PATIENCE_S)


def ask(process: subprocess.Popen[str], message: object) -> list[str]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write((message if isinstance(message, str) else json.dumps(message)) + "\n")
    process.stdin.flush()
    lines: list[str] = []
    while not lines or json.loads(lines[-1])["type"] == "day":
        line = process.stdout.readline()
        assert line, "the simulator ended without an answer"
        lines.append(line)
    return lines


def run(message: object, tmp_path: Path) -> tuple[int, list[str]]:
    path = tmp_path / "request.json"
    path.write_text(message if isinstance(message, str) else json.dumps(message))
    done = subprocess.run(
        [*HAILSIM, "run", "--request", str(path)], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout.splitlines(keepends=True)


def test_answer_lines_match_the_contract_and_the_requested_order() -> None:
    message = request()
    fits("request", message)
    lines = list(answer(message))
    for line in lines:
        fits("answer", line)
    assert [(line["day"], line["seed"]) for line in lines[:-1]] == [
        ("2015-01-06", 4),
        ("2015-01-06", 3),
        ("2015-01-05", 4),
        ("2015-01-05", 3),
    ]
    assert lines[-1]["type"] == "done"
    assert lines[-1]["days"] == 4
    assert lines[-1]["trained_last_day"] == "2014-12-28"
    assert lines[-1]["parameters"] == {
        "gamma": 0.9,
        "max_wait_s": 600.0,
        "turn_weight_left": 1.0,
        "turn_weight_right": 0.3,
        "road_weight_local": 1.0,
        "road_weight_arterial": 1.0,
        "temperature": 3.0,
    }


def test_arms_meet_the_same_customers_regardless_of_parameters_and_fleet() -> None:
    plain = next(answer(request()))
    other = next(
        answer(request(parameters={"gamma": 0.6}, forecast="statistics", settings={"taxis": 90, "latent_factor": 0.2}))
    )
    assert plain["order_log_digest"] == other["order_log_digest"]
    assert plain["metrics"]["revenue_minor"] != other["metrics"]["revenue_minor"]


def test_the_description_matches_the_contract_and_the_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert describe_command(["--city", "manhattan"]) == 0
    described = json.loads(capsys.readouterr().out)
    fits("description", described)
    assert described["city"]["drivers"] == 500
    metrics = {metric["name"] for metric in described["metrics"]}
    assert set(next(answer(request(settings={"taxis": 60, "follower_share": 0.5})))["metrics"]) == metrics
    unknown = {setting["name"]: setting["unknown"] for setting in described["settings"] if "unknown" in setting}
    names = {"follower_share", "compliance", "patience_s", "latent_factor", "standing_share", "traffic_factor"}
    assert set(unknown) == names
    assert unknown["latent_factor"] == {"low": 1.0, "high": 6.0, "log": True}
    for parameter in described["parameters"]:
        assert parameter["low"] <= parameter["default"] <= parameter["high"]
    assert describe_command([]) == 0
    assert json.loads(capsys.readouterr().out)["city"] is None


def test_run_prints_protocol_lines_only(tmp_path: Path) -> None:
    code, lines = run(request(), tmp_path)
    assert code == 0
    for line in lines:
        fits("answer", json.loads(line))
    assert len(lines) == 5


def test_same_request_gives_the_same_bytes_in_fresh_and_long_lived_processes(
    serve: subprocess.Popen[str], tmp_path: Path
) -> None:
    first, other = request(), request(parameters={"gamma": 0.6}, days=["2015-01-05"], seeds=[9])
    fresh = run(first, tmp_path)[1]
    before = ask(serve, first)
    ask(serve, other)
    after = ask(serve, first)
    assert fresh[:-1] == before[:-1] == after[:-1]
    one_by_one = [ask(serve, request(days=[day], seeds=[seed]))[0] for day in ("2015-01-06", "2015-01-05") for seed in (4, 3)]
    assert one_by_one == fresh[:-1]


def test_serve_answers_a_bad_request_and_continues(serve: subprocess.Popen[str]) -> None:
    [refused] = ask(serve, "not json")
    error = json.loads(refused)
    fits("answer", error)
    assert (error["type"], error["class"], error["id"]) == ("error", "permanent", None)
    [refused] = ask(serve, request(id="r2", parameters={"gama": 0.9}))
    assert json.loads(refused)["id"] == "r2"
    assert len(ask(serve, request())) == 5


def test_serve_ends_cleanly_when_stdin_ends(serve: subprocess.Popen[str]) -> None:
    ask(serve, request(days=["2015-01-05"], seeds=[1]))
    out, _ = serve.communicate(timeout=PATIENCE_S)
    assert out == ""
    assert serve.returncode == 0


def test_serve_ends_cleanly_on_sigterm(serve: subprocess.Popen[str]) -> None:
    ask(serve, request(days=["2015-01-05"], seeds=[1]))
    serve.send_signal(signal.SIGTERM)
    assert serve.wait(timeout=PATIENCE_S) == 0


def test_serve_ends_without_a_traceback_on_ctrl_c() -> None:
    process = subprocess.Popen(
        [*HAILSIM, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    ask(process, request(days=["2015-01-05"], seeds=[1]))
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert complaints == ""


def test_serve_exits_quietly_when_its_reader_is_gone() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run(
        [*HAILSIM, "serve"],
        input=json.dumps(request()) + "\n",
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    os.close(writing)
    assert process.returncode == 1
    assert process.stderr == ""


BAD = {
    "unknown parameter": (request(parameters={"gama": 0.9}), "gama", "parameters", "gamma"),
    "parameter out of bounds": (request(parameters={"gamma": 1.5}), "1.5", "parameters.gamma", "0.95"),
    "unknown setting": (request(settings={"taxi": 3}), "taxi", "settings", "taxis"),
    "setting out of bounds": (request(settings={"follower_share": 1.2}), "1.2", "settings.follower_share", "1.0"),
    "setting of the wrong type": (request(settings={"taxis": 10.5}), "10.5", "settings.taxis", "number"),
    "text for a number": (request(settings={"compliance": "all"}), "'all'", "settings.compliance", "number"),
    "day not covered": (request(days=["2020-01-01"]), "2020-01-01", "days", "2014-12-01..2015-01-31"),
    "day that does not exist": (request(days=["2015-02-30"]), "2015-02-30", "days[0]", "YYYY-MM-DD"),
    "history not covered": (
        request(history={"first": "2014-01-01", "last": "2014-12-28"}),
        "2014-01-01",
        "history",
        "2014-12-01",
    ),
    "history backwards": (request(history={"first": "2014-12-28", "last": "2014-12-22"}), "2014-12-28", "history", "Swap"),
    "day in the history": (request(history={"first": "2014-12-22", "last": "2015-01-05"}), "2015-01-05", "days", "judged"),
    "no such city": (request(city="atlantis"), "atlantis", "city", "hailsim import"),
    "other contract version": (request(contract="2"), "'2'", "contract", "same contract version"),
    "missing key": ({key: value for key, value in request().items() if key != "seeds"}, "seeds", "$", "request.schema.json"),
    "unknown key": (request(days_=[]), "days_", "$", "request.schema.json"),
    "no days": (request(days=[]), "[]", "days", "request.schema.json"),
    "seed below zero": (request(seeds=[-1]), "-1", "seeds", "request.schema.json"),
    "number that is not one": (json.dumps(request(parameters={"gamma": float("nan")})), "NaN", "request.json", "NaN"),
    "nothing": ("", "", "request.json", "parser"),
    "ml with too little history": (
        request(forecast="ml", history={"first": "2014-12-22", "last": "2014-12-23"}),
        "2",
        "history",
        "statistics",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_clear_error_and_exit_code_2(what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message, value, place, remedy = BAD[what]
    path = tmp_path / "request.json"
    path.write_text(message if isinstance(message, str) else json.dumps(message))
    assert run_command(["--request", str(path)]) == 2
    [line] = capsys.readouterr().out.splitlines()
    error = json.loads(line)
    fits("answer", error)
    assert error["class"] == "permanent"
    assert value in error["value"] + error["rule"]
    assert place in error["place"]
    assert remedy in error["remedy"]


def test_a_missing_request_file_is_bad_input(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run_command(["--request", str(tmp_path / "none.json")]) == 2
    assert json.loads(capsys.readouterr().out)["class"] == "permanent"


def test_all_faults_are_named_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "request.json"
    path.write_text(json.dumps(request(parameters={"gamma": 2, "foo": 1}, settings={"bar": 1}, days=["2015-13-01"])))
    assert run_command(["--request", str(path)]) == 2
    error = json.loads(capsys.readouterr().out)
    for part in ("foo", "bar", "2015-13-01", "2.0"):
        assert part in error["value"]


def test_an_unwritable_cache_is_a_transient_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("HAILSIM_CACHE", str(blocked / "cache"))
    path = tmp_path / "request.json"
    message = request(forecast="ml", history={"first": "2014-12-15", "last": "2014-12-17"}, days=["2014-12-18"], seeds=[1])
    path.write_text(json.dumps(message))
    assert run_command(["--request", str(path)]) == 1
    error = json.loads(capsys.readouterr().out.splitlines()[-1])
    fits("answer", error)
    assert error["class"] == "transient"
