"""Preconditions of reading the numbers. Any that fails makes the run Invalid, whatever the numbers say.

Each check is a small function of evidence and policy that also works on evidence which other checks refuse, so that a broken
run lists everything that is wrong with it at once.
"""

from __future__ import annotations

from collections.abc import Callable

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
from tunegate.gate.evidence import GateEvidence
from tunegate.gate.judgement import Check
from tunegate.gate.policy import GatePolicy

CHECKS: tuple[Callable[[GateEvidence, GatePolicy], Check], ...] = (
    all_patterns_answered,
    days_in_test_period,
    rows_complete,
    revenue_is_money,
    metrics_are_numbers,
    same_clock,
    same_customers,
    days_are_distinct,
    equal_drivers,
    same_city_and_simulator,
    candidate_differs,
    parameters_applied,
    parameters_take_effect,
    model_saw_no_test_day,
    production_is_live,
    self_check_exact,
    freshness_of_test_period,
    level_left_by_ledger,
)


def run_checks(evidence: GateEvidence, policy: GatePolicy) -> tuple[Check, ...]:
    """Every check in order, passed or not."""
    return tuple(check(evidence, policy) for check in CHECKS)
