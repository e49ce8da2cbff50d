"""The report's pictures for places without a style sheet of ours: fixed colours, each whole in itself and inside the text."""

from __future__ import annotations

import base64
import re

from tunegate.report.model import CampaignReport
from tunegate.report.page.campaign_page import page_of
from tunegate.report.page.document import Picture
from tunegate.report.plots import svg

WIDTH_PX = 800.0
MARGIN_PX = 16.0
_PAPER = {
    "text": "#161b22",
    "muted": "#566070",
    "line": "#7d8899",
    "grid": "#e3e7ed",
    "accent": "#2356c4",
    "second": "#7a3fb0",
    "bad": "#ad2018",
    "ground": "#ffffff",
}
_GROUND = re.compile(r"var\(--ground, var\(--page\)\)")
_VARIABLE = re.compile(r"var\(--([a-z]+)\)")
_OPENING = re.compile(r'<svg viewBox="[^"]*"')
_FONTS = "font-family: system-ui, 'DejaVu Sans', Arial, sans-serif; background: #ffffff"


def pictures_markdown(report: CampaignReport) -> str:
    """The main pictures of a campaign as one markdown text that refers to nothing outside it."""
    found = [block for section in page_of(report).sections for block in section.blocks if isinstance(block, Picture)]
    return "\n".join(_shown(picture) for picture in found)


def _shown(picture: Picture) -> str:
    image = base64.b64encode(still(picture).encode()).decode()
    return f"### {picture.title}\n\n![{picture.plot.label}](data:image/svg+xml;base64,{image})\n"


def still(picture: Picture) -> str:
    """A picture as an SVG file of its own, on white."""
    plot = picture.plot
    drawn = svg.render(plot, plot.key, WIDTH_PX, plot.wide_px)
    width, height = WIDTH_PX + 2 * MARGIN_PX, plot.wide_px + 2 * MARGIN_PX
    frame = f'viewBox="{-MARGIN_PX:.0f} {-MARGIN_PX:.0f} {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    opened = _OPENING.sub(f'<svg xmlns="http://www.w3.org/2000/svg" {frame}', drawn, count=1)
    coloured = _VARIABLE.sub(lambda found: _PAPER[found[1]], _GROUND.sub(_PAPER["ground"], opened))
    return re.sub(r'style="max-width:[^"]*"', f'style="{_FONTS}"', coloured, count=1)
