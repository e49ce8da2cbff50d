"""Checks that what was compared is what will be decided about: parameters, training, production, freshness."""

from __future__ import annotations

from tunegate.domain.days import Arm
from tunegate.gate.checks.naming import outcome
from tunegate.gate.evidence import GateEvidence, pattern_name, rows_by_cell, same_result
from tunegate.gate.judgement import Check
from tunegate.gate.policy import GatePolicy


def candidate_differs(evidence: GateEvidence, _policy: GatePolicy) -> Check:
    """A candidate with production's parameters is production: there is nothing to promote."""
    same = evidence.candidate.digest == evidence.production.digest
    problems = ["the candidate has exactly production's parameters"] if same else []
    return outcome("candidate differs from production", problems, "at least one parameter differs")


def parameters_applied(evidence: GateEvidence, _policy: GatePolicy) -> Check:
    """Each answer must say that it ran with the parameters of its arm; what was not asked for must be equal in both arms."""
    problems = []
    others: dict[str, set[float]] = {}
    for pattern, answer in evidence.answers.items():
        asked = evidence.parameters_of(pattern[0])
        problems += [
            f"{pattern_name(pattern)} asked for {name} = {value} and ran with {answer.applied_parameters.get(name)}"
            for name, value in asked.items()
            if answer.applied_parameters.get(name) != value
        ]
        for name, applied in answer.applied_parameters.items():
            if name not in evidence.production or name not in evidence.candidate:
                others.setdefault(name, set()).add(applied)
    problems += [f"{name} was not asked for and differs between patterns" for name, found in others.items() if len(found) > 1]
    return outcome("parameters applied", problems, "every answer ran with what its arm asked for")


def parameters_take_effect(evidence: GateEvidence, _policy: GatePolicy) -> Check:
    """Different parameters that change no figure on any day were not really applied, whatever the simulator says."""
    problems = []
    for forecast, production, candidate in evidence.answered_by_both_arms():
        first, second = rows_by_cell(production), rows_by_cell(candidate)
        if first and first.keys() == second.keys() and all(same_result(first[cell], second[cell]) for cell in first):
            problems.append(f"with {forecast.value} not one figure of any day differs between the arms")
    return outcome("parameters take effect", problems, "the arms differ in at least one figure under each forecast")


def model_saw_no_test_day(evidence: GateEvidence, _policy: GatePolicy) -> Check:
    """The demand forecast must have learnt from days strictly before the test period only."""
    problems = [
        f"{pattern_name(pattern)} trained up to {answer.trained_last_day}, and the test period begins on {evidence.test.first}"
        for pattern, answer in evidence.answers.items()
        if answer.trained_last_day >= evidence.test.first
    ]
    return outcome("demand model saw no test day", problems, f"training ended before {evidence.test.first}")


def production_is_live(evidence: GateEvidence, _policy: GatePolicy) -> Check:
    """What the candidate was compared with must be what drives the fleet now."""
    same = evidence.production.digest == evidence.live_production_digest
    problems = [] if same else [f"compared with {evidence.production.digest}, live is {evidence.live_production_digest}"]
    return outcome("compared with live production", problems, evidence.live_production_digest)


def self_check_exact(evidence: GateEvidence, _policy: GatePolicy) -> Check:
    """Production against itself must give exactly zero, or pairing is broken and differences are partly noise."""
    name = "production against itself is exactly zero"
    if evidence.self_check is None or not evidence.self_check.days:
        return outcome(name, ["production was not simulated a second time"], "")
    problems, first_world = [], evidence.groups[0].answers
    for row in evidence.self_check.days:
        production = first_world.get((Arm.PRODUCTION, row.forecast))
        first = rows_by_cell(production).get((row.day, row.seed)) if production else None
        if first is None:
            problems.append(f"{row.day} seed {row.seed} {row.forecast.value} has no first run to compare with")
        elif not same_result(first, row):
            problems.append(f"{row.day} seed {row.seed} {row.forecast.value} came out differently the second time")
    applied = evidence.self_check.applied_parameters
    problems += [
        f"the second run had {key} = {applied.get(key)}"
        for key, value in evidence.production.items()
        if applied.get(key) != value
    ]
    return outcome(name, problems, f"{len(evidence.self_check.days)} day results repeated bit for bit")


def freshness_of_test_period(evidence: GateEvidence, policy: GatePolicy) -> Check:
    """An old test period says little about tomorrow, and one that is not over yet says nothing."""
    newest = evidence.newest_data_day or evidence.judged_on
    age_days = (newest - evidence.test.last).days
    problems = []
    if age_days > policy.maximum_test_age_days:
        problems.append(f"ended {age_days} days before {newest}, at most {policy.maximum_test_age_days} are allowed")
    if age_days < 0:
        problems.append(f"{evidence.test} ends after the newest day of data, {newest}")
    if evidence.test.last >= evidence.judged_on:
        problems.append(f"{evidence.test} was not over when it was judged on {evidence.judged_on}")
    return outcome("test period is recent", problems, f"ended {age_days} days before {newest}")


def level_left_by_ledger(evidence: GateEvidence, policy: GatePolicy) -> Check:
    """The level spent must be above zero and at most the policy's: the ledger can only make a gate stricter."""
    sound = 0 < evidence.alpha_spent <= policy.one_sided_level
    if evidence.refusal is not None:
        return outcome("error level left by the ledger", [evidence.refusal], "")
    problems = [] if sound else [f"spent {evidence.alpha_spent}, the policy allows (0, {policy.one_sided_level}]"]
    return outcome("error level left by the ledger", problems, f"one-sided level {evidence.alpha_spent:g}")
