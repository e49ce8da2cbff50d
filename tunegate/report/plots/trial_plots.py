"""The pictures of the search: every trial in order with the best so far, and uplift along each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

from tunegate.domain.parameters import Dimension
from tunegate.domain.trials import TrialRecord, TrialState
from tunegate.report import formats
from tunegate.report.plots.canvas import DASHED, SMALL_PX, axes_in, is_narrow, note, percent_ticks
from tunegate.report.plots.svg import Ink, Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SLICE_WIDTH_PX = 250.0
_SLICE_HEIGHT_PX = 170.0
_WITHOUT_VALUE = frozenset({TrialState.PRUNED, TrialState.FAILED})


@dataclass(frozen=True, slots=True)
class Scored:
    """A complete trial with its uplift over production."""

    trial: TrialRecord
    value_pct: float


def scored(trials: Sequence[TrialRecord]) -> tuple[Scored, ...]:
    """Complete trials that have a value, by number."""
    return tuple(
        Scored(trial, trial.value_pct)
        for trial in sorted(trials, key=lambda trial: trial.number)
        if trial.state is TrialState.COMPLETE and trial.value_pct is not None and formats.is_there(trial.value_pct)
    )


def value_range(points: Sequence[Scored]) -> tuple[float, float]:
    """Limits that show zero and the good trials well: the worst are left below when they would squeeze the rest together."""
    values = sorted([0.0, *(point.value_pct for point in points)])
    high, lower_quartile = values[-1], values[len(values) // 4]
    low = min(0.0, max(values[0], lower_quartile - 0.75 * (high - lower_quartile or 1.0)))
    room = 0.1 * (high - low or 1.0)
    return low - room, high + room


def below_picture(trials: Sequence[TrialRecord]) -> int:
    """How many trials are so much worse that only a mark at the lower edge shows them."""
    points = scored(trials)
    low, _ = value_range(points)
    return sum(point.value_pct < low for point in points)


def history(key: str, label: str, trials: Sequence[TrialRecord], candidate_number: int | None) -> Plot:
    """Uplift by trial number with the best so far as a step line; pruned and failed trials in a strip below."""
    points = scored(trials)
    stray = [trial for trial in trials if trial.state in _WITHOUT_VALUE]

    def draw(figure: Figure) -> None:
        from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - as in `svg.render`

        narrow = is_narrow(figure)
        axes = axes_in(figure, 50, 10, top=14, bottom=62 if stray else 40)
        low, high = value_range(points)
        axes.set_ylim(low, high)
        last = max((trial.number for trial in trials), default=0)
        axes.set_xlim(-0.03 * max(last, 1) - 0.5, last + 0.03 * max(last, 1) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(5 if narrow else 10, integer=True))
        axes.tick_params(axis="x", pad=27 if stray else 5)
        percent_ticks(axes, "y", 5)
        _draw_points(axes, points, low, candidate_number)
        _draw_strip(axes, stray)
        note(
            axes, "trial number", (1, low), (0, -53 if stray else -31), across=True, size=SMALL_PX, ink=Ink.MUTED, align="right"
        )

    return Plot(key, label, draw, wide_px=300, narrow_px=260)


def _draw_points(axes: Axes, points: Sequence[Scored], low: float, candidate_number: int | None) -> None:
    if points:
        best = list(accumulate((point.value_pct for point in points), max))
        axes.step([point.trial.number for point in points], best, where="post", color=Ink.ACCENT, linewidth=1.75)
    special = [point for point in points if point.trial.is_production or point.trial.number == candidate_number]
    plain = [point for point in points if point not in special]
    size = 6.5 if len(points) <= 120 else 4.0
    _scatter(axes, [point for point in plain if point.value_pct >= low], marker="o", size=size)
    below = [Scored(point.trial, low) for point in points if point.value_pct < low]
    _scatter(axes, below, marker="v", size=size)
    for point in special:
        if point.value_pct < low:
            continue
        at = (point.trial.number, point.value_pct)
        if point.trial.is_production:
            axes.plot(*at, marker="D", markersize=8, color=Ink.TEXT, markeredgecolor=Ink.GROUND, clip_on=False)
            continue
        axes.plot(
            *at, marker="o", markersize=11, color=Ink.ACCENT, markeredgecolor=Ink.GROUND, markeredgewidth=2, clip_on=False
        )
        note(
            axes,
            f"candidate {formats.change(point.value_pct)}",
            at,
            (0, 14),
            size=SMALL_PX,
            align=_side(axes, at[0]),
            bold=True,
        )


def _scatter(axes: Axes, points: Sequence[Scored], marker: str, size: float) -> None:
    numbers = [point.trial.number for point in points]
    values = [point.value_pct for point in points]
    axes.plot(
        numbers, values, linestyle="none", marker=marker, markersize=size, color=Ink.LINE, markeredgewidth=0, clip_on=False
    )


def _draw_strip(axes: Axes, stray: Sequence[TrialRecord]) -> None:
    """Trials without a value, in a row of marks under the picture."""
    from matplotlib.transforms import offset_copy  # noqa: PLC0415 - as in `svg.render`

    under = offset_copy(axes.get_xaxis_transform(), axes.get_figure(root=True), y=-15, units="points")
    for state, marker, ink in ((TrialState.FAILED, "x", Ink.BAD), (TrialState.PRUNED, "|", Ink.MUTED)):
        numbers = [trial.number for trial in stray if trial.state is state]
        axes.plot(numbers, [0] * len(numbers), transform=under, linestyle="none", marker=marker, markersize=6.5, color=ink,
                  markeredgewidth=1.75, clip_on=False)  # fmt: skip


def _side(axes: Axes, x: float) -> Literal["left", "center", "right"]:
    low, high = axes.get_xlim()
    share = (x - low) / (high - low)
    return "left" if share < 0.2 else "right" if share > 0.8 else "center"


def slice_plot(
    key: str, label: str, trials: Sequence[TrialRecord], dimension: Dimension, marks: tuple[float | None, float | None]
) -> Plot:
    """Uplift of complete trials along one parameter; `marks` are production's value (dashed) and the candidate's (full)."""
    points = [point for point in scored(trials) if dimension.name in point.trial.parameters]

    def draw(figure: Figure) -> None:
        axes = axes_in(figure, 46, 8, top=8, bottom=24)
        low, high = value_range(points)
        axes.set_ylim(low, high)
        _scale_dimension(axes, dimension)
        percent_ticks(axes, "y", 4)
        production, candidate = marks
        if production is not None:
            axes.axvline(production, color=Ink.TEXT, linewidth=1.25, linestyle=DASHED)
        if candidate is not None:
            axes.axvline(candidate, color=Ink.ACCENT, linewidth=1.75)
        visible = [point for point in points if point.value_pct >= low]
        axes.plot([point.trial.parameters[dimension.name] for point in visible], [point.value_pct for point in visible],
                  linestyle="none", marker="o", markersize=5 if len(visible) <= 120 else 3.5, color=Ink.LINE,
                  markeredgewidth=0)  # fmt: skip

    return Plot(key, label, draw, wide_px=_SLICE_HEIGHT_PX, narrow_px=_SLICE_HEIGHT_PX)


def _scale_dimension(axes: Axes, dimension: Dimension) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator  # noqa: PLC0415 - as in `svg.render`

    if dimension.log and dimension.low > 0:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=5))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    room = 0.03 * (dimension.high - dimension.low)
    axes.set_xlim(dimension.low - (0 if dimension.log else room), dimension.high + room)
