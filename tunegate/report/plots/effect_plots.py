"""The pictures of effects: intervals against lines that matter, one mark per held-out day, and bars of importance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from tunegate.domain.days import Forecast
from tunegate.domain.verdicts import Interval
from tunegate.gate.judgement import DayDifference
from tunegate.report import formats
from tunegate.report.model import Money
from tunegate.report.plots.canvas import DASHED, DOTTED, SMALL_PX, TEXT_PX, axes_in, is_narrow, note, percent_ticks
from tunegate.report.plots.svg import Ink, Plot, tip_id

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABELS_PX = 204
FORECAST_INKS = {Forecast.ML: Ink.ACCENT, Forecast.STATISTICS: Ink.SECOND}


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across one row that its interval is compared with."""

    value_pct: float
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One effect: a dot, and a bar for its interval when it has one."""

    name: str
    estimate_pct: float
    interval: Interval | None
    ink: Ink
    mark: Mark | None = None

    @property
    def reach(self) -> tuple[float, ...]:
        """Every value the row must have room for."""
        marked = (self.mark.value_pct,) if self.mark else ()
        return (self.estimate_pct, *marked, *((self.interval.low_pct, self.interval.high_pct) if self.interval else ()))


def forest(key: str, label: str, rows: Sequence[Row], ends: tuple[str, str]) -> Plot:
    """Dots with intervals, one row each, around a line at zero. `ends` names what lies left and right of it."""

    def draw(figure: Figure) -> None:
        narrow = is_narrow(figure)
        left, right = (10, 10) if narrow else (_LABELS_PX, 176)
        axes = axes_in(figure, left, right, top=4, bottom=46)
        values = [0.0, *(value for row in rows for value in row.reach)]
        room = 0.06 * (max(values) - min(values) or 1.0)
        axes.set_xlim(min(values) - room, max(values) + room)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_yticks([])
        percent_ticks(axes, "x", 5 if narrow else 7)
        bottom = len(rows) - 0.5
        note(axes, f"← {ends[0]}", (0, bottom), (0, -36), across=True, size=SMALL_PX, ink=Ink.MUTED)
        note(axes, f"{ends[1]} →", (1, bottom), (0, -36), across=True, size=SMALL_PX, ink=Ink.MUTED, align="right")
        for index, row in enumerate(rows):
            _draw_row(axes, index + (0.2 if narrow else 0.0), row, half=0.24 if narrow else 0.38)
            _label_row(axes, index, row, narrow=narrow)

    return Plot(key, label, draw, wide_px=50 + 62 * len(rows), narrow_px=50 + 88 * len(rows))


def _draw_row(axes: Axes, y: float, row: Row, half: float) -> None:
    if row.mark is not None:
        x = row.mark.value_pct
        axes.plot([x, x], [y - half, y + half], color=Ink.BAD, linewidth=1.5, linestyle=DOTTED)
        note(axes, row.mark.text, (x, y + half), (5, 4), size=SMALL_PX, ink=Ink.BAD)
    if row.interval is not None:
        ends = [row.interval.low_pct, row.interval.high_pct]
        axes.plot(ends, [y, y], color=row.ink, linewidth=5, solid_capstyle="round", alpha=0.4)
    axes.plot([row.estimate_pct], [y], marker="o", markersize=11, color=row.ink, markeredgecolor=Ink.GROUND, markeredgewidth=2)


def _label_row(axes: Axes, y: float, row: Row, *, narrow: bool) -> None:
    estimate = formats.change(row.estimate_pct)
    span = formats.span(row.interval) if row.interval is not None else ""
    if narrow:
        axes.axhspan(y - 0.5, y - 0.07, color=Ink.GROUND, linewidth=0, zorder=2.5)  # no grid line through the words
        note(axes, row.name, (0, y - 0.36), (-6, 0), across=True, bold=True)
        note(axes, estimate, (1, y - 0.36), (6, 0), across=True, align="right", bold=True)
        note(axes, span, (1, y - 0.17), (6, 0), across=True, size=SMALL_PX, ink=Ink.MUTED, align="right")
        return
    note(axes, row.name, (0, y), (-_LABELS_PX, 0), across=True, bold=True)
    note(axes, estimate, (1, y), (20, 9 if span else 0), across=True, size=TEXT_PX + 1.5, bold=True)
    note(axes, span, (1, y), (20, -9), across=True, size=SMALL_PX, ink=Ink.MUTED)


def daily(key: str, label: str, days: Sequence[DayDifference], forecast: Forecast, money: Money) -> Plot:
    """Paired difference of every held-out day in percent of mean production revenue, with a dashed line at their mean."""
    chosen = sorted((day for day in days if day.forecast is forecast), key=lambda day: day.day)
    shares = [day.delta_pct for day in chosen]
    ink = FORECAST_INKS[forecast]

    def draw(figure: Figure) -> None:
        axes = axes_in(figure, 50, 8, top=10, bottom=38)
        _scale_days(axes, chosen, shares, labels=6 if is_narrow(figure) else 14)
        for index, share in enumerate(shares):
            axes.plot([index, index], [0, share], color=ink, linewidth=2.5, alpha=0.45, solid_capstyle="butt")
            face = ink if share > 0 else Ink.GROUND
            axes.plot([index], [share], marker="o", markersize=9, color=face, markeredgecolor=ink, markeredgewidth=2,
                      gid=tip_id(index))  # fmt: skip
        axes.axhline(fmean(shares), color=ink, linewidth=1.25, linestyle=DASHED)

    tips = tuple(
        f"{formats.day(day.day)}: {formats.change(day.delta_pct)} "
        f"({formats.money(day.candidate_minor - day.production_minor, money, with_sign=True)})"
        for day in chosen
    )
    return Plot(key, label, draw, wide_px=210, narrow_px=200, tips=tips)


def _scale_days(axes: Axes, chosen: Sequence[DayDifference], shares: Sequence[float], labels: int) -> None:
    low, high = min(0.0, *shares), max(0.0, *shares)
    room = 0.12 * (high - low or 1.0)
    axes.set_ylim(low - room, high + room)
    axes.set_xlim(-0.6, len(shares) - 0.4)
    percent_ticks(axes, "y", 4)
    ticks = range(0, len(chosen), max(1, -(-len(chosen) // labels)))
    axes.set_xticks(list(ticks), [f"{formats.weekday(chosen[i].day)}\n{formats.short_day(chosen[i].day)}" for i in ticks])


def importance(key: str, label: str, shares: Mapping[str, float]) -> Plot:
    """A bar per parameter, most important first."""
    ordered = sorted(shares.items(), key=lambda item: (-item[1], item[0]))

    def draw(figure: Figure) -> None:
        narrow = is_narrow(figure)
        axes = axes_in(figure, 2 if narrow else _LABELS_PX, 56, top=2, bottom=2)
        axes.set_xlim(0, max((share for _, share in ordered), default=0.0) or 1.0)
        axes.set_ylim(len(ordered) - 0.5, -0.5)
        axes.set_xticks([])
        axes.set_yticks([])
        for index, (name, share) in enumerate(ordered):
            y = index + (0.2 if narrow else 0.0)
            axes.barh([y], [share], height=0.28 if narrow else 0.4, color=Ink.ACCENT, alpha=0.8)
            note(axes, formats.amount(100 * share, digits=0), (share, y), (8, 0), bold=True)
            note(axes, name, (0, index - 0.2 if narrow else index), (0 if narrow else -_LABELS_PX, 0), across=True)

    return Plot(key, label, draw, wide_px=4 + 34 * len(ordered), narrow_px=4 + 46 * len(ordered))
