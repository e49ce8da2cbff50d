# A lemonade stall for tunegate: what should a glass cost, when everyone who walks by knows what it is worth to them?
# Another team's program, in their style, with nothing but the standard library: only the lines on stdout matter.
# fmt: off
import hashlib, json, random, sys

PRICE = dict(name="price", type="float", unit="cent", low=20, high=300, default=80, meaning="price of a glass")
METRICS = [dict(name="revenue_minor", unit="cent", direction="higher", meaning="takings of the day"),
           dict(name="lost_customers", unit="1", direction="lower", meaning="people who walked on")]
STALL = dict(name="stall", digest="sha256:" + 64 * "0", first_day="2026-01-01", last_day="2026-12-31",
             links=1, drivers=1, currency="USD", minor_per_major=100)

def say(**message):
    print(json.dumps(message), flush=True)

def fault(city, parameters, days):
    if city != "stall": return f"city {city}"
    if set(parameters) != {"price"}: return f"parameters {sorted(parameters)}"
    if not 20 <= parameters["price"] <= 300: return f"price {parameters['price']}"
    return next((f"day {day}" for day in days if not STALL["first_day"] <= day <= STALL["last_day"]), None)

def simulate(id, city, parameters, days, seeds, history, **_):
    if wrong := fault(city, parameters, days):
        return say(type="error", id=id, rule="a stall must sell at a `price` of 20 to 300 cents on days of 2026", value=wrong,
                   place="request", remedy="See `describe --city stall`.", **{"class": "permanent"})
    price = parameters["price"]
    for day, seed in [(day, seed) for day in days for seed in seeds]:
        rng = random.Random(f"{day} {seed}")  # not of the price: the same people walk by whatever it is
        worth = [rng.lognormvariate(5, 0.5) for _ in range(200)]
        sold = sum(cents >= price for cents in worth)
        say(type="day", id=id, day=day, seed=seed, metrics={"revenue_minor": round(sold * price), "lost_customers": 200 - sold},
            zone_revenue_minor={}, drivers=1, order_log_digest="sha256:" + hashlib.sha256(repr(worth).encode()).hexdigest())
    say(type="done", id=id, days=len(days) * len(seeds), parameters=parameters, trained_last_day=history["last"],
        city_digest=STALL["digest"], simulator="lemonade 1", compute_s=0)

if sys.argv[1] == "serve":
    for line in sys.stdin: simulate(**json.loads(line))
elif sys.argv[2:] in ([], ["--city", "stall"]):
    say(contract="1", simulator=dict(name="lemonade", version="1"), parameters=[PRICE], metrics=METRICS, settings=[],
        city=STALL if sys.argv[2:] else None)
else:
    print(f"a city must be `stall`, but got {sys.argv[2:]}", file=sys.stderr)
    sys.exit(2)
