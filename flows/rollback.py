"""Back to an earlier version: one step, no waiting, and the registry keeps who and why."""

from __future__ import annotations

from prefect import State, flow

from tasks.rollback import restore, restored_state, tell_restored


@flow(flow_run_name="{region}/rollback")
async def rollback(region: str, by: str, why: str, to: int | None = None) -> State[None]:
    """Bring an earlier version of a region's parameters back into production, byte for byte.

    `by` and `why` are kept for ever; `to` is a version of the registry, by default the one that ran before. Raises BadInput
    when there is none, ReleaseLost when another release came first.
    """
    release = await restore(region, to, by, why)
    await tell_restored(release)
    return restored_state(release)
