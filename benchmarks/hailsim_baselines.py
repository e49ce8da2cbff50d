"""Does tuning help? Policies side by side, for followers and others apart: `python benchmarks/hailsim_baselines.py [--quick]`.

In every row a share of the drivers follows one policy at every turn (compliance 1) and the others move as observed cabs do.
Printed is revenue against the same days and seeds with nobody following, in percent, with a 95 % t interval over days. The
tuned parameters are the best of a search on earlier days for what followers earn at that share of followers.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import fields

import numpy as np
from hailsim_cases import RANGES, Arm, Case, Policy, cases, earned, paired, tune
from numpy.typing import NDArray

from hailsim.model.settings import read_settings
from hailsim.planner.parameters import PlannerParameters, read_parameters

SHARES = (0.05, 0.2, 0.5, 1.0)


def arms(tuned: PlannerParameters) -> dict[str, Arm]:
    """The policies compared."""
    default = read_parameters({})
    return {
        "random walk": Arm(Policy.RANDOM_WALK, default),
        "random destination": Arm(Policy.RANDOM_DESTINATION, default),
        "hotspot greedy": Arm(Policy.HOTSPOT, default),
        "default parameters": Arm(Policy.RECOMMENDED, default),
        "tuned parameters": Arm(Policy.RECOMMENDED, tuned),
    }


def bench(case: Case, trials: int) -> None:
    """Print one city's table."""
    begin = time.monotonic()
    nobody = earned(case, Arm(Policy.RECOMMENDED, read_parameters({})), read_settings({"follower_share": 0.0}), case.judged)
    first, last = case.judged[0], case.judged[-1]
    print(f"\n{case.name}, {first} to {last}, forecast {case.forecast}; tuned on {case.tuning[0]} to {case.tuning[-1]}")
    print(
        f"nobody follows (observed drivers): {nobody[:, 0].mean() / 100:,.0f} a day, {nobody[:, 2].mean() / 100:,.2f} a driver"
    )
    print(f"{'followers':>9}  {'policy':20}{'fleet, %':>16}{'followers, %':>16}{'others, %':>16}")
    for share in SHARES:
        settings = read_settings({"follower_share": share, "compliance": 1.0})
        tuned = tune(case, settings, trials)
        rows = {name: earned(case, arm, settings, case.judged) for name, arm in arms(tuned).items()}
        for name, found in rows.items():
            print(f"{share:9.0%}  {name:20}" + "".join(f"{cell:>16}" for cell in cells(found, nobody)))
        gain = rows["tuned parameters"], rows["default parameters"]
        apart = "".join(f"{paired(gain[0][:, k], gain[1][:, k]):>16}" for k in range(3))
        print(f"{share:9.0%}  {'tuned over default':20}{apart}")
        values = ", ".join(f"{f.name} {getattr(tuned, f.name):.3g}" for f in fields(tuned) if f.name in RANGES)
        print(f"{'':11}tuned: {values}", flush=True)
    print(f"({time.monotonic() - begin:.0f} s)")


def cells(found: NDArray[np.float64], nobody: NDArray[np.float64]) -> list[str]:
    """Fleet against the fleet, followers and others against drivers of whom nobody follows."""
    return [paired(found[:, 0], nobody[:, 0]), paired(found[:, 1], nobody[:, 2]), paired(found[:, 2], nobody[:, 2])]


def main() -> None:
    """Every city."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--forecast", choices=("ml", "statistics"), default="ml")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="10 trials: whether it runs, not what it says")
    arguments = parser.parse_args()
    for case in cases(arguments.forecast):
        bench(case, 10 if arguments.quick else arguments.trials)


if __name__ == "__main__":
    main()
