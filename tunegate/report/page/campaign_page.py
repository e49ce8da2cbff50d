"""One campaign as one self-contained HTML page: no script, no request, the same bytes for the same report."""

from __future__ import annotations

from dataclasses import replace

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tunegate.report import formats
from tunegate.report.messages.route_words import route_status
from tunegate.report.messages.verdict_words import TONES, Words, days_better, extra_per_driver_minor, is_fleet, words_for
from tunegate.report.model import CampaignReport, GateResult
from tunegate.report.page import (
    route_sections,
    run_sections,
    search_sections,
    time_sections,
    trust_sections,
    verdict_sections,
    world_sections,
)
from tunegate.report.page.document import Banner, Fact, Page, Section
from tunegate.report.plots import svg
from tunegate.report.plots.svg import Plot
from tunegate.report.plots.trial_plots import SLICE_WIDTH_PX

WIDE_PX = 800.0
NARROW_PX = 340.0

_ENVIRONMENT = Environment(
    loader=PackageLoader("tunegate.report.page"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def render(report: CampaignReport) -> str:
    """The page as text; write it as UTF-8."""
    page = page_of(report)
    return fill_template(
        "campaign.html",
        title=page.title,
        kind="Campaign report",
        footer=f"Made by {page.version}. All days are simulated; nobody's real day is shown.",
        page=page,
    )


def fill_template(name: str, **values: object) -> str:
    """A page from one of this package's templates."""
    return _ENVIRONMENT.get_template(name).render(wide=_wide, narrow=_narrow, small=_small, **values)


def page_of(report: CampaignReport) -> Page:
    """Everything the page shows, in order."""
    words = words_for(report)
    made = report.provenance
    return Page(
        title=f"{words.outcome.value.capitalize()}: {formats.region(report.region)}",
        region=formats.region(report.region),
        campaign=report.campaign,
        when=f"finished {formats.moment(report.finished_at)}",
        banner=_banner(report, words),
        facts=_headline_facts(report),
        sections=_sections(report, words),
        version=f"tunegate {made.tunegate_version}",
    )


def _banner(report: CampaignReport, words: Words) -> Banner:
    gate = report.gate
    delta = gate.judgement.delta_ml if gate is not None and verdict_sections.is_readable(gate) else None
    banner = Banner(
        TONES[words.outcome], words.outcome.value.capitalize(), words.title, words.sentence, formats.sentence(words.reason)
    )
    if gate is None or delta is None:
        return banner
    return replace(
        banner,
        figure=formats.change(delta.estimate_pct),
        figure_detail=f"{verdict_sections.interval_name(gate)} {formats.span(delta)}",
        figure_name="fleet revenue, held-out days",
    )


def _headline_facts(report: CampaignReport) -> tuple[Fact, ...]:
    search = report.candidate.trial.value_pct if report.candidate else None
    validation = report.candidate.validation if report.candidate else None
    facts = [
        Fact("In the search", formats.change(search), "uplift the search saw"),
        Fact("On validation days", formats.change(validation.estimate_pct if validation else None), "fresh days and seeds"),
    ]
    if report.candidate is None:
        facts = []
    if report.gate is not None and verdict_sections.is_readable(report.gate):
        facts += _gate_facts(report, report.gate)
    if report.routes is not None:
        facts.append(Fact("Routes", route_status(report.routes.findings)[1], "what drivers would be told"))
    complete = sum(1 for trial in report.trials if trial.state.value == "complete")
    facts.append(Fact("Trials", formats.count(complete), f"{formats.count(report.timing.simulated_days)} simulated days"))
    facts.append(Fact("Took", formats.duration(report.timing.wall_s), formats.plural(report.settings.workers, "worker")))
    return tuple(facts)


def _gate_facts(report: CampaignReport, gate: GateResult) -> tuple[Fact, ...]:
    better, judged = days_better(gate)
    extra = extra_per_driver_minor(gate)
    days = (Fact("Held-out days", f"{better} of {judged}", "with more revenue"),) if judged else ()
    money = (
        (
            Fact(
                "Per driver" if is_fleet(gate) else "Extra revenue",
                formats.money(extra, report.money, with_sign=True),
                "a day, on average",
            ),
        )
        if extra
        else ()
    )
    return (*days, *money)


def _sections(report: CampaignReport, words: Words) -> tuple[Section, ...]:
    gate = report.gate
    parameters, search = search_sections.parameters(report), search_sections.search(report)
    shrinkage, next_steps = verdict_sections.shrinkage(report), run_sections.next_steps(words)
    ending = (
        run_sections.failures(report),
        time_sections.where_the_time_goes(report),
        run_sections.provenance(report),
        run_sections.reading(),
    )
    if gate is None:
        return (next_steps, shrinkage, parameters, search, *ending)
    result, checks = verdict_sections.result(report, gate), trust_sections.checks(gate)
    precision = trust_sections.precision(gate)
    if not verdict_sections.is_readable(gate):
        return (checks, result, next_steps, parameters, shrinkage, search, precision, *ending)
    guarded, days = verdict_sections.guardrails(report, gate), verdict_sections.by_day(report, gate)
    looked_at = () if report.routes is None else (route_sections.routes(report.routes),)
    believed = world_sections.worlds(gate)
    return (result, next_steps, believed, shrinkage, days, parameters, guarded, *looked_at, checks, precision, search, *ending)


def _wide(plot: Plot) -> Markup:
    return _markup(svg.render(plot, f"{plot.key}-w", WIDE_PX, plot.wide_px))


def _narrow(plot: Plot) -> Markup:
    return _markup(svg.render(plot, f"{plot.key}-n", NARROW_PX, plot.narrow_px))


def _small(plot: Plot) -> Markup:
    return _markup(svg.render(plot, plot.key, SLICE_WIDTH_PX, plot.wide_px))


def _markup(drawn: str) -> Markup:
    """Drawn by us and serialised by an XML writer, which escaped every text in it."""
    return Markup(drawn)  # noqa: S704
