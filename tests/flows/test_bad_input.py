"""Bad input through the command line: exit code 2, every fault at once, and nothing begun."""

from __future__ import annotations

import pytest

from tests.flows.conftest import Installation


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"search__trails": 3}, ["search.trails", "did you mean `trials`"]),
        ({"search__space": {"gamma": {"low": 0.9, "high": 0.8}}}, ["`low < high` must hold"]),
        ({"periods__test": {"first": "2026-02-03", "last": "2026-02-12"}}, ["disjoint and ordered"]),
        ({"periods__test": {"first": "2026-12-20", "last": "2027-01-12"}}, ["covers 2026-01-01 to 2026-12-31"]),
        ({"periods__validation": {"first": "2026-02-01", "last": "2026-02-01"}}, ["at least 2 validation days"]),
        ({"production": {"gamma": 0.85, "max_wait_s": 150}}, ["production must name every"]),
        ({"simulator__settings": {"nosie_share": 0.1}}, ["Did you mean `noise_share`"]),
        ({"simulator__command": ["no-such-simulator"]}, ["no-such-simulator"]),
        ({"simulator__city": "nowhere"}, ["a city must be known"]),
        ({"gate__guardrails": {"smiles": {"good": "higher", "kind": "points", "margin": 1.0}}}, ["smiles"]),
    ],
)
def test_each_fault_is_explained_and_nothing_begins(
    installation: Installation, changes: dict[str, object], faults: list[str]
) -> None:
    ran = installation.retune(**changes)
    assert ran.code == 2
    assert ran.stdout == ""
    for fault in faults:
        assert fault.lower() in ran.stderr.lower()
    assert "Traceback" not in ran.stderr
    assert not installation.requests()


def test_check_lists_all_faults_at_once(installation: Installation) -> None:
    path = installation.region_file(search__trials=1, gate__minimum_days=2, seed=-1)
    ran = installation.run("check", path)
    assert ran.code == 2
    assert ran.stderr.count("error: ") == 3


def test_check_says_what_a_sound_configuration_will_do(installation: Installation) -> None:
    ran = installation.run("check", installation.region_file())
    assert ran.code == 0
    assert "quadratic 1.0" in ran.stderr
    assert "2026-02-05..2026-02-12" in ran.stderr


def test_a_simulator_that_cannot_describe_itself_is_a_failure_in_words(installation: Installation) -> None:
    broken = installation.root / "broken.py"
    broken.write_text("import sys; sys.exit(3)")
    ran = installation.run("check", installation.region_file(simulator__command=["python", str(broken)]))
    assert ran.code == 1
    assert "exit code 3" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_resume_without_anything_to_resume_is_refused(installation: Installation) -> None:
    ran = installation.retune(arguments=("--resume",))
    assert ran.code == 2
    assert "Begin a new one without --resume" in ran.stderr
