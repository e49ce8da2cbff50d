"""The shipped limits on the bundled city, with the real simulator: the demo's winner passes, circling taxis are blocked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from orchestration.installation_context import current_installation
from tunegate.application.campaigns import plan_campaign, read_config
from tunegate.domain.parameters import Parameters
from tunegate.gate.routes.check import Blocked, DrawnDay, Passed, RouteFindings, check_routes

pytestmark = pytest.mark.slow

MANHATTAN = Path(__file__).parents[2] / "configs" / "regions" / "manhattan.yaml"
# What `make demo` found and promoted (+1.20 % on held-out days).
WINNER = {
    "gamma": 0.8611003134332069,
    "max_wait_s": 1040.4209193682054,
    "temperature": 0.3912496477566514,
    "turn_weight_left": 3.0179832889612106,
    "turn_weight_right": 5.549221176990256,
}
# Left turns free, right turns as dear as the simulator lets them be: taxis go round blocks to the left.
PLANTED = {"turn_weight_left": 0.0, "turn_weight_right": 20.0}


async def checked(*candidates: dict[str, float]) -> list[RouteFindings]:
    installation = current_installation()
    plan = await plan_campaign(installation, read_config(installation.registry, MANHATTAN, ()))
    assert plan.config.routes is not None
    pool, found = installation.simulator_pool(plan.config), []
    try:
        async with pool.lease() as simulator:
            for changes in candidates:
                asked = plan.route_requests(Parameters({**plan.production, **changes}))
                days = [
                    DrawnDay(one.day, await simulator.draw_routes(one), await simulator.draw_routes(other))
                    for one, other in asked
                ]
                found.append(check_routes(days, plan.config.routes.policy))
    finally:
        await pool.close()
    return found


def test_the_winner_of_the_demo_passes_and_a_candidate_that_circles_is_blocked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNEGATE_HOME", str(tmp_path))
    winner, planted = asyncio.run(checked(WINNER, PLANTED))
    assert winner.result == Passed()
    assert isinstance(planted.result, Blocked)
    reasons = "; ".join(planted.result.reasons)
    assert "loops: " in reasons
    assert "turns across the traffic: " in reasons
