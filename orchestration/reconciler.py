"""The reconciler: study, Prefect runs and stored answers, compared and brought into agreement. Every repair is safe to repeat.

Three parties keep part of the truth and any of them can die: Optuna says which trials run, Prefect which runs are under way,
and the results store which simulations have an answer. The lease of a run says whether its process is alive.

| disagreement | repair |
| --- | --- |
| a trial runs, its worker is gone, its answer is kept | the trial is complete |
| a trial runs, its worker is gone, there is no answer | the trial is lost, its parameters are queued again |
| a simulation is under way for a trial that is finished | the run is cancelled, and with it its pod |
| a run says RUNNING and its process is gone | the run is CRASHED; whoever waits for it goes on |
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from functools import partial

from prefect import get_client
from prefect.client.orchestration import PrefectClient
from prefect.logging import get_run_logger
from prefect.states import Cancelling

from orchestration.child_runs import give_up, is_lost, patiently, runs_under_way
from orchestration.heartbeat import live_subjects
from tasks.simulation.requests import trial_subject
from tasks.simulation.simulate import Kept, summed_up
from tasks.verdict.records import kept_answer
from tunegate import wiring
from tunegate.domain.trials import TrialRecord, TrialState

CANCELLED_BECAUSE = "The trial is finished: nobody waits for this simulation any more."


class Reconciler:
    """Repairs one campaign, round by round. A worker counts as gone when two rounds in a row saw no sign of life."""

    def __init__(self, campaign: str) -> None:
        self._campaign = campaign
        self._suspects: frozenset[str] = frozenset()

    async def repair(self) -> Counter[str]:
        """One round; returns how often each repair was made, and logs what was done."""
        trials = await asyncio.to_thread(wiring.study(self._campaign).trials)
        repairs = Counter(await self._close_trials_of_the_dead(trials))
        async with get_client() as client:
            repairs.update(await self._cancel_orphans(client, trials))
            repairs.update(await self._bury_silent_runs(client))
        if repairs:
            get_run_logger().warning("reconciled: %s", ", ".join(f"{times} x {what}" for what, times in repairs.items()))
        return repairs

    async def _close_trials_of_the_dead(self, trials: Iterable[TrialRecord]) -> list[str]:
        running = [trial for trial in trials if trial.state is TrialState.RUNNING and trial.worker is not None]
        alive = await live_subjects(self._campaign)
        silent = frozenset(trial.worker for trial in running if trial.worker is not None and trial.worker not in alive)
        gone, self._suspects = silent & self._suspects, silent
        return [await self._close(trial) for trial in running if trial.worker in gone]

    async def _close(self, trial: TrialRecord) -> str:
        plan, study = wiring.plan(self._campaign), wiring.study(self._campaign)
        request = plan.trial_request(trial.number, trial.parameters)
        answer = await asyncio.to_thread(kept_answer, self._campaign, request)
        if answer is None:
            await asyncio.to_thread(study.tell_lost, trial.worker or "", "its worker gave no sign of life")
            return "trial of a lost worker queued again"
        done = summed_up([Kept(answer)])
        await asyncio.to_thread(
            study.tell_complete, trial.number, done.revenue_minor_per_day, done.simulated_days, done.simulation_s
        )
        return "trial of a lost worker completed by its stored answer"

    async def _cancel_orphans(self, client: PrefectClient, trials: Iterable[TrialRecord]) -> list[str]:
        region = wiring.plan(self._campaign).region
        under_way = (TrialState.RUNNING, TrialState.WAITING)
        finished = {f"{region}/{trial_subject(trial.number)}" for trial in trials if trial.state not in under_way}
        orphans = [run for run in await runs_under_way(client, self._campaign, "simulate") if run.name in finished]
        for run in orphans:
            if run.state is not None and not run.state.is_cancelling():
                await patiently(partial(client.set_flow_run_state, run.id, Cancelling(message=CANCELLED_BECAUSE)))
        return ["simulation of a finished trial cancelled" for _ in orphans]

    async def _bury_silent_runs(self, client: PrefectClient) -> list[str]:
        region, buried = wiring.plan(self._campaign).region, []
        for flow in ("worker", "simulate"):
            for run in await runs_under_way(client, self._campaign, flow):
                if run.deployment_id and await is_lost(self._campaign, run.name.removeprefix(f"{region}/"), run):
                    await give_up(client, run)
                    buried.append(f"silent {flow} run crashed")
        return buried
