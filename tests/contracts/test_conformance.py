"""`tunegate simulator check` catches each way to break the contract, by its rule and by no other."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest

from tunegate.adapters.simulator.probe import CommandProbe
from tunegate.adapters.simulator.subprocess_simulator import ProcessLimits
from tunegate.application.conformance import check_simulator
from tunegate.application.conformance.check import DESCRIBE, GATEKEEPERS, RULES
from tunegate.domain.conformance import ConformanceReport, RuleOutcome
from tunegate.domain.errors import BadInput

SIMULATORS = Path(__file__).parents[1] / "simulators"
LYING = SIMULATORS / "lying.py"


def catalogue() -> tuple[dict[str, str], tuple[str, ...]]:
    """The lies and the honest peculiarities, as the program itself lists them."""
    before, path = sys.argv, list(sys.path)
    sys.argv = [str(LYING), "nothing"]
    sys.path.insert(0, str(SIMULATORS))
    try:
        loaded = runpy.run_path(str(LYING), run_name="catalogue")
    finally:
        sys.argv, sys.path[:] = before, path
    return loaded["LIES"], loaded["HONEST"]


LIES, HONEST = catalogue()


async def check(*command: str, city: str | None = "town") -> ConformanceReport:
    limits = ProcessLimits(answer_timeout_s=3, start_allowance_s=3, stop_grace_s=1.5)
    return await check_simulator(CommandProbe(command, limits), city)


@pytest.mark.slow
@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_is_caught_by_its_rule_and_by_no_other(lie, tmp_path, monkeypatch):
    monkeypatch.setenv("LYING_STATE", str(tmp_path))
    report = await check(sys.executable, str(LYING), lie)
    assert report.failed == (LIES[lie],), report.as_document()
    (failed,) = [finding for finding in report.findings if finding.outcome is RuleOutcome.FAILED]
    assert failed.seen
    assert failed.remedy


@pytest.mark.parametrize("peculiarity", HONEST)
async def test_an_honest_simulator_passes_every_rule(peculiarity):
    report = await check(sys.executable, str(LYING), peculiarity)
    assert report.conforms, report.as_document()
    assert {finding.outcome for finding in report.findings} <= {RuleOutcome.PASSED, RuleOutcome.MEASURED}


def test_every_rule_that_judges_has_a_lie():
    judging = {rule.name for rule in (*GATEKEEPERS, *RULES) if rule.outcome is RuleOutcome.PASSED}
    assert set(LIES.values()) == {DESCRIBE, *judging}


def test_every_rule_says_how_to_mend_it_and_needs_only_rules_checked_before():
    known: list[str] = []
    for rule in (*GATEKEEPERS, *RULES):
        assert bool(rule.remedy) == (rule.outcome is RuleOutcome.PASSED)
        assert set(rule.needs) <= set(known)
        known.append(rule.name)
    assert len(known) == len(set(known))


async def test_without_a_city_only_the_description_is_checked():
    report = await check(sys.executable, str(LYING), "nothing", city=None)
    assert report.conforms
    assert [finding.rule for finding in report.findings if finding.outcome is RuleOutcome.PASSED] == [DESCRIBE]
    assert "add --city" in report.findings[1].seen


async def test_a_command_that_is_not_there_is_bad_input():
    with pytest.raises(BadInput, match="the simulator's program must exist"):
        await check("no-such-simulator")


async def test_every_rule_is_listed_once_in_the_document_whatever_failed():
    for lie in ("nothing", "no_bounds", "buffers"):
        document = json.loads(json.dumps((await check(sys.executable, str(LYING), lie)).as_document()))
        assert [each["rule"] for each in document["rules"]] == [DESCRIBE, *(rule.name for rule in (*GATEKEEPERS, *RULES))]
