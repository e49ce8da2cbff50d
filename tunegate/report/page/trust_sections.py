"""The parts of the page about how far the verdict can be trusted: checks, precision, and measured error rates of the rule."""

from __future__ import annotations

from collections.abc import Sequence

from tunegate.domain.days import Forecast
from tunegate.gate.judgement import Check
from tunegate.report import formats
from tunegate.report.model import GateResult
from tunegate.report.page.document import Block, Cell, Column, Fact, Facts, Fold, Section, Table, Text, Tone
from tunegate.report.page.verdict_sections import FORECAST_NAMES


def checks(gate: GateResult) -> Section:
    """What had to be true before the numbers could be read."""
    lead = (
        "Both sides must have met the same customers on the same days, with nothing missing. "
        "One failed check makes the comparison invalid."
    )
    passed = [check for check in gate.judgement.checks if check.passed]
    failed = [check for check in gate.judgement.checks if not check.passed]
    blocks: list[Block] = []
    if failed:
        blocks.append(_check_table("Failed checks", failed))
    elif passed:
        blocks.append(
            Text(f"All {formats.plural(len(passed), 'check')} passed." if len(passed) > 1 else "The one check passed.")
        )
    else:
        blocks.append(Text("No check was made."))
    if passed:
        blocks.append(
            Fold(f"{formats.plural(len(passed), 'passed check')} and what they found", (_check_table("Passed checks", passed),))
        )
    return Section("checks", "Was the comparison fair?", lead, tuple(blocks))


def _check_table(caption: str, found: Sequence[Check]) -> Table:
    rows = tuple(
        (
            Cell(formats.label(check.name)),
            Cell("passed" if check.passed else "failed", tone=Tone.GOOD if check.passed else Tone.BAD),
            Cell(check.detail),
        )
        for check in found
    )
    return Table(caption, (Column("Check"), Column("Outcome"), Column("What was found")), rows)


def precision(gate: GateResult) -> Section:
    """How finely the gate could see, and how often its rule errs."""
    judgement = gate.judgement
    facts = [
        Fact("Smallest true gain it would let through four times of five",
             formats.amount(judgement.minimum_detectable_effect_pct), "minimum detectable effect"),
    ]  # fmt: skip
    named = ((Forecast.ML, judgement.components_ml), (Forecast.STATISTICS, judgement.components_statistics))
    for forecast, parts in named:
        if parts is not None:
            size = f"{formats.plural(parts.days, 'day')} of {formats.plural(parts.seeds, 'seed')}"
            seeds = f"between seeds of a day {formats.amount(parts.sd_seed)}"
            day = f"between days {formats.amount(parts.sd_day)}, {seeds}"
            facts.append(
                Fact(f"{FORECAST_NAMES[forecast]}: spread of a day's mean", formats.amount(parts.sd_day_mean), f"{day}; {size}")
            )
    if gate.allowed is not None:
        facts.append(Fact("Use of this test period", f"no. {gate.allowed.use}",
                          f"it may spend an error rate of {formats.amount(100 * gate.allowed.alpha)}"))  # fmt: skip
    blocks: list[Block] = [Facts(tuple(facts))]
    if gate.operating_characteristics:
        blocks.append(_characteristics(gate))
    lead = (
        "A verdict is worth what its test can tell apart. "
        "The rates were measured on this very rule, with cases whose truth was known."
    )
    return Section("precision", "How sure could it be?", lead, tuple(blocks))


def _characteristics(gate: GateResult) -> Table:
    rows = tuple(
        (
            Cell(formats.label(rate.name)),
            Cell(formats.amount(rate.measured_pct, digits=1) if formats.is_there(rate.measured_pct) else "not measured"),
            Cell(rate.demanded),
            Cell("open", tone=Tone.UNSURE) if rate.met is None
            else Cell("met" if rate.met else "missed", tone=Tone.GOOD if rate.met else Tone.BAD),
        )
        for rate in gate.operating_characteristics
    )  # fmt: skip
    columns = (Column("Measured rate"), Column("Found", numeric=True), Column("Demanded"), Column("Standing"))
    return Table("Operating characteristics of the gate's rule", columns, rows)
