"""Checks that the day results are all there, once each, and hold numbers that can be what they claim."""

from __future__ import annotations

import math
from collections import Counter
from datetime import timedelta
from itertools import pairwise

from tunegate.domain.days import Arm
from tunegate.gate.checks.naming import first_of, outcome
from tunegate.gate.evidence import GateEvidence, RunGroup, pattern_name
from tunegate.gate.grid import REVENUE
from tunegate.gate.judgement import Check
from tunegate.gate.policy import GatePolicy


def all_patterns_answered(evidence: GateEvidence, _policy: GatePolicy) -> Check:
    """Production and candidate must both have been simulated with both forecasts."""
    missing = [
        f"{group.prefix}{pattern_name(pattern)}"
        for group in evidence.groups
        for pattern in group.patterns
        if pattern not in group.answers
    ]
    return outcome("all four patterns answered", missing, "production and candidate, each with ml and statistics", "missing: ")


def days_in_test_period(evidence: GateEvidence, _policy: GatePolicy) -> Check:
    """Days must be all days of the test period, in order: leaving days out would bias the test."""
    days, problems = evidence.days, []
    if not days or not evidence.seeds:
        problems.append("no day or no seed was asked for")
    problems += [f"{day} is outside {evidence.test}" for day in days if day not in evidence.test]
    problems += [f"{day} of {evidence.test} was left out" for day in evidence.test.days if day not in days]
    problems += [
        f"{later} does not follow {earlier}" for earlier, later in pairwise(days) if later - earlier != timedelta(days=1)
    ]
    problems += [f"seed {seed} is named {count} times" for seed, count in Counter(evidence.seeds).items() if count > 1]
    return outcome("days are the test period's", problems, f"all {len(days)} days of {evidence.test}")


def rows_complete(evidence: GateEvidence, _policy: GatePolicy) -> Check:
    """Every answer must hold each day and seed once, under the forecast it was asked with, and nothing else."""
    problems = []
    for pattern, answer in evidence.answers.items():
        name = pattern_name(pattern)
        counts = Counter((row.day, row.seed) for row in answer.days)
        problems += [f"{name} lacks {day} seed {seed}" for day, seed in sorted(evidence.cells - counts.keys())]
        problems += [f"{name} has {day} seed {seed} unasked" for day, seed in sorted(counts.keys() - evidence.cells)]
        problems += [f"{name} has {day} seed {seed} {n} times" for (day, seed), n in sorted(counts.items()) if n > 1]
        problems += [f"{name} {row.day} was run with {row.forecast.value}" for row in answer.days if row.forecast != pattern[1]]
    return outcome("day results complete", problems, f"{len(evidence.cells)} day results in each pattern, each once")


def revenue_is_money(evidence: GateEvidence, _policy: GatePolicy) -> Check:
    """Revenue, of the fleet and of each zone, must be a finite amount that is not negative; production's mean is above 0."""
    problems = []
    for pattern, answer in evidence.answers.items():
        if pattern[0] is Arm.PRODUCTION and all(row.metrics.get(REVENUE) == 0 for row in answer.days):
            problems.append(f"{pattern_name(pattern)} earned nothing on any day")
        for row in answer.days:
            revenue = row.metrics.get(REVENUE, math.nan)
            if not (math.isfinite(revenue) and revenue >= 0):
                problems.append(f"{pattern_name(pattern)} {row.day} seed {row.seed} took {revenue}")
            problems += [
                f"{pattern_name(pattern)} {row.day} seed {row.seed} took {amount} in zone {zone}"
                for zone, amount in row.zone_revenue_minor.items()
                if not amount >= 0
            ]
    return outcome("revenue is money", problems, "finite and not negative everywhere")


def metrics_are_numbers(evidence: GateEvidence, policy: GatePolicy) -> Check:
    """Every guarded metric must be in every day result, and finite.

    A stress world judges revenue alone, and may by its nature have no such metric: where all drivers follow, nobody is left
    whose income could be measured. There a metric must be in all day results or in none.
    """
    problems = [
        f"{group.prefix}{pattern_name(pattern)} {row.day} seed {row.seed} has {metric} = {row.metrics.get(metric)}"
        for metric in [guardrail.metric for guardrail in policy.guardrails]
        for group in evidence.groups
        if not (group.is_stress and _is_absent(group, metric))
        for pattern, answer in group.answers.items()
        for row in answer.days
        if not math.isfinite(row.metrics.get(metric, math.nan))
    ]
    guarded = first_of([guardrail.metric for guardrail in policy.guardrails], 10) or "none is guarded"
    return outcome("guarded metrics are numbers", problems, guarded)


def _is_absent(group: RunGroup, metric: str) -> bool:
    return all(metric not in row.metrics for answer in group.answers.values() for row in answer.days)
