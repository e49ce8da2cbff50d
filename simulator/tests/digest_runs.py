"""Prints a digest of what days leave behind, to be the same in every process and on every processor of one architecture.

It covers everything between city and result: drawn demand, fleet, behaviour, plans, movement, metrics; and the ml forecast.
"""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import timedelta

from random_worlds import PLAYED_DAY, random_world
from small_city import FIRST_DAY, small_city

from hailsim.model.calendar import History
from hailsim.model.folder import read_city
from hailsim.model.metrics import report_day
from hailsim.model.settings import read_settings
from hailsim.model.simulation import DayOutcome, Scenario, run_day
from hailsim.model.world import make_world
from hailsim.planner.parameters import read_parameters

WORLDS = 30


def main() -> int:
    """Some random worlds, two days of the bundled city, and a day planned with a learnt forecast."""
    digest = hashlib.sha256()
    for number in range(WORLDS):
        world, scenario, seed = random_world(number)
        add(digest, run_day(world, scenario, PLAYED_DAY, seed))
    city = read_city("manhattan")
    world, history = make_world(city), History(city.first_day, city.first_day + timedelta(days=13))
    for days, share in ((1, 1.0), (4, 0.2)):
        scenario = Scenario(read_parameters({}), read_settings({"follower_share": share}), "statistics", history)
        outcome = run_day(world, scenario, history.last + timedelta(days=days), 7)
        add(digest, outcome)
        digest.update(json.dumps(report_day(outcome, world.graph).metrics, sort_keys=True).encode())
    world, history = make_world(small_city()), History(FIRST_DAY, FIRST_DAY + timedelta(days=6))
    add(
        digest,
        run_day(world, Scenario(read_parameters({}), read_settings({}), "ml", history), history.last + timedelta(days=1), 1),
    )
    sys.stdout.write(digest.hexdigest() + "\n")
    return 0


def add(digest: hashlib._Hash, outcome: DayOutcome) -> None:
    """The customers' digest and every integer of the outcome."""
    digest.update(outcome.customers.digest.encode())
    for array in outcome.arrays:
        digest.update(array.astype("<i8").tobytes())


if __name__ == "__main__":
    sys.exit(main())
