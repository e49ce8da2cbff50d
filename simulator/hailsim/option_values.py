"""Values that several commands accept on the command line: `NAME=VALUE` and `FIRST..LAST`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from datetime import date

from hailsim.faults import refuse


def read_numbers(given: Iterable[str], flag: str, example: str) -> dict[str, float]:
    """The numbers of a repeatable NAME=VALUE option; of a repeated name, the last. Raises BadInput."""
    found: dict[str, float] = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            found[name] = float(value)
        except ValueError as error:
            raise refuse(f"{flag} must be NAME=VALUE with a number", text, flag, f"Write it like {example}.") from error
    return found


def read_date_range(text: str, flag: str) -> tuple[date, date]:
    """Both ends of FIRST..LAST; a single date is both. Their order is not checked. Raises BadInput."""
    first, separator, last = text.partition("..")
    try:
        begin = date.fromisoformat(first)
        return begin, date.fromisoformat(last) if separator else begin
    except ValueError as error:
        remedy = "Write it like 2008-05-22..2008-05-25."
        raise refuse(f"{flag} must be FIRST..LAST or one date", text, flag, remedy) from error


def positive(text: str) -> int:
    """A whole number that is at least 1."""
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, but got {count}")
    return count
