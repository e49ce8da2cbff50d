"""The commands of a program made with the kit, run as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from kit_requests import HEADER, request

from tunegate_simulator import folder_digest

SELL = "return Outcome({'revenue_minor': round(price)}, customers=[day.seed])"


def answers(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_requests_are_answered_in_turn_and_the_end_of_input_ends_the_process_well(program):
    done = program(SELL, "serve", requests=[request(id="a"), "", request(id="b")])
    assert done.returncode == 0
    assert [(line["type"], line["id"]) for line in answers(done)] == [
        *[("day", "a")] * 4, ("done", "a"), *[("day", "b")] * 4, ("done", "b")
    ]  # fmt: skip


def test_run_answers_one_request_from_a_file_or_stdin(program, tmp_path):
    file = tmp_path / "request.json"
    file.write_text(json.dumps(request(), indent=1))
    assert answers(program(SELL, "run", "--request", str(file)))[-1]["type"] == "done"
    assert answers(program(SELL, "run", "--request", "-", requests=[request()]))[-1]["type"] == "done"
    assert program(SELL, "run", "--request", "-", requests=[request(city="nowhere")]).returncode == 2


def test_whatever_is_printed_goes_to_stderr(program):
    body = "print('from python')\nos.system('echo from a child')\nos.write(1, b'from a library\\n')\n" + SELL
    done = program(body, "serve", requests=[request()])
    assert [line["type"] for line in answers(done)] == ["day"] * 4 + ["done"]
    for words in ("from python", "from a child", "from a library"):
        assert words in done.stderr


def test_a_child_cannot_take_requests_from_stdin(program):
    body = "subprocess.run(['cat'], check=True)\n" + SELL
    done = program(body, "serve", requests=[request(id="a"), request(id="b")])
    assert [line["id"] for line in answers(done) if line["type"] == "done"] == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "failure_class", "value"),
    [
        ("raise ValueError('bad luck')", "permanent", "ValueError: bad luck"),
        ("raise TryAgain('the licence server is away')", "transient", "licence server"),
        ("open('/nowhere/at/all')", "transient", "No such file"),
        ("raise MemoryError", "transient", "MemoryError"),
        ("subprocess.run(['false'], check=True)", "permanent", "CalledProcessError"),
        ("subprocess.run(['sh', '-c', 'kill -9 $$'], check=True)", "transient", "SIGKILL"),
        ("subprocess.run(['sleep', '9'], timeout=0.1)", "transient", "timed out"),
        ("raise refuse('a price must be even', price, 'price', 'Ask for an even one.')", "permanent", "100.0"),
        ("return Outcome({'revenue_minor': -1}, customers=[])", "permanent", "-1"),
    ],
)
def test_an_exception_becomes_an_error_of_its_class_and_the_process_serves_on(program, body, failure_class, value):
    body = f"if day.seed == 13:\n    {body}\n{SELL}"
    done = program(body, "serve", requests=[request(id="a", seeds=[13]), request(id="b")])
    first, *rest = answers(done)
    assert (first["type"], first["id"], first["class"]) == ("error", "a", failure_class)
    assert value in first["value"]
    assert rest[-1]["type"] == "done"
    assert done.returncode == 0


def test_the_traceback_of_a_bug_is_on_stderr_and_its_line_in_the_error(program):
    done = program("raise ValueError('bad luck')", "serve", requests=[request()])
    assert "Traceback" in done.stderr
    assert answers(done)[0]["place"].startswith("program.py, line ")


@pytest.mark.parametrize("line", ["not JSON", "[1]", '{"id": NaN}', "[" * 100_000])
def test_a_line_that_is_no_request_is_an_error_without_an_id(program, line):
    (answer,) = answers(program(SELL, "serve", requests=[line]))
    assert (answer["id"], answer["class"]) == (None, "permanent")


def test_an_unknown_city_is_refused_by_describe_with_a_sentence_on_stderr(program):
    done = program(SELL, "describe", "--city", "nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert "a city must be one that the simulator knows, but got nowhere. The simulator knows town." in done.stderr


def test_sigterm_and_a_reader_that_went_away_end_the_process(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(f"""{HEADER}
@simulator('p', '1', TOWN)
def p(day, price: Annotated[float, Parameter(20, 300, 'cent', 'a price')] = 80):
    {SELL}
p.main()
""")
    process = subprocess.Popen([sys.executable, str(path), "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(json.dumps(request()).encode() + b"\n")
    process.stdin.flush()
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0

    read, write = os.pipe()
    os.close(read)
    deaf = subprocess.run([sys.executable, str(path), "serve"], input=json.dumps(request()).encode(), stdout=write,
                          stderr=subprocess.PIPE, timeout=30, check=False)  # fmt: skip
    os.close(write)
    assert (deaf.returncode, deaf.stderr) == (1, b"")


def test_import_runs_the_importer_where_there_is_one(program, tmp_path):
    refused = program(SELL, "import", "somewhere", "--out", str(tmp_path / "city"))
    assert refused.returncode == 2
    assert "imports no data" in refused.stderr


def test_a_folder_is_known_by_names_and_contents(tmp_path):
    (tmp_path / "a").write_text("1")
    before = folder_digest(tmp_path)
    assert folder_digest(Path(tmp_path)) == before
    (tmp_path / "a").write_text("2")
    assert folder_digest(tmp_path) != before
    (tmp_path / "a").rename(tmp_path / "b")
    assert folder_digest(tmp_path) != before


def test_importing_the_kit_loads_nothing_but_the_standard_library():
    code = (
        "import sys; before = set(sys.modules); import tunegate_simulator; "
        "print({m.split('.')[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{'tunegate_simulator'}"


def test_the_launcher_runs_a_program_beside_its_own_modules_and_refuses_what_is_no_file(tmp_path):
    (tmp_path / "prices.py").write_text("DEFAULT = 80")
    (tmp_path / "program.py").write_text(f"""{HEADER}
import prices
@simulator('p', '1', TOWN)
def p(day, price: Annotated[float, Parameter(20, 300, 'cent', 'a price')] = prices.DEFAULT):
    {SELL}
if __name__ == "__main__":
    p.main()
""")
    launch = [sys.executable, "-c", "import sys; from tunegate_simulator.launcher import main; sys.exit(main())"]
    described = subprocess.run([*launch, str(tmp_path / "program.py"), "describe"], capture_output=True, text=True, check=True)
    assert json.loads(described.stdout)["parameters"][0]["default"] == 80
    refused = subprocess.run([*launch, "nowhere.py", "serve"], capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "but got nowhere.py" in refused.stderr
