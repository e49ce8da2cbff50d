"""The command line of `hailsim import`, and the import settings derived from it and from known cities."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Literal, cast
from zoneinfo import ZoneInfo

from hailsim.faults import BadInput, Fault
from hailsim.model.city import Fare
from hailsim.readers.assemble import ImportSettings
from hailsim.readers.clock import find_zone
from hailsim.readers.known_cities import KnownCity, us_holidays
from hailsim.readers.tariffs import TARIFFS

_NAME = re.compile(r"^[a-z][a-z0-9_]{0,63}$")
_YEARS = range(1970, 2071)


@dataclass(frozen=True, slots=True)
class Options:
    """The parsed command line before validation."""

    source: Path
    out: Path
    network: Path | None
    trips: Path | None
    name: str | None
    timezone: str | None
    driving_side: Literal["left", "right"] | None
    tariff: str | None
    fare: Path | None
    holidays: str | None
    attribution: list[str]
    day_start_hour: str
    first_day: str | None
    last_day: str | None
    taxis: int | None
    max_cut_share: float
    max_snap_m: float
    force: bool


def parse_options(argv: list[str]) -> Options:
    """Parse the arguments; argparse exits with code 2 for unknown ones."""
    parser = argparse.ArgumentParser(
        prog="hailsim import", description="Make a city folder from recorded trips and a road network."
    )
    add = parser.add_argument
    add(
        "source",
        type=Path,
        metavar="CITY_SOURCE",
        help="folder of tables, trips (with --network), or network (with --trips)",
    )
    add("--out", type=Path, required=True, metavar="DIR", help="folder to write, new or empty")
    add("--network", type=Path, metavar="FILE", help="OSMnx network (.json node-link or .graphml) for a file of trips")
    add("--trips", type=Path, metavar="FILE", help="trips for a network file: CSV, gzipped CSV or Parquet")
    add("--name", help="lower-case name of the city; default: the known city's, else that of DIR")
    add("--timezone", help="IANA zone; default: the known city's")
    add("--driving-side", choices=["left", "right"], help="default: the known city's")
    add("--tariff", choices=sorted(TARIFFS), help="a published tariff; default: the known city's")
    add("--fare", type=Path, metavar="FILE", help="JSON with the keys of `fare` in city.json")
    add("--holidays", metavar="DATES", help="comma-separated dates, or `none`; default: the known city's")
    add("--attribution", action="append", default=[], metavar="TEXT", help="whom to credit; may be given more than once")
    add(
        "--day-start-hour", default="4", metavar="HOUR", help="0 to 23, or `auto` for the hour with the fewest trips; default 4"
    )
    add("--first-day", metavar="DATE", help="take no operating day before this one")
    add("--last-day", metavar="DATE", help="take no operating day after this one")
    add("--taxis", type=int, metavar="N", help="size of the fleet; default: as in the data, or what the demand keeps half busy")
    add(
        "--max-cut-share",
        type=float,
        default=0.10,
        metavar="SHARE",
        help="most of the kilometres that may be cut; default 0.10",
    )
    add(
        "--max-snap-m", type=float, default=300.0, metavar="METRES", help="farthest link that a trip is snapped to; default 300"
    )
    add("--force", action="store_true", help="replace the city in DIR")
    return Options(**vars(parser.parse_args(argv)))


def resolve_settings(options: Options, known_city: KnownCity | None) -> ImportSettings:
    """The choices, each from the command line or else from the place. BadInput with every fault at once."""
    faults: list[Fault] = []
    zone = _zone(options.timezone or (known_city.timezone if known_city else None), faults)
    driving_side = options.driving_side or (known_city.driving_side if known_city else None)
    if driving_side is None:
        faults.append(_missing("the side of the road one drives on", "--driving-side left or right"))
    fare = _fare(options, known_city, faults)
    name = options.name or (known_city.name if known_city else re.sub(r"[^a-z0-9]+", "_", options.out.absolute().name.lower()))
    if not _NAME.match(name):
        faults.append(
            Fault("a city's name is lower-case letters, digits and underscores", name, "--name", "Give another --name.")
        )
    settings = ImportSettings(
        name=name,
        zone=zone or ZoneInfo("UTC"),
        driving_side=driving_side or "right",
        fare=fare or next(iter(TARIFFS.values())),
        holidays=_holidays(options, known_city, faults),
        day_start_hour=_hour(options.day_start_hour, faults),
        first_day=_date(options.first_day, "--first-day", faults),
        last_day=_date(options.last_day, "--last-day", faults),
        taxis=options.taxis,
        max_cut_share=options.max_cut_share,
        farthest_snap_m=options.max_snap_m,
    )
    for flag, value, low, high in (
        ("--taxis", options.taxis, 1, 200_000),
        ("--max-cut-share", options.max_cut_share, 0.0, 1.0),
        ("--max-snap-m", options.max_snap_m, 1.0, 5_000.0),
    ):
        if value is not None and not low <= value <= high:
            faults.append(Fault(f"{flag} is in [{low}, {high}]", str(value), flag, "Give a value in that range."))
    if settings.first_day and settings.last_day and settings.first_day > settings.last_day:
        values = f"first_day={settings.first_day}, last_day={settings.last_day}"
        faults.append(Fault("`first_day <= last_day` must hold", values, "--first-day", "Swap them."))
    if faults:
        raise BadInput(faults)
    return settings


def _missing(what: str, flag: str) -> Fault:
    return Fault(f"{what} is given, or the network lies in a known place", "neither", "the command line", f"Give {flag}.")


def _zone(name: str | None, faults: list[Fault]) -> ZoneInfo | None:
    if name is None:
        faults.append(_missing("the time zone", "--timezone, like America/New_York"))
        return None
    try:
        return find_zone(name, "--timezone")
    except BadInput as error:
        faults.extend(error.faults)
        return None


def _hour(text: str, faults: list[Fault]) -> int | None:
    if text == "auto":
        return None
    if text.isdecimal() and int(text) <= 23:
        return int(text)
    faults.append(Fault("--day-start-hour is 0 to 23 or `auto`", text, "--day-start-hour", "Give one of these."))
    return None


def _date(text: str | None, flag: str, faults: list[Fault]) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        faults.append(Fault(f"{flag} is a date of the calendar", text, flag, "Write it like 2024-12-31."))
        return None


def _holidays(options: Options, known_city: KnownCity | None, faults: list[Fault]) -> frozenset[date]:
    """All holidays of a century; the import keeps those of the days covered."""
    if options.holidays is None:
        return (
            frozenset().union(*(us_holidays(year) for year in _YEARS)) if known_city and known_city.us_holidays else frozenset()
        )
    if options.holidays == "none":
        return frozenset()
    days = [_date(text.strip(), "--holidays", faults) for text in options.holidays.split(",")]
    return frozenset(day for day in days if day is not None)


def _fare(options: Options, known_city: KnownCity | None, faults: list[Fault]) -> Fare | None:
    if options.fare is not None:
        return _fare_file(options.fare, faults)
    if options.tariff is not None:
        return TARIFFS[options.tariff]
    if known_city is not None:
        return known_city.tariff
    faults.append(_missing("the tariff", f"--fare FILE, or --tariff {' or '.join(sorted(TARIFFS))}"))
    return None


def _fare_file(path: Path, faults: list[Fault]) -> Fare | None:
    """Types and keys; the bounds are those of city.json, checked when it is written."""
    remedy = "Give the keys of `fare` in docs/city-format.md and no other."
    try:
        given = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        faults.append(Fault("--fare is a readable JSON file", str(error), str(path), remedy))
        return None
    kinds = {field.name: str if field.name == "currency" else int for field in fields(Fare)}
    if not isinstance(given, dict) or set(given) != set(kinds):
        faults.append(Fault(f"a fare has the keys {', '.join(kinds)}", ", ".join(given) or "none", str(path), remedy))
        return None
    wrong = [key for key, kind in kinds.items() if type(given[key]) is not kind]
    faults.extend(Fault(f"`{key}` is a {kinds[key].__name__}", repr(given[key]), str(path), remedy) for key in wrong)
    return None if wrong else Fare(**cast("dict[str, int | str]", given))  # type: ignore[arg-type]
