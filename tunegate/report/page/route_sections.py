"""The part of the page about what drivers would be told to drive."""

from __future__ import annotations

from tunegate.gate.routes.check import Blocked, NotChecked
from tunegate.report import formats
from tunegate.report.messages.route_words import NO_LIMIT, MeasureRow, measure_rows, route_status
from tunegate.report.model import RouteReport
from tunegate.report.page.document import Block, Cell, Column, Section, Table, Text, Tone

_COLUMNS = (
    Column("Measure"),
    Column("Production", numeric=True),
    Column("Candidate", numeric=True),
    Column("Limit", numeric=True),
    Column("Standing"),
)
_LEAD = (
    "Routes of vacant taxis that follow every recommendation and meet nobody, from the same starts with today's parameters "
    "and with the candidate. A limit such as +3 is how much more than production is tolerated."
)


def routes(report: RouteReport) -> Section:
    """The measures of both arms with their limits, what blocks, and the way to the map."""
    findings = report.findings
    _, word = route_status(findings)
    rows = tuple(
        (
            Cell(row.name),
            Cell(row.production),
            Cell(row.candidate),
            Cell(row.limit),
            _limit_status(row),
        )
        for row in measure_rows(findings, report.policy.limits)
    )
    blocks: list[Block] = [Text(_why(report), f"Route check: {word}", report.map_href or "", "The map of all routes")]
    if rows:
        blocks.append(Table(f"{formats.label(report.drawn)}", _COLUMNS, rows))
    return Section("routes", "What drivers would be told", _LEAD, tuple(blocks))


def _limit_status(row: MeasureRow) -> Cell:
    if row.limit == NO_LIMIT:
        return Cell("not limited")
    return Cell("broken", tone=Tone.BAD) if row.broken else Cell("held", tone=Tone.GOOD)


def _why(report: RouteReport) -> str:
    match report.findings.result:
        case Blocked(reasons=reasons):
            return f"{formats.sentence('; '.join(reasons))} Only an override with a reason can let this candidate in."
        case NotChecked(reason=reason):
            ends = "nothing can be released" if report.policy.required else "the region does not demand the check"
            return f"{formats.sentence(reason)} That is no pass; {ends}."
        case _:
            return "Every limit holds."
