"""From a verdict to production: an approver is asked, everything is checked again, and only then is anything written."""

from __future__ import annotations

from prefect import State, flow

from orchestration.approval_form import newest_reply, wait_for_answer
from orchestration.release_outcomes import closing_state, notify_outcome
from tasks.release.approval import open_request, settle, show_question
from tasks.release.approval_expiry import cancel_other_runs, schedule_expiry, tag_rollout
from tunegate.application.releases import AskApprover


@flow(flow_run_name="{region}/rollout")
async def rollout(region: str, verdict: str, requested_by: str | None = None) -> State[None]:
    """Ask an approver about a verdict, and release its candidate when they approve.

    The run waits suspended; resumed, it starts here again and decides by the answer. It ends Approved, Declined, Expired or
    Refused.

    Args:
        region: The region that the verdict is about.
        verdict: The digest of the verdict's record, or at least its first six digits.
        requested_by: Who asks for the rollout; the approver is shown it.
    """
    request = await open_request(region, verdict, requested_by)
    await tag_rollout(request)
    outcome = await settle(request, await newest_reply())
    await notify_outcome(request, outcome)
    if isinstance(outcome, AskApprover):
        await show_question(outcome.question, outcome.faults)
        await schedule_expiry(request)
        await wait_for_answer(outcome.question, outcome.faults)
    await cancel_other_runs(request, outcome)
    return closing_state(outcome)
