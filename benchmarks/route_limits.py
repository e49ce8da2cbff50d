"""What routes do, to choose limits by: `python benchmarks/route_limits.py CONFIG … [--probes 40] [--seeds 3]`.

Production by seed: how far its own measures range. Then candidates that earn more than production on the tuning days, found
among probes spread over the search space: how much more of each measure than production they have, on the same starts. A limit
must let these pass. Last, planted bad candidates: turn weights that make taxis circle.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tunegate.application.campaigns import plan_campaign, read_config
from tunegate.config.plan import CampaignPlan
from tunegate.domain.parameters import Parameters
from tunegate.domain.routes import RoutesAnswer, RoutesRequest
from tunegate.gate.routes.check import Blocked, DrawnDay, RouteFindings, check_routes
from tunegate.gate.routes.policy import LIMITED
from tunegate.installation import Installation
from tunegate.ports.simulator import SimulatorPool
from tunegate.search.space import Space

# What a person could plant: turns to one side free, to the other as dear as the simulator lets them be.
PLANTED: Mapping[str, Mapping[str, float]] = {
    "left free, right 20": {"turn_weight_left": 0.0, "turn_weight_right": 20.0},
    "right free, left 20": {"turn_weight_left": 20.0, "turn_weight_right": 0.0},
    "left free, right 20, cold": {"turn_weight_left": 0.0, "turn_weight_right": 20.0, "temperature": 0.3},
    "right free, left 20, cold": {"turn_weight_left": 20.0, "turn_weight_right": 0.0, "temperature": 0.3},
}
WORTH_PCT = 0.5


@dataclass(frozen=True)
class Bench:
    """One region and its simulators."""

    plan: CampaignPlan
    pool: SimulatorPool

    async def check(self, candidate: Parameters, seed: int) -> RouteFindings:
        """The route check of a candidate with another seed."""
        routes = self.plan.config.routes
        assert routes is not None
        asked = [replace(each, seed=seed, roads=False) for pair in self.plan.route_requests(candidate) for each in pair]
        answers = await asyncio.gather(*map(self._drawn, asked))
        days = [DrawnDay(each.day, *answers[k : k + 2]) for k, each in enumerate(asked) if k % 2 == 0]
        return check_routes(days, routes.policy)

    async def earners(self, probes: int) -> list[tuple[float, Parameters]]:
        """Probes that earn at least WORTH_PCT more than production on the tuning days, best first."""
        production = self.plan.production
        tried = [production, *Space(self.plan.config.dimensions, production).probes(self.plan.config.seed, probes)]
        earned = await asyncio.gather(*(self._earned(number, each) for number, each in enumerate(tried)))
        gains = [(100.0 * (each / earned[0] - 1.0), parameters) for each, parameters in zip(earned, tried, strict=True)]
        return sorted(((gain, each) for gain, each in gains if gain >= WORTH_PCT), key=lambda one: -one[0])

    async def _drawn(self, request: RoutesRequest) -> RoutesAnswer:
        async with self.pool.lease() as simulator:
            return await simulator.draw_routes(request)

    async def _earned(self, number: int, parameters: Parameters) -> float:
        async with self.pool.lease() as simulator:
            answer = await simulator.simulate(self.plan.trial_request(number, parameters))
        return sum(day.revenue_minor for day in answer.days)


def row(name: str, findings: RouteFindings, *, differences: bool) -> str:
    """One line of the table."""
    before, after = findings.production, findings.candidate
    assert before is not None
    assert after is not None
    cells = [getattr(after, each) - (getattr(before, each) if differences else 0.0) for each in LIMITED]
    standing = "blocked" if isinstance(findings.result, Blocked) else "passed"
    return f"{name:44}" + "".join(f"{cell:>10.2f}" for cell in cells) + f"{findings.changed_pct:>10.1f}  {standing}"


async def bench(config: str, probes: int, seeds: Sequence[int]) -> None:
    """Print one region's tables."""
    installation = Installation.from_environment()
    plan = await plan_campaign(installation, read_config(installation.registry, config, ()))
    pool = installation.simulator_pool(plan.config)
    running = Bench(plan, pool)
    try:
        head = "".join(f"{each.removesuffix('_per_10_km').removesuffix('_per_hour'):>18.9}"[-10:] for each in LIMITED)
        print(f"\n{plan.region}: measures of production, by seed\n{'':44}{head}{'changed':>10}")
        for seed in seeds:
            print(row(f"seed {seed}", await running.check(plan.production, seed), differences=False), flush=True)
        print("\nmore than production: candidates that earn more on the tuning days")
        for gain, candidate in await running.earners(probes):
            turns = f"L {candidate['turn_weight_left']:.1f}, R {candidate['turn_weight_right']:.1f}"
            name = f"{gain:+.2f} %, T {candidate['temperature']:.2f}, {turns}"
            for seed in seeds[:1]:
                print(row(name, await running.check(candidate, seed), differences=True), flush=True)
        print("\nmore than production: planted bad candidates")
        for name, changes in PLANTED.items():
            for seed in seeds:
                found = await running.check(Parameters({**plan.production, **changes}), seed)
                print(row(f"{name}, seed {seed}", found, differences=True), flush=True)
    finally:
        await pool.close()


def main() -> None:
    """Every region named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="+")
    parser.add_argument("--probes", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    for config in arguments.configs:
        asyncio.run(bench(config, arguments.probes, range(1, arguments.seeds + 1)))


if __name__ == "__main__":
    main()
