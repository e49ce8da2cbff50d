"""How close hailsim comes to San Francisco's records, and why not closer.

`python benchmarks/hailsim_validity.py [--plot FILE]` prints the table of `hailsim validate` and three more: other ways to part
calibration days from judged days; which latent factors and patiences meet the calibration days; where misses come from.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pyarrow.parquet as pq
from hailsim_cases import SAN_FRANCISCO, san_francisco
from matplotlib import pyplot as plt

from hailsim.model.cab_days import CabDay, Histogram, sum_histograms
from hailsim.model.calendar import History
from hailsim.model.city import City
from hailsim.model.routing_graph import build_routing_graph
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario
from hailsim.model.world import make_world
from hailsim.planner.parameters import read_parameters
from hailsim.validation.compare import ComparisonSide, Figure, compare
from hailsim.validation.report import format_report
from hailsim.validation.simulated import recorded_drives, recorded_pickups
from hailsim.validation.validate import Validation, judged_days, observed_fleet, simulate, validate

SHOWN = ("trips a day", "occupied share", "search, mean", "search, median", "search, 90th percentile")
SPLITS = (date(2008, 5, 20), date(2008, 5, 22), date(2008, 5, 25), date(2008, 5, 29))
STANDING_KMH = 5.0
Recorded = Sequence[CabDay]


def row(figures: Sequence[Figure]) -> str:
    """Differences in percent of the observed figure, and the correlations."""
    by_name = {figure.name: figure for figure in figures}
    cells = []
    for name in SHOWN:
        observed, simulated = by_name[name].observed, by_name[name].simulated
        assert observed is not None
        assert simulated is not None
        cells.append(f"{100 * (simulated / observed - 1):+8.1f}")
    cells += [
        f"{by_name[name].simulated:8.3f}" for name in ("pickups by hour, correlation", "pickups by cell, rank correlation")
    ]
    return "".join(cells)


HEAD = "".join(f"{name:>8}" for name in ("trips", "occup.", "mean", "median", "p90", "hours", "cells"))


def splits(city: City, recorded: Recorded) -> None:
    """Judge all days from some day on; everything before it is calibrated on."""
    print(f"\ndays judged{'':15}{HEAD}   (% of observed)")
    for first in SPLITS:
        days = judged_days(city, first, None)
        print(f"{days[0]}..{days[-1]}  {row(validate(city, recorded, days, seeds=(1, 2, 3)).figures)}")


def ridge(city: City, recorded: Recorded) -> None:
    """Latent factor and patience on the calibration days themselves."""
    seen = recorded[: len(recorded) // 2]
    days = [day.day for day in seen]
    fleet = observed_fleet(seen)
    assert fleet is not None
    world = make_world(replace(city, fleet=fleet))
    observed = ComparisonSide([recorded_pickups(city, world.graph, day) for day in days], seen)
    print(f"\ncalibrating on {days[0]}..{days[-1]}\nlatent × patience{'':9}{HEAD}   (% of observed)")
    for latent_factor in (2.0, 2.5, 3.0, 3.5, 4.0, 5.0):
        for patience_s in (150.0, 300.0, 450.0, 600.0, 900.0):
            settings = read_settings({"latent_factor": latent_factor, "patience_s": patience_s, "follower_share": 0.0})
            scenario = Scenario(read_parameters({}), settings, "statistics", History(days[0], days[-1]))
            figures = compare(observed, simulate(world, scenario, days, (1,)))
            print(f"{latent_factor:6g} × {patience_s:5g} s{'':10}{row(figures)}")


def causes(city: City, recorded: Recorded, found: Validation) -> None:
    """Where misses come from."""
    graph = build_routing_graph(city)
    network = [recorded_drives(city, graph, day) for day in found.days]
    alone = validate(city, recorded, found.days, settings={"latent_factor": 1.0}).simulated
    stages: dict[str, tuple[Histogram | None, Histogram | None]] = {
        "recorded by the cabs": (
            found.observed.histogram(lambda day: day.trip_s),
            found.observed.histogram(lambda day: day.trip_m),
        ),
        "the same trips in the model": (sum_histograms([s for s, _ in network]), sum_histograms([m for _, m in network])),
        "those served without latent demand": (
            alone.histogram(lambda day: day.trip_s),
            alone.histogram(lambda day: day.trip_m),
        ),
        "served": (found.simulated.histogram(lambda day: day.trip_s), found.simulated.histogram(lambda day: day.trip_m)),
    }
    print(f"\n{'mean trip':38}{'time, s':>9}{'distance, m':>13}")
    for name, (seconds, metres) in stages.items():
        assert seconds is not None
        assert metres is not None
        print(f"{name:38}{seconds.mean:9.0f}{metres.mean:13.0f}")
    for name, side in (("observed", found.observed), ("simulated", found.simulated)):
        search = side.histogram(lambda day: day.search_s)
        assert search is not None
        vacant_s = sum(float(day.vacant_s.sum()) for day in side.cabs)
        short, long = search.counts[:4].sum() / search.count, search.counts[240:].sum() / search.count
        print(
            f"{name:10} searches under 1 min {short:.1%}, over 1 h {long:.1%}; "
            f"vacant time that ends in no pickup {1 - search.total / vacant_s:.1%}"
        )
    standing()


def standing() -> None:
    """How much of recorded vacant time is in runs slower than a cab that cruises."""
    runs = pq.read_table(SAN_FRANCISCO / "cruising.parquet", columns=["start_ts", "end_ts", "distance_m"])
    begin, end = (runs.column(name).to_numpy().astype("datetime64[s]").astype(np.int64) for name in ("start_ts", "end_ts"))
    seconds = end - begin
    kmh = 3.6 * runs.column("distance_m").to_numpy() / np.maximum(seconds, 1)
    slow = [
        f"{seconds[kmh < bound].sum() / seconds.sum():.0%} slower than {bound:g} km/h" for bound in (STANDING_KMH, 10.0, 15.0)
    ]
    print(f"recorded vacant time in runs {', '.join(slow)}")


def plot(found: Validation, path: Path) -> None:
    """Pickups, searches and cabs at work by local hour, both sides."""
    mpl.use("Agg")
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
    hours = np.arange(24)
    labels = [f"{(found.city.day_start_hour + hour) % 24:02d}" for hour in hours]
    curves = {
        "pickups an hour": lambda side: side.by_hour(),
        "mean search before a pickup, s": lambda side: side.search_by_hour(),
        "cabs at work": lambda side: side.active_by_hour(),
    }
    for axis, (title, curve) in zip(axes, curves.items(), strict=True):
        axis.plot(hours, curve(found.observed), color="0.2", label="observed")
        axis.plot(hours, curve(found.simulated), color="tab:orange", label="simulated")
        axis.set(title=title, ylim=(0, None), xticks=hours[::4], xticklabels=labels[::4], xlabel="local hour")
    axes[0].legend(frameon=False)
    figure.savefig(path, dpi=110, metadata={"Software": None})


def main() -> None:
    """Everything, or a word on what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", type=Path, help="write the curves by hour to this PNG")
    arguments = parser.parse_args()
    if not SAN_FRANCISCO.is_dir():
        raise SystemExit(f"needs the records in {SAN_FRANCISCO}")
    city, recorded = san_francisco()
    found = validate(city, recorded, judged_days(city, None, None), seeds=(1, 2, 3))
    print(format_report(found))
    splits(city, recorded)
    ridge(city, recorded)
    causes(city, recorded, found)
    if arguments.plot:
        plot(found, arguments.plot)


if __name__ == "__main__":
    main()
