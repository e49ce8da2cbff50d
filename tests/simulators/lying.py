"""A small sound simulator that breaks one rule of the contract on demand: `lying.py LIE describe|serve`.

LIES maps each lie to the rule of `tunegate simulator check` that must catch it, and no other. HONEST are peculiar and break
none.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

from toy_routes import toy_routes

LIES = {
    "no_bounds": "describe",
    "prints_before_describing": "describe",
    "describes_and_fails": "describe",
    "always_describes_a_city": "describe",
    "buffers": "flush",
    "prints_to_stdout": "answers",
    "exits_with_0_in_the_middle": "answers",
    "forgets_a_day": "answers",
    "answers_for_another": "answers",
    "says_nan": "answers",
    "is_of_another_city": "answers",
    "measures_on_some_days": "metrics",
    "measures_what_it_does_not_describe": "metrics",
    "has_other_defaults": "defaults",
    "has_other_default_settings": "defaults",
    "takes_any_parameter": "refuse_parameters",
    "clamps": "refuse_parameters",
    "simulates_any_day": "refuse_days",
    "simulates_any_city": "refuse_cities",
    "dies_of_unknown_cities": "refuse_cities",
    "tires": "same_again",
    "draws_from_the_clock": "same_again",
    "draws_from_the_process": "same_in_every_process",
    "draws_from_hash": "same_in_every_process",
    "carries_a_generator_over": "day_alone",
    "expects_days_in_order": "order",
    "remembers_parameters": "no_memory",
    "says_it_learnt_too_late": "history",
    "keeps_the_longest_history": "history",
    "has_customers_by_parameters": "customers",
    "has_one_digest": "customers",
    "ignores_parameters": "parameters_matter",
    "lingers": "end_of_input",
    "ends_with_3": "end_of_input",
    "leaves_a_child": "kill",
    "leaves_a_lock": "kill",
    "routes_by_process": "routes_same",
    "starts_by_parameters": "routes_starts",
    "turns_by_the_yardstick": "routes_yardstick",
    "draws_new_customers": "pairing",
}
HONEST = ("nothing", "writes_warnings", "has_a_metric_less_and_says_so")

LIE = sys.argv[1]
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
BOUNDS = {"price": (20, 300, 80), "jugs": (1, 20, 10)}
STAFF = 2
DIGEST = "sha256:" + "0" * 64


class Refused(Exception):
    pass


class State:
    """What a lie remembers from one request to the next."""

    def __init__(self):
        self.asked = []
        self.parameters = None
        self.longest = ""
        self.locked = False
        self.lines = []


STATE = State()


def lock():
    return Path(os.environ.get("LYING_STATE", ".")) / "lock"


def write(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def say(**message):
    if LIE == "buffers":
        STATE.lines.append(json.dumps(message))
    else:
        write(json.dumps(message))


def describe(city):
    if city not in {None, "town"} and LIE != "simulates_any_city":
        if LIE == "dies_of_unknown_cities":
            raise KeyError(city)
        raise Refused(f"the city must be `town`, but got {city}")
    parameters = [
        {
            "name": name,
            "type": "int" if name == "jugs" else "float",
            "unit": "1",
            "low": low,
            "high": high,
            "default": default,
            "meaning": name,
        }
        for name, (low, high, default) in BOUNDS.items()
    ]
    if LIE == "no_bounds":
        del parameters[0]["high"]
    if LIE == "prints_before_describing":
        write("Loading the model ... ok")
    metrics = ["revenue_minor", "lost"] if LIE != "has_a_metric_less_and_says_so" else ["revenue_minor"]
    facts = {"name": "town", "digest": DIGEST, "first_day": str(FIRST), "last_day": str(LAST), "links": 9, "drivers": 3,
             "currency": "USD", "minor_per_major": 100}  # fmt: skip
    known = city is not None or LIE == "always_describes_a_city"
    write(json.dumps({
        "contract": "1",
        "simulator": {"name": "lying", "version": LIE},
        "parameters": parameters,
        "metrics": [{"name": name, "unit": "1", "direction": "higher", "meaning": name} for name in metrics],
        "settings": [{"name": "staff", "type": "int", "unit": "1", "default": STAFF, "low": 1, "high": 9, "meaning": "staff"}],
        "routes": True,
        "city": facts if known else None,
    }))  # fmt: skip
    return 1 if LIE == "describes_and_fails" else 0


def applied(request):
    if request["city"] != "town" and LIE != "simulates_any_city":
        if LIE == "dies_of_unknown_cities":
            os._exit(1)
        raise Refused(f"city {request['city']}")
    values = {name: default for name, (_, _, default) in BOUNDS.items()}
    if LIE == "has_other_defaults":
        values["jugs"] = 3
    for name, value in request["parameters"].items():
        if name not in BOUNDS:
            if LIE == "takes_any_parameter":
                continue
            raise Refused(f"parameter {name}")
        low, high, _ = BOUNDS[name]
        if not low <= value <= high and LIE != "clamps":
            raise Refused(f"{name} {value}")
        values[name] = value
    days = [request["day"]] if "ask" in request else request["days"]
    for day in days:
        if not FIRST <= date.fromisoformat(day) <= LAST and LIE != "simulates_any_day":
            raise Refused(f"day {day}")
    return values


def customers(day, seed, values, position, generator):
    """What each person who walks by would pay."""
    key = f"{day} {seed}"
    if LIE == "draws_from_the_clock":
        key += str(time.time_ns())
    if LIE == "draws_from_the_process":
        key += str(os.getpid())
    if LIE == "draws_from_hash":
        key += str(hash("people"))
    if LIE == "draws_new_customers":
        key += str(values)
    rng = generator if LIE == "carries_a_generator_over" else random.Random(key)
    if LIE == "expects_days_in_order" and position == "backwards":
        rng = random.Random("backwards")
    return [rng.lognormvariate(5, 0.5) for _ in range(200)]


def bonus(request, values):
    """Cents that a lie adds to a day's revenue."""
    content = json.dumps({key: value for key, value in request.items() if key != "id"})
    cents = 0
    if LIE == "tires" and len(request["days"]) * len(request["seeds"]) > 1:
        cents = STATE.asked.count(content)
        STATE.asked.append(content)
    if LIE == "remembers_parameters":
        cents = int(STATE.parameters not in {None, json.dumps(values)})
        STATE.parameters = json.dumps(values)
    if LIE == "keeps_the_longest_history":
        STATE.longest = max(STATE.longest, request["history"]["last"])
        cents = date.fromisoformat(STATE.longest).toordinal() % 100
    if LIE == "has_other_default_settings":
        cents = request["settings"].get("staff", STAFF + 1)
    if LIE == "leaves_a_lock":
        cents = int(STATE.locked)
    return cents


def simulate(request):
    values = applied(request)
    before_s = begin(request)
    cents = bonus(request, values)
    cells = [(day, seed) for day in request["days"] for seed in request["seeds"]]
    generator = random.Random("request")
    later = ""
    for number, (day, seed) in enumerate(cells):
        time.sleep(before_s)
        position = "backwards" if day < later else "forwards"
        later = max(later, day)
        worth = customers(day, seed, values, position, generator)
        price = BOUNDS["price"][2] if LIE == "ignores_parameters" else min(max(values["price"], 20), 300)
        jugs = BOUNDS["jugs"][2] if LIE == "ignores_parameters" else values["jugs"]
        sold = min(sum(cents >= price for cents in worth), round(jugs) * 25)
        metrics = {"revenue_minor": round(sold * price) + cents, "lost": 200 - sold}
        if LIE == "has_a_metric_less_and_says_so" or (
            LIE == "measures_on_some_days" and date.fromisoformat(day).toordinal() % 2
        ):
            del metrics["lost"]
        if LIE == "measures_what_it_does_not_describe":
            metrics["mood"] = 1
        if LIE == "says_nan":
            metrics["lost"] = float("nan")
        if LIE == "forgets_a_day" and number == 1:
            continue
        if LIE == "prints_to_stdout" and number == 1:
            write("almost done")
        if LIE == "exits_with_0_in_the_middle" and number == 1:
            sys.exit(0)
        identity = "somebody else's" if LIE == "answers_for_another" else request["id"]
        say(type="day", id=identity, day=day, seed=seed, metrics=metrics, zone_revenue_minor={}, drivers=3,
            order_log_digest=order_digest(day, seed, values))  # fmt: skip
    say(type="done", id=request["id"], days=len(cells), **facts(request, values))
    end()


def order_digest(day, seed, values):
    if LIE == "has_one_digest":
        return DIGEST
    key = f"{day} {seed} {values if LIE == 'has_customers_by_parameters' else ''}"
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def facts(request, values):
    learnt = str(LAST - timedelta(days=6)) if LIE == "says_it_learnt_too_late" else request["history"]["last"]
    return {
        "parameters": values | request["parameters"],
        "trained_last_day": learnt,
        "city_digest": DIGEST[:-1] + ("1" if LIE == "is_of_another_city" else "0"),
        "simulator": f"lying {LIE}",
        "compute_s": 0,
    }


def begin(request):
    """Start what is to be left behind; seconds to wait before each day, so that a kill finds it at work."""
    if LIE == "leaves_a_child" and len(request["seeds"]) > 4:
        subprocess.Popen(
            [sys.executable, "-S", "-c", "import time; time.sleep(60)"],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return 0.2
    if LIE == "leaves_a_lock":
        STATE.locked = lock().exists()
        lock().touch()
        return 0.2 if len(request["seeds"]) > 4 else 0
    return 0


def end():
    if LIE == "leaves_a_lock" and not STATE.locked:
        lock().unlink()


def draw(request):
    values = applied(request)
    yardstick = request["chances_by"] if LIE == "turns_by_the_yardstick" else values
    lines = toy_routes(request, {"turn_left_weight": 0}, uniform, 99)
    routes = [line for line in lines if line["type"] == "route"]
    for line in routes:
        mark = str(os.getpid()) if LIE == "routes_by_process" else str(yardstick)
        line["links"] = [*line["links"][:1], *(f"{link} {mark}" for link in line["links"][1:])]
        if LIE == "starts_by_parameters":
            line["links"][0] += str(values)
        say(**line)
    say(type="routed", id=request["id"], routes=len(routes), hard_turn="L", **facts(request, values))


def uniform(*parts):
    return random.Random(json.dumps(parts, sort_keys=True)).random()


def serve():
    for line in sys.stdin:
        request = json.loads(line)
        if LIE == "writes_warnings":
            sys.stderr.write("DeprecationWarning: lemons are deprecated\n" * 1000)
        try:
            (draw if "ask" in request else simulate)(request)
        except Refused as refused:
            say(type="error", id=request["id"], rule="a request must be about the town", value=str(refused), place="request",
                remedy="See describe.", **{"class": "permanent"})  # fmt: skip
    for buffered in STATE.lines:
        write(buffered)
    if LIE == "lingers":
        time.sleep(60)
    return 3 if LIE == "ends_with_3" else 0


def main():
    if sys.argv[2] == "serve":
        return serve()
    try:
        return describe(sys.argv[4] if len(sys.argv) > 3 else None)
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
