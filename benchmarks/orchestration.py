"""What orchestrating a trial costs beyond simulating it: (search wall time x workers - simulation time) / trials.

Runs whole campaigns through the real command line, with a simulator that answers at once, for several numbers of trials, and
prints the median over repeats in seconds per trial. Start of the server and of the first processes is outside: the clock runs
from the first trial asked to the last one told. A cost per trial that does not rise with the number of trials means that the
total grows with it, not faster.

    python benchmarks/orchestration.py [--trials 25 50 100] [--workers 2] [--repeats 3]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
TARGET_S = 0.3
REGION = {
    "region": "toyville",
    "seed": 7,
    "simulator": {"command": [sys.executable, str(ROOT / "tests" / "simulators" / "quadratic.py")], "city": "anywhere"},
    "periods": {
        "history": {"first": "2026-01-01", "last": "2026-01-28"},
        "tuning": {"first": "2026-01-29", "last": "2026-01-30"},
        "validation": {"first": "2026-02-01", "last": "2026-02-02"},
        "test": {"first": "2026-02-05", "last": "2026-02-09"},
    },
    "search": {
        "failure_budget": 0,
        "confirm_top": 1,
        "confirm_seeds_per_day": 1,
        "space": {"gamma": {"low": 0.8, "high": 0.999}, "turn_left_weight": {"low": 0.0, "high": 5.0}},
    },
    "production": {"gamma": 0.9, "max_wait_s": 300, "turn_left_weight": 1.0},
    "gate": {
        "seeds_per_day": 1,
        "minimum_effect_pct": 0.5,
        "fallback_margin_pct": 0.5,
        "one_sided_level": 0.05,
        "verdicts_per_period": 1,
        "minimum_days": 5,
        "maximum_test_age_days": 400,
        "worst_zone_margin_pct": None,
        "guardrails": {},
    },
}
READ_TRIALS = """
import json, sys
from tunegate.installation import Installation
trials = Installation.from_environment().study(sys.argv[1]).trials()
wall = (max(t.finished_at for t in trials) - min(t.started_at for t in trials)).total_seconds()
print(json.dumps([wall, sum(t.simulation_s for t in trials), len(trials)]))
"""


def overhead_s(trials: int, workers: int, folder: Path) -> float:
    """Seconds of overhead per trial of one campaign."""
    region = folder / "toyville.yaml"
    region.write_text(yaml.safe_dump(REGION))
    environment = {**os.environ, "TUNEGATE_HOME": str(folder / "home")}
    overrides = ["--set", f"search.trials={trials}", "--set", f"search.workers={workers}"]
    command = [sys.executable, "-m", "cli.main", "retune", str(region), "--json", *overrides]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    campaign = json.loads(ran.stdout.splitlines()[-1])["campaign"]
    read = [sys.executable, "-c", READ_TRIALS, campaign]
    told = subprocess.run(read, env=environment, capture_output=True, text=True, check=True)
    wall_s, simulation_s, count = json.loads(told.stdout)
    return float((wall_s * workers - simulation_s) / count)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="+", default=[25, 50, 100])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(f"{options.workers} workers, median of {options.repeats}; target {TARGET_S:g} s per trial")
    medians = []
    for trials in options.trials:
        costs = []
        for _ in range(options.repeats):
            with tempfile.TemporaryDirectory() as folder:
                costs.append(overhead_s(trials, options.workers, Path(folder)))
        medians.append(statistics.median(costs))
        print(f"{trials:5d} trials: {medians[-1]:.3f} s per trial (of {', '.join(f'{cost:.3f}' for cost in sorted(costs))})")
    print(f"ratio of the last to the first: {medians[-1] / medians[0]:.2f}")


if __name__ == "__main__":
    main()
