"""A simulator with a known best point, for tests: real protocol, real process, standard library only, 0.05 s to start.

Revenue of a day is a paraboloid of the parameters with its top at BEST, times a weekday, times noise keyed by day and seed
(shared by all parameters) and a little noise of its own for each point. Options come before the subcommand:

  --fail-share 0.2   this share of requests fails; which ones is drawn from the request and the attempt
  --fail-as HOW      how those fail: transient, permanent, die, hang, rubbish (default transient)
  --state DIR        remembers attempts there, so that asking a failed request again can succeed
  --fault NAME       do this to every request (see FAULTS), or with --fault-once FILE only until FILE exists
  --day-s 0.1        sleep for each day and seed
  --log FILE         append each request
  --no-routes        draw no routes
  --circles-at 2.0   routes go in circles where turn_left_weight is near this
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from datetime import date
from pathlib import Path

from faults import BEFORE, ENDING, FAULTS, MIDWAY, ROUTE_SPOILING, SPOILING, Refused, error, hang, write
from toy_routes import toy_routes

VERSION = "quadratic 1.0"
FIRST_DAY, LAST_DAY = date(2026, 1, 1), date(2026, 12, 31)
DRIVERS = 100
BASE_REVENUE_MINOR = 5_000_000
# name: type, unit, low, high, default, best, revenue lost at one full range away from the best
PARAMETERS = {
    "gamma": ("float", "per minute", 0.8, 0.999, 0.9, 0.95, 0.30),
    "max_wait_s": ("int", "s", 60, 900, 300, 420, 0.10),
    "turn_left_weight": ("float", "1", 0.0, 5.0, 1.0, 2.0, 0.10),
}
BEST = {name: spec[5] for name, spec in PARAMETERS.items()}
METRICS = {
    "revenue_minor": ("minor", "higher"),
    "utilisation_pct": ("%", "higher"),
    "empty_distance_m": ("m", "lower"),
    "wait_mean_s": ("s", "lower"),
    "wait_p95_s": ("s", "lower"),
    "lost_customers_pct": ("%", "lower"),
    "driver_revenue_p10_minor": ("minor", "higher"),
    "driver_revenue_gini": ("ratio", "lower"),
}
# herding: above 0.5 a better point earns less, as when too many drivers follow a good recommendation
SETTINGS = {"noise_share": 0.05, "own_noise_share": 0.002, "drivers": DRIVERS, "herding": 0.0}


def digest(*parts):
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def uniform(*parts):
    """In [0, 1), from the key alone."""
    return int(digest(*parts)[:13], 16) / 16**13


def describe(city, routes=True):
    parameters = [
        {"name": name, "type": kind, "unit": unit, "low": low, "high": high, "default": default, "meaning": f"{name} of a toy"}
        for name, (kind, unit, low, high, default, _, _) in PARAMETERS.items()
    ]
    metrics = [
        {"name": name, "unit": unit, "direction": direction, "meaning": f"{name} of a day"}
        for name, (unit, direction) in METRICS.items()
    ]
    settings = [
        {"name": name, "type": type(value).__name__, "unit": "1", "default": value, "meaning": f"{name} of a toy"}
        for name, value in SETTINGS.items()
    ]
    name, version = VERSION.split()
    return {
        "contract": "1",
        "simulator": {"name": name, "version": version},
        "parameters": parameters,
        "metrics": metrics,
        "settings": settings,
        **({"routes": True} if routes else {}),
        "city": None if city is None else city_facts(city),
    }


def city_facts(city):
    if city.startswith("no"):
        raise Refused("a city must be known", city, "city", "Name any city that does not begin with `no`.")
    return {
        "name": city,
        "digest": "sha256:" + digest("city", city),
        "first_day": FIRST_DAY.isoformat(),
        "last_day": LAST_DAY.isoformat(),
        "links": 12,
        "drivers": DRIVERS,
        "currency": "USD",
        "minor_per_major": 100,
    }


def checked(request):
    if request.get("contract") != "1":
        raise Refused("contract must be 1", request.get("contract"), "contract")
    city_facts(request["city"])
    for name, value in request["parameters"].items():
        if name not in PARAMETERS:
            raise Refused(f"a parameter must be one of {', '.join(PARAMETERS)}", name, "parameters")
        low, high = PARAMETERS[name][2:4]
        if not low <= value <= high:
            raise Refused(f"{low} <= {name} <= {high} must hold", value, f"parameters.{name}")
    for name in request["settings"]:
        if name not in SETTINGS:
            raise Refused(f"a setting must be one of {', '.join(SETTINGS)}", name, "settings")
    days = [request["day"]] if "ask" in request else request["days"]
    for day in [*days, *request["history"].values()]:
        if not FIRST_DAY <= date.fromisoformat(day) <= LAST_DAY:
            raise Refused(f"a day must be within {FIRST_DAY}..{LAST_DAY}", day, "days")
    parameters = {name: spec[4] for name, spec in PARAMETERS.items()} | request["parameters"]
    return parameters, SETTINGS | request["settings"]


def simulated_day(request, parameters, settings, day, seed):
    lost = sum(
        weight * ((parameters[name] - best) / (high - low)) ** 2
        for name, (_, _, low, high, _, best, weight) in PARAMETERS.items()
    )
    shared = 1 + settings["noise_share"] * (2 * uniform("shared", day, seed) - 1)
    own = 1 + settings["own_noise_share"] * (2 * uniform("own", day, seed, parameters, request["forecast"]) - 1)
    weekday = 1 + 0.05 * date.fromisoformat(day).weekday()
    forecast = {"ml": 1.0, "statistics": 0.97}[request["forecast"]]
    quality = (1 - lost) * (1 - settings["herding"] * (1 - lost)) * own * forecast
    revenue_minor = round(BASE_REVENUE_MINOR * quality * shared * weekday)
    north_minor = revenue_minor // 3
    return {
        "type": "day",
        "id": request["id"],
        "day": day,
        "seed": seed,
        "metrics": {
            "revenue_minor": revenue_minor,
            "utilisation_pct": 50 * quality,
            "empty_distance_m": 9_000_000 / quality,
            "wait_mean_s": 120 / quality,
            "wait_p95_s": 400 / quality,
            "lost_customers_pct": 20 / quality,
            "driver_revenue_p10_minor": revenue_minor / settings["drivers"] / 2,
            "driver_revenue_gini": 0.2 / quality,
        },
        "zone_revenue_minor": {"north": north_minor, "south": revenue_minor - north_minor},
        "drivers": settings["drivers"],
        "order_log_digest": "sha256:" + digest("orders", request["city"], day, seed, settings),
    }


def done(request, parameters, days):
    return {
        "type": "done",
        "id": request["id"],
        "days": days,
        "parameters": parameters,
        "trained_last_day": request["history"]["last"],
        "city_digest": city_facts(request["city"])["digest"],
        "simulator": VERSION,
        "compute_s": 0.001 * days,
    }


def routed(request, options):
    parameters, _ = checked(request)
    lines = toy_routes(request, parameters, uniform, options.circles_at)
    routes = sum(line["type"] == "route" for line in lines)
    facts = {key: value for key, value in done(request, parameters, routes).items() if key != "days"}
    lines.append(facts | {"type": "routed", "routes": routes, "hard_turn": "L"})
    fault = planned_fault(request, options)
    if fault in BEFORE:
        BEFORE[fault](request)
        if fault in ENDING:
            return
    if fault in ROUTE_SPOILING:
        ROUTE_SPOILING[fault](lines)
    for line in lines:
        write(line)


def handle(request, options):
    answer = routed if request.get("ask") == "routes" else simulate
    answer(request, options)


def simulate(request, options):
    parameters, settings = checked(request)
    fault = planned_fault(request, options)
    if fault in BEFORE:
        BEFORE[fault](request)
        if fault in ENDING:
            return
    lines = [simulated_day(request, parameters, settings, day, seed) for day in request["days"] for seed in request["seeds"]]
    lines.append(done(request, parameters, len(lines)))
    if fault in SPOILING:
        SPOILING[fault](lines)
    for line in lines:
        time.sleep(options.day_s)
        write(line)
        if fault in MIDWAY:
            MIDWAY[fault](request)


def planned_fault(request, options):
    if options.fault and not (options.fault_once and Path(options.fault_once).exists()):
        if options.fault_once:
            Path(options.fault_once).touch()
        return options.fault
    content = {key: value for key, value in request.items() if key != "id"}
    attempt = 0
    if options.state:
        memory = Path(options.state) / digest(content)[:16]
        attempt = len(memory.read_text()) if memory.exists() else 0
        memory.write_text("x" * (attempt + 1))
    else:
        content["id"] = request["id"]
    return options.fail_as if uniform("fails", content, attempt) < options.fail_share else None


def serve(options):
    if options.fault == "ignore_end_of_input":
        hang(None)
    for line in sys.stdin:
        request_id = None
        try:
            request = json.loads(line)
            request_id = request["id"]
            if options.log:
                with Path(options.log).open("a") as log:
                    log.write(json.dumps(request) + "\n")
            handle(request, options)
        except Refused as refused:
            error(request_id, refused.fields)
        except (ValueError, KeyError, TypeError) as problem:
            error(request_id, Refused("a request must fit the contract", repr(problem), "request").fields)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fail-share", type=float, default=0.0)
    parser.add_argument("--fail-as", default="transient", choices=sorted(BEFORE))
    parser.add_argument("--state")
    parser.add_argument("--fault", choices=[*FAULTS, "ignore_end_of_input"])
    parser.add_argument("--fault-once")
    parser.add_argument("--day-s", type=float, default=0.0)
    parser.add_argument("--log")
    parser.add_argument("--no-routes", action="store_true")
    parser.add_argument("--circles-at", type=float, default=5.0)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve")
    commands.add_parser("describe").add_argument("--city")
    options = parser.parse_args()
    if options.command == "serve":
        serve(options)
        return 0
    try:
        write(describe(options.city, not options.no_routes))
    except Refused as refused:
        error(None, refused.fields)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
