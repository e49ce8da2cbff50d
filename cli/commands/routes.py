"""`tunegate routes`: what the route check of a verdict found."""

from __future__ import annotations

import json

from rich.console import Console
from rich.table import Table

from cli.exit_codes import EXIT_OK
from cli.terminal import TABLE_COLUMNS, print_line
from tunegate.application.verdict_lookup import find_verdict
from tunegate.domain.errors import BadInput, Fault
from tunegate.gate.routes.check import RouteFindings
from tunegate.gate.routes.policy import RoutePolicy
from tunegate.gate.routes.record import read_route_check
from tunegate.installation import Installation
from tunegate.ports.records import RouteCheckRow, VerdictRow
from tunegate.report.messages.route_words import measure_rows, objections
from tunegate.report.page.index import route_map_name

MOST_CHANGED_SHOWN = 10


def run(named: str, *, as_json: bool) -> int:
    """Print the measures with their limits, the routes that changed most, and where the map is. Raises BadInput."""
    installation = Installation.from_environment(create=False)
    verdict = find_verdict(installation, named)
    row = _check_of(installation, verdict)
    if as_json:
        print_line(json.dumps({"id": row.id, **row.document}))
        return EXIT_OK
    document = read_route_check(row.document)
    findings = document.findings
    console = Console(width=TABLE_COLUMNS)
    console.print(f"{verdict.region}: the routes of verdict {verdict.id.removeprefix('sha256:')[:12]}", highlight=False)
    console.print(f"  {findings.result.KIND}")
    for objection in objections(findings.result):
        console.print(f"  {objection}", highlight=False, markup=False)
    if findings.pairs:
        console.print(_measures(findings, document.policy))
        console.print(_most_changed(findings))
    reports, name = installation.reports, route_map_name(verdict.campaign)
    if name in reports.names():
        console.print(f"Map  {reports.location(name)}", soft_wrap=True, highlight=False, markup=False)
    return EXIT_OK


def _measures(findings: RouteFindings, policy: RoutePolicy) -> Table:
    table = Table("measure", "production", "candidate", "limit", "", box=None, title_justify="left")
    for row in measure_rows(findings, policy.limits):
        table.add_row(row.name, row.production, row.candidate, row.limit, "broken" if row.broken else "")
    return table


def _most_changed(findings: RouteFindings) -> Table:
    table = Table("most changed routes", "in common", "loops", "across the traffic", "min without a chance", box=None)
    for pair in sorted(findings.pairs, key=lambda pair: (pair.common, pair.day, pair.hour, pair.start))[:MOST_CHANGED_SHOWN]:
        before, after = pair.production, pair.candidate
        table.add_row(
            f"{pair.day} {pair.hour:02d}:00, start {pair.start + 1}",
            f"{pair.common:.0%}",
            f"{before.loops} -> {after.loops}",
            f"{before.hard_turns} -> {after.hard_turns}",
            f"{before.longest_dry_s / 60:.1f} -> {after.longest_dry_s / 60:.1f}",
        )
    return table


def _check_of(installation: Installation, verdict: VerdictRow) -> RouteCheckRow:
    row = installation.route_checks.find(verdict.id)
    if row is None:
        rule, place = "a verdict must have a route check to show", f"verdict {verdict.id}"
        remedy = "`routes` of a region's file asks for one; a campaign begun with it checks the routes of its candidate."
        raise BadInput(Fault(rule, "none", place, remedy))
    return row
