"""What a gate will be able to see, measured before any test day is spent. Asked before a campaign, and so without Prefect."""

from __future__ import annotations

import asyncio

from tunegate import wiring
from tunegate.config.plan import CampaignPlan
from tunegate.domain.days import SimulationAnswer
from tunegate.domain.simulation import SimulationRequest
from tunegate.gate.plan import Plan
from tunegate.gate.power import PowerForecast, TuningRuns, forecast_power
from tunegate.ports.simulator import SimulatorPool


async def measure_power(plan: CampaignPlan) -> PowerForecast:
    """Simulate production and a probe on the days before the test period, and say what the planned gate can see.

    Raises SimulationFailed.
    """
    requests = plan.power_requests()
    simulators = wiring.simulator_pool(plan.config)
    try:
        answers = await asyncio.gather(*(_simulate(simulators, request) for request in requests.values()))
    finally:
        await simulators.close()
    first = next(iter(requests.values()))
    runs = TuningRuns(first.days, first.seeds, dict(zip(requests, answers, strict=True)))
    return forecast_power(runs, planned_gate(plan), plan.config.gate.policy())


def planned_gate(plan: CampaignPlan) -> Plan:
    """The budget of the campaign's gate, with the error level that each verdict of its test period may spend."""
    gate = plan.config.gate
    level = gate.one_sided_level / gate.verdicts_per_period
    return Plan(len(plan.periods.test.days), gate.seeds_per_day, level)


async def _simulate(simulators: SimulatorPool, request: SimulationRequest) -> SimulationAnswer:
    async with simulators.lease() as simulator:
        return await simulator.simulate(request)
