"""Preconditions of reading the numbers. Any that fails makes the run Invalid, whatever the numbers say.

Each check is a small function of evidence and policy that also works on evidence which other checks refuse, so that a broken
run lists everything that is wrong with it at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tunegate.gate.checks.fairness import (
    days_are_distinct,
    equal_drivers,
    same_city_and_simulator,
    same_clock,
    same_customers,
)
from tunegate.gate.checks.provenance import (
    candidate_differs,
    freshness_of_test_period,
    level_left_by_ledger,
    model_saw_no_test_day,
    parameters_applied,
    parameters_take_effect,
    production_is_live,
    self_check_exact,
)
from tunegate.gate.checks.rows import (
    all_patterns_answered,
    days_in_test_period,
    metrics_are_numbers,
    revenue_is_money,
    rows_complete,
)
from tunegate.gate.checks.worlds import stress_worlds_played, worlds_are_sound
from tunegate.gate.evidence import GateEvidence
from tunegate.gate.judgement import Check
from tunegate.gate.policy import GatePolicy
from tunegate.gate.versions import CURRENT_RULE, RuleVersion

CheckFunction = Callable[[GateEvidence, GatePolicy], Check]


def in_every_world(check: CheckFunction) -> CheckFunction:
    """The check of each world's runs, stress worlds included; what is wrong is said with the world's name."""

    def check_all(evidence: GateEvidence, policy: GatePolicy) -> Check:
        groups = evidence.groups
        found = [check(evidence.only(group), policy) for group in groups]
        failed = [f"{group.prefix}{one.detail}" for group, one in zip(groups, found, strict=True) if not one.passed]
        return replace(found[0], passed=not failed, detail="; ".join(failed)) if failed else found[0]

    check_all.__name__ = check.__name__
    return check_all


CHECKS: tuple[CheckFunction, ...] = (
    all_patterns_answered,
    days_in_test_period,
    *(in_every_world(check) for check in (rows_complete, revenue_is_money)),
    metrics_are_numbers,
    *(in_every_world(check) for check in (same_clock, same_customers)),
    *(in_every_world(check) for check in (days_are_distinct, equal_drivers)),
    same_city_and_simulator,
    candidate_differs,
    *(in_every_world(check) for check in (parameters_applied, parameters_take_effect, model_saw_no_test_day)),
    production_is_live,
    self_check_exact,
    freshness_of_test_period,
    level_left_by_ledger,
)
WORLD_CHECKS: tuple[CheckFunction, ...] = (worlds_are_sound, stress_worlds_played)
"""Checks that came with version 2 of the rule."""


def run_checks(evidence: GateEvidence, policy: GatePolicy, rule: RuleVersion = CURRENT_RULE) -> tuple[Check, ...]:
    """Every check in order, passed or not."""
    checks = CHECKS if rule.name == "1" else (*CHECKS, *WORLD_CHECKS)
    return tuple(check(evidence, policy) for check in checks)
