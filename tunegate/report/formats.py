"""Formatting numbers, times and names for people; a missing number becomes words, never 0.

Signs are U+2212 and U+002B, the space before a unit does not break, and nothing depends on the locale of the machine.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime

from tunegate.domain.parameters import ParameterSpec
from tunegate.domain.verdicts import Interval
from tunegate.report.model import Money

NOT_COMPUTED = "not computed"
MINUS = "\u2212"
SPACE = "\u00a0"
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MARKDOWN_SIGNS = re.compile(r"([\\`*_{}\[\]<>|~])")
_NO_UNIT = frozenset({"", "1", "-", "none", "ratio", "dimensionless"})


def is_there(value: float | None) -> bool:
    """Whether a number can be shown: neither None nor NaN nor infinite."""
    return value is not None and math.isfinite(value)


def number(value: float | None, digits: int = 2) -> str:
    """`1234.5` -> `1,234.50`; a rounded zero carries no sign."""
    if value is None or not math.isfinite(value):
        return NOT_COMPUTED
    text = f"{abs(value):,.{digits}f}"
    is_zero = not any(character in "123456789" for character in text)
    return text if value >= 0 or is_zero else MINUS + text


def signed(value: float | None, digits: int = 2) -> str:
    """Like `number`, with a plus before what is above zero."""
    text = number(value, digits)
    if value is None or text == NOT_COMPUTED or text.startswith(MINUS):
        return text
    return "+" + text if any(character in "123456789" for character in text) else text


def change(value: float | None, unit: str = "%", digits: int = 2) -> str:
    """A change with its sign and unit: `+1.92 %`, `-0.20 points`."""
    text = signed(value, digits)
    return text if text == NOT_COMPUTED else f"{text}{SPACE}{unit}"


def amount(value: float | None, unit: str = "%", digits: int = 2) -> str:
    """A quantity without a plus, and its unit."""
    text = number(value, digits)
    return text if text == NOT_COMPUTED else f"{text}{SPACE}{unit}"


def span(interval: Interval | None, digits: int = 2) -> str:
    """The two ends of an interval: `+0.84 % to +3.01 %`."""
    if interval is None or not (is_there(interval.low_pct) and is_there(interval.high_pct)):
        return NOT_COMPUTED
    return f"{change(interval.low_pct, digits=digits)} to {change(interval.high_pct, digits=digits)}"


def probability(value: float | None) -> str:
    """A p value: three decimals, and `below 0.001` under that."""
    if value is None or not math.isfinite(value):
        return NOT_COMPUTED
    return "below 0.001" if value < 0.001 else f"{value:.3f}"


def count(value: int) -> str:
    """`12345` -> `12,345`."""
    return f"{value:,}"


def plural(value: int, singular: str, several: str | None = None) -> str:
    """`1 trial`, `12 trials`."""
    return f"{count(value)} {singular if value == 1 else (several or singular + 's')}"


def duration(seconds: float | None) -> str:
    """`0.42 s`, `4.2 s`, `48 s`, `1 min 12 s`, `3 h 04 min`."""
    if seconds is None or not math.isfinite(seconds):
        return NOT_COMPUTED
    if seconds < 0.995:
        return f"{seconds:.2f}{SPACE}s"
    if seconds < 9.95:
        return f"{seconds:.1f}{SPACE}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{SPACE}s"
    if whole < 3600:
        return f"{whole // 60}{SPACE}min {whole % 60:02d}{SPACE}s"
    return f"{whole // 3600}{SPACE}h {whole % 3600 // 60:02d}{SPACE}min"


def money(minor: float | None, currency: Money, *, with_sign: bool = False) -> str:
    """Minor units as `USD 3.10`, with as many decimals as the currency has."""
    if minor is None or not math.isfinite(minor):
        return NOT_COMPUTED
    digits = len(str(currency.minor_per_major)) - 1
    text = (signed if with_sign else number)(minor / currency.minor_per_major, digits)
    return f"{currency.currency}{SPACE}{text}"


def day(value: date) -> str:
    """`Sat 31 May 2008`."""
    return f"{_WEEKDAYS[value.weekday()]} {value.day} {_MONTHS[value.month - 1]} {value.year}"


def short_day(value: date) -> str:
    """`31 May`."""
    return f"{value.day} {_MONTHS[value.month - 1]}"


def weekday(value: date) -> str:
    """`Sat`."""
    return _WEEKDAYS[value.weekday()]


def moment(value: datetime) -> str:
    """`31 May 2008, 14:05 UTC`, whatever zone it came in."""
    utc = value.astimezone(UTC)
    return f"{short_day(utc.date())} {utc.year}, {utc:%H:%M} UTC"


def unit_of(spec: ParameterSpec | None) -> str:
    """The unit to print after a value; empty when there is none."""
    return "" if spec is None or spec.unit.strip().lower() in _NO_UNIT else spec.unit


def parameter(value: float | None, spec: ParameterSpec | None) -> str:
    """A parameter's value in at most four significant digits, without zeros at the end; whole when the parameter is."""
    if value is None or not math.isfinite(value):
        return NOT_COMPUTED
    if spec is not None and spec.type == "int":
        return number(value, 0)
    if value != 0 and not 1e-4 <= abs(value) < 1e7:
        return f"{value:.3e}".replace("-", MINUS)
    decimals = 0 if value == 0 else min(8, max(0, 3 - math.floor(math.log10(abs(value)))))
    text = number(value, decimals)
    return text.rstrip("0").rstrip(".") if "." in text else text


def region(name: str) -> str:
    """`san_francisco` -> `San Francisco`; what has capitals already is left as it is."""
    words = name.replace("_", " ").strip()
    return words.title() if words.islower() else words


def label(name: str) -> str:
    """A heading of a name or a meaning: `customer_wait_mean_s` -> `Customer wait mean s`, without a full stop."""
    words = name.replace("_", " ").strip().removesuffix(".")
    return words[:1].upper() + words[1:]


def sentence(text: str) -> str:
    """The text with a capital, unless it begins with an identifier, and with a full stop, if it ends in none of its own."""
    stripped = text.strip()
    first_word = stripped.partition(" ")[0]
    started = stripped if "_" in first_word else stripped[:1].upper() + stripped[1:]
    return started if not started or started.endswith((".", "!", "?")) else f"{started}."


def markdown_text(text: str) -> str:
    """Text that markdown and the HTML inside it leave alone, on one line."""
    return _MARKDOWN_SIGNS.sub(r"\\\1", " ".join(text.splitlines()).replace("&", "&amp;"))
