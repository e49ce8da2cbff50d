"""The command line of `hailsim calibrate`, and the request it makes of a city."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from hailsim.calibration.calibrate import CalibrationRequest
from hailsim.calibration.unknowns import Unknown, declared_unknowns, read_unknown, read_unknowns
from hailsim.calibration.workers import CitySource
from hailsim.faults import BadInput, Fault, refuse
from hailsim.model.cab_days import CabDay
from hailsim.model.calendar import History
from hailsim.model.city import City
from hailsim.model.settings import read_settings
from hailsim.option_values import read_date_range, read_numbers

WORLDS, DRAWS, TEST_WORLDS = 16, 512, 200
LEAST_DAYS = 2
# A quarter of the draws as worlds would be the prior again.
LEAST_DRAWS_A_WORLD = 4
MOST_DRAWS = 1 << 16


@dataclass(frozen=True, slots=True)
class Options:
    """The command line, typed but not yet judged."""

    city: str
    days: str | None
    history: str | None
    check_days: str | None
    worlds: int
    draws: int
    seed: int
    processes: int | None
    prior: str | None
    unknown: list[str]
    set: list[str]
    check: bool
    test_worlds: int
    out: Path | None
    page: Path | None
    json: bool


def parse_options(argv: Sequence[str]) -> Options:
    """Read the arguments; argparse ends the process with code 2 for arguments it does not know."""
    parser = argparse.ArgumentParser(
        "hailsim calibrate",
        description="Find worlds that fit the records: settings with weights, drawn from the ranges of the unknowns.",
    )
    add = parser.add_argument
    add("city", metavar="CITY", help="a city folder or a bundled name")
    add("--days", metavar="FIRST..LAST", help="days to calibrate on (required)")
    add("--out", type=Path, metavar="FILE", help="write the worlds there (required, unless --check is given)")
    add("--worlds", type=int, default=WORLDS, metavar="N", help=f"how many worlds to keep (default {WORLDS})")
    add("--draws", type=int, default=DRAWS, metavar="N", help=f"how many to choose from (default {DRAWS})")
    add("--seed", type=int, default=1, metavar="N", help="of the draws and of the simulated days (default 1)")
    add("--history", metavar="FIRST..LAST", help="days that behaviour and fleet come from (default: all before the days)")
    add("--check-days", metavar="FIRST..LAST", help="days to check the worlds on (default: as many as follow, or are left)")
    add("--prior", metavar="FILE", help="JSON with the list `unknowns` to use instead of those that hailsim declares")
    add("--unknown", action="append", default=[], metavar="NAME=LOW..HIGH[:log]", help="another range, or one more unknown")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting that is known; it is no unknown then")
    add("--page", type=Path, metavar="FILE", help="write a page with plots there")
    add("--json", action="store_true", help="print the document instead of tables")
    add(
        "--check",
        action="store_true",
        help="measure how often the 90 %% interval contains the true value, on test worlds from the prior",
    )
    add("--test-worlds", type=int, default=TEST_WORLDS, metavar="N", help=f"how many such worlds (default {TEST_WORLDS})")
    add("--processes", type=int, metavar="N", help="how many processes to simulate in (default: one per processor)")
    return Options(**vars(parser.parse_args(argv)))


def check_counts(options: Options) -> None:
    """Counts and flags that can be judged without the city. Raises BadInput: all faults at once."""
    faults = []
    if options.days is None:
        faults.append(Fault("days to calibrate on must be named", "none", "--days", "Write --days 2008-05-22..2008-05-25."))
    if options.out is None and not options.check:
        faults.append(Fault("the worlds need a file", "none", "--out", "Name one, or ask for --check alone."))
    if options.out is None and options.page is not None:
        faults.append(Fault("a page shows a calibration", "no --out", "--page", "Name a file for the worlds with --out."))
    counts = (
        ("worlds", options.worlds, 2, MOST_DRAWS // LEAST_DRAWS_A_WORLD),
        ("draws", options.draws, 2 * LEAST_DRAWS_A_WORLD, MOST_DRAWS),
        ("seed", options.seed, 0, (1 << 31) - 1),
        ("test-worlds", options.test_worlds, 1, MOST_DRAWS),
        ("processes", 1 if options.processes is None else options.processes, 1, 1024),
    )
    for name, count, low, high in counts:
        if not low <= count <= high:
            one_world = name == "worlds" and count == 1
            remedy = "One world says nothing of what is not known; take 8 or more." if one_world else "Correct it."
            faults.append(Fault(f"{low} <= --{name} <= {high} must hold", str(count), f"--{name}", remedy))
    if not faults and options.draws < LEAST_DRAWS_A_WORLD * options.worlds:
        rule = f"there must be at least {LEAST_DRAWS_A_WORLD} draws a world to choose from"
        value = f"{options.draws} draws for {options.worlds} worlds"
        faults.append(Fault(rule, value, "--draws", f"Take {LEAST_DRAWS_A_WORLD * options.worlds} draws or more."))
    if faults:
        raise BadInput(faults)


def read_request(options: Options, city: City, recorded: Sequence[CabDay]) -> CalibrationRequest:
    """What to calibrate, on which days. Raises BadInput."""
    days = _days(str(options.days), "--days", city)
    if len(days) < LEAST_DAYS:
        remedy = f"{city.name} covers {city.first_day}..{city.last_day}; take some days, and leave history before them."
        raise refuse(f"a calibration needs at least {LEAST_DAYS} days", len(days), "--days", remedy)
    history = _history(options, city, days)
    known = read_numbers(options.set, "--set", "taxis=400")
    read_settings(known)
    return CalibrationRequest(
        city=city,
        recorded={day.day: day for day in recorded},
        source=CitySource(options.city, history),
        days=days,
        check_days=_check_days(options, city, days),
        unknowns=_unknowns(options, frozenset(known)),
        settings=known,
        worlds=options.worlds,
        draws=options.draws,
        seed=options.seed,
    )


def _unknowns(options: Options, known: frozenset[str]) -> tuple[Unknown, ...]:
    declared = declared_unknowns() if options.prior is None else _from_file(options.prior)
    given = [read_unknown(text) for text in options.unknown]
    names = [unknown.name for unknown in given]
    for name in names:
        if names.count(name) > 1:
            raise refuse("an unknown is named once", name, "--unknown", "Remove the repetition.")
        if name in known:
            raise refuse("a setting is known or unknown", name, "--set and --unknown", "Leave one of the two out.")
    ours = {unknown.name: unknown for unknown in (*declared, *given) if unknown.name not in known}
    if all(unknown.about_adoption for unknown in ours.values()):
        value = ", ".join(ours) or "none"
        raise refuse("records must be able to say something of an unknown", value, "unknowns", "Add one like latent_factor.")
    return tuple(ours.values())


def _from_file(name: str) -> tuple[Unknown, ...]:
    try:
        document = json.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise refuse(
            "--prior must be a readable JSON file", f"{name}: {error}", "--prior", "Correct the file or its name."
        ) from error
    return read_unknowns(document, name)


def _history(options: Options, city: City, days: Sequence[date]) -> History:
    if options.history is None:
        if days[0] == city.first_day:
            remedy = f"{city.name} begins on {city.first_day}; calibrate on later days."
            raise refuse("the calibrated days leave days before them to learn behaviour from", days[0], "--days", remedy)
        return History(city.first_day, days[0] - timedelta(days=1))
    history = _days(options.history, "--history", city)
    if history[-1] >= days[0]:
        value = f"{history[0]}..{history[-1]}"
        raise refuse("the history must end before the days", value, "--history", f"The days begin on {days[0]}.")
    return History(history[0], history[-1])


def _check_days(options: Options, city: City, days: Sequence[date]) -> tuple[date, ...]:
    if options.check_days is None:
        left = min(len(days), (city.last_day - days[-1]).days)
        return tuple(days[-1] + timedelta(days=1 + offset) for offset in range(left))
    found = _days(options.check_days, "--check-days", city)
    if found[0] <= days[-1]:
        value = f"{found[0]}..{found[-1]}"
        raise refuse("the check days must lie after the calibrated ones", value, "--check-days", f"Those end on {days[-1]}.")
    return found


def _days(text: str, flag: str, city: City) -> tuple[date, ...]:
    begin, end = read_date_range(text, flag)
    if not city.first_day <= begin <= end <= city.last_day:
        remedy = f"{city.name} covers {city.first_day}..{city.last_day}."
        raise refuse("days run forwards and are covered by the city's records", text, flag, remedy)
    return tuple(begin + timedelta(days=offset) for offset in range((end - begin).days + 1))
