"""What a gate will be able to see, measured before any test day is spent. Asked before a campaign, and so without Prefect."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from tunegate.config.plan import CampaignPlan
from tunegate.domain.days import Arm, Forecast, SimulationAnswer
from tunegate.domain.parameters import Parameters
from tunegate.gate.plan import GatePlan
from tunegate.gate.power import PowerForecast, TuningRuns, forecast_power
from tunegate.installation import Installation
from tunegate.ports.simulator import SimulatorPool


async def measure_power(installation: Installation, plan: CampaignPlan) -> PowerForecast:
    """Simulate production and some probes on the days before the test period, and say what the planned gate can see.

    Raises SimulationFailed.
    """
    simulators = installation.simulator_pool(plan.config)
    try:
        production, *probes = await asyncio.gather(
            *(_both_forecasts(simulators, plan, index, each) for index, each in enumerate([plan.production, *plan.probes]))
        )
    finally:
        await simulators.close()
    first, *others = [_side_by_side(plan, production, probe) for probe in probes]
    return forecast_power(first, planned_gate(plan), plan.gate_policy, others)


async def _both_forecasts(
    simulators: SimulatorPool, plan: CampaignPlan, index: int, parameters: Parameters
) -> dict[Forecast, SimulationAnswer]:
    answers = {}
    for forecast in Forecast:
        async with simulators.lease() as simulator:
            answers[forecast] = await simulator.simulate(plan.power_request(f"{index}", forecast, parameters))
    return answers


def _side_by_side(
    plan: CampaignPlan, production: Mapping[Forecast, SimulationAnswer], probe: Mapping[Forecast, SimulationAnswer]
) -> TuningRuns:
    request = plan.power_request("", Forecast.ML, plan.production)
    answers = {(Arm.PRODUCTION, forecast): answer for forecast, answer in production.items()}
    answers |= {(Arm.CANDIDATE, forecast): answer for forecast, answer in probe.items()}
    return TuningRuns(request.days, request.seeds, answers)


def planned_gate(plan: CampaignPlan) -> GatePlan:
    """The budget of the campaign's gate, with the error level that each verdict of its test period may spend."""
    gate = plan.config.gate
    level = gate.one_sided_level / gate.verdicts_per_period
    return GatePlan(len(plan.periods.test.days), gate.seeds_per_day, level)
