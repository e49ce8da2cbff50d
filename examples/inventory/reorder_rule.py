# A shop's stock under a reorder rule: at how few items left should how many be ordered? Nothing of it moves on a road.
from typing import Annotated
from tunegate_simulator import City, Day, Metric, Outcome, Parameter, Setting, Unknown, simulator

WEEKS, LEAD_DAYS = 13, 4  # what is called a day here is a quarter of the shop's life that begins on that day
METRICS = [
    Metric("revenue_minor", "cent", "higher", "sales less the costs of holding, ordering and buying; never below 0"),
    Metric("fill_rate_pct", "%", "higher", "items sold of those asked for"),
    Metric("stock_mean", "items", "lower", "items on the shelf in the evening"),
    Metric("orders", "1", "lower", "orders placed"),
]

@simulator("reorder-rule", "1", City("corner_shop", "2026-01-01", "2026-12-31", currency="EUR"), METRICS)
def shop(
    day: Day,
    reorder_point: Annotated[int, Parameter(0, 200, "items", "stock and orders on their way at which more is ordered")] = 40,
    order_size: Annotated[int, Parameter(10, 600, "items", "items of an order")] = 80,
    demand_per_day: Annotated[float, Setting("items", "customers on an average day", low=1, unknown=Unknown(15, 25))] = 20.0,
) -> Outcome:
    # Everything is drawn before the rule is looked at: how many ask on each day, and how long each day's order would take.
    quarter = [day.rng("day", number) for number in range(7 * WEEKS)]
    asked = [max(0, round(rng.gauss(demand_per_day, demand_per_day**0.5 * 1.5))) for rng in quarter]
    lead = [max(1, round(rng.gauss(LEAD_DAYS, 1))) for rng in quarter]
    stock, arriving, sold, held, orders = reorder_point + order_size // 2, {}, 0, 0, 0
    for today, wanted in enumerate(asked):
        stock += arriving.pop(today, 0)
        sold, stock = sold + min(wanted, stock), stock - min(wanted, stock)
        held += stock
        if stock + sum(arriving.values()) <= reorder_point:
            due = today + lead[today]
            arriving[due], orders = arriving.get(due, 0) + order_size, orders + 1
    earned = 500 * sold - 3 * held - 2500 * orders  # cents: margin of an item, a night on the shelf, an order
    return Outcome(
        {"revenue_minor": max(0, earned), "fill_rate_pct": 100 * sold / max(1, sum(asked)), "stock_mean": held / len(asked), "orders": orders},
        customers=[asked, lead],
    )

if __name__ == "__main__":
    shop.main()
