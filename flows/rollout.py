"""From a verdict to production: a person is asked, everything is checked again, and only then is anything written."""

from __future__ import annotations

from prefect import State, flow

from orchestration.approval_form import newest_reply, wait_for_answer
from tasks.release.approval import Ask, closing_state, open_question, settle, show_question, tell_outcome
from tasks.release.approval_expiry import arrange_expiry, release_others, tag_rollout


@flow(flow_run_name="{region}/rollout")
async def rollout(region: str, verdict: str, requested_by: str | None = None) -> State[None]:
    """Ask a person about a verdict, and release its candidate when they approve.

    The run waits suspended; resumed, it starts here again and decides by the answer. It ends Approved, Declined, Expired or
    Refused.

    Args:
        region: The region that the verdict is about.
        verdict: The digest of the verdict's record, or at least its first six digits.
        requested_by: Who asks for the rollout; the approver is shown it.
    """
    question = await open_question(region, verdict, requested_by)
    await tag_rollout(question)
    outcome = await settle(question, await newest_reply())
    await tell_outcome(question, outcome)
    if isinstance(outcome, Ask):
        await show_question(question, outcome.faults)
        await arrange_expiry(question)
        await wait_for_answer(question, outcome.faults)
    await release_others(question, outcome)
    return closing_state(outcome)
