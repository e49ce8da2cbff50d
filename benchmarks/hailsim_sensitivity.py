"""Does the conclusion depend on what nobody knows? `python benchmarks/hailsim_sensitivity.py [--quick]`.

Parameters are tuned once, at the default settings. Then latent demand, patience, compliance and the share of followers are
changed, and the tuned parameters are set against the defaults on later days: revenue in percent, with a 95 % t interval.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from hailsim_cases import Arm, Case, Policy, cases, earned, paired, tune

from hailsim.model.settings import read_settings
from hailsim.planner.parameters import PlannerParameters, read_parameters

# One thing at a time; then pairs of latent factor and patience that meet the records about equally well (docs/validity.md).
ONE_BY_ONE = (
    ("latent_factor", (1.0, 2.0, 3.0, 4.0, 6.0)),
    ("patience_s", (150.0, 300.0, 600.0, 1200.0)),
    ("compliance", (0.25, 0.5, 0.8, 1.0)),
    ("follower_share", (0.05, 0.2, 0.5, 1.0)),
    ("standing_share", (0.0, 0.25, 0.5)),
)
ALIKE = ((2.5, 900.0), (3.0, 600.0), (3.5, 450.0), (4.0, 300.0))
SHARES = (0.05, 0.2, 0.5, 1.0)


def uplift(case: Case, tuned: PlannerParameters, given: Mapping[str, float]) -> str:
    """One row: fleet, followers, others."""
    settings = read_settings(given)
    arm, base = (earned(case, Arm(Policy.RECOMMENDED, each), settings, case.judged) for each in (tuned, read_parameters({})))
    return "".join(f"{paired(arm[:, k], base[:, k]):>16}" for k in range(3))


def bench(case: Case, trials: int) -> None:
    """Print one city's tables."""
    tuned = tune(case, read_settings({}), trials)
    print(f"\n{case.name}, {case.judged[0]} to {case.judged[-1]}, forecast {case.forecast}: tuned over default")
    print(f"{'setting':28}{'fleet, %':>16}{'followers, %':>16}{'others, %':>16}")
    for name, values in ONE_BY_ONE:
        for value in values:
            print(f"{f'{name} {value:g}':28}{uplift(case, tuned, {name: value})}", flush=True)
    for latent_factor, patience_s in ALIKE:
        for share in SHARES:
            given = {"latent_factor": latent_factor, "patience_s": patience_s, "follower_share": share}
            label = f"{latent_factor:g} × {patience_s:g} s, {share:.0%} follow"
            print(f"{label:28}{uplift(case, tuned, given)}", flush=True)


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
