"""The parts of the page about the verdict: the effect, the days, the way from search to held-out days, guardrails."""

from __future__ import annotations

from tunegate.domain.days import Forecast
from tunegate.domain.parameters import Direction
from tunegate.domain.verdicts import Interval, Invalid
from tunegate.gate.confirmation import Confirmed
from tunegate.gate.judgement import GuardrailOutcome, GuardrailStatus, Judgement, ZoneLoss
from tunegate.report import formats
from tunegate.report.messages.verdict_words import days_better, extra_per_driver_minor, is_fleet
from tunegate.report.model import CampaignReport, GateResult
from tunegate.report.page.document import (
    Block,
    Cell,
    Column,
    Fact,
    Facts,
    Fold,
    LegendItem,
    Picture,
    Section,
    Table,
    Text,
    Tone,
)
from tunegate.report.plots.effect_plots import Mark, Row, daily, forest
from tunegate.report.plots.svg import Ink

FORECAST_NAMES = {Forecast.ML: "ML forecast", Forecast.STATISTICS: "Statistical forecast"}
GUARDRAIL_STATES = {
    GuardrailStatus.HELD: (Tone.GOOD, "held"),
    GuardrailStatus.BROKEN: (Tone.BAD, "broken"),
    GuardrailStatus.UNDECIDED: (Tone.UNSURE, "undecided"),
    GuardrailStatus.NOT_COMPUTED: (Tone.INVALID, "not computed"),
}
_ENDS = ("less is earned", "more is earned")


def is_readable(gate: GateResult) -> bool:
    """Whether the numbers may be read at all: not those of an invalid comparison."""
    return not isinstance(gate.judgement.verdict, Invalid)


def interval_name(gate: GateResult) -> str:
    """`90 % interval`, from the one-sided level the rule used."""
    return f"{100 * (1 - 2 * gate.judgement.one_sided_level):.3g}{formats.SPACE}% interval"


def result(report: CampaignReport, gate: GateResult) -> Section:
    """The effects of the four patterns, and what would change the verdict."""
    judgement = gate.judgement
    lead = (
        "All revenue with the candidate, compared with today's parameters on the same held-out days and with the same "
        "customers."
    )
    numbers = _effect_blocks(report, gate)
    if is_readable(gate):
        return Section("result", "The result", lead, (*numbers, Text(judgement.plain_words, "In plain words")))
    folded: Block = Fold(
        "Numbers of the invalid comparison, only for finding the fault", (*numbers, *_day_blocks(report, gate))
    )
    return Section("result", "The result", lead, (Text(judgement.plain_words, "Why it does not count"), folded))


def _effect_blocks(report: CampaignReport, gate: GateResult) -> tuple[Picture | Facts | Text, ...]:
    judgement, policy = gate.judgement, gate.policy
    rows = [
        *_row("ML forecast", judgement.delta_ml, Ink.ACCENT,
              Mark(policy.minimum_effect_pct, f"minimum effect {formats.change(policy.minimum_effect_pct)}")),
        *_row("Statistical forecast", judgement.delta_statistics, Ink.SECOND,
              Mark(-policy.fallback_margin_pct, f"margin {formats.change(-policy.fallback_margin_pct)}")),
        *_row("Difference of the two", judgement.interaction, Ink.LINE, None),
    ]  # fmt: skip
    blocks: list[Picture | Facts | Text] = []
    if rows:
        label = "Change of fleet revenue. " + "; ".join(
            f"{row.name}: {formats.change(row.estimate_pct)}, {formats.span(row.interval)}" for row in rows
        )
        blocks.append(Picture(f"Change of fleet revenue, with {interval_name(gate)}", forest("effect", label, rows, _ENDS)))
    else:
        blocks.append(Text("The change of fleet revenue could not be computed."))
    return (*blocks, Facts(_effect_facts(report, gate)))


def _row(name: str, interval: Interval | None, ink: Ink, mark: Mark | None) -> tuple[Row, ...]:
    return () if interval is None else (Row(name, interval.estimate_pct, interval, ink, mark),)


def _effect_facts(report: CampaignReport, gate: GateResult) -> tuple[Fact, ...]:
    judgement, facts = gate.judgement, list[Fact]()
    p_values = {Forecast.ML: judgement.sign_flip_p_ml, Forecast.STATISTICS: judgement.sign_flip_p_statistics}
    for forecast, p_value in p_values.items():
        better, judged = days_better(gate, forecast)
        if judged:
            p_words = f"exact sign-flip p {formats.probability(p_value)}"
            facts.append(Fact(f"{FORECAST_NAMES[forecast]}: days with more revenue", f"{better} of {judged}", p_words))
    extra = extra_per_driver_minor(gate)
    if extra is not None:
        name = "Per driver and day" if is_fleet(gate) else "A day"
        facts.append(Fact(name, formats.money(extra, report.money, with_sign=True), "ML forecast, mean"))
    return tuple(facts)


def by_day(report: CampaignReport, gate: GateResult) -> Section:
    """One mark per held-out day."""
    lead = "Every held-out day is its own small experiment: candidate minus today's parameters, in percent of mean revenue."
    table = Fold("Every day in numbers", (days_table(report, gate.judgement),))
    return Section("days", "Day by day", lead, (*_day_blocks(report, gate), table))


def _day_blocks(report: CampaignReport, gate: GateResult) -> tuple[Picture | Table | Text, ...]:
    days = gate.judgement.days
    blocks: list[Picture | Table | Text] = []
    for forecast in Forecast:
        better, judged = days_better(gate, forecast)
        if judged:
            name = FORECAST_NAMES[forecast]
            label = f"{name}: the candidate earned more on {better} of {judged} held-out days; the table below has every day."
            blocks.append(
                Picture(name, daily(f"days-{forecast.value}", label, days, forecast, report.money), _legend(forecast))
            )
    return tuple(blocks) or (Text("No held-out day could be compared."),)


def _legend(forecast: Forecast) -> tuple[LegendItem, ...]:
    ink = "" if forecast is Forecast.ML else "-second"
    names = (("sign-full", "more revenue"), ("sign-hollow", "less, or the same"), ("sign-dashed", "mean"))
    return tuple(LegendItem(f"{sign}{ink}", text) for sign, text in names)


def days_table(report: CampaignReport, judgement: Judgement) -> Table:
    """Every held-out day and forecast in numbers."""
    digits = len(str(report.money.minor_per_major)) - 1
    rows = tuple(
        (
            Cell(formats.day(day.day)),
            Cell(FORECAST_NAMES[day.forecast]),
            Cell(formats.number(day.production_minor / report.money.minor_per_major, digits)),
            Cell(formats.number(day.candidate_minor / report.money.minor_per_major, digits)),
            Cell(formats.change(day.delta_pct)),
        )
        for day in sorted(judgement.days, key=lambda day: (day.day, day.forecast))
    )
    revenue = f"revenue, {report.money.currency}"
    columns = (Column("Day"), Column("Forecast"), Column(f"Today's {revenue}", numeric=True),
               Column(f"Candidate's {revenue}", numeric=True), Column("Difference", numeric=True))  # fmt: skip
    return Table("Fleet revenue of every held-out day, mean over its seeds", columns, rows, stacks=False)


def shrinkage(report: CampaignReport) -> Section:
    """Search, validation and held-out values side by side, then every confirmed trial."""
    lead = (
        "The best of many tries always looks a little too good. So the best few run again on days the search never saw, "
        "and the winner once more on held-out days: only that last value counts."
    )
    candidate, blocks = report.candidate, list[Block]()
    if candidate is not None:
        held_out = report.gate.judgement.delta_ml if report.gate is not None and is_readable(report.gate) else None
        rows = [
            *((Row("Search", candidate.trial.value_pct, None, Ink.LINE),) if candidate.trial.value_pct is not None else ()),
            *_row("Validation days", candidate.validation, Ink.LINE, None),
            *_row("Held-out days", held_out, Ink.ACCENT, None),
        ]
        if rows:
            words = "; ".join(f"{row.name.lower()} {formats.change(row.estimate_pct)}" for row in rows)
            plot = forest("shrinkage", f"Uplift of trial {candidate.trial.number}: {words}", rows, _ENDS)
            blocks.append(Picture(f"Trial {candidate.trial.number}: the same parameters, seen three times", plot))
    if report.confirmed:
        blocks.append(_confirmation_table(report))
    if not blocks:
        blocks.append(Text("No trial was simulated again on validation days."))
    return Section("shrinkage", "From search to held-out days", lead, tuple(blocks))


def _confirmation_table(report: CampaignReport) -> Table:
    chosen = report.candidate.trial.number if report.candidate is not None else None

    def row(one: Confirmed) -> tuple[Cell, ...]:
        validation = one.validation
        choice = Cell("went to the gate", tone=Tone.GOOD) if one.trial.number == chosen else Cell("not chosen")
        return (
            Cell(f"Trial {one.trial.number}"),
            Cell(formats.change(one.trial.value_pct)),
            Cell(formats.change(validation.estimate_pct if validation else None), one.objection or ""),
            Cell(formats.span(validation)),
            choice,
        )

    columns = (Column("Trial"), Column("In the search", numeric=True), Column("On validation days", numeric=True),
               Column("Interval", numeric=True), Column("Standing"))  # fmt: skip
    caption = "The search's best, simulated again on validation days with fresh seeds"
    return Table(caption, columns, tuple(map(row, report.confirmed)))


def guardrails(report: CampaignReport, gate: GateResult) -> Section:
    """What must not get worse."""
    lead = (
        "More revenue is not worth it when customers or some who earn it lose by it. "
        "Each of these must be shown to stay within its margin."
    )
    return Section("guardrails", "What must not get worse", lead, _guardrail_blocks(report, gate))


def _guardrail_blocks(report: CampaignReport, gate: GateResult) -> tuple[Table | Text, ...]:
    rows = tuple(_guardrail_row(report, outcome) for outcome in gate.judgement.guardrails)
    columns = (Column("Guardrail"), Column("Change", numeric=True), Column("At worst", numeric=True),
               Column("Must stay", numeric=True), Column("Verdict"))  # fmt: skip
    blocks: list[Table | Text] = []
    if rows:
        blocks.append(Table("Changes from today's parameters to the candidate, ML forecast", columns, rows))
    else:
        blocks.append(Text("This region has no guardrails configured."))
    zone = gate.judgement.worst_zone
    if zone is not None:
        blocks.append(Text(
            f"Worst zone {zone.zone}: {formats.change(zone.estimate_pct)} "
            f"({formats.change(zone.low_pct)} to {formats.change(zone.high_pct)}, simultaneous for all zones). "
            f"{formats.plural(zone.zones_judged, 'zone')} judged alone, {formats.count(zone.zones_pooled)} pooled; "
            f"critical value {formats.number(zone.critical_value)}."
        ))  # fmt: skip
    if gate.judgement.losing_zones:
        blocks.append(_losing_zones(gate.judgement.losing_zones))
    return tuple(blocks)


def _losing_zones(losing: tuple[ZoneLoss, ...]) -> Table:
    """Zones that lose for certain, though the margin of the worst one may hold."""
    columns = (Column("Zone shown to lose"), Column("Share of revenue", numeric=True), Column("Change", numeric=True),
               Column("Simultaneous interval", numeric=True))  # fmt: skip
    rows = tuple(
        (
            Cell(loss.zone),
            Cell(f"{loss.share_pct:.1f}{formats.SPACE}%"),
            Cell(formats.change(loss.estimate_pct), tone=Tone.BAD),
            Cell(f"{formats.change(loss.low_pct)} to {formats.change(loss.high_pct)}"),
        )
        for loss in losing
    )
    return Table("Zones whose revenue falls even at best, in percent of their own revenue", columns, rows)


def _guardrail_row(report: CampaignReport, outcome: GuardrailOutcome) -> tuple[Cell, ...]:
    spec = next((spec for spec in report.metrics if spec.name == outcome.metric), None)
    unit = outcome.unit
    tone, word = GUARDRAIL_STATES[outcome.status]
    falls = outcome.direction is Direction.HIGHER
    limit = f"above {formats.change(-outcome.margin, unit)}" if falls else f"below {formats.change(outcome.margin, unit)}"
    return (
        Cell(formats.label(spec.meaning if spec else outcome.metric), outcome.metric),
        Cell(formats.change(outcome.estimate, unit)),
        Cell(formats.change(outcome.bound, unit)),
        Cell(limit),
        Cell(word, outcome.note or "", tone=tone),
    )
