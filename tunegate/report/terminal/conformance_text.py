"""A conformance report for a terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from tunegate.domain.conformance import ConformanceReport, Finding, RuleOutcome

_MARKS = {RuleOutcome.PASSED: "✓", RuleOutcome.FAILED: "✗", RuleOutcome.SKIPPED: "-", RuleOutcome.MEASURED: "="}
_STYLES = {RuleOutcome.PASSED: "green", RuleOutcome.FAILED: "red", RuleOutcome.SKIPPED: "dim", RuleOutcome.MEASURED: "cyan"}


def finding_line(finding: Finding) -> str:
    """One rule while the check is running."""
    return f"  {_MARKS[finding.outcome]} {finding.rule}"


def findings_table(report: ConformanceReport) -> Table:
    """A row for each rule: what is required, whether it holds, what was seen, and how to mend it."""
    table = Table("rule", "", "requirement", "seen", "how to mend it", box=None, padding=(0, 2, 0, 0))
    for each in report.findings:
        mark = Text(f"{_MARKS[each.outcome]} {each.outcome.value}", style=_STYLES[each.outcome])
        table.add_row(Text(each.rule), mark, Text(each.requirement), Text(each.seen), Text(each.remedy))
    return table


def summary_line(report: ConformanceReport) -> Text:
    """The last line."""
    name = report.simulator or " ".join(report.command)
    if report.conforms:
        passed = sum(each.outcome is RuleOutcome.PASSED for each in report.findings)
        return Text(f"{name} conforms: {passed} rules passed", style="green")
    return Text(f"{name} does not conform: {', '.join(report.failed)}", style="red")
