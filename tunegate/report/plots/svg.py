"""Matplotlib figures as small inline SVG: the same bytes for the same figure, colours from the page's own light or dark theme.

A figure is drawn with the ink colours below, none of which is meant to be seen: in the SVG each becomes a CSS variable.
Identifiers nobody refers to, metadata and name spaces are dropped: many figures share one page, and none names an address.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PIXELS_PER_INCH = 72


class Ink(StrEnum):
    """Colours to draw with, each standing for a variable of the page's theme."""

    TEXT = "#010101"
    MUTED = "#020202"
    LINE = "#030303"
    GRID = "#040404"
    ACCENT = "#050505"
    SECOND = "#060606"
    GROUND = "#070707"
    BAD = "#080808"


_VARIABLES = {
    Ink.TEXT.value: "var(--text)",
    Ink.MUTED.value: "var(--muted)",
    Ink.LINE.value: "var(--line)",
    Ink.GRID.value: "var(--grid)",
    Ink.ACCENT.value: "var(--accent)",
    Ink.SECOND.value: "var(--second)",
    Ink.GROUND.value: "var(--ground, var(--page))",
    Ink.BAD.value: "var(--bad)",
}


def _use_own_settings(key: str) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - as in `render`

    mpl.rcdefaults()  # a matplotlibrc on the machine must not change a report
    mpl.rcParams["svg.hashsalt"] = key
    mpl.rcParams["svg.fonttype"] = "none"
    mpl.rcParams["text.parse_math"] = False
    mpl.rcParams["font.family"] = ["DejaVu Sans"]
    mpl.rcParams["path.simplify"] = False


_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_FONT = re.compile(r"font:\s*(?:(?P<weight>bold|\d{3})\s+)?(?P<size>[\d.]+)px[^;]*")
_FAMILY = re.compile(r"font-family:[^;]*;?\s*")
_COLOUR = re.compile("|".join(_VARIABLES))
_TIP = "tip-"
# rcParams belong to the whole process; two threads that draw at once would read each other's.
_DRAWING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Plot:
    """What to draw and how it is named: `key` is unique on the page, `label` is what a screen reader says.

    `draw` gets an empty figure and may be called several times, for figures of different sizes: `wide_px` and `narrow_px`
    are its heights on a desk and on a phone. `tips` are the mouse-over texts of artists whose gid is `tip_id(index)`.
    """

    key: str
    label: str
    draw: Callable[[Figure], None]
    wide_px: float
    narrow_px: float
    tips: tuple[str, ...] = ()


def tip_id(index: int) -> str:
    """The gid of the artist that shows the text with this index on mouse-over."""
    return f"{_TIP}{index}"


def render(plot: Plot, key: str, width_px: float, height_px: float) -> str:
    """The plot as an `<svg role="img">` of this many CSS pixels; every identifier in it begins with `key`."""
    # Takes a second, and of all processes of a campaign only the one that writes its report draws.
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    buffer = io.BytesIO()
    with _DRAWING, mpl.rc_context():
        _use_own_settings(key)
        figure = Figure(figsize=(width_px / PIXELS_PER_INCH, height_px / PIXELS_PER_INCH), dpi=PIXELS_PER_INCH)
        figure.patch.set_visible(False)
        plot.draw(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    root = ET.fromstring(buffer.getvalue())  # noqa: S314 - matplotlib wrote it a moment ago
    _drop_metadata(root)
    _rename_ids(root, key)
    for element in list(root.iter()):
        _clean(element, plot.tips)
    _flatten(root)
    view_box = root.attrib["viewBox"]
    root.attrib.clear()
    root.attrib.update({"viewBox": view_box, "role": "img", "aria-label": plot.label, "style": f"max-width:{width_px:.0f}px"})
    return ET.tostring(root, encoding="unicode")


def _drop_metadata(root: ET.Element) -> None:
    for parent in root.iter():
        for child in list(parent):
            if child.tag.endswith("}metadata") or (child.tag.endswith("}defs") and _is_style_sheet(child)):
                parent.remove(child)


def _is_style_sheet(definitions: ET.Element) -> bool:
    """Matplotlib's SVGs begin with a style sheet for all elements; inline in a page it would style the other SVGs as well."""
    return len(definitions) == 1 and definitions[0].tag.endswith("}style")


def _rename_ids(root: ET.Element, key: str) -> None:
    referred = set(re.findall(r"(?:url\(|\")#([^)\"]+)", ET.tostring(root, encoding="unicode")))
    names = {name: f"{key}-{index}" for index, name in enumerate(sorted(referred))}
    for element in root.iter():
        name = element.get("id")
        if name in names:
            element.set("id", names[name])
        elif name is not None and not name.startswith(_TIP):
            del element.attrib["id"]
        for attribute, value in element.attrib.items():
            if attribute == "clip-path" or attribute.endswith("}href"):
                element.set(attribute, re.sub(r"#([\w-]+)", lambda found: "#" + names[found[1]], value))


def _clean(element: ET.Element, tips: tuple[str, ...]) -> None:
    element.tag = element.tag.rpartition("}")[2]
    name = element.get("id", "")
    if name.startswith(_TIP):
        del element.attrib["id"]
        title = ET.Element("title")
        title.text = tips[int(name.removeprefix(_TIP))]
        element.insert(0, title)
    for attribute, value in list(element.attrib.items()):
        plain = attribute.rpartition("}")[2]
        if plain != attribute:
            del element.attrib[attribute]
        element.set(plain, _theme(_LONG_NUMBER.sub(lambda found: f"{float(found[0]):.2f}", value)))
    if element.tag == "text" and element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    element.tail = None
    if element.tag not in {"text", "tspan", "title"}:
        element.text = None


def _flatten(parent: ET.Element) -> None:
    """Groups that say nothing are most of what matplotlib writes; put what they hold in their place."""
    children: list[ET.Element] = []
    for child in parent:
        _flatten(child)
        children.extend(child if child.tag == "g" and not child.attrib and not _has_title(child) else (child,))
    parent[:] = children


def _has_title(group: ET.Element) -> bool:
    return len(group) > 0 and group[0].tag == "title"


def _theme(value: str) -> str:
    themed = _FAMILY.sub("", _COLOUR.sub(lambda found: _VARIABLES[found[0]], value))
    return _FONT.sub(
        lambda found: f"font-size: {found['size']}px; font-weight: {600 if found['weight'] else 400}", themed
    ).strip()
