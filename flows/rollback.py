"""Back to an earlier version: one step, no waiting, and the registry stores who asked for it and why."""

from __future__ import annotations

from prefect import State, flow
from prefect.logging import get_run_logger
from pydantic.json_schema import SkipJsonSchema

from orchestration.release_outcomes import notify_restored, restored_state
from tasks.release.rollback import restore


@flow(flow_run_name="{region}/rollback")
async def rollback(
    region: str,
    approver: str = "",
    reason: str = "",
    *,
    to: int | None = None,
    by: SkipJsonSchema[str] = "",
    why: SkipJsonSchema[str] = "",
) -> State[None]:
    """Bring an earlier version of a region's parameters back into production, byte for byte.

    Raises BadInput when there is no such version or approver or reason is missing, ReleaseLost when another release came first.

    Args:
        region: The region whose parameters are to be what they were.
        approver: Your name; the registry stores it permanently.
        reason: Why; the registry stores it permanently.
        to: A version of the registry; empty: the one that ran before.
        by: The old name of approver, until the next version.
        why: The old name of reason, until the next version.
    """
    if by or why:
        get_run_logger().warning("`by` and `why` are called `approver` and `reason` now; the next version takes no other names")
    release = await restore(region, to, approver or by, reason or why)
    await notify_restored(release)
    return restored_state(release)
