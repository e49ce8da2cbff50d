"""What can go wrong with a simulator, by name: things to do before an answer, in the middle of it, or to its lines."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path


class Refused(Exception):
    def __init__(self, rule, value, place, remedy="Correct the request."):
        self.fields = {"class": "permanent", "rule": rule, "value": str(value), "place": place, "remedy": remedy}


def write(message):
    sys.stdout.write(message if isinstance(message, str) else json.dumps(message) + "\n")
    sys.stdout.flush()


def error(request_id, fields):
    write({"type": "error", "id": request_id} | fields)


def say_transient(request):
    fields = {"class": "transient", "rule": "a toy must be lucky", "value": "bad luck", "place": "toy", "remedy": "Ask again."}
    error(request["id"], fields)


def say_permanent(request):
    error(request["id"], Refused("a toy must be willing", "unwilling", "toy", "Ask another.").fields)


def die(_request):
    sys.stderr.write("about to die\nof a planned fault\n")
    sys.stderr.flush()
    os._exit(3)


def hang(_request):
    while True:
        time.sleep(3600)


def hang_deaf_with_child(_request):
    """Hangs with a child of its own, and both ignore whatever can be ignored."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(3600)"])
    if "TOY_PIDS" in os.environ:
        Path(os.environ["TOY_PIDS"]).write_text(f"{os.getpid()} {child.pid}")
    hang(_request)


BEFORE = {
    "transient": say_transient,
    "permanent": say_permanent,
    "die": die,
    "killed": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "hang": hang,
    "hang_deaf_with_child": hang_deaf_with_child,
    "rubbish": lambda _: write("Loading model ... ok\n"),
    "empty_line": lambda _: write("\n"),
    "close_stdout": lambda _: os.close(1),
    "huge_line": lambda _: write("x" * (17 * 2**20) + "\n"),
    "long_line": lambda _: None,
    "chatty_stderr": lambda _: sys.stderr.write("noise " * 1_000_000 + "\n" * 100_000),
    "environment_on_stderr": lambda r: (sys.stderr.write(json.dumps(dict(os.environ), indent=0)), die(r)),
}
ENDING = {"transient", "permanent", "close_stdout"}
MIDWAY = {"die_midway": die, "hang_midway": hang}


def change(position, **fields):
    return lambda lines: lines[position].update(fields)


SPOILING = {
    "wrong_day": lambda lines: lines[0].update(day=(date.fromisoformat(lines[0]["day"]) + timedelta(days=1)).isoformat()),
    "impossible_day": change(0, day="2026-02-31"),
    "wrong_seed": change(0, seed=4_000_000_000),
    "wrong_id": change(0, id="somebody else's"),
    "duplicate_day": lambda lines: lines.insert(1, lines[0]),
    "missing_day": lambda lines: lines.pop(0),
    "wrong_count": change(-1, days=99),
    "nan": lambda lines: lines[0]["metrics"].update(utilisation_pct=float("nan")),
    "overflow": lambda lines: lines.__setitem__(0, json.dumps(lines[0]).replace('"drivers": 100', '"drivers": 1e999') + "\n"),
    "negative_revenue": lambda lines: lines[0]["metrics"].update(revenue_minor=-5),
    "inexact_revenue": lambda lines: lines[0]["metrics"].update(revenue_minor=2**60),
    "no_metrics": lambda lines: lines[0].pop("metrics"),
    "absent_metric": lambda lines: lines[0]["metrics"].pop("utilisation_pct"),
    "wrong_zones": lambda lines: lines[0]["zone_revenue_minor"].update(north=1),
    "other_parameters": lambda lines: lines[-1]["parameters"].update(gamma=0.81),
    "saw_the_future": change(-1, trained_last_day="2026-12-31"),
    "unknown_type": change(0, type="progress"),
    "long_line": lambda lines: lines[0]["zone_revenue_minor"].update({f"empty zone {number}": 0 for number in range(20_000)}),
    "torn_line": lambda lines: lines.__setitem__(0, json.dumps(lines[0])[:40] + "\n"),
}
# The first line of an answer with routes is `roads`, the second a route.
ROUTE_SPOILING = {
    "route_of_nobody": change(1, start=99),
    "route_twice": lambda lines: lines.insert(2, lines[1]),
    "route_missing": lambda lines: lines.pop(1),
    "routes_miscounted": change(-1, routes=99),
    "route_uneven": lambda lines: lines[1]["lon"].pop(),
    "route_back_in_time": lambda lines: lines[1]["at_s"].__setitem__(2, 1),
    "route_of_letters": change(1, turns="-LXL"),
    "route_chance": lambda lines: lines[1]["chance"].__setitem__(1, 1.5),
    "route_far_east": lambda lines: lines[1]["lon"].__setitem__(1, 181.0),
    "route_outside": change(1, outside=[10_000]),
    "route_other_parameters": lambda lines: lines[-1]["parameters"].update(gamma=0.81),
    "route_saw_the_future": change(-1, trained_last_day="2026-12-31"),
    "route_days": change(1, type="done"),
}
FAULTS = sorted(BEFORE | MIDWAY | SPOILING | ROUTE_SPOILING)
