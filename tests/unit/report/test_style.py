"""The style sheet, read as data: contrast in light, dark and print, and nothing drawn in a colour it does not define."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

SHEET = (files("tunegate.report.page") / "templates" / "style.css").read_text(encoding="utf-8")
TONES = ("good", "bad", "unsure", "invalid", "plain")


def themes() -> dict[str, dict[str, str]]:
    """Hex colours by name as written in each `:root` block: light, dark, print."""
    blocks = re.findall(r":root \{(.*?)\}", SHEET, re.DOTALL)
    assert len(blocks) == 3
    return {
        name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for name, block in zip(("light", "dark", "print"), blocks, strict=True)
    }


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.1."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


PAIRS = [
    *((ink, ground) for ink in ("text", "muted", "accent", "second", *TONES) for ground in ("page", "surface")),
    *((tone, f"{tone}-tint") for tone in TONES),
    *((ink, f"{tone}-tint") for ink in ("text", "muted") for tone in TONES),
    *(("on-solid", tone) for tone in TONES),
]


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_words_keep_a_contrast_of_four_and_a_half(theme: str, ink: str, ground: str) -> None:
    colours = themes()[theme]
    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_marks_in_pictures_keep_a_contrast_of_three(theme: str) -> None:
    colours = themes()[theme]
    assert min(contrast(colours["line"], colours[ground]) for ground in ("page", "surface")) >= 3


def test_every_theme_defines_the_same_colours_and_print_is_light_on_white_paper() -> None:
    light, dark, printed = themes().values()
    assert set(light) == set(dark) == set(printed)
    assert {**light, "page": "#ffffff"} == printed


def test_every_variable_and_sign_that_a_page_uses_is_defined(written: dict[str, str]) -> None:
    page = "\n".join(written.values())
    used = set(re.findall(r"var\(--([\w-]+)", page))
    assert used <= set(re.findall(r"--([\w-]+):", SHEET))
    assert set(re.findall(r'<i class="(sign-[\w-]+)"', page)) <= set(re.findall(r"\.(sign-[\w-]+)", SHEET))


def test_pictures_leave_no_colour_outside_the_theme(written: dict[str, str]) -> None:
    page = written["promote"]
    drawn = page[page.index("</style>") :]
    assert re.findall(r"#[0-9a-fA-F]{6}\b(?![0-9a-f])", drawn) == []
