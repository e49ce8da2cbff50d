"""A route check in words and rows, the same wherever people read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import assert_never

from tunegate.gate.routes.check import SLACK, Blocked, NotChecked, Passed, RouteFindings, RouteResult
from tunegate.gate.routes.measures import ArmMeasures
from tunegate.gate.routes.policy import LIMITED, Limit, RouteLimits
from tunegate.report import formats
from tunegate.report.model import RouteReport
from tunegate.report.page.document import Tone


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """One measure of both arms with its limit, as people read them."""

    name: str
    production: str
    candidate: str
    limit: str
    broken: bool


NO_LIMIT = "none"
NAMES = {
    "u_turns_per_10_km": "U-turns per 10 km",
    "hard_turns_per_10_km": "Turns across the traffic per 10 km",
    "loops_per_hour": "Loops per hour",
    "left_area_pct": "Routes that leave the service area, %",
    "no_chance_p95_min": "Longest time without a chance, 95 %, min",
    "no_chance_max_min": "Longest time without a chance, worst, min",
}


def route_status(findings: RouteFindings) -> tuple[Tone, str]:
    """The result as a tone and a word."""
    tones = {Passed.KIND: Tone.GOOD, Blocked.KIND: Tone.BAD, NotChecked.KIND: Tone.UNSURE}
    return tones[findings.result.KIND], findings.result.KIND


def may_pass(report: RouteReport | None) -> bool:
    """Whether the routes leave the way open without an override."""
    if report is None:
        return True
    return isinstance(report.findings.result, Passed) or (
        isinstance(report.findings.result, NotChecked) and not report.policy.required
    )


def objections(result: RouteResult) -> tuple[str, ...]:
    """Why it did not pass, one reason each."""
    match result:
        case Passed():
            return ()
        case Blocked(reasons=reasons):
            return reasons
        case NotChecked(reason=reason):
            return (reason,)
        case _:
            assert_never(result)


def measure_rows(findings: RouteFindings, limits: RouteLimits) -> tuple[MeasureRow, ...]:
    """Every measure with its limit, then the share of changed routes; empty where nothing was checked."""
    if findings.production is None or findings.candidate is None or findings.changed_pct is None:
        return ()
    return tuple(_rows(findings.production, findings.candidate, findings.changed_pct, limits))


def _rows(production: ArmMeasures, candidate: ArmMeasures, changed_pct: float, limits: RouteLimits) -> Iterator[MeasureRow]:
    for name, limit in limits.by_measure.items():
        before, after = getattr(production, name), getattr(candidate, name)
        yield MeasureRow(
            NAMES[name], formats.number(before), formats.number(after), _limit(limit), _breaks(limit, before, after)
        )
    bound = limits.changed_pct
    words = NO_LIMIT if bound is None else f"at most {bound:g}"
    changed = formats.number(changed_pct, 1)
    yield MeasureRow("Changed routes, %", "", changed, words, bound is not None and changed_pct > bound + SLACK)


def _limit(limit: Limit) -> str:
    parts = [] if limit.worse is None else [f"+{limit.worse:g}"]
    parts += [] if limit.at_most is None else [f"at most {limit.at_most:g}"]
    return ", ".join(parts) or NO_LIMIT


def _breaks(limit: Limit, before: float, after: float) -> bool:
    over = limit.at_most is not None and after > limit.at_most + SLACK
    return over or (limit.worse is not None and after - before > limit.worse + SLACK)


# A measure that a limit may bound must have a name that people read, and none must be left over.
assert tuple(NAMES) == LIMITED == tuple(field.name for field in fields(ArmMeasures) if field.name != "routes")  # noqa: S101
