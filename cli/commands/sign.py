"""`tunegate sign`: the signature that the form of the UI takes."""

from __future__ import annotations

from pathlib import Path

from cli.exit_codes import EXIT_OK
from cli.terminal import print_line
from tunegate.application.releases import release_candidate, release_service
from tunegate.application.signing import signed_approval
from tunegate.application.verdict_lookup import find_verdict
from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.releases import Approval
from tunegate.installation import Installation
from tunegate.release.rules import ReleaseRefusal, release_or_refusal


def run(verdict: str, approver: str, reason: str, *, override: bool, key: str | None) -> int:
    """Print the signature as one line. Raises BadInput when no such approval could be given, or the key is not at hand."""
    installation = Installation.from_environment()
    row = find_verdict(installation, verdict)
    candidate = release_candidate(installation, row)
    asked = Approval(row.region, row.id, approver, reason, override)
    approval = signed_approval(installation, candidate, asked, None if key is None else Path(key).expanduser())
    state = release_service(installation).state(row.region, row.id)
    outcome = release_or_refusal(candidate, approval, state, installation.clock.now())
    if isinstance(outcome, ReleaseRefusal):
        raise BadInput(*outcome.faults)
    if approval.signed is None:
        rule, remedy = "who signs must have a key in the reviewed file", "Approve without a signature, or have your key listed."
        raise BadInput(Fault(rule, repr(approver), f"release.approvers of {row.region}", remedy))
    print_line(approval.signed.as_line())
    return EXIT_OK
