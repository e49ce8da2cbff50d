"""Looking up a verdict by its id."""

from __future__ import annotations

from tunegate.domain.errors import BadInput, Fault
from tunegate.installation import Installation
from tunegate.ports.records import VerdictRow


def find_verdict(installation: Installation, named: str) -> VerdictRow:
    """The verdict of this id, or of an id that begins with at least these six digits. Raises BadInput when there is none."""
    found = installation.verdicts.find(named)
    if found is None:
        rule, place = "a verdict must be named by its id or at least six digits of it", str(installation.workspace.root)
        raise BadInput(Fault(rule, named, place, "`tunegate verdict list REGION` lists them."))
    return found
