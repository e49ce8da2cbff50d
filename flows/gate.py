"""The gate: production and candidate under both forecasts, on test days that nothing before it has named."""

from __future__ import annotations

import asyncio

from prefect import flow

from flows.simulate import simulated
from orchestration.progress_events import announce_phase
from tasks.simulation.requests import gate_arguments
from tasks.verdict.evaluation import Judged, judge_candidate
from tasks.verdict.records import spend_test_period
from tunegate.domain.parameters import Parameters
from tunegate.domain.placement import Placement
from tunegate.gate.ledger import Allowance
from tunegate.report.terminal.progress import CampaignPhase


@flow(flow_run_name="{region}/gate")
async def gate(region: str, campaign: str, candidate: dict[str, float], placement: Placement = Placement.INLINE) -> Judged:
    """Judge a candidate against production and keep the verdict.

    Every look at the test days is in the ledger before it is taken; days whose error level is spent are not simulated at all.
    That, and a pattern that could not be simulated, make the verdict Invalid; neither raises.
    """
    announce_phase(campaign, CampaignPhase.GATE)
    parameters = Parameters(candidate)
    allowed = await spend_test_period(campaign, parameters)
    arguments = gate_arguments(campaign, parameters) if isinstance(allowed, Allowance) else []
    await asyncio.gather(*(simulated(each, elsewhere=placement.deploys_simulations) for each in arguments))
    return await judge_candidate(campaign, parameters, allowed)
