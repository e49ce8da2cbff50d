"""Checks that both arms met the same world: customers, fleet, city, days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable
from datetime import date

from tunegate.domain.days import DayResult, SimulationAnswer
from tunegate.gate.checks.naming import outcome
from tunegate.gate.evidence import GateEvidence, pattern_name
from tunegate.gate.judgement import Check
from tunegate.gate.policy import GatePolicy


def same_customers(evidence: GateEvidence, _policy: GatePolicy) -> Check:
    """The order log of a day and seed must be the same in all patterns, or the difference is not the candidate's."""
    problems = _cells_that_differ(evidence, lambda row: row.order_log_digest, "met different customers")
    return outcome("same customers in all patterns", problems, "order-log digests are equal")


def equal_drivers(evidence: GateEvidence, _policy: GatePolicy) -> Check:
    """The same number of drivers must have worked a day and seed in all patterns."""
    problems = _cells_that_differ(evidence, lambda row: row.drivers, "had different numbers of drivers")
    return outcome("equal driver counts", problems, "the same number of drivers everywhere")


def days_are_distinct(evidence: GateEvidence, _policy: GatePolicy) -> Check:
    """Two days with one order log are one day counted twice, and days are what the gate counts."""
    problems = []
    for pattern, answer in evidence.answers.items():
        days_of_log: dict[tuple[str, int], set[date]] = defaultdict(set)
        for row in answer.days:
            days_of_log[row.order_log_digest, row.seed].add(row.day)
        problems += [
            f"{pattern_name(pattern)} gave {' and '.join(str(day) for day in sorted(days))} the same customers"
            for days in days_of_log.values()
            if len(days) > 1
        ]
    return outcome("days are distinct", problems, "no two days share an order log")


def same_clock(evidence: GateEvidence, _policy: GatePolicy) -> Check:
    """Both arms must name the same days, and have trained up to the same day."""
    problems = []
    for forecast, production, candidate in evidence.answered_by_both_arms():
        apart = sorted({row.day for row in production.days} ^ {row.day for row in candidate.days})
        problems += [f"only one arm of {forecast.value} names {day}" for day in apart]
        if production.trained_last_day != candidate.trained_last_day:
            problems.append(
                f"with {forecast.value} production trained up to {production.trained_last_day}, "
                f"the candidate up to {candidate.trained_last_day}"
            )
    return outcome("arms agree on the calendar", problems, "same days, same last day of training")


def same_city_and_simulator(evidence: GateEvidence, _policy: GatePolicy) -> Check:
    """One city and one version of the simulator must have answered everything."""
    problems = []
    answers = [answer for group in evidence.groups for answer in group.answers.values()]
    answers += [evidence.self_check] if evidence.self_check else []
    attributes: tuple[tuple[str, Callable[[SimulationAnswer], str]], ...] = (
        ("city digests", lambda answer: answer.city_digest),
        ("simulator versions", lambda answer: answer.simulator_version),
    )
    for what, read in attributes:
        values = sorted({read(answer) for answer in answers})
        if len(values) > 1:
            problems.append(f"{what} differ: {', '.join(values)}")
    return outcome("one city and one simulator", problems, "city digest and simulator version are equal everywhere")


def _cells_that_differ(evidence: GateEvidence, read: Callable[[DayResult], Hashable], what: str) -> list[str]:
    """Days and seeds on which the patterns do not all give the same value."""
    values: dict[tuple[date, int], set[Hashable]] = defaultdict(set)
    for answer in evidence.answers.values():
        for row in answer.days:
            values[row.day, row.seed].add(read(row))
    return [f"{day} seed {seed} {what}" for (day, seed), found in sorted(values.items()) if len(found) > 1]
