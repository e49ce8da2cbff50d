"""The monitor of a region's experiment: look at what the street reports, and go on, conclude or roll back."""

from __future__ import annotations

from prefect import State, flow
from prefect.states import Completed

from tasks.release.monitor import notify_experiment, show_experiment, watch
from tunegate.report.messages.experiment_words import outcome_words


@flow(flow_run_name="{region}/monitor")
async def monitor(region: str) -> State[None]:
    """Take the look that is due, and carry out its decision. A region that tries nothing is left alone.

    Safe to run at any time and several times at once, and to run again after it was killed. Raises PublishingFailed, Outage and
    DatabaseUnreachable; the next run goes on.

    Args:
        region: The region whose experiment is to be looked at.
    """
    watched = await watch(region)
    if watched is None:
        return Completed(name="Idle", message=f"{region} tries no candidate")
    await show_experiment(watched)
    await notify_experiment(watched)
    return Completed(message=outcome_words(watched.state, watched.written))
