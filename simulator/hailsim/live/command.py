"""`hailsim live`: play days of a hidden world that obey the published document, and write observations, faster than time."""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
from datetime import date, timedelta
from pathlib import Path

from hailsim.faults import BadInput, refuse
from hailsim.live.published import Published, read_published
from hailsim.live.street import observation_rows, run_street_day, spans_of_day
from hailsim.model.calendar import History
from hailsim.model.city import City
from hailsim.model.folder import read_city
from hailsim.model.settings import Settings, read_settings
from hailsim.model.simulation import Scenario
from hailsim.model.world import World, make_world
from hailsim.option_values import positive

EXIT_BAD_INPUT = 2
HISTORY_DAYS = 14
WEEK = 7


def live_command(argv: list[str]) -> int:
    """Write one file for each operating day. Exit code 2 for bad input, with the files of earlier days left in place."""
    options = _parser().parse_args(argv)
    try:
        _play(options, make_world(read_city(options.city)))
    except BadInput as bad:
        sys.stderr.write("hailsim live: stopped.\n" + "".join(f"  • {fault}\n" for fault in bad.faults))
        return EXIT_BAD_INPUT
    return 0


def _play(options: argparse.Namespace, world: World) -> None:
    settings = read_world(Path(options.world))
    published = read_published(Path(options.published))
    if published.experiment is None:
        sys.stdout.write(f"{published.region}: no experiment is published, so there is nothing to report.\n")
        return
    # The first hours of an experiment, from midnight on, belong to the operating day before.
    first, day = published.experiment.start - timedelta(days=1), options.first
    last_day = published.experiment.windows[-1].start.astimezone(published.experiment.zone).date()
    day = first if day is None else day
    last = min(last_day, day + timedelta(days=options.days - 1)) if options.days else last_day
    while day <= last and published.experiment is not None:
        path = Path(options.out) / f"{published.region}-{day}.csv"
        if not path.exists():
            text = _day_text(world, published, day, settings=settings, forecast=options.forecast, seed=options.seed)
            if text:
                _write(path, text)
                sys.stdout.write(f"{path.name}\n")
        day += timedelta(days=1)
        published = read_published(Path(options.published))
    if published.experiment is None:
        sys.stdout.write(f"{published.region}: the experiment has ended.\n")


def _day_text(world: World, published: Published, day: date, *, settings: Settings, forecast: str, seed: int) -> str:
    """The file of one operating day; empty when no window begins in it."""
    experiment = published.experiment
    spans = () if experiment is None else spans_of_day(experiment, day, world.city.day_start_hour)
    if experiment is None or not spans:
        return ""
    first = experiment.start - timedelta(days=1)
    city_day, round_number = city_day_of(world.city, first, (day - first).days)
    history = History(world.city.first_day, world.city.first_day + timedelta(days=HISTORY_DAYS - 1))
    scenario = Scenario(published.parameters, settings, forecast, history)
    outcome = run_street_day(world, scenario, experiment, spans, day=city_day, seed=seed + round_number)
    rows = list(observation_rows(outcome, experiment, published.region, spans))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def city_day_of(city: City, first: date, number: int) -> tuple[date, int]:
    """The city's day that stands for a calendar day, and how often the city's days were used up before.

    Weekdays agree: the first is the city's first day after the history with the weekday of `first`. Whole weeks of the city's
    days are repeated as often as needed; `number` counts calendar days. Raises BadInput: the city has no such week.
    """
    begin = city.first_day + timedelta(days=HISTORY_DAYS)
    begin += timedelta(days=(first.weekday() - begin.weekday()) % WEEK)
    weeks = ((city.last_day - begin).days + 1) // WEEK
    if weeks < 1:
        rule = f"a city must have three weeks of days after its {HISTORY_DAYS} days of history"
        raise refuse(rule, f"{city.first_day} to {city.last_day}", city.name, "Import more days.")
    round_number, offset = divmod(number, weeks * WEEK)
    return begin + timedelta(days=offset), round_number


def read_world(path: Path) -> Settings:
    """The settings of the hidden world: `{"settings": {…}}`, as in a worlds file. Raises BadInput."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        settings = content["settings"]
        if not isinstance(settings, dict):
            raise TypeError(f"`settings` must be an object, but got {settings!r}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        rule, remedy = "a world must be a JSON file with `settings`", 'Write {"settings": {"follower_share": 0.3}}.'
        raise refuse(rule, f"{type(error).__name__}: {error}", str(path), remedy) from error
    return read_settings(settings)


def _write(path: Path, text: str) -> None:
    """Write under a name that readers pass over, then rename: a file is there as a whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise refuse("observations must be written to a folder", str(error), "--out", "Name another folder.") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "hailsim live",
        description="Play the days of a published experiment in a hidden world, and write observations, one file a day. "
        "The document is read again before every day. Days whose file exists are not played again.",
    )
    parser.add_argument("city", metavar="CITY", help="a city folder or a bundled name")
    parser.add_argument(
        "--world", required=True, metavar="FILE", help='the hidden world: {"settings": {"follower_share": 0.3}}'
    )
    parser.add_argument("--published", required=True, metavar="FILE", help="the document that production reads")
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder of observations")
    parser.add_argument("--first", type=date.fromisoformat, metavar="YYYY-MM-DD", help="default: the experiment's first day")
    parser.add_argument("--days", type=positive, metavar="N", help="operating days to play; default: all")
    parser.add_argument("--seed", type=int, default=1, help="as in a request (default 1)")
    parser.add_argument("--forecast", choices=("ml", "statistics"), default="statistics", help="default: statistics")
    return parser
