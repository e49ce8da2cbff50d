"""Finding the verdict that somebody names."""

from __future__ import annotations

from tunegate import wiring
from tunegate.domain.errors import BadInput, Fault
from tunegate.ports.records import VerdictRow


def find_verdict(named: str) -> VerdictRow:
    """The verdict of this id, or of an id that begins with at least these six digits. Raises BadInput when there is none."""
    found = wiring.stores().verdicts.find(named)
    if found is None:
        rule, remedy = (
            "a verdict must be named by its id or at least six digits of it",
            "`tunegate verdict list REGION` lists them.",
        )
        raise BadInput(Fault(rule, named, str(wiring.workspace().root), remedy))
    return found
