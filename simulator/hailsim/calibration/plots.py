"""Plots as SVG text, drawn in the colours of the page that holds them."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 340, 190, 44, 30, 10, 18


@dataclass(frozen=True, slots=True)
class Axis:
    """Positions from 0 to 1 with a label at some of them."""

    ticks: Sequence[tuple[float, str]]


def marginal(label: str, axis: Axis, shares: Floats, weights: Floats, interval: tuple[float, float, float]) -> str:
    """The worlds of one unknown: a stem a world, as high as its weight, over the 90 % set and its median."""
    low, median, high = interval
    top = weights.max()
    stems = "".join(
        f'<line class="stem" x1="{_x(share):.1f}" x2="{_x(share):.1f}" y1="{_y(0):.1f}" y2="{_y(0.9 * weight / top):.1f}"/>'
        f'<circle class="world" cx="{_x(share):.1f}" cy="{_y(0.9 * weight / top):.1f}" r="3.5"/>'
        for share, weight in zip(shares, weights, strict=True)
    )
    band = f'<rect class="band" x="{_x(low):.1f}" width="{_x(high) - _x(low):.1f}" y="{TOP}" height="{_y(0) - TOP:.1f}"/>'
    middle = f'<line class="median" x1="{_x(median):.1f}" x2="{_x(median):.1f}" y1="{TOP}" y2="{_y(0):.1f}"/>'
    return _plot(label, band + middle + stems + _horizontal(axis))


def scatter(label: str, axes: tuple[Axis, Axis], draws: tuple[Floats, Floats], kept: NDArray[np.int64], weights: Floats) -> str:
    """Two unknowns: every draw as a small dot, every world as a large one, larger the more it weighs."""
    small = "".join(f'<circle class="draw" cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="1.3"/>' for x, y in zip(*draws, strict=True))
    large = "".join(
        f'<circle class="world" cx="{_x(draws[0][number]):.1f}" cy="{_y(draws[1][number]):.1f}" r="{2.5 + 4.5 * radius:.1f}"/>'
        for number, radius in zip(kept, np.sqrt(weights / weights.max()), strict=True)
    )
    return _plot(label, small + large + _horizontal(axes[0]) + _vertical(axes[1]))


def curves(label: str, first_hour: int, observed: Floats | None, worlds: Floats, weights: Floats) -> str:
    """Twenty-four hours: the band of all worlds float64[W, 24], their mean, and what was observed."""
    low, high, mean = worlds.min(axis=0), worlds.max(axis=0), weights @ worlds
    ceiling = float(max(high.max(), 0.0 if observed is None else np.nanmax(observed)) * 1.05) or 1.0
    along = np.linspace(0.0, 1.0, len(mean))
    outline = [*zip(along, high / ceiling, strict=True), *zip(along[::-1], low[::-1] / ceiling, strict=True)]
    parts = f'<polygon class="band" points="{_points(outline)}"/>'
    parts += f'<polyline class="mean" points="{_points(zip(along, mean / ceiling, strict=True))}"/>'
    if observed is not None:
        seen = np.isfinite(observed)
        parts += f'<polyline class="seen" points="{_points(zip(along[seen], observed[seen] / ceiling, strict=True))}"/>'
    hours = Axis([(hour / 23, f"{(first_hour + hour) % 24}h") for hour in range(0, 24, 4)])
    heights = Axis([(share / 1.05, f"{share * ceiling / 1.05:,.0f}") for share in (0.0, 0.5, 1.0)])
    return _plot(label, parts + _horizontal(hours) + _vertical(heights))


def _plot(label: str, content: str) -> str:
    return (
        f'<figure><figcaption>{html.escape(label)}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{html.escape(label, quote=True)}">{content}</svg></figure>'
    )


def _x(share: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * float(share)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * float(share)


def _points(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in places)


def _horizontal(axis: Axis) -> str:
    line = f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_y(0):.1f}" y2="{_y(0):.1f}"/>'
    return line + "".join(
        f'<text text-anchor="middle" x="{_x(share):.1f}" y="{HEIGHT - BOTTOM + 14}">{html.escape(text)}</text>'
        for share, text in axis.ticks
    )


def _vertical(axis: Axis) -> str:
    line = f'<line class="axis" x1="{LEFT}" x2="{LEFT}" y1="{TOP}" y2="{_y(0):.1f}"/>'
    return line + "".join(
        f'<text text-anchor="end" x="{LEFT - 5}" y="{_y(share) + 4:.1f}">{html.escape(text)}</text>'
        for share, text in axis.ticks
    )
