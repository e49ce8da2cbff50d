"""One experiment as one self-contained HTML page: the estimate by days, what was predicted, and the score card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from tunegate import __version__
from tunegate.experiment.score_card import Score, slope_of, slope_words
from tunegate.release.experiment_record import ExperimentState
from tunegate.release.rollout_plan import plan_digest, plan_words
from tunegate.report import formats
from tunegate.report.messages.experiment_words import LOOK_COLUMNS, look_cells, next_step, predicted_words, standing
from tunegate.report.page.campaign_page import fill_template
from tunegate.report.page.document import Banner, Cell, Column, Fact, Facts, Page, Picture, Section, Table, Text, Tone
from tunegate.report.plots.effect_plots import Mark, Row, forest
from tunegate.report.plots.svg import Ink

_ENDS = ("earns less", "earns more")


def render_experiment(state: ExperimentState, scores: Sequence[Score], now: datetime) -> str:
    """The page as text; `scores` are those of its region."""
    experiment = state.experiment
    region = formats.region(experiment.region)
    page = Page(
        title=f"Experiment: {region}",
        region=region,
        campaign=experiment.name,
        when=f"as of {formats.moment(now)}",
        banner=_banner(state, now),
        facts=(),
        sections=(_looks(state), _plan(state), _entries(state), _score_card(scores)),
        version=f"tunegate {__version__}",
    )
    footer = f"Made by {page.version}. The days are the street's."
    return fill_template("campaign.html", title=page.title, kind="Experiment", footer=footer, page=page)


def _banner(state: ExperimentState, now: datetime) -> Banner:
    realised = state.realised
    tone, word = Tone.PLAIN, "Running"
    if state.end is not None and state.end.restores is not None:
        tone, word = Tone.BAD, "Rolled back"
    elif state.end is not None:
        gained = realised is not None and realised.interval.low_pct > 0
        tone, word = Tone.GOOD if gained else Tone.UNSURE, "Concluded"
    banner = Banner(tone, word, predicted_words(state.predicted), standing(state, now), f"Next: {next_step(state, now)}")
    if realised is None:
        return banner
    return replace(
        banner,
        figure=formats.change(realised.interval.estimate_pct),
        figure_detail=f"interval {formats.span(realised.interval)}",
        figure_name="fleet revenue, on the street",
    )


def _looks(state: ExperimentState) -> Section:
    lead = "Every look with its interval, which holds at all planned looks together; the line is the harm limit."
    limit_pct = state.experiment.schedule.plan.harm_limit_pct
    limit = Mark(limit_pct, f"harm {limit_pct:g} %")
    rows = [
        Row(f"After day {look.days}", look.effect.interval.estimate_pct, look.effect.interval, Ink.ACCENT, limit)
        for look in state.looks
        if look.effect is not None
    ]
    predicted = state.predicted
    if predicted is not None:
        rows.insert(0, Row("Predicted by the gate", predicted.estimate_pct, predicted, Ink.SECOND))
    pictures = (Picture("Effect by days", forest("experiment", "Effect by days", rows, _ENDS)),) if rows else ()
    columns = tuple(Column(name.capitalize()) for name in LOOK_COLUMNS)
    table = Table("Looks", columns, tuple(tuple(map(Cell, look_cells(look))) for look in state.looks))
    return Section("looks", "What the street says", lead, (*pictures, table))


def _plan(state: ExperimentState) -> Section:
    experiment = state.experiment
    facts = (
        Fact("Release plan", plan_digest(experiment.plan), code=True),
        Fact("Seed of the schedule", str(experiment.schedule.seed), code=True),
        Fact("Verdict", experiment.release.verdict or "none", code=True),
    )
    sentences = tuple(Text(sentence) for sentence in plan_words(experiment.plan))
    return Section("plan", "What was approved", "The approval covers this plan.", (*sentences, Facts(facts, long=True)))


def _entries(state: ExperimentState) -> Section:
    columns = tuple(map(Column, ("When (UTC)", "What", "Who", "Why", "Digest")))
    rows = tuple(
        (
            Cell(f"{event.at:%Y-%m-%d %H:%M}"),
            Cell(event.kind.value.replace("_", " ")),
            Cell(event.who),
            Cell(event.why),
            Cell(event.digest[:19], code=True),
        )
        for event in state.events
    )
    return Section(
        "record", "The record", "Append-only; each digest covers the one before.", (Table("Entries", columns, rows),)
    )


def _score_card(scores: Sequence[Score]) -> Section:
    rows = [
        Row(
            score.experiment,
            score.realised.estimate_pct,
            score.realised,
            Ink.ACCENT,
            Mark(score.predicted.estimate_pct, f"predicted {formats.change(score.predicted.estimate_pct)}"),
        )
        for score in scores
    ]
    pictures = (Picture("Realised", forest("scores", "Realised gains", rows, _ENDS)),) if rows else ()
    words = Text(slope_words(slope_of(scores), len(scores)))
    lead = "What releases were predicted to bring, and what the street saw of them."
    return Section("scores", "Score card", lead, (words, *pictures))
