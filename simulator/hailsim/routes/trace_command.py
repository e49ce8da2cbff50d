"""`hailsim trace`: one taxi's simulated day as JSON lines and on a map."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date, timedelta
from pathlib import Path

from hailsim.faults import BadInput, refuse
from hailsim.model.calendar import History
from hailsim.model.city import City
from hailsim.model.folder import read_city
from hailsim.model.settings import read_settings
from hailsim.model.simulation import PreparedDay, Scenario, prepare_day, simulate_prepared_day
from hailsim.model.world import World, make_world
from hailsim.option_values import read_numbers
from hailsim.planner.parameters import read_parameters
from hailsim.routes.replay import trace_taxi
from hailsim.routes.trace_lines import TYPICAL, event_lines, typical_taxi
from hailsim.routes.trace_page import trace_page

EXIT_BAD_INPUT = 2
HISTORY_DAYS = 14


def trace_command(argv: list[str]) -> int:
    """Print the events and optionally write the map. Exit code 2 for bad input, without writing anything."""
    options = _parser().parse_args(argv)
    try:
        world = make_world(read_city(options.city))
        day = _day(world.city, options.day)
        prepared = prepare_day(world, _scenario(options, world.city, day), day, options.seed)
        traced = trace_taxi(prepared, world.graph, _taxi(options.taxi, prepared, world))
        lines = [
            json.dumps(line, separators=(",", ":"), allow_nan=False) for line in event_lines(traced, world, day, options.seed)
        ]
        if options.map is not None:
            _write(Path(options.map), trace_page(traced, world, day))
    except BadInput as bad:
        sys.stderr.write("hailsim trace: nothing was written.\n" + "".join(f"  • {fault}\n" for fault in bad.faults))
        return EXIT_BAD_INPUT
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "hailsim trace", description="Trace one taxi through a simulated day: JSON lines on stdout, and a map."
    )
    parser.add_argument("city", metavar="CITY", help="a city folder or a bundled name")
    parser.add_argument("--day", metavar="YYYY-MM-DD", help="the operating day (default: the city's last)")
    parser.add_argument("--taxi", default=TYPICAL, help=f"its number, or `{TYPICAL}` (default): median revenue among followers")
    parser.add_argument("--seed", type=int, default=1, help="as in a request (default 1)")
    parser.add_argument("--forecast", choices=("ml", "statistics"), default="statistics", help="default: statistics")
    parser.add_argument(
        "--history-days", type=int, default=HISTORY_DAYS, help=f"history days before it (default {HISTORY_DAYS})"
    )
    parser.add_argument("--map", metavar="FILE", help="write the day as one HTML file")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="like gamma=0.9; repeatable")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting, like follower_share=0.2")
    return parser


def _scenario(options: argparse.Namespace, city: City, day: date) -> Scenario:
    """Parameters, settings and history. Raises BadInput."""
    parameters = read_parameters(read_numbers(options.parameter, "--parameter", "gamma=0.9"))
    settings = read_settings(read_numbers(options.set, "--set", "follower_share=0.2"))
    first = max(city.first_day, day - timedelta(days=options.history_days))
    if options.history_days < 1 or first >= day:
        remedy = f"{city.name} begins on {city.first_day}: take a later day, and at least one day of history."
        raise refuse("a day must have at least one history day", f"{day}, {options.history_days} days", "--day", remedy)
    return Scenario(parameters, settings, options.forecast, History(first, day - timedelta(days=1)))


def _day(city: City, text: str | None) -> date:
    try:
        day = city.last_day if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise refuse("a day must be a date that exists", text, "--day", "Write YYYY-MM-DD.") from error
    if not city.first_day <= day <= city.last_day:
        raise refuse("the day must be covered by the city's records", day, "--day", f"{city.first_day} to {city.last_day} are.")
    return day


def _taxi(text: str, prepared: PreparedDay, world: World) -> int:
    """The number of the taxi; the typical one requires simulating the day."""
    taxis = len(prepared.fleet.follower)
    if text == TYPICAL:
        return typical_taxi(simulate_prepared_day(prepared, world.graph.links))
    if not text.isdecimal() or int(text) >= taxis:
        raise refuse(f"a taxi must be a number from 0 to {taxis - 1}, or `{TYPICAL}`", text, "--taxi", "Name one of the fleet.")
    return int(text)


def _write(path: Path, page: str) -> None:
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise refuse("the map must be written to a file", f"{path}: {error.strerror}", "--map", "Name another file.") from error
