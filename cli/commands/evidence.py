"""`tunegate power | ledger | verdict`: what a gate will see, what test periods have spent, and what verdicts rest on."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import textwrap

from rich.console import Console
from rich.table import Table

from tunegate import wiring
from tunegate.domain.errors import SimulationFailed
from tunegate.domain.verdicts import kind_of
from tunegate.gate.documents import plain
from tunegate.gate.power import PowerForecast
from tunegate.gate.verdict_document import read_verdict

EXIT_OK = 0
EXIT_FAILED = 1
DIFFERENCES_SHOWN = 12
LINE_CHARACTERS = 160
TABLE_COLUMNS = 140


def power(arguments: argparse.Namespace) -> int:
    """Measure the noise before the test period and say what the planned gate can see."""
    from tunegate.application.power import measure_power, planned_gate  # noqa: PLC0415 - the other commands need no simulator

    plan = asyncio.run(wiring.plan_region(arguments.config, tuple(arguments.overrides), "power"))
    try:
        forecast = asyncio.run(measure_power(plan))
    except SimulationFailed as error:
        sys.stderr.write(f"power could not be measured: {error}\n")
        return EXIT_FAILED
    if arguments.json:
        sys.stdout.write(json.dumps(plain(forecast)) + "\n")
        return EXIT_OK
    planned = planned_gate(plan)
    console = Console(width=TABLE_COLUMNS)
    console.print(f"{plan.region}: {planned.days} test days x {planned.seeds} seeds, {planned.simulated_days} simulated days")
    for line in _power_lines(forecast):
        console.print(f"  {line}")
    console.print(_guardrail_table(forecast))
    return EXIT_OK


def _power_lines(forecast: PowerForecast) -> list[str]:
    advice = forecast.advice
    ml = forecast.noise.ml
    seed = "unknown" if ml.sd_seed is None else f"{ml.sd_seed:.2f} %"
    advised = f"{advice.plan.days} days x {advice.plan.seeds} seeds, {advice.plan.simulated_days} simulated days"
    return [
        f"noise of a paired difference: {ml.sd_day:.2f} % between days, {seed} between seeds of a day",
        f"half-width of the interval: {_percent(forecast.half_width_pct)}",
        f"smallest effect seen four times out of five: {_percent(forecast.minimum_detectable_effect_pct)}",
        f"chance to promote a true +1 %: {forecast.power_at_1_pct:.0%}, a true +1.4 %: {forecast.power_at_1_4_pct:.0%}",
        f"advice: {advised} ({advice.why})",
    ]


def _guardrail_table(forecast: PowerForecast) -> Table:
    table = Table("guardrail", "margin", "standard error", "margin / error", "", box=None, title_justify="left")
    for each in forecast.guardrails:
        ratio = "" if each.margin_errors is None else f"{each.margin_errors:.1f}"
        error = "" if each.standard_error is None else f"{each.standard_error:.2g}"
        warning = "under 4: this guardrail will often stay undecided" if each.too_tight else ""
        table.add_row(each.metric, f"{each.margin:g} {each.unit}", error, ratio, warning)
    return table


def _percent(value: float | None) -> str:
    return "not computable with this plan" if value is None else f"{value:.2f} %"


def ledger(arguments: argparse.Namespace) -> int:
    """Print every use of a test period by a region."""
    entries = wiring.stores().ledger.entries(arguments.region)
    if arguments.json:
        sys.stdout.write(json.dumps([{**plain(entry), "at": entry.at.isoformat()} for entry in entries]) + "\n")
        return EXIT_OK
    table = Table("when (UTC)", "test days", "level spent", "campaign", "candidate", box=None)
    for entry in entries:
        when, candidate = f"{entry.at:%Y-%m-%d %H:%M}", entry.candidate_digest[:19]
        table.add_row(when, str(entry.test), f"{entry.alpha_spent:.4g}", entry.campaign, candidate)
    Console(width=TABLE_COLUMNS).print(table if entries else f"{arguments.region} has used no test period yet")
    return EXIT_OK


def verdict_list(arguments: argparse.Namespace) -> int:
    """Print every verdict of a region, newest first."""
    table = Table("verdict", "when (UTC)", "campaign", "kind", box=None)
    rows = wiring.stores().verdicts.of_region(arguments.region)
    for row in rows:
        table.add_row(
            row.id[:19], f"{row.at:%Y-%m-%d %H:%M}", row.campaign, kind_of(read_verdict(row.document).judgement.verdict)
        )
    Console(width=TABLE_COLUMNS).print(table if rows else f"{arguments.region} has no verdict yet")
    return EXIT_OK


def verdict_show(arguments: argparse.Namespace) -> int:
    """Print a verdict's immutable record as JSON."""
    from tasks.verdict.records import unknown_verdict  # noqa: PLC0415 - loads Prefect

    row = wiring.stores().verdicts.find(arguments.id)
    if row is None:
        raise unknown_verdict(arguments.id)
    sys.stdout.write(json.dumps({"id": row.id, **row.document}, indent=2) + "\n")
    return EXIT_OK


def verdict_replay(arguments: argparse.Namespace) -> int:
    """Compute a verdict again from the stored day results; exit code 1 when a single bit differs."""
    from tasks.verdict.records import replay_verdict  # noqa: PLC0415 - loads Prefect

    verdict, outcome = replay_verdict(arguments.id)
    if outcome.agrees:
        sys.stdout.write(f"{verdict} agrees bit for bit with its stored day results\n")
        return EXIT_OK
    sys.stdout.write(f"{verdict} DOES NOT AGREE with its stored day results:\n")
    for difference in outcome.differences[:DIFFERENCES_SHOWN]:
        sys.stdout.write(f"  {textwrap.shorten(difference, LINE_CHARACTERS)}\n")
    if len(outcome.differences) > DIFFERENCES_SHOWN:
        sys.stdout.write(f"  and {len(outcome.differences) - DIFFERENCES_SHOWN} more\n")
    return EXIT_FAILED
