# What should a glass of lemonade cost? The stall of bring_your_own_simulator.py in ten lines, with the kit (pip install ./kit).
from typing import Annotated
from tunegate_simulator import City, Day, Metric, Outcome, Parameter, simulator

@simulator("lemonade", "2", City("stall", "2026-01-01", "2026-12-31"), [Metric("lost_customers", "1", "lower", "people who walked on")])
def stall(day: Day, price: Annotated[float, Parameter(20, 300, "cent", "price of a glass")] = 80) -> Outcome:
    worth = [day.rng("customer", number).lognormvariate(5, 0.5) for number in range(200)]
    sold = sum(cents >= price for cents in worth)
    return Outcome({"revenue_minor": round(sold * price), "lost_customers": 200 - sold}, customers=worth)

if __name__ == "__main__":
    stall.main()
