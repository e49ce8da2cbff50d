"""The part of the page about the worlds behind the figures: the effect in each, what may be realised, and the stress worlds."""

from __future__ import annotations

from collections.abc import Iterator

from tunegate.gate.judgement import Judgement
from tunegate.report import formats
from tunegate.report.model import GateResult
from tunegate.report.page.document import Cell, Column, Fact, Facts, Section, Table, Text, Tone
from tunegate.report.page.verdict_sections import GUARDRAIL_STATES, interval_name

ONE_WORLD = (
    "One world was simulated: one assumption about everything that nobody has measured. The verdict is conditional on it, and "
    "the interval says nothing about how wrong it may be."
)
_LIKELY_SKEWED = 1.0


def worlds(gate: GateResult) -> Section:
    """How far the verdict depends on what was assumed about the city."""
    lead = "What is simulated is only like reality. A world is one assumption about what nobody has measured."
    judgement = gate.judgement
    believed = _believed(judgement, gate) if judgement.worlds else iter((Text(ONE_WORLD),))
    return Section("worlds", "If the city is different", lead, (*believed, *_stress(judgement)))


def _believed(judgement: Judgement, gate: GateResult) -> Iterator[Facts | Table | Text]:
    realised = judgement.realised
    if realised is not None:
        span = f"{formats.change(realised.low_pct)} to {formats.change(realised.high_pct)}"
        yield Facts(
            (
                Fact("Realised effect", span, f"{interval_name(gate)} for the one world that is true"),
                Fact("Chance of a loss", f"{100 * realised.chance_of_loss:.0f}{formats.SPACE}%", "realised effect below 0"),
                Fact("Spread between worlds", f"{realised.sd_worlds_pct:.2f} points", "standard deviation"),
            )
        )
        if realised.skewness is not None and abs(realised.skewness) >= _LIKELY_SKEWED:
            yield Text(
                "The worlds' effects are skewed: the interval reaches the worst and best world and may still be too narrow."
            )
    columns = (
        Column("World"),
        Column("Weight", numeric=True),
        Column("Effect", numeric=True),
        Column("Interval", numeric=True),
    )
    rows = tuple(
        (
            Cell(world.name),
            Cell(f"{100 * world.weight:.0f}{formats.SPACE}%"),
            Cell(formats.change(world.estimate_pct), tone=Tone.BAD if world.estimate_pct < 0 else Tone.PLAIN),
            Cell(_span(world.low_pct, world.high_pct)),
        )
        for world in judgement.worlds
    )
    yield Table("Fleet revenue in each world, ML forecast", columns, rows)


def _stress(judgement: Judgement) -> tuple[Table, ...]:
    if not judgement.stress_worlds:
        return ()
    columns = (Column("Stress world"), Column("Effect", numeric=True), Column("Interval", numeric=True),
               Column("Must stay", numeric=True), Column("Verdict"))  # fmt: skip
    rows = []
    for outcome in judgement.stress_worlds:
        tone, word = GUARDRAIL_STATES[outcome.status]
        rows.append(
            (
                Cell(outcome.name),
                Cell(formats.change(outcome.estimate_pct)),
                Cell(_span(outcome.low_pct, outcome.high_pct)),
                Cell(f"above {formats.change(-outcome.margin_pct)}"),
                Cell(word, tone=tone),
            )
        )
    return (Table("Worlds the candidate must survive, whether or not they are believed", columns, tuple(rows)),)


def _span(low_pct: float | None, high_pct: float | None) -> str:
    return f"{formats.change(low_pct)} to {formats.change(high_pct)}"
