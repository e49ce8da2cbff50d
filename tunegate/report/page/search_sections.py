"""The parts of the page about the search: old against new parameters, every trial, and which parameters mattered."""

from __future__ import annotations

import math

from tunegate.domain.parameters import Dimension, ParameterSpec
from tunegate.domain.trials import TrialRecord, TrialState
from tunegate.report import formats
from tunegate.report.model import CampaignReport
from tunegate.report.page.document import (
    Block,
    Cell,
    Column,
    Fact,
    Facts,
    Fold,
    Gallery,
    LegendItem,
    Picture,
    Section,
    Table,
    Text,
    Tone,
    Track,
)
from tunegate.report.plots.effect_plots import importance
from tunegate.report.plots.trial_plots import below_picture, history, scored, slice_plot

_SHORT_UNIT = 6
_STATE_TONES = {TrialState.COMPLETE: Tone.GOOD, TrialState.FAILED: Tone.BAD, TrialState.PRUNED: Tone.PLAIN}


def parameters(report: CampaignReport) -> Section:
    """Old against new, and where each lies within what was searched."""
    lead = "What would change in the recommender. The bar shows where a value lies between the bounds of the search."
    if report.candidate is None:
        lead = "What runs today, and stays. The bar shows where a value lies between the bounds of the search."
    names = sorted({*report.production, *(report.candidate.trial.parameters if report.candidate else ())})
    rows = tuple(_parameter_row(report, name) for name in names)
    new = (Column("Candidate", numeric=True), Column("Change", numeric=True)) if report.candidate else ()
    columns = (Column("Parameter"), Column("Today", numeric=True), *new, Column("Within bounds"))
    blocks: list[Block] = [Table("Parameters of the recommender", columns, rows)]
    if report.candidate is not None:
        digests = (("Today's parameters", report.production.digest), ("Candidate", report.candidate.trial.parameters.digest))
        blocks.append(Facts(tuple(Fact(name, digest, code=True) for name, digest in digests), long=True))
    return Section("parameters", "What would change" if report.candidate else "What runs today", lead, tuple(blocks))


def _parameter_row(report: CampaignReport, name: str) -> tuple[Cell, ...]:
    spec = next((spec for spec in report.parameters if spec.name == name), None)
    dimension = next((dimension for dimension in report.dimensions if dimension.name == name), None)
    before = report.production.get(name)
    head = Cell(name, spec.meaning if spec else "", code=True)
    if report.candidate is None:
        return head, _with_unit(before, spec), _within(spec, dimension, before, None)
    after = report.candidate.trial.parameters.get(name)
    return (
        head,
        _with_unit(before, spec),
        _with_unit(after, spec),
        Cell(_change(before, after, spec)),
        _within(spec, dimension, before, after),
    )


def _with_unit(value: float | None, spec: ParameterSpec | None) -> Cell:
    """The value with its unit: beside it when short, under it when it is a phrase."""
    text, unit = formats.parameter(value, spec), formats.unit_of(spec)
    if not unit or text == formats.NOT_COMPUTED:
        return Cell(text)
    return Cell(f"{text}{formats.SPACE}{unit}") if len(unit) <= _SHORT_UNIT else Cell(text, unit)


def _change(before: float | None, after: float | None, spec: ParameterSpec | None) -> str:
    if before is None or after is None:
        return formats.NOT_COMPUTED
    if before == after:
        return "unchanged"
    size = formats.parameter(abs(after - before), spec)
    difference = f"{'+' if after > before else formats.MINUS}{size}"
    return difference if before == 0 else f"{difference} ({formats.change(100 * (after - before) / abs(before), digits=0)})"


def _within(spec: ParameterSpec | None, dimension: Dimension | None, before: float | None, after: float | None) -> Cell:
    if dimension is None:
        return Cell("not searched")
    shares = [_share(value, dimension) for value in (before, after)]
    low, high = formats.parameter(dimension.low, spec), formats.parameter(dimension.high, spec)
    scale = ", logarithmic" if dimension.log else ""
    at_edge = shares[1] is not None and not 0.01 <= shares[1] <= 0.99
    remark = "The candidate is at the edge: wider bounds may give more." if at_edge else ""
    return Cell(f"{low} to {high}{scale}", remark, track=Track(shares[0], shares[1], f"from {low} to {high}"))


def _share(value: float | None, dimension: Dimension) -> float | None:
    """Where a value lies from 0 (low) to 1 (high), on the scale the search used; None outside the bounds."""
    if value is None or not dimension.low <= value <= dimension.high or dimension.low == dimension.high:
        return None
    low, high, at = dimension.low, dimension.high, float(value)
    if dimension.log:
        low, high, at = math.log(low), math.log(high), math.log(at)
    return (at - low) / (high - low)


def search(report: CampaignReport) -> Section:
    """The history of trials, importance, slices, and every trial in a folded table."""
    lead = (
        f"{formats.plural(report.count(TrialState.COMPLETE), 'trial')} complete of a budget of "
        f"{formats.count(report.settings.trial_budget)}, {formats.count(report.count(TrialState.FAILED))} failed, "
        f"{formats.count(report.count(TrialState.PRUNED))} pruned. "
        "Each trial simulated one set of parameters on tuning days; its value is the uplift over today's parameters."
    )
    blocks: list[Block] = []
    points = scored(report.trials)
    if points:
        best = max(points, key=lambda point: point.value_pct)
        label = f"Uplift of each trial in order; the best is trial {best.trial.number} with {formats.change(best.value_pct)}."
        chosen = report.candidate.trial.number if report.candidate else None
        blocks.append(Picture("Uplift by trial", history("history", label, report.trials, chosen), _history_legend(report)))
    else:
        blocks.append(Text("No trial was completed with a value."))
    blocks.extend(_importance_blocks(report))
    if len(points) > 1 and report.dimensions:
        blocks.append(_slices(report))
    blocks.append(Fold(f"All {formats.plural(len(report.trials), 'trial')}", (_trial_table(report),)))
    return Section("search", "The search", lead, tuple(blocks))


def _history_legend(report: CampaignReport) -> tuple[LegendItem, ...]:
    below = below_picture(report.trials)
    return (
        LegendItem("sign-line", "best so far"),
        LegendItem("sign-point", "trial"),
        LegendItem("sign-diamond", "today's parameters"),
        *((LegendItem("sign-down", f"{formats.plural(below, 'trial')} worse than shown"),) if below else ()),
        *((LegendItem("sign-cross", "failed"),) if report.count(TrialState.FAILED) else ()),
        *((LegendItem("sign-bar", "pruned"),) if report.count(TrialState.PRUNED) else ()),
    )


def _importance_blocks(report: CampaignReport) -> tuple[Block, ...]:
    title = "Which parameters mattered"
    if not report.importance:
        return (Text("Not computed: too few trials finished to tell the parameters apart.", title),)
    ordered = sorted(report.importance.items(), key=lambda item: (-item[1], item[0]))
    words = ", ".join(f"{name} {formats.amount(100 * share, digits=0)}" for name, share in ordered)
    return (
        Picture(
            title, importance("importance", f"Share of each parameter in what makes trials good: {words}", report.importance)
        ),
    )


def _slices(report: CampaignReport) -> Gallery:
    pictures = []
    for index, dimension in enumerate(report.dimensions):
        before = report.production.get(dimension.name)
        after = report.candidate.trial.parameters.get(dimension.name) if report.candidate else None
        label = f"Uplift of trials by {dimension.name}"
        pictures.append(Picture(dimension.name, slice_plot(f"slice-{index}", label, report.trials, dimension, (before, after))))
    legend = (LegendItem("sign-point", "trial"), LegendItem("sign-dashed-text", "today"))
    return Gallery(tuple(pictures), (*legend, LegendItem("sign-line", "candidate")) if report.candidate else legend)


def _trial_table(report: CampaignReport) -> Table:
    names = sorted({name for trial in report.trials for name in trial.parameters})
    specs = {spec.name: spec for spec in report.parameters}

    def row(trial: TrialRecord) -> tuple[Cell, ...]:
        values = (Cell(formats.parameter(trial.parameters.get(name), specs.get(name))) for name in names)
        return (
            Cell(f"{trial.number}", "today's parameters" if trial.is_production else ""),
            Cell(trial.state.value, trial.reason or "", tone=_STATE_TONES.get(trial.state)),
            Cell(formats.change(trial.value_pct) if trial.value_pct is not None else "no value"),
            *values,
            Cell(str(trial.attempt)),
            Cell(formats.duration(trial.simulation_s)),
        )

    columns = (
        Column("Trial"), Column("State"), Column("Uplift", numeric=True), *(Column(name, numeric=True) for name in names),
        Column("Attempt", numeric=True), Column("Simulation", numeric=True),
    )  # fmt: skip
    ordered = sorted(report.trials, key=lambda trial: trial.number)
    return Table("Every trial", columns, tuple(row(trial) for trial in ordered), stacks=False)
