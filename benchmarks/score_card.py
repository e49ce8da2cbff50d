"""Ten practice releases: what the gate predicted of each, and what a street in a hidden world saw. Prints the score card.

    python benchmarks/score_card.py [RELEASES]

Each release is a small campaign of a region of its own, whose winner is let in whatever the verdict, and 28 days of experiment
on Manhattan's streets, in a world with another share of drivers that follow than the campaign believes. Some minutes each.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
ZONE = ZoneInfo("America/New_York")
DAYS = 28
PERSON = ("--approver", "demo", "--reason", "a practice release")


def main(releases: int) -> None:
    """Run the releases one after the other in one home, which is a new folder."""
    folder = Path(tempfile.mkdtemp(prefix="score-card-", dir=ROOT / ".tunegate"))
    os.environ |= {"TUNEGATE_HOME": str(folder / "home"), "TUNEGATE_CONFIGS": str(ROOT)}
    for number in range(1, releases + 1):
        release(folder, f"practice_{number:02d}", number)
    print(run("tunegate", "experiment", "scores"))


def release(folder: Path, region: str, number: int) -> None:
    """One campaign, approval, experiment and conclusion."""
    config, street = folder / f"{region}.yaml", folder / region
    config.write_text(yaml.safe_dump(region_file(region, number)))
    outcome = json.loads(run("tunegate", "retune", str(config), "--json").splitlines()[-1])
    if outcome["verdict"] not in {"promote", "reject", "inconclusive"}:
        print(f"{region}: {outcome['verdict']}, nothing to release")
        return
    verdict = run("tunegate", "verdict", "list", region).split("sha256:")[1].split()[0]
    override = () if outcome["verdict"] == "promote" else ("--override",)
    run("tunegate", "approve", verdict, *PERSON, *override)
    world = folder / f"{region}.world.json"
    world.write_text(json.dumps({"settings": {"follower_share": round(random.Random(number).uniform(0.1, 0.4), 3)}}))  # noqa: S311 - a world to practise in
    published = folder / "home" / "published" / f"{region}.json"
    start = date.fromisoformat(json.loads(published.read_text())["experiment"]["start"])
    run("hailsim", "live", "manhattan", "--world", str(world), "--published", str(published), "--out", str(street))
    over = datetime.combine(start + timedelta(days=DAYS), time(6), ZONE)
    print(run("tunegate", "monitor", region, "--now", over.isoformat()).splitlines()[0], flush=True)


def region_file(region: str, number: int) -> dict[str, object]:
    """A small region: few trials, few days, no route check."""
    switchback = {"days": DAYS, "window_min": 60, "washout_min": 30, "harm_limit_pct": -20.0, "level": 0.1, "looks": [DAYS]}
    return {
        "extends": str(ROOT / "configs" / "regions" / "manhattan_street.yaml"),
        "region": region,
        "seed": number,
        "search": {"trials": 5, "confirm_top": 1},
        "periods": {"test_days": 5},
        "gate": {"seeds_per_day": 2},
        "routes": {"required": False},
        "rollout_plan": {
            "switchback": {**switchback, "time_zone": str(ZONE), "currency": "USD"},
            "observations": {"folder": region},
        },
    }


def run(program: str, *arguments: str) -> str:
    """The output of a command that must succeed."""
    ran = subprocess.run([str(BIN / program), *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if ran.returncode != 0:
        sys.exit(f"{program} {' '.join(arguments)}\n{ran.stdout}")
    return ran.stdout


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
