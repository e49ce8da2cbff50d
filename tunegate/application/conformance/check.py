"""Checks a simulator rule by rule: first what it says of itself, then how it answers, repeats, ends, and what it costs."""

from __future__ import annotations

from collections.abc import Callable

from tunegate.application.conformance import answering, drawing, ending, measuring, repeating
from tunegate.application.conformance.bench import FEWEST_DAYS_OF_A_CITY, Bench, NotApplicable, RuleBroken
from tunegate.application.conformance.rule import Rule
from tunegate.domain.conformance import ConformanceReport, Finding, RuleOutcome
from tunegate.domain.errors import BadInput, Fault, SimulationFailed
from tunegate.domain.simulation import SimulatorDescription
from tunegate.ports.simulator import Simulator
from tunegate.ports.simulator_probe import SimulatorProbe

DESCRIBE = "describe"
DESCRIBE_REQUIREMENT = "`describe` prints one description that fits the contract, with the city when one is named"
DESCRIBE_REMEDY = "Print one JSON object as the description's schema has it: every parameter with bounds, default and meaning."
# Nothing else can be seen of a simulator that does not answer; of one that answers, every other rule is checked.
GATEKEEPERS = answering.RULES[:2]
RULES: tuple[Rule, ...] = (
    *repeating.DETERMINISM,
    *answering.RULES[2:],
    *repeating.RULES,
    *ending.RULES,
    *drawing.RULES,
    *measuring.RULES,
)
OnFinding = Callable[[Finding], None]


async def check_simulator(probe: SimulatorProbe, city: str | None, on_finding: OnFinding = lambda _: None) -> ConformanceReport:
    """Check every rule; `on_finding` hears of each as it is known. Without a city only the description can be checked."""
    findings: list[Finding] = []

    def note(finding: Finding) -> None:
        findings.append(finding)
        on_finding(finding)

    warm = probe.open()
    try:
        described = await _describe(warm, city)
        if isinstance(described, Finding):
            note(described)
            _skip((*GATEKEEPERS, *RULES), f"`{DESCRIBE}` failed", note)
            return ConformanceReport(probe.command, city, None, tuple(findings))
        seen = f"{len(described.parameters)} parameters, {len(described.metrics)} metrics, {len(described.settings)} settings"
        note(Finding(DESCRIBE, DESCRIBE_REQUIREMENT, RuleOutcome.PASSED, seen))
        if city is None or described.city is None:
            _skip((*GATEKEEPERS, *RULES), "no city was named: add --city", note)
        else:
            await _check_answers(Bench(probe, warm, described, city, described.city), note)
        return ConformanceReport(probe.command, city, f"{described.name} {described.version}", tuple(findings))
    finally:
        await probe.close()


async def _check_answers(bench: Bench, note: OnFinding) -> None:
    for number, rule in enumerate(GATEKEEPERS):
        finding = await _check(rule, bench)
        note(finding)
        if finding.outcome is RuleOutcome.FAILED:
            _skip((*GATEKEEPERS[number + 1 :], *RULES), f"`{rule.name}` failed", note)
            return
    failed: set[str] = set()
    for rule in RULES:
        if lacking := [name for name in rule.needs if name in failed]:
            _skip((rule,), f"`{lacking[0]}` failed", note)
            continue
        finding = await _check(rule, bench)
        note(finding)
        if finding.outcome is RuleOutcome.FAILED:
            failed.add(rule.name)


async def _describe(warm: Simulator, city: str | None) -> SimulatorDescription | Finding:
    """The description, or why there is none."""
    try:
        alone = await warm.describe()
        described = alone if city is None else await warm.describe(city)
        _require_consistent(alone, described, city)
    except RuleBroken as broken:
        seen = broken.seen
    except SimulationFailed as failed:
        seen = _words(failed.fault)
    except BadInput as bad:
        seen = "; ".join(_words(fault) for fault in bad.faults)
    else:
        return described
    return Finding(DESCRIBE, DESCRIBE_REQUIREMENT, RuleOutcome.FAILED, seen, DESCRIBE_REMEDY)


def _require_consistent(alone: SimulatorDescription, described: SimulatorDescription, city: str | None) -> None:
    if alone.city is not None:
        raise RuleBroken(f"without --city it describes {alone.city.name}")
    if city is None:
        return
    if described.city is None:
        raise RuleBroken(f"with --city {city} it says `city: null`")
    if (alone.parameters, alone.metrics) != (described.parameters, described.metrics):
        raise RuleBroken(f"with --city {city} it describes other parameters or metrics than without")
    covered = (described.city.last_day - described.city.first_day).days + 1
    if covered < FEWEST_DAYS_OF_A_CITY:
        raise RuleBroken(f"{city} covers {covered} days; this check needs {FEWEST_DAYS_OF_A_CITY}")


async def _check(rule: Rule, bench: Bench) -> Finding:
    try:
        return Finding(rule.name, rule.requirement, rule.outcome, await rule.check(bench))
    except NotApplicable as reason:
        return Finding(rule.name, rule.requirement, RuleOutcome.SKIPPED, str(reason))
    except RuleBroken as broken:
        seen = broken.seen
    except SimulationFailed as failed:
        seen = _words(failed.fault)
    return Finding(rule.name, rule.requirement, RuleOutcome.FAILED, seen, rule.remedy)


def _skip(rules: tuple[Rule, ...], reason: str, note: OnFinding) -> None:
    for rule in rules:
        note(Finding(rule.name, rule.requirement, RuleOutcome.SKIPPED, f"not checked: {reason}"))


def _words(fault: Fault) -> str:
    return f"{fault.rule}, but got {fault.value}"
