"""Back to an earlier version: one step, no waiting, and the registry keeps who and why."""

from __future__ import annotations

from prefect import State, flow

from tasks.release.rollback import restore, restored_state, tell_restored


@flow(flow_run_name="{region}/rollback")
async def rollback(region: str, by: str, why: str, to: int | None = None) -> State[None]:
    """Bring an earlier version of a region's parameters back into production, byte for byte.

    Raises BadInput when there is no such version, ReleaseLost when another release came first.

    Args:
        region: The region whose parameters are to be what they were.
        by: Your name; the registry keeps it for ever.
        why: The reason; the registry keeps it for ever.
        to: A version of the registry; empty: the one that ran before.
    """
    release = await restore(region, to, by, why)
    await tell_restored(release)
    return restored_state(release)
