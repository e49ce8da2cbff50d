"""What every picture shares: text sizes, margins in CSS pixels, the percent axis, and words next to a point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tunegate.report import formats
from tunegate.report.plots.svg import PIXELS_PER_INCH, Ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TEXT_PX = 12.5
SMALL_PX = 11.5
NARROW_BELOW_PX = 500

DASHED = (0, (5, 3))
DOTTED = (0, (2, 2))


def width_of(figure: Figure) -> float:
    """Width in CSS pixels."""
    return figure.get_figwidth() * PIXELS_PER_INCH


def is_narrow(figure: Figure) -> bool:
    """Whether the figure is for a phone."""
    return width_of(figure) < NARROW_BELOW_PX


def axes_in(figure: Figure, left: float, right: float, top: float, bottom: float) -> Axes:
    """Axes with these margins in CSS pixels, without frame, background or tick marks."""
    width, height = width_of(figure), figure.get_figheight() * PIXELS_PER_INCH
    axes = figure.add_axes((left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height))
    axes.patch.set_visible(False)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelsize=SMALL_PX, labelcolor=Ink.MUTED, pad=5)
    return axes


def percent_ticks(axes: Axes, which: Literal["x", "y"], at_most: int) -> None:
    """Round percent ticks with signs and faint grid lines, and a full line at zero."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415 - as in `svg.render`

    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(MaxNLocator(at_most, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: percent_tick(value)))
    axes.grid(axis=which, color=Ink.GRID, linewidth=1)
    line = axes.axvline if which == "x" else axes.axhline
    line(0, color=Ink.TEXT, linewidth=1.25)


def percent_tick(value: float) -> str:
    """A sign, and no more decimals than needed."""
    text = f"{abs(value):.3f}".rstrip("0").rstrip(".")
    return "0 %" if text == "0" else f"{'+' if value > 0 else formats.MINUS}{text} %"


def note(
    axes: Axes,
    text: str,
    at: tuple[float, float],
    shift_px: tuple[float, float] = (0, 0),
    *,
    across: bool = False,
    size: float = TEXT_PX,
    ink: Ink = Ink.TEXT,
    align: Literal["left", "center", "right"] = "left",
    bold: bool = False,
) -> None:
    """Words beside a point, moved by pixels; with `across`, x is a share of the axes' width instead of data."""
    axes.annotate(
        text,
        at,
        xycoords=axes.get_yaxis_transform() if across else "data",
        xytext=shift_px,
        textcoords="offset points",
        ha=align,
        va="center",
        fontsize=size,
        color=ink,
        fontweight=700 if bold else 400,
    )
