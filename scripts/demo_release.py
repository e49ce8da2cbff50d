"""Tune, approve, try on a street, conclude: `make demo-release` runs the commands that people type, one after the other.

Each is printed before it runs. The street is simulated, in a world that the campaign does not know, and faster than time: the
monitor is told when to look. Every run has a home of its own, so that it begins with what ran before tunegate.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
REGION = "manhattan_street"
CONFIG = f"configs/regions/{REGION}.yaml"
WORLD = "examples/practice_street/world.json"
STREET = ".tunegate/street"
LATE = timedelta(hours=6)  # by then the operating day is over, and its rows are written
PERSON = ("--approver", "demo", "--reason", "practice")


def main() -> None:
    """Run the demo; ends with the exit code of a command that fails."""
    began = time.monotonic()
    home = Path(f".tunegate/practice-{datetime.now():%Y%m%d-%H%M%S}")
    os.chdir(ROOT)
    os.environ["TUNEGATE_HOME"] = str(home)
    for row in Path(STREET).glob(f"{REGION}-*.csv"):
        row.unlink()  # of an earlier run of this demo
    outcome = json.loads(run("tunegate", "retune", CONFIG, "--json", quiet=True).splitlines()[-1])
    passed = outcome["verdict"] == "promote" and outcome["routes"] != "blocked"
    verdict = run("tunegate", "verdict", "list", REGION).split("sha256:")[1].split()[0]
    run("tunegate", "approve", verdict, *PERSON, *(() if passed else ("--override",)))
    published = home / "published" / f"{REGION}.json"
    experiment = json.loads(published.read_text())["experiment"]
    plan, start = experiment["plan"], date.fromisoformat(experiment["start"])
    for look in plan["looks"]:
        if "experiment" in json.loads(published.read_text()):
            street = ("--published", str(published), "--out", STREET, "--days", str(look + 1))
            run("hailsim", "live", "manhattan", "--world", WORLD, *street, quiet=True)
            over = datetime.combine(start + timedelta(days=look), clock(), ZoneInfo(plan["time_zone"]))
            run("tunegate", "monitor", REGION, "--now", (over + LATE).isoformat())
    run("tunegate", "experiment", "scores", REGION)
    print(f"\nThat took {time.monotonic() - began:.0f} s. Everything is in {home}; open reports/ there.")


def run(program: str, *arguments: str, quiet: bool = False) -> str:
    """Print a command, run it, and print its answer unless it is quiet; returns that."""
    print(f"\n$ {program} {' '.join(arguments)}", flush=True)
    ran = subprocess.run([str(BIN / program), *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if not quiet or ran.returncode != 0:
        print(ran.stdout, end="", flush=True)
    if ran.returncode != 0:
        sys.exit(ran.returncode)
    return ran.stdout


if __name__ == "__main__":
    main()
