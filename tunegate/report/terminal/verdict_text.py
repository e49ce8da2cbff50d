"""The verdict where there is no browser: a table for the terminal, markdown for an artifact, one JSON object for machines."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tunegate.domain.trials import TrialState
from tunegate.domain.verdicts import Interval
from tunegate.gate.judgement import GuardrailStatus
from tunegate.report import formats
from tunegate.report.formats import markdown_text as _plain
from tunegate.report.messages.route_words import objections, route_status
from tunegate.report.messages.verdict_words import TONES, Words, words_for
from tunegate.report.model import CampaignReport
from tunegate.report.page.document import SYMBOLS, Tone
from tunegate.report.page.verdict_sections import interval_name, is_readable

_STYLES = {Tone.GOOD: "green", Tone.BAD: "red", Tone.UNSURE: "yellow", Tone.INVALID: "magenta", Tone.PLAIN: "cyan"}
JsonValue = None | int | float | str | list[str] | dict[str, "JsonValue"]


def verdict_table(report: CampaignReport, report_path: str | None = None) -> RenderableType:
    """The verdict for a terminal of 80 columns: the outcome in words, the four values, and what it cost."""
    words = words_for(report)
    parts: list[RenderableType] = [
        _headline(report, words),
        Text(words.sentence),
        Text(formats.sentence(words.reason), style="dim"),
        Text(""),
    ]
    parts += [Text(f"Exploratory: {reason}", style="yellow") for reason in report.exploratory]
    parts.append(_values_table(report))
    parts.append(Text(""))
    parts += _routes_lines(report)
    parts.append(Text(_cost_line(report)))
    if report_path is not None:
        parts.append(Text.assemble(("Report  ", "dim"), report_path, overflow="fold"))
    return Padding(Group(*parts), (1, 1))


def markdown(report: CampaignReport) -> str:
    """A compact artifact: the outcome, the values, guardrails that did not hold, failed checks, what happens next."""
    words = words_for(report)
    symbol = SYMBOLS[TONES[words.outcome]]
    lines = [
        f"## {symbol} {_plain(words.outcome.value.capitalize())}: {_plain(formats.region(report.region))}",
        "",
        f"**{_plain(words.title)}.** {_plain(words.sentence)}",
        "",
        _paragraph(formats.sentence(words.reason)),
        "",
        f"| Value | Change | {_plain(_interval_heading(report))} |",
        "| --- | ---: | ---: |",
        *(f"| {_plain(name)} | {_plain(value)} | {_plain(span)} |" for name, value, span in values(report)),
        "",
        *_trouble(report),
        _plain(_cost_line(report)),
        "",
        *(f"{position}. {_plain(step)}" for position, step in enumerate(words.next_steps, start=1)),
    ]
    return "\n".join(lines) + "\n"


def outcome_json(report: CampaignReport, report_path: str) -> dict[str, JsonValue]:
    """The object on the last line of `retune --json`: always these keys, null for what is not there or must not be read."""
    words = words_for(report)
    gate = report.gate if report.gate is not None and is_readable(report.gate) else None
    candidate = report.candidate
    validation = candidate.validation if candidate is not None else None
    return {
        "campaign": report.campaign,
        "region": report.region,
        "trials": {
            "complete": report.count(TrialState.COMPLETE),
            "failed": report.count(TrialState.FAILED),
            "pruned": report.count(TrialState.PRUNED),
        },
        "champion": dict(report.production),
        "candidate": dict(candidate.trial.parameters) if candidate is not None else None,
        "search_value_pct": _finite(candidate.trial.value_pct) if candidate is not None else None,
        "validation_value_pct": _finite(validation.estimate_pct) if validation is not None else None,
        "verdict": words.outcome.value,
        "reason": words.reason,
        "exploratory": list(report.exploratory),
        "delta_ml": _interval(gate.judgement.delta_ml if gate else None),
        "delta_statistics": _interval(gate.judgement.delta_statistics if gate else None),
        "simulated_days": report.timing.simulated_days,
        "routes": None if report.routes is None else route_status(report.routes.findings)[1],
        "wall_s": _finite(report.timing.wall_s),
        "report": report_path,
    }


def _routes_lines(report: CampaignReport) -> list[RenderableType]:
    """How the route check ended, and why when it did not pass."""
    if report.routes is None:
        return []
    tone, word = route_status(report.routes.findings)
    lines: list[RenderableType] = [Text.assemble("Routes  ", (f"{SYMBOLS[tone]} {word}", _STYLES[tone]))]
    return [*lines, *(Text(f"  {reason}") for reason in objections(report.routes.findings.result)), Text("")]


def _headline(report: CampaignReport, words: Words) -> Text:
    tone = TONES[words.outcome]
    word = f" {SYMBOLS[tone]} {words.outcome.value.upper()} "
    return Text.assemble((word, f"bold reverse {_STYLES[tone]}"), "  ", (words.title, "bold"), "  ", (report.region, "dim"))


def _values_table(report: CampaignReport) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim", padding=(0, 3, 0, 0))
    table.add_column("")
    table.add_column("change", justify="right")
    table.add_column(_interval_heading(report), justify="right")
    for name, value, span in values(report):
        table.add_row(Text(name), Text(value, style="bold"), Text(span))
    return table


def _interval_heading(report: CampaignReport) -> str:
    return interval_name(report.gate) if report.gate is not None else "interval"


def values(report: CampaignReport) -> Iterable[tuple[str, str, str]]:
    """Name, estimate and interval of the four values, in the order they were found."""
    candidate, gate = report.candidate, report.gate
    if candidate is None or gate is None:
        for one in report.confirmed:
            yield f"Trial {one.trial.number} on validation days", _estimate(one.validation), formats.span(one.validation)
        return
    yield f"In the search (trial {candidate.trial.number})", formats.change(candidate.trial.value_pct), ""
    yield "On validation days", _estimate(candidate.validation), formats.span(candidate.validation)
    for name, delta in (("ml", gate.judgement.delta_ml), ("statistics", gate.judgement.delta_statistics)):
        if is_readable(gate):
            yield f"On held-out days, {name}", _estimate(delta), formats.span(delta)
        else:
            yield f"On held-out days, {name}", "not to be read", ""


def _estimate(interval: Interval | None) -> str:
    return formats.change(interval.estimate_pct if interval is not None else None)


def _cost_line(report: CampaignReport) -> str:
    failed, pruned = report.count(TrialState.FAILED), report.count(TrialState.PRUNED)
    trials = formats.plural(report.count(TrialState.COMPLETE), "trial")
    days = formats.plural(report.timing.simulated_days, "simulated day")
    return f"{trials} ({failed} failed, {pruned} pruned) · {days} · {formats.duration(report.timing.wall_s)}"


def _trouble(report: CampaignReport) -> list[str]:
    """Failed checks and, when the numbers may be read, guardrails that did not hold and routes that did not pass."""
    if report.gate is None:
        return []
    judgement = report.gate.judgement
    lines = [f"- Check failed: {_plain(check.name)}: {_plain(check.detail)}" for check in judgement.checks if not check.passed]
    if is_readable(report.gate):
        lines += [
            f"- Guardrail {_plain(guardrail.status.value)}: {_plain(guardrail.metric)} "
            f"{_plain(formats.change(guardrail.estimate, guardrail.unit))}, at worst "
            f"{_plain(formats.change(guardrail.bound, guardrail.unit))}, margin "
            f"{_plain(formats.amount(guardrail.margin, guardrail.unit))}"
            for guardrail in judgement.guardrails
            if guardrail.status is not GuardrailStatus.HELD
        ]
    if report.routes is not None:
        word = route_status(report.routes.findings)[1]
        lines += [f"- Routes {word}: {_plain(reason)}" for reason in objections(report.routes.findings.result)]
    return [*lines, ""] if lines else []


def _paragraph(text: str) -> str:
    """The same at the beginning of a line, where more signs mean something."""
    return re.sub(r"^(\s*\d*)([#+.)=-])", r"\1\\\2", _plain(text))


def _interval(interval: Interval | None) -> dict[str, JsonValue]:
    if interval is None:
        return {"estimate_pct": None, "low_pct": None, "high_pct": None}
    return {
        "estimate_pct": _finite(interval.estimate_pct),
        "low_pct": _finite(interval.low_pct),
        "high_pct": _finite(interval.high_pct),
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
