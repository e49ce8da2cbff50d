"""One page over all campaigns: by region, newest first, each with its verdict. Nobody searches among hundreds of runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from tunegate import __version__
from tunegate.domain.verdicts import Interval
from tunegate.ports.campaign_store import CampaignRow, CampaignStatus
from tunegate.report import formats
from tunegate.report.messages.verdict_words import TONES, Outcome
from tunegate.report.page.campaign_page import fill_template
from tunegate.report.page.document import Cell, Column, Section, Table, Tone

INDEX_PAGE = "index.html"

_COLUMNS = (
    Column("Started"),
    Column("Outcome"),
    Column("ML forecast", numeric=True),
    Column("Statistical forecast", numeric=True),
    Column("Trials", numeric=True),
    Column("Took", numeric=True),
)


def page_name(campaign: str) -> str:
    """The name of a campaign's own page."""
    return f"{campaign}.html"


def route_map_name(campaign: str) -> str:
    """The name of the map of a campaign's routes."""
    return f"{campaign}-routes.html"


def render_index(campaigns: Sequence[CampaignRow], href: Callable[[str], str | None]) -> str:
    """The page as text. `href` gives the address of a campaign's own page relative to this one, or None where there is none."""
    newest_first = sorted(campaigns, key=lambda row: (row.started, row.id), reverse=True)
    by_region = groupby(sorted(newest_first, key=lambda row: row.region), key=lambda row: row.region)
    sections = tuple(_region(f"region-{index}", name, tuple(rows), href) for index, (name, rows) in enumerate(by_region))
    regions = formats.plural(len(sections), "region")
    lead = (
        f"{formats.plural(len(campaigns), 'campaign')} in {regions}, newest first." if campaigns else "No campaign has run yet."
    )
    return fill_template(
        "index.html",
        title="Campaigns",
        kind="All campaigns",
        footer=f"Made by tunegate {__version__}.",
        lead=lead,
        sections=sections,
    )


def _region(anchor: str, name: str, rows: Sequence[CampaignRow], href: Callable[[str], str | None]) -> Section:
    finished = sum(row.status is CampaignStatus.FINISHED for row in rows)
    lead = f"{formats.plural(len(rows), 'campaign')}, {formats.count(finished)} finished."
    table = Table(f"Campaigns of {formats.region(name)}", _COLUMNS, tuple(_campaign(row, href(row.id)) for row in rows))
    return Section(anchor, formats.region(name), lead, (table,))


def _campaign(row: CampaignRow, href: str | None) -> tuple[Cell, ...]:
    took_s = (row.finished - row.started).total_seconds() if row.finished is not None else None
    outcome = row.outcome or {}
    trials = outcome.get("trials")
    complete = trials.get("complete") if isinstance(trials, Mapping) else None
    return (
        Cell(formats.moment(row.started), row.id, href=href or ""),
        _outcome(row),
        _delta(outcome.get("delta_ml")),
        _delta(outcome.get("delta_statistics")),
        Cell(formats.count(complete) if isinstance(complete, int) else "not known"),
        Cell(formats.duration(took_s) if took_s is not None else "not finished"),
    )


def _outcome(row: CampaignRow) -> Cell:
    if row.status is CampaignStatus.RUNNING:
        return Cell("running, or interrupted")
    if row.status is CampaignStatus.FAILED:
        return Cell("failed", tone=Tone.BAD)
    said = (row.outcome or {}).get("verdict")
    known = next((outcome for outcome in Outcome if outcome.value == said), None)
    if known is None:
        return Cell("not known")
    exploratory = (row.outcome or {}).get("exploratory")
    return Cell(f"{known.value}, exploratory" if exploratory else known.value, tone=TONES[known])


def _delta(value: object) -> Cell:
    """An interval of an outcome document; "no value" where it has nulls, as for an invalid comparison."""
    numbers = [value.get(name) for name in ("estimate_pct", "low_pct", "high_pct")] if isinstance(value, Mapping) else []
    finite = [float(number) for number in numbers if isinstance(number, int | float) and formats.is_there(number)]
    if len(finite) != 3:
        return Cell("no value")
    interval = Interval(*finite)
    return Cell(formats.change(interval.estimate_pct), formats.span(interval))
