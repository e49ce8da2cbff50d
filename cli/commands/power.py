"""`tunegate power`: what the planned gate can see."""

from __future__ import annotations

import asyncio
import json

from rich.console import Console
from rich.table import Table

from cli.exit_codes import EXIT_FAILED, EXIT_OK
from cli.terminal import TABLE_COLUMNS, print_line, print_note
from tunegate.application.campaigns import plan_campaign, read_config
from tunegate.application.power import measure_power, planned_gate
from tunegate.domain.errors import SimulationFailed
from tunegate.domain.plain_json import plain
from tunegate.gate.power import PowerForecast
from tunegate.installation import Installation


def run(config: str, overrides: tuple[str, ...], *, as_json: bool) -> int:
    """Measure the noise before the test period and print what the planned gate can see. Raises BadInput."""
    installation = Installation.from_environment()
    plan = asyncio.run(plan_campaign(installation, read_config(installation.registry, config, overrides), "power"))
    try:
        forecast = asyncio.run(measure_power(installation, plan))
    except SimulationFailed as error:
        print_note(f"power could not be measured: {error}")
        return EXIT_FAILED
    if as_json:
        print_line(json.dumps(plain(forecast)))
        return EXIT_OK
    planned = planned_gate(plan)
    console = Console(width=TABLE_COLUMNS)
    console.print(f"{plan.region}: {planned.days} test days x {planned.seeds} seeds, {planned.simulated_days} simulated days")
    for line in _forecast_lines(forecast):
        console.print(f"  {line}")
    console.print(_guardrail_table(forecast))
    return EXIT_OK


def _forecast_lines(forecast: PowerForecast) -> list[str]:
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
