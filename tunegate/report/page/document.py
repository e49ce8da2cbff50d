"""What a page is made of, before it is HTML: sections of blocks, each a plain frozen value the template shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from tunegate.report.plots.svg import Plot


class Tone(StrEnum):
    """How a state is coloured; the words beside it always say the same."""

    GOOD = "good"
    BAD = "bad"
    UNSURE = "unsure"
    INVALID = "invalid"
    PLAIN = "plain"


SYMBOLS = {Tone.GOOD: "✓", Tone.BAD: "✕", Tone.UNSURE: "?", Tone.INVALID: "!", Tone.PLAIN: "="}


@dataclass(frozen=True, slots=True)
class Track:
    """Where values lie between two bounds, each a share from 0 to 1; None is not shown."""

    before: float | None
    after: float | None
    words: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, a smaller line under it, and maybe a state's tone, a picture of bounds or a link."""

    text: str
    detail: str = ""
    tone: Tone | None = None
    code: bool = False
    track: Track | None = None
    href: str = ""

    @property
    def symbol(self) -> str:
        """The sign that goes with the tone."""
        return SYMBOLS[self.tone] if self.tone is not None else ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading; numbers are set flush right in figures of equal width."""

    title: str
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings. The first cell of each row is its heading. With `stacks`, rows become cards on a phone."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    stacks: bool = True
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; a title makes it stand out, and with `href` it ends in a link that reads `link`."""

    text: str
    title: str = ""
    href: str = ""
    link: str = ""
    kind: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class LegendItem:
    """A sign of a picture and its meaning; `sign` is a class of the style sheet."""

    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot under a heading, with a legend."""

    title: str
    plot: Plot
    legend: tuple[LegendItem, ...] = ()
    kind: Literal["picture"] = "picture"


@dataclass(frozen=True, slots=True)
class Gallery:
    """Small pictures side by side."""

    pictures: tuple[Picture, ...]
    legend: tuple[LegendItem, ...] = ()
    kind: Literal["gallery"] = "gallery"


@dataclass(frozen=True, slots=True)
class Fact:
    """A short value with its name and, maybe, a remark."""

    name: str
    value: str
    detail: str = ""
    code: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts in a grid; `long` ones take a line each."""

    facts: tuple[Fact, ...]
    long: bool = False
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True, slots=True)
class Steps:
    """What follows, in order."""

    steps: tuple[str, ...]
    kind: Literal["steps"] = "steps"


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks that are closed until somebody opens them."""

    title: str
    blocks: tuple[Table | Text | Picture | Gallery | Facts | Steps, ...]
    kind: Literal["fold"] = "fold"


Block = Table | Text | Picture | Gallery | Facts | Steps | Fold


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with an anchor, a heading, and a sentence that says what it is about."""

    anchor: str
    title: str
    lead: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Banner:
    """The top of the page: the outcome as a word with its colour, the sentence, and the number when it may be read."""

    tone: Tone
    word: str
    title: str
    sentence: str
    reason: str
    figure: str = ""
    figure_detail: str = ""
    figure_name: str = ""

    @property
    def symbol(self) -> str:
        """The sign that goes with the tone."""
        return SYMBOLS[self.tone]


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page."""

    title: str
    region: str
    campaign: str
    when: str
    banner: Banner
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...] = field(default=())
    version: str = ""
